"""Bits that weights take in a file: zeros left out, values shared, codes of unequal length, scales."""

from __future__ import annotations

from typing import Annotated

from costmodel._num import Num, ceil_div, floor_div, log2, total
from costmodel.formulas._registry import Domain, Size, Step, formula

Count = Annotated[Num, Domain(low=0, high=1000)]
"""How many of something, possibly none."""
Real = Annotated[Num, Domain(low=1, high=1000, whole=False)]
"""How many of something, where the result is an expectation."""


@formula
def nonzeros(weights: Size, kept: Size, of: Size) -> Num:
    r"""Weights that are left where `kept` of every `of` stay, rounded up.

    .. math:: \left\lceil \frac{W a}{b} \right\rceil

    Parameters
    ----------
    weights : int, array or symbol
        All weights. [count]
    kept, of : int, array or symbol
        The density as a fraction; a density that is a symbol stands over 1 and is not rounded. [count]

    Returns
    -------
    int, array or symbol
        [count]

    Notes
    -----
    The multiply-accumulates that meet a weight are reduced alike, where every weight meets as many inputs.

    Examples
    --------
    >>> nonzeros(4096 * 9216, 9, 100)      # fc6 of AlexNet at 9 %
    3397387
    >>> import sympy
    >>> W, d = sympy.symbols("W d")
    >>> nonzeros(W, d, 1)
    W*d

    References
    ----------
    Han et al., arXiv:1506.02626, Table 4.
    """
    return ceil_div(weights * kept, of)


@formula
def bitmap_bits(weights: Size, nonzeros: Count, value_bits: Size) -> Num:
    r"""Bits of weights behind a mask: one bit a place, then the values.

    .. math:: W + n v

    Parameters
    ----------
    weights, nonzeros : int, array or symbol
        All weights, and those that are stored. [count]
    value_bits : int, array or symbol
        Of one stored value. [bit]

    Returns
    -------
    int, array or symbol
        [bit]

    Notes
    -----
    Less than `weights` values of `value_bits` where the density is below 1 - 1 / `value_bits`.

    Examples
    --------
    >>> bitmap_bits(1000, 100, 8)      # 1000 + 100 * 8, against 8000
    1800
    >>> import sympy
    >>> W, n = sympy.symbols("W n", positive=True)
    >>> bitmap_bits(W, n, 8)
    W + 8*n

    References
    ----------
    Arithmetic; the format is that of Parashar et al., SCNN, arXiv:1708.04485, section 2, among others.
    """
    return weights + nonzeros * value_bits


@formula
def indexed_bits(entries: Count, value_bits: Size, index_bits: Size) -> Num:
    r"""Bits of values that each carry an index: relative or as a coordinate.

    .. math:: e (v + i)

    Parameters
    ----------
    entries : int, array or symbol
        Stored values, filler zeros included. [count]
    value_bits, index_bits : int, array or symbol
        Of one value and of one index. [bit]

    Returns
    -------
    int, array or symbol
        [bit]

    Notes
    -----
    Less than behind a mask (`bitmap_bits`) where fewer than one weight in `index_bits` is stored.

    Examples
    --------
    >>> indexed_bits(3397387, 5, 4)      # fc6 of AlexNet, before fillers
    30576483
    >>> import sympy
    >>> e, v, i = sympy.symbols("e v i", positive=True)
    >>> indexed_bits(e, v, i)
    e*(i + v)

    References
    ----------
    Han et al., Deep Compression, arXiv:1510.00149, section 5, equation of the compression rate.
    """
    return entries * (value_bits + index_bits)


@formula
def expected_fillers(zeros: Real, nonzeros: Real, index_bits: Step) -> Num:
    r"""Zeros that must be stored because a relative index can't step over them, where weights are pruned at random.

    .. math:: n \frac{q^{s}}{1 - q^{s}}, \quad q = \frac{z}{z + n}, \quad s = 2^i

    Parameters
    ----------
    zeros, nonzeros : int, array or symbol
        Weights that are zero, and that are not. [count]
    index_bits : int, array or symbol
        Width of an index, which says how many places the next entry is ahead: 1 to 2^i. [bit]

    Returns
    -------
    float, array or symbol
        Expected; not whole. [count]

    Notes
    -----
    A run of r zeros before a nonzero takes floor(r / s) fillers. Independent zeros make r geometric, and the expectation of the floor
    is the sum of q^(j s) over j from 1. Zeros that stand in clusters take fewer or more: at most floor(z / s) in all.

    Examples
    --------
    At a density of 9 % and 4-bit indexes every 100 nonzeros take 28 fillers:

    >>> round(expected_fillers(91, 9, 4) / 9, 3)
    0.284
    >>> import sympy
    >>> z, n = sympy.symbols("z n", positive=True)
    >>> expected_fillers(z, n, 1)
    n*z**2/((n + z)**2*(-z**2/(n + z)**2 + 1))

    References
    ----------
    The format: Han et al., Deep Compression, arXiv:1510.00149, section 2 and Figure 2. The expectation: sum of a geometric series.
    """
    steps_past = (zeros / (zeros + nonzeros)) ** (2**index_bits)
    return nonzeros * steps_past / (1 - steps_past)


@formula
def codebook_bits(shared_bits: Step, entry_bits: Size) -> Num:
    r"""Bits of the table of values that weights share.

    .. math:: 2^b v

    Parameters
    ----------
    shared_bits : int, array or symbol
        Width of what is stored for each weight: a place in the table. [bit]
    entry_bits : int, array or symbol
        Of one value in the table. [bit]

    Returns
    -------
    int, array or symbol
        [bit]

    Notes
    -----
    One table; where every layer has its own, each counts. Places that no weight uses are counted too.

    Examples
    --------
    >>> codebook_bits(5, 32)      # 32 floats
    1024
    >>> import sympy
    >>> b = sympy.symbols("b", positive=True)
    >>> codebook_bits(b, 32)
    32*2**b

    References
    ----------
    Han et al., Deep Compression, arXiv:1510.00149, equation 1.
    """
    return 2**shared_bits * entry_bits


@formula
def groups_of_weights(weights: Size, channels: Size, group: Size) -> Num:
    r"""Groups of at most `group` weights, where none reaches over two output channels.

    .. math:: C \left\lceil \frac{\lfloor W / C \rfloor}{g} \right\rceil

    Parameters
    ----------
    weights, channels : int, array or symbol
        `channels` divides `weights`. [count]
    group : int, array or symbol
        Weights that share a scale. [count]

    Returns
    -------
    int, array or symbol
        [count]

    Notes
    -----
    The last group of a channel may be smaller. With a `group` of all weights of a channel there is one group a channel.

    Examples
    --------
    >>> groups_of_weights(4096 * 4096, 4096, 128)      # 32 groups a row
    131072
    >>> import sympy
    >>> C = sympy.symbols("C", positive=True)
    >>> groups_of_weights(C * 256, C, 128)
    2*C

    References
    ----------
    Arithmetic; group-wise scales: Shen et al., Q-BERT, arXiv:1909.05840, section 3.2.
    """
    return channels * ceil_div(floor_div(weights, channels), group)


@formula
def scale_bits(scales: Count, scale_bits: Size, zero_point_bits: Count) -> Num:
    r"""Bits of scales and zero points.

    .. math:: g (s + z)

    Parameters
    ----------
    scales : int, array or symbol
        How many. [count]
    scale_bits, zero_point_bits : int, array or symbol
        Of one scale and of one zero point; 0 where weights are symmetric. [bit]

    Returns
    -------
    int, array or symbol
        [bit]

    Notes
    -----
    The weights themselves are counted apart.

    Examples
    --------
    A 4-bit weight in groups of 32 with 16-bit scales takes 4.5 bits:

    >>> 4 + scale_bits(1, 16, 0) / 32
    4.5
    >>> import sympy
    >>> g = sympy.symbols("g", positive=True)
    >>> scale_bits(g, 16, 8)
    24*g

    References
    ----------
    Jacob et al., arXiv:1712.05877, equation 1: a scale and a zero point an array.
    """
    return scales * (scale_bits + zero_point_bits)


@formula
def entropy_bits(frequencies: Annotated[tuple[Num, ...], Domain(axes=2, high=64, whole=False)]) -> Num:
    r"""Bits a symbol that no code goes below: the entropy of what is coded.

    .. math:: -\sum_k p_k \log_2 p_k, \quad p_k = f_k / \sum_j f_j

    Parameters
    ----------
    frequencies : tuple
        How often each symbol occurs; all positive. [count]

    Returns
    -------
    float, array or symbol
        [bit]

    Notes
    -----
    A Huffman code takes at least this and less than one bit more.

    Examples
    --------
    >>> entropy_bits((2, 1, 1))      # 1/2 + 2 * 1/4 * 2
    1.5
    >>> import sympy
    >>> f = sympy.symbols("f", positive=True)
    >>> entropy_bits((f, f, f, f))
    -log(f)/log(2) + log(4*f)/log(2)

    References
    ----------
    Shannon, A Mathematical Theory of Communication, 1948; Huffman, 1952.
    """
    everything = total(frequencies)
    return log2(everything) - total([f * log2(f) for f in frequencies]) / everything
