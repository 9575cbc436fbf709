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
