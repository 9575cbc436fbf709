"""Recurrences: LSTM, plain ones and SVDF, over sequences and step by step.

Where the file has the steps before the batch, the layer is told the batch first all the same: its costs do not depend on
which of the two it is, and the shapes stay those of the file.
"""

from __future__ import annotations

from typing import Any

from costmodel.errors import ReaderError, UnknownLayerError
from costmodel.layers import recurrent
from costmodel.layers.structure import Split
from costmodel.readers._helpers import reshape
from costmodel.readers._importer import Operator
from costmodel.readers._values import Value
from costmodel.readers.tflite._helpers import activated, declared
from costmodel.readers.tflite._rules import rule

BASIC = 1
"""The kind of an LSTM whose weights are one matrix."""


@rule("LSTM", "UNIDIRECTIONAL_SEQUENCE_LSTM")
def lstm(op: Operator) -> Any:
    if op.get("kernel_type") == BASIC:
        return _basic(op)
    if op.get("diagonal"):
        raise UnknownLayerError("an LSTM of diagonal recurrent weights has no cost rule")
    y = _sequence(op, _layer(op, 1), op.inputs[1:12] + op.inputs[16:17] + op.inputs[20:24], op.inputs[12:16] + op.inputs[17:18])
    return [*(Value(tensor.shape, tensor.dtype) for tensor in op.reader.declared[:-1]), y]


@rule("BIDIRECTIONAL_SEQUENCE_LSTM")
def bidirectional_lstm(op: Operator) -> Any:
    layer = _layer(op, 2)
    if op[2].shape != op[19].shape:
        raise UnknownLayerError("an LSTM whose directions differ has no cost rule")
    weights = op.inputs[1:12] + op.inputs[16:17] + op.inputs[18:29] + op.inputs[33:34]
    return _directions(op, _sequence(op, layer, weights, op.inputs[12:16] + op.inputs[17:18] + op.inputs[29:33] + op.inputs[34:35]))


def _layer(op: Operator, directions: int) -> recurrent.LSTM:
    projection = op.optional(16)
    if any(len(op[i].shape) != 2 for i in (2, 6)):
        raise ReaderError(f"needs weights of shape (cells, features), got {op[2].shape} and {op[6].shape}")
    return recurrent.LSTM(
        op[2].shape[0], directions, op.optional(13) is not None, True, projection=None if projection is None else projection.shape[0],
        coupled=op.optional(1) is None,
    )  # fmt: skip


def _basic(op: Operator) -> list[Value]:
    x, weights, biases = op[0], op[2], op.optional(3)
    if len(weights.shape) != 2 or len(x.shape) != 2:
        raise ReaderError(f"needs an input and weights of two axes, got shapes {x.shape} and {weights.shape}")
    cells = op[1].shape[-1]
    y = _sequence(op, recurrent.LSTM(cells, 1, biases is not None, True), [weights], [biases])
    return [y, *(Value(tensor.shape, tensor.dtype) for tensor in op.reader.declared[1:])]


@rule("RNN", "UNIDIRECTIONAL_SEQUENCE_RNN")
def rnn(op: Operator) -> Any:
    return _sequence(op, recurrent.RNN(op[1].shape[0], 1, True, True), op.inputs[1:3], op.inputs[3:4])


@rule("BIDIRECTIONAL_SEQUENCE_RNN")
def bidirectional_rnn(op: Operator) -> Any:
    if op[1].shape != op[5].shape:
        raise UnknownLayerError("a recurrence whose directions differ has no cost rule")
    weights = op.inputs[1:3] + op.inputs[5:7]
    return _directions(op, _sequence(op, recurrent.RNN(op[1].shape[0], 2, True, True), weights, [op.optional(3), op.optional(7)]))


def _sequence(op: Operator, layer: Any, weights: list[Value | None], biases: list[Value | None]) -> Value:
    """The outputs of every step, directions after the steps where there are two; a single step where the input has no steps."""
    x = op[0]
    if len(x.shape) not in (2, 3):
        raise ReaderError(f"needs a sequence of three axes, or one step of two, got shape {x.shape}")
    steps = x if len(x.shape) == 3 else reshape(op, x, (x.shape[0], 1, x.shape[1]), prelude=True)
    y = op.emit(layer, steps, weights=weights, biases=biases)[0]
    return y if layer.directions == 2 else reshape(op, y, (*x.shape[:-1], y.shape[-1]))


def _directions(op: Operator, y: Value) -> list[Value]:
    """Both directions side by side, or as two outputs."""
    *outer, _, features = y.shape
    if op.get("merge"):
        return [reshape(op, y, (*outer, 2 * features))]
    return [reshape(op, part, (*outer, features)) for part in op.emit(Split(2, (1, 1)), y)]


@rule("SVDF")
def svdf(op: Operator) -> Any:
    by_feature, by_time, rank = op[1], op[2], op.get("rank")
    filters = by_feature.shape[0]
    if len(by_feature.shape) != 2 or len(by_time.shape) != 2 or type(filters) is not int or rank < 1 or filters % rank:
        raise ReaderError(f"weights of shapes {by_feature.shape} and {by_time.shape} must have filters for the rank {rank}")
    layer = recurrent.SVDF(filters // rank, by_time.shape[1], rank, bias=op.optional(3) is not None)
    return activated(op, op.emit(layer, op[0], dtype=declared(op), weights=[by_feature, by_time], biases=[op.optional(3)]))
