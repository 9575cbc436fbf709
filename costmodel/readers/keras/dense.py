"""Dense layers, attention, tables, recurrences."""

from __future__ import annotations

from typing import Any

from costmodel.errors import ReaderError, UnknownLayerError
from costmodel.layers import recurrent
from costmodel.layers.activation import Bias
from costmodel.layers.attention import Attention
from costmodel.layers.embedding import Embedding
from costmodel.layers.linear import Dense
from costmodel.layers.reduction import Reduce
from costmodel.layers.structure import Transpose
from costmodel.readers import _products as products
from costmodel.readers._helpers import reshape
from costmodel.readers._values import Value
from costmodel.readers.keras._call import Call, only, rule
from costmodel.readers.keras.activations import activated


@rule("Dense")
def dense(op: Call) -> Any:
    """The last axis by a matrix, and its activation."""
    x, units = only(op), op.get("units")
    biased = bool(op.get("use_bias", True))
    y = op.emit(Dense(units, biased), x, weights=[op.stored("kernel", x.shape[-1], units)], biases=[op.maybe(biased, "bias", units)])
    return activated(op, y)


@rule("EinsumDense")
def einsum_dense(op: Call) -> Any:
    """Named axes by a tensor."""
    x = only(op)
    equation = op.get("equation", "").replace("...", "é")
    left, _, right = equation.partition("->")
    source, _, kernel = left.partition(",")
    said = op.get("output_shape")
    said = [said] if isinstance(said, int) else list(said)
    if "é" in equation:
        raise UnknownLayerError(f"the equation {op.get('equation')!r} with dots has no cost rule")
    if len(source) != len(x.shape) or len(right) != len(said) + 1:
        raise ReaderError(f"the equation {equation!r} doesn't fit an input of shape {x.shape} and outputs {said}")
    sizes = dict(zip(source, x.shape, strict=True))
    sizes |= {name: size for name, size in zip(right[1:], said, strict=True) if name not in sizes and size is not None}
    w = op.stored("kernel", *(sizes[name] for name in kernel))
    y: Value = products.einsum(op, equation, [x, w])
    if axes := op.get("bias_axes"):
        shape = tuple([y.shape[at] if name in axes else 1 for at, name in enumerate(right)])
        y = op.emit(Bias(shape), y, biases=[op.stored("bias", *shape)])
    return activated(op, y)


def _heads(op: Call, name: str, x: Value, heads: int, size: int) -> Value:
    """A projection, of shape (batch, heads, length, features)."""
    width, biased = heads * size, bool(op.get("use_bias", True))
    w = op.stored(f"{name}/kernel", x.shape[-1], width)
    y = op.emit(Dense(width, biased), x, weights=[w], biases=[op.maybe(biased, f"{name}/bias", width)])
    apart: Value = op.emit(Transpose((0, 2, 1, 3)), reshape(op, y, (*x.shape[:2], heads, size)))
    return apart


@rule("MultiHeadAttention", "GroupQueryAttention", "GroupedQueryAttention")
def multi_head_attention(op: Call) -> Any:
    """Projections, attention, and a projection of what it gives."""
    query, value = op.argument(0, "query"), op.argument(1, "value")
    key = op.argument(2, "key")
    key = key if isinstance(key, Value) else value
    if not all(isinstance(x, Value) and len(x.shape) == 3 for x in (query, key, value)) or op.get("use_gate") or op.get("sliding_window"):
        raise UnknownLayerError(
            "attention has a cost rule for queries and values of shape (batch, length, features), without gate or window"
        )
    heads = op.get("num_heads") or op.get("num_query_heads")
    size = op.get("key_dim") or op.get("head_dim")
    fewer = op.get("num_key_value_heads", heads)
    wide = op.get("value_dim") or size
    q, k, v = _heads(op, "query", query, heads, size), _heads(op, "key", key, fewer, size), _heads(op, "value", value, fewer, wide)
    mixed = op.emit(Attention(), q, k, v)
    joined = reshape(op, op.emit(Transpose((0, 2, 1, 3)), mixed), (*query.shape[:2], heads * wide))
    said = op.get("output_shape")
    width = query.shape[-1] if said is None else said if isinstance(said, int) else said[-1]
    biased = bool(op.get("use_bias", True))
    w, bias = op.stored("attention_output/kernel", heads * wide, width), op.maybe(biased, "attention_output/bias", width)
    return op.emit(Dense(width, biased), joined, weights=[w], biases=[bias])


@rule("Attention")
def attention(op: Call) -> Any:
    """Attention without weights of queries, values and perhaps keys."""
    if op.get("score_mode", "dot") != "dot" or op.get("use_scale", False):
        raise UnknownLayerError("attention has a cost rule for scores that are plain products")
    given = op.given()
    query, value, key = given[0], given[1], given[2] if len(given) > 2 else given[1]
    y = op.emit(Attention(), *(reshape(op, x, (x.shape[0], 1, *x.shape[1:])) for x in (query, key, value)))
    return reshape(op, y, (*query.shape[:2], value.shape[-1]))


@rule("Embedding")
def embedding(op: Call) -> Any:
    """Rows of a table."""
    table = (op.get("input_dim"), op.get("output_dim"))
    return op.emit(Embedding(table), only(op), dtype=op.formats[0], weights=[op.stored("embeddings", *table)])


RECURRENT: dict[str, tuple[Any, int]] = {"LSTM": (recurrent.LSTM, 4), "GRU": (recurrent.GRU, 3), "SimpleRNN": (recurrent.RNN, 1)}


def _recurrence(op: Call, kind: str, config: Any, directions: int) -> tuple[Value, list[Value]]:
    """The sequence of shape (batch, steps, directions, units) and the last states of shape (batch, directions, units)."""
    x = only(op)
    layer, gates = RECURRENT[kind]
    units, biased = config.get("units"), bool(config.get("use_bias", True))
    rows = 2 if kind == "GRU" and config.get("reset_after", True) else 1
    names = ("forward", "backward")[:directions] if directions > 1 else ("cell",)
    weights = [
        op.stored(f"{name}/{part}", size, gates * units) for name in names
        for part, size in (("kernel", x.shape[-1]), ("recurrent_kernel", units))
    ]  # fmt: skip
    biases = [op.stored(f"{name}/bias", rows, gates * units) for name in names] if biased else []
    states = [value for value in op.given()[1:] if len(value.shape) == 2]
    sequence, *last = op.emit(layer(units, directions, biased, True), x, *states, weights=weights, biases=biases)
    return sequence, last


@rule(*RECURRENT)
def recurrence(op: Call) -> Any:
    """Its sequence or its last state, and its states where they are asked for."""
    sequence, last = _recurrence(op, op.kind, op.attributes, 1)
    batch, steps, _, units = sequence.shape
    y = reshape(op, sequence, (batch, steps, units)) if op.get("return_sequences", False) else reshape(op, last[0], (batch, units))
    return [y, *(reshape(op, state, (batch, units)) for state in last)] if op.get("return_state", False) else y


@rule("Bidirectional")
def bidirectional(op: Call) -> Any:
    """A recurrence forwards and backwards."""
    inner, mode = op.get("layer") or {}, op.get("merge_mode", "concat")
    kind, config = inner.get("class_name"), inner.get("config") or {}
    if kind not in RECURRENT or mode not in ("concat", "sum", "ave", "mul") or config.get("return_state", False):
        raise UnknownLayerError(f"a bidirectional {kind} that merges by {mode!r} has no cost rule")
    sequence, last = _recurrence(op, kind, config, 2)
    y = sequence if config.get("return_sequences", False) else last[0]
    if mode == "concat":
        return reshape(op, y, (*y.shape[:-2], 2 * y.shape[-1]))
    return op.emit(Reduce({"sum": "sum", "ave": "mean", "mul": "product"}[mode], (-2,), keep=False), y)
