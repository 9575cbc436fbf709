"""What a mapping holds and moves, told by walking its loops: it knows the rules of the space and no formula of the library's.

A mapping is a list, outermost first, of loops `(dimension, tile size)` and of `("hold", operand)`, where an operand is held.
"""

import itertools
from functools import cache
from typing import NamedTuple

KNOWS = {"inputs": "ncpqrs", "weights": "mcrs", "sums": "npqm"}


class Small(NamedTuple):
    """A convolution: sizes of its loops, and for each spatial axis (input rows, stride, dilation, padding before, every)."""

    n: int
    m: int
    c: int
    p: int
    q: int
    r: int
    s: int
    rows: tuple[int, int, int, int, int]
    columns: tuple[int, int, int, int, int]

    def line(self, axis: str, p: range, r: range) -> frozenset[int]:
        """Stored rows (or columns) that these outputs meet through these taps."""
        size, stride, dilation, before, every = self.rows if axis == "p" else self.columns
        met = {i * stride + j * dilation - before for i in p for j in r}
        return frozenset(y // every for y in met if y % every == 0 and 0 <= y // every < size)

    def footprint(self, operand: str, tile: dict[str, range]) -> int:
        if operand == "inputs":
            lines = len(self.line("p", tile["p"], tile["r"])), len(self.line("q", tile["q"], tile["s"]))
            return len(tile["n"]) * len(tile["c"]) * lines[0] * lines[1]
        return _product(len(tile[d]) for d in KNOWS[operand])


def _product(numbers) -> int:
    out = 1
    for k in numbers:
        out *= k
    return out


def split(tile: range, size: int) -> list[range]:
    return [range(a, min(a + size, tile.stop)) for a in range(tile.start, tile.stop, size)]


def walk(shape: Small, loops: tuple[tuple[str, int], ...]):
    """Every iteration of these loops: the index of each loop and the tile of each dimension."""

    def inner(depth, at, tile):
        if depth == len(loops):
            yield at, tile
            return
        dim, size = loops[depth]
        for index, part in enumerate(split(tile[dim], size)):
            yield from inner(depth + 1, (*at, index), {**tile, dim: part})

    yield from inner(0, (), {d: range(getattr(shape, d)) for d in "nmcpqrs"})


def above(operand: str, loops: tuple[tuple[str, int], ...]) -> tuple[tuple[str, int], ...]:
    """The loops down to the innermost that the operand knows: further in, its buffer survives."""
    known = [i for i, (dim, _) in enumerate(loops) if dim in KNOWS[operand]]
    return loops[: known[-1] + 1] if known else ()


@cache
def reads(shape: Small, operand: str, loops: tuple[tuple[str, int], ...]) -> tuple[int, int]:
    """Elements that come on chip, and the most held: `loops` are those above the buffer, down to the innermost it knows."""
    slides = loops[-1][0] if loops and operand == "inputs" and loops[-1][0] in "pq" else None
    moved = most = 0
    before = None
    for at, tile in walk(shape, loops):
        now = shape.footprint(operand, tile)
        most = max(most, now)
        stays = 0
        if slides and before is not None and before[0][:-1] == at[:-1]:
            axis, taps = ("p", "r") if slides == "p" else ("q", "s")
            kept = shape.line(axis, tile[axis], tile[taps]) & shape.line(axis, before[1][axis], before[1][taps])
            full = len(shape.line(axis, tile[axis], tile[taps]))
            stays = now * len(kept) // full if full else 0
        moved += now - stays
        before = at, tile
    return moved, most


def cost(shape: Small, mapping, widths=(1, 1, 1, 1)) -> tuple[int, int]:
    """Bytes held and moved; `widths` are bytes of an input, a weight, an output and an unfinished sum."""
    ib, wb, ob, ab = widths
    held = moved = 0
    loops: tuple[tuple[str, int], ...] = ()
    for word, what in mapping:
        if word != "hold":
            loops = (*loops, (word, what))
            continue
        came, most = reads(shape, what, above(what, loops))
        if what == "sums":
            outputs = shape.n * shape.p * shape.q * shape.m
            held += ab * most
            moved += ob * outputs + 2 * ab * (came - outputs)
        else:
            held += (ib if what == "inputs" else wb) * most
            moved += (ib if what == "inputs" else wb) * came
    return held, moved


def simulate(shape: Small, mapping, widths=(1, 1, 1, 1)) -> tuple[int, int, int]:
    """Bytes held and moved and the MACs done, by running every iteration with buffers as sets of elements."""
    ib, wb, ob, ab = widths
    loops = tuple(step for step in mapping if step[0] != "hold")
    place = {}
    for i, (word, what) in enumerate(mapping):
        if word == "hold":
            place[what] = sum(1 for step in mapping[:i] if step[0] != "hold")
    prefix = {x: len(above(x, loops[:depth])) for x, depth in place.items()}
    buffers = {x: set() for x in place}
    since = dict.fromkeys(place)
    peak = dict.fromkeys(place, 0)
    progress: dict[tuple, int] = {}
    moved = macs = 0
    whole = shape.c * shape.r * shape.s

    def elements(x, tile):
        if x == "weights":
            return set(itertools.product(*(tile[d] for d in "mcrs")))
        if x == "sums":
            return set(itertools.product(*(tile[d] for d in "npqm")))
        lines = shape.line("p", tile["p"], tile["r"]), shape.line("q", tile["q"], tile["s"])
        return set(itertools.product(tile["n"], tile["c"], *lines))

    def leave(sums):
        return sum(ob if progress[o] == whole else ab for o in sums)

    for at, tile in walk(shape, loops):
        for x, depth in place.items():
            here = at[: prefix[x]]
            if since[x] == here:
                continue
            outer = dict(tile)  # the tile at the level of the buffer
            seen = {d: range(getattr(shape, d)) for d in "nmcpqrs"}
            for (dim, size), index in zip(loops[:depth], at, strict=False):
                seen[dim] = split(seen[dim], size)[index] if index < len(split(seen[dim], size)) else seen[dim]
            outer.update(seen)
            wanted = elements(x, outer)
            innermost = loops[prefix[x] - 1][0] if prefix[x] else None
            slides = x == "inputs" and innermost in ("p", "q") and since[x] is not None and since[x][:-1] == here[:-1]
            if x == "sums":
                moved += leave(buffers[x]) + sum(ab for o in wanted if progress.get(o, 0))
                for o in wanted:
                    progress.setdefault(o, 0)
            else:
                moved += (ib if x == "inputs" else wb) * len(wanted - buffers[x] if slides else wanted)
            buffers[x], since[x] = wanted, here
            peak[x] = max(peak[x], len(wanted))
        for n, p, q, m, c, r, s in itertools.product(*(tile[d] for d in "npqmcrs")):
            assert (n, p, q, m) in buffers["sums"]
            assert (m, c, r, s) in buffers["weights"]
            y, x = shape.line("p", range(p, p + 1), range(r, r + 1)), shape.line("q", range(q, q + 1), range(s, s + 1))
            for element in itertools.product((n,), (c,), y, x):
                assert element in buffers["inputs"]
                macs += 1
            progress[n, p, q, m] += 1
    moved += leave(buffers["sums"])
    assert len(progress) == shape.n * shape.p * shape.q * shape.m
    assert all(done == whole for done in progress.values())
    return ib * peak["inputs"] + wb * peak["weights"] + ab * peak["sums"], moved, macs


def space(shape: Small):
    """Every mapping: three operands in any order, each loop cut in any of three groups, loops of a group in any order."""
    dims = [d for d in "nmcpqrs" if getattr(shape, d) > 1]
    triples = [[t for t in itertools.product(range(1, getattr(shape, d) + 1), repeat=3) if t[0] >= t[1] >= t[2]] for d in dims]
    for sizes in itertools.product(*triples):
        groups = []
        for level in range(3):
            outside = [getattr(shape, d) if level == 0 else t[level - 1] for d, t in zip(dims, sizes, strict=True)]
            loops = [(d, t[level]) for d, t, k in zip(dims, sizes, outside, strict=True) if t[level] < k]
            groups.append(list(itertools.permutations(loops)))
        for g1, g2, g3 in itertools.product(*groups):
            for a, b, c in itertools.permutations(KNOWS):
                yield (*g1, ("hold", a), *g2, ("hold", b), *g3, ("hold", c))


def stairs(shape: Small, widths=(1, 1, 1, 1)) -> dict[int, int]:
    """The least moved at each number of bytes held, over the whole space."""
    best: dict[int, int] = {}
    for mapping in space(shape):
        held, moved = cost(shape, mapping, widths)
        if moved < best.get(held, moved + 1):
            best[held] = moved
    return best
