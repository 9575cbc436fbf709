"""Rewrites of random networks: shapes stay where they must, sizes are those of the builder, rewrites add up, documents come back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import build, recipes

import costmodel as cm

R = cm.rewrites
SHAPES_STAY = [
    R.FoldNorm(), R.FuseActivations(), R.Bits(weights=4, activations=16, biases=32, scales="channel"), R.Prune(0.3), R.SharedWeights(4),
    R.Prune(0.5, sparse_format="bitmap"), R.DepthwiseSeparable(), R.SpatiallySeparable(), R.CombinedSeparable(), R.Standard(),
    R.GlobalPooling(), R.Drop("dropout_*"),
]  # fmt: skip


@pytest.mark.parametrize("rewrite", SHAPES_STAY, ids=repr)
@given(recipe=recipes)
def test_outputs_keep_their_shapes(rewrite, recipe) -> None:
    net = build(recipe, 4, 32, 24)
    if isinstance(rewrite, R.Drop) and not any(node.layer.kind == "dropout" for node in net.nodes.values()):
        return
    before = net.to_json()
    made = net.rewrite(rewrite)
    assert [made.shape(ref) for ref in made.outputs] == [net.shape(ref) for ref in net.outputs]
    assert net.to_json() == before, "the one given stays as it is"
    assert cm.Network.from_json(made.to_json()) == made
    assert all(change.before != change.after for change in made.changes.made)
    if not isinstance(rewrite, R.Drop):
        assert made.rewrite(rewrite).nodes == made.nodes, "once is enough"


@given(recipe=recipes, batch=st.integers(1, 5), height=st.integers(16, 40), width=st.integers(16, 40))
def test_other_inputs_are_those_of_the_builder(recipe, batch, height, width) -> None:
    made = build(recipe, 4, 32, 24).rewrite(R.Resolution(height, width), R.Batch(batch))
    assert made.nodes == build(recipe, 4, height, width, batch).nodes
    assert build(recipe, 4, 32, 24).rewrite(R.Batch(batch), R.Resolution(height, width)).nodes == made.nodes


@given(recipe=recipes)
def test_widths_of_the_network_are_those_that_predict_takes(recipe) -> None:
    net = build(recipe, 4, 32, 24)
    for weights, activations in ((4, 16), (1, 8), (32, 32)):
        own = cm.predict(net.rewrite(R.Bits(weights=weights, activations=activations))).total
        told = cm.predict(net, weight_bits=weights, activation_bits=activations).total
        assert (own.weight_bytes, own.ddr_bytes, own.peak_live_bytes) == (told.weight_bytes, told.ddr_bytes, told.peak_live_bytes)


@given(recipe=recipes, percent=st.integers(1, 100))
def test_skipping_zeros_saves_in_proportion(recipe, percent) -> None:
    net = build(recipe, 4, 32, 24)
    skipping = cm.Hardware.load("pardhi").replace(skips_zeros="weights")
    total = cm.predict(net.rewrite(R.Prune(percent / 100)), skipping).total
    assert total.macs == net.macs
    # rounded up a layer, and a layer without weights has none
    assert 0 <= total.macs_effective - total.macs * percent / 100 <= len(net.nodes)
