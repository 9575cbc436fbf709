"""Convolutions of one flavour for those of another, norms and activations as they were."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, ClassVar, NamedTuple

from costmodel._num import Num
from costmodel.blocks import flavour
from costmodel.layers import Layer
from costmodel.layers.conv import Conv2d, DepthwiseConv2d
from costmodel.layers.fields import choice
from costmodel.layers.window import pad_pairs
from costmodel.network.changes import Change, Left
from costmodel.network.graph import Network, Node, TensorRef
from costmodel.network.rewrites.base import Build, Rewrite
from costmodel.network.rewrites.select import Where, selected

_NORMS = ("batch_norm", "group_norm", "instance_norm")


class _Host(NamedTuple):
    """A convolution with the norm and the activation that follow it."""

    node: Node
    norm: Node | None
    activation: Node | None
    ends: bool
    """Whether nothing else rides on it."""

    @classmethod
    def of(cls, group: Sequence[Node]) -> _Host:
        riders = list(group[1:])
        norm = riders.pop(0) if riders and riders[0].layer.kind in _NORMS else None
        activation = riders.pop(0) if riders and riders[0].layer.kind not in (*_NORMS, "bias") and not _has_parameters(riders[0]) else None
        return cls(group[0], norm, activation, not riders)

    @property
    def nodes(self) -> list[Node]:
        """Its nodes in their order."""
        return [node for node in (self.node, self.norm, self.activation) if node is not None]

    @property
    def style(self) -> dict[str, Any]:
        """What a block makes of each convolution."""
        layers = {"norm": self.norm and self.norm.layer, "activation": self.activation and self.activation.layer}
        return layers | {"bias": getattr(self.node.layer, "bias")}  # noqa: B009


def _is_convolution(node: Node) -> bool:
    return isinstance(node.layer, Conv2d | DepthwiseConv2d)


def _has_parameters(node: Node) -> bool:
    return bool(node.counts().all != 0)


class _Flavour(Rewrite):
    """Standard convolutions become blocks of a flavour; a subclass has the field `where`."""

    _name: ClassVar[str]

    def _options(self) -> dict[str, Any]:
        return {}

    def apply(self, network: Network) -> Network:
        picked = selected(network, getattr(self, "where"), _is_convolution, "convolutions")  # noqa: B009
        replacements: dict[str, Node | Build] = {}
        records: list[Change | Left] = []
        for group in network.hosts:
            node = group[0]
            if node.name not in picked:
                continue
            if why := _why_not_standard(node) or self._why_not_split(node):
                records.append(self.left(node, why))
                continue
            host = _Host.of(group)
            replacements |= {rider.name: lambda x: x for rider in host.nodes} | {node.name: self._block(host)}
            records.append(self.changed(node, "flavour", "standard", self._name))
            records += self.lost(node)
        return self.rebuilt(network, replacements, records)

    def _why_not_split(self, node: Node) -> str | None:
        """Why the kernel of a convolution does not fall apart into one along the height and one along the width."""
        kernel = node.layer.per_axis("kernel_size")
        if self._name == "depthwise_separable" or 1 not in kernel:
            return None
        return f"its kernel of {kernel[0]}x{kernel[1]} lies along one axis"

    def _block(self, host: _Host) -> Build:
        layer: Any = host.node.layer
        window = {"stride": layer.stride, "padding": layer.padding, "dilation": layer.dilation}

        def build(x: Any) -> Any:
            block = flavour(self._name)
            return block(x, layer.out_channels, layer.kernel_size, **window, name=host.node.name, **host.style, **self._options())

        return build


def _why_not_standard(node: Node) -> str | None:
    """Why a convolution is not one that separates."""
    if isinstance(node.layer, DepthwiseConv2d) or node.variety() == "grouped":
        return f"it is {_variety(node)}; a standard convolution separates"
    if len(node.inputs) > 1:
        return "its weights are computed by the network"
    if node.held is not None and node.held.weights == 0:
        return "its weights are those of another layer"
    if node.variety() == "pointwise":
        return "it is 1x1: there is nothing to separate"
    return None


def _variety(node: Node) -> str:
    """Its variety; a depthwise layer is depthwise on one channel too, unless it makes several of it."""
    multiplier = node.layer.multiplier if isinstance(node.layer, DepthwiseConv2d) else None
    return "depthwise" if type(multiplier) is int and multiplier == 1 else node.variety()


class DepthwiseSeparable(_Flavour):
    """Standard convolutions become a k x k depthwise one and a 1 x 1 one, each with the norm and the activation that there were.

    Parameters
    ----------
    where : str, callable or several
        Which convolutions; see `selected`. Pointwise, grouped and depthwise ones stay.

    Notes
    -----
    Kernel, stride, padding and dilation are those of the depthwise layer; biases, where there are any, of both.

    Examples
    --------
    >>> import costmodel as cm
    >>> full = cm.zoo.mobilenet_v1(variant="full")
    >>> separable = full.rewrite(cm.rewrites.DepthwiseSeparable(where="block*"))
    >>> full.macs, separable.macs, cm.zoo.mobilenet_v1().macs
    (4867293184, 568740352, 568740352)

    References
    ----------
    Howard et al., MobileNets, arXiv:1704.04861, Table 4.
    """

    _name: ClassVar[str] = "depthwise_separable"
    where: Where = None


class SpatiallySeparable(_Flavour):
    """Standard convolutions become a k x 1 and a 1 x k one.

    Parameters
    ----------
    where : str, callable or several
        Which convolutions; see `selected`.
    reading : "rank_1" or "full"
        Whether the second one works on each output channel alone or across them.

    Examples
    --------
    >>> import costmodel as cm
    >>> net = cm.zoo.mobilenet_v1(variant="full").rewrite(cm.rewrites.SpatiallySeparable(where="block*"))
    >>> [repr(net.nodes[name].layer) for name in ("block1/kx1", "block1/1xk")]
    ['Conv2d(out_channels=64, kernel_size=(3, 1), bias=False)', 'DepthwiseConv2d(kernel_size=(1, 3), bias=False)']
    """

    _name: ClassVar[str] = "spatially_separable"
    where: Where = None
    reading: Annotated[str, choice(("rank_1", "full"))] = "rank_1"

    def _options(self) -> dict[str, Any]:
        return {"reading": self.reading}


class CombinedSeparable(_Flavour):
    """Standard convolutions become a k x 1 and a 1 x k depthwise one and a 1 x 1 one across channels.

    Parameters
    ----------
    where : str, callable or several
        Which convolutions; see `selected`.

    Examples
    --------
    >>> import costmodel as cm
    >>> net = cm.zoo.mobilenet_v1(variant="full").rewrite(cm.rewrites.CombinedSeparable(where="block1"))
    >>> net.counts["block1/kx1"].weights, net.counts["block1/1xk"].weights, net.counts["block1/pw"].weights    # 3*32, 3*32, 32*64
    (96, 96, 2048)
    """

    _name: ClassVar[str] = "depthwise_spatially_separable"
    where: Where = None


class Standard(Rewrite):
    """Separable convolutions become standard ones again, with the norm and the activation of the last layer.

    It finds, one after another and each the sole reader of the one before: a depthwise and a pointwise convolution; a k x 1 and a
    1 x k one, the second depthwise or full; a k x 1 and a 1 x k depthwise one and a pointwise one.

    Parameters
    ----------
    where : str, callable or several
        Which separable convolutions, by any of their layers; see `selected`.

    Examples
    --------
    >>> import costmodel as cm
    >>> net = cm.zoo.mobilenet_v1()
    >>> net.rewrite(cm.rewrites.Standard()).macs == cm.zoo.mobilenet_v1(variant="full").macs
    True
    """

    where: Where = None

    def apply(self, network: Network) -> Network:
        picked = selected(network, self.where, _is_convolution, "convolutions")
        replacements: dict[str, Node | Build] = {}
        records: list[Change | Left] = []
        taken: set[str] = set()
        for name, chain in _chains(network):
            names = [host.node.name for host in chain]
            if not taken.isdisjoint(names) or picked.keys().isdisjoint(names):
                continue
            taken.update(names)
            replacements |= {node.name: lambda x: x for host in chain for node in host.nodes}
            label = _common(names)
            replacements[chain[-1].node.name] = _standard(chain, label)
            records.append(self.changed(label, "flavour", f"{name} ({', '.join(names)})", "standard"))
            records += [record for host in chain for record in self.lost(host.node)]
        for node in picked.values():
            if isinstance(node.layer, DepthwiseConv2d) and node.name not in taken:
                records.append(self.left(node, "no convolution across channels is its sole reader"))
        return self.rebuilt(network, replacements, records)


def _standard(chain: Sequence[_Host], label: str) -> Build:
    layers: list[Any] = [host.node.layer for host in chain]
    window: dict[str, Any] = {key: _together([layer.per_axis(key) for layer in layers]) for key in ("kernel_size", "stride", "dilation")}
    window["padding"] = _padding(layers)

    def build(x: Any) -> Any:
        return flavour("standard")(x, chain[-1].node.channels, **window, name=label, **chain[-1].style)

    return build


def _together(values: Sequence[tuple[Num, ...]]) -> Any:
    """The product along each axis: at most one factor is not 1. One number where both axes agree."""
    height, width = values[0]
    for h, w in values[1:]:
        height, width = height * h, width * w
    return height if height == width else (height, width)


def _padding(layers: Sequence[Any]) -> Any:
    """The padding of them all: of layers that work along an axis the words that they agree on, or the sum along each axis."""
    words = {layer.padding for layer in layers if set(layer.per_axis("kernel_size")) != {1}}
    if len(words) == 1:
        return next(iter(words))
    pairs = [pad_pairs(layer.padding, 2) for layer in layers if layer.padding != "same"]
    return tuple(tuple(sum(pair[axis][end] for pair in pairs) for end in (0, 1)) for axis in (0, 1))


def _common(names: Sequence[str]) -> str:
    """What stands before the last / of all names, where it is the same; else the last name."""
    stems = {name.rpartition("/")[0] for name in names}
    return next(iter(stems)) if len(stems) == 1 and "" not in stems else names[-1]


def _chains(network: Network) -> Iterator[tuple[str, list[_Host]]]:
    """The separable convolutions of a network, the longest first where they start alike, by the flavour's name."""
    uses: dict[TensorRef, int] = {}
    for refs in (*(node.inputs for node in network.nodes.values()), network.outputs):
        for ref in refs:
            uses[ref] = uses.get(ref, 0) + 1
    hosts = {group[0].name: _Host.of(group) for group in network.hosts}
    reads = {host.node.inputs[0]: host for host in hosts.values() if len(host.node.inputs) == 1}

    def after(host: _Host) -> _Host | None:
        ref = TensorRef(host.nodes[-1].name)
        return reads.get(ref) if host.ends and uses.get(ref) == 1 else None

    for first in hosts.values():
        second = after(first)
        third = after(second) if second else None
        for name, chain in (("depthwise_spatially_separable", (first, second, third)), *((n, (first, second)) for n in _TWO)):
            whole = [host for host in chain if host is not None]
            if len(whole) == len(chain) and _is(name, whole):
                yield name, whole
                break


_TWO = ("depthwise_separable", "spatially_separable")


def _is(name: str, chain: Sequence[_Host]) -> bool:
    layers = [host.node.layer for host in chain]
    if not all(
        isinstance(layer, Conv2d | DepthwiseConv2d) and len(host.node.inputs) == 1 for layer, host in zip(layers, chain, strict=True)
    ):
        return False
    varieties = [_variety(host.node) for host in chain]
    if name == "depthwise_separable":
        return varieties == ["depthwise", "pointwise"] and _plain(layers[1])
    if name == "spatially_separable":
        return varieties[0] == "standard" and varieties[1] in ("standard", "depthwise") and _split(layers[0], layers[1])
    return varieties == ["depthwise", "depthwise", "pointwise"] and _split(layers[0], layers[1]) and _plain(layers[2])


def _split(column: Layer, row: Layer) -> bool:
    """Whether one works along the height alone, then the other along the width, and no channel is added."""
    (k_height, one), (another, k_width) = column.per_axis("kernel_size"), row.per_axis("kernel_size")
    steps = (column.per_axis("stride")[1], row.per_axis("stride")[0], getattr(row, "multiplier", 1))
    return {one, another, *steps} == {1} and 1 not in (k_height, k_width)


def _plain(pointwise: Layer) -> bool:
    return set(pointwise.per_axis("stride")) == {1} and pointwise.padding in ("same", "valid", 0, ((0, 0), (0, 0)), (0, 0))  # type: ignore[attr-defined]
