"""Widths in bits, a role at a time, and the scales that narrow weights need."""

from __future__ import annotations

from typing import Annotated, Any

from costmodel._num import Num, is_symbolic
from costmodel.errors import FieldError, UnknownNameError
from costmodel.layers.fields import OptionalDim, choice, dim, extent
from costmodel.network.changes import Change, Left
from costmodel.network.graph import Network, Node
from costmodel.network.rewrites.base import Rewrite
from costmodel.network.rewrites.select import Where, selected
from costmodel.network.storage import PLAIN, SHARING, Storage

NAMES = {"fp32": 32, "float32": 32, "fp16": 16, "float16": 16, "bf16": 16, "bfloat16": 16, "int16": 16, "int8": 8, "int4": 4,
         "ternary": 2, "binary": 1}  # fmt: skip
"""Number formats and their widths."""


def _width(value: Any) -> Num | None:
    if isinstance(value, str):
        if value not in NAMES:
            raise UnknownNameError.of("number format", value, NAMES)
        return NAMES[value]
    if value is None:
        return None
    found = dim(value)
    if not is_symbolic(found) and found > 128:
        raise ValueError("must be a number format or at most 128 bits")
    return found


Width = Annotated[Any, _width]


class Bits(Rewrite):
    """Widths of weights, feature maps, partial sums and other parameters, in all layers or in some.

    Parameters
    ----------
    weights, activations, accumulators : int, str or symbol, optional
        Widths: 8, 4, 1, or a format such as "fp16" or "int8". None leaves what is. [bit]
    biases, norms, constants : int, str or symbol, optional
        Of the other parameters: biases and folded norms; gains, offsets and statistics; stored tensors. They have the width of the
        layer's weights where nothing says otherwise. [bit]
    scales : "none", "tensor", "channel" or "group"
        What shares a scale: all weights of a layer, those of an output channel, or `group` of them.
    group : int, optional
        Weights in a group; none reaches over two output channels.
    scale_bits, zero_point_bits : int or symbol
        Of each scale and each zero point; 0 for weights without zero point. [bit]
    where : str, callable or several
        Which layers; see `selected`. A convolution stands for the norms and activations that run on its output, whose last one writes
        the map.

    Notes
    -----
    `predict` has arguments of the same meaning, which win over what the network says; scales stay.

    Examples
    --------
    >>> import costmodel as cm
    >>> net = cm.zoo.mobilenet_v1()
    >>> cm.predict(net.rewrite(cm.rewrites.Bits(weights=4))).total.weight_bytes           # 4,209,088 / 2
    2104544
    >>> first_and_last = cm.rewrites.Bits(weights=8, where=("conv1", "fc"))
    >>> mixed = net.rewrite(cm.rewrites.Bits(weights=1), first_and_last)
    >>> cm.predict(mixed).total.weight_bytes          # 864 + 1,024,000 at a byte, 3,184,224 at a bit
    1422892
    """

    weights: Width = None
    activations: Width = None
    accumulators: Width = None
    biases: Width = None
    norms: Width = None
    constants: Width = None
    scales: Annotated[str, choice(SHARING)] = "none"
    group: OptionalDim = None
    scale_bits: Annotated[Any, extent] = 32
    zero_point_bits: Annotated[Any, extent] = 0
    where: Where = None

    def apply(self, network: Network) -> Network:
        self._check()
        picked = selected(network, self.where)
        writes = {rider.name for host, *riders in network.hosts if host.name in picked for rider in riders}
        replacements: dict[str, Node] = {}
        records: list[Change | Left] = []
        for node in network.nodes.values():
            if node.name not in picked and node.name not in writes:
                continue
            after = self._after(node) if node.name in picked else node
            if self.activations is not None and node.layer.role != "alias":
                after = after._replace(activation_bits=self.activations)
            changes = list(self._changes(node, after))
            records += changes
            if changes:
                replacements[node.name] = after
            elif self.where is not None and node.name in picked:
                records.append(self.left(node, "it has nothing of what changes, or has that width already"))
        return self.rebuilt(network, replacements, records)

    def _check(self) -> None:
        if (self.group is None) == (self.scales == "group"):
            raise FieldError(f'Bits: `group` (={self.group}) goes with `scales="group"`, got scales={self.scales!r}')
        if self.scales == "none" and self.zero_point_bits != 0:
            raise FieldError(f"Bits: `zero_point_bits` (={self.zero_point_bits}) needs `scales`: what shares a zero point")

    def _after(self, node: Node) -> Node:
        counts = node.counts()
        storage: dict[str, Any] = {}
        if self.biases is not None:
            storage["bias_bits"] = self.biases
        if self.norms is not None and (counts.norm_affine != 0 or counts.norm_statistics != 0):
            storage |= {"norm_bits": self.norms} | ({} if self.biases is not None else {"bias_bits": self.norms})
        if self.constants is not None and counts.constants != 0:
            storage["constant_bits"] = self.constants
        if "norm_bits" not in storage and counts.biases == 0 and counts.weights == 0:
            storage.pop("bias_bits", None)  # a layer with weights may come to have biases, by FoldNorm
        if counts.weights != 0:
            if self.weights is not None:
                node = node._replace(weight_bits=self.weights)
            if self.scales != "none":
                widths = {"scale_bits": self.scale_bits, "zero_point_bits": self.zero_point_bits}
                storage |= {"scales_per": self.scales, "group": self.group, **widths}
        if self.accumulators is not None and counts.macs != 0:
            node = node._replace(accumulator_bits=self.accumulators)
        return stored(node, **storage)

    def _changes(self, node: Node, after: Node) -> list[Change]:
        found = []
        for key in ("weight_bits", "activation_bits", "accumulator_bits"):
            if (before := getattr(node, key)) != (now := getattr(after, key)):
                found.append(self.changed(node, key, before, now))
        old, new = (node.storage or PLAIN).fields(), (after.storage or PLAIN).fields()
        return found + [self.changed(node, key, old[key], new[key]) for key in new if new[key] != old[key]]


def stored(node: Node, **fields: Any) -> Node:
    """The node with some fields of its storage changed."""
    if not fields:
        return node
    changed = (node.storage or Storage()).replace(**fields)
    return node._replace(storage=None if changed == PLAIN else changed)
