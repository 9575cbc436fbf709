"""LSTM, GRU and plain recurrences of several layers."""

from __future__ import annotations

from typing import Any

from costmodel.errors import UnknownLayerError
from costmodel.layers import recurrent
from costmodel.layers.structure import Concat
from costmodel.readers._helpers import reshape
from costmodel.readers._values import Value
from costmodel.readers.torch._call import Aten, rule

LAYERS: dict[str, Any] = {"lstm": recurrent.LSTM, "gru": recurrent.GRU, "rnn_tanh": recurrent.RNN, "rnn_relu": recurrent.RNN}


@rule(*LAYERS)
def recurrence(op: Aten) -> Any:
    """Parameters come layer by layer and direction by direction: input weights, state weights, their biases, a projection."""
    if "batch_sizes" in op.attributes:
        raise UnknownLayerError("recurrences over packed sequences have no cost rule; give padded ones")
    x, parameters = op.tensor("input"), op.many("params")
    layers, directions = op.get("num_layers", 1), 2 if op.get("bidirectional", False) else 1
    biased, batch_first = bool(op.get("has_biases", True)), bool(op.get("batch_first", False))
    count = len(parameters) // (layers * directions)
    projected = count == (5 if biased else 3)
    if not projected and count != (4 if biased else 2):
        raise UnknownLayerError(f"recurrences with {count} parameters a layer have no cost rule")
    given = op.get("hx")
    states = [value for value in (given if isinstance(given, list) else [given]) if isinstance(value, Value) and value.ref]
    unbatched = len(x.shape) == 2
    value = reshape(op, x, (1, *x.shape) if batch_first else (x.shape[0], 1, x.shape[1])) if unbatched else x
    last: list[list[Value]] = []
    for index in range(layers):
        own = parameters[index * directions * count : (index + 1) * directions * count]
        biases = [b for at, b in enumerate(own) if biased and 2 <= at % count < 4]
        weights = [w for at, w in enumerate(own) if not (biased and 2 <= at % count < 4)]
        more = {"projection": weights[2].shape[0]} if projected else {}
        layer = LAYERS[op.kind](weights[2 if projected else 1].shape[-1], directions, biased, batch_first, **more)
        sequence, *ends = op.emit(layer, value, *states, weights=weights, biases=biases)
        batch = value.shape[0 if batch_first else 1]
        last.append([reshape(op, end, (directions, batch, end.shape[-1])) for end in ends])
        value = reshape(op, sequence, (*value.shape[:2], directions * sequence.shape[-1]))
    ended = [parts[0] if len(parts) == 1 else op.emit(Concat(0), *parts) for parts in zip(*last, strict=True)]
    if unbatched:
        value, ended = reshape(op, value, (x.shape[0], value.shape[-1])), [reshape(op, end, (end.shape[0], end.shape[2])) for end in ended]
    return [value, *ended]
