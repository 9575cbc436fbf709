"""Element by element, with broadcasting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import ClassVar

from costmodel._num import Num, equal
from costmodel.layers.base import Check, Counts, Example, Layer, Shape, elements, words


def _aligned(shapes: Sequence[Shape]) -> Iterator[list[Num]]:
    """The sizes other than 1 along every axis, aligned at the last axis, the first axis first."""
    columns = list(zip_longest(*(reversed(s) for s in shapes), fillvalue=1))
    for column in reversed(columns):
        yield [n for n in column if not (type(n) is int and n == 1)]


def broadcast(shapes: Sequence[Shape]) -> Shape:
    """The common shape of tensors that broadcast as in numpy."""
    return tuple(sizes[0] if sizes else 1 for sizes in _aligned(shapes))


def broadcast_checks(shapes: Sequence[Shape]) -> Iterator[Check]:
    """Sizes along an axis must agree or be 1."""
    for sizes in _aligned(shapes):
        for size in sizes[1:]:
            if (same := equal(sizes[0], size)) is not True:
                yield same, f"shapes {words(*shapes)} don't broadcast: {words(sizes[0])} against {words(size)}"


class _Elementwise(Layer):
    arity: ClassVar[int | None] = None

    def check(self, *inputs: Shape) -> Iterator[Check]:
        yield from broadcast_checks(inputs)

    def output_shape(self, *inputs: Shape) -> Shape:
        return broadcast(inputs)

    def counts(self, inputs: tuple[Shape, ...], output: Shape) -> Counts:
        return Counts(other=((self.kind, (len(inputs) - 1) * elements(output)),))


class Add(_Elementwise):
    """Sum of two or more tensors, one add an output element and further operand."""

    kind: ClassVar[str] = "add"

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(
            cls(), ((1, 256, 56, 56),) * 2, (1, 256, 56, 56), Counts(other=(("add", 802_816),)),
            "ResNet-50, first residual add: 56*56*256",
        )  # fmt: skip


class Multiply(_Elementwise):
    """Product of two or more tensors, one multiply an output element and further operand."""

    kind: ClassVar[str] = "multiply"

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(
            cls(), ((1, 72, 28, 28), (1, 72, 1, 1)), (1, 72, 28, 28), Counts(other=(("multiply", 56_448),)),
            "MobileNet v3, squeeze-and-excite scale: 28*28*72",
        )  # fmt: skip
