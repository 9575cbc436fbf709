"""Control flow between subgraphs, and variables that keep their state from one inference to the next."""

from __future__ import annotations

from functools import partial
from typing import Any

from costmodel.errors import ReaderError
from costmodel.layers.structure import Constant
from costmodel.readers._importer import Operator
from costmodel.readers._values import Value
from costmodel.readers.tflite._graph import Place
from costmodel.readers.tflite._rules import rule

MOST_TRIPS = 1_000


def _truth(value: Value) -> bool | None:
    """Whether a condition holds; None where that is not known."""
    data = value.data
    return None if data is None or data.size != 1 or data.dtype == object else bool(data.ravel()[0])


@rule("CALL", "STABLEHLO_COMPOSITE")
def call(op: Operator) -> Any:
    place: Place = op.reader
    return place.walker.call(op.get("subgraph"), op, op.given())


@rule("IF")
def condition(op: Operator) -> Any:
    place: Place = op.reader
    run = {name: partial(place.walker.call, op.get(name), op, op.given()[1:]) for name in ("then", "else")}
    holds = _truth(op[0])
    if holds is not None:
        return run["then" if holds else "else"]()
    return op.importer.dearest(f"IF {op.name!r}", {f"subgraph {op.get(name)}": go for name, go in run.items()})


@rule("WHILE", "STABLEHLO_WHILE")
def loop(op: Operator) -> Any:
    place: Place = op.reader
    carried = op.given()
    for _ in range(MOST_TRIPS):
        goes_on = place.walker.call(op.get("cond"), op, carried)
        holds = _truth(goes_on[0]) if goes_on else None
        if holds is False:
            return carried
        carried = place.walker.call(op.get("body"), op, carried)
        if holds is None:
            op.importer.assume(f"WHILE {op.name!r}: its number of trips is not known; one is counted")
            return carried
    raise ReaderError(f"makes more than {MOST_TRIPS} trips")


@rule("CALL_ONCE")
def call_once(op: Operator) -> Any:
    """Prepares variables before the first inference: none of its layers is one of the network."""
    place: Place = op.reader
    before = dict(place.walker.variables)
    _, branch = op.importer.branch(partial(place.walker.call, op.get("subgraph"), op, []))
    for name, value in place.walker.variables.items():
        if value is not before.get(name) and value.ref is not None and value.ref.node in {node.name for node in branch.nodes}:
            place.walker.variables[name] = Value(value.shape, value.dtype)
    return []


class Handle(Value):
    """The name of a variable, as a tensor."""

    __slots__ = ("variable",)

    def __init__(self, variable: str) -> None:
        super().__init__((), "resource")
        self.variable = variable


def _variable(op: Operator) -> str:
    handle = op[0]
    if not isinstance(handle, Handle):
        raise ReaderError("works on a variable that no VAR_HANDLE of the file names")
    return handle.variable


@rule("VAR_HANDLE")
def variable(op: Operator) -> Any:
    return Handle(f"{op.get('container')}/{op.get('shared_name')}")


@rule("READ_VARIABLE")
def read_variable(op: Operator) -> Any:
    """What this inference has assigned, else what an earlier one or the start has left."""
    place: Place = op.reader
    value = place.walker.variables.get(_variable(op))
    if value is not None and value.ref is not None:
        return value
    tensor = place.declared[0]
    state = value or Value(tensor.shape, tensor.dtype)
    return op.emit(Constant(state.shape), dtype=state.dtype, constants=[state])


@rule("ASSIGN_VARIABLE")
def assign_variable(op: Operator) -> Any:
    place: Place = op.reader
    place.walker.variables[_variable(op)] = op.move("assign_variable", op[1].shape, op[1]) if op[1].ref else op[1]
    return []
