"""Inception v3: Szegedy et al., arXiv:1512.00567; Inception v4 and Inception-ResNet v2: Szegedy et al., arXiv:1602.07261.

A chain is a tuple of layers and forks; a fork is a tuple of chains side by side, whose outputs are concatenated.
"""

from __future__ import annotations

from typing import Any

from costmodel._num import Num
from costmodel.blocks import classifier, conv_norm_act
from costmodel.layers import Layer
from costmodel.layers.activation import ReLU
from costmodel.layers.conv import Conv2d
from costmodel.layers.elementwise import Add
from costmodel.layers.normalisation import BatchNorm
from costmodel.layers.pooling import AvgPool2d, MaxPool2d
from costmodel.layers.structure import Concat
from costmodel.network import Input, Network
from costmodel.zoo._registry import network

Chain = tuple[Any, ...]


def _c(channels: int, kernel: int | tuple[int, int] = 1, stride: int = 1, padding: str = "same") -> Layer:
    """A convolution; one that strides has no padding."""
    return Conv2d(channels, kernel, stride=stride, padding="valid" if stride > 1 else padding, bias=False)


_MAX, _AVG = MaxPool2d(3, 2), AvgPool2d(3, 1, padding="same")
_1x7, _7x1, _1x3, _3x1 = (1, 7), (7, 1), (1, 3), (3, 1)


def _chain(x: Any, steps: Chain, name: str, norm: Layer) -> Any:
    """The steps one after another."""
    for number, step in enumerate(steps, start=1):
        if isinstance(step, tuple):
            x = _fork(x, step, f"{name}/fork{number}", norm)
        elif isinstance(step, Conv2d):
            x = conv_norm_act(x, step, name=f"{name}/conv{number}", norm=norm, activation=ReLU())
        else:
            x = step(x, name=f"{name}/pool{number}")
    return x


def _fork(x: Any, chains: tuple[Chain, ...], name: str, norm: Layer) -> Any:
    """Chains side by side, concatenated."""
    ends = [_chain(x, steps, f"{name}/branch{number}", norm) for number, steps in enumerate(chains, start=1)]
    return Concat()(ends, name=f"{name}/concat")


STEM_V3: Chain = (_c(32, 3, 2), _c(32, 3, padding="valid"), _c(64, 3), _MAX, _c(80), _c(192, 3, padding="valid"), _MAX)


def _v3_a(pool: int) -> Chain:
    """Figure 5, with a 5x5 as in the authors' code."""
    return (_c(64),), (_c(48), _c(64, 5)), (_c(64), _c(96, 3), _c(96, 3)), (_AVG, _c(pool))


def _v3_b(n: int) -> Chain:
    """Figure 6 at n = 7, with `n` channels inside."""
    twice = (_c(n), _c(n, _7x1), _c(n, _1x7), _c(n, _7x1), _c(192, _1x7))
    return (_c(192),), (_c(n), _c(n, _1x7), _c(192, _7x1)), twice, (_AVG, _c(192))


_V3_SPLIT: Chain = ((_c(384, _1x3),), (_c(384, _3x1),))
_V3_C: Chain = ((_c(320),), (_c(384), _V3_SPLIT), (_c(448), _c(384, 3), _V3_SPLIT), (_AVG, _c(192)))  # Figure 7
V3: dict[str, Chain] = {
    "5b": _v3_a(32),
    "5c": _v3_a(64),
    "5d": _v3_a(64),
    "6a": ((_c(384, 3, 2),), (_c(64), _c(96, 3), _c(96, 3, 2)), (_MAX,)),
    "6b": _v3_b(128),
    "6c": _v3_b(160),
    "6d": _v3_b(160),
    "6e": _v3_b(192),
    "7a": ((_c(192), _c(320, 3, 2)), (_c(192), _c(192, _1x7), _c(192, _7x1), _c(192, 3, 2)), (_MAX,)),
    "7b": _V3_C,
    "7c": _V3_C,
}
"""Table 1 of arXiv:1512.00567, its modules named as in the authors' code."""


STEM_V4: Chain = (  # Figure 3
    _c(32, 3, 2),
    _c(32, 3, padding="valid"),
    _c(64, 3),
    ((_MAX,), (_c(96, 3, 2),)),
    ((_c(64), _c(96, 3, padding="valid")), (_c(64), _c(64, _1x7), _c(64, _7x1), _c(96, 3, padding="valid"))),
    ((_c(192, 3, 2),), (_MAX,)),
)
_V4_A: Chain = ((_c(96),), (_c(64), _c(96, 3)), (_c(64), _c(96, 3), _c(96, 3)), (_AVG, _c(96)))  # Figure 4
_V4_B: Chain = (  # Figure 5
    (_c(384),),
    (_c(192), _c(224, _1x7), _c(256, _7x1)),
    (_c(192), _c(192, _7x1), _c(224, _1x7), _c(224, _7x1), _c(256, _1x7)),
    (_AVG, _c(128)),
)
_V4_SPLIT: Chain = ((_c(256, _1x3),), (_c(256, _3x1),))
_V4_C: Chain = (  # Figure 6
    (_c(256),),
    (_c(384), _V4_SPLIT),
    (_c(384), _c(448, _3x1), _c(512, _1x3), _V4_SPLIT),
    (_AVG, _c(256)),
)
V4: dict[str, Chain] = {
    **{f"a{number}": _V4_A for number in range(1, 5)},
    "reduction_a": ((_c(384, 3, 2),), (_c(192), _c(224, 3), _c(256, 3, 2)), (_MAX,)),  # Figure 7
    **{f"b{number}": _V4_B for number in range(1, 8)},
    "reduction_b": ((_c(192), _c(192, 3, 2)), (_c(256), _c(256, _1x7), _c(320, _7x1), _c(320, 3, 2)), (_MAX,)),  # Figure 8
    **{f"c{number}": _V4_C for number in range(1, 4)},
}
"""Figure 9 of arXiv:1602.07261."""


RESNET_V2: list[tuple[str, Chain, int, Chain]] = [
    (
        "mixed_a",
        ((_c(96),), (_c(48), _c(64, 5)), (_c(64), _c(96, 3), _c(96, 3)), (_AVG, _c(64))),
        10,
        ((_c(32),), (_c(32), _c(32, 3)), (_c(32), _c(48, 3), _c(64, 3))),  # Figure 16
    ),
    (
        "reduction_a",
        ((_c(384, 3, 2),), (_c(256), _c(256, 3), _c(384, 3, 2)), (_MAX,)),  # Figure 7
        20,
        ((_c(192),), (_c(128), _c(160, _1x7), _c(192, _7x1))),  # Figure 17
    ),
    (
        "reduction_b",
        ((_c(256), _c(384, 3, 2)), (_c(256), _c(288, 3, 2)), (_c(256), _c(288, 3), _c(320, 3, 2)), (_MAX,)),  # Figure 18
        10,
        ((_c(192),), (_c(192), _c(224, _1x3), _c(256, _3x1))),  # Figure 19
    ),
]
"""Figure 15 of arXiv:1602.07261 in the authors' code: a module, then that many residual blocks of the last column."""


@network
def inception_v3(resolution: Num = 299, classes: Num = 1000, batch: Num = 1, scale: bool = True) -> Network:
    """Inception v3 without its auxiliary classifier, as in torchvision and Keras.

    Parameters
    ----------
    resolution : int or symbol
        Height and width of the picture.
    classes, batch : int or symbol
        Outputs of the classifier; pictures at once.
    scale : bool
        Whether norms have a gain: so in torchvision, not in the authors' code and Keras, whose 23,851,784 parameters are all
        without gains.

    Returns
    -------
    Network

    Examples
    --------
    >>> import costmodel as cm
    >>> cm.zoo.inception_v3().macs, cm.zoo.inception_v3(scale=False).parameters["all"]
    (5713216096, 23851784)

    References
    ----------
    Szegedy et al., Rethinking the Inception Architecture for Computer Vision, arXiv:1512.00567, Table 1 and Figures 5 to 7, 10.
    """
    norm = BatchNorm(scale=scale)
    x = _chain(Input((batch, 3, resolution, resolution)), STEM_V3, "stem", norm)
    for name, chains in V3.items():
        x = _fork(x, chains, f"mixed_{name}", norm)
    return Network.of(classifier(x, classes), "inception_v3")


@network
def inception_v4(resolution: Num = 299, classes: Num = 1000, batch: Num = 1, scale: bool = True) -> Network:
    """Inception v4, without auxiliary classifier.

    Parameters
    ----------
    resolution : int or symbol
        Height and width of the picture.
    classes, batch : int or symbol
        Outputs of the classifier; pictures at once.
    scale : bool
        Whether norms have a gain: so in PyTorch, not in the authors' code.

    Returns
    -------
    Network

    Examples
    --------
    >>> import costmodel as cm
    >>> cm.zoo.inception_v4().macs, cm.zoo.inception_v4().parameters["trainable"]
    (12253974624, 42679816)

    References
    ----------
    Szegedy et al., Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning, arXiv:1602.07261, Figures 3 to 9.
    """
    norm = BatchNorm(scale=scale)
    x = _chain(Input((batch, 3, resolution, resolution)), STEM_V4, "stem", norm)
    for name, chains in V4.items():
        x = _fork(x, chains, name, norm)
    return Network.of(classifier(x, classes), "inception_v4")


def _residual(x: Any, chains: tuple[Chain, ...], name: str, norm: Layer, *, activate: bool) -> Any:
    """A fork, a 1x1 convolution with biases to the channels of the input, and their sum."""
    y = Conv2d(x.shape[1], 1)(_fork(x, chains, name, norm), name=f"{name}/up")
    x = Add()(x, y, name=f"{name}/add")
    return ReLU()(x, name=f"{name}/act") if activate else x


@network
def inception_resnet_v2(resolution: Num = 299, classes: Num = 1000, batch: Num = 1, scale: bool = True) -> Network:
    """Inception-ResNet v2 in the shapes of the authors' code and Keras, without auxiliary classifier.

    The code differs from the paper's figures: the stem is that of Inception v3, and the residual blocks are of 320, 1088 and 2080
    channels. The constant that scales a residual is taken as folded into its last convolution.

    Parameters
    ----------
    resolution : int or symbol
        Height and width of the picture.
    classes, batch : int or symbol
        Outputs of the classifier; pictures at once.
    scale : bool
        Whether norms have a gain: so in PyTorch, not in the authors' code and Keras, whose 55,873,736 parameters are all
        without gains.

    Returns
    -------
    Network

    Examples
    --------
    >>> import costmodel as cm
    >>> cm.zoo.inception_resnet_v2().macs, cm.zoo.inception_resnet_v2(scale=False).parameters["all"]
    (13155794016, 55873736)

    References
    ----------
    Szegedy et al., arXiv:1602.07261, Figures 15 to 19; tensorflow/models, research/slim/nets/inception_resnet_v2.py.
    """
    norm = BatchNorm(scale=scale)
    x = _chain(Input((batch, 3, resolution, resolution)), STEM_V3, "stem", norm)
    for stage, (name, chains, repeats, block) in enumerate(RESNET_V2, start=1):
        x = _fork(x, chains, name, norm)
        for number in range(1, repeats + 1):
            last = stage == len(RESNET_V2) and number == repeats
            x = _residual(x, block, f"stage{stage}/block{number}", norm, activate=not last)
    x = conv_norm_act(x, _c(1536), name="conv7", norm=norm, activation=ReLU())
    return Network.of(classifier(x, classes), "inception_resnet_v2")
