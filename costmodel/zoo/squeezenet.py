"""SqueezeNet: Iandola et al., arXiv:1602.07360."""

from __future__ import annotations

from typing import Any

from costmodel._num import Num
from costmodel.blocks import standard
from costmodel.layers.activation import Softmax
from costmodel.layers.pooling import GlobalAvgPool, MaxPool2d
from costmodel.layers.structure import Concat, Dropout, Flatten
from costmodel.network import Input, Network
from costmodel.zoo._registry import network

FIRES = [(16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256)]
"""Table 1, fire2 to fire9: channels of the squeeze, and of each of the two expands."""


def _fire(x: Any, squeeze: int, expand: int, name: str) -> Any:
    """A 1x1 squeeze, then a 1x1 and a 3x3 expand side by side."""
    x = standard(x, squeeze, 1, name=f"{name}/squeeze", norm=None, bias=True)
    left = standard(x, expand, 1, name=f"{name}/expand1x1", norm=None, bias=True)
    right = standard(x, expand, 3, name=f"{name}/expand3x3", norm=None, bias=True)
    return Concat()(left, right, name=f"{name}/concat")


def _squeezenet(
    name: str, stem: tuple[int, int], pools: tuple[int, ...], resolution: Num, classes: Num, batch: Num, ceil: bool, padding: Num
) -> Network:
    """A stem (channels, kernel), pooling after it and after the fires numbered in `pools`, conv10 and a global average."""
    x = standard(Input((batch, 3, resolution, resolution)), *stem, 2, name="conv1", padding="valid", norm=None, bias=True)
    x = MaxPool2d(3, 2, ceil_mode=ceil)(x, name="pool1")
    for number, (squeeze, expand) in enumerate(FIRES, start=2):
        x = _fire(x, squeeze, expand, f"fire{number}")
        if number in pools:
            x = MaxPool2d(3, 2, ceil_mode=ceil)(x, name=f"pool{number}")
    x = standard(Dropout()(x, name="drop9"), classes, 1, name="conv10", padding=padding, norm=None, bias=True)
    x = Flatten()(GlobalAvgPool()(x, name="pool10"), name="flatten")
    return Network.of(Softmax()(x, name="softmax"), name)


@network
def squeezenet_1_0(resolution: Num = 227, classes: Num = 1000, batch: Num = 1, ceil_mode: bool = True, conv10_padding: Num = 1) -> Network:
    """SqueezeNet v1.0, Table 1 of the paper and the authors' Caffe model.

    Papers quote it at 861 M (the Caffe model) and 833 M (`conv10_padding=0`); torchvision has 819 M (resolution 224 besides).

    Parameters
    ----------
    resolution : int or symbol
        Height and width of the picture.
    classes, batch : int or symbol
        Outputs of the classifier; pictures at once.
    ceil_mode : bool
        Whether the last window of a pooling may overhang, as in Caffe.
    conv10_padding : int or symbol
        Padding of the last 1x1 convolution. [rows]

    Returns
    -------
    Network

    Examples
    --------
    >>> import costmodel as cm
    >>> cm.zoo.squeezenet_1_0().macs
    861339936
    >>> cm.zoo.squeezenet_1_0(resolution=224, conv10_padding=0).macs
    818924576

    References
    ----------
    Iandola et al., arXiv:1602.07360, Table 1; DeepScale/SqueezeNet, SqueezeNet_v1.0/train_val.prototxt.
    """
    return _squeezenet("squeezenet_1_0", (96, 7), (4, 8), resolution, classes, batch, ceil_mode, conv10_padding)


@network
def squeezenet_1_1(resolution: Num = 227, classes: Num = 1000, batch: Num = 1, ceil_mode: bool = True, conv10_padding: Num = 0) -> Network:
    """SqueezeNet v1.1 of the authors' repository: a smaller stem, and pooling earlier than in v1.0.

    Parameters
    ----------
    resolution, classes, batch, ceil_mode, conv10_padding
        As of `squeezenet_1_0`.

    Returns
    -------
    Network

    Examples
    --------
    >>> import costmodel as cm
    >>> cm.zoo.squeezenet_1_1(resolution=224).macs
    349151936

    References
    ----------
    DeepScale/SqueezeNet, SqueezeNet_v1.1/README.md.
    """
    return _squeezenet("squeezenet_1_1", (64, 3), (3, 5), resolution, classes, batch, ceil_mode, conv10_padding)
