"""Graphs inside a graph: what only sets a mode is written out, of branches the dearest is taken."""

from __future__ import annotations

from functools import partial
from typing import Any

from costmodel.errors import UnknownLayerError
from costmodel.readers.torch._call import Aten, rule
from costmodel.readers.torch._program import Graph


def _run(op: Aten, graph: Graph, operands: list[Any]) -> list[Any]:
    if len(operands) < len(graph.inputs):
        raise UnknownLayerError(f"{op.kind} gives {len(operands)} operands to a graph that takes {len(graph.inputs)}")
    outputs: list[Any] = op.reader.graph(graph, dict(zip(graph.inputs, operands, strict=False)))
    return outputs


@rule("wrap_with_set_grad_enabled", "wrap_with_autocast", "wrap", "checkpoint", "invoke_subgraph", domain="higher_order")
def inlined(op: Aten) -> Any:
    """The graph, as if it stood here."""
    arguments = list(op.attributes.values())
    at = next(index for index, value in enumerate(arguments) if isinstance(value, Graph))
    operands = [value for value in arguments[at + 1 :] if not isinstance(value, str)]
    return _run(op, arguments[at], operands)


@rule("cond", domain="higher_order")
def condition(op: Aten) -> Any:
    """The branch that is known to be taken, else the dearest."""
    arguments = list(op.attributes.values())
    holds, branches, operands = arguments[0], arguments[1:3], arguments[3] if len(arguments) > 3 else []
    if holds is True or holds is False:
        return _run(op, branches[0 if holds else 1], operands)
    runs = {name: partial(_run, op, branch, operands) for name, branch in zip(("true_fn", "false_fn"), branches, strict=True)}
    return op.importer.dearest(repr(op.name), runs)
