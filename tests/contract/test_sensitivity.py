"""What moves a figure: against finite differences, against arithmetic, and what single changes are worth."""

import math
from typing import Any

import pytest

import costmodel as cm
from costmodel.whatif import moves

METRICS = ("time_serial_s", "time_overlapped_s", "energy_j", "ddr_bytes")
RATES = ("ddr_bytes_per_s", "mac_flops_per_s", "other_ops_per_s", "mac_j", "other_j", "sram_j_per_byte", "ddr_j_per_byte")


def at(network: Any, machine: cm.Hardware, metric: str, **changes: Any) -> float:
    return float(getattr(cm.predict(network, machine.replace(**changes)).total, metric))


@pytest.mark.parametrize("network", ["mobilenet_v1", "resnet18"])
def test_machine_figures_agree_with_finite_differences(network: str) -> None:
    machine = cm.Hardware.load("ethos_u65_512")
    net = cm.zoo.build(network)
    found = cm.sensitivity(net, machine, METRICS)
    for metric in METRICS:
        for field in RATES:
            effect = found[metric, f"hardware.{field}"]
            step = 1e-4 * effect.value
            up, down = (at(net, machine, metric, **{field: effect.value + sign * step}) for sign in (1, -1))
            difference = (up - down) / (2 * step)
            assert effect.derivative_below == pytest.approx(difference, rel=1e-3, abs=1e-9 * effect.figure / effect.value)
            assert effect.derivative_above == pytest.approx(effect.derivative_below, rel=1e-9)
            assert effect.elasticity_above == pytest.approx(difference * effect.value / effect.figure, rel=1e-3, abs=1e-9)
            assert effect.figure_high == pytest.approx(at(net, machine, metric, **{field: 2 * effect.value}), rel=1e-12)


def test_the_share_of_the_bus_is_its_elasticity() -> None:
    """Time goes with 1 / bandwidth: Q / beta = 6,769,064 B / 1 GB/s of the whole."""
    effect = cm.sensitivity(cm.zoo.mobilenet_v1(), "pardhi", "time_serial_s")["hardware.ddr"]
    assert effect.elasticity_below == pytest.approx(-6.769064e-3 / effect.figure, rel=1e-12)


def test_arguments_follow_the_closed_form() -> None:
    """MACs are 10752 R^2 a^2 + 1125/2 R^2 a + 1024000 a (Howard et al., Table 1)."""
    found = cm.sensitivity("mobilenet_v1", "pardhi", "macs")
    by_width, by_size = found["width_multiplier"], found["resolution"]
    assert by_width.method == "symbolic" or by_width.kink
    assert by_width.derivative_below == pytest.approx(2 * 10752 * 224**2 + 1125 / 2 * 224**2 + 1_024_000)
    assert found["classes"].derivative_below == pytest.approx(1024)
    big = 10752 * 224**2 + 1125 / 2 * 224**2
    assert found["batch"].elasticity_above == pytest.approx(1)
    assert by_size.elasticity_below is not None
    # below 224 more maps stay on chip: the difference to 192 stands for the derivative
    assert by_size.derivative_below == pytest.approx(big * (1 - (192 / 224) ** 2) / 32)


def test_the_derivative_on_a_lattice_lies_between_its_neighbours() -> None:
    """A convex polynomial: the slope at a point lies between the differences to either side."""
    found = cm.sensitivity("mobilenet_v1", "pardhi", "time_serial_s")["width_multiplier"]
    below, here, above = (cm.predict(cm.zoo.mobilenet_v1(alpha)).total.time_serial_s for alpha in (31 / 32, 1, 33 / 32))
    assert (here - below) * 32 < found.derivative_below < (above - here) * 32


def test_a_layer_between_two_bounds_is_a_kink() -> None:
    """At the bandwidth that makes one layer's bus as slow as its core only the way down makes that layer slower."""
    net = cm.zoo.mobilenet_v1()
    rows = cm.predict(net, "pardhi").rows
    row = next(row for row in rows if row.name == "block13/pw")
    rate = row.ddr_bytes / (row.times.mac_s + row.times.other_s)
    machine = cm.Hardware.load("pardhi").replace(ddr=rate)
    effect = cm.sensitivity(net, machine, "time_overlapped_s")["hardware.ddr"]
    assert effect.kink.startswith("block13/pw")
    assert effect.derivative_above - effect.derivative_below == pytest.approx(row.ddr_bytes / rate**2, rel=1e-6)
    for sign, derivative in ((-1, effect.derivative_below), (1, effect.derivative_above)):
        moved = at(net, machine, "time_overlapped_s", ddr=rate * (1 + sign * 1e-5))
        assert (moved - effect.figure) / (sign * rate * 1e-5) == pytest.approx(derivative, rel=1e-3)


def test_the_last_byte_of_the_sram() -> None:
    """At the peak of the live bytes one byte less sends the two largest maps out and in: 2 (802,816 + 401,408) B at 1 GB/s."""
    machine = cm.Hardware.load("pardhi").replace(sram=1_204_224)
    effect = cm.sensitivity(cm.zoo.mobilenet_v1(), machine, "time_serial_s")["hardware.sram"]
    assert (effect.derivative_above, effect.derivative_below) == (0, None)
    assert effect.kink == "one byte less: +2.408 ms (block1/dw/act, block1/pw/act no longer stay on chip)"
    assert "next step at 1.148 MiB" in cm.sensitivity(cm.zoo.mobilenet_v1(), "pardhi", "ddr_bytes")["hardware.sram"].kink


def test_rows_stand_by_their_swing() -> None:
    found = cm.sensitivity("mobilenet_v1", "pardhi", "time_serial_s")
    swings = [row["swing"] for row in found.table().rows]
    assert swings == sorted(swings, reverse=True)
    assert any("without effect: " in note and "hardware.mac_j" in note for note in found.table().notes)


def test_a_machine_without_ddr() -> None:
    found = cm.sensitivity("mobilenet_v1", "stm32h743")
    assert found.metrics == ("time_serial_s", "time_overlapped_s")
    assert found["hardware.flash_rate"].elasticity_above < 0


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"metrics": "time"}, cm.errors.UnknownNameError, "unknown figure"),
        ({"metrics": ()}, cm.errors.FieldError, "at least one"),
        ({"factor": 1}, cm.errors.FieldError, "above 1"),
        ({"hardware": "stm32h743", "metrics": "energy_j"}, cm.errors.FieldError, "has no value"),
    ],
)
def test_what_is_refused(options: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        cm.sensitivity(**{"network": "mobilenet_cifar"} | options)


def test_an_effect_that_is_not_there() -> None:
    found = cm.sensitivity("mobilenet_cifar", "pardhi", "macs")
    with pytest.raises(cm.errors.FieldError, match="no effect"):
        found["energy_j", "hardware.ddr"]
    with pytest.raises(cm.errors.FieldError, match="must be one of macs"):
        found.table("energy_j")


def test_single_changes_by_hand() -> None:
    """Half the bus time, half the weights, three quarters of the channels: each against its own arithmetic."""
    table = cm.what_helps("mobilenet_v1", "pardhi")
    gains = {row["what"]: row["gain"] for row in table.rows}
    time = 6.769064e-3 + 2 * 568_740_352 / 1e12 + 15_184_240 / 1e10
    assert gains["double the bus"] == pytest.approx(time / (time - 6.769064e-3 / 2))
    assert gains["double the MAC rate"] == pytest.approx(time / (time - 568_740_352 / 1e12))
    assert gains["weights in 4 bits"] == pytest.approx(time / (time - 4_209_088 / 2 / 1e9))
    assert gains["double the SRAM"] == pytest.approx(time / (time - 2 * (802_816 + 401_408) / 1e9))
    narrow = cm.predict(cm.zoo.mobilenet_v1(0.75)).total
    (row,) = table.where(what="width_multiplier 0.75").rows
    assert (row["gain"], row["macs"]) == (pytest.approx(time / narrow.time_serial_s), 325_400_448)
    assert [row["gain"] for row in table.rows] == sorted(gains.values(), reverse=True)


def test_what_does_not_apply_is_said() -> None:
    table = cm.what_helps("mobilenet_v2", "stm32h743", "inferences_per_s", maximise=True)
    assert table.rows[0]["what"] == "double the MAC rate"
    assert not [row for row in table.rows if row["what"].startswith("tile")]  # nothing to tile for: no bus to DDR


def test_a_proposal_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moves, "PROPOSALS", [])

    @moves.proposal
    def nothing(question: Any) -> Any:
        yield moves.Move("leave it", "compiler", question.base.network, question.hardware, question.options)

    (row,) = cm.what_helps("mobilenet_cifar", "pardhi").rows
    assert (row["what"], row["gain"]) == ("leave it", 1)


def test_nothing_to_gain() -> None:
    with pytest.raises(cm.errors.FieldError, match="nothing to gain"):
        cm.what_helps("mobilenet_cifar", "stm32h743", "ddr_bytes")


@pytest.mark.slow
def test_elasticities_of_case_distinctions() -> None:
    """The derivative of the closed form at alpha = 1, against the slopes to its neighbours."""
    alpha = cm.symbols("alpha", multiple_of="1/32")
    form = cm.predict(cm.zoo.mobilenet_v1(alpha)).total.time_overlapped_s
    found = cm.evaluate(cm.elasticity(form, alpha), {alpha: 1})
    below, here, above = (cm.predict(cm.zoo.mobilenet_v1(a)).total.time_overlapped_s for a in (31 / 32, 1, 33 / 32))
    assert math.log(here / below) / math.log(32 / 31) - 0.02 < found < math.log(above / here) / math.log(33 / 32) + 0.02


def test_an_argument_that_is_nothing_has_no_share() -> None:
    """SqueezeNet's builder takes a padding, which is 0."""
    found = cm.sensitivity("squeezenet_1_1", "pardhi", "time_serial_s")
    assert "conv10_padding" not in {effect.variable for effect in found.effects}
    assert found["resolution"].swing > 0
