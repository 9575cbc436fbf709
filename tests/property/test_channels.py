"""Widths of random networks: rewritten they are what they would have been, had they been built so."""

from collections.abc import Callable
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

import costmodel as cm
from costmodel.network import Input, Network

L, R = cm.layers, cm.rewrites


def _halves(x: Any) -> Any:
    """A channel split whose halves go different ways, as in ShuffleNet v2."""
    half = x.shape[1] // 2
    a, b = L.Split(1, (half, half))(x)
    return L.Concat()(L.ReLU()(a), L.Add()(b, L.DepthwiseConv2d(3)(b)))


def _shuffle(x: Any) -> Any:
    """A channel shuffle as files have it."""
    batch, channels, height, width = x.shape
    y = L.Transpose((0, 2, 1, 3, 4))(L.Reshape((batch, 2, channels // 2, height, width))(x))
    return L.Reshape((batch, -1, height, width))(y)


OPS: dict[str, Callable[[Any, int, int], Any]] = {
    "conv": lambda x, s, n: L.Conv2d(s * n, 3, bias=bool(n % 2))(x),
    "grouped": lambda x, s, n: L.Conv2d(s * n, 3, groups=2)(x),
    "depthwise": lambda x, s, n: L.DepthwiseConv2d(3, multiplier=1 + n % 2, stride=1 + n % 2)(x),
    "as groups": lambda x, s, n: L.Conv2d(x.shape[1] * (1 + n % 2), 3, groups=x.shape[1])(x),
    "norm": lambda x, s, n: L.ReLU()(L.BatchNorm()(x)),
    "pool": lambda x, s, n: L.MaxPool2d(3, 2, padding=1)(x),
    "residual": lambda x, s, n: L.Add()(x, L.Conv2d(x.shape[1], 1)(x)),
    "halves": lambda x, s, n: _halves(x),
    "shuffle": lambda x, s, n: L.ChannelShuffle(2)(x),
    "shuffle of files": lambda x, s, n: _shuffle(x),
    "concat": lambda x, s, n: L.Concat()(x, L.Conv2d(s * n, 1)(x)),
    "dense block": lambda x, s, n: L.Concat()(L.Conv2d(s * n, 3)(x), x, L.Conv2d(s, 1)(x)),
    "summed concat": lambda x, s, n: L.Add()(L.Concat()(x, L.Conv2d(s * n, 1)(x)), L.Conv2d(x.shape[1] + s * n, 1)(x)),
    "zeros": lambda x, s, n: L.Add()(L.Pad(((0, 0), (0, s * n), (0, 0), (0, 0)))(x), L.Conv2d(x.shape[1] + s * n, 1)(x)),
    "gate": lambda x, s, n: L.Multiply()(x, L.Sigmoid()(L.Conv2d(x.shape[1], 1)(L.ReLU()(L.Conv2d(s, 1)(L.GlobalAvgPool()(x)))))),
    "stored": lambda x, s, n: L.Multiply(constants=((x.shape[1], 1, 1),))(L.PReLU((x.shape[1], 1, 1))(x)),
    "mean": lambda x, s, n: L.Multiply()(x, L.Reduce("mean", (2, 3))(x)),
    "upsample": lambda x, s, n: L.Conv2d(s * n, 1)(L.Resize((*x.shape[:2], 2 * x.shape[2], 2 * x.shape[3]))(x)),
}
recipes = st.lists(st.tuples(st.sampled_from(sorted(OPS)), st.integers(1, 3)), min_size=1, max_size=7)
HEADS: dict[str, Callable[[Any], Any]] = {
    "pooled": lambda x: L.Flatten()(L.GlobalAvgPool()(x)),
    "flat": lambda x: L.Flatten()(x),
    "reshaped": lambda x: L.Reshape((1, x.shape[1] * x.shape[2] * x.shape[3]))(x),
}


def build(recipe: list[tuple[str, int]], scale: int, head: str) -> Network:
    """The network of a recipe; all channels are multiples of `scale` but those of its input and its classes."""
    x = L.Conv2d(scale, 3)(Input((1, 3, 16, 16)))
    for op, n in recipe:
        x = OPS[op](x, scale, n)
    return Network.of(L.Dense(7)(HEADS[head](x)), name="random")


@given(recipes, st.sampled_from(sorted(HEADS)), st.sampled_from([(48, 24), (48, 96), (24, 72)]))
def test_a_width_gives_what_would_have_been_built(recipe, head, scales) -> None:
    """To every field of every node: the second way is to build the network with other numbers."""
    before, after = scales
    net = build(recipe, before, head)
    assume(all(axis.size * after % before == 0 for axis in R.Channels(net).axes if axis.free))  # pieces of splits may be odd
    rewritten = net.rewrite(R.Width(after / before))
    assert list(rewritten.nodes.values()) == list(build(recipe, after, head).nodes.values())
    assert rewritten.changes.left[-1].why == "the network returns it"


def same_shapes(network: Network) -> None:
    """Its layers, asked again from its inputs on, infer the shapes that it says."""
    assert Network.from_json(network.to_json()).nodes == network.nodes


@given(recipes, st.sampled_from(sorted(HEADS)), st.floats(0.05, 1), st.floats(0.05, 1))
def test_any_width_fits_and_less_is_less(recipe, head, one, other) -> None:
    net = build(recipe, 8, head)
    less, more = [net.rewrite(R.Width(alpha)) for alpha in sorted((one, other))]
    for rewritten in (less, more):
        same_shapes(rewritten)
        assert [rewritten.shape(ref) for ref in rewritten.outputs] == [net.shape(ref) for ref in net.outputs]
    assert less.macs <= more.macs <= net.macs
    assert all(a <= b for a, b in zip(less.totals.parameters().values(), more.totals.parameters().values(), strict=True))
    assert cm.predict(less).total.peak_live_bytes <= cm.predict(more).total.peak_live_bytes <= cm.predict(net).total.peak_live_bytes
    assert net.rewrite(R.Width(1)) == net


@given(recipes, st.data())
def test_pruning_one_layer_fits_and_touches_what_is_tied(recipe, data) -> None:
    net = build(recipe, 8, "pooled")
    layers = [n.name for n in net.nodes.values() if n.variety() in ("standard", "pointwise")]
    name, share = data.draw(st.sampled_from(layers)), data.draw(st.floats(0.05, 1))
    assert net.rewrite(R.KeepChannels(1.0, where=name)) == net
    pruned = net.rewrite(R.KeepChannels(share, where=name))
    same_shapes(pruned)
    assert pruned.macs <= net.macs
    channels = {record.node for record in pruned.changes.made}
    for node in net.nodes.values():
        if node.name not in channels and node.variety() in ("standard", "pointwise", "dense", "grouped"):
            assert pruned.nodes[node.name].layer == node.layer
    if not pruned.changes.left and share < 0.5 and net.nodes[name].layer.out_channels > 2:
        assert pruned.nodes[name].layer.out_channels <= net.nodes[name].layer.out_channels


@given(recipes)
def test_symbols_pass_where_numbers_do(recipe) -> None:
    """The closed form of a width, at a width that leaves at least one of each, is the network of that width."""
    net = build([step for step in recipe if step[0] != "grouped"], 8, "pooled")
    assume(all(axis.size > 1 for axis in R.Channels(net).axes if axis.free))
    alpha = cm.symbols("alpha", multiple_of="1/8")
    symbolic = net.rewrite(R.Width(alpha))
    for value in (0.5, 2):
        assert cm.evaluate(symbolic.macs, {alpha: value}) == net.rewrite(R.Width(value)).macs
