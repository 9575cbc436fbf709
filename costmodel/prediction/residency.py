"""Which feature maps and weights stay on chip between layers, by what they spare: the policy `residency`.

A map that stays spares its write, where the network does not return it, and its reads, where it is not the network's input the first
of them; it takes its bytes from its write to its last read. Weights that stay from inference to inference spare their bytes and take
them all the time. What does not stay streams, and takes no room of its own.

The choice is exact where it is small: step by step, for every set of maps on chip, the choices that no other beats in what they spare
and in the most bytes they held. Each of them leaves room in which weights are fitted by subset sums. Beyond `LABELS` choices a step, or
`SUMS` bytes of sums, the best are followed, and a bound says what the others could have reached.
"""

from __future__ import annotations

from functools import cached_property, reduce
from itertools import accumulate
from math import gcd
from typing import Annotated, Any, ClassVar, NamedTuple
from weakref import WeakKeyDictionary

from costmodel import quantities
from costmodel._num import Num, is_array, is_symbolic
from costmodel.errors import FieldError, SymbolicError
from costmodel.layers.fields import Flag
from costmodel.network import TensorRef
from costmodel.prediction.traffic import Policy, Traffic
from costmodel.prediction.workload import FeatureMap, Workload
from costmodel.tables import Column, Table, Tabled

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


def items_of(workload: Workload) -> list[Item]:
    """The maps that spare something where they stay, in the order of their first step."""
    found = []
    for ref, one in workload.maps.items():
        readers = len(one.consumers)
        spared = one.n_bytes * (readers - 1 if one.producer < 0 else readers + (not one.is_output))
        if readers and spared > 0:
            found.append(Item(ref, one.n_bytes, _first(one), one.consumers[-1], spared))
    return sorted(found, key=lambda item: item.first)


def _first(one: FeatureMap) -> int:
    return one.consumers[0] if one.producer < 0 else one.producer


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


class ResidencyPlan(Tabled):
    """What stays on chip under a capacity, and why not more. `Prediction.plan` under the policy "residency".

    Attributes
    ----------
    workload : Workload
    capacity_bytes : int
        The SRAM, less what was reserved.
    steady_state : bool
        Whether weights may stay from inference to inference.
    choice : Choice
    """

    def __init__(self, workload: Workload, capacity_bytes: int, steady_state: bool, labels: int = LABELS, sums: int = SUMS) -> None:
        self.workload = workload
        self.capacity_bytes = capacity_bytes
        self.steady_state = steady_state
        self._weighted = [i for i, step in enumerate(workload.steps) if step.weight_bytes] if steady_state else []
        weights = [workload.steps[i].weight_bytes for i in self._weighted]
        self.choice = choose(items_of(workload), weights, capacity_bytes, labels, sums)

    @cached_property
    def maps(self) -> tuple[TensorRef, ...]:
        """The maps that stay."""
        return self.choice.maps

    @cached_property
    def kept_weights(self) -> tuple[str, ...]:
        """The layers whose weights stay."""
        return tuple(self.workload.steps[i].name for i in self._kept)

    @property
    def _kept(self) -> tuple[int, ...]:
        return tuple(self._weighted[i] for i in self.choice.weights)

    @property
    def optimal(self) -> bool:
        """Whether no other choice moves less."""
        return self.choice.spared_bytes == self.choice.most_spared_bytes

    @property
    def ddr_bytes(self) -> int:
        """Bytes that cross the bus. [B]"""
        return sum(step.all_bytes for step in self.traffic())

    @property
    def least_ddr_bytes(self) -> int:
        """What no choice goes below: `ddr_bytes` where it is optimal. [B]"""
        return self.ddr_bytes + self.choice.spared_bytes - self.choice.most_spared_bytes

    @cached_property
    def held_bytes(self) -> tuple[int, ...]:
        """What stays on chip at every step. [B]"""
        held = [sum(self.workload.steps[i].weight_bytes for i in self._kept)] * len(self.workload.steps)
        for ref in self.maps:
            one = self.workload.maps[ref]
            for step in range(_first(one), one.consumers[-1] + 1):
                held[step] += one.n_bytes
        return tuple(held)

    @property
    def sram_bytes(self) -> int:
        """The most that stays at once. [B]"""
        return max(self.held_bytes, default=0)

    def traffic(self) -> list[Traffic]:
        """The bytes of every step."""
        stays, kept, maps = set(self.maps), set(self._kept), self.workload.maps
        found = []
        for index, step in enumerate(self.workload.steps):
            read = write = 0
            for ref in step.reads:
                comes_in = maps[ref].producer < 0 and index == maps[ref].consumers[0]
                read += maps[ref].n_bytes * (comes_in or ref not in stays)
            for ref in step.writes:
                write += maps[ref].n_bytes * (maps[ref].is_output or ref not in stays)
            found.append(Traffic(0 if index in kept else step.weight_bytes, read, write, held_bytes=self.held_bytes[index]))
        return found

    @property
    def sentence(self) -> str:
        """How much stays, and whether it is the best."""
        items = items_of(self.workload)
        maps = f"{len(self.maps)} of {len(items)} feature maps"
        weights = f" and the weights of {len(self._kept)} of {len(self._weighted)} layers" if self.steady_state else ""
        how = "optimal" if self.optimal else f"at most {self.choice.most_spared_bytes - self.choice.spared_bytes} B from the optimum"
        return f"{maps}{weights}, {self.sram_bytes} of {self.capacity_bytes} B at most; {how}"

    def table(self) -> Table:
        """One row a map or weight that may stay."""
        stays, kept, steps = set(self.maps), set(self._kept), self.workload.steps
        rows: list[dict[str, Any]] = [
            {"name": item.ref.node, "what": "feature map", "n_bytes": item.n_bytes, "spared_bytes": item.spared_bytes,
             "first": steps[item.first].name, "last": steps[item.last].name, "stays": item.ref in stays}
            for item in items_of(self.workload)
        ]  # fmt: skip
        rows += [
            {"name": steps[i].name, "what": "weights", "n_bytes": steps[i].weight_bytes, "spared_bytes": steps[i].weight_bytes,
             "first": "always", "last": "always", "stays": i in kept}
            for i in self._weighted
        ]  # fmt: skip
        return Table(
            COLUMNS, rows, title=f"{self.workload.network.name}: what stays on chip", notes=[f"{self.ddr_bytes} B moved; {self.sentence}"]
        )

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values."""
        return {
            "kept_maps": [ref.node for ref in self.maps],
            "kept_weights": list(self.kept_weights),
            "capacity_bytes": self.capacity_bytes,
            "sram_bytes": self.sram_bytes,
            "ddr_bytes": self.ddr_bytes,
            "least_ddr_bytes": self.least_ddr_bytes,
            "optimal": self.optimal,
        }


COLUMNS = (
    Column("name", "layer"),
    Column("what", "what"),
    Column("n_bytes", "takes", "B"),
    Column("spared_bytes", "spares", "B"),
    Column("first", "from", rank=2),
    Column("last", "to", rank=1),
    Column("stays", "stays"),
)
"""What people see of a thing that may stay."""


def _bytes(value: Any) -> int | float:
    if isinstance(value, str):
        return quantities.parse(value, "bytes")
    return 0 if type(value) in (int, float) and value == 0 else quantities.positive(value)


class Residency(Policy):
    """The feature maps stay on chip that spare the most traffic together, within the SRAM; what does not stay streams.

    Unlike under "resident", a map may stay though others that live beside it do not. It never moves more than that policy.

    Parameters
    ----------
    steady_state : bool
        Whether inference follows inference, so that weights may stay too.
    reserve_bytes : int or str
        SRAM that is left for what streams.
    """

    name: ClassVar[str] = "residency"
    needs_ddr: ClassVar[bool] = True
    steady_state: Flag = False
    reserve_bytes: Annotated[Any, _bytes] = 0

    def plan(self, workload: Workload, sram_bytes: Num) -> ResidencyPlan:
        if is_symbolic(sram_bytes) or is_array(sram_bytes):
            raise SymbolicError(f"what stays is a choice at one capacity; `sram` (={sram_bytes}) must be a plain number of bytes")
        for step in workload.steps:
            if any(is_symbolic(n) for n in (step.weight_bytes, *(workload.maps[ref].n_bytes for ref in (*step.reads, *step.writes)))):
                raise SymbolicError(f"what stays is a choice among plain sizes; layer {step.name!r} holds symbols; see traffic='resident'")
        capacity = int(sram_bytes - self.reserve_bytes)
        if capacity < 0:
            raise FieldError(f"`reserve_bytes` (={self.reserve_bytes}) must be at most the SRAM of {sram_bytes} B")
        plans = _plans.setdefault(workload, {})
        if (capacity, self.steady_state) not in plans:
            plans[capacity, self.steady_state] = ResidencyPlan(workload, capacity, self.steady_state)
        return plans[capacity, self.steady_state]

    def steps(self, workload: Workload, sram_bytes: Num) -> list[Traffic]:
        if not is_array(sram_bytes):
            return self.plan(workload, sram_bytes).traffic()
        import numpy as np

        each, place = np.unique(sram_bytes, return_inverse=True)
        plans = [self.plan(workload, one.item()).traffic() for one in each]
        found = []
        for steps in zip(*plans, strict=True):
            weights, read, written, held = (
                np.array(column, dtype=np.int64)[place.reshape(sram_bytes.shape)]
                for column in zip(*((s.weight_bytes, s.read_bytes, s.write_bytes, s.held_bytes) for s in steps), strict=True)
            )
            found.append(Traffic(weights, read, written, held_bytes=held))
        return found

    def bound_bytes(self, workload: Workload, steps: list[Traffic]) -> Num | None:
        return sum(step.weight_bytes for step in steps) + workload.boundary_bytes

    def said(self, workload: Workload, sram_bytes: Num) -> dict[str, Any]:
        return {"stays": "chosen at each capacity" if is_array(sram_bytes) else self.plan(workload, sram_bytes).sentence}


_plans: WeakKeyDictionary[Workload, dict[tuple[int, bool], ResidencyPlan]] = WeakKeyDictionary()
"""A machine's other figures change nothing, and they are asked for often."""
