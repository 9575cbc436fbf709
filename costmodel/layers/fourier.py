"""Fourier transforms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from costmodel.formulas import fourier as formulas
from costmodel.layers.base import Counts, Example, Layer, Shape
from costmodel.layers.fields import AnyShape, Dim, Extent


class Fourier(Layer):
    """Fast Fourier transforms of complex numbers, forward or back; of real numbers, two go in one transform.

    Parameters
    ----------
    shape : tuple of int or symbol
        The output shape.
    points : int or symbol
        The length of each transform.
    transforms : int or symbol
        How many transforms of complex numbers.
    """

    kind: ClassVar[str] = "fourier"
    arity: ClassVar[int | None] = None
    shape: AnyShape
    points: Dim
    transforms: Extent

    def output_shape(self, *inputs: Shape) -> Shape:
        shape: Shape = self.shape
        return shape

    def counts(self, inputs: tuple[Shape, ...], output: Shape) -> Counts:
        return Counts(other=(("butterfly", formulas.butterflies(self.points, self.transforms)),))

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(
            cls((1, 98, 257, 2), 512, 49), ((1, 16_000),), (1, 98, 257, 2), Counts(other=(("butterfly", 112_896),)),
            "a second of speech, 98 real frames as 49 complex transforms of 512 points: 49 * 256 * 9",
        )  # fmt: skip
