"""Rewrites: Network to Network."""

from typing import Any

import pytest

import costmodel as cm

R = cm.rewrites
FOLD = R.FoldNorm()


def test_folding_leaves_one_bias_a_channel() -> None:
    L = cm.layers
    net = cm.sequential((1, 3, 8, 8), [L.Conv2d(16, 3, bias=False), L.BatchNorm(), L.ReLU()])
    folded = net.rewrite(FOLD)
    # weights 16*3*3*3 = 432; before gamma, beta, mean, variance of 16; after one bias of 16
    assert net.parameters["all"] == 432 + 4 * 16
    assert folded.parameters["all"] == 432 + 16
    assert [node.layer.kind for node in folded.nodes.values()] == ["input", "conv2d", "relu"]
    # the norm took 2 operations an element of 16*8*8, the bias takes 1, the ReLU 1
    assert cm.predict(net).total.other_ops == 3 * 1024
    assert cm.predict(folded).total.other_ops == 2 * 1024


@pytest.mark.parametrize("name", sorted(cm.zoo.NETWORKS))
def test_a_folded_network_holds_what_the_total_folded_says(name: str) -> None:
    net = cm.zoo.build(name)
    folded = net.rewrite(FOLD)
    assert folded.parameters["folded"] == net.parameters["folded"]
    assert folded.macs == net.macs
    assert [folded.shape(ref) for ref in folded.outputs] == [net.shape(ref) for ref in net.outputs]
    assert FOLD.apply(folded).nodes == folded.nodes, "folding twice changes nothing more"


def test_a_norm_with_other_readers_before_it_stays() -> None:
    L = cm.layers
    y = L.Conv2d(4, 1, bias=False)(cm.Input((1, 4, 8, 8)))
    net = cm.Network.of(L.Add()(L.BatchNorm()(y), y))
    assert net.rewrite(FOLD).nodes == net.nodes


def test_the_network_says_what_was_done_and_survives_json() -> None:
    folded = cm.zoo.mobilenet_cifar().rewrite(FOLD)
    assert folded.assumptions == ("batch norms folded into the layer before",)
    assert cm.Network.from_json(folded.to_json()) == folded


def test_symbols_pass() -> None:
    alpha = cm.symbols("alpha", multiple_of="1/32")
    folded = cm.zoo.mobilenet_v1(alpha).rewrite(FOLD)
    assert (
        cm.evaluate(folded.parameters["all"], {alpha: 1}) == 4_221_032
    )  # weights 4,209,088, biases of convolutions 10,944 and of the classifier 1,000


@pytest.mark.parametrize("what", ["FoldNorm", None, cm.rewrites.FoldNorm, 0.5])
def test_what_is_no_rewrite_is_refused(what) -> None:
    with pytest.raises(cm.errors.FieldError, match="must be rewrites such as"):
        cm.zoo.mobilenet_v1().rewrite(what)


def as_a_file_has_it() -> cm.Network:
    """A chain whose windows are written one size an axis, as ONNX files do."""
    x = cm.Input((1, 3, 16, 16))
    x = cm.layers.Conv2d(8, (3, 3), stride=(2, 2), padding=((1, 1), (1, 1)))(x, name="conv1")
    x = cm.layers.ReLU()(x, name="relu1")
    return cm.Network.of(cm.layers.Conv2d(8, (3, 1), padding=((1, 1), (0, 0)))(x, name="conv2"), "file")


def test_a_window_is_the_same_however_it_is_given() -> None:
    layers = cm.layers
    assert layers.Conv2d(8, (3, 3), stride=[2, 2], padding=((1, 1), (1, 1))) == layers.Conv2d(8, 3, stride=2, padding=1)
    assert layers.Conv1d(8, (5,)) == layers.Conv1d(8, 5)
    assert layers.MaxPool2d((2, 2), (2, 2)) == layers.MaxPool2d(2, 2)
    assert (
        layers.Conv2d(8, (3, 1), padding=((0, 1), (0, 1))).fields().items() >= {"kernel_size": (3, 1), "padding": ((0, 1), (0, 1))}.items()
    )
    with pytest.raises(cm.errors.ShapeError, match="must have 2 entries"):
        layers.Conv2d(8, (3, 3, 3))(cm.Input((1, 3, 8, 8)))


def test_a_predicate_on_the_kernel_finds_the_layers_of_a_file() -> None:
    made = as_a_file_has_it().rewrite(cm.rewrites.Kernel(5, where=lambda node: node.layer.kernel_size == 3))
    assert [change.node for change in made.changes.made] == ["conv1"]


def test_a_predicate_that_picks_nothing_or_fails_is_said() -> None:
    net = as_a_file_has_it()
    with pytest.raises(cm.errors.FieldError, match="picks no convolutions of network 'file': it is true of none of the 2"):
        net.rewrite(cm.rewrites.Kernel(5, where=lambda node: node.layer.kernel_size == 7))
    with pytest.raises(cm.errors.FieldError, match="picks no layers"):
        net.rewrite(cm.rewrites.Bits(weights=4, where=lambda node: False))
    with pytest.raises(cm.errors.FieldError, match=r"fails at layer 'input' \(input\): .*ask for the kind first"):
        net.rewrite(cm.rewrites.Drop(lambda node: node.layer.kernel_size == 3))
    with pytest.raises(cm.errors.FieldError, match="picks no convolutions of network 'file', but relu1"):
        net.rewrite(cm.rewrites.DepthwiseSeparable("relu1"))


def test_a_rewrite_that_finds_nothing_says_so() -> None:
    for rewrite in (cm.rewrites.FoldNorm(), cm.rewrites.Standard(), cm.rewrites.Kernel(5, where="depthwise")):
        made = as_a_file_has_it().rewrite(rewrite)
        assert made.changes == (cm.rewrites.Left(type(rewrite).__name__, "file", "no layer of it is one that this would change"),)


@pytest.mark.parametrize(
    ("rewrite", "words"),
    [
        (R.Kernel(9), r"^Kernel\(size=9\): .*spans 9 rows.*; layer 'last'"),
        (R.Resolution(3), r"^Resolution\(height=3\) does not go with layer 'last'"),
        (R.Width(0.3, rounding="exact"), r"^Width\(multiplier=0.3, rounding='exact'\): .* leaves 2.4 of 8 channels.*; layer 'first'"),
        (R.Width(0.5, rounding=lambda channels: channels), r"^Width\(.*\): `rounding` makes 4.0 of 4.0 channels, which .*; layer 'first'"),
        (R.KeepChannels(count=9, where="first"), r"^KeepChannels\(count=9, where='first'\): .*channels of layer 'first'"),
        (R.KeepChannels(share={"first": 0.5, "second": 0.25}), r"^KeepChannels\(.*\): layers 'first' and 'second' have the same channels"),
        (R.Drop("input"), r"^Drop\(where='input'\) names the input"),
        (R.Drop("second"), r"^Drop\(where='second'\): .*layer 'sum'"),
        (R.Insert(cm.layers.Conv2d(5, 1), after="first"), r"^Insert\(.*\): .*layer 'sum'"),
        (R.Insert(cm.layers.Conv1d(5, 1), after="first"), r"^Insert\(.*\): needs an input of shape .*layer 'first/conv1d'"),
        (R.Bits(weights=4, where="nowhere"), r"^Bits\(weights=4, where='nowhere'\): unknown layer 'nowhere'"),
        (R.Sizes({"N": 1}), r"^Sizes\({'N': 1}\): unknown open size 'N'"),
    ],
)  # fmt: skip
def test_what_a_rewrite_cannot_do_begins_with_the_rewrite(rewrite: Any, words: str) -> None:
    """Two convolutions that are added, and one without padding on their sum of 5x5."""
    x = cm.Input((1, 3, 10, 10))
    one = cm.layers.Conv2d(8, 3, stride=2, padding=1)(x, name="first")
    other = cm.layers.Conv2d(8, 3, stride=2, padding=1)(x, name="second")
    last = cm.layers.Conv2d(8, 3, padding=0)(cm.layers.Add()(one, other, name="sum"), name="last")
    net = cm.Network.of(last, "small")
    with pytest.raises(cm.errors.CostModelError, match=words):
        net.rewrite(rewrite)


def test_an_activation_behind_one_of_several_outputs_stays_a_step() -> None:
    """A split writes both halves; the ReLU of one reads it back."""
    L = cm.layers
    halves = L.Split(axis=1, sizes=(4, 4))(cm.Input((1, 8, 6, 6)), name="split")
    net = cm.Network.of(L.Concat()(L.ReLU()(halves[0], name="act"), halves[1]), "split")
    fused = net.rewrite(R.FuseActivations())
    assert [(record.node, record.why) for record in fused.changes.left] == [("act", "what it reads is one of the 2 outputs of 'split'")]
    assert cm.predict(fused).total.to_dict() == cm.predict(net).total.to_dict()
    marked = [node._replace(absorbed=node.name == "act") for node in net.nodes.values()]  # as a document may say
    assert len(cm.predict(cm.Network("marked", marked, net.outputs)).rows) == len(cm.predict(net).rows)


def test_a_kernel_that_makes_the_map_smaller_leaves_fewer_weights_behind_it() -> None:
    """Without padding 9x9 becomes 7x7 by a 3x3 kernel and 5x5 by a 5x5: 4 * 25 inputs of the dense layer for 4 * 49."""
    L = cm.layers
    x = L.Conv2d(4, 3, padding=0, bias=False)(cm.Input((1, 1, 9, 9)), name="conv")
    net = cm.Network.of(L.Dense(10, bias=False)(L.Flatten()(x), name="fc"), "valid")
    held = cm.Network("held", [n._replace(held=n.counts()) if n.name == "fc" else n for n in net.nodes.values()], net.outputs)
    for one in (net, held):
        larger = one.rewrite(R.Kernel(5))
        assert larger.counts["fc"].weights == 4 * 5 * 5 * 10
        assert larger.parameters["weights"] == 4 * 25 + 4 * 5 * 5 * 10
        assert ("fc", "weights", 4 * 7 * 7 * 10, 1000) in [record[1:] for record in larger.changes.made]
