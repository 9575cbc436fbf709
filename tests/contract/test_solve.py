"""The question turned round: answers against arithmetic, against dense search, and both sides of them against `predict`."""

import json
from functools import partial
from typing import Any

import numpy as np
import pytest

import costmodel as cm
from costmodel.formulas.traffic import compute_bound_sram
from costmodel.network import Network
from costmodel.whatif.solution import IsoLine, Solution

NETWORKS = ["mobilenet_v1", "mobilenet_v2", "resnet18", "squeezenet_1_1"]


def total(network: Any, machine: cm.Hardware, **options: Any) -> Any:
    return cm.predict(network, machine, **options).total


def inside(found: Solution, value: float) -> bool:
    """Whether a value is among those that will do."""
    return any((s.low is None or value >= s.low) and (s.high is None or value <= s.high) for s in found.spans)


def test_the_bandwidth_for_a_time_by_hand() -> None:
    """Q / (T - 2M/pi - O/omega): 6,769,064 B, 568,740,352 MACs (Howard et al.) and 15,184,240 other operations."""
    found = cm.solve("mobilenet_v1", "pardhi", "time_serial_s <= 5 ms", for_="hardware.ddr")
    assert found.value == pytest.approx(6_769_064 / (5e-3 - 2 * 568_740_352 / 1e12 - 15_184_240 / 1e10), rel=1e-12)
    assert (found.method, found.goal, found.feasible) == ("closed form", "smallest", True)
    assert cm.evaluate(found.formula, {"pi": 1e12, "omega": 1e10}) == pytest.approx(found.value, rel=1e-12)
    assert [check.holds for check in found.checks] == [True, False]


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("figure", ["ddr", "macs", "other"])
@pytest.mark.parametrize("metric", ["time_serial_s", "time_overlapped_s", "inferences_per_s_overlapped"])
def test_rates_agree_with_dense_search(network: str, figure: str, metric: str) -> None:
    machine = cm.Hardware.load("pardhi")
    now = getattr(total(network, machine), metric)
    limit = now * (1.1 if metric.endswith("per_s_overlapped") else 0.93)
    relation = ">=" if "per_s" in metric else "<="
    found = cm.solve(network, machine, f"{metric} {relation} {limit!r}", for_=f"hardware.{figure}")
    values = np.geomspace(1e7, 1e15, 2001)
    figures = getattr(total(network, machine.replace(**{figure: values})), metric)
    holds = figures >= limit if relation == ">=" else figures <= limit
    assert [inside(found, value) for value in values] == holds.tolist()
    if found.feasible:
        at = getattr(total(network, machine.replace(**{figure: found.value})), metric)
        assert at == pytest.approx(limit, rel=1e-9)
    else:
        assert found.nearest.figures[metric] == pytest.approx(figures[-1], rel=1e-4)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("traffic", ["resident", "tiled", "compulsory"])
def test_the_sram_agrees_with_dense_search(network: str, traffic: str) -> None:
    machine = cm.Hardware.load("pardhi")
    many = np.unique(np.geomspace(64 if traffic == "tiled" else 1, 2**24, 1501).astype(np.int64))
    moved = np.broadcast_to(total(network, machine.replace(sram=many), traffic=traffic).ddr_bytes, many.shape)
    for share in (0.1, 0.5, 0.9):
        limit = int(np.quantile(moved, share))
        found = cm.solve(network, machine, f"ddr_bytes <= {limit}", for_="hardware.sram", traffic=traffic)
        assert [inside(found, value) for value in many] == (moved <= limit).tolist()


def test_the_smallest_sram_near_compulsory_traffic() -> None:
    """From the peak of the live bytes on, 112*112*64 + 112*112*32, no map leaves: one byte less, and two do."""
    found = cm.solve("mobilenet_v1", "pardhi", "ddr_bytes within 5 % of ddr_bytes_bound", for_="hardware.sram")
    assert found.value == 112 * 112 * 96
    assert [(check.value, check.holds) for check in found.checks] == [(1_204_224, True), (1_204_223, False)]


def test_an_sram_that_the_condition_names() -> None:
    """Between two steps the condition moves with the SRAM itself: half of it is the peak."""
    found = cm.solve("mobilenet_v1", "pardhi", "2 * peak_live_bytes <= hardware.sram", for_="hardware.sram")
    assert found.value == 2 * 1_204_224
    found = cm.solve("mobilenet_v1", "pardhi", "hardware.sram <= 3 kB and ddr_bytes > 1", for_="hardware.sram")
    assert (found.value, found.goal) == (3000, "largest")


def test_the_sram_of_a_search() -> None:
    """Under `fused` the steps are not known: what is found holds, and one byte less does not."""
    found = cm.solve("mobilenet_cifar", "pardhi", "ddr_bytes <= 3.2 MB", for_="hardware.sram", traffic="fused")
    assert found.method == "bisection"
    machine = cm.Hardware.load("pardhi")
    assert total("mobilenet_cifar", machine.replace(sram=found.value), traffic="fused").ddr_bytes <= 3_200_000
    assert total("mobilenet_cifar", machine.replace(sram=found.value - 1), traffic="fused").ddr_bytes > 3_200_000


def test_the_capacity_for_compute_bound_pointwise_layers() -> None:
    """On 1 GB/s and 1 TFLOPS it is 10^6 B; the least tiling of ever larger layers comes to it from above."""
    assert compute_bound_sram(10**12, 10**9, 1, 1) == 10**6
    assert cm.regimes("mobilenet_v1", "pardhi").balance.compute_bound_sram_bytes == 10**6
    found = []
    for channels, side in ((4096, 64), (8192, 256), (16384, 256)):
        layer = Network.of(cm.layers.Conv2d(channels, 1, bias=False)(cm.Input((1, channels, side, side))), "pointwise")
        question = "ddr_time_s <= mac_time_s"
        found.append(cm.solve(layer, "pardhi", question, for_="hardware.sram", traffic="tiled", accumulator_bits=8).value)
    assert found == sorted(found, reverse=True)
    assert 10**6 <= found[-1] <= 1.1 * 10**6


def test_the_largest_width_that_fits() -> None:
    """Every point of the lattice, by hand."""
    found = cm.solve("mobilenet_v1", "pardhi", "peak_live_bytes <= 1 MiB and time_serial_s <= 10 ms", for_="width_multiplier")
    machine = cm.Hardware.load("pardhi")
    totals = {alpha: total(cm.zoo.mobilenet_v1(alpha), machine) for alpha in (i / 32 for i in range(1, 65))}
    holding = [alpha for alpha, t in totals.items() if t.peak_live_bytes <= 2**20 and t.time_serial_s <= 0.01]
    assert found.value == max(holding)
    assert all(inside(found, alpha) == (alpha in holding) for alpha in totals)


def test_other_arguments_are_fixed_with_partial() -> None:
    found = cm.solve(partial(cm.zoo.mobilenet_v1, resolution=160), "pardhi", "time_serial_s <= 5 ms", for_="width_multiplier")
    assert found.value > cm.solve("mobilenet_v1", "pardhi", "time_serial_s <= 5 ms", for_="width_multiplier").value


def test_a_count_without_lattice() -> None:
    """Classes of the classifier: 1024 weights each, beside 3,185,088 others of MobileNet."""
    found = cm.solve("mobilenet_v1", "pardhi", "weight_bytes <= 10 MB", for_="classes")
    assert found.value == (10**7 - 3_185_088) // 1024
    assert [check.holds for check in found.checks] == [True, False]


def test_widths_in_bits() -> None:
    """3 MB / 4,209,088 weights is 5.7 bits."""
    assert cm.solve("mobilenet_v1", "pardhi", "weight_bytes <= 3 MB", for_="weight_bits").value == 4
    found = cm.solve("mobilenet_v1", "pardhi", "weight_bytes <= 3 MB", for_="weight_bits", lattice=[3, 5, 6, 7])
    assert found.value == 5


def test_a_condition_that_holds_between_two_ends() -> None:
    """beta * t(beta)^2 with t = a + Q/beta is a^2 beta + 2aQ + Q^2/beta: least at beta = Q/a, at twice that value between two roots."""
    machine = cm.Hardware.load("pardhi")
    t = total("mobilenet_v1", machine)
    a, q = t.mac_time_s + t.other_time_s, t.ddr_bytes
    limit = 5 * a * q  # a^2 b + 2aQ + Q^2/b = 5aQ: (a b)^2 - 3 Q (a b) + Q^2 = 0
    found = cm.solve("mobilenet_v1", machine, f"hardware.ddr * time_serial_s * time_serial_s <= {limit!r}", for_="hardware.ddr")
    ((low, high),) = found.spans
    assert low == pytest.approx((3 - 5**0.5) / 2 * q / a, rel=1e-9)
    assert high == pytest.approx((3 + 5**0.5) / 2 * q / a, rel=1e-9)
    assert found.value == low
    upper = cm.solve(
        "mobilenet_v1", machine, f"hardware.ddr * time_serial_s * time_serial_s <= {limit!r}", for_="hardware.ddr", goal="largest"
    )
    assert upper.value == high
    none = cm.solve("mobilenet_v1", machine, f"hardware.ddr * time_serial_s * time_serial_s <= {3.9 * a * q!r}", for_="hardware.ddr")
    assert not none.feasible
    assert none.nearest.value == pytest.approx(q / a, rel=1e-6)


def test_what_is_infeasible_says_the_nearest() -> None:
    found = cm.solve("mobilenet_v1", "pardhi", "time_serial_s <= 1 ms", for_="hardware.ddr")
    assert (found.feasible, found.value, found.spans) == (False, None, ())
    assert found.nearest.value == float("inf")
    assert found.nearest.figures["time_serial_s"] == pytest.approx(2 * 568_740_352 / 1e12 + 15_184_240 / 1e10)  # the core alone
    assert "without bound" in found.sentence
    found = cm.solve("mobilenet_v1", "pardhi", "time_serial_s <= 1 us", for_="resolution")
    assert (found.feasible, found.nearest.value) == (False, 32)
    found = cm.solve("mobilenet_v1", "pardhi", "ddr_bytes <= 1 MB", for_="hardware.sram")
    assert (found.feasible, found.nearest.figures["ddr_bytes"]) == (False, 4_209_088 + 3 * 224 * 224 + 1000)


def test_two_conditions_that_do_not_meet() -> None:
    found = cm.solve("mobilenet_v1", "pardhi", "time_serial_s <= 5 ms and hardware.ddr <= 1 GB/s", for_="hardware.ddr")
    assert not found.feasible
    assert found.nearest.value == 10**9  # nearer, by share, than breaking the other


def test_overlapped_times_grow_beyond_bounds_where_a_rate_tends_to_nothing() -> None:
    """The energy is kept everywhere, so its span begins at a rate of 0, where the maxima of the other condition hold 1/0."""
    found = cm.solve("mobilenet_v1", "pardhi", "time_overlapped_s <= 5 ms and energy_j < 10 mJ", for_="hardware.macs")
    assert (found.feasible, found.nearest.value) == (False, float("inf"))
    fast = total("mobilenet_v1", cm.Hardware.load("pardhi").replace(mac_flops_per_s=1e30))
    assert found.nearest.figures["time_overlapped_s"] == pytest.approx(fast.time_overlapped_s, rel=1e-12)


def test_every_value_will_do() -> None:
    found = cm.solve("mobilenet_v1", "pardhi", "macs <= 1 G", for_="hardware.ddr")
    assert found.feasible
    assert found.value is None
    assert "any hardware.ddr_bytes_per_s will do" in found.sentence


def test_strict_conditions_leave_the_border_out() -> None:
    least = cm.solve("mobilenet_v1", "pardhi", "hardware.ddr >= 1 GB/s", for_="hardware.ddr").value
    more = cm.solve("mobilenet_v1", "pardhi", "hardware.ddr > 1 GB/s", for_="hardware.ddr").value
    assert least == 10**9 < more < 10**9 * (1 + 1e-12)


def test_flash() -> None:
    found = cm.solve("mobilenet_v1", "stm32h743", "fits_flash", for_="hardware.flash")
    assert (found.value, [c.holds for c in found.checks]) == (4_209_088, [True, False])


def test_an_iso_line_of_two_rates() -> None:
    """pi = 2M / (T - O/omega - Q/beta), and no MAC rate where the bus alone takes too long."""
    line = cm.solve("mobilenet_v1", "pardhi", "time_serial_s <= 5 ms", for_=("hardware.ddr", "hardware.macs"), at=[1e9, 2e9, 4e9, 1e12])
    assert isinstance(line, IsoLine)
    left = [5e-3 - 15_184_240 / 1e10 - 6_769_064 / beta for beta, _ in line.points]
    assert [found.feasible for _, found in line.points] == [time > 0 for time in left] == [False, True, True, True]
    for time, (beta, found) in zip(left[1:], line.points[1:], strict=True):
        assert found.value == pytest.approx(2 * 568_740_352 / time, rel=1e-12)
        assert cm.evaluate(line.formula, {"beta": beta}) == pytest.approx(found.value, rel=1e-9)


def test_an_iso_line_over_the_steps_of_the_sram() -> None:
    line = cm.solve("mobilenet_v1", "pardhi", "time_serial_s <= 5 ms", for_=("hardware.sram", "hardware.ddr"))
    assert line.formula is None
    machine = cm.Hardware.load("pardhi")
    for sram, found in line.points:
        assert total("mobilenet_v1", machine.replace(sram=sram, ddr=found.value)).time_serial_s <= 5e-3
        assert total("mobilenet_v1", machine.replace(sram=sram, ddr=found.value * (1 - 1e-9))).time_serial_s > 5e-3
    rates = [found.value for _, found in line.points]
    assert rates == sorted(rates, reverse=True)


def test_an_iso_line_of_arguments() -> None:
    line = cm.solve("mobilenet_v1", "pardhi", "peak_live_bytes <= 1 MiB", for_=("resolution", "width_multiplier"), at=[128, 224, 288])
    for resolution, found in line.points:
        peak = cm.predict(cm.zoo.mobilenet_v1(found.value, resolution)).total.peak_live_bytes
        assert peak <= 2**20 or not found.feasible
    assert len(line.table().rows) == 3


def test_documents() -> None:
    document = cm.solve("mobilenet_v1", "pardhi", "time_serial_s <= 5 ms", for_="hardware.ddr").to_dict()
    assert (document["schema"], document["goal"], document["spans"][0][1]) == (1, "smallest", None)
    assert cm.solve("mobilenet_v1", "pardhi", "time_serial_s <= 1 ms", for_="hardware.ddr").to_dict()["nearest"]["value"] is None


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"for_": "hardware.dram"}, cm.errors.UnknownNameError, "did you mean hardware"),
        ({"for_": "width_multiplier", "network": cm.zoo.mobilenet_v1()}, cm.errors.UnknownNameError, "unknown variable"),
        ({"condition": "time <= 5 ms"}, cm.errors.UnknownNameError, "unknown figure 'time'"),
        ({"condition": "time_serial_s <= 5 MB"}, cm.errors.QuantityError, "do not go together"),
        ({"for_": None}, cm.errors.FieldError, "a variable is a name"),
        ({"goal": "best"}, cm.errors.UnknownNameError, "unknown goal"),
        ({"lattice": [1, 2]}, cm.errors.FieldError, "solved over all values"),
        ({"for_": "resolution", "lattice": []}, cm.errors.FieldError, "at least one"),
        ({"for_": "resolution", "lattice": [31.5]}, cm.errors.FieldError, "makes a network"),
        ({"at": [1]}, cm.errors.FieldError, "goes with two variables"),
        ({"for_": ("hardware.ddr", "hardware.macs"), "at": "1 MB,2 MB"}, cm.errors.QuantityError, "has the unit 'MB'"),
        ({"for_": "hardware.skips_zeros"}, cm.errors.FieldError, "`cm.sweep` takes it as an axis"),
        ({"for_": "hardware.utilisation.depthwise"}, cm.errors.FieldError, "`cm.sweep` takes it as an axis"),
        ({"for_": "rewrite.bits.weights"}, cm.errors.FieldError, "`cm.sweep` takes it as an axis"),
        ({"condition": "time_serial_s <= 0 ms"}, cm.errors.QuantityError, "'0 ms' must be positive"),
        ({"for_": ("hardware.ddr", "hardware.ddr")}, cm.errors.FieldError, "one variable or two"),
        ({"hardware": cm.Hardware(sram=np.array([1, 2]), ddr=1, macs=1, other=1)}, cm.errors.FieldError, "plain figures"),
        ({"network": cm.zoo.mobilenet_v1(resolution=cm.symbols("R", multiple_of=32))}, cm.errors.SymbolicError, r"holds symbols \(R\)"),
        ({"network": lambda x=1: 5, "for_": "x"}, cm.errors.FieldError, "must return a Network"),
        ({"hardware": "stm32h743", "condition": "energy_j <= 1 mJ", "for_": "hardware.macs"}, cm.errors.FieldError, "has no value"),
    ],
)
def test_what_is_refused(arguments: dict[str, Any], error: type[Exception], words: str) -> None:
    given = {"network": "mobilenet_v1", "hardware": "pardhi", "condition": "time_serial_s <= 5 ms", "for_": "hardware.ddr"} | arguments
    with pytest.raises(error, match=words):
        cm.solve(**given)


@pytest.mark.parametrize(
    ("options", "metric"),
    [
        pytest.param({"traffic": "tiled"}, "time_overlapped_s", marks=pytest.mark.slow),
        ({"traffic": "resident", "steady_state": True}, "ddr_bytes"),
    ],
)
def test_steps_of_double_buffers_and_of_weights_that_stay(options: dict[str, Any], metric: str) -> None:
    machine = cm.Hardware.load("pardhi")
    many = np.unique(np.geomspace(4096, 2**23, 801).astype(np.int64))
    figures = getattr(total("mobilenet_v1", machine.replace(sram=many), **options), metric)
    for share in (0.3, 0.7):
        limit = np.quantile(figures, share).item()
        found = cm.solve("mobilenet_v1", machine, f"{metric} <= {limit!r}", for_="hardware.sram", **options)
        assert [inside(found, value) for value in many] == (figures <= limit).tolist()


def test_overheads_and_shares_of_the_rate() -> None:
    """30 steps of 10 µs each come on top; a machine that reaches half its MAC rate needs twice the rate."""
    machine = cm.Hardware.load("pardhi").replace(overhead="10 us")
    found = cm.solve("mobilenet_v1", machine, "time_serial_s <= 5 ms", for_="hardware.ddr")
    assert found.value == pytest.approx(6_769_064 / (5e-3 - 30 * 1e-5 - 2 * 568_740_352 / 1e12 - 15_184_240 / 1e10), rel=1e-12)
    found = cm.solve("mobilenet_v1", machine, "time_serial_s <= 10 ms", for_="hardware.overhead")
    assert found.value == pytest.approx((10e-3 - 6.769064e-3 - 2 * 568_740_352 / 1e12 - 15_184_240 / 1e10) / 30, rel=1e-9)


def test_values_of_the_first_variable_may_be_texts_with_units() -> None:
    asked = ("mobilenet_v1", "pardhi", "time_serial_s <= 5 ms", ("hardware.ddr", "hardware.macs"))
    numbers = cm.solve(*asked, at=[2e9, 4e9, 8e9]).to_dict()
    assert cm.solve(*asked, at="2 GB/s, 4GB/s, 8 GB/s").to_dict() == numbers
    assert cm.solve(*asked, at="2 GB/s:8 GB/s:log3").to_dict() == numbers
    assert cm.solve(*asked, at="2e9:8e9:log3").to_dict() == numbers
    assert cm.solve(*asked, at=["2 GB/s", 4e9, "8 GB/s"]).to_dict() == numbers


def test_macs_that_a_machine_skips() -> None:
    """A tenth of the weights stays; on a machine that skips zeros the MACs are a tenth, and the time of 5 ms asks for a slower core."""
    net = cm.zoo.mobilenet_v1().rewrite(cm.rewrites.Prune(0.1, sparse_format="bitmap"))
    skipping = cm.Hardware.load("pardhi").replace(skips_zeros="weights")
    slowest = [cm.solve(net, machine, "mac_time_s <= 2 ms", "hardware.macs").value for machine in ("pardhi", skipping)]
    assert slowest[0] == pytest.approx(2 * 568_740_352 / 2e-3)
    assert slowest[1] == pytest.approx(slowest[0] / 10, rel=1e-6)
    found = cm.sensitivity(net, skipping, "macs_effective")
    assert not any(effect.swing for effect in found.effects)


def test_an_iso_line_in_json_says_what_it_rests_on() -> None:
    line = cm.solve(
        "mobilenet_v1", "pardhi", "time_serial_s <= 5 ms", for_=("hardware.macs", "hardware.ddr"), at=[1e12], traffic="compulsory"
    )
    assert json.loads(line.to_json())["assumptions"]["traffic"] == "compulsory"
