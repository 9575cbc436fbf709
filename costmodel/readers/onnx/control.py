"""Control flow: If, Loop and Scan. What is not known is assumed, and said."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from costmodel._num import is_symbolic
from costmodel.errors import ReaderError, UnknownLayerError
from costmodel.layers.structure import Concat
from costmodel.readers._helpers import axis_of, reshape
from costmodel.readers._importer import Operator
from costmodel.readers._values import Value, known
from costmodel.readers.onnx._graph import MOST_STEPS
from costmodel.readers.onnx._rules import rule

MOST_TRIPS = 10_000


def _truth(value: Value | None) -> bool | None:
    """Whether a condition holds; None where that is not known."""
    if value is None or value.data is None or value.data.size != 1 or value.data.dtype == object:
        return None
    return bool(value.data.ravel()[0])


@rule("If")
def condition(op: Operator) -> Any:
    walker, scope, _ = op.reader
    run = {name: partial(walker.subgraph, op, _graph(op, name), scope, name, []) for name in ("then_branch", "else_branch")}
    holds = _truth(op[0])
    if holds is not None:
        return run["then_branch" if holds else "else_branch"]()
    values = op.importer.dearest(f"If {op.name!r}", run)
    return [value.like() for value in values]  # the numbers of a branch that is assumed are not known


def _graph(op: Operator, name: str) -> Any:
    graph = op.get(name)
    if graph is None:
        raise ReaderError(f"has no {name}")
    return graph


@rule("Loop")
def loop(op: Operator) -> Any:
    walker, scope, _ = op.reader
    body = _graph(op, "body")
    limit = _limit(op.optional(0))
    go_on = True if op.optional(1) is None else _truth(op.optional(1))
    carried = [v for v in op.inputs[2:] if v is not None]
    scans: list[list[Value]] = [[] for _ in body.output[len(carried) + 1 :]]
    trip, before = 0, walker.steps
    while go_on is not False and (limit is None or trip < limit):
        given = [known(np.array(trip, np.int64), "int64"), known(np.array(True), "bool"), *carried]
        results = walker.subgraph(op, body, scope, "body", given)
        carried = results[1 : len(carried) + 1]
        for found, value in zip(scans, results[len(carried) + 1 :], strict=True):
            found.append(value)
        trip += 1
        go_on = _truth(results[0])
        if limit is None or (go_on is None and (limit > MOST_TRIPS or limit * (walker.steps - before) > trip * MOST_STEPS)):
            if scans:
                raise UnknownLayerError(
                    f"the shape of what {op.kind} collects depends on its number of trips, which is not known; "
                    f"give sizes or values to the inputs that say it"
                )
            op.importer.assume(f"Loop {op.name!r}: its number of trips is not known; one is counted")
            break
        if trip > MOST_TRIPS:
            raise ReaderError(f"makes more than {MOST_TRIPS} trips")
        if go_on is None:
            op.importer.assume(f"Loop {op.name!r}: when it stops is not known; all of its {limit} trips are counted")
    return [*carried, *(stacked(op, found, 0) for found in scans)]


def _limit(value: Value | None) -> int | None:
    """The most trips of a loop: endless where the file says none, None where the number is not known."""
    if value is None:
        return 2**63 - 1
    if value.data is None or value.data.dtype == object:
        return None
    return int(value.data.ravel()[0])


@rule("Scan")
def scan(op: Operator) -> Any:
    walker, scope, _ = op.reader
    body = _graph(op, "body")
    count = op.get("num_scan_inputs", 1)
    if op.version < 9:
        raise UnknownLayerError("Scan before operator set 9 has no cost rule")
    states = op.given()[: len(op.inputs) - count]
    sequences = op.given()[len(op.inputs) - count :]
    axes = [axis_of(a, len(v.shape)) for a, v in zip(op.get("scan_input_axes") or [0] * count, sequences, strict=True)]
    outputs = len(body.output) - len(states)
    trips = sequences[0].shape[axes[0]] if sequences else 0
    if is_symbolic(trips):
        raise UnknownLayerError(f"Scan over a symbolic number of steps ({trips}) has no cost rule; give the input sizes")
    if trips > MOST_TRIPS:
        raise ReaderError(f"makes {trips} trips; at most {MOST_TRIPS} are read")
    collected: list[list[Value]] = [[] for _ in range(outputs)]
    for _ in range(trips):
        parts = [
            op.move("slice", (*v.shape[:axis], *v.shape[axis + 1 :]), v) for v, axis in zip(sequences, axes, strict=True)
        ]  # fmt: skip
        results = walker.subgraph(op, body, scope, "body", [*states, *parts])
        states = results[: len(states)]
        for found, value in zip(collected, results[len(states) :], strict=True):
            found.append(value)
    out_axes = op.get("scan_output_axes") or [0] * outputs
    return [*states, *(stacked(op, found, axis) for found, axis in zip(collected, out_axes, strict=True))]


def stacked(op: Operator, values: Sequence[Value], axis: int) -> Value:
    """Values of every trip along a new axis."""
    if not values:
        return Value((0,), "float32")
    rank = len(values[0].shape) + 1
    at = axis_of(axis, rank)
    shape = values[0].shape
    parts = [reshape(op, v, (*shape[:at], 1, *shape[at:])) for v in values]
    made: Value = op.emit(Concat(at), *parts) if len(parts) > 1 else parts[0]
    return made


@rule(
    "SequenceAt", "SequenceConstruct", "SequenceEmpty", "SequenceErase", "SequenceInsert", "SequenceLength", "SequenceMap",
    "ConcatFromSequence", "Optional", "OptionalGetElement", "OptionalHasElement",
)  # fmt: skip
def sequences(op: Operator) -> Any:
    raise UnknownLayerError(f"{op.kind} works on sequences of tensors, which have no cost rule")
