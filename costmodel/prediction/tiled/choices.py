"""What may be chosen along one axis of a tiling: rows of figures, and a tree over them with the least of each figure below a node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from costmodel.prediction.tiled.axis import Ints

    Floats = np.ndarray[Any, np.dtype[np.float64]]


class Choices:
    """Rows of figures, and nodes over them, level by level; level 0 are the rows.

    Attributes
    ----------
    columns : dict of str to array
        A figure of every row.
    """

    def __init__(self, columns: Mapping[str, Ints], nodes: Sequence[Ints]) -> None:
        """`nodes`: for each level from 1 on the first row of every node; the last level are the roots."""
        self.columns = dict(columns)
        self._least: list[dict[str, Floats]] = [{}]
        length = len(next(iter(columns.values())))
        below = np.arange(length)
        self._first: list[Ints] = [below]
        self._count: list[Ints] = [np.ones(length, dtype=np.int64)]
        for starts in nodes:
            first = np.searchsorted(below, starts)
            self._first.append(first)
            self._count.append(np.diff(first, append=len(below)))
            self._least.append({})
            below = starts
        self._starts: list[Ints] = [np.arange(length), *nodes]

    @classmethod
    def under(cls, columns: Mapping[str, Ints], roots: Ints) -> Choices:
        """Rows below roots, a few neighbours below a node, a few such nodes below a node."""
        levels, length = [np.arange(len(next(iter(columns.values()))))], len(roots)
        while len(levels[-1]) > FAN * length:
            levels.append(np.union1d(levels[-1][::FAN], roots))
        return cls(columns, [*levels[1:], roots])

    @property
    def top(self) -> int:
        """The level of the roots."""
        return len(self._first) - 1

    def nodes(self, level: int) -> Ints:
        """The nodes of a level."""
        return np.arange(len(self._first[level]))

    def same(self, level: int) -> bool:
        """Whether every node of a level has one child: then both have the same number."""
        return len(self._first[level]) == len(self._first[level - 1])

    def spread(self, count: int) -> Ints:
        """About so many rows spread evenly below the last root, and the first row of all."""
        start, length = self._starts[-1][-1], len(self._starts[0])
        return np.unique(np.append(np.linspace(start, length - 1, count).astype(np.int64), 0))

    def least(self, column: str, level: int) -> Floats:
        """The least of a figure below every node of a level."""
        known = self._least[level]
        if column not in known:
            figures = self.columns[column].astype(np.float64)
            known[column] = figures if level == 0 else np.minimum.reduceat(figures, self._starts[level])
        return known[column]

    def below(self, level: int, nodes: Ints) -> tuple[Ints, Ints]:
        """The children of nodes of a level: for each the position of its parent among `nodes`, and its number on the level below."""
        count = self._count[level][nodes]
        parent = np.repeat(np.arange(len(nodes)), count)
        offset = np.cumsum(count) - count
        return parent, (self._first[level][nodes] - offset)[parent] + np.arange(len(parent))


def sized(tile_sizes: Sequence[int], length: int) -> Choices:
    """Tile sizes of a loop, with the number of tiles."""
    size = np.array(tile_sizes, dtype=np.int64)
    return Choices.under({"size": size, "count": -(-length // size)}, np.zeros(1, dtype=np.int64))


FAN = 4
"""Neighbours that stand together below a node."""
