"""Addresses for buffers of known lifetimes, so that no two that are held at once overlap, in an arena as low as can be found.

Every greedy order is one that a deployed allocator uses; each places a buffer at the lowest address that is free through its life.
A search then goes on from the best. Whatever comes out, `overlaps` looks at the result alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple


class Rectangle(NamedTuple):
    """A buffer in time (half open: `lower` is its first step, `upper` the one after its last) and its size."""

    name: str
    lower: int
    upper: int
    n_bytes: int


class Arena(NamedTuple):
    """Where every rectangle lies."""

    rectangles: tuple[Rectangle, ...]
    offsets: tuple[int, ...]
    found_by: str
    """The greedy order, or the search, that found it."""

    @property
    def height_bytes(self) -> int:
        """What the arena takes."""
        return max((offset + r.n_bytes for offset, r in zip(self.offsets, self.rectangles, strict=True)), default=0)

    @property
    def lower_bound_bytes(self) -> int:
        """The most bytes held at once: no arena is lower."""
        return load(self.rectangles)

    @property
    def gap(self) -> float:
        """How far the height is above the lower bound, as a fraction."""
        return self.height_bytes / self.lower_bound_bytes - 1 if self.rectangles else 0.0


def load(rectangles: Sequence[Rectangle]) -> int:
    """The most bytes held at once."""
    change: dict[int, int] = {}
    for r in rectangles:
        change[r.lower] = change.get(r.lower, 0) + r.n_bytes
        change[r.upper] = change.get(r.upper, 0) - r.n_bytes
    held = most = 0
    for at in sorted(change):
        held += change[at]
        most = max(most, held)
    return most


def overlaps(rectangles: Sequence[Rectangle], offsets: Sequence[int]) -> list[tuple[str, str]]:
    """The names of every two rectangles that overlap in time and address; one below address 0 overlaps with itself."""
    found = []
    held: list[tuple[Rectangle, int]] = []
    for a, at_a in sorted(zip(rectangles, offsets, strict=True), key=lambda placed: placed[0].lower):
        if at_a < 0:
            found.append((a.name, a.name))
        if a.lower >= a.upper or a.n_bytes == 0:
            continue
        held = [(b, at_b) for b, at_b in held if b.upper > a.lower]
        found += [(b.name, a.name) for b, at_b in held if at_a < at_b + b.n_bytes and at_b < at_a + a.n_bytes]
        held.append((a, at_a))
    return found


class _Group(NamedTuple):
    """Rectangles that share an address: one, or several of which each takes the place of the one before."""

    lower: int
    life: int
    size: int
    area: int
    rivals: tuple[tuple[int, int, int], ...]
    """What is held at the same time: another group, the size of its rectangle there and that of ours."""


ORDERS: dict[str, Callable[[_Group], tuple[int, ...]]] = {
    "largest first (TFLM, TVM)": lambda g: (-g.size, g.lower),
    "most conflicts first (TVM)": lambda g: (-len(g.rivals), -g.size),
    "first come (Vela)": lambda g: (g.lower, -g.size),
    "largest area first": lambda g: (-g.area, g.lower),
    "longest life first": lambda g: (-g.life, -g.size),
}
"""The greedy orders by name: what is placed first ranks lowest."""


def allocate(
    rectangles: Sequence[Rectangle],
    together: Sequence[tuple[int, int]] = (),
    *,
    time_limit_s: float = 10.0,
    seed: int = 0,
    report: Callable[[int, int], None] = lambda height, bound: None,
) -> Arena:
    """The lowest arena found: the best greedy order, then the search, until the lower bound is met or time runs out.

    `together` are pairs of rectangles that must share an address, the second after the first. `report` is told the heights found and
    the bound.
    """
    deadline = time.monotonic() + time_limit_s
    leader = _leaders(len(rectangles), together)
    groups = _groups(rectangles, leader)
    bound = load(rectangles)
    if not rectangles:
        return Arena((), (), "nothing to place")
    tries = [_Try.of(groups, sorted(range(len(groups)), key=lambda i: rank(groups[i])), name) for name, rank in ORDERS.items()]
    best = min(tries, key=lambda one: one.height)
    if best.height > bound:
        from costmodel.prediction.packing import lower_arena

        found = lower_arena(rectangles, leader, best.height, bound, deadline, seed, lambda height: report(height, bound))
        best = best if found is None else best._replace(offsets=found, found_by="search")
    arena = Arena(tuple(rectangles), tuple(best.offsets[group] for group in leader), best.found_by)
    if wrong := overlaps(arena.rectangles, arena.offsets):
        raise AssertionError(f"tensors {wrong[0][0]!r} and {wrong[0][1]!r} overlap; please report this")
    return arena


class _Try(NamedTuple):
    """Where an order of placing puts the groups."""

    offsets: list[int]
    height: int
    found_by: str

    @classmethod
    def of(cls, groups: Sequence[_Group], order: list[int], found_by: str) -> _Try:
        """Place the groups in that order."""
        offsets = _place(groups, order)
        height = max((offset + group.size for offset, group in zip(offsets, groups, strict=True)), default=0)
        return cls(offsets, height, found_by)


def _groups(rectangles: Sequence[Rectangle], leader: Sequence[int]) -> list[_Group]:
    """The groups, by their numbers; `leader` says which of them every rectangle is in."""
    members: dict[int, list[Rectangle]] = {}
    rivals: dict[int, list[tuple[int, int, int]]] = {}
    held: list[int] = []
    for index in sorted(range(len(rectangles)), key=lambda i: rectangles[i].lower):
        own, r = leader[index], rectangles[index]
        members.setdefault(own, []).append(r)
        mine = rivals.setdefault(own, [])
        held = [i for i in held if rectangles[i].upper > r.lower]
        for other in held:
            if leader[other] != own:
                mine.append((leader[other], rectangles[other].n_bytes, r.n_bytes))
                rivals[leader[other]].append((own, r.n_bytes, rectangles[other].n_bytes))
        if r.upper > r.lower:
            held.append(index)
    found = []
    for own in range(len(members)):
        same = members[own]
        lower, upper = min(r.lower for r in same), max(r.upper for r in same)
        area = sum(r.n_bytes * (r.upper - r.lower) for r in same)
        found.append(_Group(lower, upper - lower, max(r.n_bytes for r in same), area, tuple(dict.fromkeys(rivals[own]))))
    return found


def _leaders(n: int, together: Sequence[tuple[int, int]]) -> list[int]:
    """For every rectangle the number of its group."""
    first = list(range(n))

    def find(index: int) -> int:
        while first[index] != index:
            index = first[index]
        return index

    for a, b in together:
        first[find(b)] = find(a)
    number: dict[int, int] = {}
    return [number.setdefault(find(index), len(number)) for index in range(n)]


def _place(groups: Sequence[_Group], order: Sequence[int]) -> list[int]:
    """The lowest free address for one group after another."""
    offsets = [-1] * len(groups)
    for index in order:
        taken = [(at - ours, at + theirs) for other, theirs, ours in groups[index].rivals if (at := offsets[other]) >= 0]
        taken.sort()
        lowest = 0
        for above, end in taken:
            if lowest <= above:
                break
            if end > lowest:
                lowest = end
        offsets[index] = lowest
    return offsets
