"""Attention and sums over named indices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from costmodel._num import Num, equal, product
from costmodel.formulas import linear as formulas
from costmodel.layers.base import Check, Counts, Example, Layer, Shape, elements
from costmodel.layers.fields import Text


class Attention(Layer):
    """Scaled dot-product attention of queries, keys and values of shape (batch, heads, length, features).

    Further inputs (a mask) may follow. Heads of keys and values may be fewer than those of the queries; they are shared.

    Notes
    -----
    MACs are those of the two products, queries by keys and scores by values; scores are scaled and go through a softmax.
    """

    kind: ClassVar[str] = "attention"
    arity: ClassVar[int | None] = None

    def check(self, *inputs: Shape) -> Iterator[Check]:
        fits = len(inputs) >= 3 and all(len(x) == 4 for x in inputs[:3])
        yield fits, f"needs queries, keys and values of shape (batch, heads, length, features), got {inputs[:3]}"
        if fits:
            q, k, v = inputs[:3]
            yield equal(q[3], k[3]), f"queries and keys must have as many features, got shapes {q} and {k}"
            yield equal(k[2], v[2]), f"keys and values must be as long, got shapes {k} and {v}"

    def output_shape(self, *inputs: Shape) -> Shape:
        return *inputs[0][:3], inputs[2][3]

    def counts(self, inputs: tuple[Shape, ...], output: Shape) -> Counts:
        q, k, v = inputs[:3]
        rows = elements(q[:3])
        scores = rows * k[2]
        macs = formulas.macs(rows, q[3], k[2]) + formulas.macs(rows, k[2], v[3])
        masks = (("add", scores),) if len(inputs) > 3 else ()
        return Counts(macs=macs, other=(("multiply", scores), *masks, ("softmax", scores)))

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(
            cls(), ((1, 12, 197, 64),) * 3, (1, 12, 197, 64),
            Counts(macs=59_610_624, other=(("multiply", 465_708), ("softmax", 465_708))),
            "ViT-B/16 (arXiv:2010.11929): 2 * 12*197*197 * 64; 12*197*197 scores",
        )  # fmt: skip


class Einsum(Layer):
    """Sum of products over named indices, e.g. "bhqd,bhkd->bhqk".

    Parameters
    ----------
    equation : str
        Indices of every input, an arrow, indices of the output.

    Notes
    -----
    One MAC for every combination of all indices and operand but one; a single operand is summed by adds.
    """

    kind: ClassVar[str] = "einsum"
    arity: ClassVar[int | None] = None
    equation: Text

    def check(self, *inputs: Shape) -> Iterator[Check]:
        left, arrow, right = self.equation.partition("->")
        terms = left.split(",")
        right_names = bool(arrow) and set(right) <= set(left)
        yield right_names, f"`equation` (={self.equation!r}) must have an arrow and known indices behind it"
        fits = len(terms) == len(inputs) and all(len(t) == len(x) for t, x in zip(terms, inputs, strict=False))
        yield fits, f"`equation` (={self.equation!r}) must have a term for every input and an index for every axis of {inputs}"
        if right_names and fits:
            sizes: dict[str, Num] = {}
            for name, size in self._axes(inputs):
                if size != 1 and sizes.setdefault(name, size) is not size:
                    yield (
                        equal(sizes[name], size),
                        f"index {name!r} of `equation` (={self.equation!r}) has the sizes {sizes[name]} and {size}",
                    )

    def _axes(self, inputs: tuple[Shape, ...]) -> Iterator[tuple[str, Num]]:
        for term, shape in zip(self.equation.partition("->")[0].split(","), inputs, strict=True):
            yield from zip(term, shape, strict=True)

    def _sizes(self, inputs: tuple[Shape, ...]) -> dict[str, Num]:
        sizes: dict[str, Num] = {}
        for name, size in self._axes(inputs):
            if sizes.get(name, 1) == 1:
                sizes[name] = size
        return sizes

    def output_shape(self, *inputs: Shape) -> Shape:
        sizes = self._sizes(inputs)
        return tuple([sizes[name] for name in self.equation.partition("->")[2]])

    def counts(self, inputs: tuple[Shape, ...], output: Shape) -> Counts:
        combinations = product(self._sizes(inputs).values())
        if len(inputs) == 1:
            return Counts(other=(("add", combinations),))
        return Counts(macs=combinations * (len(inputs) - 1))

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(
            cls("bhqd,bhkd->bhqk"), ((1, 12, 197, 64), (1, 12, 197, 64)), (1, 12, 197, 197), Counts(macs=29_805_312),
            "ViT-B/16, attention scores: 12 * 197*197 * 64",
        )  # fmt: skip
