"""All ways to cut one spatial axis into tiles and tiles of tiles, and the input rows that each way reads and holds."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from costmodel.prediction.tiled.axis import Axis

if TYPE_CHECKING:
    from costmodel.prediction.tiled.axis import Ints

EVERY_SIZE = 8
"""Up to this length every tile size is tried; beyond, the smallest size of every distinct number of tiles."""
EVERY_SIZE_AT_EDGES = 16
"""The same where more than three taps reach into the padding, and a tile at the edge reads much less than one within."""
MANY_TAPS = 31
"""Up to this many taps a kernel is split into every number of tiles; beyond, it stays whole or goes tap by tap."""


@lru_cache(maxsize=4096)
def sizes(length: int, every: int = EVERY_SIZE) -> tuple[int, ...]:
    """Tile sizes worth trying, the largest first: up to the length `every` each of them."""
    if length <= every:
        return tuple(range(length, 0, -1))
    found, k = [], 1
    while k <= length:
        size = -(-length // k)
        found.append(size)
        k = -(-length // (size - 1)) if size > 1 else length + 1
    return tuple(found)


def tap_sizes(taps: int) -> tuple[int, ...]:
    """Tile sizes of the taps worth trying, the largest first."""
    return sizes(taps, 0) if taps <= MANY_TAPS else (taps, 1)


class Cuts(NamedTuple):
    """Columns of equal length, a row for each way to cut."""

    outer: Ints
    """Outputs of a tile."""
    inner: Ints
    """Outputs of a tile within that tile."""
    taps: Ints
    """Taps of a tile."""
    tap: Ints
    """Taps of a tile within that tile."""
    outers: Ints
    """Number of tiles."""
    inners: Ints
    """Number of tiles within tiles, over all tiles."""
    tap_tiles: Ints
    """Number of tiles of taps."""
    tap_visits: Ints
    """Number of tiles of taps within tiles of taps."""
    fresh: Ints
    """Input rows read where every inner tile starts empty."""
    slid: Ints
    """Input rows read where rows that the next inner tile needs too stay."""
    held: Ints
    """Input rows of the largest inner tile."""
    whole: Ints
    """The row whose inner tile is this row's outer tile."""


@lru_cache(maxsize=256)
def cuts(axis: Axis) -> Cuts:
    """Every way to cut an axis."""
    if axis.reuse == 1 and axis.rows().pairs == axis.outputs * axis.taps:
        return _apart(axis)
    outer, inner, starts, stops, first, at, alike_tiles = _tiles(axis)
    rows = axis.rows()
    previous = np.concatenate(([0], starts[:-1]))
    counted: dict[tuple[int, int], tuple[Ints, Ints, Ints]] = {}
    alike: dict[bytes, tuple[int, int]] = {}
    for span in {span for taps in tap_sizes(axis.taps) for tap in tap_sizes(taps) for span in _spans(axis.taps, taps, tap)}:
        if (same := alike.setdefault(rows.stored(*span), span)) != span:
            counted[span] = counted[same]
            continue
        touched = rows.touched(starts, stops, *span)
        more = rows.touched(previous, stops, *span) - np.concatenate(([0], touched[:-1]))
        slid = np.where(first, touched, more)
        fresh, slid = (np.add.reduceat(many * alike_tiles, at) for many in (touched, slid))
        counted[span] = fresh, slid, np.maximum.reduceat(touched, at)
    count = np.add.reduceat(alike_tiles, at)

    def read_and_held(spans: list[tuple[int, int]], _tap: int) -> tuple[Ints, Ints, Ints]:
        fresh, slid, held = (np.array([counted[span][i] for span in spans]) for i in range(3))
        return fresh.sum(axis=0), slid.sum(axis=0), held.max(axis=0)

    return _table(axis, outer, inner, count, read_and_held)


def _apart(axis: Axis) -> Cuts:
    """Where no two outputs share a row and none is padding: a tile needs as many rows as it has outputs and taps."""
    outer, inner = _pairs(axis)
    full, rest = axis.outputs // outer, axis.outputs % outer
    count = full * -(-outer // inner) + -(-rest // inner)
    all_rows = np.full_like(outer, axis.outputs * axis.taps)
    return _table(axis, outer, inner, count, lambda _spans, tap: (all_rows, all_rows, inner * tap))


def _table(axis: Axis, outer: Ints, inner: Ints, count: Ints, read_and_held: Callable[..., tuple[Ints, Ints, Ints]]) -> Cuts:
    """The ways to cut the outputs, for each way to cut the taps."""
    parts: list[Cuts] = []
    same = np.ones_like(outer)
    whole = np.flatnonzero(outer == inner)[np.searchsorted(-outer[outer == inner], -outer)]
    for taps in tap_sizes(axis.taps):
        for tap in tap_sizes(taps):
            spans = _spans(axis.taps, taps, tap)
            tiles = -(-axis.taps // taps) * same, len(spans) * same
            parts.append(
                Cuts(
                    outer, inner, taps * same, tap * same, -(-axis.outputs // outer), count, *tiles, *read_and_held(spans, tap),
                    whole + len(parts) * len(outer),
                )
            )  # fmt: skip
    return Cuts(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _spans(taps: int, outer: int, inner: int) -> list[tuple[int, int]]:
    """The tiles of taps within tiles of taps."""
    return [
        (start, min(start + inner, begin + outer, taps))
        for begin in range(0, taps, outer)
        for start in range(begin, min(begin + outer, taps), inner)
    ]


def _pairs(axis: Axis) -> tuple[Ints, Ints]:
    """Sizes of tiles and of tiles within them."""
    every = EVERY_SIZE_AT_EDGES if axis.taps > 3 and axis.before > 0 else EVERY_SIZE
    outer, inner = np.array([(a, b) for a in sizes(axis.outputs, every) for b in sizes(a, every)], dtype=np.int64).T
    return outer, inner


def _tiles(axis: Axis) -> tuple[Ints, ...]:
    """For every pair of sizes inner tiles one after another: sizes, starts, stops, whether it is the first of its outer tile, where
    the pair begins, and how many are alike.

    Outer tiles that padding does not reach are alike, and stand there once.
    """
    length, (outer, inner) = axis.outputs, _pairs(axis)
    low, high = axis.rows().clear
    before = np.minimum(-(-low // outer), -(-length // outer))
    middle = np.maximum(high // outer - before, 1)
    each, rest = -(-outer // inner), length % outer
    count = (length // outer - middle + 1) * each + -(-rest // inner)
    at = np.concatenate(([0], np.cumsum(count)[:-1]))
    index = np.arange(count.sum()) - np.repeat(at, count)
    big, small, per, before, middle = (np.repeat(many, count) for many in (outer, inner, each, before, middle))
    tile, within = index // per, index % per
    begin = (tile + np.where(tile > before, middle - 1, 0)) * big
    starts = begin + within * small
    stops = np.minimum(np.minimum(starts + small, begin + big), length)
    return outer, inner, starts, stops, within == 0, at, np.where(tile == before, middle, 1)


def packed(*columns: Ints) -> Ints:
    """One number for each row, ordered as the columns are, the first before the next."""
    key, span = columns[0], int(columns[0].max(initial=0)) + 1
    for column in columns[1:]:
        width = int(column.max(initial=0)) + 1
        if span * width >= _MOST:
            _, key = np.unique(key, return_inverse=True)
            span = len(key)
        key, span = key * width + column, span * width
    return key


_MOST = 2**62


def front(key: Ints, x: Ints, y: Ints) -> Ints:
    """Within every key the rows that no other row undercuts in x or y."""
    order = np.argsort(packed(key, x, y))
    key, y = key[order], y[order]
    new = np.concatenate(([True], key[1:] != key[:-1]))
    depth = np.cumsum(new) * (int(y.max(initial=0)) + 1)
    least = np.minimum.accumulate(y - depth)
    better = new | (np.concatenate(([0], least[:-1])) > y - depth)
    found: Ints = order[better]
    return found
