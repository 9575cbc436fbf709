"""Convolutions of one flavour for those of another: the zoo's variants come out, on files alike, and the way back leads home."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx_files import write

import costmodel as cm

L, R = cm.layers, cm.rewrites
SEPARABLE, FULL = cm.zoo.mobilenet_v1(), cm.zoo.mobilenet_v1(variant="full")


def all_but_the_first_3x3(node) -> bool:
    return node.layer.kind == "conv2d" and node.layer.kernel_size == 3 and node.name != "conv1"


def same(a: cm.Network, b: cm.Network) -> bool:
    """The same nodes in the same order, whatever the networks are called and say."""
    return list(a.nodes.items()) == list(b.nodes.items()) and a.outputs == b.outputs


def test_mobilenet_from_its_full_variant() -> None:
    made = FULL.rewrite(R.DepthwiseSeparable(where=all_but_the_first_3x3))
    assert same(made, SEPARABLE)
    assert len(made.changes.made) == 13
    assert "DepthwiseSeparable" in made.assumptions[-1]


def test_the_full_variant_from_mobilenet() -> None:
    assert same(SEPARABLE.rewrite(R.Standard()), FULL)
    one = SEPARABLE.rewrite(R.Standard(where="block3/*"))
    assert [node.name for node in one.nodes.values() if node.name.startswith("block3")] == ["block3", "block3/norm", "block3/act"]
    assert one.nodes["block4/pw"] == SEPARABLE.nodes["block4/pw"]


@pytest.mark.parametrize("alpha", [0.25, 0.75])
def test_other_sizes(alpha: float) -> None:
    full = cm.zoo.mobilenet_v1(alpha, 160, variant="full")
    assert same(full.rewrite(R.DepthwiseSeparable(where="block*")), cm.zoo.mobilenet_v1(alpha, 160))


@pytest.mark.parametrize(
    "there", [R.SpatiallySeparable(), R.SpatiallySeparable(reading="full"), R.CombinedSeparable(), R.DepthwiseSeparable()]
)
@pytest.mark.parametrize("net", [FULL, cm.zoo.vgg16(), cm.zoo.resnet50()], ids=lambda n: n.name)
def test_there_and_back(net: cm.Network, there) -> None:
    assert same(net.rewrite(there, R.Standard()), net)


# A k x k convolution of M to N channels at H x W outputs, stride 1, no bias: the counts of the four flavours by hand.
@given(k=st.integers(2, 7), m=st.integers(2, 9), n=st.integers(2, 9), size=st.integers(7, 12))
def test_counts_by_hand(k: int, m: int, n: int, size: int) -> None:
    net = cm.sequential((1, m, size, size), [L.Conv2d(n, k, bias=False)])
    positions = size * size
    for rewrite, weights in (
        (R.DepthwiseSeparable(), k * k * m + m * n),
        (R.SpatiallySeparable(), k * m * n + k * n),
        (R.SpatiallySeparable(reading="full"), k * m * n + k * n * n),
        (R.CombinedSeparable(), 2 * k * m + m * n),
    ):
        made = net.rewrite(rewrite)
        assert (made.totals.weights, made.macs) == (weights, positions * weights)
        assert made.shape(made.outputs[0]) == net.shape(net.outputs[0])


@given(
    kernel=st.tuples(st.integers(2, 5), st.integers(2, 5)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    dilation=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    padding=st.one_of(st.sampled_from(["same", "valid", 1]), st.tuples(*[st.tuples(st.integers(0, 2), st.integers(0, 2))] * 2)),
    bias=st.booleans(),
)
def test_windows_of_all_kinds_keep_the_shape_and_come_back(kernel, stride, dilation, padding, bias) -> None:
    layer = L.Conv2d(8, kernel, stride=stride, dilation=dilation, padding=padding, bias=bias)
    net = cm.sequential((2, 4, 20, 17), [layer, L.BatchNorm(), L.ReLU()])
    for rewrite in (R.DepthwiseSeparable(), R.SpatiallySeparable(), R.CombinedSeparable()):
        made = net.rewrite(rewrite)
        assert made.shape(made.outputs[0]) == net.shape(net.outputs[0])
        back = made.rewrite(R.Standard())
        assert back.totals == net.totals
        assert [n.output_shapes for n in back.nodes.values()] == [n.output_shapes for n in net.nodes.values()]


def test_what_stays_and_why() -> None:
    net = SEPARABLE.rewrite(R.DepthwiseSeparable())
    why = {record.node: record.why for record in net.changes.left}
    assert why["block1/dw"].startswith("it is depthwise")
    assert why["block1/pw"].startswith("it is 1x1")
    assert [record.node for record in net.changes.made] == ["conv1"]
    alone = cm.sequential((1, 8, 8, 8), [L.DepthwiseConv2d(3), L.MaxPool2d(2), L.Conv2d(4, 1)]).rewrite(R.Standard())
    assert [record.why for record in alone.changes.left] == ["no convolution across channels is its sole reader"]
    grouped = cm.zoo.alexnet().rewrite(R.DepthwiseSeparable())
    assert {r.node for r in grouped.changes.left} == {"conv2", "conv4", "conv5"}


def test_an_unknown_layer_is_named() -> None:
    with pytest.raises(cm.errors.UnknownNameError, match="blok1"):
        FULL.rewrite(R.DepthwiseSeparable(where="blok1"))


def test_symbols_pass() -> None:
    alpha = cm.symbols("alpha", multiple_of="1/32")
    made = cm.zoo.mobilenet_v1(alpha, variant="full").rewrite(R.DepthwiseSeparable(where="block*"))
    assert made.macs == cm.zoo.mobilenet_v1(alpha).macs


@pytest.mark.parametrize("flatten", ["Flatten", "Reshape"])
def test_files_of_mobilenet(tmp_path: Path, flatten: str) -> None:
    """Written as ONNX, read and rewritten: every figure is that of the file of the other variant."""
    full = cm.read(write(FULL, tmp_path / "full.onnx", flatten))
    separable = cm.read(write(SEPARABLE, tmp_path / "separable.onnx", flatten))
    there = full.rewrite(R.DepthwiseSeparable(where=all_but_the_first_3x3_of_a_file))
    back = separable.rewrite(R.Standard())
    for made, wanted in ((there, separable), (back, full)):
        assert made.totals._replace(other=()) == wanted.totals._replace(other=())
        assert [row.to_dict() | {"name": ""} for row in cm.predict(made)] == [row.to_dict() | {"name": ""} for row in cm.predict(wanted)]
    assert separable.totals == SEPARABLE.totals


def all_but_the_first_3x3_of_a_file(node) -> bool:
    return node.layer.kind == "conv2d" and node.layer.per_axis("kernel_size") == (3, 3) and node.name != "conv1"


def test_chains_follow_one_another() -> None:
    """A rewritten network is a network: rewrites add up, and each leaves its input as it was."""
    before = FULL.to_json()
    made = FULL.rewrite(R.DepthwiseSeparable(where="block*"), R.FoldNorm(), R.Resolution(128), R.Bits(weights=4))
    assert FULL.to_json() == before
    assert made.macs == cm.zoo.mobilenet_v1(resolution=128).macs
    assert made.parameters["all"] == SEPARABLE.parameters["folded"]
    assert cm.Network.from_json(made.to_json()) == made
    positions = [list(made.nodes).index(name) for name in ("block1/dw", "block1/pw", "block13/pw")]
    assert all(a < b for a, b in pairwise(positions))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    "rewrite", [R.DepthwiseSeparable(), R.SpatiallySeparable(), R.SpatiallySeparable(reading="full"), R.CombinedSeparable()]
)
def test_there_and_back_on_one_channel_too(channels, rewrite) -> None:
    """A depthwise layer on one channel is a standard convolution as well; it came from one, and goes back to it."""
    net = cm.Network.of(cm.layers.Conv2d(8, 3, bias=False)(cm.Input((1, channels, 12, 10)), name="conv"), "one")
    back = net.rewrite(rewrite, R.Standard())
    assert [node.layer for node in back.nodes.values()] == [node.layer for node in net.nodes.values()]
    several = cm.layers.DepthwiseConv2d((3, 1), multiplier=8, bias=False)(cm.Input((1, 1, 12, 10)))
    both = cm.Network.of(cm.layers.DepthwiseConv2d((1, 3), bias=False)(several), "two")
    assert both.rewrite(R.Standard()).macs == 12 * 10 * 8 * 9
