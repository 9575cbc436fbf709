"""Where the time goes: on the bus, on MACs, on other operations; and what follows from the three."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

from costmodel._num import Num, at_most, is_symbolic, maximum, ratio, where
from costmodel.formulas import time
from costmodel.hardware import Hardware

CORE = ("macs", "other", "overhead")
"""What binds where the bus doesn't."""


class Times(NamedTuple):
    """The times of a row or of the whole network. [s]"""

    bus_s: Num
    mac_s: Num
    other_s: Num
    bus: str
    """What the bus leads to: "ddr" or "flash"."""
    overhead_s: Num = 0
    """Beside bytes and operations, the same for every step."""
    peak_s: Num | None = None
    """The MACs at the peak rate, where not all reach it."""
    tiles: Num | None = None
    """How many tiles run through a double buffer; None where the pieces may be as small as one likes."""

    @classmethod
    def of(
        cls, hardware: Hardware, bus_bytes: Num, macs: Num, other_ops: Num,
        *, occupied_macs: Num | None = None, steps: int = 1, tiles: Num | None = None,
    ) -> Times:  # fmt: skip
        """The times of this work on a machine: `bus_bytes` and `occupied_macs` are those that the bus and the core are busy with."""
        peak_s = time.mac(macs, hardware.mac_flops_per_s)
        return cls(
            time.transfer(bus_bytes, hardware.weight_bytes_per_s),
            peak_s if occupied_macs is None else time.mac(occupied_macs, hardware.mac_flops_per_s),
            time.other(other_ops, hardware.other_ops_per_s),
            "flash" if hardware.weights_in_flash else "ddr",
            hardware.overhead_s * steps,
            None if occupied_macs is None else peak_s,
            tiles,
        )

    @property
    def serial_s(self) -> Num:
        """Nothing overlaps."""
        return time.serial(self.bus_s, self.mac_s, self.other_s) + self.overhead_s

    @property
    def overlapped_s(self) -> Num:
        """The bus works beside the core."""
        if self.tiles is None:
            return time.overlapped(self.bus_s, self.mac_s, self.other_s) + self.overhead_s
        n = self.tiles
        return time.double_buffered(self.bus_s / n, (self.mac_s + self.other_s) / n, 0, n) + self.overhead_s

    @property
    def peak_fraction(self) -> Num:
        """Share of the peak MAC rate in the serial time."""
        return ratio(self.mac_s if self.peak_s is None else self.peak_s, self.serial_s)

    @property
    def bound_by(self) -> Any:
        """The bus where it takes at least as long as the core, else the larger of "macs" and "other"; "overhead" where that is more.

        Of symbols it is a function `binds_ddr` (or `binds_flash`) of the times, which `evaluate` knows.
        """
        none = type(self.overhead_s) is int and self.overhead_s == 0
        times: tuple[Num, ...] = self[:3] if none else (*self[:3], self.overhead_s)
        if not any(map(is_symbolic, times)):
            return binds((self.bus, *CORE), *times)
        from sympy.utilities.lambdify import implemented_function

        return implemented_function(f"binds_{self.bus}", partial(binds, (self.bus, *CORE)))(*times)


def binds(names: tuple[Any, ...], bus_s: Num, mac_s: Num, other_s: Num, overhead_s: Num | None = None) -> Any:
    """Which of the names, of the bus, of MACs, of other operations and of overhead, takes the time."""
    bus, macs, other, overhead = names
    work = where(at_most(mac_s + other_s, bus_s), bus, where(at_most(other_s, mac_s), macs, other))
    return work if overhead_s is None else where(at_most(overhead_s, maximum(bus_s, mac_s + other_s)), work, overhead)


def faster(serial_rows: Num, rows: int) -> Any:
    """Which schedule is the better, by how many rows are faster one after the other: "serial", "overlapped", or "mixed".

    Of symbols it is a function `faster_of` with the number of rows, which `evaluate` knows.
    """
    if not is_symbolic(serial_rows):
        return _faster(rows, serial_rows)
    from sympy.utilities.lambdify import implemented_function

    return implemented_function(f"faster_of_{rows}", partial(_faster, rows))(serial_rows)


def _faster(rows: int, serial_rows: Num) -> Any:
    return where(at_most(serial_rows, 0), "overlapped", where(at_most(rows, serial_rows), "serial", "mixed"))
