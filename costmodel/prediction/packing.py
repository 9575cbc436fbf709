"""A search for a lower arena: dives from the bottom up under a height to be kept, each with other preferences.

The idea is that of MiniMalloc (Moffitt, ASPLOS 2023). A dive places one item after another at its lowest place above what is placed.
Time falls into sections between which nothing begins or ends. In a section, what is still to be placed lies above the lowest place of
any of it; where that and its load exceed the height, the dive went wrong. The next item is the one that would end lowest, or one in its
way that would begin below that end: another choice only leaves a hole. A level dive places items by rising address throughout, so that
all that is to come lies above the last; others do so only among items held at the same time. From a dead end the dive goes back to the
last item whose time meets the section that failed. Items that fail often are preferred in later dives.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from costmodel.prediction.arena import Rectangle

Window = tuple[int, int]
"""Sections from the first to the one after the last; empty where the first is not below the second."""

FAR = 1 << 60
NOWHERE: Window = (FAR, -1)


def lower_arena(
    rectangles: Sequence[Rectangle],
    leader: Sequence[int],
    height: int,
    bound: int,
    deadline: float,
    seed: int,
    report: Callable[[int], None],
) -> list[int] | None:
    """Addresses of items below `height`, the lowest found in time; None where there are none. Items are numbered by `leader`."""
    packing = _Packing(rectangles, leader)
    rng = np.random.default_rng(seed)
    best = None
    went_well = False
    while height > bound and time.monotonic() < deadline:
        if not went_well:
            rank, level = packing.preferences(rng), bool(rng.random() < 0.5)
            budget = 2 * packing.size.size + min(int(2000 * rng.pareto(1)), 50_000)
        cap = bound + int((height - 1 - bound) * rng.choice([0, 0.3, 0.6, 0.8, 0.95]))
        found = packing.dive(rank, level, cap, budget, deadline)
        went_well = found is not None
        if found is not None:
            best, height = found.tolist(), int((found + packing.size).max())
            report(height)
    return best


class _Level:
    """What was placed, what it changed, what may be tried next, and the window of the failures seen above it."""

    __slots__ = ("choices", "item", "lowest", "window")

    def __init__(self, item: int, lowest: Any, choices: list[int], window: Window) -> None:
        self.item = item
        self.lowest = lowest
        self.choices = choices
        self.window = window


class _Packing:
    """Items and sections as arrays."""

    def __init__(self, rectangles: Sequence[Rectangle], leader: Sequence[int]) -> None:
        n = max(leader) + 1
        edges = sorted({r.lower for r in rectangles} | {r.upper for r in rectangles})
        held: list[dict[int, int]] = [{} for _ in range(n)]
        for r, item in zip(rectangles, leader, strict=True):
            for section in range(edges.index(r.lower), edges.index(r.upper)):
                held[item][section] = max(held[item].get(section, 0), r.n_bytes)
        used = sorted({section for sizes in held for section in sizes})
        number = {section: index for index, section in enumerate(used)}
        self.items = np.array([item for item in range(n) if held[item]])
        self.sections = [np.array([number[s] for s in sorted(held[i])]) for i in self.items]
        self.sizes = [np.array([held[i][s] for s in sorted(held[i])]) for i in self.items]
        self.all = n
        self.size = np.array([sizes.max() for sizes in self.sizes])
        self.first = np.array([s[0] for s in self.sections])
        self.end = np.array([s[-1] + 1 for s in self.sections])
        self.load = np.zeros(len(used), dtype=np.int64)
        members: list[list[int]] = [[] for _ in used]
        table = np.zeros((len(self.items), len(used)), dtype=np.int64)
        for index, (sections, sizes) in enumerate(zip(self.sections, self.sizes, strict=True)):
            self.load[sections] += sizes
            table[index, sections] = sizes
            for section in sections:
                members[section].append(index)
        self.members = [np.array(m) for m in members]
        self.flat = np.concatenate(self.members)
        self.starts = np.concatenate([[0], np.cumsum([len(m) for m in members])[:-1]]).astype(int)
        self.rivals: list[Any] = []
        self.over: list[Any] = []
        for index, sections in enumerate(self.sections):
            meets: Any = (table[:, sections] > 0).any(axis=1)
            meets[index] = False
            rivals = np.nonzero(meets)[0]
            self.rivals.append(rivals)
            self.over.append(((table[np.ix_(rivals, sections)] > 0) * self.sizes[index]).max(axis=1, initial=0))
        width = np.array([sum(edges[used[s] + 1] - edges[used[s]] for s in sections) for sections in self.sections])
        total = np.array([self.load[sections].max() for sections in self.sections])
        life = np.array([len(sections) for sections in self.sections])
        self.keys = ((width,), (total, width), (width * self.size,), (life,), (total, width * self.size))
        self.failed = np.zeros(len(self.items))

    def preferences(self, rng: np.random.Generator) -> list[int]:
        """The rank of every item: a known order with noise, or with what failed often first."""
        spread = rng.choice([0, 0.1, 0.3])
        chosen = self.keys[rng.integers(len(self.keys))]
        keys = [key * np.exp(rng.normal(size=key.size) * spread) for key in chosen]
        if rng.random() < 0.3 and self.failed.any():
            keys = [keys[-1] * (1 + self.failed / self.failed.mean())]
            self.failed *= 0.9
        elif len(keys) > 1 and rng.random() < 0.5:
            keys[0] = np.round(4 * np.log(keys[0]))
        order = np.lexsort([-key for key in reversed(keys)])
        rank = np.empty(order.size, dtype=int)
        rank[order] = np.arange(order.size)
        return list(rank.tolist())

    def dive(self, rank: list[int], level_dive: bool, cap: int, budget: int, deadline: float) -> Any:
        """Addresses of all items below `cap`, or None where `budget` items were placed in vain."""
        n = self.size.size
        left, load = np.ones(n, dtype=bool), self.load.copy()
        lowest, offsets = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
        choices, window = self.choices(lowest, left, load, rank, cap, 0 if level_dive else None)
        levels = [_Level(-1, lowest, choices, window)]
        while levels:
            level = levels[-1]
            if not level.choices:
                levels.pop()
                if levels:
                    self.undo(level, levels[-1], lowest, left, load)
                continue
            item = level.choices.pop()
            at, sections = int(lowest[item]), self.sections[item]
            if at + load[sections].max() > cap:
                level.window = _joined(level.window, (self.first[item], self.end[item]))
                continue
            budget -= 1
            if budget < 0 or (not budget % 256 and time.monotonic() > deadline):
                return None
            rivals = self.rivals[item]
            before = lowest[rivals]
            lowest[rivals] = np.maximum(before, at + self.over[item])
            load[sections] -= self.sizes[item]
            left[item] = False
            offsets[item] = at
            if len(levels) == n:
                found = np.zeros(self.all, dtype=np.int64)
                found[self.items] = offsets
                return found
            levels.append(_Level(item, before, *self.choices(lowest, left, load, rank, cap, at if level_dive else None)))
        return None

    def choices(self, lowest: Any, left: Any, load: Any, rank: list[int], cap: int, last: int | None) -> tuple[list[int], Window]:
        """What may be placed next, the last first; or nothing, and the window of the section that fails.

        A level dive says where the item before lies, `last`.
        """
        at = np.where(left, lowest if last is None else np.maximum(lowest, last), FAR)
        floor = np.minimum.reduceat(at[self.flat], self.starts)
        over = np.nonzero((floor + load > cap) & (load > 0))[0]
        if over.size:
            failing = self.members[over[0]]
            failing = failing[left[failing]]
            self.failed[failing] += 1 / failing.size
            return [], (int(self.first[failing].min()), int(self.end[failing].max()))
        ends = at + self.size
        first = int(ends.argmin())
        rivals = self.rivals[first]
        if last is None:
            found: list[int] = [first, *rivals[at[rivals] < ends[first]].tolist()]
        else:
            found = np.nonzero((at < ends[first]) & (lowest >= last))[0].tolist()
        return sorted(found, key=lambda item: (lowest[item], rank[item]), reverse=True), NOWHERE

    def undo(self, level: _Level, below: _Level, lowest: Any, left: Any, load: Any) -> None:
        """Take back what a level placed; where it has nothing to do with the failures above, what else was to be tried goes too."""
        item, window = level.item, level.window
        lowest[self.rivals[item]] = level.lowest
        load[self.sections[item]] += self.sizes[item]
        left[item] = True
        if window[0] < window[1] and (self.first[item] >= window[1] or self.end[item] <= window[0]):
            below.choices, below.window = [], window
        else:
            below.window = _joined(below.window, window)


def _joined(a: Window, b: Window) -> Window:
    return min(a[0], b[0]), max(a[1], b[1])
