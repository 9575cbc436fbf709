"""Regions of a picture that other tensors give: pooled regions, convolutions at shifted places. What the formats share."""

from __future__ import annotations

from typing import Any

from costmodel._num import Num, ceil_div, divides
from costmodel.errors import ReaderError
from costmodel.layers import Shape, conv, pooling
from costmodel.layers.elementwise import Multiply
from costmodel.layers.resize import GridSample
from costmodel.layers.window import Windowed
from costmodel.readers._helpers import sized
from costmodel.readers._importer import Operator
from costmodel.readers._values import Value


def regions_aligned(op: Operator, x: Value, regions: Value, size: tuple[Num, Num], samples: int, largest: bool = False) -> Value:
    """Every cell of `size` of every region as the mean (or the largest) of `samples` x `samples` interpolated places."""
    tall, wide = size
    if len(x.shape) != 4 or len(regions.shape) != 2:
        raise ReaderError(f"needs an input of four axes and regions of two, got shapes {x.shape} and {regions.shape}")
    if samples < 1:
        needed = [ceil_div(n, m) for n, m in zip(x.shape[2:], size, strict=True)]
        op.importer.assume(
            f"{op.kind}: how many places a cell is sampled at depends on the size of its region; that of the whole is counted"
        )
    else:
        needed = [samples, samples]
    shape = sized((regions.shape[0], x.shape[1], tall * needed[0], wide * needed[1]))
    sampled = op.emit(GridSample(shape, "linear", (2, 3)), x, regions)
    kind: Any = pooling.MaxPool2d if largest else pooling.AvgPool2d
    made: Value = sampled if needed == [1, 1] else op.emit(kind(tuple(needed), padding="valid"), sampled)
    return made


def regions_pooled(op: Operator, x: Value, regions: Value, size: tuple[Num, Num]) -> Value:
    """The largest number in every cell of every region, which is at most the whole picture."""
    if len(x.shape) != 4 or len(regions.shape) != 2:
        raise ReaderError(f"needs an input of four axes and regions of two, got shapes {x.shape} and {regions.shape}")
    op.importer.assume(f"{op.kind}: every region is taken to be the whole picture, which is the most")
    whole = op.move("regions", (regions.shape[0], *x.shape[1:]), x, regions)
    made: Value = op.emit(pooling.AdaptiveMaxPool2d(size), whole)
    return made


def convolve_deformed(
    op: Operator, x: Value, w: Value, offset: Value, mask: Value | None, bias: Value | None, groups: int, **window: Any
) -> Value:
    """A convolution whose taps are read at shifted places: every tap is interpolated, perhaps weighted, then convolved."""
    if len(x.shape) != 4 or len(w.shape) != 4:
        raise ReaderError(f"needs an input and weights of four axes, got shapes {x.shape} and {w.shape}")
    kernel: Shape = w.shape[2:]
    place: Windowed = pooling.MaxPool2d(kernel, **window)
    sizes = place.output_shape(x.shape)[2:]
    taps = tuple([n * k for n, k in zip(sizes, kernel, strict=True)])
    shape = (*x.shape[:2], *taps)
    y = op.emit(GridSample(sized(shape), "linear", (2, 3)), x, offset)
    if mask is not None:
        spread = op.move("taps", (x.shape[0], 1, *taps), mask)
        y = op.emit(Multiply(), y, spread)
    if divides(groups, x.shape[1]) is False or x.shape[1] != w.shape[1] * groups:
        raise ReaderError(f"input channels (={x.shape[1]}) must be the groups (={groups}) times the weights' {w.shape[1]}")
    layer = conv.Conv2d(w.shape[0], kernel, stride=kernel, padding="valid", groups=groups, bias=bias is not None)
    made: Value = op.emit(layer, *((y, w) if w.ref else (y,)), weights=[w], biases=[bias])
    return made
