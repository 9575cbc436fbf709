"""What many rules of TFLite operators share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from costmodel._num import Num, floor_div, is_symbolic, product
from costmodel.errors import ReaderError
from costmodel.layers import Layer
from costmodel.layers import activation as act
from costmodel.layers.elementwise import Elementwise
from costmodel.readers._helpers import reshape, sized
from costmodel.readers._importer import Operator
from costmodel.readers._values import Value
from costmodel.readers.tflite._schema import ACTIVATIONS

FUSED: dict[str, Callable[[], Layer]] = {
    "RELU": act.ReLU, "RELU_N1_TO_1": act.Clip, "RELU6": act.ReLU6, "TANH": act.Tanh, "SIGN_BIT": partial(Elementwise, "sign"),
}  # fmt: skip
"""The layer of every fused activation."""


def declared(op: Operator, output: int = 0) -> str:
    """The number format of an output, as the file says it."""
    tensors = op.reader.declared
    dtype: str = tensors[output].dtype if output < len(tensors) else op[0].dtype
    return dtype


def activated(op: Operator, y: Value) -> Value:
    """What an operator returns once the activation that it names has run."""
    number = op.get("activation", 0)
    if not 0 <= number < len(ACTIVATIONS):
        raise ReaderError(f"names the fused activation {number}; there are {len(ACTIVATIONS)}")
    made: Value = op.emit(FUSED[ACTIVATIONS[number]](), y) if number else y
    return made


def weighted(op: Operator, layer: Layer, *inputs: Value, weights: Iterable[Value], bias: Value | None, last: bool = False) -> Value:
    """A layer with weights: accumulators of integers are scaled back to the output's format, then its activation runs."""
    dtype = declared(op)
    tensors = op.reader.declared
    if not (tensors and tensors[0].quantized):
        return activated(op, op.emit(layer, *inputs, dtype=dtype, weights=weights, biases=[bias], channels_last=last))
    wide = "int64" if dtype == "int16" else "int32"
    sums = op.emit(layer, *inputs, dtype=wide, weights=weights, biases=[bias], channels_last=last)
    return activated(op, op.emit(act.Requantize(), sums, dtype=dtype))


def to_shape(op: Operator, x: Value, target: Sequence[Any], prelude: bool = False) -> Value:
    """The same elements in a shape that may have one -1: whatever is left."""
    rest = [at for at, size in enumerate(target) if not is_symbolic(size) and size == -1]
    shape: list[Num] = list(target)
    if len(rest) > 1:
        raise ReaderError(f"shape {tuple(target)} must hold sizes, and at most one -1")
    for at in rest:
        others = product(size for i, size in enumerate(target) if i != at)
        shape[at] = floor_div(x.elements, others) if others != 0 else 0
    return reshape(op, x, sized(shape), prelude)


def four(x: Value) -> tuple[Num, Num, Num, Num]:
    """The sizes of a picture: batch, height, width, channels."""
    if len(x.shape) != 4:
        raise ReaderError(f"needs an input of shape (batch, height, width, channels), got {x.shape}")
    batch, height, width, channels = x.shape
    return batch, height, width, channels


def padding(op: Operator) -> str:
    """SAME or VALID, as the fields of layers say it."""
    number = op.get("padding", 0)
    if number not in (0, 1):
        raise ReaderError(f"names the padding {number}; it must be 0 (SAME) or 1 (VALID)")
    return "valid" if number else "same"
