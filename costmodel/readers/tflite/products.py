"""Dense layers, matrix products and tables that are looked up."""

from __future__ import annotations

from typing import Any

from costmodel._num import equal
from costmodel.errors import ReaderError, UnknownLayerError
from costmodel.layers.activation import Bias
from costmodel.layers.elementwise import Add
from costmodel.layers.embedding import Embedding
from costmodel.layers.linear import Dense, MatMul
from costmodel.readers._importer import Operator
from costmodel.readers._values import Value
from costmodel.readers.tflite._helpers import activated, declared, to_shape, weighted
from costmodel.readers.tflite._rules import rule


@rule("FULLY_CONNECTED")
def fully_connected(op: Operator) -> Any:
    x, w, bias = op[0], op[1], op.optional(2)
    if op.get("weights_format", 0) != 0:
        raise UnknownLayerError("weights that are shuffled for one kind of processor (SHUFFLED4x16INT8) have no cost rule")
    if len(w.shape) != 2 or not x.shape:
        raise ReaderError(f"needs weights of shape (outputs, inputs), got {w.shape} for an input of shape {x.shape}")
    out, features = w.shape
    if not op.get("keep_num_dims"):
        x = to_shape(op, x, (-1, features), prelude=True)
    elif equal(x.shape[-1], features) is False:
        raise ReaderError(f"the last axis of {x.shape} must have the {features} features of the weights")
    if w.ref is None:
        return weighted(op, Dense(out, bias=bias is not None), x, weights=[w], bias=bias)
    y = op.emit(MatMul(transpose_second=True), x, w, dtype=declared(op), weights=[x])
    if bias is not None:
        y = op.emit(Add(), y, bias) if bias.ref else op.emit(Bias(bias.shape), y, biases=[bias])
    return activated(op, y)


@rule("BATCH_MATMUL")
def batch_matmul(op: Operator) -> Any:
    a, b = op[0], op[1]
    if len(a.shape) < 2 or len(b.shape) < 2:
        raise ReaderError(f"needs matrices, got shapes {a.shape} and {b.shape}")
    first, second = op.get("adj_x", False), op.get("adj_y", False)
    if b.ref is None and a.ref is not None and len(b.shape) == 2 and not first:
        features, out = reversed(b.shape) if second else b.shape
        if equal(a.shape[-1], features) is False:
            raise ReaderError(f"columns of the first matrix must be rows of the second, got shapes {a.shape} and {b.shape}")
        return weighted(op, Dense(out, bias=False), a, weights=[b], bias=None)
    return op.emit(MatMul(first, second), a, b, dtype=declared(op), weights=[v for v in (a, b) if not v.ref])


@rule("EMBEDDING_LOOKUP")
def embedding(op: Operator) -> Any:
    return looked_up(op, op[1], op[0])


def looked_up(op: Operator, table: Value, indices: Value, axis: int = 0) -> Value:
    """Rows of a stored table at computed indices."""
    made: Value = op.emit(Embedding(table.shape, axis), indices, dtype=declared(op), weights=[table])
    return made
