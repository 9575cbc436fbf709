"""MobileNet: Howard et al., arXiv:1704.04861, and the CIFAR-10 variant of Pardhi."""

from __future__ import annotations

from costmodel._num import Num, whole
from costmodel.blocks import Block, classifier, depthwise_separable, standard
from costmodel.errors import UnknownNameError
from costmodel.network import Input, Network
from costmodel.zoo._arguments import multiplier
from costmodel.zoo._registry import network

BODY = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1)]
"""Table 1: channels and stride of the separable blocks."""
VARIANTS: dict[str, tuple[Block, list[tuple[int, int]]]] = {
    "separable": (depthwise_separable, BODY),
    "full": (standard, BODY),
    "shallow": (depthwise_separable, BODY[:6] + BODY[11:]),
}
"""The block and the body of each variant."""


def _mobilenet(
    name: str, input_shape: tuple[Num, ...], body: list[tuple[int, int]], width: Num, classes: Num, block: Block = depthwise_separable
) -> Network:
    """A 3x3 stem of 32 channels, blocks (channels, stride), global average, classifier."""
    x = standard(Input(input_shape), whole(32 * width), 3, 2, name="conv1")
    for number, (channels, stride) in enumerate(body, start=1):
        x = block(x, whole(channels * width), 3, stride, name=f"block{number}")
    return Network.of(classifier(x, classes), name)


@network
def mobilenet_v1(
    width_multiplier: Num = 1, resolution: Num = 224, classes: Num = 1000, batch: Num = 1, variant: str = "separable"
) -> Network:
    """MobileNet v1, Table 1 of the paper.

    The last depthwise layer has stride 1: its printed "s2" contradicts the 7x7 map that follows.

    Parameters
    ----------
    width_multiplier : float or symbol
        alpha; channels are int(alpha * C).
    resolution : int or symbol
        Height and width of the picture.
    classes, batch : int or symbol
        Outputs of the classifier; pictures at once.
    variant : "separable", "full" or "shallow"
        "full" has a standard 3x3 convolution for every separable block (Table 4: 4866 M without the classifier, 29.3 M);
        "shallow" leaves out the five 14x14x512 blocks (Table 5: 307 M, 2.9 M).

    Returns
    -------
    Network

    Examples
    --------
    >>> import costmodel as cm
    >>> cm.zoo.mobilenet_v1().macs
    568740352
    >>> alpha, R = cm.symbols("alpha", multiple_of="1/32"), cm.symbols("R", multiple_of=32)
    >>> cm.zoo.mobilenet_v1(alpha, R).macs.expand()
    10752*R**2*alpha**2 + 1125*R**2*alpha/2 + 1024000*alpha

    References
    ----------
    Howard et al., arXiv:1704.04861, Tables 1, 4 and 5.
    """
    if variant not in VARIANTS:
        raise UnknownNameError.of("variant", variant, VARIANTS)
    block, body = VARIANTS[variant]
    name = "mobilenet_v1" if variant == "separable" else f"mobilenet_v1_{variant}"
    return _mobilenet(name, (batch, 3, resolution, resolution), body, multiplier(width_multiplier), classes, block)


@network
def mobilenet_cifar(width_multiplier: Num = 1, resolution: Num = 28, classes: Num = 10, batch: Num = 1) -> Network:
    """The MobileNet of Pardhi for CIFAR-10 crops, Table 1; "5 x" rows are five blocks.

    Parameters
    ----------
    width_multiplier : float or symbol
        alpha, called depth multiplier there; channels are int(alpha * C).
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
    >>> cm.zoo.mobilenet_cifar().macs
    452058368

    References
    ----------
    Pardhi, "MobileNet: Creating Faster Networks using Depthwise Separable Convolutions", Table 1.
    """
    body = [(64, 1), (128, 1), (256, 1), (512, 1), *[(512, 1)] * 5, (1024, 1), (1024, 2)]
    return _mobilenet("mobilenet_cifar", (batch, 3, resolution, resolution), body, multiplier(width_multiplier), classes)
