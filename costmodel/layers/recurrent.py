"""Recurrent layers: LSTM, GRU and the plain recurrence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from costmodel._num import Num, product
from costmodel.formulas import recurrent as formulas
from costmodel.layers.base import Check, Counts, Example, Layer, Shape
from costmodel.layers.fields import Dim, Flag


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
    _states: ClassVar[int] = 1
    _steps: ClassVar[tuple[tuple[str, int], ...]]
    """Elementary steps for every feature of the state."""

    def check(self, *inputs: Shape) -> Iterator[Check]:
        yield len(inputs[0]) == 3, f"needs a sequence of shape (steps, batch, features), got {inputs[0]}"

    def output_shapes(self, *inputs: Shape) -> tuple[Shape, ...]:
        if self.batch_first:
            batch, steps, _ = inputs[0]
            last = (batch, self.directions, self.hidden)
            return (batch, steps, self.directions, self.hidden), *(last,) * self._states
        steps, batch, _ = inputs[0]
        last = (self.directions, batch, self.hidden)
        return (steps, self.directions, batch, self.hidden), *(last,) * self._states

    def counts(self, inputs: tuple[Shape, ...], output: Shape) -> Counts:
        a, b, features = inputs[0]
        rows: Num = a * b * self.directions
        weights = formulas.weights(features, self.hidden, self._gates)
        bias_adds = (("add", 2 * self._gates * self.hidden * rows),) if self.bias else ()
        return Counts(
            macs=rows * weights,
            other=(*((step, times * self.hidden * rows) for step, times in self._steps), *bias_adds),
            weights=self.directions * weights,
            biases=2 * product((self.directions, self._gates, self.hidden)) if self.bias else 0,
        )


class LSTM(_Recurrent):
    kind: ClassVar[str] = "lstm"
    _gates: ClassVar[int] = 4
    _states: ClassVar[int] = 2
    _steps: ClassVar[tuple[tuple[str, int], ...]] = (("sigmoid", 3), ("tanh", 2), ("multiply", 3), ("add", 5))

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
