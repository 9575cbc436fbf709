"""A fused plan as people and predictions read it: groups with their layers, stripes, SRAM and bytes."""

from __future__ import annotations

from functools import cached_property
from math import inf
from time import monotonic
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from costmodel._num import Num, is_array, is_symbolic
from costmodel.errors import FieldError, SymbolicError
from costmodel.prediction.fusion.search import Group, least_bytes, partition
from costmodel.prediction.fusion.tasks import Map, Tasks, early
from costmodel.prediction.progress import progress
from costmodel.prediction.traffic import Traffic
from costmodel.prediction.workload import Workload
from costmodel.tables import Column, Table, Tabled

MODES = {
    "whole": "every map whole, one layer after another",
    "row_buffered": "stripes of rows; every row is made once and lives until its last use",
    "tiled": "one layer alone, in the tiles that the policy `tiled` would take",
    "channel_streamed": "one hidden channel at a time: expand, depthwise, project",
}
"""How a group runs."""


class FusedGroup(NamedTuple):
    """Layers that run together."""

    layers: tuple[str, ...]
    """In the order in which they run."""
    mode: str
    """A key of `MODES`."""
    stripe_rows: int
    """Rows that the last layer makes in a stripe."""
    stripes: int
    sram_bytes: int
    """The most bytes held at once: live rows, maps held whole, weights that stay."""
    kept: tuple[str, ...]
    """Maps held whole, by the layer that writes them."""
    loaded: tuple[str, ...]
    """Maps read from DDR."""
    stored: tuple[str, ...]
    """Maps written to DDR."""
    weight_bytes: int
    """Bytes of weights that it reads, again for every stripe included."""
    weight_bytes_again: int
    """Of these, what is read a second time and more."""
    ddr_bytes: int
    recompute_macs: int
    """MACs done more than once: none where rows wait in buffers."""
    tiling: str = ""
    """What a layer alone in tiles keeps, holds and streams."""


COLUMNS = (
    Column("group", "group", ""),
    Column("layers", "layers"),
    Column("mode", "mode"),
    Column("stripe_rows", "stripe rows", "", rank=3),
    Column("stripes", "stripes", "", rank=4),
    Column("sram_bytes", "SRAM", "B"),
    Column("ddr_bytes", "DDR", "B"),
    Column("weight_bytes", "weights moved", "B", rank=5),
    Column("weight_bytes_again", "of them again", "B", rank=6),
    Column("kept", "held whole", rank=7),
    Column("loaded", "from DDR", rank=1),
    Column("stored", "to DDR", rank=2),
    Column("recompute_macs", "MACs again", "", rank=8),
    Column("tiling", "tiles", rank=9),
)
"""What people see of a group."""


SUMS = ("ddr_bytes", "weight_bytes", "weight_bytes_again", "recompute_macs")
"""What adds up over groups."""


class FusedPlan(Tabled):
    """The partition of a network into depth-first groups that moves the fewest bytes within a capacity.

    Made by `costmodel.fuse`; `Prediction.plan` under the policy "fused".

    Attributes
    ----------
    tasks : Tasks
        The layers in the order in which they run, and the maps between them.
    partition : tuple of Group
        The groups by number of task and map.
    capacity_bytes : int
        The SRAM that it was made for.
    optimal : bool
        Whether no partition of the space that is searched moves less: all were tried, or the bound is met. False where time ran out.
    """

    def __init__(self, tasks: Tasks, partition: tuple[Group, ...], capacity_bytes: int, optimal: bool) -> None:
        self.tasks = tasks
        self.partition = partition
        self.capacity_bytes = capacity_bytes
        self.optimal = optimal

    @cached_property
    def groups(self) -> tuple[FusedGroup, ...]:
        """The groups in the order in which they run; layers that run whole one after another stand together."""
        found: list[FusedGroup] = []
        for group in map(self._group, self.partition):
            if found and found[-1].mode == group.mode == "whole":
                found[-1] = _joined(found[-1], group)
            else:
                found.append(group)
        return tuple(found)

    @property
    def ddr_bytes(self) -> int:
        """Everything that moves. [B]"""
        return sum(group.ddr_bytes for group in self.partition)

    @property
    def bound_bytes(self) -> int:
        """Weights, network inputs and outputs, each once: what no plan goes below. [B]"""
        return self.tasks.rest_bytes(0, ())

    @property
    def sram_bytes(self) -> int:
        """The most bytes held at once. [B]"""
        return max((group.sram_bytes for group in self.partition), default=0)

    @property
    def recompute_macs(self) -> int:
        """MACs done more than once. [MAC]"""
        return sum(group.recompute_macs for group in self.groups)

    def table(self) -> Table:
        """One row a group."""
        rows = [{"group": number, **group._asdict()} for number, group in enumerate(self.groups, start=1)]
        for row in rows:
            row["layers"] = _span(row["layers"])
        footer: dict[str, Any] = {key: sum(getattr(group, key) for group in self.groups) for key in SUMS}
        notes = [
            f"{self.ddr_bytes} B moved, {self.ddr_bytes / max(self.bound_bytes, 1):.4f} times weights + inputs + outputs",
            f"SRAM: {self.capacity_bytes} B; live rows, maps held whole and weights that stay count; biases and fragmentation do not",
        ]
        if not self.optimal:
            notes.append("the time limit ended the search: another plan may move less; give a larger `time_limit_s`")
        title = f"{self.tasks.workload.network.name}, fused"
        return Table(COLUMNS, rows, title=title, notes=notes, footer=footer | {"layers": "total", "sram_bytes": self.sram_bytes})

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values."""
        return {
            "schema": 1,
            "network": self.tasks.workload.network.name,
            "capacity_bytes": self.capacity_bytes,
            "ddr_bytes": self.ddr_bytes,
            "bound_bytes": self.bound_bytes,
            "sram_bytes": self.sram_bytes,
            "recompute_macs": self.recompute_macs,
            "optimal": self.optimal,
            "groups": [group._asdict() for group in self.groups],
        }

    def traffic(self) -> list[Traffic]:
        """The bytes of every step: weights with their layer, maps where they cross."""
        count = len(self.tasks.workload.steps)
        weights, reads, writes = [0] * count, [0] * count, [0] * count
        for group in self.partition:
            if group.tiling:
                steps = self.tasks.tasks[group.first].steps
                for step in steps:
                    weights[step] = self.tasks.workload.steps[step].weight_bytes
                weights[steps[0]] += group.tiling.weight_bytes - self.tasks.tasks[group.first].weight_bytes
                reads[steps[0]], writes[steps[-1]] = group.tiling.read_bytes, group.tiling.write_bytes
                continue
            for task, moved in zip(range(group.first, group.end), group.weights, strict=True):
                steps = self.tasks.tasks[task].steps
                for step in steps:
                    weights[step] = self.tasks.workload.steps[step].weight_bytes
                weights[steps[0]] += moved.again_bytes
            first = {read.map: read.step for task in reversed(self.tasks.tasks[group.first : group.end]) for read in reversed(task.reads)}
            for index in group.loaded:
                reads[first[index]] += self.tasks.maps[index].n_bytes
            for index in group.stored:
                writes[self.tasks.tasks[self.tasks.maps[index].producer].steps[-1]] += self.tasks.maps[index].n_bytes
        return [Traffic(*moved) for moved in zip(weights, reads, writes, strict=True)]

    def _group(self, group: Group) -> FusedGroup:
        mode = {"channels": "channel_streamed", "tiles": "tiled"}.get(group.mode, "whole" if group.stripes == 1 else "row_buffered")
        weights = group.tiling.weight_bytes if group.tiling else sum(one.moved_bytes for one in group.weights)
        once = sum(one.n_bytes for one in group.weights)
        return FusedGroup(
            tuple(self.tasks.name(task) for task in range(group.first, group.end)),
            mode,
            group.height,
            group.stripes,
            group.sram_bytes,
            tuple(self._name(index) for index in sorted(group.kept)),
            tuple(map(self._name, group.loaded)),
            tuple(map(self._name, group.stored)),
            weights,
            weights - once,
            group.ddr_bytes,
            0,
            group.tiling.plan.sentence if group.tiling else "",
        )

    def _name(self, index: int) -> str:
        """A map by the layer that writes it."""
        one: Map = self.tasks.maps[index]
        return one.ref.node if one.producer < 0 else self.tasks.name(one.producer)


def _joined(a: FusedGroup, b: FusedGroup) -> FusedGroup:
    """Two groups one after the other: lists follow on, bytes add up, of the SRAM the larger counts."""
    together = {key: getattr(a, key) + getattr(b, key) for key in ("layers", "loaded", "stored", *SUMS)}
    kept = tuple(dict.fromkeys(a.kept + b.kept))
    return b._replace(**together, kept=kept, sram_bytes=max(a.sram_bytes, b.sram_bytes))


def _span(layers: tuple[str, ...]) -> str:
    return layers[0] if len(layers) == 1 else f"{layers[0]} to {layers[-1]} ({len(layers)})"


_plans: WeakKeyDictionary[Workload, dict[tuple[int, float], FusedPlan]] = WeakKeyDictionary()
"""A machine's other figures change nothing, and they are asked for often."""

TIME_LIMIT_S = 60.0


def fused_plan(workload: Workload, sram_bytes: Num, time_limit_s: float = TIME_LIMIT_S) -> FusedPlan:
    """The plan that moves the fewest bytes: in the order given, or with branches begun early where that moves less.

    Raises
    ------
    SymbolicError
        Where a size or a width is a symbol, or the capacity is several.
    FieldError
        Where a layer has no room for its rows, naming the least capacity that would do.
    """
    if is_symbolic(sram_bytes) or is_array(sram_bytes):
        raise SymbolicError(f"a fused plan is a search at one capacity; `sram` (={sram_bytes}) must be a plain number of bytes")
    plans = _plans.setdefault(workload, {})
    key = int(sram_bytes), time_limit_s
    if key not in plans:
        plans[key] = _fused_plan(workload, *key)
    return plans[key]


def _fused_plan(workload: Workload, sram_bytes: int, time_limit_s: float) -> FusedPlan:
    orders = dict.fromkeys((tuple(range(len(workload.steps))), tuple(early(workload))))
    found, best, finished, deadline = None, inf, True, monotonic() + time_limit_s
    with progress() as tell:
        for order in orders:
            tasks = Tasks(workload, order)
            groups, all_tried = partition(tasks, sram_bytes, best, deadline, tell)
            finished &= all_tried
            if groups is not None:
                found, best = (tasks, groups), sum(group.ddr_bytes for group in groups)
    if found is None:
        least, name = min(least_bytes(Tasks(workload, order)) for order in orders)
        raise FieldError(
            f"a fused plan of {workload.network.name!r} needs at least {least} B of SRAM, got {sram_bytes}: "
            f"{name!r} must hold the rows that it reads and one that it writes"
        )
    return FusedPlan(*found, sram_bytes, finished or best == found[0].rest_bytes(0, ()))
