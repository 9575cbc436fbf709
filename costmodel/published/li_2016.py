"""The pruned networks of Li et al., arXiv:1608.08710, Table 1: the zoo's networks, rewritten by `KeepChannels`."""

from __future__ import annotations

import json
from fractions import Fraction
from functools import lru_cache
from importlib import resources
from typing import Any

from costmodel import zoo
from costmodel._num import Num, total
from costmodel.network import Network, Node
from costmodel.network.rewrites import KeepChannels

NETWORKS = {"VGG-16 CIFAR": "vgg16_cifar", "ResNet-56": "resnet56_cifar", "ResNet-110": "resnet110_cifar", "ResNet-34": "resnet34"}
"""The zoo's networks by the paper's names. Those for CIFAR-10 have identities and zeros as shortcuts, ResNet-34 projections."""
SECOND_OF_THIRD_STAGE = "stage3/*/conv2"
"""What ResNet-34-pruned-C prunes: the second convolutions of the third stage, which the sums tie to one another and to a projection."""


@lru_cache
def pruning() -> dict[str, Any]:
    """What the paper prints about which filters go, by network and variant."""
    text = (resources.files("costmodel.published") / "data" / "pruning_li_2016.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)["networks"]
    return found


@lru_cache
def pruned(network: str, variant: str) -> tuple[Network, Network]:
    """A network of Table 1 and what its pruning leaves.

    Examples
    --------
    >>> before, after = pruned("ResNet-56", "A")
    >>> after.nodes["stage1/block1/conv1"].layer.out_channels      # 16 - ceil(0.1 * 16)
    14
    >>> before.totals.weights, after.totals.weights                # Table 1 prints 0.85 M and 0.77 M
    (848944, 769456)
    """
    original = zoo.build(NETWORKS[network])
    plan = pruning()[f"{network} pruned-{variant}"]
    convolutions = [node for node in original.nodes.values() if node.variety() in ("standard", "pointwise")]
    if (counts := plan.get("out_channels")) is not None:
        keep = KeepChannels(count={node.name: count for node, count in zip(convolutions, counts, strict=True)})
    elif (rate := plan.get("rate_third_stage_second_convolutions")) is not None:
        keep = KeepChannels(_kept(rate), where=SECOND_OF_THIRD_STAGE)
    else:
        numbers = {node.name: number for number, node in enumerate((n for n in convolutions if _counts(n)), start=1)}
        firsts = [node for node in convolutions if node.name.endswith("/conv1") and numbers[node.name] not in plan["layers_not_pruned"]]
        rates = {node.name: plan["rate_by_width"].get(str(node.output_shapes[0][1])) for node in firsts}
        keep = KeepChannels(share={name: _kept(rate) for name, rate in rates.items() if rate is not None})
    return original, original.rewrite(keep)


def _kept(rate: float) -> Fraction:
    """The share that stays where filters are pruned at a rate: of w filters w - ceil(rate * w)."""
    return 1 - Fraction(str(rate))


def _counts(node: Node) -> bool:
    """Whether the paper counts a layer: its projections it does not."""
    return not node.name.endswith("/shortcut")


def computed(figure: str, network: str, variant: str) -> tuple[Num, str]:
    """A figure of Table 1, and how it is counted: macs, weights, macs_pruned or weights_pruned."""
    field, _, share = figure.partition("_")
    before, after = [
        total(getattr(net.counts[node.name], field) for node in net.nodes.values() if _counts(node)) for net in pruned(network, variant)
    ]
    what = "MACs" if field == "macs" else "weights"
    without = ", without projection shortcuts" if network == "ResNet-34" else ""
    words = f"{what} of convolutions and dense layers, the filters removed by the rewrite KeepChannels{without}"
    return (Fraction(before - after, before), f"share that pruning removes: {words}") if share else (after, words)
