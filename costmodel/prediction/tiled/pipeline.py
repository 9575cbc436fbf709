"""What a tiling means for the bus: how many tiles follow one another, and how many bytes stand in a row in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from costmodel.prediction.tiled.loops import HOLD
from costmodel.prediction.tiled.nest import Bits, Nest
from costmodel.prediction.tiled.plan import Plan
from costmodel.prediction.tiled.search import stairs

if TYPE_CHECKING:
    from costmodel.prediction.tiled.axis import Ints

_KNOWN = {"inputs": "ncpqrs", "weights": "mcrs", "sums": "npqm"}
"""The loops that an operand knows."""


def tiles(plan: Plan) -> int:
    """How many tiles follow one another: as often as what moves fills what is held."""
    return -(-plan.ddr_bytes // plan.held_bytes)


def runs(plan: Plan, channels_last: bool) -> tuple[int, int, int]:
    """Elements of inputs, of second operands and of outputs that move one after another from one place in memory.

    Feature maps stand as the network has them, a second operand that is one by rows of input channels. Tiles that follow each other at once,
    in memory too, make one run. Where groups have their channels last, they are taken to run side by side.
    """
    nest = plan.nest
    beside = channels_last and nest.groups > 1
    filters, channels = ("m", nest.m), ("c", nest.c)
    rows, columns = ("p", nest.p.outputs), ("q", nest.q.outputs)

    def of(operand: str, depth: tuple[str, int]) -> int:
        plane = [columns, rows]
        return _run(plan, operand, ([depth] * (not beside) + plane if channels_last else [*plane, depth]), nest.groups if beside else 1)

    return of("inputs", channels), _run(plan, "weights", [filters, channels], 1), of("sums", filters)


def _run(plan: Plan, operand: str, axes: list[tuple[str, int]], element: int) -> int:
    """Elements that follow one another, by axes from the innermost in memory: along each next one where all before it are taken whole."""
    taken = _taken(plan, operand, dict(axes))
    for word, size in axes:
        element *= _lines(plan.nest, word, taken[word]) if operand == "inputs" else taken[word]
        if taken[word] < size:
            break
    return element


def _taken(plan: Plan, operand: str, full: dict[str, int]) -> dict[str, int]:
    """The extent of a tile along each axis, and beyond it where the loops walk on as memory does."""
    extent, around = dict(full), []
    for word, what in plan.loops[: plan.loops.index((HOLD, operand))]:
        if word != HOLD:
            around.append((word, extent.get(word, 0)))
            extent[word] = int(what)
    begun = False
    for word, before in reversed(around):
        if word not in _KNOWN[operand] and not begun:
            continue
        inner = [*full][: [*full].index(word)] if word in full else None
        if word not in _KNOWN[operand] or inner is None or any(extent[one] < full[one] for one in inner):
            break
        extent[word], begun = before, True
    return extent


def _lines(nest: Nest, word: str, outputs: int) -> int:
    """Input rows, columns or channels for so many outputs of an axis."""
    if word not in "pq":
        return outputs
    axis = nest.p if word == "p" else nest.q
    span = (outputs - 1) * axis.stride + (axis.taps - 1) * axis.dilation + 1
    return axis.size if outputs == axis.outputs else min(-(-span // axis.every), axis.size)


def at_each(nest: Nest, bits: Bits, capacity: Any, figure: Callable[[Plan], Any]) -> Any:
    """A figure of the plan at a capacity, or at each of an array of them."""
    import numpy as np

    if not isinstance(capacity, np.ndarray):
        return figure(Plan(nest, bits, capacity))
    steps = _steps(nest, bits)
    place = np.searchsorted(steps, capacity, side="right") - 1
    each, back = np.unique(place, return_inverse=True)
    found = np.array([figure(Plan(nest, bits, int(steps[one]))) for one in each])
    return found[back.reshape(capacity.shape)]


def _steps(nest: Nest, bits: Bits) -> Ints:
    """Every capacity at which another plan may begin."""
    import numpy as np

    return np.unique(np.concatenate([family.held_bytes for family in stairs(nest, bits)]))

