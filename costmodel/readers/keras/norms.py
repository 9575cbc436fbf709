"""Normalisations."""

from __future__ import annotations

from functools import partial
from typing import Any

from costmodel._num import Num
from costmodel.errors import UnknownLayerError
from costmodel.layers import normalisation as norm
from costmodel.layers.elementwise import Add, Elementwise, Multiply
from costmodel.layers.reduction import Reduce
from costmodel.readers._helpers import axis_of, pair
from costmodel.readers._values import Value
from costmodel.readers.keras._call import Call, only, rule


def _axis(op: Call, x: Value) -> int:
    axis = op.get("axis", -1)
    axes = axis if isinstance(axis, list) else [axis]
    if len(axes) != 1:
        raise UnknownLayerError(f"a norm over the axes {axes} has no cost rule; over one it has")
    return axis_of(axes[0], len(x.shape))


def _affine(op: Call, *shape: Num) -> list[Value | None]:
    return [op.maybe(op.get("scale", True), "gamma", *shape), op.maybe(op.get("center", True), "beta", *shape)]


@rule("BatchNormalization")
def batch_norm(op: Call) -> Any:
    """One gain, offset, mean and variance a channel."""
    x = only(op)
    axis = _axis(op, x)
    if axis not in (1, len(x.shape) - 1):
        raise UnknownLayerError(f"a batch norm along axis {axis} of the shape {x.shape} has no cost rule; along the first or last it has")
    channels = x.shape[axis]
    layer = norm.BatchNorm(bool(op.get("scale", True)), bool(op.get("center", True)))
    statistics = [op.stored("moving_mean", channels), op.stored("moving_variance", channels)]
    return op.emit(layer, x, norm_affine=_affine(op, channels), norm_statistics=statistics, channels_last=axis != 1)


@rule("LayerNormalization", "RMSNormalization")
def layer_norm(op: Call) -> Any:
    """Along one axis."""
    x = only(op)
    features = x.shape[_axis(op, x)]
    if op.kind == "RMSNormalization" or op.get("rms_scaling", False):
        return op.emit(norm.RMSNorm(), x, norm_affine=[op.stored("scale", features)])
    affine = _affine(op, features)
    return op.emit(norm.LayerNorm(any(value is not None for value in affine)), x, norm_affine=affine)


@rule("GroupNormalization")
def group_norm(op: Call) -> Any:
    """Over groups of channels; -1 means as many groups as channels."""
    x = only(op)
    axis = _axis(op, x)
    channels, groups = x.shape[axis], op.get("groups", 32)
    affine = _affine(op, channels)
    layer = norm.GroupNorm(any(value is not None for value in affine), channels if groups == -1 else groups)
    return op.emit(layer, x, norm_affine=affine, channels_last=axis != 1)


@rule("UnitNormalization")
def unit_norm(op: Call) -> Any:
    """Divided by its length."""
    x = only(op)
    return op.emit(Elementwise("divide"), x, op.emit(Reduce("l2", (_axis(op, x),)), x))


@rule("Normalization")
def normalization(op: Call) -> Any:
    """Minus a stored mean, over a stored deviation."""
    x, axis = only(op), op.get("axis", -1)
    axes = [] if axis is None else axis if isinstance(axis, list) else [axis]
    shape = [x.shape[axis_of(at, len(x.shape))] for at in axes]
    y = pair(partial(Elementwise, "subtract"), op, x, op.stored("mean", *shape))
    return pair(partial(Elementwise, "divide"), op, y, op.stored("variance", *shape))


@rule("Rescaling")
def rescaling(op: Call) -> Any:
    """A factor and an offset, which are settings and no parameters."""
    y = op.emit(Multiply(constants=((),)), only(op))
    return y if op.get("offset", 0) == 0 else op.emit(Add(constants=((),)), y)
