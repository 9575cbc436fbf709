"""What a separable convolution saves, and by how much a figure grows with an argument."""

import pytest

import costmodel as cm
from costmodel.errors import FieldError


def _rows(*arguments, **options):
    return {row["flavour"]: row for row in cm.speed_up(*arguments, **options).rows}


def test_ratios_of_macs_in_closed_form() -> None:
    k, c_in, c_out = (cm.symbols(name, integer=True) for name in ("k", "C_in", "C_out"))
    ratios = {flavour: row["macs_ratio"] for flavour, row in _rows().items()}
    assert ratios["standard"] == 1
    # Howard et al., arXiv:1704.04861, section 3.1: 1/N + 1/D_K^2
    assert ratios["depthwise_separable"] == 1 / c_out + 1 / k**2
    # k C_in and k for each of C_out: (k C_in C_out + k C_out) / (k^2 C_in C_out)
    assert ratios["spatially_separable"] == 1 / k + 1 / (k * c_in)
    # (2 k C_in + C_in C_out) / (k^2 C_in C_out)
    assert ratios["depthwise_spatially_separable"] == 1 / k**2 + 2 / (k * c_out)


def test_numbers_of_one_layer() -> None:
    row = _rows(3, 64, 128, 56, 56)["depthwise_separable"]
    # 64*56*56*9 + 64*128*56*56; weights 64*9 + 64*128; bytes: input 64, between 2 * 64, output 128 maps of 56*56, and the weights
    assert (row["macs"], row["weights"]) == (56 * 56 * (64 * 9 + 64 * 128), 64 * 9 + 64 * 128)
    assert row["ddr_bytes"] == (64 + 2 * 64 + 128) * 56 * 56 + 64 * 9 + 64 * 128
    serial = row["ddr_bytes"] / 1e9 + 2 * row["macs"] / 1e12
    assert row["time_serial_s"] == pytest.approx(serial)
    # the bus binds both stages on this machine: what overlaps is all of the arithmetic
    assert row["time_overlapped_s"] == pytest.approx(row["ddr_bytes"] / 1e9)


def test_numbers_and_symbols_agree() -> None:
    values = {"k": 5, "C_in": 24, "C_out": 40, "H": 17, "W": 31}
    numbers, symbols = _rows(5, 24, 40, 17, 31), _rows()
    for flavour, row in numbers.items():
        for key in ("macs", "weights", "ddr_bytes", "time_serial_s", "macs_ratio", "ddr_bytes_ratio", "time_serial_s_ratio"):
            assert cm.evaluate(symbols[flavour][key], values) == pytest.approx(row[key], rel=1e-12), (flavour, key)


def test_at_one_by_one_every_separable_form_has_more_macs() -> None:
    rows = _rows(1, 64, 64, 56, 56)
    assert all(row["macs_ratio"] > 1 for flavour, row in rows.items() if flavour != "standard")


def test_elasticity() -> None:
    macs = cm.formula("conv")
    assert [cm.elasticity(macs, name) for name in ("H", "k", "C_in")] == [1, 2, 1]
    assert cm.elasticity(macs, ["C_in", "C_out"]) == 2
    assert cm.elasticity(cm.formula("conv", metric="weights"), "H") == 0
    assert cm.elasticity(3, "H") == 0


def test_elasticity_is_the_relative_change() -> None:
    alpha = cm.symbols("alpha", multiple_of="1/32")
    weights = cm.zoo.mobilenet_v1(alpha).parameters["trainable"]
    value = cm.evaluate(cm.elasticity(weights, alpha), {alpha: 1})
    up, down = (cm.zoo.mobilenet_v1(1 + step).parameters["trainable"] for step in (1 / 32, -1 / 32))
    # central difference: (f(1 + h) - f(1 - h)) / (2 h f(1)); the formula is a parabola, for which it is exact
    assert value == pytest.approx((up - down) / (2 / 32) / cm.zoo.mobilenet_v1().parameters["trainable"])


@pytest.mark.parametrize(("figure", "argument", "words"), [("x", "H", "figure"), (cm.formula("conv"), 3, "argument"), (0, "H", "0")])
def test_elasticity_refuses(figure, argument, words) -> None:
    with pytest.raises(FieldError, match=words):
        cm.elasticity(figure, argument)
