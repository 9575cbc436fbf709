"""AlexNet: Krizhevsky et al., 2012, as Caffe released it, ungrouped, and the one-tower form of torchvision."""

from __future__ import annotations

from typing import NamedTuple

from costmodel._num import Num
from costmodel.errors import UnknownNameError
from costmodel.layers.activation import ReLU, Softmax
from costmodel.layers.conv import Conv2d
from costmodel.layers.linear import Dense
from costmodel.layers.pooling import AdaptiveAvgPool2d, MaxPool2d
from costmodel.layers.structure import Dropout, Flatten
from costmodel.network import Input, Network
from costmodel.zoo._registry import network


class _Variant(NamedTuple):
    channels: tuple[int, ...]
    groups: tuple[int, ...]
    padding: int
    """Of the first convolution."""
    adaptive: bool
    """Whether an adaptive pooling to 6x6 stands before the classifier."""
    resolution: int


VARIANTS = {
    "caffe": _Variant((96, 256, 384, 384, 256), (1, 2, 1, 2, 2), 0, False, 227),
    "ungrouped": _Variant((96, 256, 384, 384, 256), (1, 1, 1, 1, 1), 0, False, 227),
    "torchvision": _Variant((64, 192, 384, 256, 256), (1, 1, 1, 1, 1), 2, True, 224),
}
"""Five convolutions of each variant."""


@network
def alexnet(variant: str = "caffe", resolution: Num | None = None, classes: Num = 1000, batch: Num = 1) -> Network:
    """AlexNet: five convolutions and three dense layers. Local response normalisation, which has no weights, is left out.

    Parameters
    ----------
    variant : str
        "caffe": conv2, 4 and 5 in two groups, as trained; "ungrouped"; "torchvision": the one-tower form.
    resolution : int or symbol, optional
        Height and width of the picture; 227, and 224 of the variant "torchvision".
    classes, batch : int or symbol
        Outputs of the classifier; pictures at once.

    Returns
    -------
    Network

    Examples
    --------
    >>> import costmodel as cm
    >>> cm.zoo.alexnet().macs, cm.zoo.alexnet("torchvision").macs
    (724406816, 714188480)

    References
    ----------
    Krizhevsky et al., ImageNet Classification with Deep Convolutional Neural Networks, 2012, Figure 2; Krizhevsky,
    arXiv:1404.5997, for the one-tower form.
    """
    if variant not in VARIANTS:
        raise UnknownNameError.of("variant", variant, VARIANTS)
    chosen = VARIANTS[variant]
    shapes = zip(chosen.channels, chosen.groups, (11, 5, 3, 3, 3), (4, 1, 1, 1, 1), (chosen.padding, 2, 1, 1, 1), strict=True)
    size = chosen.resolution if resolution is None else resolution
    x = Input((batch, 3, size, size))
    for number, (channels, groups, kernel, stride, padding) in enumerate(shapes, start=1):
        x = Conv2d(channels, kernel, stride=stride, padding=padding, groups=groups)(x, name=f"conv{number}")
        x = ReLU()(x, name=f"conv{number}/act")
        if number in (1, 2, 5):
            x = MaxPool2d(3, 2)(x, name=f"pool{number}")
    if chosen.adaptive:
        x = AdaptiveAvgPool2d(6)(x, name="pool6x6")
    x = Flatten()(x, name="flatten")
    for layer in ("fc6", "fc7"):
        x = Dropout()(ReLU()(Dense(4096)(x, name=layer), name=f"{layer}/act"), name=f"{layer}/dropout")
    return Network.of(Softmax()(Dense(classes)(x, name="fc8"), name="softmax"), "alexnet")
