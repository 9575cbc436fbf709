"""Batch, layer and group normalisation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from costmodel._num import Num, divides
from costmodel.layers.base import Check, Counts, Example, Layer, Shape, elements
from costmodel.layers.fields import Dim, Flag


class _Norm(Layer):
    role: ClassVar[Literal["step", "epilogue", "alias", "input"]] = "epilogue"

    def check(self, *inputs: Shape) -> Iterator[Check]:
        if len(inputs[0]) < 2:
            yield False, f"needs an input with at least two axes, got shape {inputs[0]}"

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0]


class BatchNorm(_Norm):
    """Batch normalisation over the channels (axis 1), at inference: one multiply and one add an element.

    Parameters
    ----------
    scale, center : bool
        Whether each channel has a gain gamma and an offset beta.
    """

    kind: ClassVar[str] = "batch_norm"
    scale: Flag = True
    center: Flag = True

    def counts(self, inputs: tuple[Shape, ...], output: Shape) -> Counts:
        channels = output[1]
        return Counts(
            other=(("batch_norm", elements(output)),),
            norm_affine=channels * (self.scale + self.center),
            norm_statistics=2 * channels,
        )

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(
            cls(), ((1, 32, 112, 112),), (1, 32, 112, 112),
            Counts(other=(("batch_norm", 401_408),), norm_affine=64, norm_statistics=64),
            "MobileNet v1, first norm: 112*112*32 elements; gamma and beta, mean and variance of 32",
        )  # fmt: skip


class _ComputedNorm(_Norm):
    """A norm that computes its own statistics: 5 operations an element, 2 more for gain and offset."""

    affine: Flag = True

    def counts(self, inputs: tuple[Shape, ...], output: Shape) -> Counts:
        n = elements(output)
        return Counts(
            other=(("normalise", n), ("affine", n)) if self.affine else (("normalise", n),),
            norm_affine=2 * self._features(output) if self.affine else 0,
        )

    def _features(self, shape: Shape) -> Num:
        return shape[1]


class LayerNorm(_ComputedNorm):
    """Layer normalisation over the last axis.

    Parameters
    ----------
    affine : bool
        Whether each feature has a gain and an offset.
    """

    kind: ClassVar[str] = "layer_norm"

    def _features(self, shape: Shape) -> Num:
        return shape[-1]

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(
            cls(), ((1, 197, 768),), (1, 197, 768),
            Counts(other=(("normalise", 151_296), ("affine", 151_296)), norm_affine=1_536),
            "ViT-B/16 (arXiv:2010.11929): 197*768 elements; gain and offset of 768",
        )  # fmt: skip


class GroupNorm(_ComputedNorm):
    """Group normalisation over groups of channels (axis 1).

    Parameters
    ----------
    affine : bool
        Whether each channel has a gain and an offset.
    groups : int or symbol
        Divides the channels.
    """

    kind: ClassVar[str] = "group_norm"
    groups: Dim = 32

    def check(self, *inputs: Shape) -> Iterator[Check]:
        yield from super().check(*inputs)
        channels = inputs[0][1]
        yield divides(self.groups, channels), f"`channels` (={channels}) must be divisible by `groups` (={self.groups})"

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(
            cls(), ((1, 64, 56, 56),), (1, 64, 56, 56),
            Counts(other=(("normalise", 200_704), ("affine", 200_704)), norm_affine=128),
            "arithmetic: 56*56*64 elements; gain and offset of 64 (groups of Wu and He, arXiv:1803.08494)",
        )  # fmt: skip


class InstanceNorm(_ComputedNorm):
    """Instance normalisation: every channel of every picture by itself.

    Parameters
    ----------
    affine : bool
        Whether each channel has a gain and an offset.
    """

    kind: ClassVar[str] = "instance_norm"

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(
            cls(), ((1, 32, 256, 256),), (1, 32, 256, 256),
            Counts(other=(("normalise", 2_097_152), ("affine", 2_097_152)), norm_affine=64),
            "Johnson et al. style transfer with Ulyanov et al., arXiv:1607.08022, first norm: 256*256*32; gain and offset of 32",
        )  # fmt: skip


class RMSNorm(_Norm):
    """Root-mean-square normalisation over the last axis, with a gain.

    Parameters
    ----------
    affine : bool
        Whether each feature has a gain.
    """

    kind: ClassVar[str] = "rms_norm"
    affine: Flag = True

    def check(self, *inputs: Shape) -> Iterator[Check]:
        yield len(inputs[0]) > 0, "needs an input with at least one axis"

    def counts(self, inputs: tuple[Shape, ...], output: Shape) -> Counts:
        n = elements(output)
        return Counts(
            other=(("rms_normalise", n), ("scale", n)) if self.affine else (("rms_normalise", n),),
            norm_affine=output[-1] if self.affine else 0,
        )

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(
            cls(), ((1, 64, 512),), (1, 64, 512), Counts(other=(("rms_normalise", 32_768), ("scale", 32_768)), norm_affine=512),
            "T5-small (arXiv:1910.10683) on 64 tokens: 64*512",
        )  # fmt: skip


class LRN(Layer):
    """Local response normalisation across channels.

    Parameters
    ----------
    size : int
        Channels summed for each output.
    """

    kind: ClassVar[str] = "lrn"
    size: Dim

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0]

    def counts(self, inputs: tuple[Shape, ...], output: Shape) -> Counts:
        n = elements(output)
        return Counts(other=(("square", n), ("add", (self.size - 1) * n), ("lrn", n)))

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(
            cls(5), ((1, 96, 55, 55),), (1, 96, 55, 55),
            Counts(other=(("square", 290_400), ("add", 1_161_600), ("lrn", 290_400))),
            "AlexNet (Krizhevsky et al., 2012), section 3.3, n = 5: 96*55*55; 4 adds",
        )  # fmt: skip
