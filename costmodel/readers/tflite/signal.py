"""Fourier transforms, and the parts of complex numbers."""

from __future__ import annotations

from typing import Any

from costmodel._num import ceil_div, floor_div, product
from costmodel.errors import ReaderError
from costmodel.layers.elementwise import Elementwise
from costmodel.layers.fourier import Fourier
from costmodel.layers.structure import Pad
from costmodel.readers._helpers import known_or_refuse, sized
from costmodel.readers._importer import Operator
from costmodel.readers._values import Value
from costmodel.readers.tflite._helpers import declared
from costmodel.readers.tflite._rules import rule


@rule("RFFT2D")
def real_fourier(op: Operator) -> Any:
    """Real rows, then complex columns, of the lengths that the second input gives; what is shorter is filled up with zeros."""
    x: Value = op[0]
    lengths = sized(known_or_refuse(op, 1, "the lengths of the transforms").ravel().tolist())
    if len(x.shape) < 2 or len(lengths) != 2:
        raise ReaderError(f"needs an input of two axes or more and two lengths, got shape {x.shape} and lengths {lengths}")
    tall, wide = lengths
    pads = [(0, 0)] * (len(x.shape) - 2) + [
        (0, n - m) if type(n) is type(m) is int and n > m else (0, 0) for n, m in zip(lengths, x.shape[-2:], strict=True)
    ]
    x = op.emit(Pad(tuple(pads)), x) if any(pad != (0, 0) for pad in pads) else x
    batch, half = product(x.shape[:-2]), floor_div(wide, 2) + 1
    y = op.emit(Fourier((*x.shape[:-2], tall, half), wide, ceil_div(batch * tall, 2)), x, dtype="complex64")
    if tall == 1:
        return y
    return op.emit(Fourier(y.shape, tall, batch * half), y, dtype="complex64")


@rule("COMPLEX_ABS")
def magnitude(op: Operator) -> Any:
    """The root of a sum of two squares."""
    y = op.emit(Elementwise("square"), op[0], dtype=declared(op))
    y = op.emit(Elementwise("add"), op.emit(Elementwise("square"), y))
    return op.emit(Elementwise("sqrt"), y)


@rule("REAL", "IMAG")
def part(op: Operator) -> Any:
    return op.move(op.kind.lower(), op[0].shape, op[0], dtype=declared(op))
