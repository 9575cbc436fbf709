"""Network in Network: Lin et al., arXiv:1312.4400."""

from __future__ import annotations

from costmodel._num import Num
from costmodel.blocks import standard
from costmodel.layers.activation import Softmax
from costmodel.layers.base import Layer
from costmodel.layers.pooling import AvgPool2d, GlobalAvgPool, MaxPool2d
from costmodel.layers.structure import Dropout, Flatten
from costmodel.network import Input, Network
from costmodel.zoo._registry import network

Block = tuple[tuple[int, int, int, int], int, int | None, Layer | None]

IMAGENET: list[Block] = [
    ((96, 11, 4, 0), 96, 96, MaxPool2d(3, 2, ceil_mode=True)),
    ((256, 5, 1, 2), 256, 256, MaxPool2d(3, 2, ceil_mode=True)),
    ((384, 3, 1, 1), 384, 384, MaxPool2d(3, 2, ceil_mode=True)),
    ((1024, 3, 1, 1), 1024, None, None),
]
"""For each block its convolution (channels, kernel, stride, padding), the channels of its two 1x1 layers, its pooling.
None stands for the classes and for the global average."""
CIFAR10: list[Block] = [
    ((192, 5, 1, 2), 160, 96, MaxPool2d(3, 2, ceil_mode=True)),
    ((192, 5, 1, 2), 192, 192, AvgPool2d(3, 2, ceil_mode=True)),
    ((192, 3, 1, 1), 192, None, None),
]


def _nin(name: str, blocks: list[Block], resolution: Num, classes: Num, batch: Num) -> Network:
    """Blocks of a convolution and two 1x1 layers, all with biases and ReLU; the global average is the classifier."""
    x = Input((batch, 3, resolution, resolution))
    for number, ((channels, kernel, stride, padding), first, second, pool) in enumerate(blocks, start=1):
        block = f"block{number}"
        x = standard(x, channels, kernel, stride, name=f"{block}/conv", padding=padding, norm=None, bias=True)
        x = standard(x, first, 1, name=f"{block}/cccp1", norm=None, bias=True)
        x = standard(x, second or classes, 1, name=f"{block}/cccp2", norm=None, bias=True)
        if pool is not None:
            x = Dropout()(pool(x, name=f"{block}/pool"), name=f"{block}/dropout")
    x = Flatten()(GlobalAvgPool()(x, name="pool"), name="flatten")
    return Network.of(Softmax()(x, name="softmax"), name)


@network
def nin_imagenet(resolution: Num = 224, classes: Num = 1000, batch: Num = 1) -> Network:
    """Network in Network for ImageNet, the model of the Caffe zoo.

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
    >>> cm.zoo.nin_imagenet().parameters["trainable"]
    7595176

    References
    ----------
    Lin et al., arXiv:1312.4400; mavenlin's model of the Caffe zoo.
    """
    return _nin("nin_imagenet", IMAGENET, resolution, classes, batch)


@network
def nin_cifar10(resolution: Num = 32, classes: Num = 10, batch: Num = 1) -> Network:
    """Network in Network for CIFAR-10.

    Parameters
    ----------
    resolution, classes, batch
        As of `nin_imagenet`.

    Returns
    -------
    Network

    Examples
    --------
    >>> import costmodel as cm
    >>> cm.zoo.nin_cifar10().macs
    222486528

    References
    ----------
    Lin et al., arXiv:1312.4400; mavenlin's model of the Caffe zoo.
    """
    return _nin("nin_cifar10", CIFAR10, resolution, classes, batch)
