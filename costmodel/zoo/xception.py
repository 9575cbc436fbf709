"""Xception: Chollet, arXiv:1610.02357."""

from __future__ import annotations

from typing import Any

from costmodel._num import Num
from costmodel.blocks import classifier, standard
from costmodel.layers.activation import ReLU
from costmodel.layers.conv import Conv2d, DepthwiseConv2d
from costmodel.layers.elementwise import Add
from costmodel.layers.normalisation import BatchNorm
from costmodel.layers.pooling import MaxPool2d
from costmodel.network import Input, Network
from costmodel.zoo._registry import network


def _separable(x: Any, channels: Num, name: str) -> Any:
    """A depthwise convolution without norm or activation, then a pointwise one with a norm."""
    x = DepthwiseConv2d(3, bias=False)(x, name=f"{name}/dw")
    return BatchNorm()(Conv2d(channels, 1, bias=False)(x, name=f"{name}/pw"), name=f"{name}/norm")


def _down(x: Any, first: Num, second: Num, name: str, activate: bool = True) -> Any:
    """Two separable convolutions and a pooling, beside a strided 1x1 convolution."""
    beside = standard(x, second, 1, 2, name=f"{name}/shortcut", activation=None)
    y = ReLU()(x, name=f"{name}/act1") if activate else x
    y = ReLU()(_separable(y, first, f"{name}/sep1"), name=f"{name}/act2")
    y = MaxPool2d(3, 2, padding="same")(_separable(y, second, f"{name}/sep2"), name=f"{name}/pool")
    return Add()(y, beside, name=f"{name}/add")


@network
def xception(resolution: Num = 299, classes: Num = 1000, batch: Num = 1) -> Network:
    """Xception, Figure 5 of the paper.

    Parameters
    ----------
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
    >>> cm.zoo.xception().macs, cm.zoo.xception().parameters["trainable"]
    (8357403496, 22855952)

    References
    ----------
    Chollet, Xception, arXiv:1610.02357, Figure 5 and Table 3.
    """
    x = standard(Input((batch, 3, resolution, resolution)), 32, 3, 2, name="conv1", padding="valid")
    x = standard(x, 64, 3, name="conv2", padding="valid")
    x = _down(x, 128, 128, "entry1", activate=False)
    x = _down(x, 256, 256, "entry2")
    x = _down(x, 728, 728, "entry3")
    for block in range(1, 9):
        y = x
        for number in (1, 2, 3):
            y = _separable(ReLU()(y, name=f"middle{block}/act{number}"), 728, f"middle{block}/sep{number}")
        x = Add()(x, y, name=f"middle{block}/add")
    x = _down(x, 728, 1024, "exit")
    for number, channels in ((1, 1536), (2, 2048)):
        x = ReLU()(_separable(x, channels, f"top/sep{number}"), name=f"top/act{number}")
    return Network.of(classifier(x, classes), "xception")
