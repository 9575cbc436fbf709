"""Batch norms that vanish into the convolution before them."""

from __future__ import annotations

from itertools import takewhile

from costmodel._num import floor_div
from costmodel.network.changes import Change, Left
from costmodel.network.graph import Network, Node
from costmodel.network.rewrites.base import Build, Rewrite


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

    @property
    def words(self) -> str:
        return "batch norms folded into the layer before"

    def apply(self, network: Network) -> Network:
        replacements: dict[str, Node | Build] = {}
        records: list[Change | Left] = []
        for host, *riders in network.hosts:
            first = list(takewhile(lambda node: node.layer.kind == "batch_norm", riders))
            for norm in (node for node in (host, *riders) if node.layer.kind == "batch_norm"):
                if not any(norm is one for one in first) or not hasattr(host.layer, "bias"):
                    records.append(self.left(norm, "it does not follow a convolution or dense layer as its sole reader"))
                    continue
                replacements |= {host.name: _with_bias(host, norm), norm.name: lambda x: x}
                records.append(self.changed(norm, "folded", norm.layer.kind, f"bias of {host.name}"))
        return self.rebuilt(network, replacements, records)


def _with_bias(host: Node, norm: Node) -> Node:
    """The layer with one bias a channel; parameters that a file says it stores change alike."""
    channels = floor_div(norm.counts().norm_statistics, 2)
    held = None if host.held is None else host.held._replace(biases=channels)
    return host._replace(layer=host.layer.replace(bias=True), held=held)
