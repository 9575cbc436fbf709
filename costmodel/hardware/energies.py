"""What an operation and a byte cost in joules, where a machine does not say: Horowitz's table for 45 nm."""

from __future__ import annotations

from typing import Any, NamedTuple

from costmodel._num import Num
from costmodel.hardware.machine import Hardware

SOURCE = "Horowitz, ISSCC 2014, 45 nm"

MAC_J: dict[int, float] = {8: 0.3e-12, 16: 1.5e-12, 32: 4.6e-12}
"""By the width of the operands: 8 bits, multiply 0.2 and add in 32 bits 0.1 pJ; floats of 16 bits, 1.1 and 0.4; of 32 bits, 3.7 and 0.9.

The figures of 32 bits and the integer add were read where others quote the table (PMC8934428, Table 3); those of 8 and 16 bits are
estimates from memory.
"""
OTHER_J: dict[int, float] = {8: 0.1e-12, 16: 0.4e-12, 32: 0.9e-12}
"""An add: of integers in 32 bits, of floats in 16 and in 32 bits."""
SRAM_J_PER_BYTE = 5e-12 / 4
"""A word of 32 bits from a cache of 8 KiB: 5 pJ."""
DDR_J_PER_BYTE = 640e-12 / 4
"""A word of 32 bits from DRAM: 640 pJ."""


class Energies(NamedTuple):
    """Joules of one operation and of one byte."""

    mac_j: Num
    other_j: Num
    sram_j_per_byte: Num
    ddr_j_per_byte: Num
    said: str
    """Where they come from."""

    @classmethod
    def of(cls, hardware: Hardware, bits: Any) -> Energies:
        """Those of a machine; what it leaves out is that of operands of `bits`, or of the next width of the table."""
        width = next((w for w in MAC_J if not isinstance(bits, int) or bits <= w), max(MAC_J))
        defaults = {
            "mac_j": MAC_J[width], "other_j": OTHER_J[width], "sram_j_per_byte": SRAM_J_PER_BYTE, "ddr_j_per_byte": DDR_J_PER_BYTE,
        }  # fmt: skip
        own = {field: value for field in defaults if (value := getattr(hardware, field)) is not None}
        left = [field for field in defaults if field not in own]
        said = f"{hardware.name}" if not left else f"{SOURCE}, {width} bits" + (f", for {', '.join(left)}" if own else "")
        return cls(**defaults | own, said=said)
