"""ResNet: He et al., arXiv:1512.03385, for ImageNet (Table 1) and CIFAR-10 (section 4.2)."""

from __future__ import annotations

from functools import partial
from typing import Any

from costmodel._num import Num
from costmodel.blocks import classifier, standard
from costmodel.errors import UnknownNameError
from costmodel.layers.activation import ReLU
from costmodel.layers.elementwise import Add
from costmodel.layers.pooling import MaxPool2d
from costmodel.layers.structure import Pad
from costmodel.network import Input, Network
from costmodel.zoo._registry import network

REPEATS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
"""Table 1: blocks of conv2_x to conv5_x, whose 3x3 convolutions have 64, 128, 256 and 512 channels."""
STRIDES = {"v1": (2, 1), "v1.5": (1, 2)}
"""Of the first 1x1 and of the 3x3 convolution where a bottleneck halves the map."""
SHORTCUTS = ("projection", "identity")


def _shortcut(x: Any, channels: int, stride: int, shortcut: str, name: str) -> Any:
    """The input of a block in the shape of its output: itself, a 1x1 convolution, or every other row with zero channels."""
    before = x.shape[1]
    if before == channels and stride == 1:
        return x
    if shortcut == "projection":
        return standard(x, channels, 1, stride, name=f"{name}/shortcut", activation=None)
    if stride > 1:
        x = MaxPool2d(1, stride)(x, name=f"{name}/subsample")
    return Pad(((0, 0), (0, channels - before), (0, 0), (0, 0)))(x, name=f"{name}/zeros")


def _join(x: Any, y: Any, name: str) -> Any:
    return ReLU()(Add()(x, y, name=f"{name}/add"), name=f"{name}/act")


def _basic(x: Any, channels: int, stride: int, shortcut: str, name: str) -> Any:
    """Two 3x3 convolutions."""
    y = standard(x, channels, 3, stride, name=f"{name}/conv1")
    y = standard(y, channels, 3, name=f"{name}/conv2", activation=None)
    return _join(_shortcut(x, channels, stride, shortcut, name), y, name)


def _bottleneck(x: Any, channels: int, stride: int, shortcut: str, name: str, strides: tuple[int, int]) -> Any:
    """1x1, 3x3, and 1x1 to four times the channels."""
    first, second = strides if stride == 2 else (1, 1)
    y = standard(x, channels, 1, first, name=f"{name}/conv1")
    y = standard(y, channels, 3, second, name=f"{name}/conv2")
    y = standard(y, 4 * channels, 1, name=f"{name}/conv3", activation=None)
    return _join(_shortcut(x, 4 * channels, stride, shortcut, name), y, name)


def _stages(x: Any, repeats: tuple[int, ...], channels: int, shortcut: str, version: str | None = None) -> Any:
    """Stages of blocks; each after the first halves the map and doubles the channels. `version` of bottlenecks alone."""
    if shortcut not in SHORTCUTS:
        raise UnknownNameError.of("shortcut", shortcut, SHORTCUTS)
    if version is not None and version not in STRIDES:
        raise UnknownNameError.of("version", version, STRIDES)
    build = _basic if version is None else partial(_bottleneck, strides=STRIDES[version])
    for stage, count in enumerate(repeats):
        for block in range(count):
            width, stride, name = channels << stage, 2 if stage and not block else 1, f"stage{stage + 1}/block{block + 1}"
            x = build(x, width, stride, shortcut, name)
    return x


def _imagenet(depth: int, resolution: Num, classes: Num, batch: Num, shortcut: str, version: str | None = None) -> Network:
    """Table 1: a 7x7 stem, max pooling, four stages, a classifier."""
    x = standard(Input((batch, 3, resolution, resolution)), 64, 7, 2, name="conv1")
    x = MaxPool2d(3, 2, "same")(x, name="pool1")
    return Network.of(classifier(_stages(x, REPEATS[depth], 64, shortcut, version), classes), f"resnet{depth}")


def _cifar(depth: int, resolution: Num, classes: Num, batch: Num, shortcut: str) -> Network:
    """Section 4.2: a 3x3 stem, three stages of n blocks with 16, 32 and 64 channels; 6n + 2 layers with weights."""
    x = standard(Input((batch, 3, resolution, resolution)), 16, 3, name="conv1")
    return Network.of(classifier(_stages(x, ((depth - 2) // 6,) * 3, 16, shortcut), classes), f"resnet{depth}_cifar")


@network
def resnet18(resolution: Num = 224, classes: Num = 1000, batch: Num = 1, shortcut: str = "projection") -> Network:
    """ResNet-18, Table 1 of the paper.

    Parameters
    ----------
    resolution : int or symbol
        Height and width of the picture.
    classes, batch : int or symbol
        Outputs of the classifier; pictures at once.
    shortcut : "projection" or "identity"
        Where a block changes the shape: a 1x1 convolution (option B of the paper), or zero channels added to every other row
        (option A), here a pooling of one row and a padding.

    Returns
    -------
    Network

    Examples
    --------
    >>> import costmodel as cm
    >>> cm.zoo.resnet18().macs
    1814073344

    References
    ----------
    He et al., arXiv:1512.03385, Table 1.
    """
    return _imagenet(18, resolution, classes, batch, shortcut)


@network
def resnet34(resolution: Num = 224, classes: Num = 1000, batch: Num = 1, shortcut: str = "projection") -> Network:
    """ResNet-34, Table 1 of the paper.

    Parameters
    ----------
    resolution, classes, batch, shortcut
        As of `resnet18`.

    Returns
    -------
    Network

    Examples
    --------
    >>> import costmodel as cm
    >>> cm.zoo.resnet34().macs
    3663761408

    References
    ----------
    He et al., arXiv:1512.03385, Table 1.
    """
    return _imagenet(34, resolution, classes, batch, shortcut)


@network
def resnet50(resolution: Num = 224, classes: Num = 1000, batch: Num = 1, version: str = "v1", shortcut: str = "projection") -> Network:
    """ResNet-50, Table 1 of the paper.

    Parameters
    ----------
    resolution : int or symbol
        Height and width of the picture.
    classes, batch : int or symbol
        Outputs of the classifier; pictures at once.
    version : "v1" or "v1.5"
        Which convolution of a bottleneck halves the map: the first 1x1 (the paper, Caffe, Keras) or the 3x3 (torchvision, MLPerf).
    shortcut : "projection" or "identity"
        Where a block changes the shape: a 1x1 convolution (option B of the paper), or zero channels added to every other row
        (option A), here a pooling of one row and a padding.

    Returns
    -------
    Network

    Examples
    --------
    >>> import costmodel as cm
    >>> cm.zoo.resnet50().macs, cm.zoo.resnet50(version="v1.5").macs
    (3857973248, 4089184256)

    References
    ----------
    He et al., arXiv:1512.03385, Table 1.
    """
    return _imagenet(50, resolution, classes, batch, shortcut, version)


@network
def resnet101(resolution: Num = 224, classes: Num = 1000, batch: Num = 1, version: str = "v1", shortcut: str = "projection") -> Network:
    """ResNet-101, Table 1 of the paper.

    Parameters
    ----------
    resolution, classes, batch, version, shortcut
        As of `resnet50`.

    Returns
    -------
    Network

    Examples
    --------
    >>> import costmodel as cm
    >>> cm.zoo.resnet101().macs, cm.zoo.resnet101(version="v1.5").macs
    (7570194432, 7801405440)

    References
    ----------
    He et al., arXiv:1512.03385, Table 1.
    """
    return _imagenet(101, resolution, classes, batch, shortcut, version)


@network
def resnet152(resolution: Num = 224, classes: Num = 1000, batch: Num = 1, version: str = "v1", shortcut: str = "projection") -> Network:
    """ResNet-152, Table 1 of the paper.

    Parameters
    ----------
    resolution, classes, batch, version, shortcut
        As of `resnet50`.

    Returns
    -------
    Network

    Examples
    --------
    >>> import costmodel as cm
    >>> cm.zoo.resnet152().macs, cm.zoo.resnet152(version="v1.5").macs
    (11282415616, 11513626624)

    References
    ----------
    He et al., arXiv:1512.03385, Table 1.
    """
    return _imagenet(152, resolution, classes, batch, shortcut, version)


@network
def resnet20_cifar(resolution: Num = 32, classes: Num = 10, batch: Num = 1, shortcut: str = "identity") -> Network:
    """ResNet-20 for CIFAR-10, section 4.2 of the paper.

    Parameters
    ----------
    resolution : int or symbol
        Height and width of the picture.
    classes, batch : int or symbol
        Outputs of the classifier; pictures at once.
    shortcut : "identity" or "projection"
        Where a block changes the shape: zero channels added to every other row (option A of the paper), here a pooling of one
        row and a padding, or a 1x1 convolution (option B).

    Returns
    -------
    Network

    Examples
    --------
    >>> import costmodel as cm
    >>> cm.zoo.resnet20_cifar().macs, cm.zoo.resnet20_cifar(shortcut="projection").macs
    (40551040, 40813184)

    References
    ----------
    He et al., arXiv:1512.03385, section 4.2 and Table 6.
    """
    return _cifar(20, resolution, classes, batch, shortcut)


@network
def resnet32_cifar(resolution: Num = 32, classes: Num = 10, batch: Num = 1, shortcut: str = "identity") -> Network:
    """ResNet-32 for CIFAR-10, section 4.2 of the paper.

    Parameters
    ----------
    resolution, classes, batch, shortcut
        As of `resnet20_cifar`.

    Returns
    -------
    Network

    Examples
    --------
    >>> import costmodel as cm
    >>> cm.zoo.resnet32_cifar().macs
    68862592

    References
    ----------
    He et al., arXiv:1512.03385, section 4.2 and Table 6.
    """
    return _cifar(32, resolution, classes, batch, shortcut)


@network
def resnet44_cifar(resolution: Num = 32, classes: Num = 10, batch: Num = 1, shortcut: str = "identity") -> Network:
    """ResNet-44 for CIFAR-10, section 4.2 of the paper.

    Parameters
    ----------
    resolution, classes, batch, shortcut
        As of `resnet20_cifar`.

    Returns
    -------
    Network

    Examples
    --------
    >>> import costmodel as cm
    >>> cm.zoo.resnet44_cifar().macs
    97174144

    References
    ----------
    He et al., arXiv:1512.03385, section 4.2 and Table 6.
    """
    return _cifar(44, resolution, classes, batch, shortcut)


@network
def resnet56_cifar(resolution: Num = 32, classes: Num = 10, batch: Num = 1, shortcut: str = "identity") -> Network:
    """ResNet-56 for CIFAR-10, section 4.2 of the paper.

    Parameters
    ----------
    resolution, classes, batch, shortcut
        As of `resnet20_cifar`.

    Returns
    -------
    Network

    Examples
    --------
    >>> import costmodel as cm
    >>> cm.zoo.resnet56_cifar().macs
    125485696

    References
    ----------
    He et al., arXiv:1512.03385, section 4.2 and Table 6.
    """
    return _cifar(56, resolution, classes, batch, shortcut)


@network
def resnet110_cifar(resolution: Num = 32, classes: Num = 10, batch: Num = 1, shortcut: str = "identity") -> Network:
    """ResNet-110 for CIFAR-10, section 4.2 of the paper.

    Parameters
    ----------
    resolution, classes, batch, shortcut
        As of `resnet20_cifar`.

    Returns
    -------
    Network

    Examples
    --------
    >>> import costmodel as cm
    >>> cm.zoo.resnet110_cifar().macs
    252887680

    References
    ----------
    He et al., arXiv:1512.03385, section 4.2 and Table 6.
    """
    return _cifar(110, resolution, classes, batch, shortcut)
