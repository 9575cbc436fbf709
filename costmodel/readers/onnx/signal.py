"""Fourier transforms, windows and filters of signals."""

from __future__ import annotations

from typing import Any

from costmodel._num import Num, ceil_div, floor_div
from costmodel.errors import ReaderError, UnknownLayerError
from costmodel.layers.elementwise import Elementwise, Multiply
from costmodel.layers.fourier import Fourier
from costmodel.layers.linear import MatMul
from costmodel.readers._helpers import axis_of, known_or_refuse, pair, sized, with_axis
from costmodel.readers._importer import Operator
from costmodel.readers._values import Value
from costmodel.readers.onnx._file import DTYPES
from costmodel.readers.onnx._rules import rule

MICROSOFT = "com.microsoft"


def _size(op: Operator, index: int, what: str) -> Num:
    size: Num = sized(known_or_refuse(op, index, what).ravel().tolist()[:1])[0]
    return size


@rule("DFT")
def discrete_fourier(op: Operator) -> Any:
    """Real numbers end in an axis of 1, complex ones in an axis of 2; two real signals go in one transform."""
    x = op[0]
    rank = len(x.shape)
    if rank < 2 or x.shape[-1] not in (1, 2):
        raise ReaderError(f"needs an input whose last axis is 1 (real) or 2 (complex), got shape {x.shape}")
    axis = op.get("axis", 1) if op.version < 20 else -2 if op.optional(2) is None else int(known_or_refuse(op, 2, "its axis").ravel()[0])
    axis = axis_of(axis, rank)
    points = x.shape[axis] if op.optional(1) is None else _size(op, 1, "the length of its transforms")
    inverse, onesided = bool(op.get("inverse", 0)), bool(op.get("onesided", 0))
    if onesided and inverse:
        points = points if op.optional(1) is not None else 2 * (points - 1)
    size = floor_div(points, 2) + 1 if onesided and not inverse else points
    shape = (*with_axis(x.shape, axis, size)[:-1], 1 if onesided and inverse else 2)
    signals = floor_div(x.elements, x.shape[-1] * x.shape[axis]) if x.shape[axis] != 0 else 0
    is_real = x.shape[-1] == 1 or (onesided and inverse)
    return op.emit(Fourier(shape, points, ceil_div(signals, 2) if is_real else signals), x)


@rule("STFT")
def short_time_fourier(op: Operator) -> Any:
    """Frames are cut out, weighted by a window, and transformed."""
    x, step, window = op[0], _size(op, 1, "the step of its frames"), op.optional(2)
    if len(x.shape) not in (2, 3) or step == 0:
        raise ReaderError(f"needs a signal (batch, samples, 1 or 2) and a step of at least 1, got shape {x.shape} and {step}")
    if op.optional(3) is None and window is None:
        raise ReaderError("needs a length of its frames, or a window")
    points = _size(op, 3, "the length of its frames") if op.optional(3) is not None else window.shape[0] if window is not None else 0
    frames = floor_div(x.shape[1] - points, step) + 1
    size = floor_div(points, 2) + 1 if op.get("onesided", 1) else points
    is_real = len(x.shape) == 2 or x.shape[2] == 1
    cut = op.move("frames", sized((x.shape[0], frames, points, *(() if is_real else (2,)))), x)
    if window is not None:
        column = window if is_real else window.like((*window.shape, 1))
        cut = pair(Multiply, op, cut, column if window.ref is None else window)
    transforms = x.shape[0] * frames
    return op.emit(Fourier((x.shape[0], frames, size, 2), points, ceil_div(transforms, 2) if is_real else transforms), cut)


@rule("Rfft", "Irfft", domain=MICROSOFT)
def real_fourier(op: Operator) -> Any:
    """Transforms of real numbers to half as many complex ones, and back, over one axis."""
    x = op[0]
    if op.get("signal_ndim", 1) != 1:
        raise UnknownLayerError(f"{op.kind} over {op.get('signal_ndim')} axes has no cost rule")
    if op.kind == "Rfft":
        points = x.shape[-1]
        shape = (*x.shape[:-1], floor_div(points, 2) + 1 if op.get("onesided", 1) else points, 2)
    else:
        points = 2 * (x.shape[-2] - 1) if op.get("onesided", 1) else x.shape[-2]
        shape = (*x.shape[:-2], points)
    signals = floor_div(Value(shape if op.kind == "Irfft" else x.shape, x.dtype).elements, points)
    return op.emit(Fourier(shape, points, ceil_div(signals, 2)), x)


@rule("ComplexMul", "ComplexMulConj", domain=MICROSOFT)
def complex_product(op: Operator) -> Any:
    """Four products and two sums for every pair of numbers, which lie in the last axis."""
    y = pair(Multiply, op, op[0], op[1])
    y = op.emit(Multiply(), y, y)
    return op.emit(Elementwise("add"), y)


@rule("MelWeightMatrix")
def mel_weights(op: Operator) -> Any:
    bins, length = (_size(op, i, what) for i, what in enumerate(("its number of bands", "the length of the transforms")))
    return Value(sized((floor_div(length, 2) + 1, bins)), DTYPES.get(op.get("output_datatype", 1), "float32"))


@rule("Multinomial")
def multinomial(op: Operator) -> Any:
    """Every number is summed up once; each drawn one is compared with the sums."""
    x = op[0]
    sums = op.emit(Elementwise("add"), op.emit(Elementwise("exp"), x))
    dtype = DTYPES.get(op.get("dtype", 6), "int32")
    return op.move("draw", sized((x.shape[0], op.get("sample_size", 1))), sums, dtype=dtype)


@rule("Det", "Inverse")
@rule("Inverse", domain=MICROSOFT)
def factorised(op: Operator) -> Any:
    """An elimination: n steps, each a rank-one update of the n x n matrix, counted as a product of two such matrices."""
    x = op[0]
    if len(x.shape) < 2:
        raise ReaderError(f"needs square matrices, got shape {x.shape}")
    op.importer.assume(f"{op.kind}: an elimination is counted as a product of two matrices of its size")
    y = op.emit(MatMul(), x, x)
    return y if op.kind == "Inverse" else op.move("pick", x.shape[:-2], y)
