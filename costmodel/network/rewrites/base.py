"""What a rewrite is, and how a network is rebuilt with some nodes changed or left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from costmodel._record import Record
from costmodel.errors import CostModelError
from costmodel.network.graph import Network, Node, TensorRef
from costmodel.network.layout import infer


class Rewrite(Record):
    """Makes a network of another. A subclass says what changes in `apply`."""

    words: ClassVar[str]
    """What it does, for the assumptions of the network that it makes."""

    def apply(self, network: Network) -> Network:
        """The rewritten network; the one given stays as it is."""
        raise CostModelError(f"rewrite {type(self).__name__} changes nothing; write its `apply`")


def rebuilt(network: Network, changed: Mapping[str, Node], without: Mapping[str, TensorRef], said: str) -> Network:
    """The network with some nodes changed and others left out; shapes are inferred anew.

    Parameters
    ----------
    network : Network
    changed : mapping
        Nodes by the name of the one that they replace.
    without : mapping
        The names of nodes that are left out, each with the tensor that its readers read instead.
    said : str
        The assumption to note.
    """

    def now(ref: TensorRef) -> TensorRef:
        while ref.node in without:
            ref = without[ref.node]
        return TensorRef(changed[ref.node].name, ref.output) if ref.node in changed else ref

    nodes: dict[str, Node] = {}
    for old in network.nodes.values():
        if old.name in without:
            continue
        node = changed.get(old.name, old)
        inputs = tuple([now(ref) for ref in node.inputs])
        input_shapes = tuple([nodes[ref.node].output_shapes[ref.output] for ref in inputs])
        if node is not old or input_shapes != node.input_shapes:
            output_shapes, conditions = infer(node.layer, input_shapes, node.channels_last)
            node = node._replace(input_shapes=input_shapes, output_shapes=output_shapes, conditions=conditions)
        nodes[node.name] = node._replace(inputs=inputs)
    return Network(network.name, nodes.values(), [now(ref) for ref in network.outputs], (*network.assumptions, said))
