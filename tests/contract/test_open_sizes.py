"""Sizes that a network leaves open, as questions ask for them: against networks built at every number, and against arithmetic."""

from typing import Any

import numpy as np
import pytest

import costmodel as cm
from costmodel.errors import FieldError, QuantityError, ShapeError, SymbolicError, UnknownNameError
from costmodel.whatif.sizes import Integers, Possible

MACHINE = cm.Hardware.load("pardhi")


def pyramid(n: Any, h: Any) -> cm.Network:
    """Two convolutions of stride 2, an enlargement by 2, a sum with what came before: heights of the middle map must be even."""
    layers = cm.layers
    x = cm.Input((n, 3, h, 32))
    a = layers.Conv2d(16, 3, stride=2, padding=1)(x, name="a")
    b = layers.Conv2d(16, 3, stride=2, padding=1)(a, name="b")
    c = layers.ConvTranspose2d(16, 2, stride=2, padding=0)(b, name="c")
    return cm.Network.of(layers.Add()(a, c, name="sum"), "pyramid")


@pytest.fixture(scope="module")
def opened() -> cm.Network:
    return pyramid(cm.symbols("N", integer=True), cm.symbols("H", integer=True))


def test_numbers_for_sizes_are_the_network_that_is_built_with_them(opened: cm.Network) -> None:
    for n, h in ((1, 32), (3, 63), (7, 4)):
        sized = opened.rewrite(cm.rewrites.Sizes({"N": n, "H": h}))
        assert list(sized.nodes.values()) == list(pyramid(n, h).nodes.values())
        assert sized.symbols == frozenset()
        assert sized.assumptions == (f"N = {n}, H = {h}",)
    half = opened.rewrite(cm.rewrites.Sizes({"H": 32}))
    assert {symbol.name for symbol in half.symbols} == {"N"}
    assert half.rewrite(cm.rewrites.Sizes({"N": 2})).macs == pyramid(2, 32).macs


def test_numbers_for_shares_and_widths() -> None:
    """alpha = 3/4 of 32 channels is 24; of a width of 8 * bits."""
    alpha = cm.symbols("alpha", multiple_of="1/32")
    open_ = cm.zoo.mobilenet_v1(width_multiplier=alpha).rewrite(cm.rewrites.Bits(weights=cm.symbols("w", integer=True)))
    sized = open_.rewrite(cm.rewrites.Sizes({"alpha": 0.75}))
    assert sized.nodes["conv1"].layer.out_channels == 24
    assert sized.macs == cm.zoo.mobilenet_v1(0.75).macs


@pytest.mark.parametrize(
    ("sizes", "error", "words"),
    [
        ({"M": 1}, UnknownNameError, "unknown open size 'M'"),
        ({"H": 5}, ShapeError, r"^Sizes\({'H': 5}\): shapes .* don't broadcast: 3 against 4; layer 'sum'"),
        ({"H": 0}, FieldError, "positive number"),
        ({"H": 1.5}, FieldError, "must be an integer"),
        ({}, FieldError, "must map names"),
        (None, FieldError, "must map names"),
    ],
)
def test_numbers_that_are_refused(opened: cm.Network, sizes: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        opened.rewrite(cm.rewrites.Sizes(sizes))


def test_which_numbers_a_size_can_be(opened: cm.Network) -> None:
    """Of height h the first map has (h - 1) // 2 + 1 rows, which must be even: h is 3 or 4, 7 or 8, ..."""
    conditions = opened.rewrite(cm.rewrites.Sizes({"N": 1})).conditions
    (symbol,) = opened.rewrite(cm.rewrites.Sizes({"N": 1})).symbols
    possible = Possible(symbol, conditions)
    wanted = [h for h in range(1, 300) if ((h - 1) // 2 + 1) % 2 == 0]
    assert possible.up_to(299).tolist() == wanted
    assert possible.first == 3
    assert [possible.beside(4, 1), possible.beside(7, -1), possible.beside(3, -1), possible.beside(5, 1), possible.beside(6, -1)] == [
        7, 4, None, 7, 4,
    ]  # fmt: skip
    assert possible.middle(4, 7) is None
    assert possible.middle(3, 299) in wanted
    assert (possible.near(5), possible.near(6), possible.near(1)) == (4, 7, 3)
    assert all(step in (3, 4) or step % 4 in (0, 3) for step in possible.steps(10_000))


def test_integers() -> None:
    integers = Integers(5)
    assert (integers.beside(5, -1), integers.beside(5, 1), integers.near(2), integers.middle(5, 6), integers.middle(9, 5)) == (
        None, 6, 5, None, 7,
    )  # fmt: skip


@pytest.mark.parametrize("condition", ["time_serial_s <= {}", "time_overlapped_s <= {}", "time_best_s <= {}", "time_serial_s > {}"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.9])
def test_heights_agree_with_building_every_network(opened: cm.Network, condition: str, share: float) -> None:
    heights = [h for h in range(1, 1200) if ((h - 1) // 2 + 1) % 2 == 0]
    metric = condition.partition(" ")[0]
    figures = np.array([getattr(cm.predict(pyramid(2, h), MACHINE).total, metric) for h in heights])
    limit = float(figures.max() * share)
    found = cm.solve(opened, MACHINE, condition.format(limit), for_="H", sizes={"N": 2})
    holds = figures > limit if ">" in condition else figures <= limit
    inside = [any((s.low is None or h >= s.low) and (s.high is None or h <= s.high) for s in found.spans) for h in heights]
    assert inside == holds.tolist()
    assert [check.holds for check in found.checks] == [True, False]
    assert found.value == (min if ">" in condition else max)(h for h, held in zip(heights, holds, strict=True) if held)


def test_a_batch_by_hand() -> None:
    """A pointwise convolution of 64 to 64 channels on 8x8 maps under `compulsory`: 4096 B of weights and 2 * 4096 B a picture."""
    n = cm.symbols("N", integer=True)
    net = cm.Network.of(cm.layers.Conv2d(64, 1, bias=False)(cm.Input((n, 64, 8, 8))), "pointwise")
    found = cm.solve(net, MACHINE, "ddr_bytes <= 10 MB", for_="N", traffic="compulsory")
    assert found.value == (10**7 - 4096) // 8192
    assert (found.method, found.goal, found.checks[1].value) == ("lattice", "largest", found.value + 1)
    assert cm.solve(net, MACHINE, "ddr_bytes <= 10 MB", for_="N", traffic="tiled").value == found.value
    far = cm.solve(net, MACHINE, "ddr_bytes <= 5 GB", for_="N", traffic="compulsory")
    assert far.value == (5 * 10**9 - 4096) // 8192
    none = cm.solve(net, MACHINE, "ddr_bytes <= 10 kB", for_="N", traffic="compulsory")
    assert (none.feasible, none.value, none.nearest.value, none.nearest.figures) == (False, None, 1, {"ddr_bytes": 4096 + 8192})
    assert str(none.sentence).startswith("no N keeps ddr_bytes <= 10 kB; nearest is N 1: ddr_bytes 12")
    every = cm.solve(net, MACHINE, "weight_bytes <= 1 MB", for_="N")
    assert (every.value, every.spans[0]) == (None, (None, None))


def test_a_condition_may_speak_of_the_size(opened: cm.Network) -> None:
    """Bytes a picture: 4096 / N + 8192 at most 8200 where N is 512 or more."""
    n = cm.symbols("N", integer=True)
    net = cm.Network.of(cm.layers.Conv2d(64, 1, bias=False)(cm.Input((n, 64, 8, 8))), "pointwise")
    found = cm.solve(net, MACHINE, "ddr_bytes <= 8200 B * N", for_="N", traffic="compulsory")
    assert (found.value, found.goal) == (4096 // 8, "smallest")
    with pytest.raises(QuantityError):
        cm.solve(net, MACHINE, "N <= 3 ms", for_="N")
    per_picture = cm.solve("mobilenet_v1", MACHINE, "time_serial_s <= 20 ms * batch", for_="batch", lattice=range(1, 9))
    times = [cm.predict(cm.zoo.mobilenet_v1(batch=b), MACHINE).total.time_serial_s for b in range(1, 9)]
    assert per_picture.value == max(b for b, t in enumerate(times, 1) if t <= 0.02 * b)


def test_two_open_sizes_are_a_line(opened: cm.Network) -> None:
    line = cm.solve(opened, MACHINE, "macs <= 10 M", for_=("N", "H"), at=[1, 2, 4])
    wanted = [max(h for h in range(3, 4000) if ((h - 1) // 2 + 1) % 2 == 0 and pyramid(n, h).macs <= 10**7) for n in (1, 2, 4)]
    assert [found.value for _, found in line.points] == wanted
    across = cm.solve(opened, MACHINE, "ddr_bytes <= 100 kB", for_=("hardware.sram", "H"), sizes={"N": 1}, at=["4 KiB", "1 MiB"])
    assert across.points[0][1].value < across.points[1][1].value


@pytest.mark.parametrize(
    ("asked", "error", "words"),
    [
        ({"for_": "H"}, SymbolicError, r"holds symbols \(N\)"),
        ({"for_": "hardware.ddr", "sizes": {"N": 1}}, SymbolicError, r"holds symbols \(H\)"),
        ({"for_": "H", "sizes": {"M": 1}}, UnknownNameError, "unknown size 'M'"),
        ({"for_": "M", "sizes": {"N": 1, "H": 32}}, UnknownNameError, "unknown variable 'M'"),
        ({"for_": ("N", "H")}, FieldError, "`at` must hold the values of `N`"),
        ({"for_": "H", "sizes": {"N": "2"}}, FieldError, "positive number"),
    ],
)
def test_what_is_refused(opened: cm.Network, asked: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        cm.solve(opened, MACHINE, "macs <= 10 M", **asked)


def test_a_size_that_suits_no_number() -> None:
    """N in two halves, and N + 1 in two halves."""
    n = cm.symbols("N", integer=True)
    x = cm.Input((n, 4))
    longer = cm.layers.Concat(axis=0)(x, cm.Input((1, 4), name="one"))
    net = cm.Network.of([cm.layers.Reshape((8, -1))(x), cm.layers.Reshape((8, -1))(longer)], "never")
    with pytest.raises(FieldError, match="no `N` up to"):
        cm.solve(net, MACHINE, "macs <= 1", for_="N")


def test_the_answer_to_a_size_is_that_of_finite_differences(opened: cm.Network) -> None:
    """Counts are linear in N; in H the neighbours of 64 are 63, which has as many rows, and 67."""
    found = cm.sensitivity(opened, MACHINE, ("macs", "time_serial_s"), sizes={"N": 2, "H": 64})
    effect = found["macs", "N"]
    assert (effect.value, effect.low, effect.high, effect.elasticity_above) == (2, 1, 4, 1.0)
    assert effect.derivative_above == pyramid(1, 64).macs
    effect = found["time_serial_s", "H"]
    time_s = {h: cm.predict(pyramid(2, h), MACHINE).total.time_serial_s for h in (31, 32, 64, 128)}
    assert (effect.low, effect.figure_low) == (32, time_s[32])
    assert (effect.high, effect.figure_high) == (128, time_s[128])
    assert effect.elasticity_above == pytest.approx(np.log(time_s[128] / time_s[64]) / np.log(2), abs=0.05)


def test_arguments_of_a_builder_may_be_set_in_the_same_words() -> None:
    found = cm.sensitivity("mobilenet_v1", MACHINE, "macs", sizes={"resolution": 192})
    assert found["resolution"].value == 192
    assert found["batch"].figure == cm.zoo.mobilenet_v1(resolution=192).macs


def test_a_size_of_fractions_is_asked_for_as_the_argument_that_it_stands_for() -> None:
    alpha, side = cm.symbols("alpha", multiple_of="1/32"), cm.symbols("R", multiple_of=32)
    net = cm.zoo.mobilenet_v1(width_multiplier=alpha, resolution=side)
    asked = "time_serial_s <= 5 ms"
    found = cm.solve(net, "pardhi", asked, for_="alpha", sizes={"R": 224})
    assert found.spans == cm.solve("mobilenet_v1", "pardhi", asked, for_="width_multiplier").spans
    of_size, of_argument = (cm.sensitivity(n, "pardhi", **s) for n, s in ((net, {"sizes": {"alpha": 1, "R": 224}}), ("mobilenet_v1", {})))
    for size, argument in (("alpha", "width_multiplier"), ("R", "resolution")):
        assert of_size[size].elasticity_above == pytest.approx(of_argument[argument].elasticity_above, rel=1e-12)
        assert of_size[size].figure_low > 0
    free = cm.zoo.mobilenet_v1(width_multiplier=cm.symbols("b"))
    with pytest.raises(cm.errors.FieldError, match="`b` need not be whole; give its symbol a step"):
        cm.solve(free, "pardhi", asked, for_="b")


def test_a_number_for_the_size_that_is_asked_for_changes_nothing() -> None:
    alpha, side = cm.symbols("alpha", multiple_of="1/32"), cm.symbols("R", multiple_of=32)
    net = cm.zoo.mobilenet_v1(width_multiplier=alpha, resolution=side)
    plain, more = (cm.solve(net, "pardhi", "macs <= 1e9", for_="R", sizes={"alpha": 1, **s}) for s in ({}, {"R": 224}))
    assert (plain.method, plain.spans) == (more.method, more.spans)
    with pytest.raises(cm.errors.UnknownNameError, match=r"unknown size 'zz'; known are R, alpha$"):
        cm.solve(net, "pardhi", "macs <= 1e9", for_="R", sizes={"zz": 1})


def test_answers_on_fused_plans_of_open_sizes_show_themselves() -> None:
    net = cm.zoo.mobilenet_v1(0.25, resolution=cm.symbols("R", multiple_of=32))
    found = cm.solve(net, "pardhi", "ddr_bytes <= 1 MB", for_="R", traffic="fused")
    assert str(found).startswith(found.sentence)
    assert "traffic fused" in str(found)


def test_answers_have_all_their_digits() -> None:
    net = cm.zoo.mobilenet_v1(batch=cm.symbols("N", integer=True))
    found = cm.solve(net, "h200_sxm", "macs <= 568740352 * 1000007", for_="N")  # the MACs of one picture, of the MobileNet paper's 569 M
    assert found.sentence.endswith("N <= 1000007")
    line = cm.solve(net, "h200_sxm", "macs <= 568740352 * 1000007", for_=("hardware.ddr", "N"), at=["1 TB/s"])
    assert "1000007" in str(line)


def test_what_stays_is_chosen_anew_at_every_size() -> None:
    def built(h: Any) -> cm.Network:
        a = cm.layers.Conv2d(8, 3, stride=2, padding=1)(cm.Input((1, 3, h, 40)))
        return cm.Network.of(cm.layers.Add()(a, cm.layers.Conv2d(8, 3, padding=1)(a)), "tiny")

    opened = built(cm.symbols("H", integer=True))
    machine = cm.Hardware(sram="8 KiB", ddr="1 GB/s", macs="10 GFLOPS", other="1 GFLOPS")
    bytes_ = {h: cm.predict(built(h), machine, traffic="residency").total.ddr_bytes for h in range(2, 130)}
    limit = bytes_[97]
    found = cm.solve(opened, machine, f"ddr_bytes <= {limit}", for_="H", traffic="residency")
    assert found.value == max(h for h in bytes_ if bytes_[h] <= limit)
    assert "stays chosen at each size" in str(found)
    pytest.importorskip("xarray", reason="sweeps need the extra explore")
    swept = cm.sweep(opened, machine, {"H": [97, 30]}, "ddr_bytes", traffic="residency")
    assert swept.ddr_bytes.values.tolist() == [bytes_[97], bytes_[30]]
    with pytest.raises(SymbolicError, match="what stays is a choice among plain sizes; layer 'conv2d"):
        _ = cm.predict(opened, machine, traffic="residency").total.ddr_bytes


def test_where_all_sizes_will_do_the_answer_says_how_far_they_were_tried() -> None:
    net = cm.zoo.mobilenet_v1(batch=cm.symbols("N", integer=True))
    found = cm.solve(net, "h200_sxm", "time_serial_s <= 200 s", for_="N")
    assert found.sentence.endswith("any N from 1 to 1048576 will do")
    (check,) = found.checks
    assert (check.value, check.holds) == (2**20, True)
    assert not cm.predict(cm.zoo.mobilenet_v1(batch=2**28), "h200_sxm").total.time_serial_s <= 200  # beyond them another answer
