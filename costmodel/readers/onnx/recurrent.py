"""LSTM, GRU and RNN."""

from __future__ import annotations

from typing import Any

from costmodel.errors import ReaderError
from costmodel.layers import recurrent
from costmodel.readers._importer import Operator
from costmodel.readers.onnx._rules import rule

LAYERS = {"LSTM": recurrent.LSTM, "GRU": recurrent.GRU, "RNN": recurrent.RNN}


@rule(*LAYERS)
def recurrence(op: Operator) -> Any:
    x, w, r, bias = op[0], op[1], op[2], op.optional(3)
    directions = 2 if op.get("direction", "forward") == "bidirectional" else 1
    hidden = op.get("hidden_size") or r.shape[-1]
    if len(w.shape) != 3 or len(r.shape) != 3 or (type(w.shape[2]) is int and type(x.shape[-1]) is int and w.shape[2] != x.shape[-1]):
        raise ReaderError(f"weights of shapes {w.shape} and {r.shape} don't fit a sequence of shape {x.shape}")
    layer = LAYERS[op.kind](hidden, directions, bias is not None, bool(op.get("layout", 0)))
    states = [v for v in op.inputs[4:7] if v is not None and v.ref]
    peepholes = op.optional(7) if op.kind == "LSTM" else None
    outputs = op.emit(layer, x, *states, weights=[w, r, peepholes], biases=[bias])
    return outputs if isinstance(outputs, tuple) else (outputs,)
