"""Where an expression holds: against plain evaluation at many places, corners and roots among them."""

from fractions import Fraction

import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from costmodel.whatif.pieces import holds_where, nearest, pieces

X = sp.Symbol("x", positive=True)
SMALL = st.integers(-6, 6)
LINE = st.tuples(st.integers(0, 5), st.integers(0, 5))
"""a + b/x, as times against a rate are."""


def line(parts: tuple[int, int]) -> sp.Expr:
    return parts[0] + parts[1] / X


def value(expression: sp.Expr, at: Fraction) -> Fraction:
    found = sp.sympify(expression).subs(X, sp.Rational(at.numerator, at.denominator)).doit()
    return Fraction(int(found.p), int(found.q))


def inside(intervals: list, at: Fraction) -> bool:
    place = sp.Rational(at.numerator, at.denominator)
    return any(place in interval for interval in intervals)


PLACES = [Fraction(n, d) for n in (1, 2, 3, 5, 7, 12, 40) for d in (1, 2, 3, 5, 30)]


@given(st.lists(st.tuples(LINE, LINE, st.integers(1, 3)), max_size=5), LINE, st.integers(0, 20), st.booleans())
@settings(max_examples=60)
def test_sums_of_maxima_of_times(layers: list, rest: tuple[int, int], limit: int, strict: bool) -> None:
    expression = line(rest) + sp.Add(*(weight * sp.Max(line(a), line(b), evaluate=False) for a, b, weight in layers)) - limit
    found = holds_where(expression, X, strict)
    corners = [Fraction(int(p.high.p), int(p.high.q)) for p in pieces(expression, X)[:-1]]
    ends = [Fraction(int(e.p), int(e.q)) for i in found for e in (i.low, i.high) if e not in (0, sp.oo)]
    for place in (*PLACES, *corners, *ends, *(end * Fraction(99, 100) for end in ends), *(end * Fraction(101, 100) for end in ends)):
        gap = value(expression, place)
        assert inside(found, place) is (gap < 0 if strict else gap <= 0)


@given(
    st.recursive(
        LINE.map(line),
        lambda inner: st.one_of(
            st.tuples(inner, inner).map(lambda two: sp.Max(*two, evaluate=False)),
            st.tuples(inner, inner).map(lambda two: sp.Min(*two, evaluate=False)),
            st.tuples(inner, inner, SMALL).map(lambda three: sp.Add(three[0], three[1] * three[2])),
        ),
        max_leaves=8,
    ),
    st.integers(0, 20),
)
@settings(max_examples=80, deadline=None)
def test_maxima_and_minima_within_each_other(times: sp.Expr, limit: int) -> None:
    """As the best of serial and double-buffered times is."""
    found = pieces(times - limit, X)
    assert [piece.low for piece in found[1:]] == [piece.high for piece in found[:-1]]
    ends = [Fraction(int(p.high.p), int(p.high.q)) for p in found[:-1]]
    for place in (*PLACES, *ends, *(end * Fraction(999, 1000) for end in ends), *(end * Fraction(1001, 1000) for end in ends)):
        rule = next(p.rule for p in found if place <= p.high)
        assert value(rule, place) == value(times - limit, place)
        assert inside(holds_where(times - limit, X), place) is (value(times, place) <= limit)


@given(st.lists(SMALL, min_size=1, max_size=4), st.lists(st.integers(0, 4), min_size=1, max_size=3), st.booleans())
@settings(max_examples=60)
def test_fractions_of_polynomials(over: list[int], under: list[int], strict: bool) -> None:
    below = sp.Poly(under, X).as_expr() + X  # positive for every x > 0
    expression = sp.Poly(over, X).as_expr() / below
    found = holds_where(expression, X, strict)
    for place in PLACES:
        gap = value(expression, place)
        assert inside(found, place) is (gap < 0 if strict else gap <= 0)


@given(st.lists(SMALL, min_size=2, max_size=3), LINE)
@settings(max_examples=40)
def test_maxima_of_polynomials(coefficients: list[int], other: tuple[int, int]) -> None:
    expression = sp.Max(sp.Poly(coefficients, X).as_expr(), line(other), evaluate=False) - 3
    found = holds_where(expression, X)
    for place in PLACES:
        assert inside(found, place) is (value(expression, place) <= 0)


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 9))
def test_the_nearest_of_a_bowl(a: int, b: int, c: int) -> None:
    """a x + b / x is least at sqrt(b / a), where it is 2 sqrt(a b)."""
    found = nearest(a * X + b / X + c, X)
    assert found.at == sp.sqrt(sp.Rational(b, a))
    assert sp.simplify(found.gap - 2 * sp.sqrt(a * b) - c) == 0


def test_a_pole_does_not_hold() -> None:
    (first, second) = holds_where(-1 / (X - 2) ** 2, X)
    assert (first.low, first.high, first.has_high, second.low, second.has_low) == (0, 2, False, 2, False)
