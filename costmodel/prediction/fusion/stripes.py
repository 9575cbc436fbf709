"""Row stripes: when every row of a group is made, how long it lives, and the most bytes live at once.

A group's last task makes its output in stripes of so many rows. In every stripe the tasks run in order; each makes the rows that
the tasks behind it need, and none twice. A row lives from when it is made or loaded to when the last task that needs it has run.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from costmodel.prediction.fusion.tasks import Tasks
from costmodel.prediction.fusion.weights import Weights

if TYPE_CHECKING:
    import numpy as np

    Rows = np.ndarray[Any, np.dtype[np.int64]]


MOST_TASKS = 32
"""A group has at most so many."""


class Stripes:
    """All groups that end with a task, in stripes of `height` rows of its output. Groups grow at the front.

    Attributes
    ----------
    count : int
        Stripes.
    first : int
        The first task of the group so far.
    """

    def __init__(self, tasks: Tasks, last: int, height: int) -> None:
        import numpy as np

        self.np = np
        self.tasks = tasks
        self.last = last
        self.height = height
        self.count = -(-tasks.tasks[last].rows // height)
        self.first = last + 1
        self._earliest = max(last + 1 - MOST_TASKS, 0)
        self._live: Rows = np.zeros((last + 1 - self._earliest, self.count), np.int64)
        """Bytes of the inner maps, those that no task behind the group needs, at every task from the earliest on and every stripe."""
        self._idle: Rows = np.zeros(self.count, np.int64)
        """Bytes of the inner maps before any task of the group runs in a stripe."""
        self._made: dict[int, Rows] = {}
        """For every task of the group its rows made before each stripe, and after the last."""
        self._needs: dict[tuple[int, int], tuple[Rows, Rows]] = {}
        """For a map and a reader: the first row needed from each stripe on, and at the end; the row after the last needed by its end."""
        self._weights: list[Weights] = []
        """Those of the tasks of the group, the last task first."""
        self._peaks: dict[tuple[int, ...], int] = {}
        self._streamed: dict[int, Rows] = {}

    def grow(self, first: int) -> None:
        """Let the group begin with task `first`."""
        while self.first > first:
            self.first -= 1
            self._add(self.first)
            self._peaks = {}

    @property
    def inner_bytes(self) -> int:
        """The most bytes of inner maps live at once: a group that begins earlier never has less."""
        return self.peak_bytes(())

    @property
    def weights(self) -> list[Weights]:
        """The weights of the group's tasks, each with the number of stripes in which the task makes a row, and so needs them."""
        return self._weights[::-1]

    def peak_bytes(self, streamed: tuple[int, ...]) -> int:
        """The most bytes live at once of inner maps and of the maps `streamed` row by row from or to DDR."""
        if streamed not in self._peaks:
            own = slice(self.first - self._earliest, None)
            live = self._live[own]
            for index in streamed:
                live = live + self._streamed_live(index)[own]
            self._peaks[streamed] = int(live.max())
        return self._peaks[streamed]

    def _streamed_live(self, index: int) -> Rows:
        """Bytes of a map that passes row by row, at every task from the earliest on and every stripe."""
        if index not in self._streamed:
            live = self.np.empty_like(self._live)
            for start, stop, rows in self._lives(index):
                live[max(start - self._earliest, 0) : stop - self._earliest] = rows
            self._streamed[index] = live
        return self._streamed[index]

    def _add(self, task: int) -> None:
        np, one = self.np, self.tasks.tasks[task]
        self._live[task - self._earliest] = self._idle
        self._made[task] = made = self._progress(task)
        self._weights.append(Weights(one.weight_bytes, int(np.count_nonzero(made[1:] > made[:-1]))))
        for read in one.reads:
            rows = self.tasks.maps[read.map].rows
            first = np.where(made >= made[-1], rows, np.clip(read.reach.first(made), 0, rows))
            end = np.where(made[1:] > 0, np.clip(read.reach.end(made[1:]), 0, rows), 0)
            if (read.map, task) in self._needs:
                other = self._needs[read.map, task]
                first, end = np.minimum(first, other[0]), np.maximum(end, other[1])
            self._needs[read.map, task] = first, end
            self._streamed.pop(read.map, None)
        for index in one.writes:
            self._streamed.pop(index, None)
            fmap = self.tasks.maps[index]
            if not fmap.consumers or fmap.consumers[-1] <= self.last:
                for start, stop, live in self._lives(index):
                    self._live[max(start, task) - self._earliest : stop - self._earliest] += live
                    if start < task:
                        self._idle = self._idle + live

    def _progress(self, task: int) -> Rows:
        """Rows that a task has made before each stripe, and by the end."""
        one = self.tasks.tasks[task]
        if task == self.last:
            paced: Rows = self.np.minimum(self.np.arange(self.count + 1, dtype=self.np.int64) * self.height, one.rows)
            return paced
        rows = self.tasks.maps[one.writes[0]].rows
        made: Rows = self._ends(one.writes[0], rows) * (one.rows // rows)
        return made

    def _readers(self, index: int) -> list[int]:
        return [task for task in self.tasks.maps[index].consumers if self.first <= task <= self.last]

    def _ends(self, index: int, rows: int) -> Rows:
        """Rows of a map that are made or loaded before each stripe, and by the end."""
        np, fmap, readers = self.np, self.tasks.maps[index], self._readers(index)
        if not readers:  # nothing in the group waits for it: an even pace
            even: Rows = -(-np.arange(self.count + 1, dtype=np.int64) * rows // self.count)
            return even
        ends: Rows = np.zeros(self.count + 1, np.int64)
        for task in readers:
            np.maximum(ends[1:], self._needs[index, task][1], out=ends[1:])
        if fmap.producer >= self.first and (fmap.is_output or fmap.consumers[-1] > self.last):
            ends[-1] = rows
        return ends

    def _lives(self, index: int) -> Iterator[tuple[int, int, Rows]]:
        """The bytes of a map that are live in every stripe, for spans of tasks (start, stop)."""
        np, fmap, readers = self.np, self.tasks.maps[index], self._readers(index)
        made_here = fmap.producer >= self.first
        born = fmap.producer if made_here else readers[0]
        ends = self._made[born] * fmap.rows // self.tasks.tasks[born].rows if made_here else self._ends(index, fmap.rows)
        before, after = ends[:-1], ends[1:]
        needed = {task: self._needs[index, task][0] for task in readers}

        def live(end: Rows, lows: list[Rows]) -> Rows:
            low = np.minimum.reduce(lows) if lows else end
            held: Rows = np.maximum(end - low, 0) * fmap.row_bytes
            return held

        lows = {task: low[:-1] for task, low in needed.items()}
        yield 0, born, live(before, [*lows.values()])
        yield born, born + 1, live(after, [*lows.values(), before] if made_here else [*lows.values()])
        at = born + 1
        for task in readers:
            if task >= at:
                yield at, task + 1, live(after, [*lows.values()])
                at = task + 1
            lows[task] = needed[task][1:]
        yield at, self.last + 1, live(after, [*lows.values()])
