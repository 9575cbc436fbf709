"""What single changes of a network, or of how it runs, would take off its peak; the order stays as it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from costmodel.layers import Shape
from costmodel.layers.elementwise import Add, Multiply
from costmodel.layers.structure import Concat
from costmodel.layers.window import Window
from costmodel.network import Node
from costmodel.prediction.in_place import IN_PLACE, buffer_graph
from costmodel.prediction.liveness import Buffer, BufferGraph
from costmodel.tables import Column, Table

if TYPE_CHECKING:
    from costmodel.prediction.memory import Memory

COLUMNS = (
    Column("change", "change"),
    Column("where", "where"),
    Column("peak_live_bytes", "peak then", "B"),
    Column("saves_bytes", "saves", "B"),
    Column("saves_share", "of the peak", "", lambda v: f"{100 * v:.1f} %"),
)


class Change(NamedTuple):
    """A change and the peak it leaves."""

    change: str
    where: str
    peak_live_bytes: int


def savings(memory: Memory) -> Table:
    """The changes that lower the peak, the most first."""
    peak = memory.peak_live_bytes
    found = sorted((c for c in _changes(memory) if c.peak_live_bytes < peak), key=lambda c: c.peak_live_bytes)
    rows = [c._asdict() | {"saves_bytes": peak - c.peak_live_bytes, "saves_share": 1 - c.peak_live_bytes / peak} for c in found]
    notes = ["one change at a time, in this order; rows kept for a window that overlaps the halves are counted"]
    if not rows:
        at = sum(live == peak for live in memory.live_bytes)
        notes.insert(0, f"no single change lowers the peak, which {at} step{'s reach' if at > 1 else ' reaches'}")
    return Table(COLUMNS, rows, title=f"{memory.workload.network.name}: what single changes save", notes=notes)


def _changes(memory: Memory) -> Iterator[Change]:
    order = memory.found.steps
    yield from _other_ways(memory, order)
    peak_steps = {order[at] for at, live in enumerate(memory.live_bytes) if live == memory.peak_live_bytes}
    yield from _fused(memory.graph, order)
    yield from _without_residuals(memory, order)
    if len(peak_steps) == 1:
        yield from _split(memory, order, peak_steps.pop())


def _other_ways(memory: Memory, order: tuple[int, ...]) -> Iterator[Change]:
    """The in-place choices that are not in force, and the best order."""
    for name in IN_PLACE:
        if name not in memory.in_place:
            graph = buffer_graph(memory.workload, (*memory.in_place, name))
            yield Change("in place", name, graph.peak(order))
    if memory.kind == "given" and not memory.optimal:
        best = type(memory)(memory.workload, "best", memory.in_place, memory.time_limit_s)
        yield Change("order", "best", best.peak_live_bytes)


def _fused(graph: BufferGraph, order: tuple[int, ...]) -> Iterator[Change]:
    """A step and the only reader of its only map as one, where the reader stands."""
    writes = [0] * len(graph.steps)
    for buffer in graph.buffers:
        if not buffer.from_start:
            writes[buffer.steps[0]] += 1
    for between in graph.buffers:
        if between.from_start or len(between.steps) != 2 or writes[between.steps[0]] > 1:
            continue
        first, second = between.steps
        buffers = [
            b._replace(n_bytes=0) if b is between else b._replace(steps=tuple(sorted({second if s == first else s for s in b.steps})))
            for b in graph.buffers
        ]
        yield Change("fuse", f"{graph.steps[first]} + {graph.steps[second]}", _edited(graph, buffers, first, second).peak(order))


def _without_residuals(memory: Memory, order: tuple[int, ...]) -> Iterator[Change]:
    """An add of two maps of which one is made from the other: without it, what is made is the result."""
    graph = memory.graph
    number = {buffer.name: index for index, buffer in enumerate(graph.buffers)}
    for index, step in enumerate(memory.workload.steps):
        if not isinstance(step.nodes[0].layer, Add) or len(step.reads) != 2:
            continue
        maps = sorted((memory.workload.maps[ref] for ref in step.reads), key=lambda fmap: fmap.producer)
        names = [str(fmap.ref) for fmap in maps] + [str(step.writes[0])]
        made_from = maps[0].producer < 0 or graph.ancestors[maps[1].producer] >> maps[0].producer & 1
        if not made_from or any(name not in number for name in names):
            continue
        skip, kept, result = (number[name] for name in names)
        buffers = list(graph.buffers)
        buffers[skip] = buffers[skip]._replace(steps=tuple(s for s in buffers[skip].steps if s != index) or (index,))
        buffers[kept] = buffers[kept]._replace(steps=tuple(sorted({*buffers[kept].steps, *buffers[result].steps})))
        buffers[result] = buffers[result]._replace(n_bytes=0)
        yield Change("drop residual", graph.steps[index], _edited(graph, buffers, index).peak(order))


def _edited(graph: BufferGraph, buffers: list[Buffer], *changed: int) -> BufferGraph:
    """The graph with other buffers; a step that changed writes over nothing."""
    overwrites = {step: choices for step, choices in graph.overwrites.items() if step not in changed}
    return BufferGraph(graph.steps, graph.before, buffers, overwrites)


def _split(memory: Memory, order: tuple[int, ...], index: int) -> Iterator[Change]:
    """The step in two halves of its rows: at first half a result, then what is left to read and the whole result."""
    step, graph = memory.workload.steps[index], memory.graph
    at = order.index(index)
    if at in graph.overwritten(order) or len(step.writes) != 1:
        return
    seen, output = memory.workload.seen, memory.workload.maps[step.writes[0]]
    shape, made = seen(step.input_shapes[0]), seen(step.nodes[-1].output_shapes[0])
    rows = made[2] if len(made) > 2 else 1
    half = (rows + 1) // 2
    left = _rows_left(step.nodes[0], shape, half, memory.workload.network.channels_last) if rows > 1 else None
    if left is None:
        return
    spans = dict(zip((b.name for b in graph.buffers), graph.spans(order), strict=True))
    freed = 0
    for ref in step.reads:
        fmap = memory.workload.maps[ref]
        sizes = seen(memory.workload.network.shape(ref))
        if str(ref) in spans and spans[str(ref)].upper == at + 1 and len(sizes) > 2 and sizes[2] == shape[2]:
            freed += fmap.n_bytes - -(-fmap.n_bytes * left // shape[2])
    unwritten = output.n_bytes - -(-output.n_bytes * half // rows)
    live = list(memory.live_bytes)
    live[at] -= min(freed, unwritten)
    yield Change("split", f"{step.name}: rows 1 to {half}, then {half + 1} to {rows}", max(live))


def _rows_left(node: Node, shape: Shape, done: int, last: bool) -> int | None:
    """The rows of its input that a step still reads once so many rows of its output are written; None where it reads all at once."""
    if len(shape) < 3:
        return None
    layer, channels = node.layer, len(shape) - 1 if last and not node.channels_last else 1
    if isinstance(layer, Add | Multiply) or layer.role == "epilogue" or (isinstance(layer, Concat) and layer.axis % len(shape) == channels):
        return int(shape[2]) - done
    if not hasattr(layer, "dilation") or node.variety() == "transposed":
        return None
    window = Window.of(layer)
    height, stride, span = shape[2], window.stride[0], (window.kernel[0] - 1) * window.dilation[0] + 1
    around = max((-(-height // stride) - 1) * stride + span - height, 0)
    above = around // 2 if window.pads is None else window.pads[0][0]
    return int(height - min(max(stride * done - above, 0), height))
