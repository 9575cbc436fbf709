"""Bits: how wide weights, activations and accumulators are, and which parameters occupy and move bytes."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

from costmodel._num import Num, bytes_of
from costmodel._record import Record
from costmodel.errors import UnknownNameError
from costmodel.layers import Counts
from costmodel.layers.fields import dim
from costmodel.network import PARAMETER_TOTALS, Network, Node

WEIGHT_BITS, ACTIVATION_BITS, ACCUMULATOR_BITS = 8, 8, 32


def _optional_bits(value: Any) -> Num | None:
    return None if value is None else dim(value)


def _choice(value: Any) -> str:
    if value not in PARAMETER_TOTALS:
        raise UnknownNameError.of("total of parameters", value, PARAMETER_TOTALS)
    return str(value)


class Widths(Record):
    """Widths in bits. None keeps what the network says of a tensor, and 8 (of sums 32) where it says nothing."""

    weight_bits: Annotated[Any, _optional_bits] = None
    activation_bits: Annotated[Any, _optional_bits] = None
    accumulator_bits: Annotated[Any, _optional_bits] = None
    parameters: Annotated[str, _choice] = "weights"

    def weight(self, node: Node) -> Num:
        """The width of a node's weights."""
        own = node.weight_bits if self.weight_bits is None else self.weight_bits
        return WEIGHT_BITS if own is None else own

    def activation(self, node: Node) -> Num:
        """The width of a node's outputs."""
        own = node.activation_bits if self.activation_bits is None else self.activation_bits
        return ACTIVATION_BITS if own is None else own

    def accumulator(self, node: Node) -> Num:
        """The width of a node's partial sums."""
        own = node.accumulator_bits if self.accumulator_bits is None else self.accumulator_bits
        return ACCUMULATOR_BITS if own is None else own

    def operand(self, network: Network) -> Num:
        """The width of the feature maps that most layers with MACs read; the wider where two are as many."""
        if self.activation_bits is not None:
            return self.activation_bits
        if all(node.activation_bits is None for node in network.nodes.values()):
            return ACTIVATION_BITS
        read = [node.inputs[0].node for name, node in network.nodes.items() if node.inputs and network.counts[name].macs != 0]
        found = Counter(self.activation(network.nodes[name]) for name in read or network.nodes)
        return max(found, key=lambda bits: (found[bits], bits if isinstance(bits, int) else 0))

    def stored_bytes(self, node: Node, counts: Counts, parameters: Num) -> Num:
        """Bytes that a node's parameters occupy, under the named total of which there are `parameters`."""
        if node.storage is None:
            return bytes_of(parameters, self.weight(node))
        return node.storage.bytes_of(counts, parameters, self.parameters, node.channels, self.weight(node))

    def said(self, kind: str, network: Network) -> Any:
        """A width in words: the one asked for, else the network's own, else the default; several as a text."""
        if (asked := getattr(self, kind)) is not None:
            return asked
        own = {name: bits for name, node in network.nodes.items() if (bits := getattr(node, kind)) is not None}
        default = _DEFAULTS[kind]
        if not own:
            return default
        silent = any(_has(node, network.counts[name], kind) for name, node in network.nodes.items() if name not in own)
        distinct = sorted({*own.values()} | ({default} if silent else set()), key=str)
        return " and ".join(map(str, distinct)) if len(distinct) > 1 else distinct[0]


_DEFAULTS = {"weight_bits": WEIGHT_BITS, "activation_bits": ACTIVATION_BITS, "accumulator_bits": ACCUMULATOR_BITS}


def _has(node: Node, counts: Counts, kind: str) -> bool:
    """Whether a node has something of that width."""
    number = {"weight_bits": counts.weights, "accumulator_bits": counts.macs}.get(kind, node.layer.role != "alias")
    return bool(number != 0)
