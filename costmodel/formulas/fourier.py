"""Fast Fourier transforms."""

from __future__ import annotations

from costmodel._num import Num, ceil_div, ceil_log2
from costmodel.formulas._registry import Size, formula


@formula
def butterflies(points: Size, transforms: Size) -> Num:
    r"""Butterflies of fast Fourier transforms.

    .. math:: B \left\lceil \frac{N}{2} \right\rceil \lceil \log_2 N \rceil

    Parameters
    ----------
    points : Num
        N, complex numbers in and out of each transform.
    transforms : Num
        B, how many transforms.

    Returns
    -------
    Num
        Butterflies: a complex product, a complex sum and a complex difference each.

    Notes
    -----
    Exact for powers of two; other lengths take at least as many as the next smaller power and are counted by their logarithm rounded up.

    Examples
    --------
    >>> butterflies(512, 1)
    2304
    >>> import sympy
    >>> butterflies(8, sympy.Symbol("B", integer=True))
    12*B

    References
    ----------
    Cooley and Tukey, Mathematics of Computation 19 (1965), equation 14: N log2 N operations.
    """
    return transforms * ceil_div(points, 2) * ceil_log2(points)
