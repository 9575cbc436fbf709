"""The network: an immutable record of nodes in creation order."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from costmodel._num import Num, is_symbolic, total
from costmodel.errors import CostModelError, FieldError, NetworkError, UnknownNameError
from costmodel.layers import Check, Counts, Layer, Shape
from costmodel.network.changes import Change, Changes, Left
from costmodel.network.epilogues import epilogue_groups, folded_parameters
from costmodel.network.layout import channels_first
from costmodel.network.storage import Storage

if TYPE_CHECKING:
    import networkx

    from costmodel.network.builder import Tensor
    from costmodel.network.rewrites import Rewrite
    from costmodel.tables import Table


PARAMETER_TOTALS = ("weights", "trainable", "all", "folded")
"""The named totals of parameters: weights; with biases and gains; with statistics and constants; norms folded."""


class TensorRef(NamedTuple):
    """An output of a node."""

    node: str
    output: int = 0

    def __str__(self) -> str:
        return f"{self.node}:{self.output}" if self.output else self.node


class Node(NamedTuple):
    """A layer in its place."""

    name: str
    layer: Layer
    inputs: tuple[TensorRef, ...]
    input_shapes: tuple[Shape, ...]
    output_shapes: tuple[Shape, ...]
    conditions: tuple[Check, ...] = ()
    """What must hold of the symbols in its shapes."""
    weight_bits: Num | None = None
    """Width of its weights where the network says so, else None."""
    activation_bits: Num | None = None
    """Width of its outputs where the network says so, else None."""
    held: Counts | None = None
    """Its parameters by role where a file says which it stores, else None; a shared one stands where it is first used."""
    channels_last: bool = False
    """Whether its shapes have their channels last, as the network's source has them; its layer is asked with channels first."""
    accumulator_bits: Num | None = None
    """Width of its partial sums where the network says so, else None."""
    storage: Storage | None = None
    """How its parameters are stored and which share of its operands is zero, where the network says so, else None."""
    absorbed: bool = False
    """Whether the layer before computes it as it writes, whatever that layer is and whether epilogues fuse or not."""

    def seen(self, shape: Shape) -> Shape:
        """One of its shapes as its layer knows it: channels first."""
        return channels_first(shape) if self.channels_last else shape

    def variety(self) -> str:
        """What a table of shares calls it."""
        return self.layer.variety(tuple([self.seen(shape) for shape in self.input_shapes]))

    @property
    def channels(self) -> Num:
        """Output channels, or features of a dense layer: what weights can have a scale each for."""
        shape = self.seen(self.output_shapes[0])
        return shape[1] if self.layer.rank else shape[-1] if shape else 1

    def counts(self) -> Counts:
        """What its layer does and holds; parameters that a file says it stores take the place of the layer's."""
        inputs, output = self.input_shapes, self.output_shapes[0]
        if self.channels_last:
            inputs, output = tuple(map(channels_first, inputs)), channels_first(output)
        counts = self.layer.counts(inputs, output)
        return counts if self.held is None else Counts(*counts[:2], *self.held[2:])


class Network:
    """A layer graph. Immutable; compares and hashes by content.

    Build one with `Network.of`, `sequential`, a zoo function or a reader.

    Attributes
    ----------
    name : str
    nodes : dict of str to Node
        In creation order, which is an order of execution.
    outputs : tuple of TensorRef
    assumptions : tuple of str
        What its reader had to assume, and which rewrites it went through; every prediction shows them.
    changes : Changes
        What rewrites changed and what they left alone and why; no part of the content that compares.

    Examples
    --------
    >>> import costmodel as cm
    >>> x = cm.Input((1, 3, 32, 32))
    >>> x = cm.layers.ReLU()(cm.layers.Conv2d(16, 3, stride=2)(x, name="conv"), name="act")
    >>> net = cm.Network.of(x, name="one_conv")
    >>> net.macs == 16 * 16 * 16 * 3 * 3 * 3, net.parameters["weights"] == 16 * 3 * 3 * 3
    (True, True)
    """

    def __init__(
        self,
        name: str,
        nodes: Iterable[Node],
        outputs: Iterable[TensorRef],
        assumptions: Iterable[str] = (),
        changes: Iterable[Change | Left] = (),
    ) -> None:
        self.name = name
        self.assumptions = tuple(assumptions)
        self.changes = Changes(changes)
        self.nodes: dict[str, Node] = {}
        self.outputs = tuple(outputs)
        for node in nodes:
            if node.name in self.nodes:
                raise NetworkError(f"network {name!r} has two layers named {node.name!r}; names must differ")
            for ref in node.inputs:
                self._require(ref, node.name)
            self.nodes[node.name] = node
        if not self.outputs:
            raise NetworkError(f"network {name!r} has no output")
        for ref in self.outputs:
            self._require(ref, "")

    @staticmethod
    def of(outputs: Tensor | Iterable[Tensor], name: str = "network") -> Network:
        """The network that computes `outputs`, its nodes in the order of their creation.

        Parameters
        ----------
        outputs : Tensor or iterable of Tensor
            What the network returns.
        name : str
            The name of the network.

        Raises
        ------
        NetworkError
            Where a name stands twice or there is no output.
        """
        from costmodel.network.builder import collect

        return collect(outputs, name)

    def _require(self, ref: TensorRef, reader: str) -> None:
        if ref.node not in self.nodes or not 0 <= ref.output < len(self.nodes[ref.node].output_shapes):
            user = f"layer {reader!r} reads" if reader else "the outputs read"
            raise NetworkError(f"network {self.name!r}: {user} {str(ref)!r}, which no layer before gives")

    def shape(self, ref: TensorRef) -> Shape:
        """The shape of a tensor."""
        return self.nodes[ref.node].output_shapes[ref.output]

    @property
    def inputs(self) -> tuple[TensorRef, ...]:
        """The network's inputs."""
        return tuple(TensorRef(node.name) for node in self.nodes.values() if node.layer.role == "input")

    @cached_property
    def channels_last(self) -> bool:
        """Whether its maps have their channels last, as in TFLite files."""
        return any(node.channels_last for node in self.nodes.values())

    @cached_property
    def counts(self) -> dict[str, Counts]:
        """The counts of every node."""
        return {node.name: node.counts() for node in self.nodes.values()}

    @cached_property
    def coverage(self) -> float:
        """Share of the layers whose cost is known; below 1 all totals are lower bounds."""
        known = [node.layer.cost_known for node in self.nodes.values() if node.layer.role in ("step", "epilogue")]
        return sum(known) / len(known) if known else 1.0

    @cached_property
    def totals(self) -> Counts:
        """The counts of the whole network."""
        return Counts.sum(self.counts.values())

    @cached_property
    def hosts(self) -> list[list[Node]]:
        """The nodes that compute, each with the epilogues that may ride on it."""
        return epilogue_groups(self)

    @cached_property
    def single_hosts(self) -> list[list[Node]]:
        """The nodes that compute, each alone but for what it has absorbed."""
        return epilogue_groups(self, absorbed_alone=True)

    @property
    def macs(self) -> Num:
        """Multiply-accumulates of one inference."""
        return self.totals.macs

    def node_parameters(self, which: str) -> dict[str, Num]:
        """Parameters of every node under a named total: weights, trainable, all or folded."""
        if which == "folded":
            return folded_parameters(self)
        if which not in PARAMETER_TOTALS:
            raise UnknownNameError.of("total of parameters", which, PARAMETER_TOTALS)
        return {name: getattr(counts, which) for name, counts in self.counts.items()}

    @cached_property
    def parameters(self) -> dict[str, Num]:
        """The named totals of its parameters.

        Examples
        --------
        >>> import costmodel as cm
        >>> cm.zoo.mobilenet_v1().parameters
        {'weights': 4209088, 'trainable': 4231976, 'all': 4253864, 'folded': 4221032}
        """
        sums = {which: getattr(self.totals, which) for which in PARAMETER_TOTALS if which != "folded"}
        return sums | {"folded": total(folded_parameters(self).values())}

    @property
    def conditions(self) -> tuple[Check, ...]:
        """What must hold of the symbols, each with the message that says so."""
        return tuple(dict.fromkeys(c for node in self.nodes.values() for c in node.conditions))

    @property
    def symbols(self) -> frozenset[Any]:
        """The free symbols of its shapes."""
        return frozenset(
            symbol
            for node in self.nodes.values()
            for shape in node.output_shapes
            for size in shape
            if is_symbolic(size)
            for symbol in size.free_symbols
        )

    @property
    def graph(self) -> networkx.MultiDiGraph[str]:
        """The graph for networkx: nodes carry `layer` and `output_shapes`, edges the `tensor` and its `position`."""
        import networkx

        graph: networkx.MultiDiGraph[str] = networkx.MultiDiGraph(name=self.name)
        for node in self.nodes.values():
            graph.add_node(node.name, layer=node.layer, output_shapes=node.output_shapes)
            for position, ref in enumerate(node.inputs):
                graph.add_edge(ref.node, node.name, tensor=str(ref), position=position)
        return graph

    def rewrite(self, *rewrites: Rewrite) -> Network:
        """The network after some rewrites, one after another.

        Raises
        ------
        CostModelError
            What a rewrite can't do, beginning with the rewrite and naming the layer that it met.

        Examples
        --------
        >>> import costmodel as cm
        >>> cm.zoo.mobilenet_v1().rewrite(cm.rewrites.FoldNorm()).nodes["conv1"].layer
        Conv2d(out_channels=32, kernel_size=3, stride=2)
        """
        network = self
        for rewrite in rewrites:
            if isinstance(rewrite, type) or not hasattr(rewrite, "apply"):
                raise FieldError(f"`rewrites` (={rewrite!r}) must be rewrites such as cm.rewrites.FoldNorm() or cm.rewrites.Width(0.5)")
            try:
                network = rewrite.apply(network)
            except CostModelError as error:
                words = str(error)
                raise (error if words.startswith(type(rewrite).__name__) else type(error)(f"{rewrite!r}: {words}")) from None
        return network

    def table(self) -> Table:
        """One row a layer: what it reads, the shape of its output, MACs and parameters.

        Examples
        --------
        >>> import costmodel as cm
        >>> [row["name"] for row in cm.zoo.mobilenet_v1().table().rows[:2]]
        ['input', 'conv1']
        """
        from costmodel.tables import Column, Table

        columns = [Column("name", "layer"), Column("kind", "kind"), Column("inputs", "reads"), Column("output", "output"),
                   Column("macs", "MACs", ""), Column("parameters", "parameters", "")]  # fmt: skip
        rows = [
            {"name": node.name, "kind": node.layer.kind, "inputs": [str(ref) for ref in node.inputs],
             "output": ", ".join(" x ".join(map(str, shape)) for shape in node.output_shapes), "macs": self.counts[node.name].macs,
             "parameters": self.counts[node.name].trainable}
            for node in self.nodes.values()
        ]  # fmt: skip
        footer = {"name": "total", "macs": self.macs, "parameters": self.totals.trainable}
        return Table(columns, rows, title=self.name, notes=self.assumptions, footer=footer)

    def _repr_html_(self) -> str:
        return self.table().to_html()

    def to_json(self) -> str:
        """The network as JSON; `from_json` reads it back."""
        from costmodel.network.document import dump

        return dump(self)

    @staticmethod
    def from_json(text: str | bytes) -> Network:
        """The network in a JSON document; shapes are inferred and checked again."""
        from costmodel.network.document import load

        return load(text)

    def _content(self) -> tuple[Any, ...]:
        """What compares: shapes and conditions follow from the rest."""
        return self.name, tuple([(*node[:3], *node[6:]) for node in self.nodes.values()]), self.outputs, self.assumptions

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Network) and self._content() == other._content()

    def __hash__(self) -> int:
        return hash(self._content())

    def __repr__(self) -> str:
        shapes = ", ".join(str(self.shape(ref)) for ref in self.inputs)
        return f"Network({self.name!r}: {len(self.nodes) - len(self.inputs)} layers, input {shapes}, {self.macs} MACs)"
