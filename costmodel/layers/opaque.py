"""What stands for an operator without a cost rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from costmodel.layers.base import Counts, Example, Layer, Shape
from costmodel.layers.fields import Shapes, Text


class Opaque(Layer):
    """An operator whose cost is unknown: it moves its inputs and outputs, and totals that hold it are lower bounds.

    Parameters
    ----------
    operator : str
        What the file calls it.
    shapes : tuple of shapes
        The shapes of its outputs.
    """

    kind: ClassVar[str] = "opaque"
    arity: ClassVar[int | None] = None
    cost_known: ClassVar[bool] = False
    operator: Text
    shapes: Shapes

    def output_shapes(self, *inputs: Shape) -> tuple[Shape, ...]:
        shapes: tuple[Shape, ...] = self.shapes
        return shapes

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls("NonMaxSuppression", ((100, 3),)), ((1, 6000, 4), (1, 80, 6000)), (100, 3), Counts(), "no cost rule")
