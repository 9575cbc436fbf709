"""The helpers of the carriers, against plain integer arithmetic."""

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

import costmodel as cm
from costmodel import _num

ints = st.integers(-1000, 1000)
steps = st.integers(1, 60)


@given(ints, steps)
def test_divisions_round_alike(a: int, b: int) -> None:
    x, y = sp.Symbol("x", integer=True), sp.Symbol("y", integer=True, positive=True)
    values = {x: sp.Integer(a), y: sp.Integer(b)}
    for helper, exact in (
        (_num.floor_div, Fraction(a, b).__floor__()),
        (_num.ceil_div, Fraction(a, b).__ceil__()),
        (_num.round_up, Fraction(a, b).__ceil__() * b),
    ):
        assert helper(a, b) == exact
        assert helper(np.array([a]), np.array([b]))[0] == exact
        assert helper(x, y).xreplace(values).doit() == exact


@given(st.integers(1, 40), st.integers(1, 4096), st.integers(1, 7))
def test_floors_know_the_step_of_a_symbol(step: int, count: int, divisor: int) -> None:
    """With R a multiple of `step`, floor and ceiling of R / divisor hold at every multiple."""
    R = cm.symbols("R", multiple_of=step)
    for helper in (_num.floor_div, _num.ceil_div):
        found = sp.sympify(helper(R, divisor)).xreplace({R: sp.Integer(step * count)}).doit()
        assert found == helper(step * count, divisor)


def test_a_known_step_leaves_no_floor() -> None:
    R = cm.symbols("R", multiple_of=32)
    assert _num.floor_div(R - 1, 2) + 1 == R / 2
    assert _num.ceil_div(R, 32) == R / 32
    assert _num.whole(32 * cm.symbols("alpha", multiple_of="1/32")) == 32 * cm.symbols("alpha", multiple_of="1/32")


def test_whole_rounds_down() -> None:
    assert _num.whole(95.9999) == 95
    assert type(_num.whole(np.float64(95.9))) is int
    assert _num.whole(np.array([1.5, 2.0])).dtype == np.int64


def test_divides_is_false_only_where_certain() -> None:
    n = cm.symbols("n", integer=True)
    assert _num.divides(4, 8) is True
    assert _num.divides(4, 6) is False
    assert _num.divides(n, 3 * n) is True
    assert _num.divides(8, cm.symbols("R", multiple_of=32)) is True
    assert _num.divides(4, n) == sp.Eq(sp.Mod(n, 4), 0)


def test_extremes_of_symbols_stay_unevaluated_and_lose_repeats() -> None:
    x = sp.Symbol("x")
    assert _num.maximum(3, x, 7, x) == sp.Max(x, 7, evaluate=False)
    assert _num.minimum(3, 2) == 2
    assert (_num.maximum(np.array([1, 5]), 3) == np.array([3, 5])).all()


def test_total_of_many_symbols_is_one_sum() -> None:
    xs = sp.symbols("x0:2000")
    assert _num.total(xs).args == sp.Add(*xs).args


def test_ratio_of_nothing_is_zero() -> None:
    assert _num.ratio(0.0, 0) == 0.0
    assert (_num.ratio(np.array([1.0, 0.0]), np.array([2.0, 0.0])) == np.array([0.5, 0.0])).all()


def test_array_and_symbol_do_not_mix() -> None:
    with pytest.raises(TypeError, match="an array and a symbol meet"):
        _num.maximum(np.array([1, 2]), sp.Symbol("x"))


@pytest.mark.parametrize(("elements", "bits", "n_bytes"), [(10, 8, 10), (10, 32, 40), (10, 4, 5), (11, 4, 6), (9, 1, 2)])
def test_bytes_are_packed(elements: int, bits: int, n_bytes: int) -> None:
    assert _num.bytes_of(elements, bits) == n_bytes


def test_symbols_pickle_and_print() -> None:
    import pickle

    R = cm.symbols("R", multiple_of=32)
    again = pickle.loads(pickle.dumps(R))
    assert again == R
    assert again.multiple_of == 32
    assert cm.symbols("R", multiple_of=16) != R
    assert str(R) == "R"


@pytest.mark.parametrize("bad", [0, -1, "a", "1/0"])
def test_bad_step_is_refused(bad) -> None:
    with pytest.raises(cm.errors.FieldError, match="multiple_of"):
        cm.symbols("R", multiple_of=bad)


def test_evaluate_is_exact_and_names_what_is_missing() -> None:
    alpha, R = cm.symbols("alpha", multiple_of="1/32"), cm.symbols("R", multiple_of=32)
    macs = cm.zoo.mobilenet_v1(alpha, R).macs
    assert cm.evaluate(macs, {"alpha": 0.25, "R": 128}) == cm.zoo.mobilenet_v1(0.25, 128).macs
    many = cm.evaluate(macs, {"alpha": np.array([0.25, 1.0]), "R": 224})
    assert many.tolist() == [cm.zoo.mobilenet_v1(a).macs for a in (0.25, 1)]
    with pytest.raises(cm.errors.FieldError, match="no value for R"):
        cm.evaluate(macs, {"alpha": 1})


def test_evaluate_refuses_what_a_step_excludes() -> None:
    """The formula has lost its roundings: 100 is no multiple of 32."""
    form = cm.formula("mobilenet_v1")
    assert form.conditions == ("R is a multiple of 32", "alpha is a multiple of 1/32")
    for values in ({"alpha": 0.3, "R": 224}, {"alpha": 1, "R": 100}, {"alpha": np.array([0.5, 0.3]), "R": 224}):
        with pytest.raises(cm.errors.FieldError, match="must be a multiple of"):
            cm.evaluate(form.expression, values)
    assert cm.evaluate(cm.formula("mobilenet_cifar").expression, {"alpha": 1, "R": 28}) == 452_058_368
