"""Seconds from bytes, MACs and other operations."""

from __future__ import annotations

from costmodel._num import Num, maximum
from costmodel.formulas._registry import Amount, Rate, Seconds, formula


@formula
def transfer(n_bytes: Amount, bytes_per_s: Rate) -> Num:
    r"""Time to move bytes over a bus.

    .. math:: Q / \beta

    Parameters
    ----------
    n_bytes : int, array or symbol
        [B]
    bytes_per_s : int, float, array or symbol
        [B/s]

    Returns
    -------
    float, array or symbol
        [s]

    Examples
    --------
    >>> transfer(6_219_904, 10**9)      # mobilenet_cifar, weights both ways
    0.006219904

    References
    ----------
    Pardhi, section 5.
    """
    return n_bytes / bytes_per_s


@formula
def mac(macs: Amount, mac_flops_per_s: Rate) -> Num:
    r"""Time for MACs, each of them two floating-point operations.

    .. math:: 2 M / \pi

    Parameters
    ----------
    macs : int, array or symbol
        [MAC]
    mac_flops_per_s : int, float, array or symbol
        Two a MAC. [FLOP/s]

    Returns
    -------
    float, array or symbol
        [s]

    Examples
    --------
    >>> mac(452_058_368, 10**12)      # mobilenet_cifar
    0.000904116736

    References
    ----------
    Pardhi, section 5: "dividing twice the MACs by 1 TFLOPS".
    """
    return 2 * macs / mac_flops_per_s


@formula
def other(other_ops: Amount, other_ops_per_s: Rate) -> Num:
    r"""Time for all other operations.

    .. math:: P / \omega

    Parameters
    ----------
    other_ops : int, array or symbol
        [operation]
    other_ops_per_s : int, float, array or symbol
        [operation/s]

    Returns
    -------
    float, array or symbol
        [s]

    Examples
    --------
    >>> other(5_080_320, 10**10)
    0.000508032

    References
    ----------
    Pardhi, section 5: "All other operations are divided by 10 GFLOPS".
    """
    return other_ops / other_ops_per_s


@formula
def serial(bus_s: Seconds, mac_s: Seconds, other_s: Seconds) -> Num:
    r"""Time where nothing overlaps.

    .. math:: t_\mathrm{bus} + t_\mathrm{mac} + t_\mathrm{other}

    Parameters
    ----------
    bus_s, mac_s, other_s : float, array or symbol
        [s]

    Returns
    -------
    float, array or symbol
        [s]

    Examples
    --------
    >>> serial(2.0, 1.0, 0.5)
    3.5

    References
    ----------
    Pardhi, section 5, "Predicted performance time".
    """
    return bus_s + mac_s + other_s


@formula
def overlapped(bus_s: Seconds, mac_s: Seconds, other_s: Seconds) -> Num:
    r"""Time where the bus works beside the core; MACs and other operations share the core.

    .. math:: \max(t_\mathrm{bus},\; t_\mathrm{mac} + t_\mathrm{other})

    Parameters
    ----------
    bus_s, mac_s, other_s : float, array or symbol
        [s]

    Returns
    -------
    float, array or symbol
        [s]

    Examples
    --------
    >>> overlapped(2.0, 1.0, 0.5)
    2.0

    References
    ----------
    Williams, Waterman and Patterson, Roofline, CACM 52(4), 2009.
    """
    return maximum(bus_s, mac_s + other_s)
