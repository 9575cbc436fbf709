"""Buffers and the steps that touch them: what is live at every step of an order, and what must be in any order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple


class Buffer(NamedTuple):
    """Bytes that are held from the first step that touches them to the last."""

    name: str
    n_bytes: int
    steps: tuple[int, ...]
    """The steps that write or read it, rising."""
    from_start: bool = False
    """Whether it is there before the first step: an input of the network."""


class Overwrite(NamedTuple):
    """A new buffer may take the place of a dying one, no smaller, while a step reads the one and writes the other."""

    old: int
    new: int
    scratch_bytes: int = 0
    """What the step keeps aside meanwhile."""


class Span(NamedTuple):
    """A buffer's place in time under an order: half open, as MiniMalloc has it."""

    lower: int
    upper: int


class BufferGraph:
    """Steps with what they need done before, the buffers they touch, and what they may write over.

    Parameters
    ----------
    steps : sequence of str
        Names, in an order that can be executed.
    before : sequence of tuples of int
        For every step the steps whose results it reads.
    buffers : sequence of Buffer
    overwrites : mapping of int to tuple of Overwrite
        What a step may write over what: the first counts whose old buffer no step touches later.
    """

    def __init__(
        self,
        steps: Sequence[str],
        before: Sequence[tuple[int, ...]],
        buffers: Sequence[Buffer],
        overwrites: Mapping[int, tuple[Overwrite, ...]] | None = None,
    ) -> None:
        self.steps = tuple(steps)
        self.before = tuple(before)
        self.buffers = tuple(buffers)
        self.overwrites = dict(overwrites or {})

    @cached_property
    def after(self) -> tuple[tuple[int, ...], ...]:
        """For every step the steps that read its results."""
        found: list[list[int]] = [[] for _ in self.steps]
        for step, earlier in enumerate(self.before):
            for one in earlier:
                found[one].append(step)
        return tuple(map(tuple, found))

    @cached_property
    def ancestors(self) -> tuple[int, ...]:
        """For every step, as bits, all that must be done before it."""
        found: list[int] = []
        for earlier in self.before:
            bits = 0
            for one in earlier:
                bits |= found[one] | 1 << one
            found.append(bits)
        return tuple(found)

    @cached_property
    def descendants(self) -> tuple[int, ...]:
        """For every step, as bits, all that must be done after it."""
        found = [0] * len(self.steps)
        for step in reversed(range(len(self.steps))):
            for later in self.after[step]:
                found[step] |= found[later] | 1 << later
        return tuple(found)

    @cached_property
    def touch_bits(self) -> tuple[int, ...]:
        """For every buffer, as bits, the steps that touch it."""
        return tuple(sum(1 << step for step in buffer.steps) for buffer in self.buffers)

    def spans(self, order: Sequence[int]) -> tuple[Span, ...]:
        """When every buffer is held."""
        place = {step: position for position, step in enumerate(order)}
        found = []
        for buffer in self.buffers:
            places = [place[step] for step in buffer.steps]
            found.append(Span(0 if buffer.from_start else min(places), max(places) + 1))
        return tuple(found)

    def overwritten(self, order: Sequence[int]) -> dict[int, Overwrite]:
        """For every step of the order that writes over a buffer, by its position, what it writes over what."""
        spans = self.spans(order)
        found = {}
        for position, step in enumerate(order):
            for choice in self.overwrites.get(step, ()):
                if spans[choice.old].upper == position + 1:
                    found[position] = choice
                    break
        return found

    def live_bytes(self, order: Sequence[int]) -> tuple[int, ...]:
        """Bytes live at every step of the order."""
        change = [0] * (len(order) + 1)
        for buffer, span in zip(self.buffers, self.spans(order), strict=True):
            change[span.lower] += buffer.n_bytes
            change[span.upper] -= buffer.n_bytes
        live = list(accumulate(change))[:-1]
        for position, choice in self.overwritten(order).items():
            live[position] -= self.spared_bytes(choice)
        return tuple(live)

    def spared_bytes(self, choice: Overwrite) -> int:
        """What writing over saves while the step runs."""
        return self.buffers[choice.new].n_bytes - choice.scratch_bytes

    def taken_over(self, order: Sequence[int]) -> tuple[Span, ...]:
        """As `spans`, but what is written over another has no place of its own until that other is gone."""
        spans = list(self.spans(order))
        for position, choice in self.overwritten(order).items():
            spans[choice.new] = Span(position + 1, spans[choice.new].upper)
        return tuple(spans)

    def peak(self, order: Sequence[int]) -> int:
        """The most bytes live at a step of the order."""
        return max(self.live_bytes(order), default=0)

    @cached_property
    def needed_bytes(self) -> tuple[int, ...]:
        """Bytes live at every step in whatever order: it touches them, or a step before it and one after."""
        found = []
        for step in range(len(self.steps)):
            own = 1 << step
            earlier, later = self.ancestors[step] | own, self.descendants[step] | own
            held = sum(
                buffer.n_bytes
                for buffer, bits in zip(self.buffers, self.touch_bits, strict=True)
                if bits & later and (buffer.from_start or bits & earlier)
            )
            choices = (c for c in self.overwrites.get(step, ()) if not self.touch_bits[c.old] & later & ~own)
            found.append(held - max(map(self.spared_bytes, choices), default=0))
        return tuple(found)

    @cached_property
    def cuts(self) -> tuple[int, ...]:
        """The steps that stand before or after every other, in their order: what lies between two of them is a problem of its own."""
        all_steps = (1 << len(self.steps)) - 1
        return tuple(s for s in range(len(self.steps)) if self.ancestors[s] | self.descendants[s] | 1 << s == all_steps)
