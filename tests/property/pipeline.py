"""Tiles through a double buffer, event by event: knows loads, MACs, stores and buffers, and no formula of the library's."""

from __future__ import annotations

from typing import Any, NamedTuple

from mappings import KNOWS, Small, above, split, walk


class Tile(NamedTuple):
    """A piece of an operand: which steps of the core work on it, what must come before them and leave after them."""

    operand: str
    first: int
    last: int
    load: Any
    store: Any


def run(work: list[Any], tiles: list[Tile], separate: bool = False) -> Any:
    """When the last byte has left. Each operand has two buffers; `separate`: stores have a bus of their own.

    The bus never waits while it could move something: what the core needs first goes first.
    """
    queues = {x: [t for t in tiles if t.operand == x] for x in {t.operand: None for t in tiles}}
    loaded = dict.fromkeys(queues, 0)  # tiles whose load has begun
    arrived: dict[tuple[str, int], Any] = {}  # when a load is done
    empty: dict[tuple[str, int], Any] = {}  # when a tile has left its buffer
    waiting: list[tuple[int, str, int]] = []  # stores: first step of the tile after next, operand, tile
    bus = [0, 0]
    done = now = 0
    position = 0
    need = [[(x, i) for x, q in queues.items() for i, t in enumerate(q) if t.first <= s <= t.last] for s in range(len(work))]

    def advance(limit: Any) -> bool:
        """Start one transfer, the most urgent that can start at `limit` or before."""
        ready = []
        for x, q in queues.items():
            i = loaded[x]
            if i < len(q) and (i < 2 or (x, i - 2) in empty):
                since = empty[x, i - 2] if i >= 2 else 0
                ready.append((max(bus[0], since) if q[i].load else since, q[i].first, 0, x, i))
        for first, x, i in waiting:
            ready.append((max(bus[int(separate)], ended[x, i]), first, 1, x, i))
        ready = [r for r in ready if r[0] <= limit]
        if not ready:
            return False
        start, _, kind, x, i = min(ready)
        if kind == 0:
            arrived[x, i] = start + queues[x][i].load
            bus[0] = arrived[x, i] if queues[x][i].load else bus[0]
            loaded[x] += 1
        else:
            lane = int(separate)
            bus[lane] = start + queues[x][i].store
            empty[x, i] = bus[lane]
            waiting.remove(next(w for w in waiting if w[1:] == (x, i)))
        return True

    ended: dict[tuple[str, int], Any] = {}
    infinity = float("inf")
    while position < len(work):
        while any(one not in arrived for one in need[position]):
            assert advance(infinity), "deadlock"
        start = max([now, *(arrived[one] for one in need[position])])
        while advance(start) and start < infinity:
            pass
        now = start + work[position]
        for x, i in need[position]:
            if queues[x][i].last == position:
                ended[x, i] = now
                if queues[x][i].store:
                    following = queues[x][i + 2].first if i + 2 < len(queues[x]) else len(work)
                    waiting.append((following, x, i))
                else:
                    empty[x, i] = now
        position += 1
    while waiting:
        advance(infinity)
    done = max(now, *bus)
    return done


def tiles_of(shape: Small, mapping: Any, widths: tuple[int, int, int, int]) -> tuple[list[int], list[Tile]]:
    """The steps of a mapping in MACs, and its tiles in bytes, by walking its loops."""
    ib, wb, ob, ab = widths
    loops = tuple(step for step in mapping if step[0] != "hold")
    place = {what: sum(1 for s in mapping[:i] if s[0] != "hold") for i, (word, what) in enumerate(mapping) if word == "hold"}
    steps = list(walk(shape, loops))
    macs = [_macs(shape, tile) for _, tile in steps]
    found: list[Tile] = []
    for x, depth in place.items():
        keep = len(above(x, loops[:depth]))
        slides = x == "inputs" and keep and loops[keep - 1][0] in "pq"
        begun: list[tuple[int, Any, Any]] = []
        for index, (at, _) in enumerate(steps):
            if not begun or begun[-1][1] != at[:keep]:
                begun.append((index, at[:keep], seen(shape, loops[:depth], at)))
        met: set[Any] = set()
        for k, (first, at, tile) in enumerate(begun):
            last = begun[k + 1][0] - 1 if k + 1 < len(begun) else len(steps) - 1
            load = store = 0
            if x == "sums":
                key = tuple((tile[d].start, tile[d].stop) for d in "npqm")
                size = shape.footprint(x, tile)
                load = ab * size if key in met else 0
                met.add(key)
                more = any(tuple((t[d].start, t[d].stop) for d in "npqm") == key for _, _, t in begun[k + 1 :])
                store = (ab if more else ob) * size
            else:
                size = shape.footprint(x, tile)
                if slides and k and begun[k - 1][1][:-1] == at[:-1]:
                    axis, taps = ("p", "r") if loops[keep - 1][0] == "p" else ("q", "s")
                    both = shape.line(axis, tile[axis], tile[taps]) & shape.line(axis, begun[k - 1][2][axis], begun[k - 1][2][taps])
                    full = len(shape.line(axis, tile[axis], tile[taps]))
                    size -= size * len(both) // full if full else 0
                load = (ib if x == "inputs" else wb) * size
            found.append(Tile(x, first, last, load, store))
    return macs, found


def seen(shape: Small, loops: Any, at: Any) -> dict[str, range]:
    """The tile within these loops at these turns."""
    tile = {d: range(getattr(shape, d)) for d in "nmcpqrs"}
    for (dim, size), index in zip(loops, at, strict=False):
        tile[dim] = split(tile[dim], size)[index]
    return tile


def _macs(shape: Small, tile: dict[str, range]) -> int:
    count = 1
    for d in KNOWS["sums"] + "crs":
        count *= len(tile[d])
    return count
