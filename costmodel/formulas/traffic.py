"""How much a tiled layer moves, and how much memory it needs to be bound by its arithmetic: closed forms."""

from __future__ import annotations

from typing import Annotated

from costmodel._num import Num, sqrt
from costmodel.formulas._registry import Amount, Domain, Rate, Size, formula

Capacity = Annotated[Num, Domain(low=1, high=10**9, whole=False)]
"""On-chip memory."""
Reuse = Annotated[Num, Domain(low=1, high=49)]
"""MACs of one output channel that share an input element."""


@formula
def reloads(macs: Amount, reuse: Reuse, sram_elements: Capacity) -> Num:
    r"""Inputs and weights that a layer reads when its partial sums fill the memory: the least, but for roundings.

    .. math:: \frac{2 M}{\sqrt{\rho S}}

    Parameters
    ----------
    macs : int, array or symbol
        [MAC]
    reuse : int, array or symbol
        :math:`\rho`: taps over strides, 1 for pointwise and dense layers.
    sram_elements : int, float, array or symbol
        :math:`S`. [element]

    Returns
    -------
    float, array or symbol
        [element]

    Notes
    -----
    A block of u positions and z channels of sums reads :math:`M / u` weights and :math:`M / (\rho z)` inputs; under
    :math:`u z = S` their sum is least at :math:`u = \sqrt{\rho S}`. No schedule reads and writes less than this less 2 S elements.

    Examples
    --------
    >>> reloads(4096**3, 1, 2**16)      # 4096 x 4096 matrices, tiles of 256 x 256: twice 4096**3 / 256
    536870912.0
    >>> import sympy
    >>> M, rho, S = sympy.symbols("M rho S", positive=True)
    >>> reloads(M, rho, S)
    2*M/(sqrt(S)*sqrt(rho))

    References
    ----------
    Smith et al., A Tight I/O Lower Bound for Matrix Multiplication, arXiv:1702.02017; Chen et al., Communication Lower Bound in
    Convolution Accelerators, HPCA 2020.
    """
    return 2 * macs / sqrt(reuse * sram_elements)


@formula
def tiled(macs: Amount, outputs: Amount, reuse: Reuse, sram_elements: Capacity) -> Num:
    r"""What a tiled layer moves, about: the reloads, and every output once.

    .. math:: \frac{2 M}{\sqrt{\rho S}} + O

    Parameters
    ----------
    macs : int, array or symbol
        [MAC]
    outputs : int, array or symbol
        [element]
    reuse : int, array or symbol
        :math:`\rho`: taps over strides, 1 for pointwise and dense layers.
    sram_elements : int, float, array or symbol
        :math:`S`. [element]

    Returns
    -------
    float, array or symbol
        [element]

    Notes
    -----
    It holds between a few hundred elements and the capacity from which every operand moves once.

    Examples
    --------
    >>> tiled(4096**3, 4096**2, 1, 2**16)      # the least tiling within 65 793 elements moves 553 648 128
    553648128.0
    >>> import sympy
    >>> M, O, S = sympy.symbols("M O S", positive=True)
    >>> tiled(M, O, 9, S)
    2*M/(3*sqrt(S)) + O

    References
    ----------
    Chen et al., Communication Lower Bound in Convolution Accelerators, HPCA 2020.
    """
    return reloads(macs, reuse, sram_elements) + outputs


@formula
def compute_bound_sram(mac_flops_per_s: Rate, bytes_per_s: Rate, reuse: Reuse, element_bytes: Size) -> Num:
    r"""Memory from which a large layer can be bound by its arithmetic rather than by the bus.

    .. math:: S = \frac{(2 \beta')^2}{\rho} b, \qquad \beta' = \frac{\pi / 2}{\beta / b}

    Parameters
    ----------
    mac_flops_per_s : int, float, array or symbol
        :math:`\pi`, two a MAC. [FLOP/s]
    bytes_per_s : int, float, array or symbol
        :math:`\beta`. [B/s]
    reuse : int, array or symbol
        :math:`\rho`: taps over strides, 1 for pointwise and dense layers.
    element_bytes : int, array or symbol
        :math:`b`, the same for all operands. [B]

    Returns
    -------
    float, array or symbol
        [B]

    Notes
    -----
    :math:`\beta'` is the MACs that the machine does while one element crosses the bus. Below this memory no schedule of a layer
    with many outputs keeps the MACs busy.

    Examples
    --------
    >>> compute_bound_sram(10**12, 10**9, 1, 1)      # pointwise in int8 on 1 TFLOPS and 1 GB/s: 1.0 MB
    1000000.0
    >>> compute_bound_sram(10**12, 10**9, 9, 1)      # 3x3
    111111.11111111111
    >>> import sympy
    >>> pi, beta, rho = sympy.symbols("pi beta rho", positive=True)
    >>> compute_bound_sram(pi, beta, rho, 1)
    pi**2/(beta**2*rho)

    References
    ----------
    From `reloads`, by 2 M / sqrt(rho S) elements against M MACs.
    """
    macs_an_element = mac_flops_per_s * element_bytes / bytes_per_s / 2
    return (2 * macs_an_element) * (2 * macs_an_element) * element_bytes / reuse
