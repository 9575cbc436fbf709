"""Convolutions: standard and grouped, depthwise, transposed; one, two or three spatial axes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from costmodel._num import Num, at_most, divides, maximum
from costmodel.formulas import conv as formulas
from costmodel.layers.base import Check, Counts, Example, Shape, elements
from costmodel.layers.fields import Dim, Dims, Extents, Flag, Padding
from costmodel.layers.window import Windowed

VARIETIES = ("pointwise", "depthwise", "grouped", "standard", "transposed")
"""What `variety` calls convolutions."""


class _Convolution(Windowed):
    arity: ClassVar[int | None] = None  # a second input holds the weights where the network computes them
    hosts_epilogues: ClassVar[bool] = True

    def check(self, *inputs: Shape) -> Iterator[Check]:
        yield len(inputs) < 3, f"takes an input, and weights where the network computes them, got {len(inputs)} inputs"
        yield from self.window.check(inputs[0][2:])

    def output_shape(self, *inputs: Shape) -> Shape:
        batch, channels, *sizes = inputs[0]
        return batch, self._out_channels(channels), *self.window.output_sizes(tuple(sizes))

    def counts(self, inputs: tuple[Shape, ...], output: Shape) -> Counts:
        return self._counts(inputs, output, output[2:])

    def variety(self, inputs: tuple[Shape, ...]) -> str:
        in_channels = inputs[0][1]
        groups = self._groups(in_channels)
        if groups == in_channels != 1:
            return "depthwise"
        if groups != 1:
            return "grouped"
        return "pointwise" if set(self.per_axis("kernel_size")) == {1} else "standard"

    def _counts(self, inputs: tuple[Shape, ...], y: Shape, window_positions: Shape) -> Counts:
        x, computed = inputs[0], len(inputs) > 1
        kernel, groups, bias = self.per_axis("kernel_size"), self._groups(x[1]), bool(getattr(self, "bias", False))
        return Counts(
            macs=formulas.macs(x[0], x[1], y[1], window_positions, kernel, groups),
            other=(("bias_add", elements(y)),) if bias else (),
            weights=0 if computed else formulas.weights(x[1], y[1], kernel, groups),
            biases=y[1] if bias else 0,
        )

    def _out_channels(self, in_channels: Num) -> Num:
        return getattr(self, "out_channels")  # noqa: B009

    def _groups(self, in_channels: Num) -> Num:
        return getattr(self, "groups")  # noqa: B009

    def _check_groups(self, in_channels: Num) -> Iterator[Check]:
        groups = self._groups(in_channels)
        for name, channels in (("in_channels", in_channels), ("out_channels", self._out_channels(in_channels))):
            if (condition := divides(groups, channels)) is not True:
                yield condition, f"`{name}` (={channels}) must be divisible by `groups` (={groups})"


class _Conv(_Convolution):
    """Convolution with any groups, stride, dilation and padding.

    Parameters
    ----------
    out_channels : int or symbol
        Output channels.
    kernel_size, stride, dilation : int, symbol or tuple
        One for all spatial axes, or one for each, height first. [rows]
    padding : "same", "valid", int or tuple
        "same", the default, keeps ceil(size / stride) rows; "valid" is none; a tuple has for every axis a size or a pair
        (before, after).
    groups : int or symbol
        Divides the input and the output channels.
    bias : bool
        Whether each output channel has a bias.

    Notes
    -----
    MACs are `formulas.conv.macs`; a bias is one other operation an output element.
    """

    out_channels: Dim
    kernel_size: Dims
    stride: Dims = 1
    padding: Padding = "same"
    dilation: Dims = 1
    groups: Dim = 1
    bias: Flag = True

    def check(self, *inputs: Shape) -> Iterator[Check]:
        yield from self._check_groups(inputs[0][1])
        yield from super().check(*inputs)


class Conv1d(_Conv):
    kind: ClassVar[str] = "conv1d"
    rank: ClassVar[int | None] = 1

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(
            cls(64, 80, stride=4, padding="valid", bias=False), ((1, 1, 32000),), (1, 64, 7981),
            Counts(macs=40_862_720, weights=5_120), "M5 (Dai et al., arXiv:1610.00087), first layer: 7981*64 * 80; 64 * 80",
        )  # fmt: skip


class Conv2d(_Conv):
    kind: ClassVar[str] = "conv2d"
    rank: ClassVar[int | None] = 2

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(
            cls(32, 3, stride=2, bias=False), ((1, 3, 28, 28),), (1, 32, 14, 14),
            Counts(macs=169_344, weights=864), "Pardhi, Table 1, row 1: 14*14*32 * 3*3*3; 3*3*3 * 32",
        )  # fmt: skip
        yield Example(
            cls(256, 5, padding=2, groups=2), ((1, 96, 27, 27),), (1, 256, 27, 27),
            Counts(macs=223_948_800, other=(("bias_add", 186_624),), weights=307_200, biases=256),
            "AlexNet (Caffe), conv2: 27*27*256 * 5*5*48; 5*5*48 * 256",
        )  # fmt: skip


class Conv3d(_Conv):
    kind: ClassVar[str] = "conv3d"
    rank: ClassVar[int | None] = 3

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(
            cls(64, 3, padding=1), ((1, 3, 16, 112, 112),), (1, 64, 16, 112, 112),
            Counts(macs=1_040_449_536, other=(("bias_add", 12_845_056),), weights=5_184, biases=64),
            "C3D (Tran et al., arXiv:1412.0767), conv1a: 16*112*112*64 * 3*3*3*3; 3*3*3*3 * 64",
        )  # fmt: skip


class _DepthwiseConv(_Convolution):
    """Depthwise convolution: each input channel has its own `multiplier` filters.

    Parameters
    ----------
    kernel_size, stride, dilation : int, symbol or tuple
        One for all spatial axes, or one for each, height first. [rows]
    padding : "same", "valid", int or tuple
        "same", the default, keeps ceil(size / stride) rows; "valid" is none; a tuple has for every axis a size or a pair
        (before, after).
    multiplier : int or symbol
        Output channels an input channel.
    bias : bool
        Whether each output channel has a bias.

    Notes
    -----
    It is the convolution with as many groups as input channels, and has its formula.
    """

    kernel_size: Dims
    stride: Dims = 1
    padding: Padding = "same"
    dilation: Dims = 1
    multiplier: Dim = 1
    bias: Flag = True

    def _out_channels(self, in_channels: Num) -> Num:
        return in_channels * self.multiplier

    def _groups(self, in_channels: Num) -> Num:
        return in_channels


class DepthwiseConv1d(_DepthwiseConv):
    kind: ClassVar[str] = "depthwise_conv1d"
    rank: ClassVar[int | None] = 1

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(
            cls(33, stride=2, bias=False), ((1, 64, 1000),), (1, 64, 500),
            Counts(macs=1_056_000, weights=2_112), "QuartzNet (arXiv:1910.10261), C1 on 1000 frames of 64: 500*64 * 33; 64 * 33",
        )  # fmt: skip


class DepthwiseConv2d(_DepthwiseConv):
    kind: ClassVar[str] = "depthwise_conv2d"
    rank: ClassVar[int | None] = 2

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(
            cls(3, stride=2, bias=False), ((1, 1024, 14, 14),), (1, 1024, 7, 7),
            Counts(macs=451_584, weights=9_216), "Pardhi, Table 1, row 14: 7*7*1024 * 3*3; 3*3 * 1024",
        )  # fmt: skip
        yield Example(
            cls(7, stride=2, multiplier=8, bias=False), ((1, 3, 224, 224),), (1, 24, 112, 112),
            Counts(macs=14_751_744, weights=1_176), "GoogLeNet, separable stem: 112*112*24 * 7*7; 7*7 * 3*8",
        )  # fmt: skip


class DepthwiseConv3d(_DepthwiseConv):
    kind: ClassVar[str] = "depthwise_conv3d"
    rank: ClassVar[int | None] = 3

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(
            cls(3, bias=False), ((1, 4, 4, 6, 6),), (1, 4, 4, 6, 6),
            Counts(macs=15_552, weights=108), "arithmetic: 4*4*6*6 * 3*3*3; 4 * 3*3*3",
        )  # fmt: skip


class _ConvTranspose(_Convolution):
    """Transposed convolution: every input element is spread over a window of the output.

    Parameters
    ----------
    out_channels : int or symbol
        Output channels.
    kernel_size, stride, dilation : int, symbol or tuple
        One for all spatial axes, or one for each, height first. [rows]
    padding : "same", "valid", int or tuple
        Rows cut off the output; "same" gives size * stride rows.
    output_padding : int, symbol or tuple
        Rows added behind the output.
    groups : int or symbol
        Divides the input and the output channels.
    bias : bool
        Whether each output channel has a bias.

    Notes
    -----
    Every input element meets every tap: MACs are those of the convolution that it transposes, over the input's sizes.
    """

    out_channels: Dim
    kernel_size: Dims
    stride: Dims = 1
    padding: Padding = "same"
    output_padding: Extents = 0
    dilation: Dims = 1
    groups: Dim = 1
    bias: Flag = True

    def check(self, *inputs: Shape) -> Iterator[Check]:
        yield from self._check_groups(inputs[0][1])
        extra = self.per_axis("output_padding")
        if self.padding == "same":
            yield all(rows == 0 for rows in extra), f"`output_padding` (={self.output_padding}) needs an explicit `padding`, not 'same'"
        for rows, stride, dilation in zip(extra, self.per_axis("stride"), self.per_axis("dilation"), strict=True):
            if (condition := at_most(rows + 1, maximum(stride, dilation))) is not True:
                yield condition, f"`output_padding` (={rows}) must be less than the stride (={stride}) or the dilation (={dilation})"
        for size in self._sizes(inputs[0]):
            yield at_most(1, size), f"`padding` (={self.padding}) leaves an output of {size} rows; it must leave at least 1"

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0][0], self.out_channels, *self._sizes(inputs[0])

    def counts(self, inputs: tuple[Shape, ...], output: Shape) -> Counts:
        return self._counts(inputs, output, inputs[0][2:])

    def variety(self, inputs: tuple[Shape, ...]) -> str:
        return "transposed"

    def _sizes(self, x: Shape) -> Shape:
        return self.window.transposed_sizes(x[2:], self.per_axis("output_padding"))


class ConvTranspose1d(_ConvTranspose):
    kind: ClassVar[str] = "conv_transpose1d"
    rank: ClassVar[int | None] = 1

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(
            cls(256, 16, stride=8, padding=4, bias=False), ((1, 512, 10),), (1, 256, 80),
            Counts(macs=20_971_520, weights=2_097_152),
            "HiFi-GAN V1 (arXiv:2010.05646), first upsampling on 10 frames: 10*512 * 16*256; 512*256 * 16",
        )  # fmt: skip


class ConvTranspose2d(_ConvTranspose):
    kind: ClassVar[str] = "conv_transpose2d"
    rank: ClassVar[int | None] = 2

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(
            cls(512, 4, stride=2, padding=1, bias=False), ((1, 1024, 4, 4),), (1, 512, 8, 8),
            Counts(macs=134_217_728, weights=8_388_608),
            "DCGAN (arXiv:1511.06434), generator, first upsampling at 4x4 kernels: 4*4*1024 * 4*4*512; 1024*512 * 4*4",
        )  # fmt: skip


class ConvTranspose3d(_ConvTranspose):
    kind: ClassVar[str] = "conv_transpose3d"
    rank: ClassVar[int | None] = 3

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(
            cls(128, 2, stride=2, padding=0), ((1, 256, 4, 4, 4),), (1, 128, 8, 8, 8),
            Counts(macs=16_777_216, other=(("bias_add", 65_536),), weights=262_144, biases=128),
            "3D U-Net (arXiv:1606.06650), an up-convolution on 4x4x4: 4*4*4*256 * 2*2*2*128; 256*128 * 2*2*2",
        )  # fmt: skip
