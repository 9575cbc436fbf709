"""Reductions along axes and selections."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from costmodel.layers.base import Check, Counts, Example, Layer, Shape, elements
from costmodel.layers.fields import Axes, Axis, Extent, Flag, choice

REDUCTIONS: dict[str, tuple[str, ...]] = {
    "sum": ("add",),
    "mean": ("average",),
    "max": ("compare",),
    "min": ("compare",),
    "product": ("multiply",),
    "l1": ("absolute", "add"),
    "l2": ("square", "add"),
    "log_sum_exp": ("exp", "add"),
}
"""The elementary steps a reduced value."""


class Reduce(Layer):
    """A sum, mean, maximum, ... along axes.

    Parameters
    ----------
    operation : str
        "sum", "mean", "max", "min", "product", "l1", "l2" or "log_sum_exp".
    axes : tuple of int
        The axes that are reduced.
    keep : bool
        Whether they stay behind with size 1.
    """

    kind: ClassVar[str] = "reduce"
    operation: Annotated[str, choice(REDUCTIONS)]
    axes: Axes
    keep: Flag = True

    def check(self, *inputs: Shape) -> Iterator[Check]:
        rank = len(inputs[0])
        for axis in self.axes:
            yield -rank <= axis < rank, f"`axes` (={self.axes}) must be within the {rank} axes of {inputs[0]}"

    def output_shape(self, *inputs: Shape) -> Shape:
        rank = len(inputs[0])
        gone = {axis % rank for axis in self.axes}
        return tuple([1 if at in gone else n for at, n in enumerate(inputs[0]) if self.keep or at not in gone])

    def counts(self, inputs: tuple[Shape, ...], output: Shape) -> Counts:
        return Counts(other=tuple([(step, elements(inputs[0])) for step in REDUCTIONS[self.operation]]))

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(
            cls("mean", (2, 3), keep=False), ((1, 1280, 7, 7),), (1, 1280), Counts(other=(("average", 62_720),)),
            "MobileNet v2, pooling as a mean: 1280*7*7",
        )  # fmt: skip


class TopK(Layer):
    """The k largest values along an axis, and where they stand; at least one compare an element.

    Parameters
    ----------
    k : int or symbol
        How many.
    axis : int
        Along which axis.
    """

    kind: ClassVar[str] = "top_k"
    k: Extent
    axis: Axis = -1

    def check(self, *inputs: Shape) -> Iterator[Check]:
        rank = len(inputs[0])
        yield -rank <= self.axis < rank, f"`axis` (={self.axis}) must be within the {rank} axes of {inputs[0]}"

    def output_shapes(self, *inputs: Shape) -> tuple[Shape, ...]:
        at = self.axis % len(inputs[0])
        return ((*inputs[0][:at], self.k, *inputs[0][at + 1 :]),) * 2

    def counts(self, inputs: tuple[Shape, ...], output: Shape) -> Counts:
        return Counts(other=(("compare", elements(inputs[0])),))

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(
            cls(5), ((1, 1000),), (1, 5), Counts(other=(("compare", 1_000),)), "ImageNet, the five best classes", further_outputs=((1, 5),)
        )
