"""Every numeric field of the symbolic prediction, substituted, equals that of plain numbers, under every policy."""

import math

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import build, recipes

import costmodel as cm
from costmodel._num import is_symbolic
from costmodel.prediction import POLICIES

PLAIN = cm.Hardware(sram="3 KiB", ddr="3 MB/s", macs="7 MFLOPS", other="2 MOP/s", name="small")

CLOSED = sorted(POLICIES.keys() - {"fused", "residency", "tiled"})
"""The policies that are formulas; the others search, and need plain numbers."""


def flat(value):
    """The figures in a nested record, with where they stand."""
    if isinstance(value, dict):
        return {f"{key}.{k}": v for key, part in value.items() for k, v in flat(part).items()}
    if isinstance(value, list | tuple):
        return {f"{index}.{k}": v for index, part in enumerate(value) for k, v in flat(part).items()}
    return {"": value}


def assert_same(symbolic: dict, plain: dict, values: dict) -> None:
    expected = flat(plain)
    found = flat(symbolic)
    assert found.keys() == expected.keys()
    for key, expression in found.items():
        want = expected[key]
        if key.endswith("bound_by."):
            continue  # no number; exact and rounded arithmetic may part where two times are equal
        got = cm.evaluate(expression, values) if is_symbolic(expression) else expression
        if isinstance(want, float):
            assert math.isclose(got, want, rel_tol=1e-12), key
        else:
            assert got == want, key


def record(prediction) -> dict:
    document = prediction.to_dict()
    return {"layers": document["layers"], "totals": document["totals"]}


@pytest.mark.parametrize("policy", CLOSED)
@settings(max_examples=8)
@given(recipe=recipes, scale=st.integers(1, 5), height=st.integers(8, 20), width=st.integers(8, 20))
def test_symbolic_network(policy: str, recipe, scale: int, height: int, width: int) -> None:
    symbols = dict(zip(("s", "H", "W"), cm.symbols("s H W", integer=True), strict=True))
    values = {"s": scale, "H": height, "W": width}
    symbolic = cm.predict(build(recipe, symbols["s"], symbols["H"], symbols["W"]), PLAIN, traffic=policy)
    plain = cm.predict(build(recipe, scale, height, width), PLAIN, traffic=policy)
    assert_same(record(symbolic), record(plain), values)


@pytest.mark.parametrize("policy", CLOSED)
@settings(max_examples=6)
@given(recipe=recipes, steps=st.integers(1, 4))
def test_symbols_with_steps(policy: str, recipe, steps: int) -> None:
    alpha, R = cm.symbols("alpha", multiple_of="1/4"), cm.symbols("R", multiple_of=8)
    net = build(recipe, 4 * alpha, R, R)
    plain = build(recipe, steps, 8 * steps, 8 * steps)
    assert_same(
        record(cm.predict(net, PLAIN, traffic=policy)),
        record(cm.predict(plain, PLAIN, traffic=policy)),
        {"alpha": steps / 4, "R": 8 * steps},
    )


@pytest.mark.parametrize("policy", CLOSED)
@settings(max_examples=6)
@given(recipe=recipes, sram=st.integers(100, 20_000), rates=st.tuples(*[st.integers(1, 10**7)] * 3))
def test_symbolic_machine(policy: str, recipe, sram: int, rates) -> None:
    net = build(recipe, 2, 12, 12)
    names = ("S", "beta", "pi", "omega")
    fields = ("sram", "ddr", "macs", "other")
    symbolic = cm.Hardware(name="small", **dict(zip(fields, cm.symbols(" ".join(names)), strict=True)))
    plain = cm.Hardware(name="small", **dict(zip(fields, (sram, *rates), strict=True)))
    values = dict(zip(names, (sram, *rates), strict=True))
    assert_same(record(cm.predict(net, symbolic, traffic=policy)), record(cm.predict(net, plain, traffic=policy)), values)


@pytest.mark.parametrize("policy", CLOSED)
@settings(max_examples=6)
@given(recipe=recipes, srams=st.lists(st.integers(100, 20_000), min_size=3, max_size=3))
def test_arrays_of_machines(policy: str, recipe, srams) -> None:
    """Machines as arrays on two axes equal the machines one by one."""
    net = build(recipe, 2, 12, 12)
    buses = [10**5, 10**6]
    many = cm.predict(net, PLAIN.replace(sram=np.array(srams)[:, None], ddr=np.array(buses)), traffic=policy)
    for i, sram in enumerate(srams):
        for j, bus in enumerate(buses):
            one = cm.predict(net, PLAIN.replace(sram=sram, ddr=bus), traffic=policy)
            for field in ("ddr_bytes", "time_serial_s", "time_overlapped_s", "bound_by", "peak_fraction", "fits_sram"):
                value = np.broadcast_to(getattr(many.total, field), (3, 2))[i, j]
                want = getattr(one.total, field)
                assert value == (pytest.approx(want, rel=1e-12) if isinstance(want, float) else want), field


def test_the_largest_symbolic_record_is_quick_to_read() -> None:
    """MACs of MobileNet v1 are a polynomial that equals the integer count at every published width and resolution."""
    alpha, R = cm.symbols("alpha", multiple_of="1/32"), cm.symbols("R", multiple_of=32)
    macs = sp.Poly(cm.zoo.mobilenet_v1(alpha, R).macs, alpha, R)
    for a in (sp.Rational(1), sp.Rational(3, 4), sp.Rational(1, 2), sp.Rational(1, 4)):
        for r in (224, 192, 160, 128):
            assert macs(a, r) == cm.zoo.mobilenet_v1(float(a), r).macs


def test_serial_time_of_a_symbolic_bandwidth_lambdifies() -> None:
    beta = cm.symbols("beta")
    expression = cm.predict("mobilenet_v1", cm.Hardware.load("pardhi").replace(ddr=beta)).total.time_serial_s
    found = sp.lambdify(beta, expression)(10**9)
    assert found == pytest.approx(cm.predict("mobilenet_v1").total.time_serial_s, rel=1e-14)


def test_symbols_and_arrays_do_not_meet() -> None:
    R = cm.symbols("R", multiple_of=32)
    hw = cm.Hardware.load("pardhi").replace(ddr=np.array([1e9, 2e9]))
    with pytest.raises(cm.errors.SymbolicError, match="holds symbols"):
        cm.predict(cm.zoo.mobilenet_v1(resolution=R), hw)
    with pytest.raises(cm.errors.SymbolicError, match="holds an array"):
        hw.replace(sram=cm.symbols("S"))


def test_json_needs_plain_numbers() -> None:
    R = cm.symbols("R", multiple_of=32)
    for prediction in (
        cm.predict(cm.zoo.mobilenet_v1(resolution=R)),
        cm.predict("mobilenet_v1", cm.Hardware.load("pardhi").replace(ddr=np.array([1e9, 2e9]))),
    ):
        with pytest.raises(cm.errors.SymbolicError, match="to_latex, to_dataframe or to_dataset"):
            prediction.to_json()
