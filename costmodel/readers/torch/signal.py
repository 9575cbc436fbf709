"""Fourier transforms, and what works on numbers in order."""

from __future__ import annotations

from typing import Any

from costmodel._num import ceil_div, floor_div
from costmodel.errors import UnknownLayerError
from costmodel.layers.elementwise import Elementwise, Multiply
from costmodel.layers.fourier import Fourier
from costmodel.layers.linear import MatMul
from costmodel.layers.reduction import TopK
from costmodel.layers.structure import Pad
from costmodel.readers._helpers import axis_of, pair, reshape, sized, with_axis
from costmodel.readers._values import Value
from costmodel.readers.torch._call import Aten, rule

REAL = ("fft_rfft", "fft_rfft2", "fft_rfftn", "fft_irfft", "fft_irfft2", "fft_irfftn", "_fft_r2c", "_fft_c2r", "fft_hfft", "fft_ihfft")
COMPLEX = ("fft_fft", "fft_fft2", "fft_fftn", "fft_ifft", "fft_ifft2", "fft_ifftn", "_fft_c2c")


@rule(*REAL, *COMPLEX)
def fourier(op: Aten) -> Any:
    """One axis after another; along the last one two signals of real numbers go in one transform."""
    x = op.tensor("self")
    rank = len(x.shape)
    axes = op.get("dim")
    axes = list(range(rank)) if axes is None else axes if isinstance(axes, list) else [axes]
    shape = op.shapes[0]
    longer = [max(a, b) if type(a) is int and type(b) is int else b for a, b in zip(x.shape, shape, strict=True)]
    y = x
    for place, axis in enumerate(axis_of(a, rank) for a in reversed(axes)):
        is_real = place == 0 and op.kind in REAL
        points = longer[axis]
        signals = floor_div(Value(tuple(longer), x.dtype).elements, points)
        y = op.emit(Fourier(shape, points, ceil_div(signals, 2) if is_real else signals), y)
    return y


@rule("stft")
def short_time_fourier(op: Aten) -> Any:
    """Frames are cut out, weighted by a window where there is one, and transformed."""
    x, points = op.tensor("self"), op.get("n_fft")
    step, window = op.get("hop_length") or floor_div(points, 4), op.maybe("window")
    x = x if len(x.shape) == 2 else reshape(op, x, (1, *x.shape))
    if op.get("center", False):
        x = op.emit(Pad(((0, 0), (floor_div(points, 2),) * 2)), x, dtype=x.dtype)
    frames = floor_div(x.shape[1] - points, step) + 1
    cut = op.move("frames", sized((x.shape[0], frames, points)), x, dtype=x.dtype)
    if window is not None and (window.ref or window.sources):
        cut = pair(Multiply, op, cut, window, dtype=x.dtype)
    transforms = x.shape[0] * frames
    is_real = "complex" not in x.dtype
    return op.emit(Fourier(op.shapes[0], points, ceil_div(transforms, 2) if is_real else transforms), cut)


@rule("real", "imag")
def parts(op: Aten) -> Any:
    """The parts of complex numbers."""
    return op.move(op.kind, op.shapes[0], op.tensor("self"), dtype=op.dtypes[0])


@rule("angle")
def angle(op: Aten) -> Any:
    """One function call."""
    return op.emit(Elementwise("function"), op.tensor("self"))


@rule("linalg_inv", "linalg_inv_ex", "inverse", "linalg_det", "det")
def factorised(op: Aten) -> Any:
    """An elimination, counted as a product of two matrices of its size."""
    x = op.tensor("A") if "A" in op.attributes else op.tensor("self")
    op.importer.assume(f"{op.kind}: an elimination is counted as a product of two matrices of its size")
    y = op.emit(MatMul(), x, x, dtype=x.dtype)
    return [y if op.shapes[0] == x.shape else op.move("pick", op.shapes[0], y), y.like((), "int32")]


@rule("diff")
def differences(op: Aten) -> Any:
    """Each number less the one before it."""
    cut = op.move("slice", op.shapes[0], op.tensor("self"))
    return op.emit(Elementwise("subtract"), cut, cut)


@rule("cdist", "_cdist_forward")
def distances(op: Aten) -> Any:
    """Of every pair of rows the products of their numbers, as of a matrix product, then a root."""
    a, b = op.tensor("x1"), op.tensor("x2")
    if op.get("p", 2.0) != 2.0:
        raise UnknownLayerError(f"distances of the norm {op.get('p')} have no cost rule")
    rank = len(b.shape)
    turned = op.move("transpose", (*b.shape[: rank - 2], b.shape[-1], b.shape[-2]), b)
    return op.emit(Elementwise("sqrt"), op.emit(MatMul(), a, turned))


@rule("bucketize", "searchsorted")
def bucketize(op: Aten) -> Any:
    """Each number is looked up among the boundaries: at least one compare."""
    return op.emit(Elementwise("compare"), op.tensor("self"))


@rule("kthvalue")
def kth_value(op: Aten) -> Any:
    """One of the k smallest."""
    x = op.tensor("self")
    axis = axis_of(op.get("dim", -1), len(x.shape))
    y, places = op.emit(TopK(op.get("k", 1), axis), x, dtype=op.dtypes)
    one = op.move("slice", with_axis(x.shape, axis, 1), y)
    one = one if op.get("keepdim", False) else reshape(op, one, (*x.shape[:axis], *x.shape[axis + 1 :]))
    return [one, places.like(one.shape)]


@rule("multinomial")
def multinomial(op: Aten) -> Any:
    """Every number is summed up once; each drawn one is compared with the sums."""
    x = op.tensor("self")
    return op.move("draw", op.shapes[0], op.emit(Elementwise("add"), x, dtype=x.dtype), dtype=op.dtypes[0])


@rule("max_unpool2d", "max_unpool3d")
def max_unpool(op: Aten) -> Any:
    """Every number goes back to its place."""
    return op.move("max_unpool", op.shapes[0], op.tensor("self"), op.tensor("indices"))
