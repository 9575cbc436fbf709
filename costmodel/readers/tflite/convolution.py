"""Convolutions, standard, grouped, depthwise and transposed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from costmodel._num import Num, equal, is_symbolic
from costmodel.errors import ReaderError
from costmodel.layers import conv
from costmodel.readers._importer import Operator
from costmodel.readers._values import Value
from costmodel.readers.tflite._helpers import four, padding, weighted
from costmodel.readers.tflite._rules import rule


def _operands(x: Value, w: Value) -> tuple[Value, ...]:
    return (x, w) if w.ref else (x,)


def _groups(channels: Num, per_group: Num, out: Num) -> Num:
    """How many groups a filter of `per_group` channels makes of the input's channels."""
    if type(channels) is not int or type(per_group) is not int or type(out) is not int:
        return 1
    if per_group < 1 or channels % per_group or out % (channels // per_group or 1):
        raise ReaderError(f"input channels (={channels}) must be a multiple of the filter's {per_group} that divides its {out} outputs")
    return channels // per_group


@rule("CONV_2D")
def convolution(op: Operator) -> Any:
    x, w = op[0], op[1]
    channels = four(x)[3]
    out, height, width, per_group = four(w)
    layer = conv.Conv2d(
        out, (height, width), stride=(op.get("stride_h"), op.get("stride_w")), padding=padding(op),
        dilation=(op.get("dilation_h"), op.get("dilation_w")), groups=_groups(channels, per_group, out), bias=op.optional(2) is not None,
    )  # fmt: skip
    return weighted(op, layer, *_operands(x, w), weights=[w], bias=op.optional(2), last=True)


@rule("DEPTHWISE_CONV_2D")
def depthwise(op: Operator) -> Any:
    x, w = op[0], op[1]
    channels = four(x)[3]
    _, height, width, out = four(w)
    multiplier = op.get("multiplier")
    if type(channels) is int and type(out) is int:
        if channels < 1 or out % channels:
            raise ReaderError(f"the filter's channels (={out}) must be a multiple of the input's (={channels})")
        multiplier = out // channels
    common: dict[str, Any] = {
        "stride": (op.get("stride_h"), op.get("stride_w")), "padding": padding(op),
        "dilation": (op.get("dilation_h"), op.get("dilation_w")), "bias": op.optional(2) is not None,
    }  # fmt: skip
    alone = type(channels) is int and channels == 1  # one channel has nothing to be kept apart from
    layer = conv.Conv2d(out, (height, width), **common) if alone else conv.DepthwiseConv2d((height, width), multiplier=multiplier, **common)
    return weighted(op, layer, *_operands(x, w), weights=[w], bias=op.optional(2), last=True)


@rule("CONV_3D")
def convolution_3d(op: Operator) -> Any:
    x, w = op[0], op[1]
    if len(x.shape) != 5 or len(w.shape) != 5:
        raise ReaderError(f"needs an input and a filter of five axes, got shapes {x.shape} and {w.shape}")
    *kernel, per_group, out = w.shape
    layer = conv.Conv3d(
        out, tuple(kernel), stride=_three(op, "stride"), padding=padding(op), dilation=_three(op, "dilation"),
        groups=_groups(x.shape[4], per_group, out), bias=op.optional(2) is not None,
    )  # fmt: skip
    return weighted(op, layer, *_operands(x, w), weights=[w], bias=op.optional(2), last=True)


def _three(op: Operator, name: str) -> tuple[int, int, int]:
    return op.get(f"{name}_d"), op.get(f"{name}_h"), op.get(f"{name}_w")


@rule("TRANSPOSE_CONV")
def transposed(op: Operator) -> Any:
    out, height, width, per_group = four(op[1])
    sizes = op.numbers(0) or ()
    return transpose(
        op, op[2], op[1], op.optional(3), out=out, channels=per_group, kernel=(height, width),
        stride=(op.get("stride_h"), op.get("stride_w")), sizes=sizes[1:3],
    )  # fmt: skip


@rule("CONV_3D_TRANSPOSE")
def transposed_3d(op: Operator) -> Any:
    if len(op[1].shape) != 5:
        raise ReaderError(f"needs a filter of five axes, got shape {op[1].shape}")
    *kernel, out, per_group = op[1].shape
    sizes = op.numbers(0) or ()
    return transpose(
        op, op[2], op[1], op.optional(3), out=out, channels=per_group, kernel=kernel, stride=_three(op, "stride"),
        sizes=sizes[1:4], dilation=_three(op, "dilation"),
    )  # fmt: skip


def transpose(
    op: Operator, x: Value, w: Value, bias: Value | None, *, out: Num, channels: Num, kernel: Sequence[Num], stride: Sequence[int],
    sizes: Sequence[Num], dilation: Sequence[int] | None = None,
) -> Value:  # fmt: skip
    """A transposed convolution to outputs of given sizes: what is more is cut off, most of it behind."""
    rank = len(kernel)
    if len(x.shape) != rank + 2 or len(sizes) != rank:
        raise ReaderError(f"needs an input of {rank + 2} axes and {rank} output sizes, got shape {x.shape} and sizes {tuple(sizes)}")
    if equal(x.shape[-1], channels) is False:
        raise ReaderError(f"input channels (={x.shape[-1]}) must be those of the filter (={channels})")
    dilation = dilation or (1,) * rank
    pads: Any = "same"
    extra = [0] * rank
    if not all(equal(size, n * s) is True for size, n, s in zip(sizes, x.shape[1:-1], stride, strict=True)):
        pads = []
        for axis, (n, size) in enumerate(zip(x.shape[1:-1], sizes, strict=True)):
            full = stride[axis] * (n - 1) + (kernel[axis] - 1) * dilation[axis] + 1
            cut = full - size
            if is_symbolic(cut):
                cut = int(cut) if cut.is_Integer else 0
            extra[axis], cut = max(-cut, 0), max(cut, 0)
            pads.append((cut // 2, cut - cut // 2))
        pads = tuple(pads)
    layers: dict[int, Any] = {2: conv.ConvTranspose2d, 3: conv.ConvTranspose3d}
    layer = layers[rank](
        out, tuple(kernel), stride=tuple(stride), padding=pads, output_padding=tuple(extra), dilation=tuple(dilation),
        bias=bias is not None,
    )  # fmt: skip
    return weighted(op, layer, *_operands(x, w), weights=[w], bias=bias, last=True)
