"""The policy `residency`: one plan a capacity."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar
from weakref import WeakKeyDictionary

from costmodel import quantities
from costmodel._num import Num, is_array, is_symbolic
from costmodel.errors import FieldError, SymbolicError
from costmodel.layers.fields import Flag
from costmodel.prediction.residency.plan import ResidencyPlan
from costmodel.prediction.traffic import Policy, Traffic
from costmodel.prediction.workload import Workload


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
        if (layer := _open(workload)) is not None:
            raise SymbolicError(f"what stays is a choice among plain sizes; layer {layer!r} holds symbols; see traffic='resident'")
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
        if is_array(sram_bytes):
            return {"stays": "chosen at each capacity"}
        return {"stays": "chosen at each size" if _open(workload) is not None else self.plan(workload, sram_bytes).sentence}


def _open(workload: Workload) -> str | None:
    """The first layer whose weights or maps hold symbols."""
    for step in workload.steps:
        if any(is_symbolic(n) for n in (step.weight_bytes, *(workload.maps[ref].n_bytes for ref in (*step.reads, *step.writes)))):
            return step.name
    return None


_plans: WeakKeyDictionary[Workload, dict[tuple[int, bool], ResidencyPlan]] = WeakKeyDictionary()
"""A machine's other figures change nothing, and they are asked for often."""
