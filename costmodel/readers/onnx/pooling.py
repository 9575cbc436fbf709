"""Poolings and normalisations."""

from __future__ import annotations

from typing import Any

from costmodel.errors import UnknownLayerError
from costmodel.layers import normalisation as norm
from costmodel.layers import pooling as pool
from costmodel.layers.elementwise import Elementwise
from costmodel.layers.reduction import Reduce
from costmodel.readers._helpers import axis_of
from costmodel.readers._importer import Operator
from costmodel.readers._products import spatial
from costmodel.readers._values import Value
from costmodel.readers.onnx._rules import rule
from costmodel.readers.onnx.products import padding, per_axis

POOLINGS = {
    "MaxPool": (pool.MaxPool1d, pool.MaxPool2d, pool.MaxPool3d),
    "AveragePool": (pool.AvgPool1d, pool.AvgPool2d, pool.AvgPool3d),
    "LpPool": (pool.AvgPool1d, pool.AvgPool2d, pool.AvgPool3d),
}


def pooled(op: Operator, channels_last: bool = False) -> Value:
    """A pooling over a window."""
    x = op[0]
    rank = spatial(op, x.shape)
    kernel = op.get("kernel_shape")
    if not kernel or len(kernel) != rank:
        raise UnknownLayerError(f"`kernel_shape` (={kernel}) must have {rank} entries")
    layer = POOLINGS[op.kind.removeprefix("QLinear").removeprefix("Nhwc")][rank - 1](
        tuple(kernel), per_axis(op, "strides", rank), padding=padding(op, rank), dilation=per_axis(op, "dilations", rank),
        ceil_mode=bool(op.get("ceil_mode", 0)),
    )  # fmt: skip
    made: Value = op.emit(layer, x, channels_last=channels_last)
    return made


@rule(*POOLINGS)
def pooling(op: Operator) -> Any:
    y = pooled(op)
    return [y, y.like(dtype="int64")]


@rule("NhwcMaxPool", domain="com.microsoft")
def pooling_channels_last(op: Operator) -> Any:
    return pooled(op, channels_last=True)


@rule("GlobalAveragePool", "GlobalLpPool")
def global_average(op: Operator) -> Any:
    return op.emit(pool.GlobalAvgPool(), op[0])


@rule("GlobalMaxPool")
def global_max(op: Operator) -> Any:
    return op.emit(pool.GlobalMaxPool(), op[0])


@rule("BatchNormalization")
def batch_norm(op: Operator) -> Any:
    scale, shift, mean, variance = (op[i] for i in range(1, 5))
    x = _channels(op, scale, shift, mean, variance) if op.get("spatial", 1) else op[0]
    y = op.emit(norm.BatchNorm(), x, norm_affine=[scale, shift], norm_statistics=[mean, variance])
    return [y, *(v for v in (mean, variance, mean, variance))]


@rule("InstanceNormalization")
def instance_norm(op: Operator) -> Any:
    return op.emit(norm.InstanceNorm(), _channels(op, op[1], op[2]), norm_affine=[op[1], op[2]])


def _channels(op: Operator, *vectors: Value) -> Value:
    """The first input, which has as many channels as each of the vectors has numbers."""
    x = op[0]
    for vector in vectors if len(x.shape) > 1 else ():
        x = op.agree(x, 1, vector.elements, f"input channels (={x.shape[1]}) must be the {vector.elements} numbers of each stored vector")
    return x


@rule("GroupNormalization")
def group_norm(op: Operator) -> Any:
    return op.emit(norm.GroupNorm(groups=op.get("num_groups", 1)), op[0], norm_affine=[op[1], op[2]])


@rule("LayerNormalization")
def layer_norm(op: Operator) -> Any:
    x, rank = op[0], len(op[0].shape)
    axis = axis_of(op.get("axis", -1), rank)
    y = op.emit(norm.LayerNorm() if rank > 1 else Elementwise("normalise"), x, norm_affine=[op[1], op.optional(2)])
    over = Reduce("mean", tuple(range(axis, rank)))
    return [y, *(op.emit(over, x, dtype="float32") for _ in range(op.outputs - 1))]


@rule("RMSNormalization")
def rms_norm(op: Operator) -> Any:
    return op.emit(norm.RMSNorm(), op[0], norm_affine=[op[1]])


@rule("LRN")
def lrn(op: Operator) -> Any:
    return op.emit(norm.LRN(op.get("size", 1)), op[0])


@rule("MeanVarianceNormalization")
def mean_variance(op: Operator) -> Any:
    return op.emit(norm.InstanceNorm(affine=False), op[0])


@rule("LpNormalization")
def lp_norm(op: Operator) -> Any:
    x: Value = op[0]
    size = op.emit(Reduce("l2" if op.get("p", 2) == 2 else "l1", (axis_of(op.get("axis", -1), len(x.shape)),)), x)
    return op.emit(Elementwise("divide"), x, size)
