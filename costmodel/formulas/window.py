"""Sizes of what a sliding window leaves behind: convolution and pooling, per spatial axis."""

from __future__ import annotations

from costmodel._num import Num, ceil_div, floor_div, minimum, total
from costmodel.formulas._registry import Extent, Plain, Size, Step, formula


@formula
def span(kernel: Step, dilation: Step) -> Num:
    """Input rows that one window spans.

    .. math:: (k - 1) d + 1

    Parameters
    ----------
    kernel, dilation : int, array or symbol
        [rows]

    Returns
    -------
    int, array or symbol
        [rows]

    Notes
    -----
    A window of one row spans one row at any dilation.

    Examples
    --------
    >>> span(3, 2)
    5
    >>> import sympy
    >>> k, d = sympy.symbols("k d", positive=True)
    >>> span(k, d)
    d*(k - 1) + 1

    References
    ----------
    ONNX operator specification, Conv.
    """
    return (kernel - 1) * dilation + 1


@formula
def floor_size(size: Size, kernel: Step, stride: Step, dilation: Step, padding_before: Extent, padding_after: Extent) -> Num:
    r"""Output rows of a window that must lie inside the padded input.

    .. math:: \lfloor (n + p_b + p_a - (k - 1) d - 1) / s \rfloor + 1

    Parameters
    ----------
    size : int, array or symbol
        Input rows.
    kernel, stride, dilation : int, array or symbol
        [rows]
    padding_before, padding_after : int, array or symbol
        [rows]

    Returns
    -------
    int, array or symbol
        Output rows; not positive where the window is larger than the padded input.

    Notes
    -----
    Valid for convolution and pooling along one axis; rows at the end that no window reaches are left out.

    Examples
    --------
    >>> floor_size(224, 7, 2, 1, 3, 3)      # ResNet, first layer
    112
    >>> import sympy
    >>> n = sympy.symbols("n", positive=True)
    >>> floor_size(n, 3, 2, 1, 1, 1)
    floor(n/2 - 1/2) + 1

    References
    ----------
    ONNX operator specification, Conv.
    """
    return floor_div(size + padding_before + padding_after - span(kernel, dilation), stride) + 1


@formula
def ceil_size(size: Size, kernel: Step, stride: Step, dilation: Step, padding_before: Extent, padding_after: Extent) -> Num:
    r"""Output rows where the last window may overhang, but must start inside the input or the padding before it.

    .. math:: \min(\lceil (n + p_b + p_a - (k - 1) d - 1) / s \rceil + 1,\; \lceil (n + p_b) / s \rceil)

    Parameters
    ----------
    size : int, array or symbol
        Input rows.
    kernel, stride, dilation : int, array or symbol
        [rows]
    padding_before, padding_after : int, array or symbol
        [rows]

    Returns
    -------
    int, array or symbol
        Output rows.

    Notes
    -----
    Where the last window would start in the padding behind, it is left out.

    Examples
    --------
    >>> ceil_size(113, 3, 2, 1, 0, 0)      # SqueezeNet 1.0 at 227, first pooling
    56
    >>> import sympy
    >>> n = sympy.symbols("n", positive=True)
    >>> ceil_size(n, 3, 2, 1, 0, 0)
    Min(ceiling(n/2 - 3/2) + 1, ceiling(n/2))

    References
    ----------
    PyTorch, MaxPool2d, `ceil_mode`; the rule of Caffe.
    """
    overhanging = ceil_div(size + padding_before + padding_after - span(kernel, dilation), stride) + 1
    return minimum(overhanging, ceil_div(size + padding_before, stride))


@formula
def same_size(size: Size, stride: Step) -> Num:
    r"""Output rows under SAME padding.

    .. math:: \lceil n / s \rceil

    Parameters
    ----------
    size : int, array or symbol
        Input rows.
    stride : int, array or symbol
        [rows]

    Returns
    -------
    int, array or symbol
        Output rows.

    Notes
    -----
    Valid for any kernel and dilation: the padding is as much as that takes.

    Examples
    --------
    >>> same_size(225, 2)
    113
    >>> import sympy
    >>> n = sympy.symbols("n", positive=True)
    >>> same_size(n, 2)
    ceiling(n/2)

    References
    ----------
    TensorFlow, `padding="SAME"`.
    """
    return ceil_div(size, stride)


@formula
def transposed_size(
    size: Size, kernel: Step, stride: Step, dilation: Step, padding_before: Extent, padding_after: Extent, output_padding: Extent
) -> Num:
    r"""Output rows of a transposed convolution.

    .. math:: (n - 1) s - p_b - p_a + (k - 1) d + 1 + p_o

    Parameters
    ----------
    size : int, array or symbol
        Input rows.
    kernel, stride, dilation : int, array or symbol
        [rows]
    padding_before, padding_after, output_padding : int, array or symbol
        [rows]

    Returns
    -------
    int, array or symbol
        Output rows.

    Notes
    -----
    The convolution of the same window, stride and padding leads back to `size`.

    Examples
    --------
    >>> transposed_size(14, 4, 2, 1, 1, 1, 0)
    28
    >>> import sympy
    >>> n = sympy.symbols("n", positive=True)
    >>> transposed_size(n, 4, 2, 1, 1, 1, 0)
    2*n

    References
    ----------
    ONNX operator specification, ConvTranspose.
    """
    return (size - 1) * stride - padding_before - padding_after + span(kernel, dilation) + output_padding


@formula
def adaptive_rows(size: Size, output_size: Plain) -> Num:
    r"""Input rows that all windows of an adaptive pooling read together.

    .. math:: \sum_{i<m} \bigl\lceil (i+1) n/m \bigr\rceil - \bigl\lfloor i n/m \bigr\rfloor
              = n + \sum_{0<j<m} \bigl\lceil j n/m \bigr\rceil - \bigl\lfloor j n/m \bigr\rfloor

    Parameters
    ----------
    size : int, array or symbol
        Input rows.
    output_size : int
        Output rows.

    Returns
    -------
    int, array or symbol
        [rows]; more than `size` where windows overlap.

    Notes
    -----
    Valid for any sizes; where `output_size` divides `size`, windows don't overlap and every row is read once.

    Examples
    --------
    >>> adaptive_rows(14, 7), adaptive_rows(13, 6)
    (14, 18)
    >>> import sympy
    >>> n = sympy.symbols("n", positive=True)
    >>> adaptive_rows(n, 2)
    n + ceiling(n/2) - floor(n/2)

    References
    ----------
    PyTorch, AdaptiveAvgPool2d: window i starts at floor(i n/m) and ends before ceil((i+1) n/m).
    """
    cuts = range(1, output_size)
    return size + total(ceil_div(j * size, output_size) - floor_div(j * size, output_size) for j in cuts)
