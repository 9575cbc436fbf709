"""NASNet-A: Zoph et al., arXiv:1707.07012."""

from __future__ import annotations

from typing import Any

from costmodel._num import Num, floor_div
from costmodel.blocks import classifier, conv_norm_act, standard
from costmodel.errors import FieldError
from costmodel.layers.activation import ReLU
from costmodel.layers.conv import Conv2d, DepthwiseConv2d
from costmodel.layers.elementwise import Add
from costmodel.layers.normalisation import BatchNorm
from costmodel.layers.pooling import AvgPool2d, MaxPool2d
from costmodel.layers.structure import Concat
from costmodel.network import Input, Network
from costmodel.zoo._registry import network

Cell = tuple[tuple[str, str, str, str], ...]

# Figure 4. A row is a block: what it reads and does, twice, then adds. Sources are h, the output of the cell before; p, of the one
# before that; or the number of a block above.
NORMAL: Cell = (
    ("h", "sep5", "p", "sep3"),
    ("p", "sep5", "p", "sep3"),
    ("h", "avg3", "p", "keep"),
    ("p", "avg3", "p", "avg3"),
    ("h", "sep3", "h", "keep"),
)
REDUCTION: Cell = (
    ("h", "sep5", "p", "sep7"),
    ("h", "max3", "p", "sep7"),
    ("h", "avg3", "p", "sep5"),
    ("1", "avg3", "2", "keep"),
    ("1", "sep3", "h", "max3"),
)
POOLS = {"avg3": AvgPool2d, "max3": MaxPool2d}


class _Rectified(dict[Any, Any]):
    """The ReLU of every tensor, made once for all that read it."""

    def of(self, x: Any, name: str) -> Any:
        if x not in self:
            self[x] = ReLU()(x, name=f"{name}/relu")
        return self[x]


def _pointwise(x: Any, relu: _Rectified, filters: Num, name: str) -> Any:
    """ReLU, a 1x1 convolution, norm."""
    return standard(relu.of(x, name), filters, 1, name=name, activation=None)


def _separable(x: Any, filters: Num, kernel: int, stride: int, name: str) -> Any:
    """Twice a depthwise and a pointwise convolution and a norm; the ReLU before the first has been."""
    for number, step in ((1, stride), (2, 1)):
        x = DepthwiseConv2d(kernel, stride=step, bias=False)(x, name=f"{name}/dw{number}")
        act = ReLU() if number == 1 else None
        x = conv_norm_act(x, Conv2d(filters, 1, bias=False), name=f"{name}/pw{number}", norm=BatchNorm(), activation=act)
    return x


def _halved(p: Any, relu: _Rectified, filters: Num, name: str) -> Any:
    """Half as many rows: 1x1 convolutions on the even and on the odd ones, side by side. The shift by one row moves nothing."""
    rows = [AvgPool2d(1, 2)(relu.of(p, name), name=f"{name}/{which}") for which in ("even", "odd")]
    halves = [Conv2d(floor_div(filters, 2), 1, bias=False)(x, name=f"{name}/conv{n}") for n, x in enumerate(rows, start=1)]
    return BatchNorm()(Concat()(halves, name=f"{name}/concat"), name=f"{name}/norm")


def _cell(x: Any, p: Any, relu: _Rectified, table: Cell, filters: Num, name: str) -> Any:
    """The blocks of a table; blocks that no other block reads are concatenated, in a normal cell with p."""
    sources: dict[str, Any] = {"h": _pointwise(x, relu, filters, f"{name}/h"), "p": p}
    for number, (left, left_step, right, right_step) in enumerate(table, start=1):
        ends = []
        for side, source, step in (("left", left, left_step), ("right", right, right_step)):
            y, label = sources[source], f"{name}/block{number}/{side}"
            stride = 2 if table is REDUCTION and source in "hp" else 1
            if step in POOLS:
                y = POOLS[step](3, stride, padding="same")(y, name=label)
            elif step != "keep":
                y = _separable(relu.of(y, label), filters, int(step[3:]), stride, label)
            ends.append(y)
        sources[str(number)] = Add()(ends, name=f"{name}/block{number}/add")
    kept = "2345" if table is REDUCTION else "p12345"
    return Concat()([sources[key] for key in kept], name=f"{name}/concat")


@network
def nasnet_a_mobile(resolution: Num = 224, classes: Num = 1000, batch: Num = 1, filters: Num = 44, repeats: int = 4) -> Network:
    """NASNet-A (4 @ 1056), as in Keras: two reduction cells for a stem, then three stages of normal cells.

    One ReLU serves all that read a tensor.

    Parameters
    ----------
    resolution : int or symbol
        Height and width of the picture.
    classes, batch : int or symbol
        Outputs of the classifier; pictures at once.
    filters : int or symbol
        Channels inside the first stage's cells, a multiple of 4; the paper's 1056 are 24 times as many.
    repeats : int
        Normal cells a stage, the paper's N.

    Returns
    -------
    Network

    Examples
    --------
    >>> import costmodel as cm
    >>> cm.zoo.nasnet_a_mobile().macs
    563638816

    References
    ----------
    Zoph et al., Learning Transferable Architectures for Scalable Image Recognition, arXiv:1707.07012, Figure 4 and Table 3.
    """
    if type(repeats) is not int or repeats < 1:
        raise FieldError(f"`repeats` (={repeats!r}) must be a positive integer")
    x = standard(Input((batch, 3, resolution, resolution)), 32, 3, 2, name="conv1", padding="valid", activation=None)
    relu = _Rectified()
    quarter, half = floor_div(filters, 4), floor_div(filters, 2)
    stem = _cell(x, x, relu, REDUCTION, quarter, "stem1")
    p, x = stem, _cell(stem, _halved(x, relu, half, "stem2/p"), relu, REDUCTION, half, "stem2")
    halve = True
    for stage in (1, 2, 3):
        width = filters * 2 ** (stage - 1)
        if stage > 1:
            name = f"stage{stage}/reduction"
            p, x, halve = x, _cell(x, _pointwise(p, relu, width, f"{name}/p"), relu, REDUCTION, width, name), True
        for number in range(1, repeats + 1):
            name = f"stage{stage}/cell{number}"
            adjusted = (_halved if halve else _pointwise)(p, relu, width, f"{name}/p")
            p, x, halve = x, _cell(x, adjusted, relu, NORMAL, width, name), False
    return Network.of(classifier(relu.of(x, "last"), classes), "nasnet_a_mobile")
