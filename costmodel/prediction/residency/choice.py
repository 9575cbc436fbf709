"""The choice of what spares the most under a capacity.

It is exact where it is small: step by step, for every set of maps on chip, the choices that no other beats in what they spare
and in the most bytes they held. Each of them leaves room in which weights are fitted by subset sums. Beyond `LABELS` choices a step, or
`SUMS` bytes of sums, the best are followed, and a bound says what the others could have reached.
"""

from __future__ import annotations

from functools import cached_property, reduce
from itertools import accumulate
from math import gcd
from typing import NamedTuple

from costmodel.network import TensorRef

LABELS = 4096
"""Choices that are followed at a step."""
SUMS = 1 << 26
"""Bytes for the subset sums of weights."""


class Item(NamedTuple):
    """A map that may stay."""

    ref: TensorRef
    n_bytes: int
    first: int
    last: int
    spared_bytes: int


class Label(NamedTuple):
    """A choice of the maps up to a step."""

    spared: int
    most: int
    """The most bytes held at a step."""
    chosen: int
    """The items chosen, as bits."""


class Choice(NamedTuple):
    """What stays, and what could at most be spared."""

    maps: tuple[TensorRef, ...]
    weights: tuple[int, ...]
    """Steps whose weights stay."""
    spared_bytes: int
    most_spared_bytes: int


def choose(items: list[Item], weights: list[int], capacity: int, labels: int = LABELS, sums: int = SUMS) -> Choice:
    """What stays under a capacity: `items` in the order of their first step, and of `weights` those that stay all the time."""
    front, missed = _fronts(items, capacity, bool(weights), labels)
    fitted, whole = _Fitted(weights, capacity, sums), sum(weights)
    best, at_most = None, missed + min(whole, capacity) if missed else 0
    for label in sorted(front, key=lambda label: -label.spared - min(whole, capacity - label.most)):
        hope = label.spared + min(whole, capacity - label.most)
        if best is not None and hope <= best[0]:
            break
        kept, exact = fitted.within(capacity - label.most)
        total = sum(weights[i] for i in kept)
        if best is None or label.spared + total > best[0]:
            best = label.spared + total, label, kept
        at_most = max(at_most, label.spared + total if exact else hope)
    assert best is not None, "nothing at all may always stay"
    spared, label, kept = best
    return Choice(tuple(item.ref for i, item in enumerate(items) if label.chosen >> i & 1), kept, spared, max(spared, at_most))


def _fronts(items: list[Item], capacity: int, by_room: bool, labels: int) -> tuple[list[Label], int]:
    """The choices of maps that no other beats, and what a choice that was not followed could have spared; 0 where all were.

    `by_room`: a choice that spares less may be the better for holding less.
    """
    still = [*accumulate((item.spared_bytes for item in reversed(items)), initial=0)][::-1]
    states: dict[int, list[Label]] = {0: [Label(0, 0, 0)]}
    missed = 0
    for index, item in enumerate(items):
        gone = sum(1 << i for i in range(index) if items[i].last < item.first)
        merged: dict[int, list[Label]] = {}
        for live, front in states.items():
            merged.setdefault(live & ~gone, []).extend(front)
        states = {}
        for live, front in merged.items():
            held = sum(items[i].n_bytes for i in range(index) if live >> i & 1) + item.n_bytes
            states.setdefault(live, []).extend(front)
            if held <= capacity:
                states.setdefault(live | 1 << index, []).extend(
                    Label(label.spared + item.spared_bytes, max(label.most, held), label.chosen | 1 << index) for label in front
                )
        states = {live: _unbeaten(front, by_room) for live, front in states.items()}
        if (count := sum(map(len, states.values()))) > labels:
            ranked = sorted(((label.spared, -label.most, live, label) for live, front in states.items() for label in front), reverse=True)
            missed = max(missed, ranked[labels][0] + still[index + 1])
            states = {}
            for _, _, live, label in ranked[: min(labels, count)]:
                states.setdefault(live, []).append(label)
    return _unbeaten([label for front in states.values() for label in front], by_room), missed


def _unbeaten(front: list[Label], by_room: bool) -> list[Label]:
    """Of choices with the same maps on chip those that spare more than all that held no more."""
    if not by_room:
        return [max(front, key=lambda label: (label.spared, -label.most))]
    kept: list[Label] = []
    for label in sorted(front, key=lambda label: (label.most, -label.spared)):
        if not kept or label.spared > kept[-1].spared:
            kept.append(label)
    return kept


class _Fitted:
    """Which weights fill a room best: subset sums as bits of an integer, in units of the common divisor."""

    def __init__(self, weights: list[int], capacity: int, limit: int) -> None:
        self.unit = reduce(gcd, weights, 0) or 1
        self.sizes = [size // self.unit for size in weights]
        self.units = capacity // self.unit
        self.limit = limit

    def within(self, room: int) -> tuple[tuple[int, ...], bool]:
        """Places of the weights that stay, and whether no others fill the room better."""
        sizes, units = self.sizes, room // self.unit
        if sum(sizes) <= units:
            return tuple(range(len(sizes))), True
        if len(sizes) * self.units > 8 * self.limit:
            return self._largest_first(units)
        sums = self._sums
        reached = (sums[-1] & (1 << units + 1) - 1).bit_length() - 1
        kept = []
        for index in reversed(range(len(sizes))):
            if not sums[index] >> reached & 1:
                kept.append(index)
                reached -= sizes[index]
        return tuple(reversed(kept)), True

    def _largest_first(self, units: int) -> tuple[tuple[int, ...], bool]:
        kept, left = [], units
        for index in sorted(range(len(self.sizes)), key=lambda i: -self.sizes[i]):
            if self.sizes[index] <= left:
                kept.append(index)
                left -= self.sizes[index]
        return tuple(sorted(kept)), left == 0

    @cached_property
    def _sums(self) -> list[int]:
        """What the first weights can add up to, for every number of them, as bits."""
        within = (1 << self.units + 1) - 1
        return [*accumulate(self.sizes, lambda sums, size: (sums | sums << size) & within, initial=1)]
