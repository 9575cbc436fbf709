"""Dense layers and matrix products."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from costmodel._num import at_most, equal
from costmodel.formulas import linear as formulas
from costmodel.layers.base import Check, Counts, Example, Layer, Shape, elements
from costmodel.layers.elementwise import broadcast, broadcast_checks
from costmodel.layers.fields import Dim, Flag


class Dense(Layer):
    """Dense (fully connected) layer over the last axis.

    Parameters
    ----------
    out_features : int or symbol
        Output features.
    bias : bool
        Whether each output feature has a bias.

    Notes
    -----
    All axes before the last count as rows; MACs are `formulas.linear.macs`.
    """

    kind: ClassVar[str] = "dense"
    hosts_epilogues: ClassVar[bool] = True
    out_features: Dim
    bias: Flag = True

    def check(self, *inputs: Shape) -> Iterator[Check]:
        yield at_most(1, len(inputs[0])), f"needs an input with at least one axis, got shape {inputs[0]}"

    def output_shape(self, *inputs: Shape) -> Shape:
        return *inputs[0][:-1], self.out_features

    def counts(self, inputs: tuple[Shape, ...], output: Shape) -> Counts:
        in_features = inputs[0][-1]
        return Counts(
            macs=formulas.macs(elements(output[:-1]), in_features, self.out_features),
            other=(("bias_add", elements(output)),) if self.bias else (),
            weights=formulas.weights(in_features, self.out_features),
            biases=self.out_features if self.bias else 0,
        )

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(
            cls(10), ((1, 1024),), (1, 10), Counts(macs=10_240, other=(("bias_add", 10),), weights=10_240, biases=10),
            "Pardhi, Table 5, row FC: 1024 * 10",
        )  # fmt: skip
        yield Example(
            cls(4096, bias=False), ((1, 4096),), (1, 4096), Counts(macs=16_777_216, weights=16_777_216),
            "AlexNet, fc7: 4096 * 4096 (67 MB in fp32)",
        )  # fmt: skip


class MatMul(Layer):
    """Matrix product of two tensors; the axes before the last two broadcast.

    Parameters
    ----------
    transpose_first, transpose_second : bool
        Whether the last two axes of that input are exchanged.

    Notes
    -----
    Both operands are feature maps: there are no weights. A product with a weight matrix is `Dense`.
    """

    kind: ClassVar[str] = "matmul"
    arity: ClassVar[int | None] = 2
    transpose_first: Flag = False
    transpose_second: Flag = False

    def _matrices(self, inputs: tuple[Shape, ...]) -> tuple[Shape, Shape]:
        a, b = inputs
        return (*a[:-2], a[-1], a[-2]) if self.transpose_first else a, (*b[:-2], b[-1], b[-2]) if self.transpose_second else b

    def check(self, *inputs: Shape) -> Iterator[Check]:
        if any(len(shape) < 2 for shape in inputs):
            yield False, f"needs two inputs with at least two axes, got shapes {inputs[0]} and {inputs[1]}"
            return
        a, b = self._matrices(inputs)
        yield equal(a[-1], b[-2]), f"columns of the first input (={a[-1]}) must equal rows of the second (={b[-2]}); shapes {a}, {b}"
        yield from broadcast_checks((a[:-2], b[:-2]))

    def output_shape(self, *inputs: Shape) -> Shape:
        a, b = self._matrices(inputs)
        return *broadcast((a[:-2], b[:-2])), a[-2], b[-1]

    def counts(self, inputs: tuple[Shape, ...], output: Shape) -> Counts:
        return Counts(macs=formulas.macs(elements(output[:-1]), self._matrices(inputs)[0][-1], output[-1]))

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(
            cls(), ((1, 12, 197, 64), (1, 12, 64, 197)), (1, 12, 197, 197), Counts(macs=29_805_312),
            "ViT-B/16 (arXiv:2010.11929), attention scores: 12 heads * 197*197 * 64",
        )  # fmt: skip
        yield Example(
            cls(transpose_second=True), ((1, 12, 197, 64),) * 2, (1, 12, 197, 197), Counts(macs=29_805_312),
            "the same, queries and keys in the same order: 12 heads * 197*197 * 64",
        )  # fmt: skip
