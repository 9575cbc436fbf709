"""The families of tilings that hold a least one, and what each holds and moves.

A mapping holds three operands, one within the loops G1, one within G1 and G2, one within all. Every loop is known by two of the
three operands, which leaves little to choose once the order of the operands is chosen:

* A loop of G1 that the first operand does not know may as well stand in G2: the first operand then is read less, and nothing else
  changes. So the first operand moves once.
* The last operand streams: a smaller piece of it costs nothing but, for inputs, the rows that neighbouring pieces share.
* A loop of G2 that the second operand does not know multiplies what it reads, and may as well stand in G3 or nowhere.
* A dimension that is cut twice for one purpose may as well be cut once, but for tiles of unequal sizes where padding is near.

So six families remain, one for each order of the operands, and in each of them a few sizes. Brute force over the whole space is
what the tests compare them with.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from costmodel.prediction.tiled.choices import Choices, sized
from costmodel.prediction.tiled.cuts import Cuts, cuts, front, packed, sizes, tap_sizes
from costmodel.prediction.tiled.nest import Nest

if TYPE_CHECKING:
    from costmodel.prediction.tiled.axis import Axis, Ints

FIGURES = ("inputs_held", "weights_held", "sums_held", "inputs_moved", "weights_moved", "visits")
"""Elements held and moved, and how often a sum comes on chip. Each is a product, with a figure of each axis at most."""


class Family(NamedTuple):
    """An order of the operands: the figures that each product takes of the axes, and the ways to cut that are worth a try."""

    name: str
    inputs_held: str
    weights_held: str
    sums_held: str
    inputs_moved: str
    weights_moved: str
    visits: str
    slid: Callable[[Cuts], Ints]
    """Ways to cut the axis along which the inputs slide."""
    cut: Callable[[Cuts], Ints]
    """Ways to cut the axis along which they start empty."""
    whole: bool = False
    """Whether the outer tile is held of the inputs, and the inner one of what stands below."""
    taps_below: bool = False
    """Whether the taps are cut once more, for the weights alone."""

    @property
    def factors(self) -> tuple[tuple[tuple[str, str], ...], ...]:
        """Of each figure the axes and columns that it is the product of; "pq.held" is a factor of either spatial axis."""
        return _factors(self[1:7])


@lru_cache
def _factors(products: tuple[str, ...]) -> tuple[tuple[tuple[str, str], ...], ...]:
    found = []
    for product in products:
        pairs = [word.split(".") for word in product.split()]
        found.append(tuple((axis, column) for axes, column in pairs for axis in axes))
    return tuple(found)


def _line(table: Cuts, rows: Ints) -> Ints:
    """Of some rows, those that hold and read least where rows slide."""
    return rows[front(packed(table.outer, table.taps, table.tap)[rows], table.held[rows], table.slid[rows])]


def _strip(table: Cuts, rows: Ints) -> Ints:
    """Of some rows, those that hold and read least where every tile starts empty."""
    return rows[front(packed(table.outer, table.taps, table.tap)[rows], table.held[rows], table.fresh[rows])]


def _every(table: Cuts) -> Ints:
    return np.arange(len(table.outer))


def _whole_taps(table: Cuts) -> Ints:
    return np.flatnonzero(table.taps == table.tap)


def _once(table: Cuts) -> Ints:
    """Outputs cut once."""
    return np.flatnonzero((table.taps == table.tap) & (table.outer == table.inner))


def _least(table: Cuts, read: Ints) -> Ints:
    """Ways to cut the outputs that hold and read least, taps cut once; of equal ones those that cut the outputs once.

    Cut twice, tiles of unequal sizes meet the padding: of 8 rows 3 + 2 + 3.
    """
    rows = _whole_taps(table)
    return rows[front(table.taps[rows], table.held[rows], 2 * read[rows] + (table.outers[rows] > 1))]


def _line_of(table: Cuts, tiles: Ints, rows: Ints) -> Ints:
    """For some rows the row of one outer tile whose inner tiles are so large, with as many taps; -1 where there is none."""
    lines = np.flatnonzero((table.taps == table.tap) & (table.outers == 1))
    span = int(table.outer.max()) + 1
    key = table.taps[lines] * span + table.inner[lines]
    order, wanted = np.argsort(key), table.taps[rows] * span + tiles[rows]
    place = np.minimum(np.searchsorted(key[order], wanted), len(key) - 1)
    found: Ints = np.where(key[order][place] == wanted, lines[order[place]], -1)
    return found


def _within_line(table: Cuts) -> Ints:
    """Outer tiles slide, and inner ones are cut of them where smaller ones would read more if they slid: with holes between the rows."""
    rows = _whole_taps(table)
    outer, inner = _line_of(table, table.outer, rows), _line_of(table, table.inner, rows)
    found: Ints = rows[(table.outer == table.inner)[rows] | (inner < 0) | (table.slid[outer] < table.slid[inner])]
    return found


FAMILIES = (
    Family(
        "weights, inputs, sums",
        "pq.held c.size", "pq.taps m.size c.size", "", "pq.read m.count", "", "pq.tap_tiles c.count",
        lambda t: _least(t, t.slid), lambda t: _least(t, t.fresh),
    ),
    Family(
        "sums, weights, inputs",
        "pq.held", "pq.taps m.size", "pq.outer m.size n.size", "pq.read m.count", "pq.outers n.count", "",
        lambda t: _line(t, _whole_taps(t)), lambda t: _strip(t, _whole_taps(t)),
    ),
    Family(
        "sums, inputs, weights",
        "pq.held n.size", "", "pq.outer m.size n.size", "pq.read m.count", "pq.inners n.count", "",
        _whole_taps, _once,
    ),
    Family(
        "inputs, sums, weights",
        "pq.held c.size n.size", "", "pq.inner n.size", "pq.read", "pq.inners n.count", "pq.tap_tiles c.count",
        _within_line, _whole_taps, whole=True,
    ),
    Family(
        "inputs, weights, sums",
        "pq.held c.size n.size", "pq.tap c.size", "", "pq.read", "pq.inners n.count", "pq.tap_visits c.count",
        _once, _once, whole=True, taps_below=True,
    ),
    Family(
        "weights, sums, inputs",
        "pq.held", "pq.taps m.size c.size", "pq.outer m.size", "pq.read m.count", "", "pq.tap_tiles c.count",
        lambda t: _line(t, _every(t)), lambda t: _strip(t, _every(t)),
    ),
)  # fmt: skip


def axes(nest: Nest, family: Family, along_q: bool) -> dict[str, Choices]:
    """What may be chosen along every axis that the family cuts."""
    used = {axis for product in family.factors for axis, _ in product}
    found = {name: sized(sizes(length), length) for name, length in (("m", nest.m), ("c", nest.c), ("n", nest.n)) if name in used}
    return found | {"p": _spatial(nest.p, family, not along_q), "q": _spatial(nest.q, family, along_q)}


@lru_cache(maxsize=256)
def _spatial(axis: Axis, family: Family, slides: bool) -> Choices:
    """The ways to cut a spatial axis: below a node those with the same tiles of taps, below that those with the same outer tile."""
    table = cuts(axis)
    rows = family.slid(table) if slides else family.cut(table)
    if slides and family.whole:
        line = _line_of(table, table.outer, rows)
        read, held = table.slid[line], table.held[line]
    elif slides:
        read, held = table.slid[rows], table.held[rows]
    elif family.whole:
        read, held = table.fresh[table.whole[rows]], table.held[table.whole[rows]]
    else:
        read, held = table.fresh[rows], table.held[rows]
    names = ("outer", "inner", "taps", "tap", "outers", "inners", "tap_tiles", "tap_visits")
    columns = {name: getattr(table, name)[rows] for name in names} | {"read": read, "held": held}
    if family.taps_below:
        columns = _cut_below(axis.taps, columns)
    columns = _sorted(columns)
    return Choices.under(columns, _runs(packed(columns["taps"], columns["tap"])))


def _sorted(columns: dict[str, Ints]) -> dict[str, Ints]:
    order = np.lexsort([columns[name] for name in ("inner", "outer", "tap", "taps")])
    return {name: column[order] for name, column in columns.items()}


def _runs(key: Ints) -> Ints:
    """Where runs of equal numbers begin."""
    return np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1])))


def _cut_below(taps: int, columns: dict[str, Ints]) -> dict[str, Ints]:
    """Every row with every way to cut its tiles of taps once more."""
    found = []
    for outer in tap_sizes(taps):
        rows = columns["taps"] == outer
        for inner in tap_sizes(outer):
            visits = taps // outer * -(-outer // inner) + -(-(taps % outer) // inner)
            part = {name: column[rows] for name, column in columns.items()}
            found.append(part | {"tap": np.full_like(part["tap"], inner), "tap_visits": np.full_like(part["tap"], visits)})
    return {name: np.concatenate([part[name] for part in found]) for name in columns}


def orientations(nest: Nest) -> tuple[bool, ...]:
    """Whether rows slide along q: both ways, but where one is the other."""
    return (False,) if nest.p == nest.q else (False, True)
