"""What may write over what it reads: named choices, none by default, and the buffers and steps that they leave of a workload."""

from __future__ import annotations

from collections.abc import Iterable

from costmodel._num import bytes_of, product
from costmodel.errors import FieldError, SymbolicError, UnknownNameError
from costmodel.layers.elementwise import Add, Multiply
from costmodel.network import TensorRef
from costmodel.prediction.liveness import Buffer, BufferGraph, Overwrite
from costmodel.prediction.workload import FeatureMap, Step, Workload

IN_PLACE = {
    "elementwise": "an add, a multiply, or an activation or norm that stands alone writes over an input that is not read again",
    "depthwise": "a depthwise convolution writes over its input; the few rows that it keeps aside are not counted",
    "depthwise_row_buffer": "the same, and the rows of one channel that it keeps aside, one fewer than the window's, are counted",
    "concat": "what a concat joins is written into its result at once, which is held from the first part on",
}
"""Every choice by its name."""


def choices(in_place: str | Iterable[str]) -> tuple[str, ...]:
    """The names of choices, checked, in the order of `IN_PLACE`."""
    names = (in_place,) if isinstance(in_place, str) else in_place
    if not isinstance(names, Iterable):
        raise FieldError(f"`in_place` (={in_place!r}) must be names among {', '.join(IN_PLACE)}")
    given = list(names)
    for name in given:
        if name not in IN_PLACE:
            raise UnknownNameError.of("in-place choice", name, IN_PLACE)
    return tuple(name for name in IN_PLACE if name in given)


def buffer_graph(workload: Workload, in_place: tuple[str, ...] = ()) -> BufferGraph:
    """The steps of a workload and the buffers they touch, under named choices."""
    for fmap in workload.maps.values():
        if type(fmap.n_bytes) is not int:
            raise SymbolicError(
                f"network {workload.network.name!r} has a feature map of {fmap.n_bytes} bytes; orders and arenas need plain numbers: "
                f"give its symbols values, or ask for `peak_live_bytes` with order='given' and no in-place choice"
            )
    storage = _storage(workload) if "concat" in in_place else {}
    touched: dict[TensorRef, set[int]] = {}
    for fmap in workload.maps.values():
        steps = {*fmap.consumers, fmap.producer} - {-1}
        if steps:
            touched.setdefault(storage.get(fmap.ref, fmap.ref), set()).update(steps)
    buffers: list[Buffer] = []
    number: dict[TensorRef, int] = {}
    for ref, steps in touched.items():
        fmap = workload.maps[ref]
        number[ref] = len(buffers)
        buffers.append(Buffer(str(ref), fmap.n_bytes, tuple(sorted(steps)), fmap.producer < 0))
    overwrites = {}
    for index, step in enumerate(workload.steps):
        if len(step.writes) == 1 and step.writes[0] not in storage:
            possible = tuple(
                Overwrite(number[old.ref], number[step.writes[0]], scratch)
                for old, scratch in _overwritable(workload, step, in_place)
                if old.ref not in storage
            )
            if possible:
                overwrites[index] = possible
    before = [tuple(sorted({workload.maps[ref].producer for ref in step.reads} - {-1})) for step in workload.steps]
    return BufferGraph([step.name for step in workload.steps], before, buffers, overwrites)


def _overwritable(workload: Workload, step: Step, in_place: tuple[str, ...]) -> list[tuple[FeatureMap, int]]:
    """The inputs that a step may write over, each with the bytes it keeps aside; never what the network returns."""
    host, new = step.nodes[0], workload.maps[step.writes[0]]
    inputs = [old for ref in step.reads if (old := workload.maps[ref]).n_bytes >= new.n_bytes and not old.is_output]
    if isinstance(host.layer, Add | Multiply) or host.layer.role == "epilogue":
        return [(old, 0) for old in inputs] if "elementwise" in in_place else []
    if host.variety() != "depthwise":
        return []
    if "depthwise_row_buffer" in in_place:
        rows = (host.layer.per_axis("kernel_size")[0] - 1) * host.layer.per_axis("dilation")[0]
        bits = workload.widths.activation(workload.network.nodes[step.reads[0].node])
        kept = bytes_of(rows * product(host.seen(host.input_shapes[0])[3:]), bits)
        return [(old, kept) for old in inputs if kept < new.n_bytes]
    return [(old, 0) for old in inputs] if "depthwise" in in_place else []


def _storage(workload: Workload) -> dict[TensorRef, TensorRef]:
    """For every map that is written straight into a concat's result, that result.

    Inputs of the network, results of other concats, maps that the network returns and maps joined twice are copied as before.
    """
    found: dict[TensorRef, TensorRef] = {}
    for step in workload.steps:
        node = step.nodes[0]
        if node.layer.kind != "concat":
            continue
        parts = [workload.maps[ref] for ref in step.reads]
        whole = workload.maps[step.writes[0]]
        if len(parts) < len(node.inputs) or sum(part.n_bytes for part in parts) != whole.n_bytes:
            continue
        for part in parts:
            if part.producer >= 0 and not part.is_output and workload.steps[part.producer].nodes[0].layer.kind != "concat":
                found.setdefault(part.ref, whole.ref)
    return found
