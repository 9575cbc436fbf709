"""LeNet: LeCun et al., "Gradient-Based Learning Applied to Document Recognition", 1998, and the variants of later papers."""

from __future__ import annotations

from typing import Any

from costmodel._num import Num
from costmodel.blocks import standard
from costmodel.layers.activation import ReLU, Softmax, Tanh
from costmodel.layers.conv import Conv2d, DepthwiseConv2d
from costmodel.layers.linear import Dense, MatMul
from costmodel.layers.pooling import AvgPool2d, MaxPool2d
from costmodel.layers.structure import Concat, Flatten
from costmodel.network import Input, Network
from costmodel.zoo._registry import network

C3 = [
    *[(i, (i + 1) % 6, (i + 2) % 6) for i in range(6)],
    *[(i, (i + 1) % 6, (i + 2) % 6, (i + 3) % 6) for i in range(6)],
    *[(i, i + 1, (i + 3) % 6, (i + 4) % 6) for i in range(3)],
    (0, 1, 2, 3, 4, 5),
]
"""Table I: the maps of S2 that each of the 16 maps of C3 reads."""


def _dense(x: Any, features: Num, name: str) -> Any:
    return ReLU()(Dense(features)(x, name=name), name=f"{name}/act")


@network
def lenet_300_100(inputs: Num = 784, classes: Num = 10, batch: Num = 1) -> Network:
    """LeNet-300-100: two hidden dense layers.

    Parameters
    ----------
    inputs : int or symbol
        Pixels of the picture.
    classes, batch : int or symbol
        Outputs of the classifier; pictures at once.

    Returns
    -------
    Network

    Examples
    --------
    >>> import costmodel as cm
    >>> cm.zoo.lenet_300_100().macs      # 784*300 + 300*100 + 100*10
    266200

    References
    ----------
    LeCun et al., 1998, section III; Han et al., arXiv:1506.02626, Table 1.
    """
    x = _dense(_dense(Input((batch, inputs)), 300, "fc1"), 100, "fc2")
    return Network.of(Softmax()(Dense(classes)(x, name="fc3"), name="softmax"), "lenet_300_100")


@network
def lenet_5_caffe(resolution: Num = 28, classes: Num = 10, batch: Num = 1) -> Network:
    """LeNet-5 as Caffe has it: maximum pooling, ReLU, full connections.

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
    >>> cm.zoo.lenet_5_caffe().parameters["trainable"]
    431080

    References
    ----------
    Caffe, examples/mnist/lenet.prototxt; Han et al., arXiv:1506.02626, Table 3.
    """
    x = Input((batch, 1, resolution, resolution))
    for number, channels in enumerate((20, 50), start=1):
        x = standard(x, channels, 5, name=f"conv{number}", padding="valid", norm=None, activation=None, bias=True)
        x = MaxPool2d(2, 2)(x, name=f"pool{number}")
    x = _dense(Flatten()(x, name="flatten"), 500, "fc1")
    return Network.of(Softmax()(Dense(classes)(x, name="fc2"), name="softmax"), "lenet_5_caffe")


def _subsample(x: Any, name: str) -> Any:
    """The average of 2x2, times a coefficient, plus a bias."""
    x = DepthwiseConv2d(1)(AvgPool2d(2, 2)(x, name=f"{name}/average"), name=name)
    return Tanh()(x, name=f"{name}/act")


@network
def lenet_5_1998(classes: Num = 10, batch: Num = 1, full_c3: bool = False) -> Network:
    """LeNet-5 of 1998, on pictures of 32x32: 60,000 trainable parameters.

    A map of C3 reads some maps of S2 alone. So the maps of C1, S2 and C3 are layers of their own here, with the counts of the
    paper and the traffic of the concatenations between. Subsampling coefficients are 1x1 depthwise convolutions. The output
    units compare the 84 features to fixed codes, which are an input of the network and no parameters.

    Parameters
    ----------
    classes, batch : int or symbol
        Output units; pictures at once.
    full_c3 : bool
        Whether each map of C3 reads all maps of S2, in one convolution, as in most implementations: 900 weights more.

    Returns
    -------
    Network

    Examples
    --------
    >>> import costmodel as cm
    >>> cm.zoo.lenet_5_1998().parameters["trainable"]
    60000

    References
    ----------
    LeCun et al., 1998, section II-B and Table I.
    """
    picture, codes = Input((batch, 1, 32, 32)), Input((84, classes), name="codes")

    def convolved(x: Any, channels: int, name: str) -> Any:
        return Tanh()(Conv2d(channels, 5, padding="valid")(x, name=name), name=f"{name}/act")

    if full_c3:
        x = convolved(_subsample(convolved(picture, 6, "C1"), "S2"), 16, "C3")
    else:
        s2 = [_subsample(convolved(picture, 1, f"C1/map{i}"), f"S2/map{i}") for i in range(6)]
        c3 = [convolved(Concat()([s2[i] for i in read], name=f"C3/read{j}"), 1, f"C3/map{j}") for j, read in enumerate(C3)]
        x = Concat()(c3, name="C3")
    x = convolved(_subsample(x, "S4"), 120, "C5")
    x = Tanh()(Dense(84)(Flatten()(x, name="flatten"), name="F6"), name="F6/act")
    return Network.of(MatMul()(x, codes, name="output"), "lenet_5_1998")
