"""VGG: Simonyan and Zisserman, arXiv:1409.1556, and its CIFAR-10 form of Li et al., arXiv:1608.08710."""

from __future__ import annotations

from typing import Any

from costmodel._num import Num
from costmodel.blocks import standard
from costmodel.layers.activation import ReLU, Softmax
from costmodel.layers.linear import Dense
from costmodel.layers.pooling import MaxPool2d
from costmodel.layers.structure import Dropout, Flatten
from costmodel.network import Input, Network
from costmodel.zoo._registry import network

CHANNELS = (64, 128, 256, 512, 512)


def _features(x: Any, depths: tuple[int, ...], **options: Any) -> Any:
    """Five stages of 3x3 convolutions, each followed by a pooling that halves the map."""
    for stage, (depth, channels) in enumerate(zip(depths, CHANNELS, strict=True), start=1):
        for number in range(1, depth + 1):
            x = standard(x, channels, name=f"conv{stage}_{number}", **options)
        x = MaxPool2d(2)(x, name=f"pool{stage}")
    return x


def _vgg(name: str, depths: tuple[int, ...], resolution: Num, classes: Num, batch: Num) -> Network:
    x = _features(Input((batch, 3, resolution, resolution)), depths, norm=None, bias=True)
    x = Flatten()(x, name="flatten")
    for layer in ("fc6", "fc7"):
        x = Dropout()(ReLU()(Dense(4096)(x, name=layer), name=f"{layer}/act"), name=f"{layer}/dropout")
    return Network.of(Softmax()(Dense(classes)(x, name="fc8"), name="softmax"), name)


@network
def vgg16(resolution: Num = 224, classes: Num = 1000, batch: Num = 1) -> Network:
    """VGG-16: thirteen convolutions and three dense layers, configuration D.

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
    >>> cm.zoo.vgg16().macs
    15470264320

    References
    ----------
    Simonyan and Zisserman, arXiv:1409.1556, Table 1.
    """
    return _vgg("vgg16", (2, 2, 3, 3, 3), resolution, classes, batch)


@network
def vgg19(resolution: Num = 224, classes: Num = 1000, batch: Num = 1) -> Network:
    """VGG-19: sixteen convolutions and three dense layers, configuration E.

    Parameters
    ----------
    resolution, classes, batch
        As of `vgg16`.

    Returns
    -------
    Network

    Examples
    --------
    >>> import costmodel as cm
    >>> cm.zoo.vgg19().macs
    19632062464

    References
    ----------
    Simonyan and Zisserman, arXiv:1409.1556, Table 1.
    """
    return _vgg("vgg19", (2, 2, 4, 4, 4), resolution, classes, batch)


@network
def vgg16_cifar(resolution: Num = 32, classes: Num = 10, batch: Num = 1) -> Network:
    """VGG-16 for CIFAR-10: batch norm after each convolution, and a dense layer of 512 before the classifier.

    Parameters
    ----------
    resolution, classes, batch
        As of `vgg16`.

    Returns
    -------
    Network

    Examples
    --------
    >>> import costmodel as cm
    >>> cm.zoo.vgg16_cifar().macs
    313463808

    References
    ----------
    Li et al., Pruning Filters for Efficient ConvNets, arXiv:1608.08710, section 4.1.
    """
    x = _features(Input((batch, 3, resolution, resolution)), (2, 2, 3, 3, 3))
    x = ReLU()(Dense(512)(Flatten()(x, name="flatten"), name="fc1"), name="fc1/act")
    return Network.of(Softmax()(Dense(classes)(x, name="fc2"), name="softmax"), "vgg16_cifar")
