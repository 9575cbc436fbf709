"""GoogLeNet: Szegedy et al., arXiv:1409.4842, in the shapes that Caffe released."""

from __future__ import annotations

from typing import Any

from costmodel._num import Num
from costmodel.blocks import conv_norm_act
from costmodel.errors import UnknownNameError
from costmodel.layers.activation import ReLU, Softmax
from costmodel.layers.conv import Conv2d, DepthwiseConv2d
from costmodel.layers.linear import Dense
from costmodel.layers.pooling import AvgPool2d, GlobalAvgPool, MaxPool2d
from costmodel.layers.structure import Concat, Dropout, Flatten
from costmodel.network import Input, Network
from costmodel.zoo._registry import network

# Table 1: 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, pool projection.
MODULES = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
STEMS = ("full", "separable")


def _conv(x: Any, channels: int, kernel: int, name: str, stride: int = 1) -> Any:
    return conv_norm_act(x, Conv2d(channels, kernel, stride=stride), name=name, norm=None, activation=ReLU())


def _module(x: Any, name: str) -> Any:
    one, reduce3, three, reduce5, five, projection = MODULES[name]
    branches = (
        _conv(x, one, 1, f"{name}/1x1"),
        _conv(_conv(x, reduce3, 1, f"{name}/3x3_reduce"), three, 3, f"{name}/3x3"),
        _conv(_conv(x, reduce5, 1, f"{name}/5x5_reduce"), five, 5, f"{name}/5x5"),
        _conv(MaxPool2d(3, 1, padding="same")(x, name=f"{name}/pool"), projection, 1, f"{name}/pool_proj"),
    )
    return Concat()(branches, name=f"{name}/concat")


def _head(x: Any, classes: Num, name: str) -> Any:
    """An auxiliary classifier, used in training alone."""
    x = _conv(AvgPool2d(5, 3)(x, name=f"{name}/pool"), 128, 1, f"{name}/conv")
    x = ReLU()(Dense(1024)(Flatten()(x, name=f"{name}/flatten"), name=f"{name}/fc1"), name=f"{name}/act")
    return Softmax()(Dense(classes)(x, name=f"{name}/fc2"), name=f"{name}/softmax")


@network
def googlenet(stem: str = "full", auxiliary: bool = False, resolution: Num = 224, classes: Num = 1000, batch: Num = 1) -> Network:
    """GoogLeNet: nine inception modules. Local response normalisation, which has no weights, is left out.

    Parameters
    ----------
    stem : str
        "full": a 7x7 convolution; "separable": a 7x7 depthwise one with eight filters a channel, then 1x1, which is what the 2.7K
        parameters of the paper's Table 1 are.
    auxiliary : bool
        Whether the two auxiliary classifiers are computed.
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
    >>> cm.zoo.googlenet().macs
    1582671872

    References
    ----------
    Szegedy et al., Going Deeper with Convolutions, arXiv:1409.4842, Table 1.
    """
    if stem not in STEMS:
        raise UnknownNameError.of("stem", stem, STEMS)
    x = Input((batch, 3, resolution, resolution))
    if stem == "full":
        x = _conv(x, 64, 7, "conv1", stride=2)
    else:
        x = DepthwiseConv2d(7, stride=2, multiplier=8, bias=False)(x, name="conv1/dw")
        x = _conv(x, 64, 1, "conv1/pw")
    x = MaxPool2d(3, 2, padding="valid", ceil_mode=True)(x, name="pool1")
    x = _conv(_conv(x, 64, 1, "conv2/reduce"), 192, 3, "conv2/3x3")
    heads = []
    for name in MODULES:
        if name in ("3a", "4a", "5a"):
            x = MaxPool2d(3, 2, padding="valid", ceil_mode=True)(x, name=f"pool_before_{name}")
        x = _module(x, name)
        if auxiliary and name in ("4a", "4d"):
            heads.append(_head(x, classes, f"auxiliary_{name}"))
    x = Dropout()(Flatten()(GlobalAvgPool()(x, name="pool5"), name="flatten"), name="dropout")
    return Network.of([Softmax()(Dense(classes)(x, name="fc"), name="softmax"), *heads], "googlenet")
