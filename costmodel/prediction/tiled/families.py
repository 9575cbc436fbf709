"""The families of tilings that hold a least one. What each holds and moves, for all its tile sizes at once.

A mapping holds three operands, one within the loops G1, one within G1 and G2, one within all. Every loop is known by two of the
three operands, which leaves little to choose once the order of the operands is chosen:

* A loop of G1 that the first operand does not know may as well stand in G2: the first operand then is read less, and nothing else
  changes. So the first operand moves once.
* The last operand streams: a smaller piece of it costs nothing but, for inputs, the rows that neighbouring pieces share.
* A loop of G2 that the second operand does not know multiplies what it reads, and may as well stand in G3 or nowhere.
* A dimension that is cut twice for one purpose may as well be cut once.

So six families remain, one for each order of the operands, and in each of them a few sizes. Brute force over the whole space is
what the tests compare them with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from costmodel.prediction.tiled.cuts import Cuts, cuts, front, sizes, tap_sizes
from costmodel.prediction.tiled.nest import Bits, Nest

if TYPE_CHECKING:
    from costmodel.prediction.tiled.axis import Ints


class Points(NamedTuple):
    """Ways to cut both spatial axes: rows of their tables, the input elements of one plane read and held."""

    p: Cuts
    q: Cuts
    read: Ints
    held: Ints
    along_q: Ints
    """1 where the rows slide along q, 0 where along p."""

    def where(self, rows: Ints) -> Points:
        """Some rows."""
        return Points(self.p.where(rows), self.q.where(rows), self.read[rows], self.held[rows], self.along_q[rows])

    @property
    def taps_key(self) -> Ints:
        """Equal where the tiles of taps are."""
        return _key(self.p.taps, self.p.tap, self.q.taps, self.q.tap)


class Block(NamedTuple):
    """Candidates of one family: elements held and moved, as arrays that broadcast to one shape."""

    family: str
    inputs_held: Any
    weights_held: Any
    sums_held: Any
    inputs_moved: Any
    weights_moved: Any
    visits: Any
    """How often a sum comes on chip."""
    sizes: Callable[..., dict[str, Any]]
    """The tile sizes of the candidates at indices of that shape."""


def _key(*columns: Ints) -> Ints:
    key = columns[0]
    for column in columns[1:]:
        key = key * (int(column.max()) + 1) + column
    return key


def _pairs(p: Cuts, q: Cuts, along_q: int, read_p: Ints, read_q: Ints, held_p: Ints, held_q: Ints) -> Points:
    i, j = np.repeat(np.arange(len(p.outer)), len(q.outer)), np.tile(np.arange(len(q.outer)), len(p.outer))
    return Points(p.where(i), q.where(j), read_p[i] * read_q[j], held_p[i] * held_q[j], np.full(len(i), along_q))


def _both(a: Points, b: Points) -> Points:
    return Points(
        Cuts(*map(np.concatenate, zip(a.p, b.p, strict=True))), Cuts(*map(np.concatenate, zip(a.q, b.q, strict=True))),
        np.concatenate((a.read, b.read)), np.concatenate((a.held, b.held)), np.concatenate((a.along_q, b.along_q)),
    )  # fmt: skip


def _sliding(nest: Nest, slid: Callable[[Cuts], Ints], cut: Callable[[Cuts], Ints], whole: bool = False) -> Points:
    """Slide along one axis, restart along the other, both ways round; `slid` and `cut` choose rows of the tables.

    `whole`: along the axis that restarts, hold the rows of the outer tile.
    """
    tables = cuts(nest.p), cuts(nest.q)
    found = []
    for along_q in (0, 1):
        mine, other = (table.where(choose(table)) for table, choose in zip(tables, (cut, slid) if along_q else (slid, cut), strict=True))
        columns = []
        for table, full, slides in ((mine, tables[0], not along_q), (other, tables[1], along_q)):
            at = table.whole if whole and not slides else None
            columns.append((table.slid if slides else table.fresh if at is None else full.fresh[at], table.held if at is None else full.held[at]))
        found.append(_pairs(mine, other, along_q, columns[0][0], columns[1][0], columns[0][1], columns[1][1]))
        if nest.p == nest.q and not along_q:
            break  # the other way round is the same
    return found[0] if len(found) == 1 else _both(*found)


def _line(table: Cuts, rows: Ints) -> Ints:
    """Of some rows, those that hold and read least where rows slide."""
    return rows[front(_key(table.outer, table.taps, table.tap)[rows], table.held[rows], table.slid[rows])]


def _strip(table: Cuts, rows: Ints) -> Ints:
    """Of some rows, those that hold and read least where every tile starts empty."""
    return rows[front(_key(table.outer, table.taps, table.tap)[rows], table.held[rows], table.fresh[rows])]


def _whole_taps(table: Cuts) -> Ints:
    return np.flatnonzero(table.taps == table.tap)


def blocks(nest: Nest, bits: Bits) -> Iterator[Block]:
    """The candidates, family by family."""
    n, m, c = (np.array(sizes(length), dtype=np.int64) for length in (nest.n, nest.m, nest.c))
    ns, ms, cs = (-(-length // size) for length, size in ((nest.n, n), (nest.m, m), (nest.c, c)))
    n_, ns_ = n[:, None, None], ns[:, None, None]
    planes, weights = nest.planes, nest.m * nest.c * nest.p.taps * nest.q.taps
    yield from _sums_first(nest, n, n_, ns_, m, ms, planes, weights)
    yield from _weights_first(nest, bits, m, ms, c, cs, planes, weights)
    yield from _inputs_first(nest, n, n_, ns_, c, cs, planes, weights)


def _sizes(points: Points, i: Any, **more: Any) -> dict[str, Any]:
    p, q = points.p, points.q
    found = {
        "p1": p.outer[i], "p2": p.inner[i], "q1": q.outer[i], "q2": q.inner[i], "r1": p.taps[i], "r2": p.tap[i], "s1": q.taps[i],
        "s2": q.tap[i], "along_q": points.along_q[i],
    }  # fmt: skip
    return found | more


def _sums_first(nest: Nest, n: Ints, n_: Ints, ns_: Ints, m: Ints, ms: Ints, planes: int, weights: int) -> Iterator[Block]:
    points = _sliding(nest, lambda t: _line(t, _whole_taps(t)), lambda t: _strip(t, _whole_taps(t)))
    taps = points.p.taps * points.q.taps
    points = points.where(front(_key(points.p.outer, points.q.outer, taps), points.held, points.read))
    area, taps, tiles = points.p.outer * points.q.outer, points.p.taps * points.q.taps, points.p.outers * points.q.outers

    yield Block(
        "sums, weights, inputs", points.held[:, None], taps[:, None] * m, area[:, None] * m * n_, planes * points.read[:, None] * ms,
        weights * tiles[:, None] * ns_, 1, lambda a, i, b, points=points: _sizes(points, i, n1=n[a], m1=m[b]),
    )  # fmt: skip
    points = _sliding(nest, _whole_taps, lambda t: np.flatnonzero((t.taps == t.tap) & (t.outer == t.inner)))
    tiles = np.where(points.along_q == 1, points.p.outers * points.q.inners, points.p.inners * points.q.outers)
    kept = front(_key(points.p.outer * points.q.outer, tiles), points.held, points.read)
    points, tiles = points.where(kept), tiles[kept]
    area = points.p.outer * points.q.outer
    yield Block(
        "sums, inputs, weights", points.held[:, None] * n_, 1, area[:, None] * m * n_, planes * points.read[:, None] * ms,
        weights * tiles[:, None] * ns_, 1, lambda a, i, b: _sizes(points, i, n1=n[a], m1=m[b]),
    )  # fmt: skip


def _weights_first(nest: Nest, bits: Bits, m: Ints, ms: Ints, c: Ints, cs: Ints, planes: int, weights: int) -> Iterator[Block]:
    def every(table: Cuts) -> Ints:
        return np.arange(len(table.outer))

    points = _sliding(nest, lambda t: _line(t, every(t)), lambda t: _strip(t, every(t)))
    area = points.p.outer * points.q.outer
    points = points.where(front(_key(points.taps_key, area), points.held, points.read))
    points = points.where(np.lexsort((points.held, points.read, points.taps_key)))
    area = points.p.outer * points.q.outer
    i, a = np.nonzero(_undercut(points.taps_key, bits.accumulator * area[:, None] * m + bits.input * points.held[:, None]))
    taps, visits = points.p.taps * points.q.taps, points.p.tap_tiles * points.q.tap_tiles
    yield Block(
        "weights, sums, inputs", points.held[i, None], (taps[i] * m[a])[:, None] * c, (area[i] * m[a])[:, None],
        planes * (points.read[i] * ms[a])[:, None], weights, visits[i, None] * cs,
        lambda k, b, points=points: _sizes(points, i[k], m1=m[a[k]], c1=c[b]),
    )  # fmt: skip
    points = _sliding(
        nest, lambda t: _line(t, np.flatnonzero((t.taps == t.tap) & (t.outers == 1))),
        lambda t: _strip(t, np.flatnonzero((t.taps == t.tap) & (t.outers == 1))),
    )  # fmt: skip
    points = points.where(front(points.taps_key, points.held, points.read))
    taps, visits = (points.p.taps * points.q.taps)[:, None, None], (points.p.tap_tiles * points.q.tap_tiles)[:, None, None]
    yield Block(
        "weights, inputs, sums", points.held[:, None, None] * c, taps * m[:, None] * c, 1, planes * points.read[:, None, None] * ms[:, None],
        weights, visits * cs, lambda i, a, b: _sizes(points, i, m1=m[a], c1=c[b]),
    )  # fmt: skip


def _undercut(key: Ints, held: Ints) -> Any:
    """Of rows in rising order of `key`, then of what they read: those that hold less than every row before. One column a variant."""
    new = np.concatenate(([True], key[1:] != key[:-1]))
    depth = (np.cumsum(new) * (int(held.max(initial=0)) + 1))[:, None]
    least = np.minimum.accumulate(held - depth, axis=0)
    return new[:, None] | (np.concatenate((least[:1], least[:-1])) > held - depth)


def _inputs_first(nest: Nest, n: Ints, n_: Ints, ns_: Ints, c: Ints, cs: Ints, planes: int, weights: int) -> Iterator[Block]:
    points = _sliding(
        nest, lambda t: np.flatnonzero((t.taps == t.tap) & (t.outers == 1)), lambda t: np.flatnonzero(t.taps == t.tap), whole=True
    )  # fmt: skip
    along_q = points.along_q == 1
    area, tiles = points.p.inner * points.q.inner, points.p.inners * points.q.inners
    visits = points.p.tap_tiles * points.q.tap_tiles
    everything = points
    kept = front(_key(visits, area, tiles), points.held, points.read)
    points, area, tiles, visits = points.where(kept), area[kept], tiles[kept], visits[kept]
    yield Block(
        "inputs, sums, weights", points.held[:, None] * c * n_, 1, area[:, None] * n_, planes * points.read[:, None],
        weights * tiles[:, None] * ns_, visits[:, None] * cs,
        lambda a, i, b, points=points: _sizes(points, i, n1=n[a], c1=c[b]),
    )  # fmt: skip
    alone = np.where(everything.along_q == 1, everything.p.inner == everything.p.outer, everything.q.inner == everything.q.outer)
    points = everything.where(np.flatnonzero(alone))
    points = points.where(front(_key(points.taps_key, points.p.inners * points.q.inners), points.held, points.read))
    for r in tap_sizes(nest.p.taps):
        for s in tap_sizes(nest.q.taps):
            mine = points.where(np.flatnonzero((points.p.taps == r) & (points.q.taps == s)))
            tiles = (mine.p.inners * mine.q.inners)[:, None] * ns_
            for r2 in tap_sizes(r):
                for s2 in tap_sizes(s):
                    visits = _nested(nest.p.taps, r, r2) * _nested(nest.q.taps, s, s2)
                    yield Block(
                        "inputs, weights, sums", mine.held[:, None] * c * n_, r2 * s2 * c, 1, planes * mine.read[:, None],
                        weights * tiles, visits * cs,
                        lambda a, i, b, mine=mine, r2=r2, s2=s2: _sizes(mine, i, n1=n[a], c1=c[b], r2=r2, s2=s2),
                    )  # fmt: skip


def _nested(length: int, outer: int, inner: int) -> int:
    full, rest = divmod(length, outer)
    return full * -(-outer // inner) + -(-rest // inner)
