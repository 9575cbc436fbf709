"""MobileNet v2: Sandler et al., arXiv:1801.04381."""

from __future__ import annotations

from costmodel._num import Num, maximum
from costmodel.blocks import classifier, inverted_residual, standard
from costmodel.formulas.rounding import make_divisible
from costmodel.layers.activation import ReLU6
from costmodel.network import Input, Network
from costmodel.zoo._arguments import multiplier
from costmodel.zoo._registry import network

BODY = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]
"""Table 2: expansion t, channels c, repeats n, stride s."""


@network
def mobilenet_v2(
    width_multiplier: Num = 1, resolution: Num = 224, classes: Num = 1000, batch: Num = 1, expand_first: bool = False
) -> Network:
    """MobileNet v2, Table 2 of the paper.

    The input of a block is added where Table 2 repeats it. The last 1x1 convolution never has fewer than 1280 channels.

    Parameters
    ----------
    width_multiplier : float or symbol
        Of the channels, which are rounded to multiples of 8.
    resolution : int or symbol
        Height and width of the picture.
    classes, batch : int or symbol
        Outputs of the classifier; pictures at once.
    expand_first : bool
        Whether the first block, of expansion 1, has its 1x1 expansion nonetheless; the paper's counts are without.

    Returns
    -------
    Network

    Examples
    --------
    >>> import costmodel as cm
    >>> cm.zoo.mobilenet_v2().macs, cm.zoo.mobilenet_v2(1.4).macs
    (300774272, 582195824)

    References
    ----------
    Sandler et al., arXiv:1801.04381, Table 2.
    """
    width = multiplier(width_multiplier)
    x = standard(Input((batch, 3, resolution, resolution)), make_divisible(32 * width), 3, 2, name="conv1", activation=ReLU6())
    for stage, (t, c, n, s) in enumerate(BODY, start=1):
        for repeat in range(1, n + 1):
            expanded = x.shape[1] * t if t > 1 or expand_first else None
            first = repeat == 1
            name = f"stage{stage}/block{repeat}"
            x = inverted_residual(x, expanded, make_divisible(c * width), 3, s if first else 1, residual=not first, name=name)
    x = standard(x, make_divisible(1280 * maximum(1, width)), 1, name="conv_last", activation=ReLU6())
    return Network.of(classifier(x, classes), "mobilenet_v2")
