"""Where the time goes: on the bus, on MACs, on other operations; and what follows from the three."""

from __future__ import annotations

from typing import Any, NamedTuple

from costmodel._num import Num, at_most, is_symbolic, ratio, where
from costmodel.formulas import time
from costmodel.hardware import Hardware


class Times(NamedTuple):
    """The three times of a row or of the whole network. [s]"""

    bus_s: Num
    mac_s: Num
    other_s: Num
    bus: str
    """What the bus leads to: "ddr" or "flash"."""

    @classmethod
    def of(cls, hardware: Hardware, bus_bytes: Num, macs: Num, other_ops: Num) -> Times:
        """The times of this work on a machine."""
        return cls(
            time.transfer(bus_bytes, hardware.weight_bytes_per_s),
            time.mac(macs, hardware.mac_flops_per_s),
            time.other(other_ops, hardware.other_ops_per_s),
            "flash" if hardware.weights_in_flash else "ddr",
        )

    @property
    def serial_s(self) -> Num:
        """Nothing overlaps."""
        return time.serial(self.bus_s, self.mac_s, self.other_s)

    @property
    def overlapped_s(self) -> Num:
        """The bus works beside the core."""
        return time.overlapped(self.bus_s, self.mac_s, self.other_s)

    @property
    def peak_fraction(self) -> Num:
        """Share of the peak MAC rate in the serial time."""
        return ratio(self.mac_s, self.serial_s)

    @property
    def bound_by(self) -> Any:
        """The bus where it takes at least as long as the core, else the larger of "macs" and "other"."""
        bus, macs, other = self._labels()
        core = where(at_most(self.other_s, self.mac_s), macs, other)
        return where(at_most(self.mac_s + self.other_s, self.bus_s), bus, core)

    def _labels(self) -> tuple[Any, Any, Any]:
        """The labels as texts, or as symbols where they stand in a symbolic case distinction."""
        labels = (self.bus, "macs", "other")
        if any(map(is_symbolic, self[:3])):
            import sympy as sp

            return sp.symbols(labels)  # type: ignore[no-any-return]
        return labels
