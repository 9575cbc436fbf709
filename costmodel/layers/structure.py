"""Layers that arrange tensors: inputs, concatenation, shuffles, pads, and aliases that move nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from costmodel._num import Num, divides, equal, floor_div, product, total
from costmodel.layers.base import Check, Counts, Example, Layer, Shape, elements, words
from costmodel.layers.fields import AnyShape, Axes, Axis, Dim, Pads, TargetShape, Text

Role = Literal["step", "epilogue", "alias", "input"]


class Placeholder(Layer):
    """An input of the network.

    Parameters
    ----------
    shape : tuple of int or symbol
        Batch, channels, height, width.
    """

    kind: ClassVar[str] = "input"
    role: ClassVar[Role] = "input"
    arity: ClassVar[int | None] = 0
    shape: AnyShape

    def output_shape(self, *inputs: Shape) -> Shape:
        shape: Shape = self.shape
        return shape

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls((1, 3, 224, 224)), (), (1, 3, 224, 224), Counts(), "an ImageNet picture")


class Constant(Layer):
    """A stored tensor that is used as a feature map. A single number is no parameter.

    Parameters
    ----------
    shape : tuple of int or symbol
        Its sizes.
    """

    kind: ClassVar[str] = "constant"
    arity: ClassVar[int | None] = 0
    shape: AnyShape

    def output_shape(self, *inputs: Shape) -> Shape:
        shape: Shape = self.shape
        return shape

    def counts(self, inputs: tuple[Shape, ...], output: Shape) -> Counts:
        return Counts(constants=elements(output) if any(n != 1 for n in output) else 0)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls((1, 1, 768)), (), (1, 1, 768), Counts(constants=768), "ViT-B/16 (arXiv:2010.11929), the class token")


class Transpose(Layer):
    """Axes in another order: no arithmetic, but every element moves.

    Parameters
    ----------
    order : tuple of int
        For every axis of the output the axis of the input.
    """

    kind: ClassVar[str] = "transpose"
    order: Axes

    def check(self, *inputs: Shape) -> Iterator[Check]:
        rank = len(inputs[0])
        yield sorted(self.order) == list(range(rank)), f"`order` (={self.order}) must name each of the {rank} axes of {inputs[0]} once"

    def output_shape(self, *inputs: Shape) -> Shape:
        return tuple([inputs[0][axis] for axis in self.order])

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls((0, 2, 1, 3)), ((1, 197, 12, 64),), (1, 12, 197, 64), Counts(), "ViT-B/16, heads apart")


class Split(Layer):
    """A tensor cut into pieces along an axis.

    Parameters
    ----------
    axis : int
        The axis that is cut.
    sizes : tuple of int or symbol
        The size of each piece along it.
    """

    kind: ClassVar[str] = "split"
    axis: Axis
    sizes: AnyShape

    def check(self, *inputs: Shape) -> Iterator[Check]:
        x = inputs[0]
        inside = -len(x) <= self.axis < len(x)
        yield inside, f"`axis` (={self.axis}) must be within the {len(x)} axes of {x}"
        if inside:
            yield (
                equal(total(self.sizes), x[self.axis]),
                f"`sizes` (={self.sizes}) must sum to {x[self.axis]}, axis {self.axis} of {x}",
            )

    def output_shapes(self, *inputs: Shape) -> tuple[Shape, ...]:
        at = self.axis % len(inputs[0])
        return tuple([(*inputs[0][:at], size, *inputs[0][at + 1 :]) for size in self.sizes])

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(
            cls(1, (58, 58)), ((1, 116, 28, 28),), (1, 58, 28, 28), Counts(), "ShuffleNet v2 (arXiv:1807.11164), channel split at 1x",
            further_outputs=((1, 58, 28, 28),),
        )  # fmt: skip


class Rearrange(Layer):
    """Elements picked, repeated or moved to other places: no arithmetic, but the output is written.

    Parameters
    ----------
    operation : str
        What it does: "slice", "gather", "expand", "tile", "depth_to_space", ...
    shape : tuple of int or symbol
        The output shape.
    """

    kind: ClassVar[str] = "rearrange"
    arity: ClassVar[int | None] = None
    operation: Text
    shape: AnyShape

    def output_shape(self, *inputs: Shape) -> Shape:
        shape: Shape = self.shape
        return shape

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls("slice", (1, 64, 55, 55)), ((1, 64, 56, 56),), (1, 64, 55, 55), Counts(), "rows and columns 1 to 55")


class Concat(Layer):
    """Tensors one after another along an axis.

    Parameters
    ----------
    axis : int
        The axis along which sizes add up; all others must agree.
    """

    kind: ClassVar[str] = "concat"
    arity: ClassVar[int | None] = None
    axis: Axis = 1

    def check(self, *inputs: Shape) -> Iterator[Check]:
        first = inputs[0]
        yield -len(first) <= self.axis < len(first), f"`axis` (={self.axis}) must be within the {len(first)} axes of {first}"
        for other in inputs[1:]:
            yield len(other) == len(first), f"shapes {first} and {other} differ in the number of axes"
            for index, (a, b) in enumerate(zip(first, other, strict=False)):
                if index != self.axis % len(first) and (same := equal(a, b)) is not True:
                    yield same, f"shapes {words(first, other)} differ outside axis {self.axis}: {words(a)} against {words(b)}"

    def output_shape(self, *inputs: Shape) -> Shape:
        at = self.axis % len(inputs[0])
        return *inputs[0][:at], total(x[at] for x in inputs), *inputs[0][at + 1 :]

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(), ((1, 64, 55, 55), (1, 64, 55, 55)), (1, 128, 55, 55), Counts(), "SqueezeNet, a fire module's two expands")


class ChannelShuffle(Layer):
    """Channels of the groups interleaved: no arithmetic, but every element moves.

    Parameters
    ----------
    groups : int or symbol
        Divides the channels.
    """

    kind: ClassVar[str] = "channel_shuffle"
    groups: Dim

    def check(self, *inputs: Shape) -> Iterator[Check]:
        yield len(inputs[0]) > 1, f"needs an input with at least two axes, got shape {inputs[0]}"
        channels = inputs[0][1]
        yield divides(self.groups, channels), f"`channels` (={channels}) must be divisible by `groups` (={self.groups})"

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0]

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(3), ((1, 60, 28, 28),), (1, 60, 28, 28), Counts(), "ShuffleNet (arXiv:1707.01083), g = 3, stage 2")


class Pad(Layer):
    """Padding as a layer of its own, which reads and writes a feature map; a `padding` argument moves nothing.

    Parameters
    ----------
    pads : tuple of pairs
        (before, after) for every axis, batch and channels included.
    """

    kind: ClassVar[str] = "pad"
    pads: Pads

    def check(self, *inputs: Shape) -> Iterator[Check]:
        yield (
            len(self.pads) == len(inputs[0]),
            f"`pads` (={self.pads}) must have {len(inputs[0])} pairs, one for every axis of {inputs[0]}",
        )

    def output_shape(self, *inputs: Shape) -> Shape:
        return tuple(n + before + after for n, (before, after) in zip(inputs[0], self.pads, strict=True))

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(
            cls(((0, 0), (0, 0), (0, 1), (0, 1))), ((1, 3, 224, 224),), (1, 3, 225, 225), Counts(),
            "Keras MobileNet, conv1_pad",
        )  # fmt: skip


class _Alias(Layer):
    role: ClassVar[Role] = "alias"

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0]


class Flatten(_Alias):
    """All axes from `start_axis` on as one; an alias.

    Parameters
    ----------
    start_axis : int
        The first axis that is merged.
    """

    kind: ClassVar[str] = "flatten"
    start_axis: Axis = 1

    def check(self, *inputs: Shape) -> Iterator[Check]:
        rank = len(inputs[0])
        yield -rank <= self.start_axis < rank, f"`start_axis` (={self.start_axis}) must be within the {rank} axes of {inputs[0]}"

    def output_shape(self, *inputs: Shape) -> Shape:
        at = self.start_axis % len(inputs[0])
        return *inputs[0][:at], product(inputs[0][at:])

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(), ((1, 1024, 1, 1),), (1, 1024), Counts(), "MobileNet v1, before the classifier")


class Reshape(_Alias):
    """The same elements in another shape; an alias.

    Parameters
    ----------
    shape : tuple of int or symbol
        The new shape; one entry may be -1: whatever is left.
    """

    kind: ClassVar[str] = "reshape"
    shape: TargetShape

    def check(self, *inputs: Shape) -> Iterator[Check]:
        count = elements(inputs[0])
        fixed = product(n for n in self.shape if not _is_rest(n))
        message = f"`shape` (={self.shape}) must hold the {count} elements of {inputs[0]}"
        yield divides(fixed, count) if fixed != 0 and any(map(_is_rest, self.shape)) else equal(fixed, count), message

    def output_shape(self, *inputs: Shape) -> Shape:
        fixed = product(n for n in self.shape if not _is_rest(n))
        rest = floor_div(elements(inputs[0]), fixed) if fixed != 0 else 0
        return tuple(rest if _is_rest(n) else n for n in self.shape)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls((1, -1)), ((1, 256, 6, 6),), (1, 9216), Counts(), "AlexNet, before fc6: 256*6*6")


def _is_rest(size: Num) -> bool:
    return type(size) is int and size == -1


class Dropout(_Alias):
    """Does nothing at inference; an alias."""

    kind: ClassVar[str] = "dropout"

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(), ((1, 4096),), (1, 4096), Counts(), "AlexNet, after fc6")


class Identity(_Alias):
    """Does nothing; an alias."""

    kind: ClassVar[str] = "identity"

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(), ((1, 8),), (1, 8), Counts(), "arithmetic")
