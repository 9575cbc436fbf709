"""Compositions that several network families share. A block has no formula of its own: its cost is its layers'."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from costmodel._num import Num
from costmodel.errors import UnknownNameError
from costmodel.layers.activation import ReLU, ReLU6, Sigmoid, Softmax
from costmodel.layers.base import Layer
from costmodel.layers.conv import Conv2d, DepthwiseConv2d
from costmodel.layers.elementwise import Add, Multiply
from costmodel.layers.linear import Dense
from costmodel.layers.normalisation import BatchNorm
from costmodel.layers.pooling import GlobalAvgPool
from costmodel.layers.structure import Flatten

Block = Callable[..., Any]


def conv_norm_act(x: Any, conv: Layer, *, name: str, norm: Layer | None, activation: Layer | None) -> Any:
    """A convolution, then a norm, then an activation; either may be absent.

    Parameters
    ----------
    x : Tensor
        The input.
    conv : Layer
        The convolution.
    name : str
        Name of the convolution; the others are `name`/norm and `name`/act.
    norm, activation : Layer or None
        What follows.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import costmodel as cm
    >>> x = conv_norm_act(cm.Input((1, 3, 8, 8)), cm.layers.Conv2d(4, 3), name="conv", norm=None, activation=cm.layers.ReLU())
    >>> list(cm.Network.of(x).nodes)
    ['input', 'conv', 'conv/act']
    """
    x = conv(x, name=name)
    if norm is not None:
        x = norm(x, name=f"{name}/norm")
    if activation is not None:
        x = activation(x, name=f"{name}/act")
    return x


def _along(axis: int, value: Any, elsewhere: Any) -> Any:
    """What holds along one axis of (height, width), and `elsewhere` along the other."""
    own = value[axis] if isinstance(value, tuple) else value
    return (own, elsewhere) if axis == 0 else (elsewhere, own)


def _window(axis: int, kernel_size: Any, stride: Any, padding: Any, dilation: Any) -> dict[str, Any]:
    """The part of a window that lies along one axis of (height, width)."""
    along = {"kernel_size": _along(axis, kernel_size, 1), "stride": _along(axis, stride, 1)}
    along |= {} if type(dilation) is int and dilation == 1 else {"dilation": _along(axis, dilation, 1)}
    return along | {"padding": padding if isinstance(padding, str) else _along(axis, padding, 0)}


def standard(
    x: Any,
    out_channels: Num,
    kernel_size: Any = 3,
    stride: Any = 1,
    *,
    name: str = "conv",
    padding: Any = "same",
    dilation: Any = 1,
    norm: Layer | None = BatchNorm(),  # noqa: B008
    activation: Layer | None = ReLU(),  # noqa: B008
    bias: bool = False,
) -> Any:
    """A standard k x k convolution.

    Parameters
    ----------
    x : Tensor
        The input: batch, channels, height, width.
    out_channels : int or symbol
        Output channels.
    kernel_size, stride, dilation : int, symbol or tuple
        One for both axes, or one for each, height first. [rows]
    name : str
        Prefix of the layers' names.
    padding : "same", "valid", int or tuple
        Along each axis, of the layer that works along it.
    norm, activation : Layer or None
        After each convolution.
    bias : bool
        Whether each convolution has biases.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import costmodel as cm
    >>> net = cm.Network.of(standard(cm.Input((1, 3, 8, 8)), 16, 3))
    >>> net.macs == 8 * 8 * 16 * 3 * 3 * 3
    True
    """
    layer = Conv2d(out_channels, kernel_size, stride=stride, padding=padding, dilation=dilation, bias=bias)
    return conv_norm_act(x, layer, name=name, norm=norm, activation=activation)


def spatially_separable(
    x: Any,
    out_channels: Num,
    kernel_size: Any = 3,
    stride: Any = 1,
    *,
    reading: str = "rank_1",
    name: str = "conv",
    padding: Any = "same",
    dilation: Any = 1,
    norm: Layer | None = BatchNorm(),  # noqa: B008
    activation: Layer | None = ReLU(),  # noqa: B008
    bias: bool = False,
) -> Any:
    """A k x 1 convolution, then a 1 x k one.

    Under the reading "rank_1" each filter of k x k is the product of two vectors: the second stage works on each output channel
    alone. Under "full" the second stage is a full convolution across channels. Other parameters are those of `standard`.

    Examples
    --------
    >>> import costmodel as cm
    >>> net = cm.Network.of(spatially_separable(cm.Input((1, 3, 8, 8)), 16, 3))
    >>> net.macs == 8 * 8 * 16 * 3 * 3 + 8 * 8 * 16 * 3
    True
    """
    if reading not in ("rank_1", "full"):
        raise UnknownNameError.of("reading", reading, ("rank_1", "full"))
    across, along = (_window(axis, kernel_size, stride, padding, dilation) | {"bias": bias} for axis in (0, 1))
    column = Conv2d(out_channels, **across)
    row: Layer = DepthwiseConv2d(**along) if reading == "rank_1" else Conv2d(out_channels, **along)
    x = conv_norm_act(x, column, name=f"{name}/kx1", norm=norm, activation=activation)
    return conv_norm_act(x, row, name=f"{name}/1xk", norm=norm, activation=activation)


def depthwise_separable(
    x: Any,
    out_channels: Num,
    kernel_size: Any = 3,
    stride: Any = 1,
    *,
    name: str = "conv",
    padding: Any = "same",
    dilation: Any = 1,
    norm: Layer | None = BatchNorm(),  # noqa: B008
    activation: Layer | None = ReLU(),  # noqa: B008
    bias: bool = False,
) -> Any:
    """A k x k depthwise convolution, then a 1 x 1 one across channels. Parameters are those of `standard`.

    Examples
    --------
    >>> import costmodel as cm
    >>> net = cm.Network.of(depthwise_separable(cm.Input((1, 3, 8, 8)), 16, 3))
    >>> net.macs == 8 * 8 * 3 * 3 * 3 + 8 * 8 * 3 * 16
    True
    """
    depthwise = DepthwiseConv2d(kernel_size, stride=stride, padding=padding, dilation=dilation, bias=bias)
    x = conv_norm_act(x, depthwise, name=f"{name}/dw", norm=norm, activation=activation)
    return conv_norm_act(x, Conv2d(out_channels, 1, bias=bias), name=f"{name}/pw", norm=norm, activation=activation)


def depthwise_spatially_separable(
    x: Any,
    out_channels: Num,
    kernel_size: Any = 3,
    stride: Any = 1,
    *,
    name: str = "conv",
    padding: Any = "same",
    dilation: Any = 1,
    norm: Layer | None = BatchNorm(),  # noqa: B008
    activation: Layer | None = ReLU(),  # noqa: B008
    bias: bool = False,
) -> Any:
    """A k x 1 depthwise convolution, a 1 x k one, then a 1 x 1 one across channels. Parameters are those of `standard`.

    Examples
    --------
    >>> import costmodel as cm
    >>> net = cm.Network.of(depthwise_spatially_separable(cm.Input((1, 3, 8, 8)), 16, 3))
    >>> net.macs == 8 * 8 * 3 * (3 + 3) + 8 * 8 * 3 * 16
    True
    """
    column, row = (DepthwiseConv2d(**_window(axis, kernel_size, stride, padding, dilation), bias=bias) for axis in (0, 1))
    x = conv_norm_act(x, column, name=f"{name}/kx1", norm=norm, activation=activation)
    x = conv_norm_act(x, row, name=f"{name}/1xk", norm=norm, activation=activation)
    return conv_norm_act(x, Conv2d(out_channels, 1, bias=bias), name=f"{name}/pw", norm=norm, activation=activation)


def squeeze_excite(
    x: Any,
    squeezed: Num,
    *,
    name: str = "se",
    activation: Layer = ReLU(),  # noqa: B008
    gate: Layer = Sigmoid(),  # noqa: B008
) -> Any:
    """Each channel scaled by a gate, which two 1 x 1 convolutions with biases compute from the channels' averages.

    Parameters
    ----------
    x : Tensor
        The input: batch, channels, height, width.
    squeezed : int or symbol
        Channels between the two convolutions.
    name : str
        Prefix of the layers' names.
    activation, gate : Layer
        After the first and the second convolution.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import costmodel as cm
    >>> net = cm.Network.of(squeeze_excite(cm.Input((1, 16, 8, 8)), 4))
    >>> net.macs == 16 * 4 + 4 * 16
    True
    """
    y = GlobalAvgPool()(x, name=f"{name}/pool")
    y = conv_norm_act(y, Conv2d(squeezed, 1), name=f"{name}/reduce", norm=None, activation=activation)
    y = conv_norm_act(y, Conv2d(x.shape[1], 1), name=f"{name}/expand", norm=None, activation=gate)
    return Multiply()(x, y, name=f"{name}/scale")


def inverted_residual(
    x: Any,
    expanded: Num | None,
    out_channels: Num,
    kernel_size: Num = 3,
    stride: Num = 1,
    *,
    residual: bool = False,
    squeezed: Num | None = None,
    name: str = "block",
    norm: Layer | None = BatchNorm(),  # noqa: B008
    activation: Layer | None = ReLU6(),  # noqa: B008
    squeeze_activation: Layer = ReLU(),  # noqa: B008
    gate: Layer = Sigmoid(),  # noqa: B008
) -> Any:
    """A 1 x 1 expansion, a k x k depthwise convolution, perhaps squeeze-and-excite, a linear 1 x 1 projection (MobileNet v2).

    Parameters
    ----------
    x : Tensor
        The input: batch, channels, height, width.
    expanded : int, symbol or None
        Channels of the depthwise convolution; None for no expansion.
    out_channels, kernel_size, stride : int or symbol
        Of the block.
    residual : bool
        Whether the input is added to the output.
    squeezed : int, symbol or None
        Channels inside squeeze-and-excite; None for none.
    name : str
        Prefix of the layers' names.
    norm : Layer or None
        After each convolution.
    activation : Layer or None
        After the expansion and the depthwise convolution.
    squeeze_activation, gate : Layer
        Of squeeze-and-excite.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import costmodel as cm
    >>> net = cm.Network.of(inverted_residual(cm.Input((1, 8, 4, 4)), 48, 8, residual=True))
    >>> net.macs == 4 * 4 * (8 * 48 + 48 * 3 * 3 + 48 * 8)
    True
    """
    y = x
    if expanded is not None:
        y = conv_norm_act(y, Conv2d(expanded, 1, bias=False), name=f"{name}/expand", norm=norm, activation=activation)
    y = conv_norm_act(y, DepthwiseConv2d(kernel_size, stride=stride, bias=False), name=f"{name}/dw", norm=norm, activation=activation)
    if squeezed is not None:
        y = squeeze_excite(y, squeezed, name=f"{name}/se", activation=squeeze_activation, gate=gate)
    y = conv_norm_act(y, Conv2d(out_channels, 1, bias=False), name=f"{name}/project", norm=norm, activation=None)
    return Add()(x, y, name=f"{name}/add") if residual else y


def classifier(x: Any, classes: Num) -> Any:
    """Global average pooling, a dense layer and softmax, named pool, flatten, fc and softmax.

    Examples
    --------
    >>> import costmodel as cm
    >>> list(cm.Network.of(classifier(cm.Input((1, 64, 7, 7)), 10)).nodes)
    ['input', 'pool', 'flatten', 'fc', 'softmax']
    """
    x = Flatten()(GlobalAvgPool()(x, name="pool"), name="flatten")
    return Softmax()(Dense(classes)(x, name="fc"), name="softmax")


FLAVOURS: dict[str, Block] = {
    "standard": standard,
    "spatially_separable": spatially_separable,
    "depthwise_separable": depthwise_separable,
    "depthwise_spatially_separable": depthwise_spatially_separable,
}
"""The four convolution flavours by name."""


def flavour(name: str) -> Block:
    """The block of a convolution flavour.

    Examples
    --------
    >>> flavour("depthwise_separable") is depthwise_separable
    True
    """
    if name not in FLAVOURS:
        raise UnknownNameError.of("flavour", name, FLAVOURS)
    return FLAVOURS[name]
