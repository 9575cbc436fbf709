"""Convolutions."""

from __future__ import annotations

from costmodel._num import Num, floor_div, product
from costmodel.formulas._registry import Size, Sizes, Step, Steps, formula


@formula
def macs(batch: Size, in_channels: Size, out_channels: Size, out_sizes: Sizes, kernel: Steps, groups: Step) -> Num:
    r"""MACs of a convolution, taps on padding included.

    .. math:: N\, C_o \prod_i O_i \cdot \frac{C_i}{G} \prod_i K_i

    Parameters
    ----------
    batch, in_channels, out_channels : int, array or symbol
        [count]
    out_sizes, kernel : tuple
        One entry for every spatial axis. [rows]
    groups : int, array or symbol
        Divides both channel counts.

    Returns
    -------
    int, array or symbol
        [MAC]

    Notes
    -----
    Valid for any stride, dilation and padding: they stand in `out_sizes`. A transposed convolution has the
    MACs of the convolution that it transposes: give its input sizes for `out_sizes`.

    Examples
    --------
    >>> macs(1, 3, 32, (112, 112), (3, 3), 1)      # 112*112*32 * 3*3*3
    10838016
    >>> import sympy
    >>> C, H, W, k = sympy.symbols("C H W k")
    >>> macs(1, C, C, (H, W), (k, k), C)
    C*H*W*k**2

    References
    ----------
    Howard et al., MobileNets, arXiv:1704.04861, equations 2, 3 and 5.
    """
    return batch * product(out_sizes) * weights(in_channels, out_channels, kernel, groups)


@formula
def weights(in_channels: Size, out_channels: Size, kernel: Steps, groups: Step) -> Num:
    r"""Weights of a convolution.

    .. math:: C_o \cdot \frac{C_i}{G} \prod_i K_i

    Parameters
    ----------
    in_channels, out_channels : int, array or symbol
        [count]
    kernel : tuple
        One entry for every spatial axis. [rows]
    groups : int, array or symbol
        Divides both channel counts.

    Returns
    -------
    int, array or symbol
        [count]

    Notes
    -----
    Valid for any stride, dilation and padding. Depthwise: `groups` is `in_channels`, and every channel has `out_channels` / `groups`
    kernels.

    Examples
    --------
    >>> weights(32, 64, (1, 1), 1), weights(32, 32, (3, 3), 32)
    (2048, 288)
    >>> import sympy
    >>> C_i, C_o, k = sympy.symbols("C_i C_o k", positive=True)
    >>> weights(C_i, C_o, (k, k), 1)
    C_i*C_o*k**2

    References
    ----------
    Howard et al., MobileNets, arXiv:1704.04861, Table 1.
    """
    return out_channels * floor_div(in_channels, groups) * product(kernel)
