"""Attention of ONNX itself and of ONNX Runtime's fused operators."""

from __future__ import annotations

from typing import Any

from costmodel._num import Num, floor_div
from costmodel.errors import ReaderError, UnknownLayerError
from costmodel.layers import activation as act
from costmodel.layers import normalisation as norm
from costmodel.layers.attention import Attention
from costmodel.layers.elementwise import Add, Multiply
from costmodel.layers.linear import Dense
from costmodel.layers.structure import Concat, Split, Transpose
from costmodel.readers._helpers import pair, reshape
from costmodel.readers._importer import Operator
from costmodel.readers._values import Value
from costmodel.readers.onnx._rules import rule
from costmodel.readers.onnx.products import matrix_product

MICROSOFT = "com.microsoft"


def heads_apart(op: Operator, x: Value, heads: Num) -> Value:
    """(batch, length, heads * features) seen as (batch, heads, length, features)."""
    if len(x.shape) == 4:
        return x
    if len(x.shape) != 3 or not heads:
        raise ReaderError(f"needs (batch, heads, length, features), or three axes and a number of heads, got {x.shape} and {heads}")
    batch, length, width = x.shape
    return reshape(op, x, (batch, heads, length, floor_div(width, heads)))


def attend(
    op: Operator, q: Value, k: Value, v: Value, mask: Value | None, past: tuple[Value | None, Value | None], flat: bool
) -> list[Value]:
    """The attention of four-axis operands: its output, the keys and the values with those of the past."""
    past_k, past_v = past
    if past_k is not None and past_v is not None:
        k, v = op.emit(Concat(2), past_k, k), op.emit(Concat(2), past_v, v)
    operands = (q, k, v, mask) if mask is not None and mask.ref else (q, k, v)
    y = op.emit(Attention(), *operands)
    if flat:
        batch, heads, length, width = y.shape
        y = reshape(op, y, (batch, length, heads * width))
    return [y, k, v]


@rule("Attention")
def attention(op: Operator) -> Any:
    flat = len(op[0].shape) == 3
    q, k, v = (heads_apart(op, op[i], op.get(name)) for i, name in enumerate(("q_num_heads", "kv_num_heads", "kv_num_heads")))
    outputs = attend(op, q, k, v, op.optional(3), (op.optional(4), op.optional(5)), flat)
    if op.outputs > 3:
        outputs.append(op.move("scores", (*q.shape[:3], outputs[1].shape[2]), q, outputs[1]))
    return outputs


@rule("FlexAttention", domain="ai.onnx.preview")
def flex_attention(op: Operator) -> Any:
    op.importer.assume("FlexAttention: what its functions do to scores is not counted")
    return attend(op, op[0], op[1], op[2], None, (None, None), False)[:1]


@rule("MultiHeadAttention", domain=MICROSOFT)
def multi_head(op: Operator) -> Any:
    heads = op.get("num_heads")
    if op.optional(1) is None or op.optional(2) is None:
        raise UnknownLayerError("MultiHeadAttention with packed operands has no cost rule")
    operands = [op[0], op[1], op[2]]
    if (bias := op.optional(3)) is not None:
        operands[0] = op.emit(act.Bias((operands[0].shape[-1],)), operands[0], biases=[bias])
    q, k, v = (heads_apart(op, x, heads) for x in operands)
    return attend(op, q, k, v, op.optional(5), (op.optional(6), op.optional(7)), True)


@rule("GroupQueryAttention", domain=MICROSOFT)
def group_query(op: Operator) -> Any:
    q, k, v = op[0], op.optional(1), op.optional(2)
    heads, shared = op.get("num_heads"), op.get("kv_num_heads")
    if k is None or v is None:
        width = floor_div(q.shape[-1], heads + 2 * shared)
        q, k, v = op.emit(Split(-1, (heads * width, shared * width, shared * width)), q)
    apart = (heads_apart(op, q, heads), heads_apart(op, k, shared), heads_apart(op, v, shared))
    return attend(op, *apart, None, (op.optional(3), op.optional(4)), True)


@rule("Attention", domain=MICROSOFT)
def packed_attention(op: Operator) -> Any:
    x, w, bias = op[0], op[1], op.optional(2)
    width = w.shape[-1]
    y = op.emit(Dense(width, bias=bias is not None), x, weights=[w], biases=[bias])
    sizes = op.get("qkv_hidden_sizes") or [floor_div(width, 3)] * 3
    q, k, v = (heads_apart(op, part, op.get("num_heads")) for part in op.emit(Split(-1, tuple(sizes)), y))
    if op.optional(4) is not None:
        raise UnknownLayerError("Attention (com.microsoft) with a past has no cost rule")
    return attend(op, q, k, v, op.optional(5), (None, None), True)[:1]


@rule("SkipLayerNormalization", "SkipSimplifiedLayerNormalization", domain=MICROSOFT)
def skip_norm(op: Operator) -> Any:
    simplified = "Simplified" in op.kind
    total = op.emit(Add(), op[0], op[1])
    bias = op.optional(3 if simplified else 4)
    if bias is not None:
        total = op.emit(act.Bias(bias.shape), total, biases=[bias])
    affine = [op[2]] if simplified else [op[2], op.optional(3)]
    y = op.emit(norm.RMSNorm() if simplified else norm.LayerNorm(), total, norm_affine=affine)
    return [y, None, None, total][: max(op.outputs, 1)]


@rule("SimplifiedLayerNormalization")
def simplified_norm(op: Operator) -> Any:
    return op.emit(norm.RMSNorm(), op[0], norm_affine=[op[1]])


@rule("Gelu", "FastGelu", "QuickGelu", "BiasGelu", domain=MICROSOFT)
def gelu(op: Operator) -> Any:
    x, bias = op[0], op.optional(1)
    if bias is not None:
        x = op.emit(act.Bias(bias.shape), x, biases=[bias])
    return op.emit(act.GELU(), x)


@rule("FusedMatMul", domain=MICROSOFT)
def fused_matmul(op: Operator) -> Any:
    def turned(x: Value, name: str) -> Value:
        rank = len(x.shape)
        return op.emit(Transpose((*range(rank - 2), rank - 1, rank - 2)), x) if op.get(name, 0) else x

    return matrix_product(op, turned(op[0], "transA"), turned(op[1], "transB"))


@rule("MatMulNBits", domain=MICROSOFT)
def matmul_bits(op: Operator) -> Any:
    x, w = op[0], op[1]
    op.ignore(op.optional(2), op.optional(3), op.optional(4))
    rows, columns = op.get("K"), op.get("N")
    stored = tuple([s._replace(elements=rows * columns, dtype=f"uint{op.get('bits', 4)}") for s in w.sources])
    return op.emit(Dense(columns, bias=False), x, weights=[Value((rows, columns), w.dtype, w.ref, stored)], biases=[op.optional(5)])


@rule("RotaryEmbedding")
@rule("RotaryEmbedding", domain=MICROSOFT)
def rotary(op: Operator) -> Any:
    x = op[0]
    y = op.emit(Add(), op.emit(Multiply(), x, x), op.emit(Multiply(), x, x))  # x cos + turned x sin
    return y


@rule("SwiGLU")
def swiglu(op: Operator) -> Any:
    x = op[0]
    if len(op.given()) > 1:
        return pair(Multiply, op, op.emit(act.SiLU(), x), op[1])
    a, b = op.emit(Split(-1, (floor_div(x.shape[-1], 2),) * 2), x)
    return op.emit(Multiply(), op.emit(act.SiLU(), a), b)
