"""Where the time goes: on the bus, on MACs, on other operations; and what follows from the three."""

from __future__ import annotations

from functools import partial
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
        """The bus where it takes at least as long as the core, else the larger of "macs" and "other".

        Of symbols it is a function `binds_ddr` (or `binds_flash`) of the three times, which `evaluate` knows.
        """
        three = self[:3]
        if not any(map(is_symbolic, three)):
            return binds((self.bus, "macs", "other"), *three)
        from sympy.utilities.lambdify import implemented_function

        return implemented_function(f"binds_{self.bus}", partial(binds, (self.bus, "macs", "other")))(*three)


def binds(names: tuple[Any, Any, Any], bus_s: Num, mac_s: Num, other_s: Num) -> Any:
    """Which of three names, of the bus, of MACs and of other operations, takes the time."""
    bus, macs, other = names
    return where(at_most(mac_s + other_s, bus_s), bus, where(at_most(other_s, mac_s), macs, other))
