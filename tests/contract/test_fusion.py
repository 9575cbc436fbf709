"""Fusion: the targets of published accountings, the error texts, the words of a plan."""

import json

import numpy as np
import pytest

import costmodel as cm

L = cm.layers
MIB, KIB = 2**20, 2**10


def machine(sram) -> cm.Hardware:
    return cm.Hardware(sram=sram, ddr="1 GB/s", macs="1 TFLOPS", other="10 GFLOPS")


def mbconv(x, name: str):
    """24 channels to 192 and back."""
    y = L.Conv2d(192, 1, bias=False)(x, name=f"{name}/expand")
    y = L.DepthwiseConv2d(3, bias=False)(y, name=f"{name}/dw")
    return L.Conv2d(24, 1, bias=False)(y, name=f"{name}/project")


def pair() -> cm.Network:
    return cm.Network.of(mbconv(mbconv(cm.Input((1, 24, 28, 28)), "a"), "b"), "pair")


# weights + input + output in int8: 4,209,088 + 150,528 + 1000; 3,469,760 + 151,528; 25,502,912 + 151,528
LIMITS = {"mobilenet_v1": 4_360_616, "mobilenet_v2": 3_621_288, "resnet50": 25_654_440}


@pytest.mark.parametrize(
    ("network", "sram", "times"),
    [
        ("mobilenet_v1", MIB, 1), ("mobilenet_v1", 512 * KIB, 1), ("mobilenet_v1", 256 * KIB, 1.024),
        ("mobilenet_v2", MIB, 1), ("mobilenet_v2", 512 * KIB, 1), ("mobilenet_v2", 256 * KIB, 1),
        ("resnet50", MIB, 1.035),
    ],
)  # fmt: skip
def test_close_to_the_limit(network: str, sram: int, times: float) -> None:
    total = cm.predict(network, machine(sram), traffic="fused").total
    assert total.ddr_bytes_bound == LIMITS[network]
    assert LIMITS[network] <= total.ddr_bytes <= times * LIMITS[network]


@pytest.mark.slow
def test_resnet50_at_512_kib() -> None:
    assert cm.fuse("resnet50", "512 KiB").ddr_bytes <= 1.17 * LIMITS["resnet50"]


def test_two_mbconv_blocks() -> None:
    """AccelForge's optimum for the pair is 59,520 B within 38,566 B: 18,816 in, 18,816 out, 2 * (24*192 + 9*192 + 192*24) weights.

    Streamed a hidden channel at a time a block holds 18,816 in, 18,816 sums, 3 + 1 rows of 28, and 24 + 9 + 24 weights: 37,801 B;
    with sums of four bytes 18,816 + 75,264 + 169 = 94,249 B. In row buffers 56,640 B are known to do.
    """
    assert (cm.fuse(pair(), 38_566, accumulator_bits=8).ddr_bytes) == 59_520
    streamed = cm.fuse(pair(), 37_801, accumulator_bits=8)
    assert (streamed.ddr_bytes, streamed.sram_bytes) == (59_520, 37_801)
    assert [group.mode for group in streamed.groups] == ["channel_streamed"] * 2
    assert cm.fuse(pair(), 37_800, accumulator_bits=8).ddr_bytes > 59_520
    assert cm.fuse(pair(), 56_640).ddr_bytes == 59_520


def test_a_squeeze_and_excite_block_splits_where_every_row_is_awaited() -> None:
    plan = cm.fuse("mobilenet_v3_small", "128 KiB")
    last = {group.layers[-1] for group in plan.groups}
    assert any(name.endswith("se/pool") for name in last) or plan.ddr_bytes == plan.bound_bytes


def test_weights_stand_with_their_layer() -> None:
    """At 64 KiB MobileNet v1 reads some weights for every stripe; nothing else makes a layer's weights move twice."""
    prediction = cm.predict("mobilenet_v1", machine(64 * KIB), traffic="fused")
    moved = sum(traffic.weight_bytes for traffic in prediction.traffic)
    again = sum(group.weight_bytes_again for group in prediction.plan.groups)
    assert moved == 4_209_088 + again == sum(group.weight_bytes for group in prediction.plan.groups)
    for row, traffic in zip(prediction.rows, prediction.traffic, strict=True):
        assert traffic.weight_bytes >= row.weight_bytes


def test_the_plan_reads_as_a_table() -> None:
    plan = cm.predict("mobilenet_v1", machine(256 * KIB), traffic="fused").plan
    table = plan.table()
    assert table.footer["ddr_bytes"] == plan.ddr_bytes == sum(row["ddr_bytes"] for row in table.rows)
    assert plan.groups[0].layers[0] == "conv1"
    assert len([layer for group in plan.groups for layer in group.layers]) == 30
    assert "times weights + inputs + outputs" in repr(plan)
    assert plan._repr_html_().startswith("<table")


def test_other_policies_have_no_plan() -> None:
    assert cm.predict("mobilenet_v1").plan is None


def test_arrays_of_capacities() -> None:
    srams, buses = np.array([[64], [128], [256]]) * KIB, np.array([1e9, 2e9])
    many = cm.predict("mobilenet_v1", machine(srams).replace(ddr=buses), traffic="fused").total
    one = [cm.predict("mobilenet_v1", machine(int(sram)), traffic="fused").total for sram in srams.ravel()]
    assert many.ddr_bytes.ravel().tolist() == [total.ddr_bytes for total in one]
    assert many.time_serial_s[:, 0] == pytest.approx([total.time_serial_s for total in one])


def test_a_prediction_has_a_time_limit() -> None:
    """It reaches the search as it does in `fuse`, and stands with the assumptions where it is not the usual one."""
    p = cm.predict("mobilenet_v2", machine(64 * KIB), traffic="fused", time_limit_s=1e-9)
    assert not p.plan.optimal
    assert p.total.ddr_bytes == cm.fuse("mobilenet_v2", "64 KiB", time_limit_s=1e-9).ddr_bytes
    assert p.assumptions["traffic"] == "fused (time_limit_s=1e-09)"
    assert cm.predict("mobilenet_v2", machine(MIB), traffic="fused").assumptions["traffic"] == "fused"
    with pytest.raises(cm.errors.FieldError, match=r"`time_limit_s` \(=-1\) must be a positive number of seconds"):
        cm.predict("mobilenet_v2", machine(MIB), traffic="fused", time_limit_s=-1)
    with pytest.raises(cm.errors.FieldError, match="time_limit_s"):
        cm.predict("mobilenet_v2", machine(MIB), time_limit_s=5)


def test_symbols_are_refused() -> None:
    alpha = cm.symbols("alpha", multiple_of="1/32")
    with pytest.raises(cm.errors.SymbolicError, match=r"holds symbols \(alpha\).*plain sizes"):
        _ = cm.predict(cm.zoo.mobilenet_v1(alpha), traffic="fused").total.ddr_bytes
    with pytest.raises(cm.errors.SymbolicError, match="one capacity"):
        cm.fuse("mobilenet_v1", cm.symbols("S"))
    with pytest.raises(cm.errors.SymbolicError, match="plain bits"):
        cm.fuse("mobilenet_v1", "1 MiB", activation_bits=cm.symbols("b"))


def test_a_capacity_too_small_says_what_would_do() -> None:
    """A pooling of 3x3 at stride 2 over 112 x 112 x 96 has no tiles but rows: three in and one out, 3*112*96 + 56*96 = 37,632 B."""
    net = cm.sequential((1, 96, 112, 112), [L.MaxPool2d(3, 2, padding=1)])
    with pytest.raises(cm.errors.FieldError, match=r"at least 37632 B of SRAM, got 30000: 'max_pool2d_1'"):
        cm.fuse(net, 30_000)
    assert cm.fuse(net, 37_632).sram_bytes == 37_632


def test_a_layer_alone_is_tiled() -> None:
    """A dense layer's 16 rows of 64 need 16 * 64 B at once where they are not tiled."""
    net = cm.sequential((16, 64), [L.Dense(32, bias=False)])
    plan = cm.fuse(net, 200)
    assert plan.ddr_bytes == cm.traffic(net, sram=200).ddr_bytes
    (group,) = plan.groups
    assert (group.mode, group.sram_bytes) == ("tiled", cm.traffic(net, sram=200).layers[0].plan.held_bytes)
    assert "sums" in group.tiling
    assert plan.partition[0].tiling.plan.bits.accumulator == 32
    traffic = plan.traffic()
    assert sum(step.all_bytes for step in traffic) == plan.ddr_bytes
    assert traffic[0].weight_bytes == group.weight_bytes == 2048 + group.weight_bytes_again


def test_patches_of_mcunet_v2() -> None:
    """MCUNetV2 cuts MobileNet v2 into 4 x 4 patches up to 28 x 28 x 32: 75 x 75 pixels each. From a patch of 7 backwards:
    7, 15 (stride 2), 15, 17, 17, 35 (stride 2), 35, 37, 37, 75 (stride 2).
    """
    plan = cm.patches("mobilenet_v2", "stage3/block1/project", (4, 4))
    assert plan.input_patch == (3, 75, 75)
    assert round(plan.macs / plan.macs_once, 3) == 1.306
    assert round(plan.recompute_macs / cm.zoo.mobilenet_v2().macs, 3) == 0.093
    assert plan.mode == "patches"


def test_one_patch_computes_nothing_twice() -> None:
    plan = cm.patches("mobilenet_v2", "stage3/block1/project", (1, 1))
    assert (plan.recompute_macs, plan.input_patch, plan.mode) == (0, (3, 224, 224), "recomputed")


def test_stripes_with_recomputed_halos() -> None:
    """Two 3x3 convolutions on 8 rows in two stripes: the first makes 5 rows for each stripe of 4, 10 in all, the second 8."""
    net = cm.sequential((1, 1, 8, 8), [L.Conv2d(1, 3, bias=False), L.Conv2d(1, 3, bias=False)])
    plan = cm.patches(net, "conv2d_2", (2, 1))
    assert plan.macs == 9 * 8 * (10 + 8)
    assert plan.recompute_macs == 9 * 8 * 2
    assert plan.ddr_bytes == 2 * 6 * 8 + 2 * 18  # six rows of the picture for each stripe, both layers' weights twice
    assert plan.sram_bytes == (6 + 5) * 8 + 64  # picture rows and first map beside the whole output


def test_patches_refused() -> None:
    with pytest.raises(cm.errors.UnknownNameError, match="unknown layer 'conv'"):
        cm.patches("mobilenet_v2", "conv", (2, 2))
    with pytest.raises(cm.errors.NetworkError, match="stage2/block1/project"):
        cm.patches("mobilenet_v2", "stage2/block2/expand", (2, 2))
    with pytest.raises(cm.errors.FieldError, match="at most the 28 rows and 28 columns"):
        cm.patches("mobilenet_v2", "stage3/block1/project", (29, 1))


def test_traffic_knows_the_policy_fused() -> None:
    found = cm.traffic("mobilenet_v2", sram="256 KiB", policy="fused")
    # weights 3,469,760, the picture 3*224*224 and 1000 scores
    assert found.ddr_bytes == found.bound_bytes == 3_469_760 + 150_528 + 1000
    assert found.plan.ddr_bytes == sum(layer.ddr_bytes for layer in found.layers)
    assert found.to_dict()["plan"]["sram_bytes"] <= 256 * 1024


def test_a_network_that_computes_nothing_moves_nothing() -> None:
    alias = cm.Network.of(cm.layers.Flatten()(cm.Input((1, 4, 8, 8))), "alias")
    assert cm.fuse(alias, 800).ddr_bytes == 0
    assert "alias" in repr(cm.fuse(alias, 800))
    assert cm.traffic(cm.layers.Flatten(), (1, 4, 6, 6), sram=60).ddr_bytes == 0
    assert cm.memory(alias).peak_step == ""
    assert cm.memory(alias).to_json()


def test_a_grid_is_two_numbers() -> None:
    with pytest.raises(cm.CostModelError, match="two whole numbers"):
        cm.patches("mobilenet_v2", "stage3/block1/project", 4)


def test_the_time_limit_is_honest() -> None:
    """With no time beyond the first look a plan comes all the same, and says that another may move less."""
    plan = cm.fuse("mobilenet_v2", "64 KiB", time_limit_s=1e-9)
    best = cm.fuse("mobilenet_v2", "64 KiB")
    assert (plan.optimal, best.optimal) == (False, True)
    assert best.ddr_bytes <= plan.ddr_bytes <= cm.traffic("mobilenet_v2", sram="64 KiB").ddr_bytes
    assert "time limit" in repr(plan)
    assert plan.to_dict()["optimal"] is False
    assert cm.fuse("mobilenet_v2", "1 MiB", time_limit_s=1e-9).optimal  # at the bound there is nothing to search
    with pytest.raises(cm.errors.FieldError, match="positive number of seconds"):
        cm.fuse("mobilenet_v2", "64 KiB", time_limit_s=0)


def test_results_in_every_form() -> None:
    results = [
        cm.fuse("mobilenet_v1", "64 KiB"), cm.patches("mobilenet_v2", "stage3/block1/project", (2, 2)),
        cm.traffic("mobilenet_v1", sram="64 KiB"), cm.traffic("mobilenet_v1", sram="64 KiB", policy="fused"),
        cm.ski_slope("mobilenet_v1", ["8 KiB", "64 KiB"]),
    ]  # fmt: skip
    for result in results:
        assert json.loads(result.to_json()) == json.loads(json.dumps(result.to_dict()))
        assert result.to_csv() == result.table().to_csv()
        assert len(result.to_csv().splitlines()) == len(result.table().rows) + 1
        assert result.to_markdown().count("|") > 10
        assert "tabular" in result.to_latex()
        assert result._repr_html_() == result.to_html()


def test_a_prediction_says_whose_live_bytes_it_shows() -> None:
    prediction = cm.predict("mobilenet_v2", machine(256 * KIB), traffic="fused")
    said = f"the fused plan of mobilenet_v2 holds {prediction.plan.sram_bytes:,} B at most"
    assert any(said in note and "layer by layer" in note for note in prediction.table().notes)


def test_a_stored_state_that_is_joined_to_a_map() -> None:
    """As streaming models have it: the state reads nothing."""
    x = cm.Input((1, 8, 4, 4))
    made = cm.Network.of(L.Conv2d(8, 3, padding=0, bias=False)(L.Concat(axis=2)(x, cm.Input((1, 8, 2, 4), name="state"))), "stream")
    nodes = [node._replace(layer=L.Constant(node.layer.shape)) if node.name == "state" else node for node in made.nodes.values()]
    net = cm.Network("stream", nodes, made.outputs)
    for policy in ("fused", "tiled"):
        assert cm.predict(net, machine(MIB), traffic=policy).total.ddr_bytes >= 8 * 4 * 4 + 8 * 8 * 9 + 8 * 4 * 2  # map, weights, output
