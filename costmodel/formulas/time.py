"""Seconds from bytes, MACs and other operations."""

from __future__ import annotations

from costmodel._num import Num, maximum, minimum
from costmodel.formulas._registry import Amount, Length, Rate, Seconds, Share, Size, formula


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

    Notes
    -----
    Valid at the bandwidth that a stream reaches; what is shorter than a burst is first made longer by `occupied_bytes`.

    Examples
    --------
    >>> transfer(6_219_904, 10**9)      # mobilenet_cifar, weights both ways
    0.006219904
    >>> import sympy
    >>> Q, beta = sympy.symbols("Q beta", positive=True)
    >>> transfer(Q, beta)
    Q/beta

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

    Notes
    -----
    Valid where every MAC unit works all the time; `occupied_macs` is for those that don't.

    Examples
    --------
    >>> mac(452_058_368, 10**12)      # mobilenet_cifar
    0.000904116736
    >>> import sympy
    >>> M, pi = sympy.symbols("M pi", positive=True)
    >>> mac(M, pi)
    2*M/pi

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

    Notes
    -----
    Valid where all operations take alike; a table of operations says how many each step has.

    Examples
    --------
    >>> other(5_080_320, 10**10)
    0.000508032
    >>> import sympy
    >>> P, omega = sympy.symbols("P omega", positive=True)
    >>> other(P, omega)
    P/omega

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

    Notes
    -----
    An upper end: no engine works while another does.

    Examples
    --------
    >>> serial(2.0, 1.0, 0.5)
    3.5
    >>> import sympy
    >>> a, b, c = sympy.symbols("a b c", positive=True)
    >>> serial(a, b, c)
    a + b + c

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

    Notes
    -----
    Valid where the pieces that are moved and worked on may be as small as one likes; with tiles it is `double_buffered`. MACs and other
    operations share the core and add up.

    Examples
    --------
    >>> overlapped(2.0, 1.0, 0.5)
    2.0
    >>> import sympy
    >>> a, b, c = sympy.symbols("a b c", positive=True)
    >>> overlapped(a, b, c)
    Max(a, b + c)

    References
    ----------
    Williams, Waterman and Patterson, Roofline, CACM 52(4), 2009.
    """
    return maximum(bus_s, mac_s + other_s)


@formula
def double_buffered(load_s: Seconds, compute_s: Seconds, store_s: Seconds, tiles: Size) -> Num:
    r"""Time of equal tiles where one is loaded and one stored while another is worked on; loads and stores share the bus.

    .. math:: l + c + w + (n - 1) \max(c,\; l + w)

    Parameters
    ----------
    load_s, compute_s, store_s : float, array or symbol
        Of one tile. [s]
    tiles : int, array or symbol
        How many.

    Returns
    -------
    float, array or symbol
        [s]

    Notes
    -----
    Every operand needs room for two tiles. Where the core binds (c >= l + w) this is the time to the instant; where the bus binds
    a bus that never waits without need ends earlier, by at most c. One tile alone has nothing to overlap with.

    Examples
    --------
    >>> double_buffered(2.0, 3.0, 1.0, 1), double_buffered(2.0, 3.0, 1.0, 10), double_buffered(0.5, 3.0, 1.0, 10)
    (6.0, 33.0, 31.5)
    >>> import sympy
    >>> l, c, n = sympy.symbols("l c n", positive=True)
    >>> double_buffered(l, c, 0, n)
    c + l + (n - 1)*Max(c, l)

    References
    ----------
    A pipeline takes its first tile through, then a slowest stage for each of the others; the tests run the events.
    """
    return load_s + compute_s + store_s + (tiles - 1) * maximum(compute_s, load_s + store_s)


@formula
def prefetched(weight_bytes: Amount, room_bytes: Amount, idle_s: Seconds, bytes_per_s: Rate) -> Num:
    r"""Weights of the next layer that come on chip while the bus is idle.

    .. math:: p = \min(W,\; r,\; t \beta)

    Parameters
    ----------
    weight_bytes : int, array or symbol
        Of the next layer. [B]
    room_bytes : int, array or symbol
        Left on chip beside what both layers hold. [B]
    idle_s : float, array or symbol
        In which the bus has nothing else to do. [s]
    bytes_per_s : int, float, array or symbol
        [B/s]

    Returns
    -------
    float, array or symbol
        [B]

    Notes
    -----
    The room is that beside what both layers hold, so that nothing is driven out.

    Examples
    --------
    >>> prefetched(4096, 65_536, 1e-6, 10**9)      # a microsecond at 1 GB/s
    1000.0
    >>> import sympy
    >>> W, r = sympy.symbols("W r", positive=True)
    >>> prefetched(W, r, 1, 10)
    Min(10, W, r)

    References
    ----------
    Arm Vela, npu_performance.py: weights are fetched in the slack of the operation before.
    """
    return minimum(weight_bytes, room_bytes, idle_s * bytes_per_s)


@formula
def occupied_macs(macs: Amount, utilisation: Share) -> Num:
    r"""MACs that the core could have done meanwhile, had all its units worked.

    .. math:: M / u

    Parameters
    ----------
    macs : int, array or symbol
        [MAC]
    utilisation : float or symbol
        Share of the MAC units at work, above 0 and at most 1.

    Returns
    -------
    float, array or symbol
        [MAC]

    Notes
    -----
    Valid for one layer on one machine: the share depends on shapes, and is measured or read off the mapping.

    Examples
    --------
    >>> occupied_macs(3_612_672, 0.25)      # a depthwise layer on a quarter of the units
    14450688.0
    >>> import sympy
    >>> M, u = sympy.symbols("M u", positive=True)
    >>> occupied_macs(M, u)
    M/u

    References
    ----------
    Chen et al., Eyeriss v2, arXiv:1807.07928: the analysis by active units.
    """
    return macs / utilisation


@formula
def occupied_ops(other_ops: Amount, utilisation: Share) -> Num:
    r"""Other operations that the core could have done meanwhile, had it been as quick as at those that it is best at.

    .. math:: P / u

    Parameters
    ----------
    other_ops : int, array or symbol
        [operation]
    utilisation : float or symbol
        Share of the rate of other operations, above 0 and at most 1.

    Returns
    -------
    float, array or symbol
        [operation]

    Notes
    -----
    Valid for one kind of operation on one machine; shares are measured.

    Examples
    --------
    >>> occupied_ops(802_816, 0.125)      # an activation that calls a function for every element
    6422528.0
    >>> import sympy
    >>> P, u = sympy.symbols("P u", positive=True)
    >>> occupied_ops(P, u)
    P/u

    References
    ----------
    As `occupied_macs`; the shares of activations are measured, see the page on calibration.
    """
    return other_ops / utilisation


@formula
def occupied_bytes(n_bytes: Amount, run_bytes: Length, burst_bytes: Length) -> Num:
    r"""Bytes that the bus could have moved meanwhile, had all of them been wanted: what is shorter than a burst takes a burst.

    .. math:: Q \frac{b}{\min(b,\; r)}

    Parameters
    ----------
    n_bytes : int, array or symbol
        [B]
    run_bytes : int, array or symbol
        How many stand one after another in memory. [B]
    burst_bytes : int, array or symbol
        [B]

    Returns
    -------
    float, array or symbol
        [B]

    Notes
    -----
    Runs are taken to begin where a burst begins.

    Examples
    --------
    >>> occupied_bytes(1000, 16, 64), occupied_bytes(1000, 100, 64)      # four times as long; no longer
    (4000.0, 1000.0)
    >>> import sympy
    >>> Q, r = sympy.symbols("Q r", positive=True)
    >>> occupied_bytes(Q, r, 64)
    64*Q/Min(64, r)

    References
    ----------
    Arm Vela, npu_performance.py: bytes x burst / min(burst, contiguous).
    """
    return n_bytes * burst_bytes / minimum(burst_bytes, run_bytes)
