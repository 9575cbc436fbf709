"""MobileNet v3: Howard et al., arXiv:1905.02244."""

from __future__ import annotations

from costmodel._num import Num, ratio
from costmodel.blocks import inverted_residual, standard
from costmodel.formulas.rounding import make_divisible
from costmodel.layers.activation import HardSigmoid, HardSwish, ReLU, Softmax
from costmodel.layers.base import Layer
from costmodel.layers.linear import Dense
from costmodel.layers.pooling import GlobalAvgPool
from costmodel.layers.structure import Dropout, Flatten
from costmodel.network import Input, Network
from costmodel.zoo._arguments import multiplier
from costmodel.zoo._registry import network

RE, HS = ReLU(), HardSwish()
Row = tuple[int, int, int, bool, Layer, int]

LARGE: list[Row] = [
    (3, 16, 16, False, RE, 1),
    (3, 64, 24, False, RE, 2),
    (3, 72, 24, False, RE, 1),
    (5, 72, 40, True, RE, 2),
    (5, 120, 40, True, RE, 1),
    (5, 120, 40, True, RE, 1),
    (3, 240, 80, False, HS, 2),
    (3, 200, 80, False, HS, 1),
    (3, 184, 80, False, HS, 1),
    (3, 184, 80, False, HS, 1),
    (3, 480, 112, True, HS, 1),
    (3, 672, 112, True, HS, 1),
    (5, 672, 160, True, HS, 2),
    (5, 960, 160, True, HS, 1),
    (5, 960, 160, True, HS, 1),
]
"""Table 1: kernel, expansion size, channels, squeeze-and-excite, activation, stride."""
SMALL: list[Row] = [
    (3, 16, 16, True, RE, 2),
    (3, 72, 24, False, RE, 2),
    (3, 88, 24, False, RE, 1),
    (5, 96, 40, True, HS, 2),
    (5, 240, 40, True, HS, 1),
    (5, 240, 40, True, HS, 1),
    (5, 120, 48, True, HS, 1),
    (5, 144, 48, True, HS, 1),
    (5, 288, 96, True, HS, 2),
    (5, 576, 96, True, HS, 1),
    (5, 576, 96, True, HS, 1),
]
"""Table 2, read likewise."""


def _mobilenet_v3(name: str, rows: list[Row], features: int, width: Num, resolution: Num, classes: Num, batch: Num) -> Network:
    """A 3x3 stem of 16 channels, the rows, a 1x1 convolution to six times the channels, two dense layers."""
    x = standard(Input((batch, 3, resolution, resolution)), make_divisible(16 * width), 3, 2, name="conv1", activation=HS)
    before = 16
    for number, (kernel, size, channels, has_se, activation, stride) in enumerate(rows, start=1):
        expanded = make_divisible(size * width)
        x = inverted_residual(
            x,
            expanded if size != before else None,
            make_divisible(channels * width),
            kernel,
            stride,
            residual=stride == 1 and channels == before,
            squeezed=make_divisible(ratio(expanded, 4)) if has_se else None,
            name=f"block{number}",
            activation=activation,
            gate=HardSigmoid(),
        )
        before = channels
    x = standard(x, 6 * x.shape[1], 1, name="conv_last", activation=HS)
    x = Dense(make_divisible(features * width))(Flatten()(GlobalAvgPool()(x, name="pool"), name="flatten"), name="features")
    x = Dropout()(HS(x, name="features/act"), name="dropout")
    return Network.of(Softmax()(Dense(classes)(x, name="fc"), name="softmax"), name)


@network
def mobilenet_v3_large(width_multiplier: Num = 1, resolution: Num = 224, classes: Num = 1000, batch: Num = 1) -> Network:
    """MobileNet v3 large, Table 1 of the paper.

    Squeeze-and-excite has a quarter of the expansion size, rounded to a multiple of 8; the convolutions after pooling are dense.

    Parameters
    ----------
    width_multiplier : float or symbol
        Of the channels, which are rounded to multiples of 8.
    resolution : int or symbol
        Height and width of the picture.
    classes, batch : int or symbol
        Outputs of the classifier; pictures at once.

    Returns
    -------
    Network

    Examples
    --------
    >>> import costmodel as cm
    >>> cm.zoo.mobilenet_v3_large().macs
    216589760

    References
    ----------
    Howard et al., arXiv:1905.02244, Table 1.
    """
    return _mobilenet_v3("mobilenet_v3_large", LARGE, 1280, multiplier(width_multiplier), resolution, classes, batch)


@network
def mobilenet_v3_small(width_multiplier: Num = 1, resolution: Num = 224, classes: Num = 1000, batch: Num = 1) -> Network:
    """MobileNet v3 small, Table 2 of the paper.

    Parameters
    ----------
    width_multiplier, resolution, classes, batch
        As of `mobilenet_v3_large`.

    Returns
    -------
    Network

    Examples
    --------
    >>> import costmodel as cm
    >>> cm.zoo.mobilenet_v3_small().macs
    56510400

    References
    ----------
    Howard et al., arXiv:1905.02244, Table 2.
    """
    return _mobilenet_v3("mobilenet_v3_small", SMALL, 1024, multiplier(width_multiplier), resolution, classes, batch)
