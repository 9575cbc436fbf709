"""Layers that go, come, or are absorbed; pooled heads."""

from __future__ import annotations

from typing import Annotated, Any

from costmodel.errors import CostModelError, FieldError, NetworkError
from costmodel.layers import Layer
from costmodel.layers.activation import _Activation
from costmodel.layers.fields import Flag
from costmodel.layers.linear import Dense
from costmodel.layers.pooling import GlobalAvgPool
from costmodel.layers.structure import Flatten, Reshape
from costmodel.network.changes import Change, Left
from costmodel.network.graph import Network, Node, TensorRef
from costmodel.network.layout import channels_first
from costmodel.network.rewrites.base import Build, Rewrite
from costmodel.network.rewrites.inputs import own_parameters
from costmodel.network.rewrites.select import Where, selected


def _some(value: Any) -> Any:
    if value is None:
        raise ValueError("must say which layers: a name, a pattern, a kind, a predicate, or several of these")
    return value


def _layer(value: Any) -> Layer:
    if not isinstance(value, Layer):
        raise ValueError("must be a layer, e.g. cm.layers.ReLU()")
    return value


def _name(value: Any) -> str | None:
    if value is not None and (not isinstance(value, str) or not value or "\n" in value):
        raise ValueError("must be a text of one line")
    return value


class Drop(Rewrite):
    """Leave layers out: their readers read what they read, of several inputs the first. What then nothing reads goes too.

    Parameters
    ----------
    where : str, callable or several
        Which layers; see `selected`.

    Examples
    --------
    >>> import costmodel as cm
    >>> net = cm.zoo.mobilenet_v1()
    >>> shallow = net.rewrite(cm.rewrites.Drop(tuple(f"block{i}/*" for i in range(7, 12))))
    >>> shallow.macs == cm.zoo.mobilenet_v1(variant="shallow").macs
    True
    """

    where: Annotated[Where, _some]

    def apply(self, network: Network) -> Network:
        picked = selected(network, self.where)
        for node in picked.values():
            if node.layer.role == "input":
                raise FieldError(f"{self!r} names the input {node.name!r}; an input can't be left out")
            if not node.inputs or len(node.output_shapes) > 1:
                raise FieldError(
                    f"{self!r} names {node.name!r} ({node.layer.kind}) of {len(node.inputs)} inputs and {len(node.output_shapes)} outputs; "
                    f"only a layer that reads something and has one output can be left out"
                )
        records: list[Change | Left] = [self.changed(node, "layer", node.layer, None) for node in picked.values()]
        rest = self.rebuilt(network, dict.fromkeys(picked, _first), records)
        return settled(self, self._without_unread(rest, network), network)

    def _without_unread(self, network: Network, before: Network) -> Network:
        """The network without what nothing reads any more; what nothing read before stays."""
        gone = _unread(network) - _unread(before)
        if not gone:
            return network
        why = "nothing reads it any more"
        records = [self.changed(name, "layer", network.nodes[name].layer, f"gone: {why}") for name in network.nodes if name in gone]
        nodes = [node for node in network.nodes.values() if node.name not in gone]
        return Network(network.name, nodes, network.outputs, network.assumptions, (*network.changes, *records))


def _first(*tensors: Any) -> Any:
    return tensors[0]


def settled(rewrite: Rewrite, network: Network, before: Network) -> Network:
    """The network with the parameters that its layers have on what they read now; those that change are recorded."""
    records: list[Change | Left] = []
    nodes = dict(network.nodes)
    for name, node in network.nodes.items():
        old = before.nodes.get(name)
        if old is None or old.layer != node.layer or old.input_shapes == node.input_shapes:
            continue
        was, now = own_parameters(old), own_parameters(node)
        if was == now:
            continue
        if node.held is not None:
            if node.held.parameters() != was:
                raise NetworkError(f"{rewrite!r} changes what layer {name!r} reads, whose parameters the file does not store as its own")
            nodes[name] = node._replace(held=node.held._replace(**now))
        records += [rewrite.changed(node, role, was[role], number) for role, number in now.items() if number != was[role]]
    return Network(network.name, nodes.values(), network.outputs, network.assumptions, (*network.changes, *records)) if records else network


def _unread(network: Network) -> set[str]:
    """Nodes that no output of the network comes from, inputs aside."""
    needed = {ref.node for ref in network.outputs}
    for node in reversed(network.nodes.values()):
        if node.name in needed:
            needed.update(ref.node for ref in node.inputs)
    return {node.name for node in network.nodes.values() if node.name not in needed and node.layer.role != "input"}


class Insert(Rewrite):
    """Put a layer behind others: their readers, and the outputs of the network, read it instead.

    Parameters
    ----------
    layer : Layer
        It takes one input and has one output.
    after : str, callable or several
        The layers that it is put behind; see `selected`.
    name : str, optional
        Of the new layer; with a number where it is taken. By default that of the layer before and the kind.

    Examples
    --------
    >>> import costmodel as cm
    >>> net = cm.zoo.resnet50().rewrite(cm.rewrites.Insert(cm.layers.Dropout(), after="flatten"))
    >>> net.nodes["fc"].inputs
    (TensorRef(node='flatten/dropout', output=0),)
    """

    layer: Annotated[Any, _layer]
    after: Annotated[Where, _some]
    name: Annotated[Any, _name] = None

    def apply(self, network: Network) -> Network:
        picked = selected(network, self.after)
        for node in picked.values():
            if len(node.output_shapes) > 1:
                raise FieldError(f"{self!r} names {node.name!r}, which has {len(node.output_shapes)} outputs; it must have one")
        label = self.name
        records = [self.changed(node, "read through", None, self.layer) for node in picked.values()]
        made = self.rebuilt(network, {}, records, behind={name: lambda x: self.layer(x, name=label) for name in picked})
        return settled(self, made, network)


class FuseActivations(Rewrite):
    """Let activations run in the layer before, whatever it is, as a compiler does: what stands between is never written.

    Parameters
    ----------
    where : str, callable or several
        Which activations; see `selected`. One whose input others read too stays.

    Notes
    -----
    `predict` runs activations behind convolutions and dense layers on their output anyway (`fuse_epilogues`). Absorbed ones also ride on
    sums, poolings and other layers, and stay fused with ``fuse_epilogues=False``. Softmax needs whole rows and is a step of its own.

    Examples
    --------
    >>> import costmodel as cm
    >>> net = cm.zoo.resnet50()
    >>> fused = net.rewrite(cm.rewrites.FuseActivations())
    >>> len(cm.predict(net).rows) - len(cm.predict(fused).rows)      # a ReLU behind each of 16 sums
    16
    """

    where: Where = None

    def apply(self, network: Network) -> Network:
        uses: dict[TensorRef, int] = {}
        for refs in (*(node.inputs for node in network.nodes.values()), network.outputs):
            for ref in refs:
                uses[ref] = uses.get(ref, 0) + 1
        replacements: dict[str, Node] = {}
        records: list[Change | Left] = []
        for node in selected(network, self.where).values():
            if not isinstance(node.layer, _Activation) or node.layer.role != "epilogue" or node.absorbed:
                continue
            before = network.nodes[node.inputs[0].node]
            if before.layer.role in ("input", "alias"):
                records.append(self.left(node, f"what it reads is written by no layer that computes, but by {before.name!r}"))
            elif len(before.output_shapes) > 1:
                records.append(self.left(node, f"what it reads is one of the {len(before.output_shapes)} outputs of {before.name!r}"))
            elif uses[node.inputs[0]] > 1:
                records.append(self.left(node, f"others read {str(node.inputs[0])!r} too"))
            else:
                replacements[node.name] = node._replace(absorbed=True)
                records.append(self.changed(node, "runs in", None, before.name))
        return self.rebuilt(network, replacements, records)


class GlobalPooling(Rewrite):
    """An average over the whole map in place of a flattened one, so that pictures may have any size.

    Parameters
    ----------
    hidden : bool
        Whether the hidden dense layers stay, on one input a channel; else the classifier alone does.
    where : str, callable or several
        Which flattening layers; see `selected`.

    Notes
    -----
    The weights of the first dense layer that stays are others: it reads the averages. A map of one place is left as it is.

    Examples
    --------
    VGG-16 holds 138 million weights, and 15 without its dense head: 14,710,464 in convolutions, 512 * 1000.

    >>> import costmodel as cm
    >>> net = cm.zoo.vgg16().rewrite(cm.rewrites.GlobalPooling())
    >>> net.parameters["weights"], net.rewrite(cm.rewrites.Resolution(320)).parameters["weights"]
    (15222464, 15222464)

    References
    ----------
    Lin et al., Network in Network, arXiv:1312.4400, section 3.2.
    """

    hidden: Flag = False
    where: Where = None

    def apply(self, network: Network) -> Network:
        replacements: dict[str, Node | Build] = {}
        records: list[Change | Left] = []
        readers: dict[TensorRef, list[Node]] = {}
        for node in network.nodes.values():
            for ref in node.inputs:
                readers.setdefault(ref, []).append(node)
        for node in selected(network, self.where).values():
            if not isinstance(node.layer, Flatten | Reshape) or len(node.output_shapes[0]) != 2 or len(node.input_shapes[0]) < 3:
                continue
            if (window := _window(node.inputs[0], network)) is None:
                records.append(self.left(node, "it reads an input of the network, no map of features"))
                continue
            last = window.channels_last
            channels, *sizes = (channels_first(node.input_shapes[0]) if last else node.input_shapes[0])[1:]
            head = _head(node, readers, network)
            dense = [layer for layer in head if isinstance(layer.layer, Dense)]
            if set(sizes) == {1} or not dense:
                records.append(self.left(node, "its map has one place" if dense else "no dense layer reads it alone"))
                continue
            replacements[node.name] = _pooled(node, last)
            records.append(self.changed(node, "map", f"{' x '.join(map(str, sizes))} flattened", "averaged"))
            first = dense[0 if self.hidden else -1]
            for gone in [] if self.hidden else head[: head.index(first)]:
                replacements[gone.name] = _first
                records.append(self.changed(gone, "layer", gone.layer, None))
            replacements[first.name] = _anew(first)
            records += self.lost(first)
            records.append(self.changed(first, "inputs", dense[0].input_shapes[0][-1], channels))
        try:
            return self.rebuilt(network, replacements, records)
        except CostModelError as error:
            raise NetworkError(f"{self!r} does not go with network {network.name!r}: {error}") from None


def _head(flatten: Node, readers: dict[TensorRef, list[Node]], network: Network) -> list[Node]:
    """What follows a flattening layer up to the last dense one, each the sole reader of the one before."""
    chain: list[Node] = []
    ref = TensorRef(flatten.name)
    while len(next_nodes := readers.get(ref, [])) == 1 and ref not in network.outputs and len(next_nodes[0].inputs) == 1:
        chain.append(next_nodes[0])
        ref = TensorRef(chain[-1].name)
    last = max((index for index, node in enumerate(chain) if isinstance(node.layer, Dense)), default=-1)
    return chain[: last + 1]


def _pooled(flatten: Node, channels_last: bool) -> Build:
    def build(x: Any) -> Any:
        return Flatten()(GlobalAvgPool()(x.read(channels_last), name=f"{flatten.name}/pool"), name=flatten.name)

    return build


def _window(ref: TensorRef, network: Network) -> Node | None:
    """The convolution, pooling or other layer with windows that a map comes from, through layers without."""
    node = network.nodes[ref.node]
    if node.layer.rank is not None or node.channels_last or not node.inputs:
        return node if node.inputs else None
    return _window(node.inputs[0], network)


def _anew(node: Node) -> Build:
    """The same layer with the parameters that it has on its new input."""
    return lambda x: node.layer(x, name=node.name)
