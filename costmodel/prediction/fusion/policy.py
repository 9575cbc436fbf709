"""The traffic policy `fused`."""

from __future__ import annotations

from typing import ClassVar

from costmodel._num import Num, is_array, is_symbolic
from costmodel.errors import SymbolicError
from costmodel.prediction.fusion.plan import FusedPlan, fused_plan
from costmodel.prediction.traffic import Policy, Traffic
from costmodel.prediction.workload import Workload


class Fused(Policy):
    """The partition of the network into depth-first groups that moves the fewest bytes; maps inside a group never leave the chip.

    It is bounded by weights + network inputs + network outputs. `Prediction.plan` says which layers run together.
    """

    name: ClassVar[str] = "fused"
    needs_ddr: ClassVar[bool] = True
    one_by_one: ClassVar[bool] = False
    order = "that of the plan"

    def plan(self, workload: Workload, sram_bytes: Num) -> FusedPlan:
        if is_symbolic(sram_bytes) or is_array(sram_bytes):
            raise SymbolicError(f"a fused plan is a search at one capacity; `sram` (={sram_bytes}) must be a plain number of bytes")
        return fused_plan(workload, int(sram_bytes))

    def steps(self, workload: Workload, sram_bytes: Num) -> list[Traffic]:
        if not is_array(sram_bytes):
            return self.plan(workload, sram_bytes).traffic()
        import numpy as np

        each, place = np.unique(sram_bytes, return_inverse=True)
        plans = np.array([self.plan(workload, one.item()).traffic() for one in each], dtype=object)  # capacity, step, kind
        moved = plans[..., :3].astype(np.int64)[place.reshape(sram_bytes.shape)]
        return [Traffic(moved[..., step, 0], moved[..., step, 1], moved[..., step, 2]) for step in range(len(workload.steps))]
