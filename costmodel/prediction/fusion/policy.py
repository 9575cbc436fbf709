"""The traffic policy `fused`."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from costmodel._num import Num, is_array
from costmodel.prediction.fusion.plan import TIME_LIMIT_S, FusedPlan, fused_plan
from costmodel.prediction.fusion.tasks import Tasks
from costmodel.prediction.traffic import Policy, Traffic
from costmodel.prediction.workload import Workload


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise ValueError("must be a positive number of seconds")
    return float(value)


class Fused(Policy):
    """The partition of the network into depth-first groups that moves the fewest bytes; maps inside a group never leave the chip.

    A layer alone runs in the tiles of the policy `tiled` where these move less. It is bounded by weights + network inputs + network
    outputs. `Prediction.plan` says which layers run together, and whether the search came to its end within the time limit.

    Parameters
    ----------
    time_limit_s : float
        Seconds for the search. Where they run out the best plan so far stands, and `plan.optimal` is false.
    """

    name: ClassVar[str] = "fused"
    needs_ddr: ClassVar[bool] = True
    one_by_one: ClassVar[bool] = False
    order = "that of the plan"
    time_limit_s: Annotated[float, _seconds] = TIME_LIMIT_S

    def plan(self, workload: Workload, sram_bytes: Num) -> FusedPlan:
        return fused_plan(workload, sram_bytes, self.time_limit_s)

    def bound_bytes(self, workload: Workload, steps: list[Traffic]) -> int:
        """Weights and network outputs once, and of network inputs what the layers touch."""
        return Tasks(workload).rest_bytes(0, ())

    def steps(self, workload: Workload, sram_bytes: Num) -> list[Traffic]:
        if not is_array(sram_bytes):
            return self.plan(workload, sram_bytes).traffic()
        import numpy as np

        each, place = np.unique(sram_bytes, return_inverse=True)
        plans = np.array([self.plan(workload, one.item()).traffic() for one in each], dtype=object)  # capacity, step, kind
        moved = plans[..., :3].astype(np.int64)[place.reshape(sram_bytes.shape)]
        return [Traffic(moved[..., step, 0], moved[..., step, 1], moved[..., step, 2]) for step in range(len(workload.steps))]
