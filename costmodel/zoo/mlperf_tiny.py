"""The four reference networks of MLPerf Tiny: Banbury et al., arXiv:2106.07597.

All are as the Keras code of mlcommons/tiny has them: every convolution has biases beside its batch norm.
"""

from __future__ import annotations

from costmodel._num import Num, whole
from costmodel.blocks import classifier, conv_norm_act, depthwise_separable, standard
from costmodel.layers.activation import ReLU
from costmodel.layers.elementwise import Add
from costmodel.layers.linear import Dense
from costmodel.layers.normalisation import BatchNorm
from costmodel.layers.structure import Dropout
from costmodel.network import Input, Network
from costmodel.zoo._arguments import multiplier
from costmodel.zoo._registry import network
from costmodel.zoo.mobilenet import BODY


@network
def ds_cnn_kws(channels: Num = 64, frames: Num = 49, features: Num = 10, classes: Num = 12, batch: Num = 1) -> Network:
    """Keyword spotting: a 10x4 stem and four separable blocks on 49 frames of 10 coefficients.

    Parameters
    ----------
    channels : int or symbol
        Of every convolution.
    frames, features : int or symbol
        Height and width of the input.
    classes, batch : int or symbol
        Outputs of the classifier; inputs at once.

    Returns
    -------
    Network

    Examples
    --------
    >>> import costmodel as cm
    >>> cm.zoo.ds_cnn_kws().macs
    2656768

    References
    ----------
    Banbury et al., arXiv:2106.07597, section 4; Zhang et al., arXiv:1711.07128 (DS-CNN).
    """
    x = standard(Input((batch, 1, frames, features)), channels, (10, 4), 2, name="conv1", bias=True)
    x = Dropout()(x, name="dropout1")
    for number in range(1, 5):
        x = depthwise_separable(x, channels, name=f"block{number}", bias=True)
    return Network.of(classifier(Dropout()(x, name="dropout2"), classes), "ds_cnn_kws")


@network
def mobilenet_v1_vww(width_multiplier: Num = 0.25, resolution: Num = 96, classes: Num = 2, batch: Num = 1) -> Network:
    """Visual wake words: MobileNet v1 of a quarter of the width, on pictures of 96x96.

    Parameters
    ----------
    width_multiplier : float or symbol
        alpha; channels are int(alpha * C).
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
    >>> cm.zoo.mobilenet_v1_vww().macs
    7489664

    References
    ----------
    Banbury et al., arXiv:2106.07597, section 4; Howard et al., arXiv:1704.04861, Table 1.
    """
    width = multiplier(width_multiplier)
    x = standard(Input((batch, 3, resolution, resolution)), whole(32 * width), 3, 2, name="conv1", bias=True)
    for number, (channels, stride) in enumerate(BODY, start=1):
        x = depthwise_separable(x, whole(channels * width), 3, stride, name=f"block{number}", bias=True)
    return Network.of(classifier(x, classes), "mobilenet_v1_vww")


@network
def resnet8_cifar(channels: Num = 16, resolution: Num = 32, classes: Num = 10, batch: Num = 1) -> Network:
    """Image classification: three residual blocks on CIFAR-10; the 1x1 shortcuts have no norm.

    Parameters
    ----------
    channels : int or symbol
        Of the first block; the next have two and four times as many.
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
    >>> cm.zoo.resnet8_cifar().macs
    12501632

    References
    ----------
    Banbury et al., arXiv:2106.07597, section 4; mlcommons/tiny, benchmark/training/image_classification/keras_model.py.
    """
    x = standard(Input((batch, 3, resolution, resolution)), channels, name="conv1", bias=True)
    for number, (factor, stride) in enumerate([(1, 1), (2, 2), (4, 2)], start=1):
        name = f"block{number}"
        y = standard(x, factor * channels, 3, stride, name=f"{name}/conv1", bias=True)
        y = standard(y, factor * channels, 3, name=f"{name}/conv2", bias=True, activation=None)
        if stride > 1:
            x = standard(x, factor * channels, 1, stride, name=f"{name}/shortcut", bias=True, norm=None, activation=None)
        x = ReLU()(Add()(x, y, name=f"{name}/add"), name=f"{name}/act")
    return Network.of(classifier(x, classes), "resnet8_cifar")


@network
def autoencoder_ad(inputs: Num = 640, hidden: Num = 128, code: Num = 8, batch: Num = 1) -> Network:
    """Anomaly detection: a dense autoencoder 640-128-128-128-128-8-128-128-128-128-640, batch norms between.

    Parameters
    ----------
    inputs, hidden, code : int or symbol
        Features of the input and output, of the hidden layers, and in the middle.
    batch : int or symbol
        Inputs at once.

    Returns
    -------
    Network

    Examples
    --------
    >>> import costmodel as cm
    >>> cm.zoo.autoencoder_ad().macs
    264192

    References
    ----------
    Banbury et al., arXiv:2106.07597, section 4.
    """
    x = Input((batch, inputs))
    for number, features in enumerate([hidden] * 4 + [code] + [hidden] * 4, start=1):
        x = conv_norm_act(x, Dense(features), name=f"dense{number}", norm=BatchNorm(), activation=ReLU())
    return Network.of(Dense(inputs)(x, name="dense10"), "autoencoder_ad")
