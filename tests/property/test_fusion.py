"""Fused plans against a replay that moves rows, against all partitions of small networks, and what holds at any capacity."""

from collections.abc import Iterator
from functools import cache
from itertools import chain, combinations
from types import SimpleNamespace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from replay import Replay
from strategies import build, recipes

import costmodel as cm

L = cm.layers
srams = st.integers(300, 12_000)


def plan_or_none(net: cm.Network, sram: int):
    try:
        return cm.fuse(net, sram)
    except cm.errors.FieldError:
        return None


@settings(max_examples=150)
@given(recipe=recipes, sram=srams, height=st.integers(5, 20))
def test_a_plan_does_what_it_says(recipe, sram: int, height: int) -> None:
    plan = plan_or_none(build(recipe, 3, height, 9), sram)
    assume(plan is not None)
    replay = Replay(plan)
    assert (replay.ddr_bytes, replay.sram_bytes) == (plan.ddr_bytes, plan.sram_bytes)
    assert plan.bound_bytes <= plan.ddr_bytes
    assert plan.sram_bytes <= sram


def decoder() -> cm.Network:
    """Down twice and up again, with a skip beside, dilation, adaptive pooling, and a map that the network returns on its way."""
    x = cm.Input((1, 3, 23, 10))
    a = L.ReLU()(L.Conv2d(4, 3, dilation=2)(x))
    b = L.Conv2d(6, 3, stride=2)(a)
    c = L.AdaptiveAvgPool2d((7, 5))(b)
    up = L.ConvTranspose2d(4, 4, stride=2, padding=1)(c)
    up = L.ConvTranspose2d(4, 3, stride=2, padding=2, output_padding=1)(up)
    y = L.Conv2d(2, 3, padding="valid")(L.Concat()(L.AdaptiveMaxPool2d((26, 18))(a), up))
    return cm.Network.of([y, b], "decoder")


def line() -> cm.Network:
    """One spatial axis."""
    steps = [
        L.Conv1d(4, 5, stride=2),
        L.DepthwiseConv1d(3, dilation=3),
        L.MaxPool1d(3, 2),
        L.Conv1d(8, 1),
        L.GlobalAvgPool(),
        L.Flatten(),
        L.Dense(5),
    ]
    return cm.sequential((2, 3, 40), steps)


@pytest.mark.parametrize("net", [decoder(), line()], ids=["decoder", "line"])
@pytest.mark.parametrize("bits", [8, 16, 32])
@pytest.mark.parametrize("share", [0, 0.1, 0.3, 0.6, 1])
def test_other_layers_and_widths_replayed(net: cm.Network, bits: int, share: float) -> None:
    with pytest.raises(cm.errors.FieldError) as caught:
        cm.fuse(net, 1, activation_bits=bits)
    least = int(str(caught.value).split("at least ")[1].split(" B")[0])
    plan = cm.fuse(net, least + int(share * 400 * bits), activation_bits=bits, weight_bits=bits)
    replay = Replay(plan)
    assert (replay.ddr_bytes, replay.sram_bytes) == (plan.ddr_bytes, plan.sram_bytes)


@pytest.mark.parametrize(
    ("network", "sram"),
    [
        ("mobilenet_v1", "256 KiB"), ("mobilenet_v2", "256 KiB"), ("mobilenet_v2", "64 KiB"), ("mobilenet_v1", "16 KiB"), ("mobilenet_v3_small", "64 KiB"),
        ("squeezenet_1_1", "128 KiB"), ("resnet20_cifar", "32 KiB"), ("shufflenet_v1", "128 KiB"),
        pytest.param("resnet50", "512 KiB", marks=pytest.mark.slow), pytest.param("googlenet", "512 KiB", marks=pytest.mark.slow),
    ],
)  # fmt: skip
def test_plans_of_the_zoo_replayed(network: str, sram: str) -> None:
    plan = cm.fuse(network, sram)
    replay = Replay(plan)
    assert (replay.ddr_bytes, replay.sram_bytes) == (plan.ddr_bytes, plan.sram_bytes)


@given(recipe=recipes, small=srams, more=st.integers(1, 12_000))
def test_more_sram_never_moves_more(recipe, small: int, more: int) -> None:
    net = build(recipe, 3, 12, 9)
    plan = plan_or_none(net, small)
    assume(plan is not None)
    assert cm.fuse(net, small + more).ddr_bytes <= plan.ddr_bytes


@given(recipe=recipes, sram=srams)
def test_the_least_capacity_named_is_enough(recipe, sram: int) -> None:
    net = build(recipe, 3, 12, 9)
    with pytest.raises(cm.errors.FieldError, match="needs at least") as caught:
        cm.fuse(net, 1)
    least = int(str(caught.value).split("at least ")[1].split(" B")[0])
    assert cm.fuse(net, least).sram_bytes <= least
    assert plan_or_none(net, least - 1) is None


@given(recipe=recipes, sram=srams)
def test_rows_add_up_to_the_plan(recipe, sram: int) -> None:
    net = build(recipe, 3, 12, 9)
    assume(plan_or_none(net, sram) is not None)
    prediction = cm.predict(net, cm.Hardware(sram=sram, ddr=1, macs=1, other=1), traffic="fused")
    assert sum(row.ddr_bytes for row in prediction.rows) == prediction.total.ddr_bytes == prediction.plan.ddr_bytes
    assert prediction.total.ddr_bytes_bound == prediction.plan.bound_bytes
    assert all(row.ddr_bytes >= row.weight_bytes for row in prediction.rows)


@settings(max_examples=60, deadline=None)
@given(recipe=recipes, sram=st.integers(6, 12_000))
def test_never_more_than_layer_by_layer(recipe, sram: int) -> None:
    """Every layer alone in its tiles is one of the partitions."""
    net = build(recipe, 3, 12, 9)
    plan = plan_or_none(net, sram)
    assume(plan is not None)
    assert plan.ddr_bytes <= cm.traffic(net, sram=sram).ddr_bytes


@pytest.mark.parametrize("sram", ["32 KiB", "64 KiB", "128 KiB"])
@pytest.mark.parametrize("network", ["mobilenet_v1", "mobilenet_v2", "squeezenet_1_1", "resnet8_cifar", "ds_cnn_kws", "autoencoder_ad"])
def test_networks_of_the_zoo_never_more_than_layer_by_layer(network: str, sram: str) -> None:
    assert cm.fuse(network, sram).ddr_bytes <= cm.traffic(network, sram=sram).ddr_bytes


def some_of(values) -> Iterator[tuple[int, ...]]:
    values = list(values)
    return chain.from_iterable(combinations(values, n) for n in range(len(values) + 1))


def least_by_trying(net: cm.Network, sram: int) -> int | None:
    """The fewest bytes over every partition of a chain, every map on chip or in DDR, every stripe height; SRAM by replay."""
    tasks = cm.fuse(net, 10**9).tasks
    count, least = len(tasks.tasks), None
    replay = Replay.__new__(Replay)
    replay.tasks, replay.maps, replay.workload = tasks.tasks, tasks.maps, tasks.workload
    replay.number = {fmap.ref: index for index, fmap in enumerate(tasks.maps)}
    tried = cache(lambda first, end, kept: group_by_trying(replay, first, end, set(kept), sram))
    for cuts in some_of(range(1, count)):
        ends = [*cuts, count]
        for kept in some_of(cuts):  # the map before a cut is on chip
            total = 0
            for first, end in zip([0, *cuts], ends, strict=True):
                moved = tried(first, end, frozenset(kept) & {first, end})
                total = None if moved is None or total is None else total + moved
            if total is not None and (least is None or total < least):
                least = total
    return least


def group_by_trying(replay: Replay, first: int, end: int, kept_cuts: set[int], sram: int) -> int | None:
    """In a chain map n is what stands before task n."""
    tasks, maps, best = replay.tasks, replay.maps, None
    if end == first + 1 and not kept_cuts:  # the layer alone, in the tiles that are tested elsewhere
        node = replay.workload.steps[tasks[first].steps[0]].nodes[0]
        if "conv" in node.layer.kind and sram >= 6:
            best = cm.traffic(node.layer, node.input_shapes[0], sram=sram).ddr_bytes
    held = sum(maps[cut].n_bytes for cut in kept_cuts)
    moved = sum(maps[cut].n_bytes for cut in (first, end) if cut not in kept_cuts)
    for height in range(1, tasks[end - 1].rows + 1):
        weights = [SimpleNamespace(n_bytes=task.weight_bytes, held_bytes=0) for task in tasks[first:end]]
        group = SimpleNamespace(
            first=first, end=end, height=height, stripes=-(-tasks[end - 1].rows // height), kept=kept_cuts, weights=weights
        )
        _, peak = replay.rows(group, kept_cuts, held)
        room = sram - peak
        if room < 0:
            continue
        bytes_moved = moved
        for weight, stripes in sorted(zip(weights, replay.active, strict=True), key=lambda pair: -pair[1]):
            stays = min(room, weight.n_bytes) if stripes > 1 else 0
            room -= stays
            bytes_moved += stays + (weight.n_bytes - stays) * stripes
        best = bytes_moved if best is None else min(best, bytes_moved)
    return best


@settings(max_examples=100)
@given(
    layers=st.lists(st.tuples(st.sampled_from(["conv", "strided", "depthwise", "pool"]), st.integers(1, 4)), min_size=1, max_size=3),
    sram=st.integers(100, 1_500),
)
def test_no_partition_of_a_chain_moves_less(layers, sram: int) -> None:
    kinds = {
        "conv": lambda n: L.Conv2d(3 * n, 3, bias=False),
        "strided": lambda n: L.Conv2d(2 * n, 2 + n % 2, stride=2, padding=1, bias=False),
        "depthwise": lambda n: L.DepthwiseConv2d(3, stride=1 + n % 2, bias=False),
        "pool": lambda n: L.MaxPool2d(2, 1 + n % 2, ceil_mode=True),
    }
    net = cm.sequential((1, 2, 10, 6), [kinds[kind](n) for kind, n in layers])
    plan = plan_or_none(net, sram)
    assert (plan and plan.ddr_bytes) == least_by_trying(net, sram)
