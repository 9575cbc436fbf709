"""A network as the steps that a machine executes: epilogues folded in, aliases resolved. Knows no machine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

from costmodel._num import Num, bytes_of, is_array, maximum, total
from costmodel.layers import Counts, Shape
from costmodel.layers.base import elements
from costmodel.network import Network, Node, TensorRef
from costmodel.network.layout import channels_first
from costmodel.prediction.widths import Widths


class FeatureMap(NamedTuple):
    """A tensor that is held and moved."""

    ref: TensorRef
    n_bytes: Num
    producer: int
    """The step that writes it; -1 for an input of the network."""
    consumers: tuple[int, ...]
    """The steps that read it, in order."""
    is_output: bool
    """Whether the network returns it."""

    @property
    def steps_held(self) -> range:
        """The steps from its write to its last read."""
        last = self.consumers[-1] if self.consumers else self.producer
        return range(max(self.producer, 0), last + 1)


class Step(NamedTuple):
    """A node with its epilogues: one row of a prediction."""

    nodes: tuple[Node, ...]
    """The node and its epilogues."""
    input_shapes: tuple[Shape, ...]
    counts: Counts
    weight_bytes: Num
    reads: tuple[TensorRef, ...]
    """The distinct feature maps that it reads."""
    writes: tuple[TensorRef, ...]
    """The feature maps that it writes."""

    @property
    def name(self) -> str:
        """The name of its first node."""
        return self.nodes[0].name


class Workload:
    """The steps of a network, in the order given or another, with the feature maps that they read and write.

    Attributes
    ----------
    network : Network
    widths : Widths
    order : sequence of int or None
        Places of the steps in the order given, as they are executed; None where it is that order.
    stored : dict of TensorRef to TensorRef
        For every tensor the one whose storage it is.
    steps : tuple of Step
    maps : dict of TensorRef to FeatureMap
        Inputs of the network first, then in the order of their writes.
    """

    def __init__(self, network: Network, widths: Widths, fuse_epilogues: bool = True, order: Sequence[int] | None = None) -> None:
        self.network = network
        self.widths = widths
        self.fuse_epilogues = fuse_epilogues
        self.order = order
        self.stored = stored = _stored(network)
        parameters = network.node_parameters(widths.parameters)
        steps = []
        readers: dict[TensorRef, list[int]] = {}
        writer: dict[TensorRef, int] = dict.fromkeys(network.inputs, -1)
        groups = network.hosts if fuse_epilogues else network.single_hosts
        groups = groups if order is None else [groups[index] for index in order]
        for index, group in enumerate(groups):
            inside = [node.name for node in group]
            reads = dict.fromkeys([ref for node in group for r in node.inputs if (ref := stored[r]).node not in inside])
            writes = tuple([TensorRef(inside[-1], i) for i in range(len(group[-1].output_shapes))])
            for ref in reads:
                readers.setdefault(ref, []).append(index)
            writer.update(dict.fromkeys(writes, index))
            counts = Counts.sum([network.counts[name] for name in inside])
            weight_bytes = total([widths.stored_bytes(node, network.counts[node.name], parameters[node.name]) for node in group])
            steps.append(Step(tuple(group), group[0].input_shapes, counts, weight_bytes, tuple(reads), writes))
        self.steps = tuple(steps)
        returned = {stored[ref] for ref in network.outputs}
        self.maps: dict[TensorRef, FeatureMap] = {}
        for ref, producer in writer.items():
            n_bytes = bytes_of(elements(network.shape(ref)), widths.activation(network.nodes[ref.node]))
            self.maps[ref] = FeatureMap(ref, n_bytes, producer, tuple(readers.get(ref, ())), ref in returned)

    def seen(self, shape: Shape) -> Shape:
        """The shape of a map with its channels first, whichever way the network keeps it."""
        return channels_first(shape) if self.network.channels_last else shape

    def in_order(self, order: Sequence[int]) -> Workload:
        """The same steps in another order, by their places in this one."""
        return Workload(self.network, self.widths, self.fuse_epilogues, order)

    def bytes_of(self, refs: tuple[TensorRef, ...]) -> Num:
        """Bytes of several feature maps."""
        return total(self.maps[ref].n_bytes for ref in refs)

    @cached_property
    def live_bytes(self) -> tuple[Num, ...]:
        """Bytes live at every step: maps written by then and still to be read, its inputs and outputs included."""
        held: list[list[Num]] = [[] for _ in self.steps]
        for fmap in self.maps.values():
            for index in fmap.steps_held:
                held[index].append(fmap.n_bytes)
        return tuple(total(sizes) for sizes in held)

    @cached_property
    def peak_live_bytes(self) -> Num:
        """The maximum of the live bytes over the order."""
        return _largest(self.live_bytes) if self.steps else 0

    @cached_property
    def crowd_bytes(self) -> dict[TensorRef, Num]:
        """For every map the most bytes live at any step from its write to its last read."""
        most: dict[TensorRef, Num] = {}
        for ref, fmap in self.maps.items():
            held = fmap.steps_held
            most[ref] = _largest(self.live_bytes[held.start : held.stop]) if held else 0
        return most

    @cached_property
    def weight_bytes(self) -> Num:
        """Bytes of the parameters that occupy and move."""
        return total(step.weight_bytes for step in self.steps)

    @cached_property
    def boundary_bytes(self) -> Num:
        """Bytes of the network's inputs and outputs, each of which crosses the bus once; an input that is returned stays there."""
        ends = [m for m in self.maps.values() if (m.consumers if m.producer < 0 else m.is_output)]
        return total(m.n_bytes for m in ends)


def _largest(figures: Iterable[Num]) -> Num:
    """The maximum; of symbols that are alike one is asked."""
    return maximum(*{id(figure) if is_array(figure) else figure: figure for figure in figures}.values())


def _stored(network: Network) -> dict[TensorRef, TensorRef]:
    """For every tensor the one whose storage it is: an alias has its input's."""
    stored: dict[TensorRef, TensorRef] = {}
    for node in network.nodes.values():
        for index in range(len(node.output_shapes)):
            ref = TensorRef(node.name, index)
            stored[ref] = stored[node.inputs[0]] if node.layer.role == "alias" else ref
    return stored
