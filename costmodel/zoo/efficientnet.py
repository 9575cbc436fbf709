"""EfficientNet: Tan and Le, arXiv:1905.11946, and its Lite variant."""

from __future__ import annotations

from costmodel._num import Num, floor_div
from costmodel.blocks import classifier, inverted_residual, standard
from costmodel.layers.activation import ReLU6, SiLU
from costmodel.layers.base import Layer
from costmodel.network import Input, Network
from costmodel.zoo._registry import network

B0 = [
    (1, 3, 16, 1, 1),
    (6, 3, 24, 2, 2),
    (6, 5, 40, 2, 2),
    (6, 3, 80, 3, 2),
    (6, 5, 112, 3, 1),
    (6, 5, 192, 4, 2),
    (6, 3, 320, 1, 1),
]
"""Table 1, stages 2 to 8: expansion, kernel, channels, layers, stride."""


def _efficientnet(name: str, activation: Layer, squeeze: bool, resolution: Num, classes: Num, batch: Num) -> Network:
    """A 3x3 stem of 32 channels, the stages, a 1x1 convolution to 1280 channels, a classifier."""
    x = standard(Input((batch, 3, resolution, resolution)), 32, 3, 2, name="conv1", activation=activation)
    for stage, (t, kernel, channels, layers, stride) in enumerate(B0, start=2):
        for layer in range(1, layers + 1):
            before = x.shape[1]
            x = inverted_residual(
                x,
                before * t if t > 1 else None,
                channels,
                kernel,
                stride if layer == 1 else 1,
                residual=layer > 1,
                squeezed=floor_div(before, 4) if squeeze else None,
                name=f"stage{stage}/block{layer}",
                activation=activation,
                squeeze_activation=activation,
            )
    x = standard(x, 1280, 1, name="conv_last", activation=activation)
    return Network.of(classifier(x, classes), name)


@network
def efficientnet_b0(resolution: Num = 224, classes: Num = 1000, batch: Num = 1) -> Network:
    """EfficientNet-B0, Table 1 of the paper.

    Squeeze-and-excite has a quarter of the channels of its block's input.

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
    >>> cm.zoo.efficientnet_b0().macs
    385814752

    References
    ----------
    Tan and Le, arXiv:1905.11946, Table 1.
    """
    return _efficientnet("efficientnet_b0", SiLU(), True, resolution, classes, batch)


@network
def efficientnet_lite0(resolution: Num = 224, classes: Num = 1000, batch: Num = 1) -> Network:
    """EfficientNet-Lite0: B0 without squeeze-and-excite, with ReLU6.

    Parameters
    ----------
    resolution, classes, batch
        As of `efficientnet_b0`.

    Returns
    -------
    Network

    Examples
    --------
    >>> import costmodel as cm
    >>> cm.zoo.efficientnet_lite0().macs
    385187552

    References
    ----------
    Tan and Le, arXiv:1905.11946, Table 1; tensorflow/tpu, models/official/efficientnet/lite/README.md.
    """
    return _efficientnet("efficientnet_lite0", ReLU6(), False, resolution, classes, batch)
