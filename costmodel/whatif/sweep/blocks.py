"""Blocks of points: regions of a grid cut into pieces."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

Block = tuple[tuple[int, int], ...]
"""Of every axis the first point and the one behind the last."""


def sizes_of(block: Block) -> tuple[int, ...]:
    """Points along every axis."""
    return tuple(stop - start for start, stop in block)


def shrunk(sizes: Sequence[int], most: int, places: Sequence[int]) -> list[int]:
    """Sizes cut along some axes, the first ones first, until their product along these is at most so large, where that can be."""
    sizes = list(sizes)
    for place in places:
        if (points := math.prod(sizes[p] for p in places)) > most:
            sizes[place] = max(1, sizes[place] // -(-points // most))
    return sizes


def tiles(region: Block, sizes: Sequence[int], order: Sequence[int]) -> list[Block]:
    """A region in blocks of these sizes; the axis first in `order` changes last."""
    spans = [
        [(start, min(start + size, stop)) for start in range(first, stop, size)] for (first, stop), size in zip(region, sizes, strict=True)
    ]
    back = sorted(range(len(order)), key=order.__getitem__)
    return [tuple(chosen[p] for p in back) for chosen in itertools.product(*[spans[p] for p in order])]


def pieces(region: Block, most: int, places: Sequence[int]) -> list[Block]:
    """A region cut along some axes into blocks of at most so many points, where that can be."""
    sizes = sizes_of(region)
    beside = math.prod(size for p, size in enumerate(sizes) if p not in places)
    return tiles(region, shrunk(sizes, max(1, most // beside), places), range(len(sizes)))


def shifted(block: Block, by: Sequence[int]) -> Block:
    """A block moved along every axis."""
    return tuple((start + n, stop + n) for (start, stop), n in zip(block, by, strict=True))
