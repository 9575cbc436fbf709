"""Convolutions, dense layers, matrix products and attention."""

from __future__ import annotations

from typing import Any

from costmodel.errors import UnknownLayerError
from costmodel.layers.activation import Bias
from costmodel.layers.attention import Attention
from costmodel.layers.linear import Dense
from costmodel.layers.structure import Transpose
from costmodel.readers import _products as products
from costmodel.readers._helpers import reshape
from costmodel.readers._values import Value
from costmodel.readers.torch._call import Aten, rule


def _padding(op: Aten, rank: int, kernel: tuple[Any, ...], dilation: tuple[Any, ...]) -> Any:
    padding = op.get("padding")
    if padding == "same":
        spans = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        return tuple([(span // 2, span - span // 2) for span in spans])
    return (0,) * rank if padding == "valid" else op.per_axis("padding", rank, 0)


@rule("conv1d", "conv2d", "conv3d", "convolution", "_convolution", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
def convolution(op: Aten) -> Any:
    """Weights have the shape (out, in / groups, kernel), or (in, out / groups, kernel) where the convolution is transposed."""
    x, w, bias = op.tensor("input"), op.tensor("weight"), op.maybe("bias")
    rank = len(w.shape) - 2
    batched = x if len(x.shape) != rank + 1 else reshape(op, x, (1, *x.shape))
    products.spatial(op, batched.shape)
    dilation = op.per_axis("dilation", rank, 1)
    window = {
        "groups": op.get("groups", 1), "stride": op.per_axis("stride", rank, 1), "dilation": dilation,
        "padding": _padding(op, rank, w.shape[2:], dilation),
    }  # fmt: skip
    if "transpose" in op.kind or op.get("transposed", False):
        y = products.convolve_transposed(op, batched, w, bias, output_padding=op.per_axis("output_padding", rank, 0), **window)
    else:
        y = products.convolve(op, batched, w, bias, dtype=op.dtypes[0], **window)
    return y if batched is x else reshape(op, y, y.shape[1:])


@rule("linear")
def linear(op: Aten) -> Any:
    """Weights have the shape (out, in)."""
    x, w, bias = op.tensor("input"), op.tensor("weight"), op.maybe("bias")
    if w.ref is None and x.ref is not None and len(w.shape) == 2:
        return op.emit(Dense(w.shape[0], bias=bias is not None), x, weights=[w], biases=[bias])
    order = tuple(range(len(w.shape)))[::-1]
    y = products.matrix_product(op, x, op.emit(Transpose(order), w) if len(order) > 1 else w)
    return y if bias is None else products.add(op, y, bias)


@rule("addmm")
def addmm(op: Aten) -> Any:
    """A product of matrices and what is added to it."""
    return products.affine(op, op.tensor("mat1"), op.tensor("mat2"), op.tensor("self"))


@rule("mm", "bmm")
def product_of_matrices(op: Aten) -> Any:
    """A product of matrices, or of as many as the batch has."""
    return products.matrix_product(op, op.tensor("self"), op.tensor("mat2"))


@rule("matmul", "mv", "dot")
def matmul(op: Aten) -> Any:
    """A product as numpy.matmul."""
    second = {"mv": "vec", "dot": "tensor"}.get(op.kind, "other")
    return products.matrix_product(op, op.tensor("self"), op.tensor(second))


@rule("baddbmm")
def baddbmm(op: Aten) -> Any:
    """Products of matrices and what is added to them."""
    return products.add(op, products.matrix_product(op, op.tensor("batch1"), op.tensor("batch2")), op.tensor("self"))


@rule("einsum")
def einsum(op: Aten) -> Any:
    """Sums of products over named indices."""
    return products.einsum(op, op.get("equation", ""), op.many("tensors"))


@rule("bilinear")
def bilinear(op: Aten) -> Any:
    """A product of two inputs and weights of shape (out, first, second)."""
    y = products.einsum(op, "...i,oij,...j->...o", [op.tensor("input1"), op.tensor("weight"), op.tensor("input2")])
    bias = op.maybe("bias")
    return y if bias is None else op.emit(Bias(bias.shape), y, biases=[bias])


@rule(
    "scaled_dot_product_attention", "_scaled_dot_product_flash_attention_for_cpu", "_scaled_dot_product_flash_attention",
    "_scaled_dot_product_efficient_attention", "_scaled_dot_product_attention_math",
)  # fmt: skip
def attention(op: Aten) -> Any:
    """Attention; axes before the heads are one batch."""
    q, k, v, mask = op.tensor("query"), op.tensor("key"), op.tensor("value"), op.maybe("attn_mask") or op.maybe("attn_bias")
    wide = [_four_axes(op, x) for x in (q, k, v)]
    y: Value = op.emit(Attention(), *wide, *([mask] if mask is not None else []))
    outputs: list[Any] = [reshape(op, y, (*q.shape[:-1], v.shape[-1]))]
    for shape, dtype in zip(op.shapes[1:], op.dtypes[1:], strict=True):
        outputs.append(y.like(shape, dtype))
    return outputs


def _four_axes(op: Aten, x: Value) -> Value:
    rank = len(x.shape)
    if rank < 2:
        raise UnknownLayerError(f"attention has a cost rule for at least two axes, got shape {x.shape}")
    if rank <= 4:
        return reshape(op, x, (*(1,) * (4 - rank), *x.shape))
    rows: Any = 1
    for size in x.shape[:-3]:
        rows = rows * size
    return reshape(op, x, (rows, *x.shape[-3:]))
