"""Tables that are looked up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from costmodel._num import product
from costmodel.formulas import linear as formulas
from costmodel.layers.base import Counts, Example, Layer, Shape
from costmodel.layers.fields import AnyShape, Axis


class Embedding(Layer):
    """Rows of a stored table, one for every index: no arithmetic.

    Parameters
    ----------
    table : tuple of int or symbol
        The shape of the table: entries, then the shape of a row.
    axis : int
        The axis of the table that the indices count along.
    """

    kind: ClassVar[str] = "embedding"
    table: AnyShape
    axis: Axis = 0

    def output_shape(self, *inputs: Shape) -> Shape:
        at = self.axis % len(self.table)
        return *self.table[:at], *inputs[0], *self.table[at + 1 :]

    def counts(self, inputs: tuple[Shape, ...], output: Shape) -> Counts:
        return Counts(weights=formulas.weights(self.table[0], product(self.table[1:])))

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(
            cls((30_522, 768)), ((1, 128),), (1, 128, 768), Counts(weights=23_440_896), "BERT base (arXiv:1810.04805), tokens: 30522*768"
        )
