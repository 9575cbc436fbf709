"""The figures of the whole network, each computed when it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from costmodel._num import Num, at_most, is_array, total
from costmodel.formulas.time import occupied_macs
from costmodel.prediction.chunks import in_chunks
from costmodel.prediction.derived import Derived
from costmodel.prediction.times import faster

if TYPE_CHECKING:
    from costmodel.prediction.rows import Row

TOTAL_FIELDS = (
    "macs", "macs_effective", "other_ops", "parameters", "weight_bytes", "peak_live_bytes", "fits_sram", "fits_flash", "ddr_bytes",
    "ddr_bytes_bound", "ddr_bytes_overlapped", "flash_bytes_moved", "burst_efficiency", "ddr_time_s", "mac_time_s", "other_time_s",
    "overhead_time_s", "time_serial_s", "time_interval_s", "time_overlapped_s", "time_best_s", "faster", "inferences_per_s",
    "inferences_per_s_overlapped", "energy_j", "peak_fraction", "bound_by", "coverage",
)  # fmt: skip
"""The fields of the totals, in the order of the JSON schema."""


class Total(Derived):
    """The whole network. Linear totals come from totals of bytes and operations, not from summing rows."""

    __slots__ = ()

    @property
    def _steps(self) -> int:
        return len(self._prediction.workload.steps)

    @property
    def macs(self) -> Num:
        """Multiply-accumulates. [MAC]"""
        return self._prediction.network.totals.macs

    @property
    def macs_effective(self) -> Num:
        """MACs that take time and energy: all, less those with a zero where the machine skips them. [MAC]"""
        prediction = self._prediction
        return self.macs if prediction.hardware.skips_zeros == "none" else total(prediction.macs_effective_of_steps)

    @property
    def other_ops(self) -> Num:
        """All other scalar operations. [operation]"""
        return total(self._prediction.other_ops_of_steps)

    @property
    def occupied_ops(self) -> Num:
        """Other operations that the core could have done meanwhile: more where layers are slower at them. [operation]"""
        return total(self._prediction.occupied_ops_of_steps)

    @property
    def time_interval_s(self) -> tuple[Num, Num] | None:
        """Between what the serial time lies in nine of ten cases, by measurements; None where none are known. [s]"""
        error = self._prediction.error
        if error is None:
            return None
        time_s = self.time_serial_s
        return time_s * error.low, time_s * error.high

    @property
    def occupied_macs(self) -> Num | None:
        """MACs that the core could have done meanwhile; None where all layers reach the MAC rate. [MAC]"""
        if not self._prediction.hardware.utilisation:
            return None
        prediction = self._prediction
        done = zip(prediction.macs_effective_of_steps, prediction.workload.steps, strict=True)
        return total(occupied_macs(macs, prediction.utilisation(step)) for macs, step in done)

    @property
    def parameters(self) -> dict[str, Num]:
        """Parameters by role, then the named totals `trainable`, `all` and `folded`."""
        network = self._prediction.network
        return network.totals.parameters() | {k: v for k, v in network.parameters.items() if k != "weights"}

    @property
    def weight_bytes(self) -> Num:
        """Bytes of the parameters that occupy and move. [B]"""
        return self._prediction.workload.weight_bytes

    @property
    def sram_bytes_moved(self) -> Num:
        """Bytes of weights and feature maps that are read or written on chip, each operand of a layer once. [B]"""
        workload = self._prediction.workload
        return total([step.weight_bytes + workload.bytes_of(step.reads) + workload.bytes_of(step.writes) for step in workload.steps])

    @property
    def peak_live_bytes(self) -> Num:
        """The most feature-map bytes held at once, in the order given. [B]"""
        return self._prediction.workload.peak_live_bytes

    @property
    def fits_sram(self) -> Num:
        """Whether every step's live bytes fit the on-chip memory."""
        return at_most(self.peak_live_bytes, self._prediction.hardware.sram_bytes)

    @property
    def fits_flash(self) -> Num | None:
        """Whether the weights fit the flash; None on a machine without flash."""
        flash = self._prediction.hardware.flash_bytes
        return None if flash is None else at_most(self.weight_bytes, flash)

    @property
    def bus_bytes(self) -> Num:
        """Bytes that cross the bus, to DDR or from flash. [B]"""
        return self._over_steps("bus_bytes")

    @property
    def occupied_bytes(self) -> Num:
        """Bytes that the bus could have moved meanwhile: more than it does where runs are shorter than bursts. [B]"""
        return self._over_steps("bus_bytes" if self._prediction.hardware.burst_bytes is None else "occupied_bytes")

    def _over_steps(self, figure: str) -> Num:
        """The sum of what every step has; arrays of memories or of bursts in chunks."""
        prediction = self._prediction
        if fields := prediction.hardware.arrays.keys() & {"sram_bytes", "burst_bytes"}:
            return in_chunks(prediction.hardware, fields, lambda hw: total(getattr(prediction.on(hw), figure)))
        return total(getattr(prediction, figure))

    @property
    def ddr_bytes_overlapped(self) -> Num:
        """Bytes that cross the DDR bus where it works beside the core: `tiled` has half the SRAM for its tiles then. [B]"""
        return 0 if self._prediction.hardware.weights_in_flash else self._over_steps("bus_bytes_overlapped")

    @property
    def ddr_bytes_bound(self) -> Num | None:
        """What no schedule under the policy goes below; None where the policy is a convention without a bound. [B]"""
        prediction = self._prediction
        if prediction.hardware.weights_in_flash:
            return None
        return prediction.policy.bound_bytes(prediction.workload, prediction.traffic)

    @property
    def time_overlapped_s(self) -> Num:
        """Sum over the rows of the time where the bus works beside the core. [s]"""
        return self._over_rows("time_overlapped_s")

    @property
    def time_best_s(self) -> Num:
        """Sum over the rows of the lesser of the serial and the overlapped time. [s]"""
        return self.time_overlapped_s if self._prediction.never_serial else self._over_rows("time_best_s")

    @property
    def faster(self) -> Any:
        """Which of both they are: "serial", "overlapped", or "mixed"."""
        if self._prediction.never_serial:
            return "overlapped"
        return faster(self._over_rows("serial_is_faster"), self._steps)

    def _over_rows(self, figure: str) -> Num:
        hardware = self._prediction.hardware
        if hardware.arrays:
            return in_chunks(hardware, hardware.arrays, lambda hw: self._prediction.on(hw).total._sum(figure))
        return self._sum(figure)

    def _sum(self, figure: str) -> Num:
        prediction, rows = self._prediction, self._prediction.rows
        if not prediction.hardware.arrays or prediction.weight_prefetch or prediction.double_buffered is not None:
            return total(getattr(row, figure) for row in rows)
        alike: dict[object, list[Row]] = {}
        for row in rows:
            work = (row.occupied_bytes, row.macs_effective, row.occupied_ops, row.utilisation)
            alike.setdefault(id(row) if any(map(is_array, work)) else work, []).append(row)
        return total(getattr(same[0], figure) * len(same) for same in alike.values())

    @property
    def inferences_per_s(self) -> Num | None:
        """Inferences (of the whole batch) a second in the serial time; None where nothing takes time. [1/s]"""
        return _rate(self.time_serial_s)

    @property
    def inferences_per_s_overlapped(self) -> Num | None:
        """Inferences (of the whole batch) a second in the overlapped time; None where nothing takes time. [1/s]"""
        return _rate(self.time_overlapped_s)

    @property
    def coverage(self) -> float:
        """Share of the layers whose cost is known."""
        return self._prediction.network.coverage

    def to_dict(self) -> dict[str, Any]:
        """The totals under the field names of the JSON schema."""
        timed = self._timed_dict() | {"time_overlapped_s": (overlapped := self.time_overlapped_s)}
        if self._prediction.never_serial:
            timed["time_best_s"] = overlapped
        timed |= {"inferences_per_s": _rate(timed["time_serial_s"]), "inferences_per_s_overlapped": _rate(overlapped)}
        return {field: timed[field] if field in timed else getattr(self, field) for field in TOTAL_FIELDS}

    def _repr_html_(self) -> str:
        from costmodel.prediction.views import figures

        return figures(self, f"{self._prediction.network.name} on {self._prediction.hardware.name}", self._prediction).to_html()

    def __repr__(self) -> str:
        return f"Total(macs={self.macs}, ddr_bytes={self.ddr_bytes}, time_serial_s={self.time_serial_s})"


def _rate(time_s: Num) -> Num | None:
    return None if type(time_s) in (int, float) and time_s == 0 else 1 / time_s
