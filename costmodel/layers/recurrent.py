"""Recurrent layers: LSTM, GRU and the plain recurrence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from costmodel._num import Num, product
from costmodel.formulas import linear
from costmodel.formulas import recurrent as formulas
from costmodel.layers.base import Check, Counts, Example, Layer, Shape
from costmodel.layers.fields import Dim, Flag, OptionalDim


class _Recurrent(Layer):
    """A recurrence over a sequence of shape (steps, batch, features).

    Parameters
    ----------
    hidden : int or symbol
        Features of the state.
    directions : int
        2 where it also runs backwards.
    bias : bool
        Whether it has biases, one for the input and one for the state, a gate and feature.
    batch_first : bool
        Whether the sequence is of shape (batch, steps, features).

    Notes
    -----
    Its outputs are the sequence (steps, directions, batch, hidden) and the last states (directions, batch, hidden), batch
    first where the input is. Initial states and lengths may follow the sequence as inputs.
    """

    arity: ClassVar[int | None] = None
    hidden: Dim
    directions: Dim = 1
    bias: Flag = True
    batch_first: Flag = False

    _gates: ClassVar[int]
    _steps: ClassVar[tuple[tuple[str, int], ...]]
    """Elementary steps for every feature of the state."""

    @property
    def _gates_with_weights(self) -> int:
        return self._gates

    @property
    def _steps_of_gates(self) -> tuple[tuple[str, int], ...]:
        return self._steps

    @property
    def _features(self) -> tuple[Num, ...]:
        """Features of every state; the first is the output."""
        return (self.hidden,)

    def _weights(self, features: Num) -> Num:
        return formulas.weights(features, self.hidden, self._gates_with_weights)

    def check(self, *inputs: Shape) -> Iterator[Check]:
        yield len(inputs[0]) == 3, f"needs a sequence of shape (steps, batch, features), got {inputs[0]}"

    def output_shapes(self, *inputs: Shape) -> tuple[Shape, ...]:
        if self.batch_first:
            batch, steps, _ = inputs[0]
            last = [(batch, self.directions, n) for n in self._features]
            return (batch, steps, self.directions, self._features[0]), *last
        steps, batch, _ = inputs[0]
        last = [(self.directions, batch, n) for n in self._features]
        return (steps, self.directions, batch, self._features[0]), *last

    def counts(self, inputs: tuple[Shape, ...], output: Shape) -> Counts:
        a, b, features = inputs[0]
        rows: Num = a * b * self.directions
        weights = self._weights(features)
        bias_adds = (("add", 2 * self._gates_with_weights * self.hidden * rows),) if self.bias else ()
        return Counts(
            macs=rows * weights,
            other=(*((step, times * self.hidden * rows) for step, times in self._steps_of_gates), *bias_adds),
            weights=self.directions * weights,
            biases=2 * product((self.directions, self._gates_with_weights, self.hidden)) if self.bias else 0,
        )


class LSTM(_Recurrent):
    """A recurrence with a cell behind gates, over a sequence of shape (steps, batch, features).

    Parameters
    ----------
    hidden : int or symbol
        Features of the cell.
    directions : int
        2 where it also runs backwards.
    bias : bool
        Whether it has biases, one for the input and one for the state, a gate and feature.
    batch_first : bool
        Whether the sequence is of shape (batch, steps, features).
    projection : int, symbol or None
        Features that the output is projected to; None, the default, leaves it as it is.
    coupled : bool
        Whether the input gate is 1 minus the forget gate, and has no weights.

    Notes
    -----
    Its outputs are the sequence (steps, directions, batch, output), the last output (directions, batch, output) and the last
    cell (directions, batch, hidden), batch first where the input is. Initial states may follow the sequence as inputs.
    """

    kind: ClassVar[str] = "lstm"
    projection: OptionalDim = None
    coupled: Flag = False

    _gates: ClassVar[int] = 4
    _steps: ClassVar[tuple[tuple[str, int], ...]] = (("sigmoid", 3), ("tanh", 2), ("multiply", 3), ("add", 5))

    @property
    def _gates_with_weights(self) -> int:
        return self._gates - self.coupled

    @property
    def _steps_of_gates(self) -> tuple[tuple[str, int], ...]:
        return (("sigmoid", 2), ("subtract", 1), *self._steps[1:]) if self.coupled else self._steps

    @property
    def _features(self) -> tuple[Num, ...]:
        return (self.hidden if self.projection is None else self.projection, self.hidden)

    def _weights(self, features: Num) -> Num:
        if self.projection is None:
            return super()._weights(features)
        return formulas.projected_weights(features, self.hidden, self.projection, self._gates_with_weights)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(
            cls(128), ((4, 1, 128),), (4, 1, 1, 128),
            Counts(
                macs=524_288, other=(("sigmoid", 1_536), ("tanh", 1_024), ("multiply", 1_536), ("add", 2_560), ("add", 4_096)),
                weights=131_072, biases=1_024,
            ),
            "silero-vad 6.2.3, decoder on 4 chunks: 4 * 4*128*(128+128); 4*128 features of the state",
            further_outputs=((1, 1, 128), (1, 1, 128)),
        )  # fmt: skip
        yield Example(
            cls(2048, bias=False, projection=512, coupled=True), ((1, 1, 40),), (1, 1, 1, 512),
            Counts(
                macs=4_440_064, other=(("sigmoid", 4_096), ("subtract", 2_048), ("tanh", 4_096), ("multiply", 6_144), ("add", 10_240)),
                weights=4_440_064,
            ),
            "Sak et al. (arXiv:1402.1128), c2048_r512, its input gate coupled: 3*2048*(40+512) + 2048*512",
            further_outputs=((1, 1, 512), (1, 1, 2048)),
        )  # fmt: skip


class GRU(_Recurrent):
    kind: ClassVar[str] = "gru"
    _gates: ClassVar[int] = 3
    _steps: ClassVar[tuple[tuple[str, int], ...]] = (("sigmoid", 2), ("tanh", 1), ("multiply", 3), ("add", 5))

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(
            cls(64, directions=2, bias=False), ((10, 1, 32),), (10, 2, 1, 64),
            Counts(macs=368_640, other=(("sigmoid", 2_560), ("tanh", 1_280), ("multiply", 3_840), ("add", 6_400)), weights=36_864),
            "arithmetic: 10*2 * 3*64*(32+64); 2 * 3*64*(32+64); 10*2*64 features of the state", further_outputs=((2, 1, 64),),
        )  # fmt: skip


class RNN(_Recurrent):
    kind: ClassVar[str] = "rnn"
    _gates: ClassVar[int] = 1
    _steps: ClassVar[tuple[tuple[str, int], ...]] = (("tanh", 1), ("add", 1))

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(
            cls(20, bias=False, batch_first=True), ((2, 5, 10),), (2, 5, 1, 20),
            Counts(macs=6_000, other=(("tanh", 200), ("add", 200)), weights=600),
            "arithmetic: 2*5 * 20*(10+20); 2*5*20 features of the state", further_outputs=((2, 1, 20),),
        )  # fmt: skip


class SVDF(Layer):
    """Dense filters whose last outputs are kept and weighted over time, over inputs of shape (batch, features).

    Parameters
    ----------
    units : int or symbol
        Output features.
    memory : int or symbol
        Outputs of each filter that are kept. [steps]
    filters_per_unit : int or symbol
        Filters that are summed to a unit: the rank.
    bias : bool
        Whether each unit has a bias.

    Notes
    -----
    One inference is one step: each filter reads the features once, and its memory once.
    """

    kind: ClassVar[str] = "svdf"
    hosts_epilogues: ClassVar[bool] = True
    units: Dim
    memory: Dim
    filters_per_unit: Dim = 1
    bias: Flag = True

    def check(self, *inputs: Shape) -> Iterator[Check]:
        yield len(inputs[0]) == 2, f"needs an input of shape (batch, features), got {inputs[0]}"

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0][0], self.units

    def counts(self, inputs: tuple[Shape, ...], output: Shape) -> Counts:
        batch, features = inputs[0]
        filters = self.units * self.filters_per_unit
        weights = linear.weights(features, filters) + linear.weights(self.memory, filters)
        sums = (("add", batch * self.units * (self.filters_per_unit - 1)),) if self.filters_per_unit != 1 else ()
        bias = (("bias_add", batch * self.units),) if self.bias else ()
        return Counts(macs=batch * weights, other=(*sums, *bias), weights=weights, biases=self.units if self.bias else 0)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(
            cls(100, 10, 2), ((1, 40),), (1, 100), Counts(macs=10_000, other=(("add", 100), ("bias_add", 100)), weights=10_000, biases=100),
            "arithmetic, after Nakkiran et al. (Interspeech 2015): 100*2 filters * (40 features + 10 steps)",
        )  # fmt: skip
