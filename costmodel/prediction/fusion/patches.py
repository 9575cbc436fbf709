"""Recomputed halos: the output of the first layers in patches, each from its own piece of the picture, nothing kept in between.

What neighbouring patches share is read and computed again. From the output backwards a layer with kernel R, stride T and dilation D
needs an extent of

.. math:: e_{l-1} = (e_l - 1) T + (R - 1) D + 1

rows, and columns likewise, less what lies outside the map.
"""

from __future__ import annotations

from itertools import product
from typing import Any, NamedTuple

from costmodel.errors import FieldError, NetworkError, UnknownNameError
from costmodel.prediction.fusion.reach import ROW_AXIS, rows_of
from costmodel.prediction.fusion.tasks import Tasks
from costmodel.tables import Column, Table, Tabled

Extent = tuple[int, int]
"""From a row or column up to another."""


class Patch(NamedTuple):
    """A patch of the output, and what it takes."""

    extents: tuple[tuple[Extent, Extent], ...]
    """Rows and columns of every map, by its number; (0, 0) where it has no part."""
    macs: int
    live_bytes: int
    """The most bytes of the patch's maps held at once."""


class PatchPlan(Tabled):
    """The layers up to one of them, run patch by patch. Made by `costmodel.patches`.

    Attributes
    ----------
    grid : tuple of int
        Patches along height and width; (n, 1) are stripes with recomputed halos.
    patches : tuple of Patch
        Row by row.
    """

    def __init__(self, tasks: Tasks, end: int, grid: tuple[int, int]) -> None:
        self.tasks = tasks
        self.end = end
        self.grid = grid
        self._output = tasks.tasks[end - 1].writes[0]
        rows, columns = (self._cuts(axis, count) for axis, count in zip((ROW_AXIS, ROW_AXIS + 1), grid, strict=True))
        by_rows, by_columns = ([self._extents(cut, axis) for cut in cuts] for axis, cuts in ((ROW_AXIS, rows), (ROW_AXIS + 1, columns)))
        self.patches = tuple(self._patch(high, wide) for high, wide in product(by_rows, by_columns))

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers that run patch by patch."""
        return tuple(self.tasks.name(task) for task in range(self.end))

    @property
    def mode(self) -> str:
        """How it runs: "patches", or "recomputed" where they are full-width stripes."""
        return "patches" if self.grid[1] > 1 else "recomputed"

    @property
    def input_patch(self) -> tuple[int, int, int]:
        """Channels, rows and columns of the largest piece of the picture, what lies on padding left out."""
        shape = self._shape(0)
        high, wide = (max(patch.extents[0][axis][1] - patch.extents[0][axis][0] for patch in self.patches) for axis in (0, 1))
        return shape[1], high, wide

    @property
    def macs(self) -> int:
        """MACs of all patches. [MAC]"""
        return sum(patch.macs for patch in self.patches)

    @property
    def macs_once(self) -> int:
        """MACs of these layers where nothing is computed twice. [MAC]"""
        return sum(self._macs(task) for task in range(self.end))

    @property
    def recompute_macs(self) -> int:
        """MACs done more than once. [MAC]"""
        return self.macs - self.macs_once

    @property
    def weight_bytes(self) -> int:
        """Bytes of the weights of these layers. [B]"""
        return sum(task.weight_bytes for task in self.tasks.tasks[: self.end])

    @property
    def sram_bytes(self) -> int:
        """The most bytes held at once: a patch's maps beside the whole output; weights stream. [B]"""
        return max(patch.live_bytes for patch in self.patches) + self.tasks.maps[self._output].n_bytes

    @property
    def ddr_bytes(self) -> int:
        """Pieces of the picture with their halos, and the weights for every patch; the output stays on chip. [B]"""
        inputs = sum(self._bytes(index, patch) for patch in self.patches for index in self.tasks.reads(0, self.end))
        return inputs + self.weight_bytes * len(self.patches)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values; patches by the largest extent of every layer's map."""
        return {
            "schema": 1,
            "network": self.tasks.workload.network.name,
            "mode": self.mode,
            "grid": list(self.grid),
            "patches": len(self.patches),
            "input_patch": list(self.input_patch),
            "macs": self.macs,
            "macs_once": self.macs_once,
            "recompute_macs": self.recompute_macs,
            "sram_bytes": self.sram_bytes,
            "ddr_bytes": self.ddr_bytes,
            "weight_bytes": self.weight_bytes,
            "layers": [dict(row) for row in self.table().rows],
        }

    def table(self) -> Table:
        """One row a layer: its largest extent in a patch, and its MACs."""
        rows = []
        for task in range(self.end):
            index = self.tasks.tasks[task].writes[0]
            sizes = [tuple(end - start for start, end in patch.extents[index]) for patch in self.patches]
            once, macs = self._macs(task), sum(self._share(task, patch.extents) for patch in self.patches)
            rows.append({
                "layer": self.tasks.name(task), "map": "x".join(map(str, self._shape(index)[1:])),
                "extent": "x".join(str(max(size[axis] for size in sizes)) for axis in (0, 1)),
                "macs": once, "again": macs - once,
            })  # fmt: skip
        columns = [
            Column("layer", "layer"), Column("map", "map"), Column("extent", "largest extent"),
            Column("macs", "MACs", ""), Column("again", "again", ""),
        ]  # fmt: skip
        high, wide = self.grid
        return Table(
            columns, rows, title=f"{self.tasks.workload.network.name} in {high} x {wide} patches",
            notes=[f"a patch of the input: {'x'.join(map(str, self.input_patch))}; SRAM {self.sram_bytes} B, DDR {self.ddr_bytes} B"],
            footer={"layer": "total", "macs": self.macs_once, "again": self.recompute_macs},
        )  # fmt: skip

    def _shape(self, index: int) -> tuple[int, ...]:
        return tuple(self.tasks.workload.seen(self.tasks.workload.network.shape(self.tasks.maps[index].ref)))

    def _cuts(self, axis: int, count: int) -> list[Extent]:
        size = rows_of(self._shape(self._output), axis)
        step = -(-size // count)
        return [(start, min(start + step, size)) for start in range(0, size, step)]

    def _extents(self, cut: Extent, axis: int) -> dict[int, Extent]:
        """What every map needs along an axis for a piece of the output."""
        needed = {self._output: cut}
        for task in reversed(range(self.end)):
            start, end = needed[self.tasks.tasks[task].writes[0]]
            for index, reach in self.tasks.window(task, axis):
                size = rows_of(self._shape(index), axis)
                found = max(0, min(size, reach.first(start))), max(0, min(size, reach.end(end)))
                known = needed.get(index, found)
                needed[index] = min(known[0], found[0]), max(known[1], found[1])
        return needed

    def _patch(self, high: dict[int, Extent], wide: dict[int, Extent]) -> Patch:
        extents = tuple((high.get(index, (0, 0)), wide.get(index, (0, 0))) for index in range(len(self.tasks.maps)))
        patch = Patch(extents, sum(self._share(task, extents) for task in range(self.end)), 0)
        live = []
        for task in range(self.end):
            held = {index for index in high if self.tasks.maps[index].producer <= task and self._last(index) >= task}
            loaded = {index for index in held if self.tasks.maps[index].producer >= 0 or self.tasks.maps[index].consumers[0] <= task}
            live.append(sum(self._bytes(index, patch) for index in loaded - {self._output}))
        return patch._replace(live_bytes=max(live))

    def _last(self, index: int) -> int:
        return max(task for task in (*self.tasks.maps[index].consumers, self.tasks.maps[index].producer) if task < self.end)

    def _macs(self, task: int) -> int:
        return sum(int(self.tasks.workload.steps[step].counts.macs) for step in self.tasks.tasks[task].steps)

    def _share(self, task: int, extents: tuple[tuple[Extent, Extent], ...]) -> int:
        """MACs of a task in a patch: every output element takes as many."""
        index = self.tasks.tasks[task].writes[0]
        shape, (high, wide) = self._shape(index), extents[index]
        return self._macs(task) * (high[1] - high[0]) * (wide[1] - wide[0]) // (rows_of(shape) * rows_of(shape, ROW_AXIS + 1))

    def _bytes(self, index: int, patch: Patch) -> int:
        shape, (high, wide) = self._shape(index), patch.extents[index]
        area = (high[1] - high[0]) * (wide[1] - wide[0])
        return -(-self.tasks.maps[index].n_bytes * area // (rows_of(shape) * rows_of(shape, ROW_AXIS + 1)))


def patch_plan(tasks: Tasks, until: str, grid: tuple[int, int]) -> PatchPlan:
    """The layers up to `until` in patches of its output.

    Raises
    ------
    UnknownNameError
        No such layer.
    NetworkError
        Where another map is needed behind that layer.
    FieldError
        Where the grid has more patches than the output has rows or columns.
    """
    steps = tasks.workload.steps
    ends = {node.name: task + 1 for task, one in enumerate(tasks.tasks) for step in one.steps for node in steps[step].nodes}
    if until not in ends:
        raise UnknownNameError.of("layer", until, ends)
    end = ends[until]
    output = tasks.tasks[end - 1].writes[0]
    if others := [str(tasks.maps[index].ref) for index in tasks.across[end] if index != output]:
        raise NetworkError(f"patches up to {until!r} need that layer's output alone to be read behind it; {', '.join(others)} is read too")
    shape = tasks.workload.seen(tasks.workload.network.shape(tasks.maps[output].ref))
    sizes = rows_of(shape), rows_of(shape, ROW_AXIS + 1)
    if (
        not isinstance(grid, tuple | list)
        or len(grid) != 2
        or any(type(n) is not int or not 1 <= n <= size for n, size in zip(grid, sizes, strict=True))
    ):
        raise FieldError(f"`grid` (={grid!r}) must be two whole numbers, at most the {sizes[0]} rows and {sizes[1]} columns of {until!r}")
    return PatchPlan(tasks, end, grid)
