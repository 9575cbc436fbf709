"""Which order a file keeps its axes in changes no figure: a network and its twin with channels last, as TFLite has it."""

from __future__ import annotations

from functools import cache

import pytest

import costmodel as cm
from costmodel.layers.structure import Concat, Placeholder
from costmodel.network import Network, TensorRef
from costmodel.network.layout import channels_last, infer

AS_THEY_COME = ("add", "relu", "relu6")
"""Kinds of which a TFLite file says nothing: they give each axis as they got it."""


def turned(network: Network) -> Network:
    """The network with every map turned."""
    nodes, shapes = [], {}
    for node in network.nodes.values():
        inputs, layer, last = tuple(shapes[ref] for ref in node.inputs), node.layer, False
        if isinstance(layer, Placeholder):
            layer = Placeholder(channels_last(layer.shape))
        elif isinstance(layer, Concat):
            layer = layer.replace(axis=3)
        else:
            last = len(inputs[0]) > 2 and layer.kind not in AS_THEY_COME
        outputs, _ = ((layer.shape,), ()) if isinstance(layer, Placeholder) else infer(layer, inputs, last)
        nodes.append(node._replace(layer=layer, input_shapes=inputs, output_shapes=outputs, channels_last=last))
        shapes |= {TensorRef(node.name, index): shape for index, shape in enumerate(outputs)}
    return Network(network.name, nodes, network.outputs)


@cache
def twins(name: str) -> tuple[Network, Network]:
    """Pictures are no squares, and one network has kernels that are none."""
    if name == "fire":
        x = cm.Input((1, 3, 24, 40))
        x = cm.layers.Conv2d(16, (5, 1), stride=(2, 1), padding=((2, 1), 0))(x, name="stem")
        squeezed = cm.layers.Conv2d(8, 1)(x, name="squeeze")
        parts = [cm.layers.Conv2d(16, kernel)(squeezed, name=f"expand_{i}") for i, kernel in enumerate((1, (1, 3)))]
        first = Network.of(cm.layers.MaxPool2d((3, 2), 2)(cm.layers.Concat(1)(parts), name="pool"), name)
    else:
        first = cm.zoo.build(name).rewrite(cm.rewrites.Resolution(64, 96))
    return first, turned(first)


@pytest.mark.parametrize("name", ["mobilenet_v2", "resnet18", "fire"])
@pytest.mark.parametrize("traffic", ["resident", "tiled", "fused"])
@pytest.mark.parametrize("sram", ["16 KiB", "128 KiB"])
def test_traffic_and_time(name: str, traffic: str, sram: str) -> None:
    hardware = cm.Hardware.load("pardhi").replace(sram_bytes=sram)
    first, last = (cm.predict(network, hardware, traffic=traffic) for network in twins(name))
    assert [row.ddr_bytes for row in first.rows] == [row.ddr_bytes for row in last.rows]
    assert first.total.time_overlapped_s == last.total.time_overlapped_s


@pytest.mark.parametrize("name", ["mobilenet_v2", "resnet18", "fire"])
@pytest.mark.parametrize("in_place", [(), ("elementwise", "depthwise"), ("depthwise_row_buffer",)])
def test_memory(name: str, in_place: tuple[str, ...]) -> None:
    first, last = (cm.memory(network, "given", in_place=in_place) for network in twins(name))
    assert first.live_bytes == last.live_bytes
    assert first.savings().rows == last.savings().rows


def test_patches() -> None:
    first, last = (cm.patches(network, "stage2/block1/project", (2, 3)) for network in twins("mobilenet_v2"))
    assert (first.macs, first.sram_bytes, first.input_patch) == (last.macs, last.sram_bytes, last.input_patch)
