"""How papers count: each convention by its name, as a function of a network."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from costmodel import zoo
from costmodel._num import Num, total
from costmodel.errors import UnknownNameError
from costmodel.network import Network


class Convention(NamedTuple):
    """A way to count, and what it means in words."""

    words: str
    count: Callable[[Network], Num]


def _of(network: Network, figure: str, kinds: tuple[str, ...]) -> Num:
    nodes = (node for node in network.nodes.values() if node.variety() in kinds)
    return total(getattr(network.counts[node.name], figure) for node in nodes)


CONVOLUTIONS = ("pointwise", "depthwise", "grouped", "standard")


def _share(figure: str, kind: str) -> Convention:
    words = {"macs": "MACs of convolutions and dense layers", "weights": "weights, without biases and norms"}[figure]
    return Convention(f"share of {kind} layers in {words}", lambda net: _of(net, figure, (kind,)) / getattr(net.totals, figure))


def _without_gamma(network: Network) -> Num:
    """Three of the four vectors of a batch norm: beta, mean, variance."""
    t = network.totals
    return t.weights + t.biases + t.norm_statistics + t.norm_statistics // 2


def _weights_and_biases(network: Network) -> Num:
    return network.totals.weights + network.totals.biases


def _connections(network: Network) -> Num:
    """Of LeCun et al. (1998): every input of every unit, its bias included; the coefficient of a subsampling unit is none."""
    steps = [number for step, number in network.totals.other if step in ("bias_add", "average")]
    return _of(network, "macs", ("standard", "dense", "matmul")) + total(steps)


def _first_convolution(figure: str) -> Callable[[Network], Num]:
    """The layers named conv1 and conv1/..., which a separable stem has several of."""
    return lambda net: total(getattr(counts, figure) for name, counts in net.counts.items() if name == "conv1" or name.startswith("conv1/"))


CONVENTIONS: dict[str, Convention] = {
    "macs": Convention("MACs of convolutions and dense layers; no bias, norm, activation or pooling", lambda net: net.macs),
    "conv_macs": Convention("MACs of convolutions alone", lambda net: _of(net, "macs", CONVOLUTIONS)),
    "flops": Convention("two FLOP a MAC of convolutions and dense layers", lambda net: 2 * net.macs),
    "weights": Convention("weights of convolutions and dense layers, without biases and norms", lambda net: net.totals.weights),
    "weights_and_biases": Convention("weights and biases", _weights_and_biases),
    "weights_and_affine": Convention("weights, and gamma and beta of norms", lambda net: net.totals.weights + net.totals.norm_affine),
    "trainable": Convention("weights, biases, gamma and beta", lambda net: net.totals.trainable),
    "all": Convention("weights, biases, gamma, beta, mean and variance", lambda net: net.totals.all),
    "folded": Convention("weights and biases once norms are folded", lambda net: net.parameters["folded"]),
    "parameters_without_gamma": Convention("weights, biases, beta, mean and variance", _without_gamma),
    "fp32_bytes_of_weights_and_biases": Convention("weights and biases at 4 bytes", lambda net: 4 * _weights_and_biases(net)),
    "fp32_bytes_without_gamma": Convention("weights, biases, beta, mean and variance at 4 bytes", lambda net: 4 * _without_gamma(net)),
    "int8_bytes_without_gamma": Convention("weights, biases, beta, mean and variance at 1 byte", _without_gamma),
    "fc7_fp32_bytes": Convention("weights of the layer fc7 at 4 bytes", lambda net: 4 * net.counts["fc7"].weights),
    "conv1_weights": Convention("weights of the first convolution", _first_convolution("weights")),
    "conv1_macs": Convention("MACs of the first convolution", _first_convolution("macs")),
    "connections": Convention("inputs of all units, biases included", _connections),
    "macs_over_mobilenet_50_160": Convention(
        "MACs over those of MobileNet v1 0.50-160",
        lambda net: net.macs / zoo.build("mobilenet_v1", width_multiplier=0.5, resolution=160).macs,
    ),
    **{f"{figure}_share_{kind}": _share(figure, kind) for figure in ("macs", "weights") for kind in (*CONVOLUTIONS, "dense")},
}
"""Every convention by its name."""


def convention(name: str) -> Convention:
    """The convention of that name."""
    if name not in CONVENTIONS:
        raise UnknownNameError.of("convention", name, CONVENTIONS)
    return CONVENTIONS[name]
