"""Detectors: regions, boxes that overlap, and what depends on the data."""

from __future__ import annotations

from typing import Any

from costmodel._num import is_symbolic, minimum
from costmodel.errors import ReaderError, UnknownLayerError
from costmodel.layers.detection import NonMaxSuppression
from costmodel.layers.reduction import TopK
from costmodel.layers.resize import GridSample
from costmodel.readers._helpers import axis_of, known_or_refuse, sized, with_axis
from costmodel.readers._importer import Operator
from costmodel.readers._regions import convolve_deformed, regions_aligned, regions_pooled
from costmodel.readers.onnx._rules import rule
from costmodel.readers.onnx.products import check_kernel, padding, per_axis


@rule("NonMaxSuppression")
def suppression(op: Operator) -> Any:
    boxes, scores = op[0], op[1]
    limit = op.optional(2)
    if limit is not None and limit.data is None:
        raise UnknownLayerError("the most boxes of NonMaxSuppression are not known; if they come from an input, give it in `values`")
    most = 0 if limit is None or limit.data is None else limit.data.ravel()[0]
    most = most if is_symbolic(most) else int(most)
    if not is_symbolic(most) and most < 0:
        raise ReaderError(f"the most boxes (={most}) must be at least 0")
    most = minimum(most, boxes.shape[1]) if len(boxes.shape) == 3 else most
    y = op.emit(NonMaxSuppression(most), boxes, scores, dtype="int64")
    op.importer.bound(f"NonMaxSuppression {op.name!r}: how many boxes remain depends on the data; {y.shape[0]} are the most", y)
    return y


@rule("RoiAlign")
def region_align(op: Operator) -> Any:
    size = op.get("output_height", 1), op.get("output_width", 1)
    return regions_aligned(op, op[0], op[1], size, op.get("sampling_ratio", 0), op.get("mode", "avg") == "max")


@rule("MaxRoiPool")
def region_pool(op: Operator) -> Any:
    size = op.get("pooled_shape") or []
    if len(size) != 2:
        raise ReaderError(f"`pooled_shape` (={size}) must be a height and a width")
    return regions_pooled(op, op[0], op[1], tuple(size))


@rule("CropAndResize", domain="com.microsoft")
def crop_and_resize(op: Operator) -> Any:
    x, regions = op[0], op[1]
    size = sized(known_or_refuse(op, 3, "the size of the crops").ravel().tolist())
    mode = {"bilinear": "linear", "nearest": "nearest"}.get(op.get("mode", "bilinear"), "linear")
    return op.emit(GridSample((regions.shape[0], x.shape[1], *size), mode, (2, 3)), x, regions)


@rule("DeformConv")
def deformed(op: Operator) -> Any:
    check_kernel(op, op[1])
    window = {"stride": per_axis(op, "strides", 2), "padding": padding(op, 2), "dilation": per_axis(op, "dilations", 2)}
    return convolve_deformed(op, op[0], op[1], op[2], op.optional(4), op.optional(3), op.get("group", 1), **window)


@rule("Unique")
def unique(op: Operator) -> Any:
    """Sorted, or looked up, each number is compared at least once; at most all differ."""
    x, axis = op[0], op.get("axis")
    at = None if axis is None else axis_of(axis, len(x.shape))
    most = x.elements if at is None else x.shape[at]
    shape = (most,) if at is None else x.shape
    y, where = op.emit(TopK(most, -1 if at is None else at), op.move("unique", shape, x))
    further = [where if where.shape == (most,) else op.move("places", (most,), where, dtype="int64")] * 3 if op.outputs > 1 else []
    op.importer.bound(f"Unique {op.name!r}: how many differ depends on the data; {most} are the most", y, where)
    return [y, *further]


@rule("Compress")
def compress(op: Operator) -> Any:
    x, axis = op[0], op.get("axis")
    at = None if axis is None else axis_of(axis, len(x.shape))
    condition = op[1].data
    if condition is not None and condition.dtype != object:
        kept = int(condition.astype(bool).sum())
        return op.move("compress", (kept,) if at is None else with_axis(x.shape, at, kept), x)
    most = minimum(op[1].elements, x.elements if at is None else x.shape[at])
    y = op.move("compress", (most,) if at is None else with_axis(x.shape, at, most), x, op[1])
    op.importer.bound(f"Compress {op.name!r}: how many are kept depends on the data; {most} are the most", y)
    return y
