"""Decision trees."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from costmodel._num import Num
from costmodel.layers.base import Check, Counts, Example, Layer, Shape
from costmodel.layers.fields import Dim, Extent


class TreeEnsemble(Layer):
    """Decision trees over inputs of shape (rows, features): each is followed from its root to a leaf, and leaves are summed.

    Parameters
    ----------
    trees : int or symbol
        How many.
    comparisons : int or symbol
        The longest ways of all trees together: a compare at every branch.
    targets : int or symbol
        Numbers a row that come out.
    """

    kind: ClassVar[str] = "tree_ensemble"
    trees: Dim
    comparisons: Extent
    targets: Dim = 1

    def check(self, *inputs: Shape) -> Iterator[Check]:
        yield 0 < len(inputs[0]) < 3, f"needs an input of shape (rows, features), got {inputs[0]}"

    def output_shape(self, *inputs: Shape) -> Shape:
        return _rows(inputs[0]), self.targets

    def counts(self, inputs: tuple[Shape, ...], output: Shape) -> Counts:
        rows = _rows(inputs[0])
        return Counts(other=(("compare", rows * self.comparisons), ("add", rows * self.trees)))

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(
            cls(100, 600, 3), ((4, 20),), (4, 3), Counts(other=(("compare", 2_400), ("add", 400))),
            "arithmetic: 4 rows through 100 trees of depth 6",
        )  # fmt: skip


def _rows(shape: Shape) -> Num:
    return shape[0] if len(shape) > 1 else 1
