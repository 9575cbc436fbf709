"""`predict` and its renderings."""

import json

import numpy as np
import pytest

import costmodel as cm
from costmodel.prediction import POLICIES, Policy, Traffic

CIFAR = cm.predict("mobilenet_cifar")


def test_rows_are_found_by_name_position_and_epilogue() -> None:
    assert CIFAR["conv1"].macs == CIFAR[0].macs == CIFAR["conv1/act"].macs == 169_344
    assert len(CIFAR) == len(CIFAR.rows) == len(list(CIFAR))
    with pytest.raises(cm.errors.UnknownNameError, match="did you mean conv1"):
        CIFAR["conv2"]


def test_times_by_hand() -> None:
    """conv1: 864 weights and 2352 inputs over 10^9 B/s; 2 * 169,344 / 10^12; 3 operations for each of 6272 outputs / 10^10."""
    row = CIFAR["conv1"]
    assert row.ddr_time_s == pytest.approx(3216e-9)
    assert row.mac_time_s == pytest.approx(2 * 169_344 / 1e12)
    assert row.other_time_s == pytest.approx(3 * 6272 / 1e10)
    assert row.time_serial_s == pytest.approx(3.216e-6 + 0.338688e-6 + 1.8816e-6)
    assert row.time_overlapped_s == pytest.approx(3.216e-6)
    assert row.bound_by == "ddr"
    assert row.peak_fraction == pytest.approx(0.338688 / 5.436288)
    assert row.flops == 2 * 169_344 + 3 * 6272


@pytest.mark.parametrize(("machine", "binds"), [({"ddr": "1 TB/s"}, "macs"), ({"ddr": "1 TB/s", "other": "1 GOP/s"}, "other"), ({}, "ddr")])
def test_what_binds(machine, binds: str) -> None:
    """3.11 ms on the bus, 0.90 ms of MACs, 0.51 ms of others; a bus a thousand times as fast leaves the core."""
    assert cm.predict("mobilenet_cifar", cm.Hardware.load("pardhi").replace(**machine)).total.bound_by == binds


def test_other_operations_can_be_replaced() -> None:
    free = cm.predict("mobilenet_cifar", other_ops={"batch_norm": 0, "relu": 0})
    assert CIFAR.total.other_ops - free.total.other_ops == 3 * 1_693_440  # the paper's outputs of all convolutions
    assert free.assumptions["other_ops.relu"] == 0
    for bad in ({"relus": 1}, {"relu": -1}, {"relu": 0.5}, ["relu"]):
        with pytest.raises(cm.CostModelError):
            cm.predict("mobilenet_cifar", other_ops=bad)


@pytest.mark.parametrize("which", ["weights", "trainable", "all", "folded"])
def test_bytes_of_other_parameters(which: str) -> None:
    p = cm.predict("mobilenet_v1", parameters=which)
    assert p.total.weight_bytes == sum(row.weight_bytes for row in p) == p.network.parameters[which]


@pytest.mark.parametrize(
    "call",
    [
        lambda: cm.predict(3),
        lambda: cm.predict("mobilenet_v1", 3),
        lambda: cm.predict("mobilenet_v1", fuse_epilogues="yes"),
        lambda: cm.predict("mobilenet_v1", traffic="resident", round_trip=True),
        lambda: cm.predict("mobilenet_v1", traffic=cm.predict("mobilenet_v1").policy, round_trip=True),
        lambda: cm.predict("mobilenet_v1", weight_bits=2.5),
        lambda: cm.predict("mobilenet_v1", activation_bits=-8),
    ],
)
def test_bad_arguments(call) -> None:
    with pytest.raises(cm.CostModelError):
        call()


@pytest.mark.parametrize("render", ["to_markdown", "to_latex", "to_html", "to_csv", "to_json", "_repr_html_", "__repr__"])
def test_every_rendering_names_the_layers(render: str) -> None:
    assert "block11/pw" in getattr(CIFAR, render)()


@pytest.mark.parametrize("render", ["to_markdown", "to_latex", "to_html", "to_json", "__repr__"])
def test_every_rendering_shows_the_assumptions(render: str) -> None:
    assert "resident" in getattr(CIFAR, render)()


def test_dataframe_is_exact() -> None:
    frame = CIFAR.to_dataframe()
    assert frame["macs"].sum() == 452_058_368
    assert frame.attrs["traffic"] == "resident"
    assert frame.loc["conv1", "weights"] == 864


def test_symbolic_renderings() -> None:
    p = cm.predict(cm.zoo.mobilenet_v1(resolution=cm.symbols("R", multiple_of=32)))
    assert "216 R^{2}" in p.to_latex()
    assert "216*R**2" in p.to_markdown()
    assert p.to_dataframe().shape[0] == 1 + 2 * 13 + 3
    assert p.assumptions["conditions"] == ["R is a multiple of 32"]


def test_tables_of_many_machines_show_ranges() -> None:
    hw = cm.Hardware.load("pardhi").replace(ddr=np.array([1e9, 1e12]), sram=np.array([2**20, 2**21]))
    text = cm.predict("mobilenet_v1", hw).to_markdown()
    assert "no, yes" in text
    assert "ddr, other" in text


def test_dataset_of_machines() -> None:
    hw = cm.Hardware.load("pardhi").replace(ddr=np.array([1e9, 2e9]), sram=np.array([[2**20], [2**21]]))
    data = cm.predict("mobilenet_v1", hw).to_dataset()
    assert data["ddr_bytes"].values.tolist() == [[6_769_064] * 2, [4_360_616] * 2]
    assert data.sizes == {"axis_0": 2, "axis_1": 2}
    assert data.attrs["traffic"] == "resident"


def test_a_policy_is_one_class() -> None:
    class Nothing(Policy):
        """Nothing moves."""

        name = "nothing"

        def steps(self, workload, sram_bytes):
            return [Traffic(0, 0, 0) for _ in workload.steps]

    try:
        assert cm.predict("mobilenet_v1", traffic="nothing").total.ddr_bytes == 0
        with pytest.raises(cm.CostModelError, match="already registered"):
            type("Again", (Policy,), {"name": "nothing"})
    finally:
        del POLICIES["nothing"]


def test_json_is_strict() -> None:
    assert json.loads(CIFAR.to_json())["totals"]["weight_bytes"] == 3_109_952


def test_a_missing_extra_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(cm.errors.MissingExtraError, match=r"pip install 'costmodel\[pandas\]'"):
        CIFAR.to_dataframe()


def test_a_million_machines_in_little_memory() -> None:
    """No column of a row is as long as the array: the peak stays below a few results' sizes."""
    import tracemalloc

    rates = np.linspace(1e8, 1e10, 10**6)
    p = cm.predict("mobilenet_v1", cm.Hardware.load("pardhi").replace(ddr=rates, macs=rates * 500))
    tracemalloc.start()
    times = p.total.time_overlapped_s
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert times.shape == rates.shape
    assert peak < 6 * rates.nbytes


@pytest.mark.parametrize("traffic", ["tiled", "fused"])
def test_a_machine_without_ddr_has_no_plan_for_it(traffic: str) -> None:
    with pytest.raises(cm.CostModelError, match="a bus to DDR, which 'stm32f746' doesn't have"):
        cm.predict("lenet_5_caffe", "stm32f746", traffic=traffic)


def test_shares_and_overheads_by_hand() -> None:
    """block1/dw of MobileNet v1 has 9 * 32 * 112 * 112 = 3,612,672 MACs, 7.225344 us at 1 TFLOPS; on a quarter of the units 28.9 us."""
    plain = cm.predict("mobilenet_v1")
    hw = cm.Hardware.load("pardhi").replace(overhead="1 ms", utilisation={"depthwise_conv2d": 0.25, "depthwise": 0.5, "dense": 0.1})
    p = cm.predict("mobilenet_v1", hw)
    row = p["block1/dw"]
    assert row.utilisation == 0.5  # the variety counts before the kind
    assert row.mac_time_s == pytest.approx(2 * 7.225344e-6)
    assert row.overhead_time_s == 1e-3
    assert row.time_serial_s == pytest.approx(plain["block1/dw"].time_serial_s + 7.225344e-6 + 1e-3)
    assert row.time_overlapped_s == pytest.approx(1e-3 + max(row.ddr_time_s, row.mac_time_s + row.other_time_s))
    assert row.bound_by == "overhead"
    assert row.peak_fraction == pytest.approx(7.225344e-6 / row.time_serial_s)
    assert p.total.overhead_time_s == pytest.approx(30e-3)  # 27 convolutions, pool, dense, softmax
    assert p.total.mac_time_s == pytest.approx(sum(r.mac_time_s for r in p))
    assert p.total.time_serial_s == pytest.approx(sum(r.time_serial_s for r in p))
    assert (p.total.macs, p.total.ddr_bytes) == (plain.total.macs, plain.total.ddr_bytes)


def test_symbols_of_the_machine_reach_the_times() -> None:
    u, overhead, beta = cm.symbols("u o beta")
    hw = cm.Hardware.load("pardhi").replace(sram="32 KiB", ddr=beta, overhead=overhead, utilisation={"depthwise": u})
    values = {"u": 0.3, "o": 1e-5, "beta": 10**9}
    total = cm.predict("mobilenet_cifar", hw, traffic="tiled").total
    plain = cm.predict("mobilenet_cifar", hw.replace(ddr=10**9, overhead=1e-5, utilisation={"depthwise": 0.3}), traffic="tiled").total
    for field in ("time_serial_s", "time_overlapped_s", "time_best_s", "peak_fraction"):
        assert cm.evaluate(getattr(total, field), values) == pytest.approx(getattr(plain, field), rel=1e-12)
    assert (cm.evaluate(total.faster, values), cm.evaluate(total.bound_by, values)) == (plain.faster, plain.bound_by)
    capacity = cm.symbols("S")
    moved = cm.predict("mobilenet_v1", cm.Hardware.load("pardhi").replace(sram=capacity), steady_state=True).total.ddr_bytes
    for sram in (2**20, 2**22, 2**23):
        one = cm.predict("mobilenet_v1", cm.Hardware.load("pardhi").replace(sram=sram), steady_state=True).total.ddr_bytes
        assert cm.evaluate(moved, {"S": sram}) == one


def test_what_stays_is_said() -> None:
    """At 1 MiB the second map, of 112*112*32 B, and the third, of 112*112*64, do not both fit; the lesser is written and read."""
    p = cm.predict("mobilenet_v1", traffic="residency")
    assert p.total.ddr_bytes == 4_209_088 + 3 * 224 * 224 + 1000 + 2 * 112 * 112 * 32
    assert p.assumptions["stays"].startswith("28 of 29 feature maps")
    assert p.to_dict()["plan"]["optimal"]
    assert p.plan.sram_bytes <= 2**20
    less = cm.predict("mobilenet_v1", traffic="residency", reserve_bytes="512 KiB")
    half = cm.predict("mobilenet_v1", cm.Hardware.load("pardhi").replace(sram="512 KiB"), traffic="residency")
    assert less.total.ddr_bytes == half.total.ddr_bytes
    everything = cm.Hardware.load("pardhi").replace(sram="8 MiB")
    steady = cm.predict("mobilenet_v1", everything, traffic="residency", steady_state=True).total
    assert steady.ddr_bytes == steady.ddr_bytes_bound == 3 * 224 * 224 + 1000


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cm.predict("mobilenet_v1", traffic="fused", weight_prefetch=True), "one after another"),
        (lambda: cm.predict("mobilenet_v1", weight_prefetch=1), "True or False"),
        (lambda: cm.predict("mobilenet_v1", traffic="compulsory", steady_state=True), "steady_state"),
        (lambda: cm.predict("mobilenet_v1", "stm32f746", traffic="residency"), "use 'resident'"),
        (lambda: cm.predict("mobilenet_v1", traffic="residency", reserve_bytes="2 MiB").total.ddr_bytes, "at most the SRAM"),
        (lambda: cm.predict(cm.zoo.mobilenet_v1(cm.symbols("a", multiple_of="1/32")), traffic="residency").total.ddr_bytes, "plain sizes"),
        (
            lambda: cm.predict(cm.zoo.mobilenet_v1(cm.symbols("a", multiple_of="1/32")), weight_prefetch=True).total.time_overlapped_s,
            "plain figures or arrays",
        ),
    ],
)
def test_refused_choices(call, message: str) -> None:
    with pytest.raises(cm.CostModelError, match=message):
        call()
