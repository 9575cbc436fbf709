"""Which nodes run together: a host with the norms, activations and biases that work on its output before it is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from costmodel._num import Num, floor_div
from costmodel.layers import Counts

if TYPE_CHECKING:
    from costmodel.network.graph import Network, Node, TensorRef


def epilogue_groups(network: Network, absorbed_alone: bool = False) -> list[list[Node]]:
    """The nodes that compute, in order, each with the epilogues that ride on it. Inputs and aliases are left out.

    An epilogue rides where it is the sole reader of its host's only output and the network does not return that output. With
    `absorbed_alone` those ride alone that are marked as absorbed, which ride on any host.
    """
    uses: dict[TensorRef, int] = {}
    for refs in (*(node.inputs for node in network.nodes.values()), network.outputs):
        for ref in refs:
            uses[ref] = uses.get(ref, 0) + 1
    found: list[list[Node]] = []
    ending_at: dict[str, list[Node]] = {}
    for node in network.nodes.values():
        if node.layer.role in ("input", "alias"):
            continue
        host = ending_at.get(node.inputs[0].node) if node.layer.role == "epilogue" else None
        rides = node.absorbed or (not absorbed_alone and host is not None and host[0].layer.hosts_epilogues)
        if host is not None and rides and uses[node.inputs[0]] == 1 == len(host[-1].output_shapes):
            host.append(node)
        else:
            host = [node]
            found.append(host)
        ending_at[node.name] = host
    return found


def folded_parameters(network: Network) -> dict[str, Num]:
    """Parameters of every node once batch norms fold away.

    A norm that rides on a host leaves one bias a channel, or nothing where the host has biases already; one that stands
    alone leaves a gain and an offset a channel.
    """
    left: dict[str, Num] = {}
    for host, *riders in network.hosts:
        has_bias = bool(network.counts[host.name].biases)
        left[host.name] = _left(network.counts[host.name], 2)
        for rider in riders:
            left[rider.name] = _left(network.counts[rider.name], 0 if has_bias else 1)
            has_bias = has_bias or rider.layer.kind == "batch_norm"
    return left


def _left(counts: Counts, vectors: int) -> Num:
    channels = floor_div(counts.norm_statistics, 2)
    affine = 0 if counts.norm_statistics else counts.norm_affine
    return counts.weights + counts.biases + counts.constants + affine + vectors * channels
