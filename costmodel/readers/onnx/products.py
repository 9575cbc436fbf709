"""Convolutions, dense layers and matrix products."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from costmodel._num import equal
from costmodel.errors import ReaderError, UnknownLayerError
from costmodel.layers import Layer, activation
from costmodel.layers.elementwise import Add
from costmodel.layers.structure import Transpose
from costmodel.readers import _products as products
from costmodel.readers._folding import settled
from costmodel.readers._helpers import pair
from costmodel.readers._importer import Operator
from costmodel.readers._products import matrix_product, spatial
from costmodel.readers._values import Value
from costmodel.readers.onnx._rules import rule

AUTO_PADS = ("NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID")


def padding(op: Operator, rank: int) -> Any:
    """The padding of a window, as the fields of layers say it."""
    mode = op.get("auto_pad") or "NOTSET"
    if mode not in AUTO_PADS:
        raise ReaderError(f"`auto_pad` (={mode!r}) must be one of {', '.join(AUTO_PADS)}")
    if mode in ("SAME_UPPER", "SAME_LOWER"):
        return "same"
    pads = op.get("pads")
    if mode == "VALID" or not pads:
        return (0,) * rank
    if len(pads) != 2 * rank:
        raise ReaderError(f"`pads` (={pads}) must have {2 * rank} entries")
    before, after = pads[:rank], pads[rank:]
    return tuple(before) if before == after else tuple(zip(before, after, strict=True))


def per_axis(op: Operator, name: str, rank: int) -> tuple[int, ...]:
    """A stride or dilation for every spatial axis."""
    return tuple(op.get(name) or (1,) * rank)


def check_kernel(op: Operator, w: Value) -> None:
    """The attribute, which may be left out, must say what the weights say."""
    said, kernel = op.get("kernel_shape"), w.shape[2:]
    if said and (len(said) != len(kernel) or any(settled(equal(a, b)) is False for a, b in zip(said, kernel, strict=True))):
        raise ReaderError(f"`kernel_shape` (={tuple(said)}) must be that of the weights, which have the shape {w.shape}")


def convolve(op: Operator, x: Value, w: Value, bias: Value | None, dtype: str | None = None, channels_last: bool = False) -> Value:
    """A convolution as the operator's attributes say it."""
    rank = spatial(op, x.shape)
    check_kernel(op, w)
    window = {"stride": per_axis(op, "strides", rank), "padding": padding(op, rank), "dilation": per_axis(op, "dilations", rank)}
    return products.convolve(op, x, w, bias, groups=op.get("group", 1), dtype=dtype, channels_last=channels_last, **window)


@rule("Conv")
def convolution(op: Operator) -> Any:
    return convolve(op, op[0], op[1], op.optional(2))


@rule("FusedConv", "NhwcConv", "NhwcFusedConv", domain="com.microsoft")
def fused_convolution(op: Operator) -> Any:
    """A convolution, perhaps a sum, and an activation."""
    y = convolve(op, op[0], op[1], op.optional(2), channels_last=op.kind.startswith("Nhwc"))
    if (other := op.optional(3)) is not None:
        y = pair(Add, op, y, other)
    return activated(op, y)


FUSED: dict[str, Callable[[], Layer]] = {
    "Relu": activation.ReLU, "LeakyRelu": activation.LeakyReLU, "Sigmoid": activation.Sigmoid, "Tanh": activation.Tanh,
    "HardSigmoid": activation.HardSigmoid, "HardSwish": activation.HardSwish, "Clip": activation.Clip, "Elu": activation.ELU,
    "Selu": activation.SELU, "Softplus": activation.Softplus, "Softsign": activation.Softsign, "ThresholdedRelu": activation.ReLU,
    "Gelu": activation.GELU, "QuickGelu": activation.GELU, "Silu": activation.SiLU, "Softmax": activation.Softmax,
}  # fmt: skip
"""The layer of every activation that ONNX Runtime fuses, by its name."""


def activated(op: Operator, y: Value) -> Value:
    """What an operator returns once the activation that it names has run."""
    name = op.get("activation", "")
    if name not in ("", *FUSED):
        raise UnknownLayerError(f"the fused activation {name!r} has no cost rule; known are {', '.join(FUSED)}")
    made: Value = op.emit(FUSED[name](), y) if name else y
    return made


@rule("ConvTranspose")
def transposed(op: Operator) -> Any:
    x, w, bias = op[0], op[1], op.optional(2)
    rank = spatial(op, x.shape)
    groups = op.get("group", 1)
    if len(w.shape) != rank + 2:
        raise ReaderError(f"weights of shape {w.shape} don't fit an input of shape {x.shape}")
    check_kernel(op, w)
    kernel, stride, dilation = w.shape[2:], per_axis(op, "strides", rank), per_axis(op, "dilations", rank)
    extra = list(op.get("output_padding") or (0,) * rank)
    pads = padding(op, rank)
    wanted = op.get("output_shape")
    if wanted or (pads == "same" and any(extra)):
        sizes = wanted[-rank:] if wanted else [n * s for n, s in zip(x.shape[2:], stride, strict=True)]
        pairs = []
        for i in range(rank):
            full = stride[i] * (x.shape[2 + i] - 1) + extra[i] + (kernel[i] - 1) * dilation[i] + 1
            cut = full - sizes[i]
            if cut < 0:
                extra[i], cut = extra[i] - cut, 0
            half = cut // 2
            pairs.append((cut - half, half) if op.get("auto_pad") == "SAME_LOWER" else (half, cut - half))
        pads = tuple(pairs)
    window = {"stride": stride, "padding": pads, "output_padding": tuple(extra), "dilation": dilation}
    return products.convolve_transposed(op, x, w, bias, groups=groups, **window)


@rule("MatMul")
def matmul(op: Operator) -> Any:
    return matrix_product(op, op[0], op[1])


@rule("Gemm")
@rule("FusedGemm", domain="com.microsoft")
def gemm(op: Operator) -> Any:
    a, b, c = op[0], op[1], op.optional(2)
    if len(a.shape) != 2 or len(b.shape) != 2:
        raise ReaderError(f"needs two matrices, got shapes {a.shape} and {b.shape}")
    if op.get("transA", 0):
        a = op.emit(Transpose((1, 0)), a)
    if op.get("transB", 0):
        b = op.emit(Transpose((1, 0)), b) if b.ref else b.like((b.shape[1], b.shape[0]))
    return activated(op, products.affine(op, a, b, c))


@rule("Einsum")
def einsum(op: Operator) -> Any:
    return products.einsum(op, op.get("equation", ""), op.given())
