"""AlexNet and VGG-16 under Deep Compression, by the rewrites `Prune`, `SharedWeights` and `Huffman` from what its tables print."""

from __future__ import annotations

import json
from fractions import Fraction
from functools import cache
from importlib import resources
from typing import Any

from costmodel import zoo
from costmodel._num import total
from costmodel.errors import UnknownNameError
from costmodel.network import Network
from costmodel.network.rewrites import Huffman, Prune, SharedWeights
from costmodel.prediction import Widths
from costmodel.prediction.views import percent
from costmodel.tables import Column, Table

STAGES = ("shared", "coded")
"""Pruned with shared values and indices; Huffman codes for both."""


@cache
def data() -> dict[str, Any]:
    """What the paper prints of each layer."""
    text = (resources.files("costmodel.published") / "data" / "deep_compression.json").read_text("utf-8")
    networks: dict[str, Any] = json.loads(text)["networks"]
    return networks


def compressed(network: str, stage: str = "coded", fillers: str = "expected") -> Network:
    """A network of the zoo as the paper stores it.

    Parameters
    ----------
    network : "alexnet" or "vgg16"
    stage : "shared" or "coded"
        With or without Huffman codes.
    fillers : "expected", "none" or "most"
        As of `Prune`: the paper prints no numbers of fillers.

    Examples
    --------
    >>> compressed("alexnet").nodes["fc6"].storage.coded_weight_bits
    Fraction(39, 10)
    """
    for what, name, known in (("network of Deep Compression", network, data()), ("stage", stage, STAGES)):
        if name not in known:
            raise UnknownNameError.of(what, name, known)
    printed = data()[network]
    columns = {key: dict(zip(printed["layers"], printed[key], strict=True)) for key in _INPUTS}
    kept = {layer: Fraction(value, 100) for layer, value in columns["weights_percent"].items()}
    steps: list[Any] = [Prune(kept, index_bits=printed["index_bits"], fillers=fillers), SharedWeights(columns["shared_bits"])]
    if stage == "coded":
        steps.append(Huffman(columns["coded_weight_bits"], columns["coded_index_bits"]))
    return zoo.build(network).rewrite(*steps)


_INPUTS = ("weights_percent", "shared_bits", "coded_weight_bits", "coded_index_bits")


def rates(network: str, stage: str = "coded", fillers: str = "expected") -> dict[str, float]:
    """Stored bytes of every layer's weights, and of all, over those of 32-bit weights.

    Examples
    --------
    >>> f"{rates('alexnet')['total']:.2%}", f"{1 / rates('alexnet')['total']:.0f}x"      # printed: 2.88 %, 35x
    ('3.04%', '33x')
    """
    net, widths = compressed(network, stage, fillers), Widths()
    layers = data()[network]["layers"]
    stored = {name: widths.stored_bytes(net.nodes[name], net.counts[name], net.counts[name].weights) for name in layers}
    plain = {name: 4 * net.counts[name].weights for name in layers}
    return {name: stored[name] / plain[name] for name in layers} | {"total": total(stored.values()) / total(plain.values())}


def table(network: str = "alexnet", fillers: str = "expected") -> Table:
    """The paper's rates beside those of the rewrites, a layer a row."""
    printed = data()[network]
    computed = {stage: rates(network, stage, fillers) for stage in STAGES}
    rows = []
    for index, name in enumerate((*printed["layers"], "total")):
        row: dict[str, Any] = {"layer": name}
        for stage in STAGES:
            column = f"{stage}_percent"
            row[f"{stage}_printed"] = (printed["totals"][column] if name == "total" else printed[column][index]) / 100
            row[f"{stage}_computed"] = computed[stage][name]
        rows.append(row)
    columns = [Column("layer", "layer")]
    for stage, words in zip(STAGES, ("pruned and shared", "and Huffman coded"), strict=True):
        columns += [Column(f"{stage}_printed", f"{words}, printed", "", percent), Column(f"{stage}_computed", "computed", "", percent)]
    notes = [f"shares and bits as printed, whole per cent and tenths of a bit; fillers: {fillers}; tables of 32-bit values"]
    return Table(columns, rows, title=f"Deep Compression of {network}: stored over 32-bit weights", notes=notes)
