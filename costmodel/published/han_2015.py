"""The pruned networks of Han et al. (2015), by the rewrite `Prune` from the shares that the paper prints a layer."""

from __future__ import annotations

import json
from fractions import Fraction
from functools import cache
from importlib import resources
from typing import Any

from costmodel import zoo
from costmodel._num import total
from costmodel.api import predict
from costmodel.errors import UnknownNameError
from costmodel.hardware import Hardware
from costmodel.network import Network
from costmodel.network.rewrites import Prune
from costmodel.network.storage import PLAIN


@cache
def data() -> dict[str, Any]:
    """What the paper prints of each layer."""
    text = (resources.files("costmodel.published") / "data" / "han_2015.json").read_text("utf-8")
    networks: dict[str, Any] = json.loads(text)["networks"]
    return networks


def _shares(printed: dict[str, Any], column: str) -> dict[str, Fraction]:
    return {layer: Fraction(percent, 100) for layer, percent in zip(printed["layers"], printed[column], strict=True)}


def pruned(network: str, inputs: str = "flop") -> Network:
    """A network of the zoo, pruned as the paper prints it.

    Parameters
    ----------
    network : "vgg16", "alexnet" or "lenet_5_caffe"
    inputs : "flop" or "activations"
        Where the share of nonzero inputs comes from: what the printed FLOP leave once the weights are taken out, or the printed
        activations of the layer before, which the data have for VGG-16 alone.

    Examples
    --------
    >>> net = pruned("vgg16")
    >>> net.nodes["fc6"].storage.density, net.nodes["conv1_2"].storage.input_density
    (Fraction(1, 25), Fraction(6, 11))
    """
    if network not in data():
        raise UnknownNameError.of("network pruned by Han et al.", network, data())
    printed = data()[network]
    weights = _shares(printed, "weights_percent") if "weights_percent" in printed else None
    if inputs == "activations":
        layers = printed["layers"]
        read = dict(zip(layers, (Fraction(1), *_shares(printed, "activations_percent").values()), strict=False))
    else:
        flop = _shares(printed, "flop_percent")
        read = {layer: share / weights[layer] if weights else share for layer, share in flop.items()}
    return zoo.build(network).rewrite(Prune(weights, inputs=read, sparse_format="dense"))


def computed(figure: str, network: str) -> tuple[Any, str]:
    """A figure of a pruned network, and how it is counted."""
    net = pruned(network)
    if figure == "flop_kept":
        skipping = Hardware.load("pardhi").replace(skips_zeros="both")
        whole = predict(net, skipping).total
        return Fraction(whole.macs_effective, whole.macs), "MACs without a zero operand over all, by the printed share of FLOP a layer"
    kept = total([(node.storage or PLAIN).nonzeros(net.counts[name].weights) for name, node in net.nodes.items()])
    words = "weights that are left, by the printed shares a layer; no biases"
    return (Fraction(kept, net.totals.weights), words) if figure == "weights_kept_share" else (kept, words)
