"""Where is an expression of one positive symbol at most zero? Exactly: its roots, poles and corners, and a sign between each two."""

from __future__ import annotations

from fractions import Fraction
from functools import partial, reduce
from itertools import pairwise
from typing import Any, NamedTuple

import sympy as sp

from costmodel.errors import SymbolicError


class Interval(NamedTuple):
    """What lies between two ends; each end belongs to it or not."""

    low: Any
    high: Any
    has_low: bool
    has_high: bool

    def __contains__(self, x: Any) -> bool:
        above = x >= self.low if self.has_low else x > self.low
        return bool(above and (x <= self.high if self.has_high else x < self.high))

    def meet(self, other: Interval) -> Interval | None:
        """What two intervals share.

        >>> Interval(0, 2, False, True).meet(Interval(2, 3, True, True)), Interval(0, 2, False, False).meet(Interval(2, 3, True, True))
        (Interval(low=2, high=2, has_low=True, has_high=True), None)
        """
        low, high = max(self.low, other.low), min(self.high, other.high)
        has_low, has_high = all(low > i.low or i.has_low for i in (self, other)), all(high < i.high or i.has_high for i in (self, other))
        return Interval(low, high, has_low, has_high) if low < high or (low == high and has_low and has_high) else None


class Corner(NamedTuple):
    """A place that may be the nearest to holding, and how much is too much there."""

    at: Any
    gap: Any


def holds_where(gap: Any, x: sp.Symbol, strict: bool = False) -> list[Interval]:
    """The intervals of x > 0 in which `gap` is at most 0 (below 0 where `strict`), rising.

    Parameters
    ----------
    gap : sympy.Expr
        Rational in `x`, with Max and Min of such.
    x : sympy.Symbol
    strict : bool

    Returns
    -------
    list of Interval

    Examples
    --------
    >>> x = sp.Symbol("x", positive=True)
    >>> holds_where(6 / x - 2, x)
    [Interval(low=3, high=oo, has_low=True, has_high=False)]
    >>> holds_where(sp.Max(1 / x, x, evaluate=False) - 2, x)
    [Interval(low=1/2, high=2, has_low=True, has_high=True)]
    """
    found: list[Interval] = []
    for piece in pieces(gap, x):
        over, under = sp.fraction(sp.together(piece.rule))
        zeros, poles = (set(_roots(part, x)) for part in (over, under))
        inner = sorted(root for root in zeros | poles if piece.low < root < piece.high)
        for low, high in pairwise([piece.low, *inner, piece.high]):
            if _sign(over, under, x, _between(low, high)) <= -strict:
                _join(found, Interval(low, high, False, False))
            if high is sp.oo or high in poles:
                continue
            if (0 if high in zeros else _sign(over, under, x, high)) <= -strict:
                _join(found, Interval(high, high, True, True))
    return found


def nearest(gap: Any, x: sp.Symbol) -> Corner:
    """Where `gap` is least over x > 0: at a corner, where its slope is nothing, or towards an end (0 or oo)."""
    best = Corner(None, sp.oo)
    for piece in pieces(gap, x):
        slope = sp.fraction(sp.together(sp.diff(piece.rule, x)))[0]
        inside = [root for root in _roots(slope, x) if piece.low < root < piece.high]
        for at in (piece.low, *inside, piece.high):
            value = sp.limit(piece.rule, x, at) if at in (0, sp.oo) else piece.rule.subs(x, at)
            if value.is_comparable or value.is_infinite:
                best = min(best, Corner(at, value), key=lambda corner: corner.gap)
    return best


class Piece(NamedTuple):
    """What an expression is between two places: a rule without Max or Min."""

    low: Any
    high: Any
    rule: Any


def _exact(expression: Any) -> Any:
    """Floats as the fractions that they are."""
    expression = sp.sympify(expression)
    return expression.xreplace({number: sp.Rational(float(number)) for number in expression.atoms(sp.Float)})


def pieces(expression: Any, x: sp.Symbol) -> list[Piece]:
    """An expression rational in `x > 0` but for Max and Min, as what it is between their corners, rising; floats become fractions.

    >>> x = sp.Symbol("x", positive=True)
    >>> [(piece.low, piece.high, piece.rule) for piece in pieces(sp.Max(2, 6 / x, evaluate=False), x)]
    [(0, 3, 6/x), (3, oo, 2)]
    """
    expression = _exact(expression)
    extremes = expression.atoms(sp.Max, sp.Min)
    if not extremes:
        return [Piece(sp.S.Zero, sp.oo, expression)]
    quick = _envelope(expression, x)
    if quick is not None:
        return quick
    if any(part.has(sp.Max, sp.Min) for extreme in extremes for part in extreme.args):
        raise SymbolicError("the corners of a Max or Min within another are not found; give plain figures")
    marks: set[Any] = set()
    for extreme in extremes:
        for i, one in enumerate(extreme.args):
            for other in extreme.args[i + 1 :]:
                marks.update(_roots(sp.fraction(sp.together(one - other))[0], x))
    ends = [sp.S.Zero, *sorted(marks), sp.oo]
    return [Piece(low, high, rule_at(expression, x, _between(low, high))) for low, high in pairwise(ends)]


def rule_at(expression: Any, x: sp.Symbol, at: Any) -> Any:
    """What an expression is around a place: every case distinction, Max and Min replaced by the part that it is there.

    >>> x = sp.Symbol("x", positive=True)
    >>> rule_at(sp.Max(2, 6 / x, evaluate=False) + x, x, 1)
    x + 6/x
    """

    def case(*pairs: Any) -> Any:
        return next(value for value, condition in pairs if condition.subs(x, at) == sp.true)

    expression = expression.replace(sp.Piecewise, case)
    expression = expression.replace(sp.Max, lambda *parts: max(parts, key=lambda part: part.subs(x, at)))
    return expression.replace(sp.Min, lambda *parts: min(parts, key=lambda part: part.subs(x, at)))


class _Stretch(NamedTuple):
    """The line a + b/x up to a place; None where it has no end."""

    high: Fraction | None
    a: Fraction
    b: Fraction


def _envelope(expression: Any, x: sp.Symbol) -> list[Piece] | None:
    """Pieces of sums, Max and Min, within each other too, of lines a + b/x: times against a rate. None of anything else."""
    found = _stretches(expression, x)
    if found is None:
        return None
    ends = [sp.S.Zero, *(sp.oo if one.high is None else sp.Rational(one.high) for one in found)]
    return [Piece(low, high, sp.Rational(one.a) + sp.Rational(one.b) / x) for (low, high), one in zip(pairwise(ends), found, strict=True)]


def _stretches(expression: Any, x: sp.Symbol) -> list[_Stretch] | None:
    """What an expression is, stretch by stretch, rising."""
    factor, rest = expression.as_coeff_Mul()
    times = Fraction(int(factor.p), int(factor.q)) if factor.is_Rational else None
    if times is None:
        return None
    if rest == 1 or rest == 1 / x:
        return [_Stretch(None, times * (rest == 1), times * (rest != 1))]
    if not isinstance(rest, sp.Add | sp.Max | sp.Min):
        return None
    parts = [_stretches(part, x) for part in rest.args]
    several = [part for part in parts if part is not None]
    if len(several) < len(parts):
        return None
    sign = 1 if isinstance(rest, sp.Max) else -1
    found = _added(several) if isinstance(rest, sp.Add) else reduce(partial(_outer, sign), several)
    return [_Stretch(high, times * a, times * b) for high, a, b in found]


def _added(several: list[list[_Stretch]]) -> list[_Stretch]:
    """Their sum: one walk over the corners, however many there are."""
    a, b = sum(one[0].a for one in several), sum(one[0].b for one in several)
    corners: dict[Fraction, tuple[Fraction, Fraction]] = {}
    for stretches in several:
        for one, after in pairwise(stretches):
            assert one.high is not None
            more, steeper = corners.get(one.high, (Fraction(0), Fraction(0)))
            corners[one.high] = (more + after.a - one.a, steeper + after.b - one.b)
    found: list[_Stretch] = []
    for high, (more, steeper) in sorted(corners.items()):
        if more or steeper:
            found.append(_Stretch(high, Fraction(a), Fraction(b)))
            a, b = a + more, b + steeper
    return [*found, _Stretch(None, Fraction(a), Fraction(b))]


def _outer(sign: int, one: list[_Stretch], other: list[_Stretch]) -> list[_Stretch]:
    """The larger (1) or the smaller (-1) of two at every place."""
    found: list[_Stretch] = []
    low, i, j = Fraction(0), 0, 0
    while True:
        p, q = one[i], other[j]
        high = min((end for end in (p.high, q.high) if end is not None), default=None)
        a, b = p.a - q.a, p.b - q.b  # a + b/x is above nothing from -b/a on, or up to there
        crossing = -b / a if a else None
        inner = crossing if crossing is not None and crossing > low and (high is None or crossing < high) else None
        for end, place in ((inner, low), (high, inner or low)) if inner is not None else ((high, low),):
            middle = place + 1 if end is None else (place + end) / 2
            chosen = p if sign * (a + b / middle) >= 0 else q
            if found and found[-1][1:] == chosen[1:]:
                found[-1] = _Stretch(end, *chosen[1:])
            else:
                found.append(_Stretch(end, *chosen[1:]))
        if high is None:
            return found
        low, i, j = high, i + (p.high == high), j + (q.high == high)


def _roots(polynomial: Any, x: sp.Symbol) -> list[Any]:
    """Positive real roots, exact."""
    if not polynomial.has(x):
        return []
    found = sp.Poly(polynomial, x)
    if found.degree() == 1:
        slope, constant = found.all_coeffs()
        return [root for root in (-constant / slope,) if root > 0]
    return [root for root in sp.real_roots(found, multiple=True) if root > 0]


def _between(low: Any, high: Any) -> Any:
    """A fraction between two places."""
    if high is sp.oo:
        return sp.ceiling(2 * low + 1)
    middle = (low + high) / 2
    return middle if middle.is_Rational else sp.Rational(str(sp.N(middle, 30)))


def _sign(over: Any, under: Any, x: sp.Symbol, at: Any) -> int:
    """The sign of a fraction at a place: exact at a fraction, in 30 digits elsewhere; 1 at a pole."""
    above, below = (part.subs(x, at) if at.is_Rational else sp.N(part.subs(x, at), 30, chop=True) for part in (over, under))
    if below == 0:
        return 1
    return int(sp.sign(above) * sp.sign(below))


def _join(found: list[Interval], part: Interval) -> None:
    """Add an interval, joined to the last where they touch."""
    if found and found[-1].high == part.low and (found[-1].has_high or part.has_low):
        found[-1] = Interval(found[-1].low, part.high, found[-1].has_low, part.has_high)
    else:
        found.append(part)
