"""What stays on chip, as a plan of the whole network."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from costmodel.network import TensorRef
from costmodel.prediction.residency.choice import LABELS, SUMS, Item, choose
from costmodel.prediction.traffic import Traffic
from costmodel.prediction.workload import FeatureMap, Workload
from costmodel.tables import Column, Table, Tabled

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
