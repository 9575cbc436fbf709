"""The channels of a network: a walk through it says the layout of every tensor, and which layers change with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from costmodel._num import Num
from costmodel.layers import Counts, Layer, Shape
from costmodel.network.channels.layouts import Axis, Layout, Layouts, Remake
from costmodel.network.channels.rules import Visit, rule_of
from costmodel.network.channels.ties import Ties
from costmodel.network.graph import Network, Node, TensorRef
from costmodel.network.layout import channels_last
from costmodel.tables import Column, Table


class Channels(Ties):
    """The channels of a network and how they are tied.

    Parameters
    ----------
    network : Network
    keep_outputs : bool
        Whether what the network returns keeps its size.

    Examples
    --------
    >>> import costmodel as cm
    >>> found = Channels(cm.zoo.mobilenet_cifar())
    >>> [axis.size for axis in found.axes][:3]
    [32, 64, 128]
    """

    def __init__(self, network: Network, keep_outputs: bool = True) -> None:
        super().__init__()
        self.network = network
        self.tensors: dict[TensorRef, Layouts] = {}
        self.made: dict[str, list[Layout]] = {}
        """By the name of a node the channels that it chooses: an entry for every field that says how many."""
        self._remakes: dict[str, Remake] = {}
        for node in network.nodes.values():
            self._walk(node)
        if keep_outputs:
            for ref in network.outputs:
                self.fix(self.tensors[ref], "the network returns it")

    # -- what is found

    @property
    def axes(self) -> list[Axis]:
        """The axes that are left, in the order of their first makers."""
        place = {name: index for index, name in enumerate(self.network.nodes)}
        return sorted([a for a in self._axes if a.parts is None and a.active], key=lambda a: min(place[name] for name in a.makers))

    def read_by(self, name: str) -> Layout:
        """The channels that a convolution or dense layer reads."""
        node = self.network.nodes[name]
        layouts = self._seen(node, node.inputs[0])
        return layouts[1 if len(layouts) > 2 and node.layer.kind != "dense" else -1]

    def resized(self, sizes: Mapping[Axis, Num]) -> dict[str, Node]:
        """The nodes that change, once some axes have new sizes."""

        def size(layout: Layout) -> Num:
            return self.size(layout, sizes)

        changed = {}
        for name, node in self.network.nodes.items():
            layer = self._remakes[name](size) if name in self._remakes else node.layer
            layer = node.layer if layer == node.layer else layer
            held = node.held
            if held is not None:
                ins = tuple([tuple([size(x) for x in self.tensors[ref]]) for ref in node.inputs])
                outs = tuple([size(x) for x in self.tensors[TensorRef(name)]])
                held = _stored(node, layer, ins, outs)
            if layer is not node.layer or held != node.held:
                changed[name] = node._replace(layer=layer, held=held)
        return changed

    @property
    def table(self) -> Table:
        """A row for all channels that go together."""
        columns = [
            Column("channels", "channels", ""), Column("layers", "layers that choose it"), Column("step", "multiple of", ""),
            Column("fixed", "why it stays"),
        ]  # fmt: skip
        rows = [{"channels": a.size, "layers": list(a.makers), "step": a.step, "fixed": a.fixed} for a in self.axes]
        return Table(columns, rows, title=f"{self.network.name}: channels that go together")

    # -- one node

    def _walk(self, node: Node) -> None:
        inputs = tuple([self._seen(node, ref) for ref in node.inputs])
        shapes = tuple([node.seen(shape) for shape in node.output_shapes])
        visit = Visit(self, node, inputs, shapes)
        given = rule_of(node.layer.kind)(visit)
        if visit.made:
            self.made[node.name] = visit.made
        if given.remake is not None:
            self._remakes[node.name] = given.remake
        for index, layouts in enumerate(given.outputs):
            turned: Any = channels_last(layouts) if node.channels_last else layouts
            self.tensors[TensorRef(node.name, index)] = turned

    def _seen(self, node: Node, ref: TensorRef) -> Layouts:
        layouts = tuple([self.resolved(layout) for layout in self.tensors[ref]])
        seen: Any = node.seen(layouts)
        return tuple(seen)


def _stored(node: Node, layer: Layer, inputs: tuple[Shape, ...], output: Shape) -> Counts:
    """What a file would store of a node whose sizes changed: each role as it stood to what the layer counts."""
    held = node.held
    assert held is not None
    before = node._replace(held=None).counts()
    after = layer.counts(tuple([node.seen(shape) for shape in inputs]), node.seen(output))
    return Counts(
        **{role: _share(getattr(held, role), getattr(before, role), getattr(after, role), node, output) for role in held.parameters()}
    )


def _share(held: Num, before: Num, after: Num, node: Node, output: Shape) -> Num:
    if held == before or (type(held) is int and held == 0):
        return held if type(held) is int and held == 0 else after
    if all(type(n) is int for n in (held, before, after)) and before:
        return held * after // before
    channels, now = node.seen(node.output_shapes[0])[1:2], node.seen(output)[1:2]
    if channels and type(held) is int and type(channels[0]) is int and channels[0] > 1 and held % channels[0] == 0:
        return held // channels[0] * now[0]  # figures that the layer does not count, so many a channel: scales
    return held
