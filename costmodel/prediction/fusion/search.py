"""The partition of a network into groups that moves the fewest bytes: dynamic programming over the cuts.

.. math:: f(j, s') = \\min_{i, s} f(i, s) + Q(i..j, s, s') \\quad \\text{where SRAM}(i..j, s, s') \\le S

A state s says which of the maps that cross a cut are on chip, whole; the others are in DDR.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

from costmodel.errors import FieldError
from costmodel.prediction.fusion.streams import LENGTH, Stream, stream
from costmodel.prediction.fusion.stripes import Stripes
from costmodel.prediction.fusion.tasks import Tasks
from costmodel.prediction.fusion.weights import Weights, keep

State = frozenset[int]
MOST_KEPT = 4
"""Where more maps cross a cut, only so many of them, the smallest, may stay on chip."""


class Group(NamedTuple):
    """Tasks from `first` up to `end`, run together."""

    first: int
    end: int
    mode: str
    """"rows": in row stripes. "channels": one hidden channel at a time."""
    height: int
    """Output rows of a stripe."""
    stripes: int
    kept: State
    """Maps held whole from beginning to end."""
    loaded: tuple[int, ...]
    """Maps read from DDR."""
    stored: tuple[int, ...]
    """Maps written to DDR."""
    weights: tuple[Weights, ...]
    """Of every task."""
    sram_bytes: int
    ddr_bytes: int


class _Best(NamedTuple):
    ddr_bytes: int
    groups: tuple[Group, ...]


def partition(tasks: Tasks, sram_bytes: int) -> tuple[Group, ...]:
    """The groups that move the fewest bytes within a capacity.

    Raises
    ------
    FieldError
        Where some task has no room for its rows, naming the least capacity that would do.
    """
    best: list[dict[State, _Best]] = [{} for _ in range(len(tasks) + 1)]
    best[0][frozenset()] = _Best(0, ())
    for end in range(1, len(tasks) + 1):
        _Ending(tasks, end, sram_bytes, best).search()
        if not best[end]:
            raise FieldError(
                f"a fused plan of {tasks.workload.network.name!r} needs at least {least_bytes(tasks)} B of SRAM, got {sram_bytes}: "
                f"{tasks.name(end - 1)!r} must hold the rows that it reads and one that it writes"
            )
    return best[-1][frozenset()].groups


def least_bytes(tasks: Tasks) -> int:
    """The least capacity that holds a plan: every task alone, one row at a time, all maps in DDR."""
    return max(_alone_bytes(tasks, task) for task in range(len(tasks)))


def _alone_bytes(tasks: Tasks, task: int) -> int:
    one = tasks.tasks[task]
    stripes = Stripes(tasks, task, 1 if len(one.writes) == 1 else one.rows)
    stripes.grow(task)
    return stripes.peak_bytes(tuple(_streamed(tasks, task, task + 1, frozenset())))


def _streamed(tasks: Tasks, first: int, end: int, kept: State) -> list[int]:
    """Maps that pass a group row by row: read, or written for a task behind it, and not held whole."""
    crossing = set(tasks.across[end])
    written = [index for index in tasks.writes(first, end) if index in crossing]
    return sorted(index for index in (*tasks.reads(first, end), *written) if index not in kept)


def heights(rows: int) -> list[int]:
    """Stripe heights: the least of each number of stripes, the lowest first."""
    return sorted({-(-rows // count) for count in range(1, rows + 1)})


class _Ending:
    """The groups that end before a cut."""

    def __init__(self, tasks: Tasks, end: int, sram_bytes: int, best: list[dict[State, _Best]]) -> None:
        self.tasks = tasks
        self.end = end
        self.sram_bytes = sram_bytes
        self.best = best
        self.found = best[end]
        self.last = tasks.tasks[end - 1]
        self.heights = heights(self.last.rows) if len(self.last.writes) == 1 else [self.last.rows]
        self.stripes: dict[int, Stripes | None] = {}

    def search(self) -> None:
        """Extend the best plans up to every earlier cut by one group."""
        floors = self._floors()
        for first in range(self.end - 1, -1, -1):
            alone = first == self.end - 1
            single = len(self.tasks.tasks[first].writes) == 1 and len(self.last.writes) == 1
            if not alone and not single:
                break
            rows_fit = self._grown(self.heights[0], first) is not None
            if rows_fit or self.end - first <= LENGTH:
                self._extend(first, rows_fit)
            elif self.end - first > LENGTH:
                break
            if all(state in self.found and self.found[state].ddr_bytes == floor for state, floor in floors.items()):
                break

    def _floors(self) -> dict[State, int]:
        """For every state that fits what no plan up to this cut can go below."""
        tasks, crossing = self.tasks, self.tasks.across[self.end]
        moved = sum(task.weight_bytes for task in tasks.tasks[: self.end])
        moved += sum(tasks.maps[index].n_bytes for index in tasks.reads(0, self.end))
        moved += sum(tasks.maps[index].n_bytes for index in tasks.writes(0, self.end) if tasks.maps[index].is_output)
        inner = [index for index in crossing if tasks.maps[index].producer >= 0 and not tasks.maps[index].is_output]
        return {
            state: moved + sum(tasks.maps[index].n_bytes for index in inner if index not in state)
            for state in _subsets(self._keepable(self.end))
            if self._held(state) <= self.sram_bytes
        }

    def _keepable(self, cut: int) -> list[int]:
        return sorted(self.tasks.across[cut], key=lambda index: (self.tasks.maps[index].n_bytes, index))[:MOST_KEPT]

    def _held(self, state: State) -> int:
        return sum(self.tasks.maps[index].n_bytes for index in state)

    def _grown(self, height: int, first: int) -> Stripes | None:
        """The stripes of a height from task `first` on; None where their inner maps alone don't fit, then or from a later task on."""
        if height not in self.stripes:
            self.stripes[height] = Stripes(self.tasks, self.end - 1, height)
        found = self.stripes[height]
        if found is not None:
            found.grow(first)
            if found.inner_bytes > self.sram_bytes:
                self.stripes[height] = found = None
        return found

    def _extend(self, first: int, rows_fit: bool) -> None:
        tasks, maps = self.tasks, self.tasks.maps
        reads, writes = tasks.reads(first, self.end), tasks.writes(first, self.end)
        weights = sum(task.weight_bytes for task in tasks.tasks[first : self.end])
        streamable = stream(tasks, first) if self.end - first == LENGTH else None
        for before, so_far in self.best[first].items():
            for after in self._states(first, before, reads, writes):
                kept = before | after
                loaded = tuple(index for index in reads if index not in before)
                stored = tuple(i for i in writes if maps[i].is_output or (i in tasks.across[self.end] and i not in after))
                moved = weights + sum(maps[index].n_bytes for index in (*loaded, *stored))
                known = self.found.get(after)
                budget = None if known is None else known.ddr_bytes - so_far.ddr_bytes - moved
                if (budget is not None and budget <= 0) or self._held(kept) > self.sram_bytes:
                    continue
                group = self._in_rows(first, kept, loaded, stored, moved, budget) if rows_fit else None
                if streamable and (group is None or group.ddr_bytes > moved):
                    group = self._in_channels(first, streamable, kept, loaded, stored, moved) or group
                if group is not None:
                    self.found[after] = _Best(so_far.ddr_bytes + group.ddr_bytes, (*so_far.groups, group))

    def _states(self, first: int, before: State, reads: list[int], writes: list[int]) -> Iterator[State]:
        """What may be on chip after the group: what was and is still needed, and any of what the group reads or writes."""
        crossing = set(self.tasks.across[self.end])
        stays = before & crossing
        keepable = self._keepable(self.end)
        if stays <= set(keepable):
            free = [index for index in keepable if index not in stays and (index in writes or index in reads)]
            for more in _subsets(free):
                yield stays | more

    def _in_rows(
        self, first: int, kept: State, loaded: tuple[int, ...], stored: tuple[int, ...], moved: int, budget: int | None
    ) -> Group | None:
        """The stripe height that moves the fewest bytes, the lowest of several."""
        tasks = self.tasks
        held = self._held(kept)
        streamed = tuple(_streamed(tasks, first, self.end, kept))
        found = None
        for height in self.heights if first < self.end - 1 else reversed(self.heights):
            stripes = self._grown(height, first)
            if stripes is None or (rows := stripes.peak_bytes(streamed)) + held > self.sram_bytes:
                continue
            room = self.sram_bytes - held - rows
            weights = keep([Weights(task.weight_bytes, n) for task, n in stripes.work()], room)
            again = sum(one.again_bytes for one in weights)
            if budget is None or again < budget:
                budget = again
                sram = held + rows + sum(one.held_bytes for one in weights)
                found = Group(first, self.end, "rows", height, stripes.count, kept, loaded, stored, weights, sram, moved + again)
            if not again:
                break
        return found

    def _in_channels(
        self, first: int, block: Stream, kept: State, loaded: tuple[int, ...], stored: tuple[int, ...], moved: int
    ) -> Group | None:
        """Hidden channels one at a time: all that is read is held whole, and the output as sums."""
        output = self.tasks.tasks[self.end - 1].writes[0]
        held = (kept | set(loaded)) - {output}
        sram = self._held(held) + block.sums + block.channel
        if sram > self.sram_bytes:
            return None
        weights = tuple(Weights(task.weight_bytes, 1) for task in self.tasks.tasks[first : self.end])
        return Group(first, self.end, "channels", self.last.rows, 1, held, loaded, stored, weights, sram, moved)


def _subsets(of: list[int]) -> Iterator[State]:
    return (frozenset(some) for size in range(len(of) + 1) for some in combinations(of, size))
