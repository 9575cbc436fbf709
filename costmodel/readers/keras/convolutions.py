"""Convolutions, poolings, and what moves rows and columns."""

from __future__ import annotations

from typing import Any

from costmodel.errors import UnknownLayerError
from costmodel.layers import pooling as pool
from costmodel.layers.resize import Resize
from costmodel.layers.structure import Pad
from costmodel.readers import _products as products
from costmodel.readers._helpers import reshape, sized
from costmodel.readers._values import Value
from costmodel.readers.keras._call import Call, only, rule, with_channels
from costmodel.readers.keras.activations import activated


def _padding(op: Call, kernel: tuple[int, ...], dilation: tuple[int, ...]) -> Any:
    padding = op.get("padding", "valid")
    if padding == "causal":
        return tuple([(d * (k - 1), 0) for k, d in zip(kernel, dilation, strict=True)])
    return padding


def window_of(op: Call, rank: int) -> tuple[tuple[int, ...], dict[str, Any]]:
    kernel, dilation = op.per_axis("kernel_size", rank), op.per_axis("dilation_rate", rank)
    return kernel, {"stride": op.per_axis("strides", rank), "dilation": dilation, "padding": _padding(op, kernel, dilation)}


@rule("Conv1D", "Conv2D", "Conv3D")
def convolution(op: Call) -> Any:
    """A convolution and its activation."""
    x, rank, filters, groups = only(op), int(op.kind[-2]), op.get("filters"), op.get("groups", 1)
    kernel, window = window_of(op, rank)
    w = op.stored("kernel", filters, op.channels(x) // groups, *kernel)
    bias = op.maybe(op.get("use_bias", True), "bias", filters)
    return activated(op, products.convolve(op, x, w, bias, groups=groups, channels_last=op.last, **window))


def _depthwise(op: Call, x: Value, rank: int, name: str, biased: bool) -> Value:
    channels, multiplier = op.channels(x), op.get("depth_multiplier", 1)
    kernel, window = window_of(op, rank)
    w = op.stored(name, channels * multiplier, 1, *kernel)
    bias = op.maybe(biased, "bias", channels * multiplier)
    return products.convolve(op, x, w, bias, groups=channels, channels_last=op.last, **window)


@rule("DepthwiseConv1D", "DepthwiseConv2D")
def depthwise(op: Call) -> Any:
    """A depthwise convolution and its activation."""
    return activated(op, _depthwise(op, only(op), int(op.kind[-2]), "kernel", op.get("use_bias", True)))


@rule("SeparableConv1D", "SeparableConv2D")
def separable(op: Call) -> Any:
    """A depthwise and a pointwise convolution."""
    rank, filters = int(op.kind[-2]), op.get("filters")
    x = _depthwise(op, only(op), rank, "depthwise_kernel", False)
    w = op.stored("pointwise_kernel", filters, op.channels(x), *(1,) * rank)
    return activated(op, products.convolve(op, x, w, op.maybe(op.get("use_bias", True), "bias", filters), channels_last=op.last))


@rule("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose")
def transposed(op: Call) -> Any:
    """A transposed convolution; without `output_padding` a kernel smaller than its stride leaves rows behind."""
    x, rank, filters = only(op), int(op.kind[4]), op.get("filters")
    kernel, window = window_of(op, rank)
    if op.get("output_padding") is not None:
        window["output_padding"] = op.per_axis("output_padding", rank, 0)
        window["padding"] = tuple([k // 2 for k in kernel]) if window["padding"] == "same" else 0
    elif window["padding"] == "valid":
        window["output_padding"] = tuple([max(s - k, 0) for s, k in zip(window["stride"], kernel, strict=True)])
        window["padding"] = 0
    w = op.stored("kernel", op.channels(x), filters, *kernel)
    bias = op.maybe(op.get("use_bias", True), "bias", filters)
    return activated(op, products.convolve_transposed(op, x, w, bias, channels_last=op.last, **window))


POOLINGS: dict[str, tuple[Any, ...]] = {
    "MaxPooling": (pool.MaxPool1d, pool.MaxPool2d, pool.MaxPool3d),
    "AveragePooling": (pool.AvgPool1d, pool.AvgPool2d, pool.AvgPool3d),
}


@rule(*(f"{name}{rank}D" for name in POOLINGS for rank in (1, 2, 3)))
def pooling(op: Call) -> Any:
    """A window that slides."""
    rank = int(op.kind[-2])
    kernel = op.per_axis("pool_size", rank, 2)
    stride = op.per_axis("strides", rank) if op.get("strides") is not None else kernel
    return op.arranged(POOLINGS[op.kind[:-2]][rank - 1](kernel, stride, op.get("padding", "valid")), only(op))


@rule(*(f"Global{name}Pooling{rank}D" for name in ("Average", "Max") for rank in (1, 2, 3)))
def global_pooling(op: Call) -> Any:
    """Over all rows and columns, which stay behind with size 1 where that is asked for."""
    x = only(op)
    y = op.arranged(pool.GlobalAvgPool() if "Average" in op.kind else pool.GlobalMaxPool(), x)
    return y if op.get("keepdims", False) else reshape(op, y, (x.shape[0], op.channels(x)))


def _pairs(op: Call, name: str, rank: int) -> list[tuple[int, int]]:
    found = op.get(name)
    entries = [found] * rank if isinstance(found, int) else [found] if rank == 1 and len(found) == 2 else list(found)
    return [(entry, entry) if isinstance(entry, int) else (entry[0], entry[1]) for entry in entries]


def _spatial(op: Call, x: Value) -> range:
    """The axes of rows and columns."""
    return range(1, len(x.shape) - 1) if op.last else range(2, len(x.shape))


@rule("ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D")
def zero_padding(op: Call) -> Any:
    """Rows and columns around."""
    x = only(op)
    pads = [(0, 0)] * len(x.shape)
    for axis, pair in zip(_spatial(op, x), _pairs(op, "padding", int(op.kind[-2])), strict=True):
        pads[axis] = pair
    return op.emit(Pad(tuple(pads)), x)


@rule("Cropping1D", "Cropping2D", "Cropping3D")
def cropping(op: Call) -> Any:
    """Rows and columns cut off."""
    x = only(op)
    shape = list(x.shape)
    for axis, (before, after) in zip(_spatial(op, x), _pairs(op, "cropping", int(op.kind[-2])), strict=True):
        shape[axis] = shape[axis] - before - after
    return op.move("slice", sized(shape), x)


MODES = {"nearest": "nearest", "bilinear": "linear", "bicubic": "cubic"}


def _resized(op: Call, x: Value, sizes: Any) -> Any:
    mode = op.get("interpolation", "nearest")
    if mode not in MODES:
        raise UnknownLayerError(f"the interpolation {mode!r} has no cost rule; known are {', '.join(MODES)}")
    shape = sized(with_channels(op, x, sizes, op.channels(x)))
    changed = tuple([axis for axis, (a, b) in enumerate(zip(x.shape, shape, strict=True)) if a != b])
    return op.emit(Resize(shape, MODES[mode], changed), x)


@rule("UpSampling1D", "UpSampling2D", "UpSampling3D")
def upsampling(op: Call) -> Any:
    """By whole factors."""
    x, rank = only(op), int(op.kind[-2])
    return _resized(op, x, [x.shape[axis] * f for axis, f in zip(_spatial(op, x), op.per_axis("size", rank, 2), strict=True)])


@rule("Resizing")
def resizing(op: Call) -> Any:
    """To given sizes."""
    return _resized(op, only(op), (op.get("height"), op.get("width")))
