"""What a tool would print of a network, split into what parts it from the MACs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple

from costmodel._num import Num, total
from costmodel.counters.measures import BIASED, MEASURES, WEIGHTED
from costmodel.counters.rules import Rule, Tool
from costmodel.errors import UnknownNameError
from costmodel.layers import Counts
from costmodel.network import Network, Node

CAUSES: dict[str, str] = {
    "twice": "2 a MAC",
    "biases": "biases",
    "norms": "norms",
    "activations": "activations",
    "pooling": "pooling",
    "elementwise": "elementwise",
    "others": "other layers",
    "otherwise": "MACs by another rule",
    "missed": "MACs missed",
    "unknown": "no rule here",
}
"""What parts a tool's figure from the MACs, each by its key, with its heading."""

_FAMILIES = {"normalisation": "norms", "activation": "activations", "pooling": "pooling", "elementwise": "elementwise"}
"""Causes by the file of the layer: one family a file."""


class Account(NamedTuple):
    """A tool's figure: ``network.macs + sum(causes.values())``, exactly."""

    figure: Num
    causes: Mapping[str, Num]
    parameters: Num | None
    """None where the tool prints none."""
    unknown: tuple[str, ...]
    """Kinds of layers that this tool has no rule for here: the figure leaves them out."""


def account(network: Network, tool: Tool, functions: Collection[str] = ()) -> Account:
    """What `tool` would print of `network`.

    Parameters
    ----------
    network : Network
    tool : Tool
    functions : collection of str
        Layers that the model calls as functions of torch (``F.relu``, ``torch.add``), by kind or by name; all others are
        modules, or operators (``+``, ``*``, ``@``) where torch has no module.

    Returns
    -------
    Account

    Raises
    ------
    UnknownNameError
        `functions` names neither a layer of the network nor a kind in it.
    """
    kinds = {node.layer.kind for node in network.nodes.values()}
    for name in functions:
        if name not in kinds and name not in network.nodes:
            raise UnknownNameError.of("layer or kind of layer", name, {*kinds, *network.nodes})
    folded = _folded(network) if tool.folds_norms else {}
    terms: dict[str, list[Num]] = {cause: [] for cause in CAUSES}
    parameters: list[Num] = []
    unknown: dict[str, None] = {}
    for node in network.nodes.values():
        layer = node.layer
        counts = layer.counts(node.input_shapes, node.output_shapes[0])  # what it works with, be it stored by another layer
        if node.name in folded:
            elements = MEASURES["outputs"](node, counts)
            terms["biases"].append(elements if folded[node.name] else 0)
            parameters.append(node.output_shapes[0][1] if folded[node.name] else 0)
            continue
        if layer.role in ("input", "alias"):
            continue
        rule, as_function = tool.rule(layer.kind), layer.kind in functions or node.name in functions
        if rule is None:
            unknown[layer.kind] = None
            terms["unknown"].append(-counts.macs)
        else:
            for cause, term in _terms(node, counts, rule, tool, as_function):
                terms[cause].append(term)
        if tool.parameters and not (tool.hooked_parameters and (rule is None or not rule.known or as_function)):
            parameters.append(getattr(network.counts[node.name], tool.parameters))
    causes = {cause: total(numbers) for cause, numbers in terms.items()}
    figure = total((network.macs, *causes.values()))
    return Account(figure, causes, total(parameters) if tool.parameters else None, tuple(unknown))


def family(node: Node) -> str:
    """The cause that a layer without MACs belongs to."""
    return _FAMILIES.get(type(node.layer).__module__.rpartition(".")[2], "others")


def _terms(node: Node, counts: Counts, rule: Rule, tool: Tool, as_function: bool) -> Iterable[tuple[str, Num]]:
    """What a layer adds to each cause."""
    measures = rule.measures(as_function)
    for name, times in measures.items():
        if name in BIASED:
            yield "biases", times * BIASED[name](node, counts)
        elif name not in WEIGHTED:
            yield family(node), times * MEASURES[name](node, counts)
    weighted = [times * WEIGHTED[name](node, counts) for name, times in measures.items() if name in WEIGHTED]
    if counts.macs == 0:
        yield family(node), total(weighted)
        return
    if not weighted:
        yield "missed", -counts.macs
        return
    yield "twice", (tool.per_mac - 1) * counts.macs
    if measures.get("macs") != tool.per_mac:
        yield "otherwise", total(weighted) - tool.per_mac * counts.macs


def _folded(network: Network) -> dict[str, bool]:
    """Batch norms right behind a convolution that is not transposed, each with whether it leaves a bias that was not there."""
    found = {}
    for host, *riders in network.hosts:
        if riders and riders[0].layer.kind == "batch_norm" and fnmatchcase(host.layer.kind, "*conv?d"):
            found[riders[0].name] = not network.counts[host.name].biases
    return found
