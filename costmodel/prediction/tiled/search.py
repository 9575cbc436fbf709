"""The least traffic of a loop nest at every capacity at once: candidates by what they hold, then the running least they move."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from costmodel._num import bytes_of
from costmodel.prediction.tiled.families import Block, blocks
from costmodel.prediction.tiled.nest import Bits, Nest

if TYPE_CHECKING:
    from costmodel.prediction.tiled.axis import Ints


class Stairs(NamedTuple):
    """The candidates of a family that move less than all that hold no more: a step each, by rising capacity."""

    family: str
    held_bytes: Ints
    moved_bytes: Ints
    columns: dict[str, Ints]
    """Elements held and moved by operand, and tile sizes."""

    def at(self, capacity: Any) -> Any:
        """The step that a capacity reaches; -1 where it reaches none."""
        return np.searchsorted(self.held_bytes, capacity, side="right") - 1

    def row(self, step: int) -> dict[str, int]:
        """Elements and sizes of a step."""
        return {key: int(column[step]) for key, column in self.columns.items()}


@lru_cache(maxsize=1024)
def stairs(nest: Nest, bits: Bits) -> tuple[Stairs, ...]:
    """The steps of every family."""
    parts: dict[str, list[Stairs]] = {}
    for block in blocks(nest, bits):
        parts.setdefault(block.family, []).append(_steps(block, nest, bits))
    return tuple(_merged(many) for many in parts.values())


def least(nest: Nest, bits: Bits, capacity: Any) -> tuple[Any, Any, Any]:
    """Bytes of inputs, weights and sums moved by the least tiling at each of several capacities; negative where none fits."""
    families = stairs(nest, bits)
    steps = np.array([family.at(capacity) for family in families])
    traffic = np.array([np.append(family.moved_bytes, _NEVER)[step] for family, step in zip(families, steps, strict=True)])
    best = traffic.argmin(axis=0)
    found = []
    for operand in range(3):
        by_family = [np.append(moved(family.columns, nest, bits)[operand], -1)[step] for family, step in zip(families, steps, strict=True)]
        found.append(np.choose(best, by_family))
    return found[0], found[1], found[2]


_NEVER = np.iinfo(np.int64).max


def moved(elements: Mapping[str, Any], nest: Nest, bits: Bits) -> tuple[Any, Any, Any]:
    """Bytes of inputs, weights and sums: of a sum all but the last visit leave it unfinished, out and back."""
    inputs = bytes_of(nest.groups * elements["inputs_moved"], bits.input)
    weights = bytes_of(nest.groups * elements["weights_moved"], bits.weight)
    unfinished = bytes_of(2 * nest.outputs * (elements["visits"] - 1), bits.accumulator)
    return inputs, weights, bytes_of(nest.outputs, bits.output) + unfinished


def _steps(block: Block, nest: Nest, bits: Bits) -> Stairs:
    widths = (block.inputs_held, bits.input), (block.weights_held, bits.weight), (block.sums_held, bits.accumulator)
    held = _sum(tuple(bytes_of(elements, width) for elements, width in widths))
    held, traffic = np.broadcast_arrays(held, _sum(moved(block._asdict(), nest, bits)))
    shape, held, traffic = held.shape, held.ravel(), traffic.ravel()
    kept = _promising(held, traffic)
    kept = kept[_running(held[kept], traffic[kept])]
    index = np.unravel_index(kept, shape)
    operands = {key: np.broadcast_to(getattr(block, key), shape)[index] for key in _OPERANDS}
    sizes = {key: np.broadcast_to(column, kept.shape) for key, column in block.sizes(*index).items()}
    return Stairs(block.family, held[kept], traffic[kept], operands | sizes)


def _sum(parts: tuple[Any, Any, Any]) -> Any:
    """Small arrays first."""
    a, b, c = sorted(parts, key=np.size)
    return a + b + c


_OPERANDS = ("inputs_held", "weights_held", "sums_held", "inputs_moved", "weights_moved", "visits")


def _promising(held: Ints, traffic: Ints) -> Ints:
    """Candidates that move less than every one that holds clearly less: sixteen classes an octave, told from the floats' bits."""
    classes = held.astype(np.float64).view(np.int64) >> 48
    classes -= classes.min()
    best = np.full(int(classes.max()) + 2, _NEVER)
    np.minimum.at(best, classes + 1, traffic)
    return np.flatnonzero(traffic < np.minimum.accumulate(best)[classes])


def _running(held: Ints, traffic: Ints) -> Ints:
    """Candidates by what they hold, those that move less than all before."""
    order = np.lexsort((traffic, held))
    so_far = np.minimum.accumulate(traffic[order])
    return order[np.concatenate(([True], so_far[1:] < so_far[:-1]))]


def _merged(many: list[Stairs]) -> Stairs:
    if len(many) == 1:
        return many[0]
    held, traffic = (np.concatenate([getattr(part, key) for part in many]) for key in ("held_bytes", "moved_bytes"))
    kept = _running(held, traffic)
    columns = {key: np.concatenate([part.columns[key] for part in many])[kept] for key in many[0].columns}
    return Stairs(many[0].family, held[kept], traffic[kept], columns)
