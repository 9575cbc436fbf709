"""What stands behind detectors: the suppression of boxes that overlap."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from costmodel._num import equal, minimum
from costmodel.layers.base import Check, Counts, Example, Layer, Shape
from costmodel.layers.fields import Dim, Extent


class NonMaxSuppression(Layer):
    """Of boxes that overlap the best remain; inputs are boxes (batch, boxes, 4) and scores (batch, classes, boxes).

    Parameters
    ----------
    most : int or symbol
        The most boxes that remain of a class.
    columns : int or symbol
        Numbers for every box that remains.

    Notes
    -----
    How many remain depends on the data: the output has room for `most` of every class and picture. Each score is compared with the
    threshold, and each box with every one that remains.
    """

    kind: ClassVar[str] = "non_max_suppression"
    arity: ClassVar[int | None] = 2
    most: Extent
    columns: Dim = 3

    def check(self, *inputs: Shape) -> Iterator[Check]:
        boxes, scores = inputs
        message = f"needs boxes (batch, boxes, 4) and scores (batch, classes, boxes), got {boxes} and {scores}"
        fits = len(boxes) == len(scores) == 3
        yield fits, message
        if fits:
            yield equal(boxes[2], 4), message
            yield equal(boxes[1], scores[2]), message

    def output_shape(self, *inputs: Shape) -> Shape:
        batch, classes, boxes = inputs[1]
        return batch * classes * minimum(self.most, boxes), self.columns

    def counts(self, inputs: tuple[Shape, ...], output: Shape) -> Counts:
        batch, classes, boxes = inputs[1]
        scores = batch * classes * boxes
        return Counts(other=(("compare", scores), ("overlap", scores * minimum(self.most, boxes))))

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(
            cls(100), ((1, 6_000, 4), (1, 80, 6_000)), (8_000, 3), Counts(other=(("compare", 480_000), ("overlap", 48_000_000))),
            "arithmetic: 80 classes * 100 boxes; 80 * 6000 scores; each box against 100",
        )  # fmt: skip
