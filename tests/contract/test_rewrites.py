"""Rewrites: Network to Network."""

import pytest

import costmodel as cm

FOLD = cm.rewrites.FoldNorm()


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
