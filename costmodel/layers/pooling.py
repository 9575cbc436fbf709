"""Pooling: windows, global, adaptive."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from costmodel._num import Num, product
from costmodel.errors import ShapeError
from costmodel.formulas import window
from costmodel.layers.base import Check, Counts, Example, Layer, Shape, elements
from costmodel.layers.fields import Dims, Flag, OptionalDims, Padding
from costmodel.layers.window import Windowed


class _Pool(Windowed):
    """Pooling over a sliding window.

    Parameters
    ----------
    kernel_size, dilation : int, symbol or tuple
        One for all spatial axes, or one for each, height first; `dilation` is 1 unless given. [rows]
    stride : int, symbol, tuple or None
        None, the default, is the kernel size: windows side by side. [rows]
    padding : "same", "valid", int or tuple
        "valid", the default, is none; "same" keeps ceil(size / stride) rows; a tuple has for every axis a size or a pair
        (before, after).
    ceil_mode : bool
        Whether the last window may overhang, as in Caffe.

    Notes
    -----
    A maximum takes k*k - 1 compares an output, an average k*k operations; taps on padding are counted.
    """

    kernel_size: Dims
    stride: OptionalDims = None
    padding: Padding = "valid"
    dilation: Dims = 1
    ceil_mode: Flag = False

    _step: ClassVar[str]

    def check(self, *inputs: Shape) -> Iterator[Check]:
        yield from self.window.check(inputs[0][2:])

    def output_shape(self, *inputs: Shape) -> Shape:
        return *inputs[0][:2], *self.window.output_sizes(inputs[0][2:])

    def counts(self, inputs: tuple[Shape, ...], output: Shape) -> Counts:
        return _pooled(self._step, elements(output) * product(self.per_axis("kernel_size")), elements(output))


def _pooled(step: str, values: Num, outputs: Num) -> Counts:
    """Reading `values` in windows: a maximum saves one compare an output."""
    return Counts(other=((step, values - outputs if step == "compare" else values),))


class MaxPool1d(_Pool):
    kind: ClassVar[str] = "max_pool1d"
    rank: ClassVar[int | None] = 1
    _step: ClassVar[str] = "compare"

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(
            cls(4, 4), ((1, 64, 7981),), (1, 64, 1995), Counts(other=(("compare", 383_040),)),
            "M5 (arXiv:1610.00087), first pooling: floor((7981-4)/4)+1 = 1995; 1995*64 * (4-1)",
        )  # fmt: skip


class MaxPool2d(_Pool):
    kind: ClassVar[str] = "max_pool2d"
    rank: ClassVar[int | None] = 2
    _step: ClassVar[str] = "compare"

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(
            cls(3, 2, padding=1), ((1, 64, 112, 112),), (1, 64, 56, 56), Counts(other=(("compare", 1_605_632),)),
            "ResNet, first pooling: 56*56*64 * (9-1)",
        )  # fmt: skip
        yield Example(
            cls(3, 2, ceil_mode=True), ((1, 96, 113, 113),), (1, 96, 56, 56), Counts(other=(("compare", 2_408_448),)),
            "SqueezeNet 1.0 (Caffe) at 227 with a 3x3 window: 56*56*96 * (9-1)",
        )  # fmt: skip


class MaxPool3d(_Pool):
    kind: ClassVar[str] = "max_pool3d"
    rank: ClassVar[int | None] = 3
    _step: ClassVar[str] = "compare"

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(
            cls((1, 2, 2), (1, 2, 2)), ((1, 64, 16, 112, 112),), (1, 64, 16, 56, 56), Counts(other=(("compare", 9_633_792),)),
            "C3D (arXiv:1412.0767), pool1: 16*56*56*64 * (4-1)",
        )  # fmt: skip


class AvgPool1d(_Pool):
    kind: ClassVar[str] = "avg_pool1d"
    rank: ClassVar[int | None] = 1
    _step: ClassVar[str] = "average"

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(2, 2), ((1, 8, 10),), (1, 8, 5), Counts(other=(("average", 80),)), "arithmetic: 5*8 * 2")


class AvgPool2d(_Pool):
    kind: ClassVar[str] = "avg_pool2d"
    rank: ClassVar[int | None] = 2
    _step: ClassVar[str] = "average"

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(
            cls(7), ((1, 1024, 7, 7),), (1, 1024, 1, 1), Counts(other=(("average", 50_176),)), "Pardhi, Table 1, Avg Pool: 1024 * 7*7"
        )


class AvgPool3d(_Pool):
    kind: ClassVar[str] = "avg_pool3d"
    rank: ClassVar[int | None] = 3
    _step: ClassVar[str] = "average"

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(2, 2), ((1, 4, 4, 4, 4),), (1, 4, 2, 2, 2), Counts(other=(("average", 256),)), "arithmetic: 2*2*2*4 * 2*2*2")


class _GlobalPool(Layer):
    """Pooling over all spatial axes; they stay behind with size 1."""

    _step: ClassVar[str]

    def check(self, *inputs: Shape) -> Iterator[Check]:
        yield len(inputs[0]) > 2, f"needs an input with batch, channels and at least one spatial axis, got shape {inputs[0]}"

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0][:2] + (1,) * (len(inputs[0]) - 2)

    def counts(self, inputs: tuple[Shape, ...], output: Shape) -> Counts:
        return _pooled(self._step, elements(inputs[0]), elements(output))


class GlobalMaxPool(_GlobalPool):
    kind: ClassVar[str] = "global_max_pool"
    _step: ClassVar[str] = "compare"

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(), ((1, 1024, 7, 7),), (1, 1024, 1, 1), Counts(other=(("compare", 49_152),)), "arithmetic: 1024 * (7*7 - 1)")


class GlobalAvgPool(_GlobalPool):
    kind: ClassVar[str] = "global_avg_pool"
    _step: ClassVar[str] = "average"

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(
            cls(), ((1, 1024, 7, 7),), (1, 1024, 1, 1), Counts(other=(("average", 50_176),)), "MobileNet v1, Avg Pool: 1024 * 7*7"
        )


class _AdaptivePool(Layer):
    """Pooling to a given output size; window i starts at floor(i n/m) and ends before ceil((i+1) n/m).

    Parameters
    ----------
    output_size : int or tuple
        Output rows, one for both axes or (height, width).
    """

    rank: ClassVar[int | None] = 2
    output_size: Dims
    _step: ClassVar[str]

    def output_shape(self, *inputs: Shape) -> Shape:
        return *inputs[0][:2], *self.per_axis("output_size")

    def counts(self, inputs: tuple[Shape, ...], output: Shape) -> Counts:
        if any(type(m) is not int for m in output[2:]):
            raise ShapeError(f"`output_size` (={self.output_size}) must be plain integers; the input may hold symbols")
        rows = product(window.adaptive_rows(n, m) for n, m in zip(inputs[0][2:], output[2:], strict=True))
        return _pooled(self._step, elements(output[:2]) * rows, elements(output))


class AdaptiveMaxPool2d(_AdaptivePool):
    kind: ClassVar[str] = "adaptive_max_pool2d"
    _step: ClassVar[str] = "compare"

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(1), ((1, 512, 7, 7),), (1, 512, 1, 1), Counts(other=(("compare", 24_576),)), "arithmetic: 512 * (7*7 - 1)")


class AdaptiveAvgPool2d(_AdaptivePool):
    kind: ClassVar[str] = "adaptive_avg_pool2d"
    _step: ClassVar[str] = "average"

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(
            cls(6), ((1, 256, 13, 13),), (1, 256, 6, 6), Counts(other=(("average", 82_944),)),
            "torchvision AlexNet at 13x13: windows of 3 rows every 2, 6*3 = 18 rows an axis; 256 * 18*18",
        )  # fmt: skip
