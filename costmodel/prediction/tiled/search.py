"""The least traffic of a loop nest at every capacity at once.

A tiling is a choice along each axis, and what it holds and moves is a sum of products of figures of these choices, none of which
falls where one of its figures grows. So the least figures below a node of each axis bound every tiling made of choices below these
nodes. Branch and bound: where some tiling already found holds no more than that bound and moves no more, none of them can be
better. Else one of the axes is followed to the nodes below.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from costmodel._num import bytes_of
from costmodel.prediction.tiled.choices import Choices
from costmodel.prediction.tiled.families import FAMILIES, FIGURES, Family, axes, orientations
from costmodel.prediction.tiled.nest import Bits, Nest

if TYPE_CHECKING:
    from costmodel.prediction.tiled.axis import Ints

    Floats = np.ndarray[Any, np.dtype[np.float64]]


class Stairs(NamedTuple):
    """Tilings that move less than all that hold no more: a step each, by rising capacity."""

    held_bytes: Ints
    moved_bytes: Ints
    columns: dict[str, Ints]
    """The number of the family in `FAMILIES`, elements held and moved by operand, and tile sizes."""

    def at(self, capacity: Any) -> Any:
        """The step that a capacity reaches; -1 where it reaches none."""
        return np.searchsorted(self.held_bytes, capacity, side="right") - 1

    def row(self, step: int) -> dict[str, int]:
        """Elements and sizes of a step."""
        return {key: int(column[step]) for key, column in self.columns.items()}


@lru_cache(maxsize=1024)
def stairs(nest: Nest, bits: Bits) -> Stairs:
    """The steps of all families together."""
    spaces = [_Space(nest, bits, family, along_q) for family in FAMILIES for along_q in orientations(nest)]
    found = [space.samples() for space in spaces]
    for space in spaces:
        found.append(space.below(_Ceiling(found)))
    kept = _running(*(np.concatenate([getattr(some, key) for some in found]) for key in ("held", "moved")))
    owner = np.repeat(np.arange(len(found)), [len(some.held) for some in found])
    parts, offset = [], 0
    for index, some in enumerate(found):
        own = kept[owner[kept] == index] - offset
        parts.append(spaces[index % len(spaces)].steps({name: many[own] for name, many in some.rows.items()}))
        offset += len(some.held)
    held, traffic = (np.concatenate([getattr(part, key) for part in parts]) for key in ("held_bytes", "moved_bytes"))
    order = np.argsort(held)
    return Stairs(
        held[order], traffic[order], {key: np.concatenate([part.columns[key] for part in parts])[order] for key in parts[0].columns}
    )


def smallest(nest: Nest, bits: Bits) -> int:
    """The least SRAM under which the layer runs at all: one element of each operand."""
    return int(stairs(nest, bits).held_bytes[0])


@lru_cache(maxsize=1024)
def alternative(nest: Nest, bits: Bits, capacity: int, but: str) -> dict[str, int] | None:
    """The least tiling of another family at one capacity: elements, sizes, bytes held and moved; None where none fits."""
    spaces = [_Space(nest, bits, family, along_q) for family in FAMILIES if family.name != but for along_q in orientations(nest)]
    best, limit = None, _Limit(capacity, np.inf)
    for below in (False, True):
        for space in spaces:
            found = space.below(limit) if below else space.samples()
            found = found.where(np.flatnonzero(found.held <= capacity)[-1:])
            if len(found.held) and found.moved[0] < limit.moved:
                best, limit = (space, found.rows), _Limit(capacity, float(found.moved[0]))
    if best is None:
        return None
    steps = best[0].steps(best[1])
    return steps.row(0) | {"held_bytes": int(steps.held_bytes[0]), "moved_bytes": int(steps.moved_bytes[0])}


def least(nest: Nest, bits: Bits, capacity: Any) -> tuple[Any, Any, Any]:
    """Bytes of inputs, weights and sums moved by the least tiling at each of several capacities; negative where none fits."""
    found = stairs(nest, bits)
    step = found.at(capacity)
    inputs, weights, sums = (np.append(figure, -1)[step] for figure in moved(found.columns, nest, bits))
    return inputs, weights, sums


def moved(elements: Mapping[str, Any], nest: Nest, bits: Bits) -> tuple[Any, Any, Any]:
    """Bytes of inputs, weights and sums: of a sum all but the last visit leave it unfinished, out and back."""
    inputs = bytes_of(nest.groups * elements["inputs_moved"], bits.input)
    weights = bytes_of(nest.groups * elements["weights_moved"], bits.weight)
    unfinished = bytes_of(2 * nest.outputs * (elements["visits"] - 1), bits.accumulator)
    return inputs, weights, bytes_of(nest.outputs, bits.output) + unfinished


class _Found(NamedTuple):
    """Some tilings of a space, by what they hold and move."""

    held: Floats
    moved: Floats
    rows: dict[str, Ints]

    def where(self, kept: Ints) -> _Found:
        """Some of them."""
        return _Found(self.held[kept], self.moved[kept], {name: many[kept] for name, many in self.rows.items()})


class _Ceiling:
    """What a tiling must stay below to be of use: the least moved by those found that hold no more, told a little too high.

    Capacities are told apart by the leading bits of their floating-point numbers, 256 classes an octave.
    """

    def __init__(self, found: list[_Found]) -> None:
        held, moved = (np.concatenate([getattr(some, key) for some in found]) for key in ("held", "moved"))
        kept = _running(held, moved)
        held, moved = held[kept], np.append(moved[kept], np.inf)
        first, last = held[[0, -1]].view(np.int64) >> _SHIFT
        edges = (np.arange(first, last + 2) << _SHIFT).view(np.float64)
        self._first, self._count = int(first) - 1, len(edges)
        self._moved = np.append(np.inf, moved[np.searchsorted(held, edges, side="right") - 1])

    def admits(self, held: Floats, moved: Floats) -> Ints:
        """Which of several may be of use."""
        classes = held.view(np.int64) >> _SHIFT
        classes -= self._first
        np.clip(classes, 0, self._count, out=classes)
        return np.flatnonzero(moved < self._moved[classes])


class _Limit(NamedTuple):
    """What a tiling must stay below at one capacity."""

    capacity: int
    moved: float

    def admits(self, held: Floats, moved: Floats) -> Ints:
        """Which of several may be of use."""
        return np.flatnonzero((held <= self.capacity) & (moved < self.moved))


_SHIFT = 44
SAMPLES = 6
"""Choices of each axis that are tried first."""
FEW = 2000
"""So many combinations of nodes go on to the nodes below without a look at their bounds."""


class _Space:
    """All tilings of a family, with the inputs sliding along one of the spatial axes."""

    def __init__(self, nest: Nest, bits: Bits, family: Family, along_q: bool) -> None:
        self.nest, self.bits, self.family, self.along_q = nest, bits, family, along_q
        self.axes: dict[str, Choices] = axes(nest, family, along_q)
        weights = nest.groups * nest.m * nest.c * nest.p.taps * nest.q.taps
        widths = bits.input, bits.weight, bits.accumulator
        counts = 1, 1, 1, nest.groups * nest.planes, weights, 2 * nest.outputs
        self._scale = tuple(count * width / 8 for count, width in zip(counts, widths * 2, strict=True))
        self._broken = any(width % 8 for width in widths)
        self._written = float(bytes_of(nest.outputs, bits.output))

    def samples(self) -> _Found:
        """A few tilings, spread over the space."""
        found = self._found(_grid({name: axis.spread(SAMPLES) for name, axis in self.axes.items()}))
        return found.where(_running(found.held, found.moved))

    def below(self, ceiling: _Ceiling | _Limit) -> _Found:
        """The tilings that move less than what was found."""
        levels = {name: axis.top for name, axis in self.axes.items()}
        nodes = _grid({name: axis.nodes(axis.top) for name, axis in self.axes.items()})
        for level in range(max(levels.values()), 0, -1):
            for name, axis in self.axes.items():
                if levels[name] != level:
                    continue
                levels[name] -= 1
                if axis.same(level):
                    continue
                parent, children = axis.below(level, nodes[name])
                nodes = {other: children if other == name else many[parent] for other, many in nodes.items()}
                if len(children) > FEW:
                    kept = ceiling.admits(*self._bounds(nodes, levels))
                    nodes = {other: many[kept] for other, many in nodes.items()}
        found = self._found(nodes)
        found = found.where(ceiling.admits(found.held, found.moved))
        return found.where(_running(found.held, found.moved))

    def _found(self, rows: dict[str, Ints]) -> _Found:
        return _Found(*self._bounds(rows, dict.fromkeys(rows, 0)), rows)

    def _bounds(self, nodes: dict[str, Ints], levels: dict[str, int]) -> tuple[Floats, Floats]:
        """The least bytes held and moved below combinations of nodes; of rows what they hold and move."""
        held, moved = np.zeros(len(nodes["p"])), np.full(len(nodes["p"]), self._written)
        for index, (factors, scale) in enumerate(zip(self.family.factors, self._scale, strict=True)):
            product: Any = scale
            for axis, column in factors:
                product = self.axes[axis].least(column, levels[axis])[nodes[axis]] * product
            if index == 5:
                product = product - scale
            (held if index < 3 else moved).__iadd__(np.ceil(product) if self._broken else product)
        return held, moved

    def steps(self, rows: dict[str, Ints]) -> Stairs:
        """Some tilings, exactly."""
        figures: dict[str, Any] = {}
        for name, factors in zip(FIGURES, self.family.factors, strict=True):
            product = np.ones(len(rows["p"]), dtype=np.int64)
            for axis, column in factors:
                product = product * self.axes[axis].columns[column][rows[axis]]
            figures[name] = product
        nest, bits = self.nest, self.bits
        figures["inputs_moved"] = figures["inputs_moved"] * nest.planes
        figures["weights_moved"] = figures["weights_moved"] * (nest.m * nest.c * nest.p.taps * nest.q.taps)
        held = bytes_of(figures["inputs_held"], bits.input) + bytes_of(figures["weights_held"], bits.weight)
        held += bytes_of(figures["sums_held"], bits.accumulator)
        return Stairs(held, sum(moved(figures, nest, bits)), figures | self._sizes(rows))

    def _sizes(self, rows: dict[str, Ints]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for axis, taps in (("p", "r"), ("q", "s")):
            columns, at = self.axes[axis].columns, rows[axis]
            for word, column in ((f"{axis}1", "outer"), (f"{axis}2", "inner"), (f"{taps}1", "taps"), (f"{taps}2", "tap")):
                found[word] = columns[column][at]
        for axis in "nmc":
            found[f"{axis}1"] = self.axes[axis].columns["size"][rows[axis]] if axis in self.axes else np.ones_like(rows["p"])
        found["along_q"] = np.full(len(rows["p"]), int(self.along_q))
        found["family"] = np.full(len(rows["p"]), FAMILIES.index(self.family))
        return found


def _grid(nodes: dict[str, Ints]) -> dict[str, Ints]:
    """Every combination."""
    grids = np.meshgrid(*nodes.values(), indexing="ij")
    return dict(zip(nodes, (grid.ravel() for grid in grids), strict=True))


def _running(held: Floats, moved: Floats) -> Ints:
    """Of some tilings by what they hold those that move less than all before."""
    order = np.lexsort((moved, held))
    so_far = np.minimum.accumulate(moved[order])
    found: Ints = order[np.concatenate(([True], so_far[1:] < so_far[:-1]))] if len(order) else order
    return found
