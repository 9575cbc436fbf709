"""DenseNet: Huang et al., arXiv:1608.06993."""

from __future__ import annotations

from typing import Any

from costmodel._num import Num, floor_div
from costmodel.blocks import classifier, standard
from costmodel.layers.activation import ReLU
from costmodel.layers.conv import Conv2d
from costmodel.layers.normalisation import BatchNorm
from costmodel.layers.pooling import AvgPool2d, MaxPool2d
from costmodel.layers.structure import Concat
from costmodel.network import Input, Network
from costmodel.zoo._registry import network

BLOCKS = {121: (6, 12, 24, 16)}
"""Table 1: layers of the four dense blocks."""


def _norm_act_conv(x: Any, channels: Num, kernel_size: int, name: str) -> Any:
    x = ReLU()(BatchNorm()(x, name=f"{name}/norm"), name=f"{name}/act")
    return Conv2d(channels, kernel_size, bias=False)(x, name=name)


@network
def densenet121(resolution: Num = 224, classes: Num = 1000, batch: Num = 1, growth_rate: Num = 32) -> Network:
    """DenseNet-121 (DenseNet-BC), Table 1 of the paper.

    Each layer of a dense block, a 1x1 convolution to 4k channels and a 3x3 one to k, is set behind all before it: its
    concatenation is a step that moves them. Norms precede their convolutions, so that most are steps of their own.

    Parameters
    ----------
    resolution : int or symbol
        Height and width of the picture.
    classes, batch : int or symbol
        Outputs of the classifier; pictures at once.
    growth_rate : int or symbol
        k, the channels that each layer adds.

    Returns
    -------
    Network

    Examples
    --------
    >>> import costmodel as cm
    >>> cm.zoo.densenet121().macs
    2834161664

    References
    ----------
    Huang et al., arXiv:1608.06993, Table 1.
    """
    x = standard(Input((batch, 3, resolution, resolution)), 2 * growth_rate, 7, 2, name="conv1")
    x = MaxPool2d(3, 2, "same")(x, name="pool1")
    for number, layers in enumerate(BLOCKS[121], start=1):
        if number > 1:
            x = _norm_act_conv(x, floor_div(x.shape[1], 2), 1, f"transition{number - 1}/conv")
            x = AvgPool2d(2, 2)(x, name=f"transition{number - 1}/pool")
        for layer in range(1, layers + 1):
            name = f"block{number}/layer{layer}"
            y = _norm_act_conv(x, 4 * growth_rate, 1, f"{name}/conv1")
            y = _norm_act_conv(y, growth_rate, 3, f"{name}/conv2")
            x = Concat()(x, y, name=f"{name}/concat")
    x = ReLU()(BatchNorm()(x, name="last/norm"), name="last/act")
    return Network.of(classifier(x, classes), "densenet121")
