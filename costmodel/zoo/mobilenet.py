"""MobileNet: Howard et al., arXiv:1704.04861, and the CIFAR-10 variant of Pardhi."""

from __future__ import annotations

from typing import Any

from costmodel._num import Num, whole
from costmodel.blocks import depthwise_separable, standard
from costmodel.layers.activation import Softmax
from costmodel.layers.linear import Dense
from costmodel.layers.pooling import GlobalAvgPool
from costmodel.layers.structure import Flatten
from costmodel.network import Input, Network
from costmodel.zoo._arguments import multiplier
from costmodel.zoo._registry import network


def _mobilenet(name: str, input_shape: tuple[Num, ...], body: list[tuple[int, int]], width: Num, classes: Num) -> Network:
    """A 3x3 stem of 32 channels, separable blocks (channels, stride), global average, classifier."""
    x = standard(Input(input_shape), whole(32 * width), 3, 2, name="conv1")
    for number, (channels, stride) in enumerate(body, start=1):
        x = depthwise_separable(x, whole(channels * width), 3, stride, name=f"block{number}")
    return Network.of(_classify(x, classes), name)


def _classify(x: Any, classes: Num) -> Any:
    x = Flatten()(GlobalAvgPool()(x, name="pool"), name="flatten")
    return Softmax()(Dense(classes)(x, name="fc"), name="softmax")


@network
def mobilenet_v1(width_multiplier: Num = 1, resolution: Num = 224, classes: Num = 1000, batch: Num = 1) -> Network:
    """MobileNet v1, Table 1 of the paper.

    The last depthwise layer has stride 1: its printed "s2" contradicts the 7x7 map that follows.

    Parameters
    ----------
    width_multiplier : float or symbol
        alpha; channels are int(alpha * C).
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
    >>> cm.zoo.mobilenet_v1().macs
    568740352
    >>> alpha, R = cm.symbols("alpha", multiple_of="1/32"), cm.symbols("R", multiple_of=32)
    >>> cm.zoo.mobilenet_v1(alpha, R).macs.expand()
    10752*R**2*alpha**2 + 1125*R**2*alpha/2 + 1024000*alpha

    References
    ----------
    Howard et al., arXiv:1704.04861, Table 1.
    """
    body = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1)]
    return _mobilenet("mobilenet_v1", (batch, 3, resolution, resolution), body, multiplier(width_multiplier), classes)


@network
def mobilenet_cifar(width_multiplier: Num = 1, resolution: Num = 28, classes: Num = 10, batch: Num = 1) -> Network:
    """The MobileNet of Pardhi for CIFAR-10 crops, Table 1; "5 x" rows are five blocks.

    Parameters
    ----------
    width_multiplier : float or symbol
        alpha, called depth multiplier there; channels are int(alpha * C).
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
    >>> cm.zoo.mobilenet_cifar().macs
    452058368

    References
    ----------
    Pardhi, "MobileNet: Creating Faster Networks using Depthwise Separable Convolutions", Table 1.
    """
    body = [(64, 1), (128, 1), (256, 1), (512, 1), *[(512, 1)] * 5, (1024, 1), (1024, 2)]
    return _mobilenet("mobilenet_cifar", (batch, 3, resolution, resolution), body, multiplier(width_multiplier), classes)
