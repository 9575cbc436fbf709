"""Attention of ONNX itself and of ONNX Runtime's fused operators."""

from __future__ import annotations

from typing import Any

from costmodel._num import Num, floor_div
from costmodel.errors import ReaderError, UnknownLayerError
from costmodel.layers import activation as act
from costmodel.layers import normalisation as norm
from costmodel.layers.attention import Attention
from costmodel.layers.elementwise import Add, Multiply
from costmodel.layers.embedding import Embedding
from costmodel.layers.linear import Dense
from costmodel.layers.structure import Concat, Split, Transpose
from costmodel.readers._helpers import axis_of, pair, reshape, with_axis
from costmodel.readers._importer import Operator
from costmodel.readers._products import matrix_product
from costmodel.readers._values import Value
from costmodel.readers.onnx._rules import rule
from costmodel.readers.onnx.products import activated

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
    return _with_past(op, q, k, v, op.optional(5), op.optional(4))


def _with_past(op: Operator, q: Value, k: Value, v: Value, mask: Value | None, past: Value | None) -> list[Value]:
    """Attention whose past and present hold keys and values one above the other: (2, batch, heads, length, features)."""
    before: tuple[Value | None, Value | None] = (None, None)
    if past is not None:
        if len(past.shape) != 5:
            raise ReaderError(f"its past must have five axes, got shape {past.shape}")
        halves = op.emit(Split(0, (1, 1)), past)
        before = (reshape(op, halves[0], past.shape[1:]), reshape(op, halves[1], past.shape[1:]))
    y, keys, values = attend(op, q, k, v, mask, before, True)
    if op.outputs < 2:
        return [y]
    return [y, op.emit(Concat(0), *(reshape(op, x, (1, *x.shape)) for x in (keys, values)))]


@rule("QAttention", domain=MICROSOFT)
def quantized_attention(op: Operator) -> Any:
    x, w, bias = op[0], op[1], op.optional(2)
    op.ignore(*op.inputs[3:5], *op.inputs[6:8])
    width = w.shape[-1]
    y = op.emit(Dense(width, bias=bias is not None), x, weights=[w], biases=[bias], dtype="float32")
    parts = op.emit(Split(-1, (floor_div(width, 3),) * 3), y)
    q, k, v = (heads_apart(op, part, op.get("num_heads")) for part in parts)
    return _with_past(op, q, k, v, None, op.optional(8))


@rule("DecoderMaskedSelfAttention", domain=MICROSOFT)
def decoder_self_attention(op: Operator) -> Any:
    x, w, bias = op[0], op[1], op.optional(2)
    width = w.shape[-1]
    y = op.emit(Dense(width, bias=bias is not None), x, weights=[w], biases=[bias])
    q, k, v = (heads_apart(op, part, op.get("num_heads")) for part in op.emit(Split(-1, (floor_div(width, 3),) * 3), y))
    return _with_past(op, q, k, v, op.optional(5), op.optional(4))


@rule("DecoderMaskedMultiHeadAttention", domain=MICROSOFT)
def decoder_attention(op: Operator) -> Any:
    heads, operands = op.get("num_heads"), [op[0], op.optional(1), op.optional(2)]
    if operands[1] is None or operands[2] is None:
        raise UnknownLayerError("DecoderMaskedMultiHeadAttention with packed operands has no cost rule")
    if (bias := op.optional(10)) is not None:
        operands[0] = op.emit(act.Bias((op[0].shape[-1],)), op[0], biases=[bias])
    q, k, v = (heads_apart(op, x, heads) for x in operands if x is not None)
    return attend(op, q, k, v, op.optional(4), (op.optional(5), op.optional(6)), True)


@rule("EmbedLayerNormalization", domain=MICROSOFT)
def embedded_norm(op: Operator) -> Any:
    """Rows of two or three tables, summed and normalised."""
    tokens, segments, (words, places, kinds) = op[0], op.optional(1), (op.optional(i) for i in (2, 3, 4))
    if words is None or places is None:
        raise ReaderError("needs tables of tokens and of positions")
    parts = [op.emit(Embedding(words.shape), tokens, dtype=words.dtype, weights=[words], keep=True)]
    position = op.optional(8) or tokens
    parts.append(op.emit(Embedding(places.shape), position, dtype=places.dtype, weights=[places], keep=True))
    if kinds is not None:
        parts.append(op.emit(Embedding(kinds.shape), segments or tokens, dtype=kinds.dtype, weights=[kinds], keep=True))
    total = op.emit(Add(), *parts)
    y = op.emit(norm.LayerNorm(), total, norm_affine=[op[5], op[6]])
    if op.outputs < 2:
        return [y]
    return [y, op.move("mask_index", (tokens.shape[0],), tokens, dtype="int32"), total][: op.outputs]


@rule("BiasSoftmax", domain=MICROSOFT)
def bias_softmax(op: Operator) -> Any:
    return op.emit(act.Softmax(-1), pair(Add, op, op[0], op[1]))


@rule("BiasAdd", domain=MICROSOFT)
def bias_add(op: Operator) -> Any:
    return pair(Add, op, op.emit(act.Bias((op[0].shape[-1],)), op[0], biases=[op[1]]), op[2])


@rule("BiasSplitGelu", domain=MICROSOFT)
def bias_split_gelu(op: Operator) -> Any:
    x = op.emit(act.Bias((op[0].shape[-1],)), op[0], biases=[op[1]])
    a, b = op.emit(Split(-1, (floor_div(x.shape[-1], 2),) * 2), x)
    return op.emit(Multiply(), a, op.emit(act.GELU(), b))


@rule("GroupNorm", "SkipGroupNorm", domain=MICROSOFT)
def group_norm(op: Operator) -> Any:
    """Groups of channels, which are last unless the operator says otherwise; perhaps a sum before, a SiLU behind."""
    x, last = op[0], bool(op.get("channels_last", 1))
    if op.kind == "SkipGroupNorm":
        x = pair(Add, op, x, op[3])
        x = x if op.optional(4) is None else pair(Add, op, x, op[4])
    y = op.emit(norm.GroupNorm(groups=op.get("groups", 1)), x, norm_affine=[op[1], op[2]], channels_last=last)
    y = op.emit(act.SiLU(), y) if op.get("activation", 0) else y
    return [y, x][: max(op.outputs, 1)]


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


@rule("FusedMatMul", "TransposeMatMul", "FusedMatMulActivation", domain=MICROSOFT)
def fused_matmul(op: Operator) -> Any:
    def turned(x: Value, name: str) -> Value:
        rank = len(x.shape)
        if op.get(name.replace("trans", "transBatch"), 0):
            raise UnknownLayerError(f"{op.kind} with turned batches has no cost rule")
        return op.emit(Transpose((*range(rank - 2), rank - 1, rank - 2)), x) if op.get(name, 0) and rank > 1 else x

    return activated(op, matrix_product(op, turned(op[0], "transA"), turned(op[1], "transB")))


@rule("MatMulNBits", domain=MICROSOFT)
def matmul_bits(op: Operator) -> Any:
    x, w = op[0], op[1]
    op.ignore(op.optional(2), op.optional(3), op.optional(4))
    rows, columns = op.get("K"), op.get("N")
    stored = tuple([s._replace(elements=rows * columns, dtype=f"uint{op.get('bits', 4)}") for s in w.sources])
    return op.emit(Dense(columns, bias=False), x, weights=[Value((rows, columns), w.dtype, w.ref, stored)], biases=[op.optional(5)])


@rule("MatMulBnb4", domain=MICROSOFT)
def matmul_four_bits(op: Operator) -> Any:
    op.ignore(op.optional(2))
    rows, columns = op.get("K"), op.get("N")
    stored = tuple([s._replace(elements=rows * columns, dtype="uint4", quantized=True) for s in op[1].sources])
    return op.emit(Dense(columns, bias=False), op[0], weights=[Value((rows, columns), "uint4", op[1].ref, stored)])


@rule("GatherBlockQuantized", domain=MICROSOFT)
def gather_quantized(op: Operator) -> Any:
    """Rows of a table of integers, which blocks of scales turn back into floats."""
    x, indices, scales = op[0], op[1], op[2]
    op.ignore(scales, op.optional(3))
    axis, quantized = (axis_of(op.get(name, default), len(x.shape)) for name, default in (("gather_axis", 0), ("quantize_axis", 1)))
    bits = op.get("bits", 4)
    packed = 8 // bits if x.dtype in ("uint8", "int8") else 1
    table = with_axis(x.shape, quantized, x.shape[quantized] * packed)
    stored = tuple([s._replace(elements=s.elements * packed, dtype=f"uint{bits}", quantized=True) for s in x.sources])
    rows = op.emit(Embedding(table, axis), indices, dtype=f"uint{bits}", weights=[Value(table, x.dtype, None, stored)], keep=True)
    return op.emit(act.Dequantize(), rows, dtype=scales.dtype)


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
