"""Joules from operations and bytes."""

from __future__ import annotations

from costmodel._num import Num
from costmodel.formulas._registry import Amount, Joules, formula


@formula
def energy(
    macs: Amount, other_ops: Amount, sram_bytes: Amount, ddr_bytes: Amount,
    mac_j: Joules, other_j: Joules, sram_j_per_byte: Joules, ddr_j_per_byte: Joules,
) -> Num:  # fmt: skip
    r"""Energy of arithmetic and of data movement.

    .. math:: E = M e_M + O e_O + Q_{SRAM} e_{SRAM} + Q_{DDR} e_{DDR}

    Parameters
    ----------
    macs, other_ops : int, array or symbol
        [MAC], [operation]
    sram_bytes, ddr_bytes : int, array or symbol
        Read and written on chip; over the bus. [B]
    mac_j, other_j : float, array or symbol
        Of one. [J]
    sram_j_per_byte, ddr_j_per_byte : float, array or symbol
        [J/B]

    Returns
    -------
    float, array or symbol
        [J]

    Notes
    -----
    Leakage, clocks and control are left out: it is the energy that depends on the network.

    Examples
    --------
    One 32-bit word from DRAM costs as much as 173 floating-point additions and multiplications, 640 pJ against 4.6 - 0.9 pJ:

    >>> round(energy(0, 0, 0, 4, 4.6e-12, 0.9e-12, 1.25e-12, 160e-12) / 3.7e-12)
    173
    >>> import sympy
    >>> M, Q = sympy.symbols("M Q", positive=True)
    >>> energy(M, 0, 0, Q, 3, 0, 0, 160)
    3*M + 160*Q

    References
    ----------
    Horowitz, Computing's energy problem, ISSCC 2014, Figure 1.1.9: energies of operations and accesses at 45 nm.
    """
    return macs * mac_j + other_ops * other_j + sram_bytes * sram_j_per_byte + ddr_bytes * ddr_j_per_byte
