"""Dense layers and matrix products."""

from __future__ import annotations

from costmodel._num import Num
from costmodel.formulas._registry import Size, formula


@formula
def macs(rows: Size, in_features: Size, out_features: Size) -> Num:
    r"""MACs of a matrix product.

    .. math:: M\, K\, N

    Parameters
    ----------
    rows : int, array or symbol
        Rows of the left operand, over all batches.
    in_features, out_features : int, array or symbol
        [count]

    Returns
    -------
    int, array or symbol
        [MAC]

    Notes
    -----
    Valid for any order of the loops; a product that saves multiplications, as Strassen's does, has fewer.

    Examples
    --------
    >>> macs(1, 1024, 1000)      # MobileNet v1, classifier
    1024000
    >>> import sympy
    >>> M, K, N = sympy.symbols("M K N", positive=True)
    >>> macs(M, K, N)
    K*M*N

    References
    ----------
    Golub and Van Loan, Matrix Computations, section 1.1.
    """
    return rows * weights(in_features, out_features)


@formula
def weights(in_features: Size, out_features: Size) -> Num:
    r"""Weights of a dense layer.

    .. math:: K\, N

    Parameters
    ----------
    in_features, out_features : int, array or symbol
        [count]

    Returns
    -------
    int, array or symbol
        [count]

    Notes
    -----
    Biases are counted apart. A pointwise convolution of as many channels has as many.

    Examples
    --------
    >>> weights(4096, 4096)      # AlexNet, fc7
    16777216
    >>> import sympy
    >>> K, N = sympy.symbols("K N", positive=True)
    >>> weights(K, N)
    K*N

    References
    ----------
    Howard et al., MobileNets, arXiv:1704.04861, Table 1, row "FC".
    """
    return in_features * out_features
