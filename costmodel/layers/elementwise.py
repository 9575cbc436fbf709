"""Element by element, with broadcasting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Annotated, ClassVar

from costmodel._num import Num, equal, total
from costmodel.formulas.operations import OTHER_OPS
from costmodel.layers.base import Check, Counts, Example, Layer, Shape, elements, words
from costmodel.layers.fields import Shapes, choice


def _aligned(shapes: Sequence[Shape]) -> Iterator[list[Num]]:
    """The sizes other than 1 along every axis, aligned at the last axis, the first axis first."""
    columns = list(zip_longest(*(reversed(s) for s in shapes), fillvalue=1))
    for column in reversed(columns):
        yield [n for n in column if not (type(n) is int and n == 1)]


def _same(shapes: Sequence[Shape]) -> Shape | None:
    """The shape that all have but single numbers, if there is one: the usual case."""
    first = max(shapes, key=len)
    return first if all(shape == first or not shape for shape in shapes) else None


def broadcast(shapes: Sequence[Shape]) -> Shape:
    """The common shape of tensors that broadcast as in numpy."""
    if (same := _same(shapes)) is not None:
        return same
    return tuple(sizes[0] if sizes else 1 for sizes in _aligned(shapes))


def broadcast_checks(shapes: Sequence[Shape]) -> Iterator[Check]:
    """Sizes along an axis must agree or be 1."""
    if _same(shapes) is not None:
        return
    for sizes in _aligned(shapes):
        for size in sizes[1:]:
            if (same := equal(sizes[0], size)) is not True:
                yield same, f"shapes {words(*shapes)} don't broadcast: {words(sizes[0])} against {words(size)}"


class _Elementwise(Layer):
    arity: ClassVar[int | None] = None

    @property
    def _stored(self) -> tuple[Shape, ...]:
        shapes: tuple[Shape, ...] = getattr(self, "constants")  # noqa: B009
        return shapes

    def check(self, *inputs: Shape) -> Iterator[Check]:
        yield from broadcast_checks(inputs + self._stored)

    def output_shape(self, *inputs: Shape) -> Shape:
        return broadcast(inputs + self._stored)

    def counts(self, inputs: tuple[Shape, ...], output: Shape) -> Counts:
        stored = total(elements(s) for s in self._stored if any(n != 1 for n in s))
        return Counts(other=((self._step, self._steps(len(inputs) + len(self._stored)) * elements(output)),), constants=stored)

    @property
    def _step(self) -> str:
        return self.kind

    def _steps(self, operands: int) -> int:
        """Elementary steps an output element."""
        return operands - 1


class Add(_Elementwise):
    """Sum of two or more tensors, one add an output element and further operand.

    Parameters
    ----------
    constants : tuple of shapes
        Further operands that the network stores. Single numbers are no parameters.
    """

    kind: ClassVar[str] = "add"
    constants: Shapes = ()

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(
            cls(), ((1, 256, 56, 56),) * 2, (1, 256, 56, 56), Counts(other=(("add", 802_816),)),
            "ResNet-50, first residual add: 56*56*256",
        )  # fmt: skip


class Multiply(_Elementwise):
    """Product of two or more tensors, one multiply an output element and further operand.

    Parameters
    ----------
    constants : tuple of shapes
        Further operands that the network stores. Single numbers are no parameters.
    """

    kind: ClassVar[str] = "multiply"
    constants: Shapes = ()

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(
            cls(), ((1, 72, 28, 28), (1, 72, 1, 1)), (1, 72, 28, 28), Counts(other=(("multiply", 56_448),)),
            "MobileNet v3, squeeze-and-excite scale: 28*28*72",
        )  # fmt: skip


class Elementwise(_Elementwise):
    """One row of the other-operations table for every output element; of several operands one fewer than operands.

    Parameters
    ----------
    operation : str
        The row: "subtract", "divide", "sqrt", "exp", "cast", ...
    constants : tuple of shapes
        Further operands that the network stores. Single numbers are no parameters.
    """

    kind: ClassVar[str] = "elementwise"
    operation: Annotated[str, choice(OTHER_OPS)]
    constants: Shapes = ()

    @property
    def _step(self) -> str:
        return self.operation

    def _steps(self, operands: int) -> int:
        return max(operands - 1, 1)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls("erf"), ((1, 197, 3072),), (1, 197, 3072), Counts(other=(("erf", 605_184),)), "ViT-B/16, GELU: 197*3072")
        yield Example(
            cls("subtract", constants=((3, 1, 1),)), ((1, 3, 224, 224),), (1, 3, 224, 224),
            Counts(other=(("subtract", 150_528),), constants=3), "arithmetic: 3*224*224; a mean for each colour",
        )  # fmt: skip


class Where(_Elementwise):
    """One of two operands, as a third says: a selection an output element.

    Parameters
    ----------
    constants : tuple of shapes
        Those of the three operands that the network stores. Single numbers are no parameters.
    """

    kind: ClassVar[str] = "where"
    constants: Shapes = ()

    @property
    def _step(self) -> str:
        return "select"

    def _steps(self, operands: int) -> int:
        return 1

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(
            cls(constants=((),)), ((1, 1, 64, 64), (1, 12, 64, 64)), (1, 12, 64, 64), Counts(other=(("select", 49_152),)),
            "a mask on attention scores: 12*64*64",
        )  # fmt: skip
