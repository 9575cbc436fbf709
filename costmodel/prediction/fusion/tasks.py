"""A network as tasks: steps of plain numbers, with what works element by element riding on the task before it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cached_property
from typing import NamedTuple

from costmodel._num import bytes_of, is_array, is_symbolic
from costmodel.errors import FieldError, SymbolicError
from costmodel.layers.base import elements
from costmodel.layers.linear import MatMul
from costmodel.network import TensorRef
from costmodel.prediction.fusion.reach import ROW_AXIS, Reach, Sliding, Whole, is_elementwise, reach, rows_of
from costmodel.prediction.tiled.nest import Bits, Nest
from costmodel.prediction.tiled.policy import nest_and_bits
from costmodel.prediction.workload import Step, Workload


class Read(NamedTuple):
    """A map that a task reads."""

    map: int
    reach: Reach
    step: int
    """The step of the workload that reads it."""


class Task(NamedTuple):
    """A step with what rides on it: one line of a schedule."""

    steps: tuple[int, ...]
    """Its steps in the workload: a layer, then what works on its output element by element."""
    reads: tuple[Read, ...]
    writes: tuple[int, ...]
    rows: int
    """Rows that it makes one after another: those of its output; of a pooling to one row those of its input, which it sums up."""
    weight_bytes: int


class Map(NamedTuple):
    """A feature map in rows."""

    ref: TensorRef
    n_bytes: int
    rows: int
    row_bytes: int
    """A row starts at a whole byte."""
    producer: int
    """The task that writes it; -1 for an input of the network."""
    consumers: tuple[int, ...]
    """The tasks that read it, in order."""
    is_output: bool
    least_bytes: int
    """What a layer that is tiled reads of it at least: rows and columns that no tap touches may stay in DDR."""


class Tasks:
    """The tasks of a network in the order given, with the maps between them.

    Attributes
    ----------
    workload : Workload
    tasks : tuple of Task
    maps : tuple of Map

    Raises
    ------
    SymbolicError
        Where a size or a width is a symbol.
    """

    def __init__(self, workload: Workload, order: Sequence[int] | None = None) -> None:
        self.workload = workload
        _plain(workload)
        merged = _merged(workload, order or range(len(workload.steps)))
        refs = [ref for ref in workload.network.inputs if workload.maps[ref].consumers]
        refs += [ref for steps in merged for ref in workload.steps[steps[-1]].writes]
        number = {ref: index for index, ref in enumerate(refs)}
        place = {step: task for task, steps in enumerate(merged) for step in steps}
        self.tasks = tuple(_task(workload, steps, number) for steps in merged)
        self.maps = tuple(_map(workload, ref, place) for ref in refs)

    def __len__(self) -> int:
        return len(self.tasks)

    @cached_property
    def across(self) -> tuple[tuple[int, ...], ...]:
        """For every cut before a task, and the end, the maps that are there before it and needed after it."""
        found: list[list[int]] = [[] for _ in range(len(self) + 1)]
        for index, fmap in enumerate(self.maps):
            for cut in range(fmap.producer + 1, (fmap.consumers or (fmap.producer,))[-1] + 1):
                found[cut].append(index)
        return tuple(map(tuple, found))

    @cached_property
    def _behind(self) -> tuple[int, ...]:
        """For every cut the bytes of the weights and outputs behind it."""
        sums = [0]
        for task in reversed(self.tasks):
            sums.append(sums[-1] + task.weight_bytes + sum(self.maps[i].n_bytes for i in task.writes if self.maps[i].is_output))
        return tuple(reversed(sums))

    def rest_bytes(self, cut: int, on_chip: Collection[int]) -> int:
        """What no plan can avoid to move behind a cut: weights, outputs, and the maps that cross it and are not on chip."""
        return self._behind[cut] + sum(self.maps[index].least_bytes for index in self.across[cut] if index not in on_chip)

    def window(self, task: int, axis: int) -> list[tuple[int, Reach]]:
        """The maps that a task reads, with what it needs of them along an axis."""
        number = {fmap.ref: index for index, fmap in enumerate(self.maps)}
        steps = [self.workload.steps[step] for step in self.tasks[task].steps]
        return [(number[ref], found) for step in steps for ref, found in _reads(self.workload, step, axis) if ref in number]

    def name(self, task: int) -> str:
        """The name of a task: that of its first layer."""
        return self.workload.steps[self.tasks[task].steps[0]].name

    def reads(self, first: int, end: int) -> list[int]:
        """The maps that tasks from `first` up to `end` read and none of them writes."""
        found = dict.fromkeys(read.map for task in self.tasks[first:end] for read in task.reads)
        return [index for index in found if self.maps[index].producer < first]

    def writes(self, first: int, end: int) -> list[int]:
        """The maps that tasks from `first` up to `end` write."""
        return [index for task in self.tasks[first:end] for index in task.writes]


def _plain(workload: Workload) -> None:
    network = workload.network
    if names := sorted(map(str, network.symbols)):
        raise SymbolicError(
            f"network {network.name!r} holds symbols ({', '.join(names)}), and a fused plan is a search over plain sizes; "
            f"build the network with numbers, or take the policy 'resident' or 'compulsory'"
        )
    for figure in (*(m.n_bytes for m in workload.maps.values()), *(s.weight_bytes for s in workload.steps)):
        if is_symbolic(figure) or is_array(figure):
            raise SymbolicError(f"a fused plan needs widths in plain bits; a size of {network.name!r} is {figure}")


def early(workload: Workload) -> list[int]:
    """The steps by their distance from the network's inputs: a branch begins as soon as its input is there."""
    depth: list[int] = []
    for step in workload.steps:
        depth.append(1 + max((depth[p] for ref in step.reads if (p := workload.maps[ref].producer) >= 0), default=-1))
    return sorted(range(len(depth)), key=depth.__getitem__)


def _merged(workload: Workload, order: Sequence[int]) -> list[list[int]]:
    """The steps of every task: an elementwise step rides on the step before it where it alone reads what that one writes."""
    merged: list[list[int]] = []
    for index in order:
        step = workload.steps[index]
        before = workload.steps[merged[-1][-1]].writes if merged else ()
        rides = (
            len(before) == 1
            and workload.maps[before[0]].consumers == (index,)
            and not workload.maps[before[0]].is_output
            and all(map(is_elementwise, step.nodes))
            and not _sums_up(workload, workload.steps[merged[-1][-1]])
            and before[0] in (workload.stored[ref] for ref in step.nodes[0].inputs)
            and step.nodes[-1].output_shapes[0] == workload.network.shape(before[0])
        )
        if rides:
            merged[-1].append(index)
        else:
            merged.append([index])
    return merged


def _task(workload: Workload, steps: list[int], number: dict[TensorRef, int]) -> Task:
    reads = [Read(number[ref], found, index) for index in steps for ref, found in _reads(workload, workload.steps[index]) if ref in number]
    last = workload.steps[steps[-1]]
    rows = rows_of(workload.seen(last.nodes[-1].output_shapes[0]))
    if _sums_up(workload, last):
        rows, reads = rows_of(workload.seen(last.nodes[0].input_shapes[0])), [read._replace(reach=Sliding()) for read in reads]
    return Task(
        tuple(steps),
        tuple(reads),
        tuple(number[ref] for ref in last.writes),
        rows,
        sum(workload.steps[index].weight_bytes for index in steps),
    )


def _sums_up(workload: Workload, step: Step) -> bool:
    """Whether it is a pooling to one row: it needs a row of its input for a moment only."""
    node = step.nodes[0]
    same = bool(node.inputs) and len(node.input_shapes[0]) == len(node.output_shapes[0]) > ROW_AXIS
    return (
        same
        and "pool" in node.layer.kind
        and rows_of(workload.seen(node.output_shapes[0])) == 1
        and all(map(is_elementwise, step.nodes[1:]))
    )


def _reads(workload: Workload, step: Step, axis: int = ROW_AXIS) -> list[tuple[TensorRef, Reach]]:
    """The maps that a step reads, with the rows that it needs of them; columns along the next axis."""
    inside = {node.name for node in step.nodes}
    by_row = all(map(is_elementwise, step.nodes[1:]))
    found = []
    for node in step.nodes:
        for position, ref in enumerate(node.inputs):
            stored = workload.stored[ref]
            if stored.node in inside:
                continue
            shape = workload.network.shape(stored)
            same = by_row and shape == node.input_shapes[position]
            found.append((stored, reach(node, position, workload.seen, axis) if same else Whole(rows_of(workload.seen(shape), axis))))
    return found


def _map(workload: Workload, ref: TensorRef, place: dict[int, int]) -> Map:
    fmap, rows = workload.maps[ref], rows_of(workload.seen(workload.network.shape(ref)))
    consumers = tuple(sorted({place[step] for step in fmap.consumers}))
    if fmap.n_bytes == 0:
        raise FieldError(f"the map {str(ref)!r} of {workload.network.name!r} holds no byte; a fused plan needs maps of at least one row")
    producer = place[fmap.producer] if fmap.producer >= 0 else -1
    least = min((_least_read(workload, workload.steps[step], ref) for step in fmap.consumers), default=fmap.n_bytes)
    return Map(ref, fmap.n_bytes, rows, -(-fmap.n_bytes // rows), producer, consumers, fmap.is_output, least)


def tileable(workload: Workload, step: Step) -> tuple[Nest, Bits] | None:
    """A step as a nest of loops; None where it is none, or its weights have no one width."""
    storage = step.nodes[0].storage
    return None if storage is not None and storage.compressed else nest_and_bits(step, workload)


def _least_read(workload: Workload, step: Step, ref: TensorRef) -> int:
    """What a step reads of a map at least."""
    found, layer = tileable(workload, step), step.nodes[0].layer
    if found is None or isinstance(layer, MatMul) or workload.stored[step.nodes[0].inputs[0]] != ref:
        return int(workload.maps[ref].n_bytes)
    return min(int(workload.maps[ref].n_bytes), int(bytes_of(found[0].inputs, found[1].input)))


def sum_bytes(tasks: Tasks, index: int) -> int:
    """Bytes of a map's partial sums at the width of the accumulators."""
    ref, widths = tasks.maps[index].ref, tasks.workload.widths
    return int(bytes_of(elements(tasks.workload.network.shape(ref)), widths.accumulator(tasks.workload.network.nodes[ref.node])))
