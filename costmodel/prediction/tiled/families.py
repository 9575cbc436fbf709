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

from costmodel.prediction.tiled.cuts import Cuts, cuts, front, packed, sizes, tap_sizes
from costmodel.prediction.tiled.nest import Bits, Nest

if TYPE_CHECKING:
    from costmodel.prediction.tiled.axis import Ints


class Points(NamedTuple):
    """Ways to cut both spatial axes: rows of their tables, the input elements of one plane read and held."""

    p_table: Cuts
    q_table: Cuts
    i: Ints
    j: Ints
    read: Ints
    held: Ints
    along_q: Any
    """True where the rows slide along q, False where along p."""

    def where(self, rows: Ints) -> Points:
        """Some rows."""
        return Points(self.p_table, self.q_table, *(column[rows] for column in self[2:]))

    def p(self, column: str) -> Ints:
        """A column of the table of p."""
        found: Ints = self.p_table.column(column)[self.i]
        return found

    def q(self, column: str) -> Ints:
        """A column of the table of q."""
        found: Ints = self.q_table.column(column)[self.j]
        return found

    def both(self, column: str) -> Ints:
        """The product of a column of both tables."""
        return self.p(column) * self.q(column)

    @property
    def taps_key(self) -> Ints:
        """Equal where the tiles of taps are."""
        return packed(self.p("taps"), self.p("tap"), self.q("taps"), self.q("tap"))


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


def _sliding(nest: Nest, slid: Callable[[Cuts], Ints], cut: Callable[[Cuts], Ints], whole: bool = False) -> Points:
    """Slide along one axis, restart along the other, both ways round; `slid` and `cut` choose rows of the tables.

    `whole`: along the axis that restarts, the outer tile is held.
    """
    p, q = cuts(nest.p), cuts(nest.q)
    found = []
    for along_q in (False, True):
        i, j = (cut(p), slid(q)) if along_q else (slid(p), cut(q))
        i, j = np.repeat(i, len(j)), np.tile(j, len(i))
        (read_p, held_p), (read_q, held_q) = _lines(p, i, not along_q, whole), _lines(q, j, along_q, whole)
        found.append((i, j, read_p * read_q, held_p * held_q, np.full(len(i), along_q)))
        if nest.p == nest.q:
            break  # the other way round is the same
    return Points(p, q, *map(np.concatenate, zip(*found, strict=True)))


def _lines(table: Cuts, rows: Ints, slides: bool, whole: bool) -> tuple[Ints, Ints]:
    """Rows read and held."""
    if slides:
        return table.slid[rows], table.held[rows]
    rows = table.whole[rows] if whole else rows
    return table.fresh[rows], table.held[rows]


def _line(table: Cuts, rows: Ints) -> Ints:
    """Of some rows, those that hold and read least where rows slide."""
    return rows[front(packed(table.outer, table.taps, table.tap)[rows], table.held[rows], table.slid[rows])]


def _strip(table: Cuts, rows: Ints) -> Ints:
    """Of some rows, those that hold and read least where every tile starts empty."""
    return rows[front(packed(table.outer, table.taps, table.tap)[rows], table.held[rows], table.fresh[rows])]


def _whole_taps(table: Cuts) -> Ints:
    return np.flatnonzero(table.taps == table.tap)


def blocks(nest: Nest, bits: Bits) -> Iterator[Block]:
    """The candidates, family by family."""
    n, m, c = (np.array(sizes(length), dtype=np.int64) for length in (nest.n, nest.m, nest.c))
    ns, ms, cs = (-(-length // size) for length, size in ((nest.n, n), (nest.m, m), (nest.c, c)))
    n_, ns_ = n[:, None, None], ns[:, None, None]
    planes, weights = nest.planes, nest.m * nest.c * nest.p.taps * nest.q.taps
    yield from _sums_first(nest, bits, n, n_, ns_, m, ms, planes, weights)
    yield from _weights_first(nest, bits, m, ms, c, cs, planes, weights)
    yield from _inputs_first(nest, n, n_, ns_, c, cs, planes, weights)


def _sizes(points: Points, i: Any, **more: Any) -> dict[str, Any]:
    p, q, at, to = points.p_table, points.q_table, points.i[i], points.j[i]
    found = {
        "p1": p.outer[at], "p2": p.inner[at], "q1": q.outer[to], "q2": q.inner[to], "r1": p.taps[at], "r2": p.tap[at], "s1": q.taps[to],
        "s2": q.tap[to], "along_q": points.along_q[i],
    }  # fmt: skip
    return found | more


def _sums_first(nest: Nest, bits: Bits, n: Ints, n_: Ints, ns_: Ints, m: Ints, ms: Ints, planes: int, weights: int) -> Iterator[Block]:
    points = _sliding(nest, lambda t: _line(t, _whole_taps(t)), lambda t: _strip(t, _whole_taps(t)))
    points = points.where(front(packed(points.both("outer"), points.both("outers"), points.both("taps")), points.held, points.read))
    yield Block(
        "sums, weights, inputs", points.held[:, None], points.both("taps")[:, None] * m, points.both("outer")[:, None] * m * n_,
        planes * points.read[:, None] * ms, weights * points.both("outers")[:, None] * ns_, 1,
        lambda a, i, b, points=points: _sizes(points, i, n1=n[a], m1=m[b]),
    )  # fmt: skip
    points = _sliding(nest, _whole_taps, lambda t: np.flatnonzero((t.taps == t.tap) & (t.outer == t.inner)))
    points = points.where(np.flatnonzero(_short_of_weights(points, nest, bits)))
    points = points.where(front(packed(points.both("outer"), points.both("inners")), points.held, points.read))
    yield Block(
        "sums, inputs, weights", points.held[:, None] * n_, 1, points.both("outer")[:, None] * m * n_, planes * points.read[:, None] * ms,
        weights * points.both("inners")[:, None] * ns_, 1, lambda a, i, b: _sizes(points, i, n1=n[a], m1=m[b]),
    )  # fmt: skip


def _short_of_weights(points: Points, nest: Nest, bits: Bits) -> Any:
    """Where a tile of inputs may be better company for streamed weights than a line of inputs for held ones.

    It is not where it exceeds the line by more than all the weights of one input channel, and reads no less.
    """
    line = np.where(points.along_q, points.p("held") * points.q("single_held"), points.p("single_held") * points.q("held"))
    reads_less = np.where(points.along_q, points.q("single_slid") > points.q("slid"), points.p("single_slid") > points.p("slid"))
    room = bits.weight * (nest.m * points.both("taps") - 1)
    return reads_less | (points.both("outer") == points.both("inner")) | (bits.input * (points.held - line) < room)


def _weights_first(nest: Nest, bits: Bits, m: Ints, ms: Ints, c: Ints, cs: Ints, planes: int, weights: int) -> Iterator[Block]:
    def every(table: Cuts) -> Ints:
        return np.arange(len(table.outer))

    points = _sliding(nest, lambda t: _line(t, every(t)), lambda t: _strip(t, every(t)))
    points = points.where(front(packed(points.taps_key, points.both("outer")), points.held, points.read))
    key = points.taps_key
    order = np.argsort(packed(key, points.read, points.held))
    points, key, area = points.where(order), key[order], points.both("outer")[order]
    many = [_undercut(key, bits.accumulator * size * area + bits.input * points.held) for size in m]
    i, a = np.concatenate(many), np.repeat(np.arange(len(m)), [len(rows) for rows in many])
    yield Block(
        "weights, sums, inputs", points.held[i, None], (points.both("taps")[i] * m[a])[:, None] * c, (area[i] * m[a])[:, None],
        planes * (points.read[i] * ms[a])[:, None], weights, points.both("tap_tiles")[i, None] * cs,
        lambda k, b, points=points: _sizes(points, i[k], m1=m[a[k]], c1=c[b]),
    )  # fmt: skip
    points = _sliding(nest, lambda t: _line(t, _one_tile(t)), lambda t: _strip(t, _one_tile(t)))
    points = points.where(front(points.taps_key, points.held, points.read))
    taps, visits = points.both("taps")[:, None, None], points.both("tap_tiles")[:, None, None]
    yield Block(
        "weights, inputs, sums", points.held[:, None, None] * c, taps * m[:, None] * c, 1,
        planes * points.read[:, None, None] * ms[:, None], weights, visits * cs, lambda i, a, b: _sizes(points, i, m1=m[a], c1=c[b]),
    )  # fmt: skip


def _one_tile(table: Cuts) -> Ints:
    return np.flatnonzero((table.taps == table.tap) & (table.outers == 1))


def _undercut(key: Ints, held: Ints) -> Ints:
    """Of rows in rising order of `key`, then of what they read: those that hold less than every row before of the same key."""
    new = np.concatenate(([True], key[1:] != key[:-1]))
    below = held - np.cumsum(new) * (int(held.max(initial=0)) + 1)
    least = np.minimum.accumulate(below)
    return np.flatnonzero(np.concatenate(([True], below[1:] < least[:-1])))


def _inputs_first(nest: Nest, n: Ints, n_: Ints, ns_: Ints, c: Ints, cs: Ints, planes: int, weights: int) -> Iterator[Block]:
    every = _sliding(nest, _one_tile, _whole_taps, whole=True)
    points = every.where(front(packed(every.both("tap_tiles"), every.both("inner"), every.both("inners")), every.held, every.read))
    yield Block(
        "inputs, sums, weights", points.held[:, None] * c * n_, 1, points.both("inner")[:, None] * n_, planes * points.read[:, None],
        weights * points.both("inners")[:, None] * ns_, points.both("tap_tiles")[:, None] * cs,
        lambda a, i, b, points=points: _sizes(points, i, n1=n[a], c1=c[b]),
    )  # fmt: skip
    alone = np.where(every.along_q, every.p("inner") == every.p("outer"), every.q("inner") == every.q("outer"))
    points = every.where(np.flatnonzero(alone))
    points = points.where(front(packed(points.taps_key, points.both("inners")), points.held, points.read))
    split = [(r, s, r2, s2) for r in tap_sizes(nest.p.taps) for s in tap_sizes(nest.q.taps) for r2 in tap_sizes(r) for s2 in tap_sizes(s)]
    r, s, r2, s2 = np.array(split, dtype=np.int64).T
    i, k = np.nonzero((points.p("taps")[:, None] == r) & (points.q("taps")[:, None] == s))
    visits = _nested(nest.p.taps, r, r2) * _nested(nest.q.taps, s, s2)
    yield Block(
        "inputs, weights, sums", points.held[i, None] * c * n_, (r2 * s2)[k, None] * c, 1, planes * points.read[i, None],
        weights * points.both("inners")[i, None] * ns_, visits[k, None] * cs,
        lambda a, x, b: _sizes(points, i[x], n1=n[a], c1=c[b], r2=r2[k[x]], s2=s2[k[x]]),
    )  # fmt: skip


def _nested(length: int, outer: Ints, inner: Ints) -> Ints:
    """How many tiles within tiles there are."""
    found: Ints = length // outer * -(-outer // inner) + -(-(length % outer) // inner)
    return found
