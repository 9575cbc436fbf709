r"""The partition of a network into groups that moves the fewest bytes: dynamic programming over the cuts.

.. math:: f(j, s') = \min_{i, s} f(i, s) + Q(i..j, s, s') \quad \text{where SRAM}(i..j, s, s') \le S

A state s says which of the maps that cross a cut are on chip, whole; the others are in DDR.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import combinations
from math import inf
from time import monotonic
from typing import Any, NamedTuple

from costmodel.prediction.fusion.alone import Alone, Tiling, alone, least_room, tile
from costmodel.prediction.fusion.streams import LENGTH, Stream, stream
from costmodel.prediction.fusion.stripes import MOST_TASKS, Stripes
from costmodel.prediction.fusion.tasks import Tasks
from costmodel.prediction.fusion.weights import Weights, again_bytes, keep

State = frozenset[int]
FREE_MAPS = 3
"""Where more maps cross a cut, only so many choose freely: the smallest beside all others in DDR, the largest beside all others on chip."""


class Group(NamedTuple):
    """Tasks from `first` up to `end`, run together."""

    first: int
    end: int
    mode: str
    """"rows": in row stripes. "channels": one hidden channel at a time. "tiles": one layer, as `tiling` says."""
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
    tiling: Tiling | None = None


class _Best(NamedTuple):
    ddr_bytes: int
    groups: tuple[Group, ...]


class _Striped(NamedTuple):
    """A group in stripes, as it was when the stripes had grown so far."""

    stripes: Stripes
    peak_bytes: int
    weights: list[Weights]
    again_bytes: int


class _TimeError(Exception):
    """The time limit has passed."""


def partition(
    tasks: Tasks, sram_bytes: int, below: float = inf, deadline: float = inf, tell: Callable[[str], Any] = str
) -> tuple[tuple[Group, ...] | None, bool]:
    """The groups that move the fewest bytes within a capacity, None where none moves less than `below`; and whether all was tried.

    A first search keeps all maps or none on chip, a second tries the lowest and the highest stripes alone. What they find bounds the
    third, which tries everything. The first has no deadline.
    """
    if not len(tasks):
        return (), True
    found = None
    for free_maps, every_height in ((0, False), (FREE_MAPS, False), (FREE_MAPS, True)):
        if below <= tasks.rest_bytes(0, frozenset()):
            break
        try:
            groups = _search(tasks, sram_bytes, every_height, below, free_maps, deadline if free_maps else inf, tell)
        except _TimeError:
            return found, False
        if groups:
            found, below = groups, sum(group.ddr_bytes for group in groups)
    return found, True


def _search(
    tasks: Tasks, sram_bytes: int, every_height: bool, below: float, free_maps: int, deadline: float, tell: Callable[[str], Any]
) -> tuple[Group, ...] | None:
    best: list[dict[State, _Best]] = [{} for _ in range(len(tasks) + 1)]
    best[0][frozenset()] = _Best(0, ())
    for end in range(1, len(tasks) + 1):
        tell(f"fusing {tasks.workload.network.name}: layer {end} of {len(tasks)}" + (f", {below:,} B so far" if below < inf else ""))
        _Ending(tasks, end, sram_bytes, best, every_height, below, free_maps, deadline).search()
    return best[-1][frozenset()].groups if best[-1] else None


def least_bytes(tasks: Tasks) -> tuple[int, str]:
    """The least capacity that holds every task alone, a row at a time or tiled, with all maps in DDR; and the task that needs it."""
    return max(((_alone_bytes(tasks, task), tasks.name(task)) for task in range(len(tasks))), default=(0, ""))


def _alone_bytes(tasks: Tasks, task: int) -> int:
    one = tasks.tasks[task]
    stripes = Stripes(tasks, task, 1 if len(one.writes) == 1 else one.rows)
    stripes.grow(task)
    rows = stripes.peak_bytes(tuple(_streamed(tasks, task, task + 1, frozenset())))
    tileable = alone(tasks, task)
    return rows if tileable is None else min(rows, least_room(tileable))


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

    def __init__(
        self, tasks: Tasks, end: int, sram_bytes: int, best: list[dict[State, _Best]], every_height: bool, below: float,
        free_maps: int, deadline: float,
    ) -> None:  # fmt: skip
        self.tasks = tasks
        self.end = end
        self.sram_bytes = sram_bytes
        self.best = best
        self.found = best[end]
        self.last = tasks.tasks[end - 1]
        self.heights = heights(self.last.rows) if len(self.last.writes) == 1 else [self.last.rows]
        if not every_height:
            self.heights = sorted({self.heights[0], self.heights[-1]})
        self.crossing = frozenset(tasks.across[end])
        self.rest = {state: tasks.rest_bytes(end, state) for state in _states(tasks, end, free_maps)}
        self.below = below
        self.deadline = deadline
        self._rows: dict[tuple[int, State], _Striped | None] = {}
        self._fitting: dict[State, tuple[int, list[tuple[Stripes, int]]]] = {}
        self.alone = alone(tasks, end - 1)
        self.stripes: dict[int, Stripes | None] = {}

    def search(self) -> None:
        """Extend the best plans up to every earlier cut by one group."""
        floors = self._floors()
        for first in range(self.end - 1, max(self.end - MOST_TASKS, 0) - 1, -1):
            if monotonic() > self.deadline:
                raise _TimeError
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
        tasks = self.tasks
        moved = sum(task.weight_bytes for task in tasks.tasks[: self.end])
        moved += sum(tasks.maps[index].least_bytes for index in tasks.reads(0, self.end))
        moved += self._held(index for index in tasks.writes(0, self.end) if tasks.maps[index].is_output)
        inner = {index for index in self.crossing if tasks.maps[index].producer >= 0 and not tasks.maps[index].is_output}
        return {state: moved + self._held(inner - state) for state in self.rest if self._held(state) <= self.sram_bytes}

    def _held(self, maps: Iterable[int]) -> int:
        return sum([self.tasks.maps[index].n_bytes for index in maps])

    def _grown(self, height: int, first: int) -> Stripes | None:
        """The stripes of a height from task `first` on; None where their inner maps alone don't fit, then or from a later task on."""
        if height not in self.stripes:
            self.stripes[height] = Stripes(self.tasks, self.end - 1, height)
        found = self.stripes[height]
        if found is not None and found.first > first:
            found.grow(first)
            if found.inner_bytes > self.sram_bytes:
                self.stripes[height] = found = None
        return found

    def _fit(self, first: int, after: State) -> list[tuple[Stripes, int]]:
        """The stripes in which a group from `first` on may leave the maps `after` whole, with the bytes that its own rows take.

        What it reads and does not make is left out. A height that has no room has none from an earlier task on: rows live as long, and
        those of more maps join them.
        """
        at, fitting = self._fitting.get(after, (self.end, None))
        if fitting is None or (fitting and at > first):
            heights = self.heights if fitting is None else [stripes.height for stripes, _ in fitting]
            crossing = self.crossing - after
            rows = tuple(index for index in self.tasks.writes(first, self.end) if index in crossing)
            room = self.sram_bytes - self._held(after)
            grown = [stripes for height in heights if (stripes := self._grown(height, first)) is not None]
            fitting = [(stripes, peak) for stripes in grown if (peak := stripes.peak_bytes(rows)) <= room]
            self._fitting[after] = first, fitting
        return fitting

    def _extend(self, first: int, rows_fit: bool) -> None:
        """Extend the best plans up to `first` by the group from there to the end."""
        tasks, maps = self.tasks, self.tasks.maps
        reads, writes = tasks.reads(first, self.end), tasks.writes(first, self.end)
        always = sum(task.weight_bytes for task in tasks.tasks[first : self.end])
        always += sum(maps[index].n_bytes for index in writes if maps[index].is_output)
        inner = {index for index in writes if index in self.crossing and not maps[index].is_output}
        free = self.crossing & {*reads, *writes}
        choices: dict[State, list[State]] = {}
        streamable = stream(tasks, first) if self.end - first == LENGTH else None
        tileable = self.alone if first == self.end - 1 else None
        for state in self.rest:
            if streamable or tileable or self._fitting.get(state, (0, True))[1]:
                choices.setdefault(state - free, []).append(state)
        spare = sum(maps[index].n_bytes - maps[index].least_bytes for index in tileable.own) if tileable else 0
        for before, so_far in self.best[first].items():
            stays = before & self.crossing
            loaded = tuple(index for index in reads if index not in before)
            base = always + self._held(loaded)
            for after in choices.get(stays - free, ()):
                if not stays <= after:
                    continue
                moved = base + self._held(inner - after)
                limit = self.below - self.rest[after]
                if after in self.found:
                    limit = min(limit, self.found[after].ddr_bytes)
                budget = limit - so_far.ddr_bytes - moved
                if budget + spare <= 0 or self._held(before | after) > self.sram_bytes:
                    continue
                stored = tuple(index for index in writes if maps[index].is_output or index in inner - after)
                group = self._in_rows(first, before | after, loaded, stored, moved, budget) if rows_fit and budget > 0 else None
                if streamable and budget > 0 and (group is None or group.ddr_bytes > moved):
                    group = self._in_channels(first, streamable, before | after, loaded, stored, moved) or group
                if tileable and tileable.own <= set(loaded):
                    group = self._in_tiles(tileable, before | after, loaded, stored, group.ddr_bytes if group else budget + moved) or group
                if group is not None:
                    self.found[after] = _Best(so_far.ddr_bytes + group.ddr_bytes, (*so_far.groups, group))

    def _in_rows(
        self, first: int, kept: State, loaded: tuple[int, ...], stored: tuple[int, ...], moved: int, budget: float
    ) -> Group | None:
        """In stripes; None where weights that are read again move no less than the budget."""
        if (first, kept) not in self._rows:
            self._rows[first, kept] = self._striped(first, kept)
        found = self._rows[first, kept]
        if found is None or found.again_bytes >= budget:
            return None
        stripes, held = found.stripes, self._held(kept) + found.peak_bytes
        weights = keep(found.weights, self.sram_bytes - held)
        sram, ddr = held + sum(one.held_bytes for one in weights), moved + found.again_bytes
        return Group(first, self.end, "rows", stripes.height, stripes.count, kept, loaded, stored, weights, sram, ddr)

    def _striped(self, first: int, kept: State) -> _Striped | None:
        """The stripe height that reads the fewest weights again, the lowest of several."""
        held = self._held(kept)
        streamed = tuple(_streamed(self.tasks, first, self.end, kept))
        found = None
        fitting = self._fit(first, kept & self.crossing)
        for stripes, own in fitting if first < self.end - 1 else reversed(fitting):
            if own + held > self.sram_bytes or (rows := stripes.peak_bytes(streamed)) + held > self.sram_bytes:
                continue
            again = again_bytes(stripes.weights, self.sram_bytes - held - rows)
            if found is None or again < found.again_bytes:
                found = _Striped(stripes, rows, stripes.weights, again)
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

    def _in_tiles(self, one: Alone, kept: State, loaded: tuple[int, ...], stored: tuple[int, ...], limit: float) -> Group | None:
        """The last task alone in tiles, its own maps in DDR before and after; None where that moves no less than the limit."""
        others = sum(self.tasks.maps[index].n_bytes for index in loaded if index not in one.own)
        if one.own & kept or stored != self.last.writes or kept & set(stored) or one.least_bytes + others >= limit:
            return None
        held = self._held(kept)
        tiling = tile(self.tasks, one, loaded, self.sram_bytes - held)
        if tiling is None or tiling.ddr_bytes >= limit:
            return None
        weights = (Weights(self.last.weight_bytes, 1),)
        sram = held + tiling.plan.held_bytes
        return Group(self.end - 1, self.end, "tiles", self.last.rows, 1, kept, loaded, stored, weights, sram, tiling.ddr_bytes, tiling)


def _states(tasks: Tasks, cut: int, free_maps: int) -> set[State]:
    """Which maps may be on chip at a cut: any, as long as only a few cross it."""
    crossing = sorted(tasks.across[cut], key=lambda index: (tasks.maps[index].n_bytes, index))
    everything = frozenset(crossing)
    some = set(_subsets(crossing[:free_maps]))
    return some | {everything - left for left in _subsets(crossing[len(crossing) - min(free_maps, len(crossing)) :])}


def _subsets(of: list[int]) -> Iterator[State]:
    return (frozenset(some) for size in range(len(of) + 1) for some in combinations(of, size))
