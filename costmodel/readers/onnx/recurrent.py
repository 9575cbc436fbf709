"""LSTM, GRU and RNN."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from costmodel.errors import ReaderError
from costmodel.layers import Layer, Shape, recurrent
from costmodel.readers._importer import Operator
from costmodel.readers._values import Value
from costmodel.readers.onnx._rules import rule

LAYERS: dict[str, Callable[..., Layer]] = {"LSTM": recurrent.LSTM, "GRU": recurrent.GRU, "RNN": recurrent.RNN}


@rule(*LAYERS)
def recurrence(op: Operator) -> Any:
    return _recurrent(op, LAYERS[op.kind], op[1].shape, op[2].shape)


@rule("DynamicQuantizeLSTM", domain="com.microsoft")
def quantized_lstm(op: Operator) -> Any:
    """An LSTM with integer weights, which stand the other way round: (directions, features, 4 hidden)."""
    op.ignore(*op.inputs[8:12])
    w, r = ((*v.shape[:-2], v.shape[-1], v.shape[-2]) for v in (op[1], op[2]))
    return _recurrent(op, recurrent.LSTM, w, r)


def _recurrent(op: Operator, layer: Callable[..., Layer], w: Shape, r: Shape) -> Sequence[Value]:
    """The outputs of a recurrence with weights of shapes (directions, gates * hidden, features) and (..., hidden)."""
    bias = op.optional(3)
    directions = 2 if op.get("direction", "forward") == "bidirectional" else 1
    message = f"weights of shapes {op[1].shape} and {op[2].shape} don't fit a sequence of shape {op[0].shape}"
    if len(w) != 3 or len(r) != 3 or not op[0].shape:
        raise ReaderError(message)
    x = op.agree(op[0], -1, w[2], message)
    states = [v for v in op.inputs[4:7] if v is not None and v.ref]
    peepholes = op.optional(7) if layer is recurrent.LSTM else None
    made = layer(op.get("hidden_size") or r[-1], directions, bias is not None, bool(op.get("layout", 0)))
    outputs = op.emit(made, x, *states, weights=[op[1], op[2], peepholes], biases=[bias])
    return outputs if isinstance(outputs, tuple) else (outputs,)
