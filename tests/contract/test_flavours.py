"""The study of convolution flavours and its break-evens, against arithmetic."""

from typing import Any

import pytest
import sympy as sp

import costmodel as cm
from costmodel.whatif import against_standard

SIZES = {"in_channels": 64, "out_channels": 64, "height": 56, "width": 56}


def test_counts_of_the_grid_at_3x3() -> None:
    # a map is 64 * 56 * 56 = 200704 elements
    # standard                 9 * 64 * 200704                   = 115605504
    # spatially separable      3 * 64 * 200704 + 3 * 200704      =  39137280
    # depthwise separable      9 * 200704 + 64 * 200704          =  14651392
    # both                     3 * 200704 * 2 + 64 * 200704      =  14049280
    study = cm.flavour_study(kernel_sizes=[3])
    for activation in ("elu", "relu", "tanh"):
        assert [row["macs"] for row in study.where(activation=activation).rows] == [115605504, 39137280, 14651392, 14049280]


def test_two_ordinary_convolutions_with_biases() -> None:
    # MACs 2 * 3 * 64 * 200704 = 77070336; parameters 2 * 3 * 64 * 64 + 2 * 64 = 24704
    (row,) = cm.flavour_study(kernel_sizes=[3], activations=["relu"], reading="full", bias=True).where(flavour="spatially_separable").rows
    assert (row["macs"], row["parameters"]) == (77070336, 24704)


def test_the_activation_runs_once_or_after_each_convolution() -> None:
    # ReLU is one operation an element; the last flavour has three convolutions of 200704 outputs
    last = cm.flavour_study(kernel_sizes=[3], activations=["relu"]).rows[-1]
    each = cm.flavour_study(kernel_sizes=[3], activations=["relu"], activation_after="each").rows[-1]
    assert (last["other_ops"], each["other_ops"]) == (200704, 602112)


def test_serial_time_of_a_standard_convolution_on_pardhi() -> None:
    # bytes 2 * 200704 + 9 * 64 * 64 = 438272 at 1 GB/s; 2 * 115605504 FLOP at 1 TFLOPS; 200704 compares at 10 GOP/s:
    # 438.272 + 231.211008 + 20.0704 = 689.553408 us; over 9: 76.617045
    (row,) = cm.flavour_study(kernel_sizes=[3], activations=["relu"]).where(flavour="standard").rows
    assert row["time_serial_s"] == pytest.approx(689.553408e-6, rel=1e-12)
    assert row["time_per_area_s"] == pytest.approx(76.617045e-6, rel=1e-7)


def test_against_the_standard() -> None:
    point = {"hardware": "a", "activation": "relu", "kernel_size": 3}
    rows = [point | {"flavour": "standard", "t": 6.0}, point | {"flavour": "other", "t": 1.5}]
    assert [row["r"] for row in against_standard(rows, {"r": "t"})] == [1.0, 0.25]
    with pytest.raises(cm.errors.FieldError, match="no standard convolution beside 'other'"):
        against_standard(rows[1:], {"r": "t"})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"activation_after": "never"}, "place of the activation"),
        ({"activations": ["rellu"]}, "relu"),
        ({"hardware": "pardi"}, "pardhi"),
        ({"reading": "rank_2"}, "reading"),
        ({"kernel_sizes": []}, "at least one"),
    ],
)
def test_what_the_study_refuses(options: dict[str, Any], words: str) -> None:
    with pytest.raises(cm.CostModelError, match=words):
        cm.flavour_study(**({"kernel_sizes": [3]} | options))


c_in, c_out = cm.symbols("C_in C_out", integer=True)

# The common factor H W is left out.
# spatially separable   k^2 c d = k c d + k d        k = (c d + d) / (c d) = 1 + 1 / c
# two ordinary ones     k^2 c d = k c d + k d^2      k = (c d + d^2) / (c d) = 1 + d / c
# depthwise separable   k^2 c d = k^2 c + c d        k^2 (d - 1) = d
# both                  k^2 c d = 2 k c + c d        d k^2 - 2 k - d = 0: k = (1 + sqrt(1 + d^2)) / d
BREAK_EVENS = [
    ("spatially_separable", "rank_1", 1 + 1 / c_in),
    ("spatially_separable", "full", 1 + c_out / c_in),
    ("depthwise_separable", "rank_1", sp.sqrt(c_out / (c_out - 1))),
    ("depthwise_spatially_separable", "rank_1", (1 + sp.sqrt(1 + c_out**2)) / c_out),
]


@pytest.mark.parametrize("metric", ["macs", "weights"])
@pytest.mark.parametrize(("flavour", "reading", "expected"), BREAK_EVENS)
def test_break_even_kernel(flavour: str, reading: str, expected: Any, metric: str) -> None:
    found = cm.break_even_kernel(flavour, reading=reading, metric=metric).expression
    for c, d in ((1, 2), (64, 64), (3, 100), (100, 3)):
        point = {c_in: c, c_out: d}
        assert float(found.subs(point)) == pytest.approx(float(expected.subs(point)), rel=1e-12)


def test_break_even_of_the_time_where_every_map_crosses_the_bus() -> None:
    # pardhi, 8 bits, 64 to 64 channels on 56 x 56, depthwise separable, in microseconds; a map takes 200.704 on the bus
    # standard  k^2 (2 * 64 * 200704 / 1e6 + 4.096) + 2 maps              = k^2 (25.690112 + 4.096) + 2 maps
    # separable k^2 (2 * 200704 / 1e6 + 0.064) + 25.690112 + 4.096 + 4 maps = k^2 (0.401408 + 0.064) + 29.786112 + 4 maps
    # k^2 = (29.786112 + 401.408) / (29.786112 - 0.465408) = 431.194112 / 29.320704 = 14.706131
    form = cm.break_even_kernel("depthwise_separable", metric="time_serial_s", hardware="pardhi", **SIZES)
    assert float(form.expression) ** 2 == pytest.approx(14.706131, rel=1e-6)


def test_on_chip_the_time_breaks_even_with_the_macs() -> None:
    # under "weights" bytes are weights, and both they and the MACs break even at 1 + 1/64
    form = cm.break_even_kernel("spatially_separable", metric="time_serial_s", traffic="weights", **SIZES)
    assert form.expression == sp.Rational(65, 64)


def test_one_output_channel_never_pays_depthwise() -> None:
    # k^2 c = k^2 c + c has no solution
    assert cm.break_even_kernel("depthwise_separable", out_channels=1).expression == sp.oo


def test_break_even_balance() -> None:
    # MACs 115605504 and 14651392; bytes 2 * 200704 + 36864 = 438272 and 4 * 200704 + 576 + 4096 = 807488
    # (115605504 - 3 * 14651392) / (3 * 807488 - 438272) = 71651328 / 1984192 = 36.11109
    # (115605504 - 14651392) / (807488 - 438272) = 100954112 / 369216 = 273.4283
    for speed_up, expected in ((3, 36.11109), (1, 273.4283)):
        form = cm.break_even_balance("depthwise_separable", speed_up=speed_up, kernel_size=3, **SIZES)
        assert float(form.expression) == pytest.approx(expected, rel=1e-6)


def test_the_speed_up_lies_between_the_ratios_of_macs_and_of_bytes() -> None:
    # 115605504 / 14651392 = 7.890411 and 438272 / 807488 = 0.542760
    low, mid, high = cm.speed_up_by_balance(balances=[0.0, 36.1110860, 1e15]).where(flavour="depthwise_separable").rows
    assert low["speed_up"] == pytest.approx(7.890411, rel=1e-6)
    assert mid["speed_up"] == pytest.approx(3, rel=1e-6)
    assert high["speed_up"] == pytest.approx(0.542760, rel=1e-5)


@pytest.mark.parametrize(
    ("flavour", "options", "words"),
    [
        ("standard", {}, "unknown separable flavour 'standard'"),
        ("depthwise_separable", {"metric": "mac"}, "macs"),
        ("depthwise_separable", {"metric": "time_overlapped_s"}, "no polynomial"),
    ],
)
def test_what_has_no_break_even(flavour: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(cm.CostModelError, match=words):
        cm.break_even_kernel(flavour, **options)
