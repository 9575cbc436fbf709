"""What a tiling means for the bus: how many tiles follow one another, and how many bytes stand in a row in memory."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from costmodel._num import product
from costmodel.prediction.tiled.loops import HOLD, Entry
from costmodel.prediction.tiled.nest import Bits, Nest
from costmodel.prediction.tiled.plan import Plan

Lines = Callable[[str, int], int]
"""How much of an operand an extent along an axis is."""

_KNOWN = {"inputs": "ncpqrs", "weights": "mcrs", "sums": "npqm"}
"""The loops that an operand knows."""


def tiles(plan: Plan) -> int:
    """How many tiles follow one another: as often as what moves fills what is held."""
    return -(-plan.ddr_bytes // plan.held_bytes)


def runs(plan: Plan, channels_last: bool, burst_bytes: float) -> tuple[int, int, int]:
    """Elements of inputs, of second operands and of outputs that move from one place in memory.

    Feature maps stand as the network has them, a second operand that is one by rows of input channels. Tiles that go on where those before
    ended make one run, where the SRAM beside the plan has room for a burst of every such row that is under way. Where groups have their
    channels last, they are taken to run side by side. An image as high as wide may be swept along either axis. Rows and columns that a
    stride skips are taken to come along.
    """
    both = [_runs(plan, loops, channels_last, burst_bytes) for loops in _ways(plan)]
    return max(both, key=lambda found: min(found[0], found[2]))


def _ways(plan: Plan) -> list[tuple[Entry, ...]]:
    if plan.nest.p != plan.nest.q:
        return [plan.loops]
    turned = {"p": "q", "q": "p", "r": "s", "s": "r"}
    return [plan.loops, tuple((turned.get(word, word), what) for word, what in plan.loops)]


def _runs(plan: Plan, loops: tuple[Entry, ...], channels_last: bool, burst_bytes: float) -> tuple[int, int, int]:
    nest = plan.nest
    beside = channels_last and nest.groups > 1
    filters, channels = ("m", nest.m), ("c", nest.c)
    plane = [("q", nest.q.outputs), ("p", nest.p.outputs)]
    streams = (plan.sram_bytes - plan.held_bytes) / burst_bytes

    def of(operand: str, depth: tuple[str, int]) -> int:
        axes = [*[depth] * (not beside), *plane] if channels_last else [*plane, depth]
        lines = partial(_lines, nest) if operand == "inputs" else _as_many
        return _run(axes, _taken(loops, operand, axes, streams, lines), lines) * (nest.groups if beside else 1)

    weights = [filters, channels]
    second = _run(weights, _taken(loops, "weights", weights, streams, _as_many), _as_many)
    return of("inputs", channels), second, of("sums", filters)


def _as_many(word: str, extent: int) -> int:
    return extent


def _run(axes: list[tuple[str, int]], taken: dict[str, int], lines: Lines) -> int:
    """Elements that follow one another, by axes from the innermost in memory: along each next one where all before it are taken whole."""
    run = 1
    for word, size in axes:
        run *= lines(word, taken[word])
        if taken[word] < size:
            break
    return run


def _taken(loops: tuple[Entry, ...], operand: str, axes: list[tuple[str, int]], streams: float, lines: Lines) -> dict[str, int]:
    """The extent of a tile along each axis, and beyond it where the loops walk on as memory does."""
    full = dict(axes)
    extent, around = dict(full), []
    for word, what in loops[: loops.index((HOLD, operand))]:
        if word != HOLD:
            around.append((word, extent.get(word, 1)))
            extent[word] = int(what)
    wide, order, begun = dict(extent), [*full], False
    for word, before in reversed(around):
        if word not in _KNOWN[operand]:
            if begun:
                break  # what moved so far moves again
            continue
        if word in full:
            place = order.index(word)
            whole = all(extent[one] == full[one] for one in order[:place])
            under_way = product(lines(one, wide[one]) for one in order[place + 1 :])
            again = begun and lines(word, 2 * extent[word]) < 2 * lines(word, extent[word])
            if whole and not again and (under_way == 1 or under_way <= streams):
                extent[word] = before
        begun, wide[word] = True, before
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
    each, place = np.unique(capacity, return_inverse=True)
    found = np.array([figure(Plan(nest, bits, one.item())) for one in each])
    return found[place.reshape(capacity.shape)]
