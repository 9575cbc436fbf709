"""Resizing by interpolation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from costmodel.layers.base import Check, Counts, Example, Layer, Shape, elements
from costmodel.layers.fields import AnyShape, Axes, choice

TAPS = {"nearest": 0, "linear": 2, "cubic": 4}
"""Input values an output value along every resized axis; nearest copies."""


class Resize(Layer):
    """A feature map at another size.

    Parameters
    ----------
    shape : tuple of int or symbol
        The output shape.
    mode : str
        "nearest", "linear" or "cubic".
    axes : tuple of int
        The axes that change their size.

    Notes
    -----
    Every output is a weighted sum of 2 (linear) or 4 (cubic) values along every axis that changes its size; nearest copies.
    """

    kind: ClassVar[str] = "resize"
    shape: AnyShape
    mode: Annotated[str, choice(TAPS)] = "nearest"
    axes: Axes = (2, 3)

    def check(self, *inputs: Shape) -> Iterator[Check]:
        yield len(self.shape) == len(inputs[0]), f"`shape` (={self.shape}) must have the {len(inputs[0])} axes of {inputs[0]}"

    def output_shape(self, *inputs: Shape) -> Shape:
        shape: Shape = self.shape
        return shape

    def counts(self, inputs: tuple[Shape, ...], output: Shape) -> Counts:
        taps = TAPS[self.mode] ** len(self.axes)
        return Counts(other=(("interpolate", taps * elements(output)),) if taps else ())

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(
            cls((1, 256, 26, 26)), ((1, 256, 13, 13),), (1, 256, 26, 26), Counts(), "YOLO v3 (arXiv:1804.02767), first upsampling"
        )
        yield Example(
            cls((1, 19, 1024, 1024), "linear"), ((1, 19, 128, 128),), (1, 19, 1024, 1024),
            Counts(other=(("interpolate", 79_691_776),)), "bilinear, four taps: 19*1024*1024 * 4",
        )  # fmt: skip


class GridSample(Resize):
    """A feature map read at places that a second input gives, with interpolation.

    Parameters
    ----------
    shape : tuple of int or symbol
        The output shape.
    mode : str
        "nearest", "linear" or "cubic".
    axes : tuple of int
        The spatial axes.
    """

    kind: ClassVar[str] = "grid_sample"
    arity: ClassVar[int | None] = 2

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(
            cls((1, 1, 28, 28), "linear"), ((1, 1, 28, 28), (1, 28, 28, 2)), (1, 1, 28, 28), Counts(other=(("interpolate", 3_136),)),
            "Jaderberg et al., arXiv:1506.02025, equation 5, bilinear, four taps: 28*28 * 4",
        )  # fmt: skip
