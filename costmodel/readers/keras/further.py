"""Convolutional recurrences, adaptive poolings, and layers that models of keras.applications bring along."""

from __future__ import annotations

from typing import Any

from costmodel.errors import UnknownLayerError
from costmodel.layers import pooling as pool
from costmodel.layers.activation import Sigmoid, Tanh
from costmodel.layers.elementwise import Add, Elementwise, Multiply
from costmodel.layers.structure import Split
from costmodel.readers import _products as products
from costmodel.readers._helpers import pair, reshape
from costmodel.readers._values import Value
from costmodel.readers.keras._call import Call, only, rule, with_channels
from costmodel.readers.keras.convolutions import window_of


@rule("LayerScale")
def layer_scale(op: Call) -> Any:
    """A factor for every channel, as in ConvNeXt."""
    return pair(Multiply, op, only(op), op.stored("gamma", op.get("projection_dim")))


@rule("SpectralNormalization")
def spectral(op: Call) -> Any:
    """At inference the layer inside; its weights have been divided before."""
    inner = op.get("layer") or {}
    return op.reader.call(inner, str((inner.get("config") or {}).get("name")), [only(op)], {}, f"{op.path}/")


@rule("CenterCrop")
def center_crop(op: Call) -> Any:
    x = only(op)
    channels = op.channels(x)
    return op.move("center_crop", with_channels(op, x, (op.get("height"), op.get("width")), channels), x)


@rule("AdaptiveAveragePooling2D", "AdaptiveMaxPooling2D")
def adaptive(op: Call) -> Any:
    kind = pool.AdaptiveAvgPool2d if "Average" in op.kind else pool.AdaptiveMaxPool2d
    return op.arranged(kind(op.per_axis("output_size", 2)), only(op))


@rule("Discretization")
def discretization(op: Call) -> Any:
    """Each number is looked up among the boundaries: at least one compare."""
    return op.emit(Elementwise("compare"), only(op), dtype="int64")


@rule("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")
def convolutional_lstm(op: Call) -> Any:
    """An LSTM whose products are convolutions: of the input as the layer says, of the state with the same kernel and SAME padding.

    All steps stand as one batch, as they cost the same.
    """
    x, rank, filters = only(op), int(op.kind[-2]), op.get("filters")
    if op.get("return_state", False) or len(op.given()) > 1:
        raise UnknownLayerError(f"{op.kind} with states given or returned has no cost rule")
    batch, steps = x.shape[:2]
    kernel, window = window_of(op, rank)
    flat = reshape(op, x, (batch * steps, *x.shape[2:]))
    w, bias = op.stored("kernel", 4 * filters, op.channels(flat), *kernel), op.maybe(op.get("use_bias", True), "bias", 4 * filters)
    gates = products.convolve(op, flat, w, bias, channels_last=op.last, **window)
    sizes = gates.shape[1:-1] if op.last else gates.shape[2:]
    state = op.move("state", with_channels(op, flat, sizes, filters), gates)
    again = products.convolve(
        op, state, op.stored("recurrent_kernel", 4 * filters, filters, *kernel), None, channels_last=op.last, padding="same"
    )  # fmt: skip
    parts: list[Value] = list(op.emit(Split(-1 if op.last else 1, (filters,) * 4), op.emit(Add(), gates, again)))
    entered, forgotten, given = (op.emit(Sigmoid(), part) for part in parts[:3])
    cell = op.emit(Add(), op.emit(Multiply(), entered, op.emit(Tanh(), parts[3])), op.emit(Multiply(), forgotten, state))
    y = op.emit(Multiply(), given, op.emit(Tanh(), cell))
    if op.get("return_sequences", False):
        return reshape(op, y, (batch, steps, *y.shape[1:]))
    return op.move("slice", (batch, *y.shape[1:]), y)
