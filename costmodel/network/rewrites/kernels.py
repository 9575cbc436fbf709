"""Other windows of convolutions: kernel sizes, and 1x1 bottlenecks around them."""

from __future__ import annotations

from typing import Annotated, Any

from costmodel._num import Num, at_most, floor_div, is_symbolic, whole
from costmodel.blocks import conv_norm_act
from costmodel.layers.fields import Dims, dim
from costmodel.network.changes import Change, Left
from costmodel.network.graph import Network, Node
from costmodel.network.rewrites.base import Build, Rewrite
from costmodel.network.rewrites.select import Where, selected
from costmodel.network.rewrites.structure import settled

CONVOLUTIONS = ("standard", "pointwise", "depthwise", "grouped", "transposed")
"""Varieties that have a window and weights."""


def _is_convolution(node: Node) -> bool:
    return node.variety() in CONVOLUTIONS


def _pointwise(node: Node) -> bool:
    return all(type(size) is int and size == 1 for size in node.layer.per_axis("kernel_size"))


class Kernel(Rewrite):
    """Another kernel size of convolutions, with the padding kept in kind.

    "same" stays the same and "valid" stays valid. Of a padding in rows, as files have it, what covered the kernel covers the new
    one: it grows or shrinks with the kernel, half before and half behind, so that output sizes stay; no padding stays none. Dense layers
    behind a map that changes its size have other numbers of weights, which are recorded.

    Parameters
    ----------
    size : int, symbol or tuple
        One for all spatial axes along which the kernel is larger than 1, or one for each axis, height first. [rows]
    where : pattern, kind, predicate or several
        The convolutions; None, the default, is each whose kernel is larger than 1x1.

    Examples
    --------
    >>> import costmodel as cm
    >>> net = cm.zoo.mobilenet_v1().rewrite(cm.rewrites.Kernel(5, where="depthwise"))
    >>> net.nodes["block1/dw"].layer, net.counts["block1/dw"].weights      # 5*5*32
    (DepthwiseConv2d(kernel_size=5, bias=False), 800)
    """

    size: Dims
    where: Where = None

    def apply(self, network: Network) -> Network:
        replacements: dict[str, Node | Build] = {}
        records: list[Change | Left] = []
        for name, node in selected(network, self.where, _is_convolution, "convolutions").items():
            if self.where is None and _pointwise(node):
                continue
            before = node.layer.per_axis("kernel_size")
            after = self._sizes(node, before)
            if after is None:
                records.append(self.left(name, f"it has {len(before)} spatial axes, the kernel {self.size} has others"))
                continue
            if after == before:
                continue
            padding = self._padding(node.layer, before, after)
            if padding is None:
                records.append(self.left(name, f"its padding can't shrink from a kernel {before} to {after}"))
                continue
            layer = node.layer.replace(kernel_size=after, padding=padding)
            replacements[name] = node._replace(layer=layer, held=_held(node, before, after))
            records.append(self.changed(name, "kernel", before, after))
        return settled(self, self.rebuilt(network, replacements, records), network)

    def _sizes(self, node: Node, before: tuple[Num, ...]) -> tuple[Num, ...] | None:
        if isinstance(self.size, tuple):
            return self.size if len(self.size) == len(before) else None
        chosen = self.where is not None and _pointwise(node)
        return tuple([self.size if chosen or not (type(k) is int and k == 1) else k for k in before])

    def _padding(self, layer: Any, before: tuple[Num, ...], after: tuple[Num, ...]) -> Any:
        """The padding in kind; None where it can't be."""
        if layer.padding in ("same", "valid"):
            return layer.padding
        pairs = []
        for pair, old, new, dilation in zip(layer.per_axis("padding"), before, after, layer.per_axis("dilation"), strict=True):
            first, last = pair if isinstance(pair, tuple) else (pair, pair)
            none = type(first) is int and type(last) is int and first + last == 0
            more = 0 if none and not (type(old) is int and old == 1) else dilation * (new - old)
            half = floor_div(more, 2)
            grown = (first + half, last + more - half)
            if any(at_most(0, rows) is False for rows in grown):
                total = grown[0] + grown[1]
                if at_most(0, total) is False:
                    return None
                grown = (floor_div(total, 2), total - floor_div(total, 2))
            pairs.append(grown)
        return tuple(pairs)


def _held(node: Node, before: tuple[Num, ...], after: tuple[Num, ...]) -> Any:
    """Weights that a file stores, with the new kernel."""
    if node.held is None:
        return None
    weights = node.held.weights
    for old, new in zip(before, after, strict=True):
        weights = floor_div(weights * new, old)
    return node.held._replace(weights=weights)


class Bottleneck(Rewrite):
    """A k x k convolution as three: 1x1 to fewer channels, k x k among these, 1x1 to the channels it gave.

    The norm and the activation that follow the convolution also follow the two new ones before its last.

    Parameters
    ----------
    reduction : int, float or symbol
        What the output channels are divided by, rounded down; 4, the default, is ResNet's.
    where : pattern, kind, predicate or several
        The convolutions; None, the default, is every standard one with a kernel larger than 1x1.

    Notes
    -----
    A convolution that reads no more channels than it would reduce them to is left alone.

    Examples
    --------
    >>> import costmodel as cm
    >>> net = cm.zoo.vgg16().rewrite(cm.rewrites.Bottleneck(4, where="conv3_2"))
    >>> [f"{name} {node.counts().weights}" for name, node in net.nodes.items() if name.startswith("conv3_2") and node.counts().weights]
    ['conv3_2/reduce 16384', 'conv3_2/window 36864', 'conv3_2/expand 16384']

    References
    ----------
    He et al., arXiv:1512.03385, Figure 5.
    """

    reduction: Annotated[Any, dim] = 4
    where: Where = None

    def apply(self, network: Network) -> Network:
        replacements: dict[str, Node | Build] = {}
        records: list[Change | Left] = []
        riders = {host.name: followers for host, *followers in network.hosts}
        for name, node in selected(network, self.where, _is_convolution, "convolutions").items():
            if node.variety() != "standard" or len(node.inputs) > 1:
                if self.where is not None or not _pointwise(node):
                    records.append(self.left(name, f"it is {node.variety()}: only standard convolutions have bottlenecks"))
                continue
            in_channels, out_channels = node.seen(node.input_shapes[0])[1], node.seen(node.output_shapes[0])[1]
            narrow = whole(floor_div(out_channels, self.reduction))
            if not is_symbolic(narrow) and (narrow < 1 or at_most(in_channels, narrow) is True):
                records.append(self.left(name, f"it reads {in_channels} channels, the bottleneck would have {narrow}"))
                continue
            replacements[name] = self._build(node, narrow, riders.get(name, []))
            records.append(
                self.changed(name, "1x1 bottleneck", f"{in_channels} -> {out_channels}", f"{in_channels} -> {narrow} -> {out_channels}")
            )
        return self.rebuilt(network, replacements, records)

    def _build(self, node: Node, narrow: Num, riders: list[Node]) -> Build:
        """The three convolutions in the place of one."""
        layer: Any = node.layer
        norm = next((r.layer for r in riders if "norm" in r.layer.kind), None)
        activation = next(
            (r.layer for r in riders if not r.layer.fields() and "norm" not in r.layer.kind and "quant" not in r.layer.kind), None
        )
        point = layer.replace(kernel_size=1, stride=1, dilation=1, padding="same")

        def build(x: Any) -> Any:
            reduce = point.replace(out_channels=narrow)
            y = conv_norm_act(x, reduce, name=f"{node.name}/reduce", norm=norm, activation=activation)
            y = conv_norm_act(y, layer.replace(out_channels=narrow), name=f"{node.name}/window", norm=norm, activation=activation)
            return point(y, name=f"{node.name}/expand")

        return build
