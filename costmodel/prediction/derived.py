"""Figures that follow in the same way for a step and for the whole network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from costmodel._num import Num, ratio
from costmodel.formulas.energy import energy
from costmodel.prediction.times import Times

if TYPE_CHECKING:
    from costmodel.prediction.prediction import Prediction


class Derived:
    """What follows from bytes, MACs and other operations, in a row as in the total."""

    __slots__ = ("_prediction",)

    def __init__(self, prediction: Prediction) -> None:
        self._prediction = prediction

    macs: Num
    macs_effective: Num
    other_ops: Num
    bus_bytes: Num
    occupied_bytes: Num
    occupied_macs: Any
    occupied_ops: Num
    sram_bytes_moved: Num
    time_overlapped_s: Num
    time_best_s: Num
    _steps: Any

    @property
    def flops(self) -> Num:
        """2 * macs + other_ops. [FLOP]"""
        return 2 * self.macs + self.other_ops

    @property
    def ddr_bytes(self) -> Num:
        """Bytes that cross the DDR bus: 0 on a machine without one. [B]"""
        return 0 if self._prediction.hardware.weights_in_flash else self.bus_bytes

    @property
    def flash_bytes_moved(self) -> Num:
        """Bytes of weights that stream from flash: 0 on a machine with DDR. [B]"""
        return self.bus_bytes if self._prediction.hardware.weights_in_flash else 0

    @property
    def times(self) -> Times:
        """Its time on the bus, on MACs and on other operations."""
        macs = self.macs_effective
        return Times.of(
            self._prediction.hardware, self.occupied_bytes, macs, self.occupied_ops, occupied_macs=self.occupied_macs, steps=self._steps
        )  # fmt: skip

    @property
    def ddr_time_s(self) -> Num:
        """Time on the bus: DDR, or flash on a machine whose weights stream from there. [s]"""
        return self.times.bus_s

    @property
    def mac_time_s(self) -> Num:
        """Time for MACs at the peak rate. [s]"""
        return self.times.mac_s

    @property
    def other_time_s(self) -> Num:
        """Time for all other operations. [s]"""
        return self.times.other_s

    @property
    def overhead_time_s(self) -> Num:
        """What its steps take beside bytes and operations. [s]"""
        return self.times.overhead_s

    @property
    def burst_efficiency(self) -> Num:
        """Bytes that are wanted over those that the bus could have moved meanwhile: below 1 where runs are shorter than bursts."""
        wanted, occupied = self.bus_bytes, self.occupied_bytes
        return 1.0 if wanted is occupied else ratio(wanted, occupied)

    @property
    def time_serial_s(self) -> Num:
        """Time where nothing overlaps. [s]"""
        return self.times.serial_s

    @property
    def peak_fraction(self) -> Num:
        """Share of the peak MAC rate that is reached in the serial time."""
        return self.times.peak_fraction

    @property
    def energy_j(self) -> Num | None:
        """Energy of arithmetic, on-chip accesses and the bus; leakage and control left out. None where weights stream from flash. [J]"""
        if self._prediction.hardware.weights_in_flash:
            return None
        e = self._prediction.energies
        return energy(
            self.macs_effective, self.other_ops, self.sram_bytes_moved, self.bus_bytes,
            e.mac_j, e.other_j, e.sram_j_per_byte, e.ddr_j_per_byte,
        )  # fmt: skip

    @property
    def bound_by(self) -> Any:
        """What binds: "ddr" (or "flash") where the bus takes at least as long as the core, else the larger of "macs" and "other".

        "overhead" where a machine has one that is more than either.
        """
        return self.times.bound_by

    def _timed_dict(self) -> dict[str, Any]:
        times = self.times
        return {
            "ddr_time_s": times.bus_s,
            "mac_time_s": times.mac_s,
            "other_time_s": times.other_s,
            "overhead_time_s": times.overhead_s,
            "time_serial_s": times.serial_s,
            "peak_fraction": times.peak_fraction,
            "bound_by": times.bound_by,
        }
