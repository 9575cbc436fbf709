"""Convolutions."""

from __future__ import annotations

from costmodel.network.channels.layouts import plain
from costmodel.network.channels.rules.base import Given, Visit, rule


@rule("conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
def conv(at: Visit) -> Given:
    """Channels of its own; with a group a channel so many for each that it reads."""
    if len(at.inputs) != 1:
        return at.stop()
    layer, x = at.layer, at.inputs[0]
    rest = plain(at.shapes[0][2:])
    in_channels, groups = at.node.seen(at.node.input_shapes[0])[1], layer.groups
    if type(groups) is int and groups == 1:
        y = at.make(layer.out_channels)
        return Given(((x[0], y, *rest),), lambda size: layer.replace(out_channels=size(y)))
    if groups == in_channels and type(layer.out_channels) is int and type(groups) is int:
        y = at.ties.times(x[1], layer.out_channels // groups)
        return Given(((x[0], y, *rest),), lambda size: layer.replace(out_channels=size(y), groups=size(x[1])))
    y = at.make(layer.out_channels)
    for layout in (x[1], y):
        at.ties.step(layout, groups, at.why)
    return Given(((x[0], y, *rest),), lambda size: layer.replace(out_channels=size(y)))


@rule("depthwise_conv1d", "depthwise_conv2d", "depthwise_conv3d")
def depthwise(at: Visit) -> Given:
    """Some channels for each that it reads."""
    if len(at.inputs) != 1:
        return at.stop()
    x = at.inputs[0]
    return Given(((x[0], at.ties.times(x[1], at.layer.multiplier), *plain(at.shapes[0][2:])),))
