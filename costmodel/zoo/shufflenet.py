"""ShuffleNet: Zhang et al., arXiv:1707.01083."""

from __future__ import annotations

from typing import Any

from costmodel._num import Num, floor_div, whole
from costmodel.blocks import classifier, conv_norm_act, standard
from costmodel.errors import UnknownNameError
from costmodel.layers.activation import ReLU
from costmodel.layers.conv import Conv2d, DepthwiseConv2d
from costmodel.layers.elementwise import Add
from costmodel.layers.normalisation import BatchNorm
from costmodel.layers.pooling import AvgPool2d, MaxPool2d
from costmodel.layers.structure import ChannelShuffle, Concat
from costmodel.network import Input, Network
from costmodel.zoo._arguments import multiplier
from costmodel.zoo._registry import network

CHANNELS = {1: 144, 2: 200, 3: 240, 4: 272, 8: 384}
"""Table 1: output channels of stage 2 for each number of groups; stages 3 and 4 have two and four times as many."""
REPEATS = (4, 8, 4)
"""Table 1: units of stages 2, 3 and 4, of which the first has stride 2."""


def _unit(x: Any, channels: Num, groups: int, first_groups: int, stride: int, name: str) -> Any:
    """Figure 2: 1x1 to a quarter of the channels, shuffle, 3x3 depthwise, 1x1; added to the input, or beside its average."""
    out = channels if stride == 1 else channels - x.shape[1]
    bottleneck = Conv2d(floor_div(channels, 4), 1, groups=first_groups, bias=False)
    y = conv_norm_act(x, bottleneck, name=f"{name}/reduce", norm=BatchNorm(), activation=ReLU())
    if first_groups > 1:
        y = ChannelShuffle(groups)(y, name=f"{name}/shuffle")
    y = conv_norm_act(y, DepthwiseConv2d(3, stride=stride, bias=False), name=f"{name}/dw", norm=BatchNorm(), activation=None)
    y = conv_norm_act(y, Conv2d(out, 1, groups=groups, bias=False), name=f"{name}/expand", norm=BatchNorm(), activation=None)
    if stride == 1:
        y = Add()(x, y, name=f"{name}/add")
    else:
        y = Concat()(AvgPool2d(3, stride, "same")(x, name=f"{name}/pool"), y, name=f"{name}/concat")
    return ReLU()(y, name=f"{name}/act")


@network
def shufflenet_v1(
    groups: int = 3, scale: Num = 1, resolution: Num = 224, classes: Num = 1000, batch: Num = 1, stem_channels: Num = 24
) -> Network:
    """ShuffleNet v1, Table 1 of the paper.

    The first 1x1 convolution of stage 2 is not grouped. Table 1 of the paper counts without the classifier, Table 5 with it.

    Parameters
    ----------
    groups : 1, 2, 3, 4 or 8
        g, of the 1x1 convolutions.
    scale : float or symbol
        s, of the stages' channels.
    resolution : int or symbol
        Height and width of the picture.
    classes, batch : int or symbol
        Outputs of the classifier; pictures at once.
    stem_channels : int or symbol
        Of the first convolution; the authors have 24 at scales 1 and 1.5, 48 at scale 2.

    Returns
    -------
    Network

    Examples
    --------
    >>> import costmodel as cm
    >>> cm.zoo.shufflenet_v1().macs
    137460672
    >>> cm.zoo.shufflenet_v1(scale=2, stem_channels=48).macs
    524045184

    References
    ----------
    Zhang et al., arXiv:1707.01083, Table 1 and Figure 2.
    """
    if groups not in CHANNELS:
        raise UnknownNameError.of("number of groups", groups, map(str, CHANNELS))
    scale = multiplier(scale, "scale")
    x = standard(Input((batch, 3, resolution, resolution)), stem_channels, 3, 2, name="conv1")
    x = MaxPool2d(3, 2, "same")(x, name="pool1")
    for stage, repeats in enumerate(REPEATS, start=2):
        for unit in range(1, repeats + 1):
            channels = whole(CHANNELS[groups] * 2 ** (stage - 2) * scale)
            plain = stage == 2 and unit == 1
            x = _unit(x, channels, groups, 1 if plain else groups, 2 if unit == 1 else 1, f"stage{stage}/unit{unit}")
    return Network.of(classifier(x, classes), "shufflenet_v1")
