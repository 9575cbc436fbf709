"""Activations: one entry of the other-operations table an element."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from costmodel._num import at_most
from costmodel.layers.base import Check, Counts, Example, Layer, Shape, elements
from costmodel.layers.elementwise import broadcast_checks
from costmodel.layers.fields import AnyShape, Axis


class _Activation(Layer):
    role: ClassVar[Literal["step", "epilogue", "alias", "input"]] = "epilogue"

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0]

    def counts(self, inputs: tuple[Shape, ...], output: Shape) -> Counts:
        return Counts(other=((self.kind, elements(output)),))

    @classmethod
    def examples(cls) -> Iterator[Example]:
        counts = Counts(other=((cls.kind, 6_272),))
        yield Example(cls(), ((1, 32, 14, 14),), (1, 32, 14, 14), counts, "arithmetic: 32 * 14*14 elements")


class ReLU(_Activation):
    """max(x, 0)."""

    kind: ClassVar[str] = "relu"


class ReLU6(_Activation):
    """min(max(x, 0), 6)."""

    kind: ClassVar[str] = "relu6"


class LeakyReLU(_Activation):
    """max(x, a x)."""

    kind: ClassVar[str] = "leaky_relu"


class ELU(_Activation):
    """x for x > 0, else exp(x) - 1."""

    kind: ClassVar[str] = "elu"


class Tanh(_Activation):
    """tanh(x)."""

    kind: ClassVar[str] = "tanh"


class Sigmoid(_Activation):
    """1 / (1 + exp(-x))."""

    kind: ClassVar[str] = "sigmoid"


class HardSigmoid(_Activation):
    """relu6(x + 3) / 6."""

    kind: ClassVar[str] = "hard_sigmoid"


class HardSwish(_Activation):
    """x relu6(x + 3) / 6."""

    kind: ClassVar[str] = "hard_swish"


class SiLU(_Activation):
    """x sigmoid(x), also called swish."""

    kind: ClassVar[str] = "silu"


class GELU(_Activation):
    """x (1 + erf(x / sqrt 2)) / 2."""

    kind: ClassVar[str] = "gelu"


class SELU(_Activation):
    """Scaled ELU."""

    kind: ClassVar[str] = "selu"


class CELU(_Activation):
    """ELU of x / a, times a."""

    kind: ClassVar[str] = "celu"


class Softplus(_Activation):
    """log(1 + exp(x))."""

    kind: ClassVar[str] = "softplus"


class Softsign(_Activation):
    """x / (1 + abs(x))."""

    kind: ClassVar[str] = "softsign"


class Mish(_Activation):
    """x tanh(log(1 + exp(x)))."""

    kind: ClassVar[str] = "mish"


class Clip(_Activation):
    """min(max(x, a), b)."""

    kind: ClassVar[str] = "clip"


class Quantize(_Activation):
    """Floating point to integers: x / scale + zero point, rounded and saturated."""

    kind: ClassVar[str] = "quantize"


class Dequantize(_Activation):
    """Integers to floating point: (q - zero point) scale."""

    kind: ClassVar[str] = "dequantize"


class Requantize(_Activation):
    """Accumulators to integers of another scale."""

    kind: ClassVar[str] = "requantize"


class PReLU(_Activation):
    """max(x, 0) + a min(x, 0) with learned slopes.

    Parameters
    ----------
    slope : tuple of int or symbol
        The shape of the slopes, which broadcasts to the input's.
    """

    kind: ClassVar[str] = "prelu"
    slope: AnyShape

    def check(self, *inputs: Shape) -> Iterator[Check]:
        yield from broadcast_checks((inputs[0], self.slope))

    def counts(self, inputs: tuple[Shape, ...], output: Shape) -> Counts:
        return super().counts(inputs, output)._replace(weights=elements(self.slope))

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(
            cls((28, 1, 1)), ((1, 28, 22, 22),), (1, 28, 22, 22), Counts(other=(("prelu", 13_552),), weights=28),
            "MTCNN (arXiv:1604.02878), R-Net, first PReLU: 28*22*22",
        )  # fmt: skip


class Bias(_Activation):
    """A stored vector added to every row of the last axis, or a stored tensor that broadcasts.

    Parameters
    ----------
    shape : tuple of int or symbol
        The shape of the biases, which broadcasts to the input's.
    """

    kind: ClassVar[str] = "bias"
    shape: AnyShape

    def check(self, *inputs: Shape) -> Iterator[Check]:
        yield from broadcast_checks((inputs[0], self.shape))

    def counts(self, inputs: tuple[Shape, ...], output: Shape) -> Counts:
        return Counts(other=(("bias_add", elements(output)),), biases=elements(self.shape))

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls((768,)), ((1, 197, 768),), (1, 197, 768), Counts(other=(("bias_add", 151_296),), biases=768), "ViT-B/16: 197*768")


class Softmax(_Activation):
    """exp(x) over its sum along an axis. It needs whole rows, so it is a step of its own.

    Parameters
    ----------
    axis : int
        The axis that sums to 1.
    """

    kind: ClassVar[str] = "softmax"
    role: ClassVar[Literal["step", "epilogue", "alias", "input"]] = "step"
    axis: Axis = -1

    def check(self, *inputs: Shape) -> Iterator[Check]:
        rank = len(inputs[0])
        yield at_most(-rank, self.axis) and self.axis < rank, f"`axis` (={self.axis}) must be within the {rank} axes of {inputs[0]}"

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(), ((1, 1000),), (1, 1000), Counts(other=(("softmax", 1_000),)), "ImageNet classifier: 1000 elements")
