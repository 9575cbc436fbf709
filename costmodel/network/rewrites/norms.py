"""Batch norms that vanish into the convolution before them."""

from __future__ import annotations

from typing import ClassVar

from costmodel._num import floor_div
from costmodel.network.graph import Network, Node, TensorRef
from costmodel.network.rewrites.base import Rewrite, rebuilt


class FoldNorm(Rewrite):
    """Fold each batch norm into the convolution or dense layer before it, as a compiler does.

    The gain goes into the weights; gain, offset, mean and variance become one bias a channel. A norm folds where it is the
    sole reader of what the layer before writes; one that stands alone stays.

    Examples
    --------
    >>> import costmodel as cm
    >>> net = cm.zoo.mobilenet_v1()
    >>> folded = net.rewrite(cm.rewrites.FoldNorm())
    >>> net.parameters["all"], folded.parameters["all"], net.parameters["folded"]
    (4253864, 4221032, 4221032)
    """

    words: ClassVar[str] = "batch norms folded into the layer before"

    def apply(self, network: Network) -> Network:
        changed: dict[str, Node] = {}
        without: dict[str, TensorRef] = {}
        for host, *riders in network.hosts:
            if not riders or riders[0].layer.kind != "batch_norm" or not hasattr(host.layer, "bias"):
                continue
            norm = riders[0]
            changed[host.name] = _with_bias(host, norm)
            without[norm.name] = norm.inputs[0]
        return rebuilt(network, changed, without, self.words)


def _with_bias(host: Node, norm: Node) -> Node:
    """The layer with one bias a channel; parameters that a file says it stores change alike."""
    channels = floor_div(norm.counts().norm_statistics, 2)
    held = None if host.held is None else host.held._replace(biases=channels)
    return host._replace(layer=host.layer.replace(bias=True), held=held)
