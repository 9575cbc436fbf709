"""What binds where, two predictions part by part, and the plots of both."""

from typing import Any

import numpy as np
import pytest

import costmodel as cm

BUS, MACS, OTHER = 6_769_064, 568_740_352, 15_184_240
"""Of MobileNet v1 in int8 at 1 MiB: bytes over the bus, MACs, other operations."""


def above(border: Any, x: float, y: float) -> bool:
    form = border.formula.expression
    return y > (cm.evaluate(form, dict.fromkeys(form.free_symbols, x)) if hasattr(form, "free_symbols") else form)


@pytest.mark.parametrize("network", ["mobilenet_v1", "resnet18", "vgg16"])
@pytest.mark.parametrize("over", [("ddr", "macs"), ("sram", "ddr")])
def test_borders_part_what_predict_tells_apart(network: str, over: tuple[str, str]) -> None:
    found = cm.regimes(network, "ethos_u65_512", over)
    rng = np.random.default_rng(5)
    xs, ys = (np.exp(rng.uniform(-5, 5, 400)) * v.value for v in (found.across, found.up))
    xs = np.maximum(np.rint(xs), 1) if over[0] == "sram" else xs
    for x, y in zip(xs.tolist(), ys.tolist(), strict=True):
        binds = found.at(int(x) if over[0] == "sram" else x, y)
        for border in found.borders:
            if x < border.first or (border.last is not None and x >= border.last) or binds not in (border.above, border.below):
                continue
            others = [b for b in found.borders if b is not border and x >= b.first and (b.last is None or x < b.last)]
            if not others:
                assert binds == (border.above if above(border, x, y) else border.below)
        sides = [(b, above(b, x, y)) for b in found.borders if x >= b.first and (b.last is None or x < b.last)]
        claimed = {b.above if side else b.below for b, side in sides}
        assert binds in claimed


def test_the_balance_of_a_machine_by_hand() -> None:
    balance = cm.regimes("mobilenet_v1", "pardhi").balance
    core = 2 * MACS / 1e12 + OTHER / 1e10
    assert balance.machine_macs_per_byte == 500  # 1 TFLOPS / 2 / 1 GB/s
    assert balance.network_macs_per_byte == pytest.approx(MACS / BUS)
    assert balance.ddr_bytes_per_s == pytest.approx(BUS / core)
    assert balance.mac_flops_per_s == pytest.approx(2 * MACS / (BUS / 1e9 - OTHER / 1e10))
    assert balance.sram_bytes is None  # even 4.36 MB take 4.36 ms, the core 2.66 ms
    assert cm.regimes("mobilenet_v1", cm.Hardware.load("pardhi").replace(ddr="2 GB/s")).balance.sram_bytes == 1_204_224


def test_borders_of_rates_by_hand() -> None:
    first, second, third = cm.regimes("mobilenet_v1", "pardhi").borders
    corner, last = BUS / (2 * OTHER / 1e10), BUS / (OTHER / 1e10)
    assert (first.below, first.above, second.below, second.above, third.below, third.above) == (
        "macs",
        "ddr",
        "other",
        "ddr",
        "macs",
        "other",
    )
    assert (first.last, second.first, second.last, third.first) == pytest.approx((corner, corner, last, corner))
    assert float(third.formula.expression) == pytest.approx(2 * MACS / (OTHER / 1e10))
    for rate in (1e9, 3e9):
        assert cm.evaluate(first.formula, {"beta": rate}) == pytest.approx(2 * MACS / (BUS / rate - OTHER / 1e10))


def test_borders_step_with_the_sram() -> None:
    borders = cm.regimes("mobilenet_v1", "pardhi", ("sram", "ddr")).borders
    core = 2 * MACS / 1e12 + OTHER / 1e10
    assert borders[-1].first == 1_204_224
    assert borders[-1].formula.expression == pytest.approx((4_209_088 + 3 * 224 * 224 + 1000) / core)
    assert [b.last for b in borders[:-1]] == [b.first for b in borders[1:]]


def test_every_layer_has_its_own_balance() -> None:
    table = cm.regimes("mobilenet_v1", "pardhi").layers()
    for row in table.rows:
        assert (row["bound_by"] == "ddr") == (row["ddr_bytes_per_s"] is None or row["ddr_bytes_per_s"] >= 1e9)


def test_a_network_without_other_operations() -> None:
    net = cm.Network.of(cm.layers.Conv2d(8, 1, bias=False)(cm.Input((1, 8, 8, 8))), "one")
    (border,) = cm.regimes(net, "pardhi").borders
    assert (border.below, border.above, border.last) == ("macs", "ddr", None)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"over": ("ddr", "sram")}, "must be one of"),
        ({"over": "ddr"}, "must be one of"),
        ({"hardware": "stm32h743"}, "has no DDR"),
        ({"over": ("sram", "ddr"), "traffic": "fused"}, "are not known"),
    ],
)
def test_regimes_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(cm.errors.FieldError, match=words):
        cm.regimes(**{"network": "mobilenet_cifar"} | options)


def predictions(*names: str) -> list[cm.Prediction]:
    return [cm.predict(name) for name in names]


@pytest.mark.parametrize("by", ["layer", "kind", "stage", "block"])
def test_parts_add_up(by: str) -> None:
    a, b = predictions("mobilenet_v1", "mobilenet_v2")
    table = cm.compare_by(a, b, by)
    for key in ("macs", "weight_bytes", "ddr_bytes"):
        for side, whole in (("a", a), ("b", b)):
            assert sum(row[f"{key}_{side}"] or 0 for row in table.rows) == getattr(whole.total, key)
    assert sum(row["change_s"] for row in table.rows) == pytest.approx(b.total.time_serial_s - a.total.time_serial_s)
    assert sum(row["share"] for row in table.rows) == pytest.approx(1)


def test_layers_of_the_same_name_stand_in_one_row() -> None:
    table = cm.compare_by(*predictions("mobilenet_v1", "mobilenet_v2"))
    (conv1,) = table.where(layer="conv1").rows
    assert conv1["macs_a"] == conv1["macs_b"] == 112 * 112 * 32 * 27
    (added,) = table.where(layer="conv_last").rows
    assert added["macs_a"] is None


def test_nothing_differs() -> None:
    a, b = predictions("mobilenet_cifar", "mobilenet_cifar")
    assert {(row["change_s"], row["share"]) for row in cm.compare_by(a, b).rows} == {(0, None)}


def test_what_cannot_be_compared() -> None:
    (a,) = predictions("mobilenet_cifar")
    with pytest.raises(cm.errors.UnknownNameError, match="did you mean stage"):
        cm.compare_by(a, a, "stages")
    with pytest.raises(cm.errors.FieldError, match="`b` must be a Prediction, got str"):
        cm.compare_by(a, "mobilenet_cifar")  # type: ignore[arg-type]
    with pytest.raises(cm.errors.SymbolicError, match="plain numbers"):
        cm.compare_by(a, cm.predict(cm.zoo.mobilenet_v1(cm.symbols("alpha", multiple_of="1/32"))))


def drawn(chart: Any, layer: int) -> list[dict[str, Any]]:
    return chart.to_dict()["layer"][layer]["data"]["values"]  # type: ignore[no-any-return]


def test_a_front_is_drawn_among_all_points() -> None:
    pytest.importorskip("altair")
    front = cm.pareto({"time_s": [1, 2, 3, 3], "energy_j": [5, 2, 1, 4]}, ["time_s", "energy_j"])
    chart = cm.plot.pareto(front)
    assert len(drawn(chart, 0)) == 4  # the cloud
    assert [(p["x"], p["y"]) for p in drawn(chart, 2)] == [(1, 5), (2, 2), (3, 1)]
    assert chart.to_dict()["layer"][0]["encoding"]["x"]["title"] == "time (s)"
    with pytest.raises(cm.errors.FieldError, match="needs two metrics"):
        cm.plot.pareto(cm.pareto({"a": [1]}, "a"))
    with pytest.raises(cm.errors.FieldError, match="no point"):
        cm.plot.pareto(cm.pareto({"a": [], "b": []}, ["a", "b"]))


def test_many_points_are_thinned_out_but_ends_and_knee_stay() -> None:
    pytest.importorskip("altair")
    xs = np.linspace(1, 2, 5_000)
    front = cm.pareto({"a": xs, "b": 1 / xs}, ["a", "b"])
    cloud, line, knee = (drawn(cm.plot.pareto(front), layer) for layer in (0, 2, 3))
    assert len(front) == 5_000
    assert len(cloud) <= len(line) <= 2_001
    assert (line[0]["x"], line[-1]["x"]) == (1, 2)
    assert {"x": knee[0]["x"], "y": knee[0]["y"]} in line


def test_a_tornado_has_two_bars_a_variable() -> None:
    pytest.importorskip("altair")
    found = cm.sensitivity(cm.zoo.mobilenet_v1(), "pardhi", "time_serial_s")
    bars = drawn(cm.plot.tornado(found), 0)
    effect = found["hardware.ddr"]
    ends = [(bar["from"], bar["to"]) for bar in bars if bar["name"] == "hardware.ddr_bytes_per_s"]
    assert ends == [(effect.figure, effect.figure_low), (effect.figure, effect.figure_high)]
    widths: dict[str, list[float]] = {}
    for bar in bars:
        widths.setdefault(bar["name"], []).extend([bar["from"], bar["to"]])
    swings = [max(ends) - min(ends) for ends in widths.values()]
    assert swings == sorted(swings, reverse=True)
    with pytest.raises(cm.errors.FieldError, match="nothing moves"):
        cm.plot.tornado(found, "energy_j")


def test_a_map_of_regimes_says_what_predict_says() -> None:
    pytest.importorskip("altair")
    found = cm.regimes("mobilenet_v1", "pardhi")
    chart = cm.plot.regimes(found, points=6)
    cells = drawn(chart, 0)
    assert len(cells) == 36
    inner = [c for c in cells if c["x"] > min(d["x"] for d in cells) and c["x2"] < max(d["x2"] for d in cells)]
    assert any(found.at((c["x"] * c["x2"]) ** 0.5, (c["y"] * c["y2"]) ** 0.5) == c["bound_by"] for c in inner)
    for point in drawn(chart, 1):
        assert point["y"] == pytest.approx(
            min((2 * MACS / (BUS / point["x"] - OTHER / 1e10), 2 * MACS / (OTHER / 1e10)), key=lambda y: abs(y - point["y"]))
        )
    assert drawn(chart, 2) == [{"x": 10**9, "y": 10**12, "name": "now"}]


def test_memory_to_be_bound_by_macs_counts_elements_of_the_network_itself() -> None:
    floats = cm.zoo.mobilenet_v1().rewrite(cm.rewrites.Bits(weights=32, activations=32))
    # 500 GMAC/s against 250 M elements of 4 B a second: (2 * 2000)^2 elements of 4 B
    assert cm.regimes(floats).balance.compute_bound_sram_bytes == (2 * 2000) ** 2 * 4
