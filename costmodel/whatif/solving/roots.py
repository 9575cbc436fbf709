"""Rates and energies: exact roots of the conditions as expressions of a symbol, and the border as a formula."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import sympy as sp

from costmodel._num import Num
from costmodel._symbols import symbols
from costmodel.whatif.formula import ClosedForm
from costmodel.whatif.pieces import Interval, holds_where, nearest
from costmodel.whatif.question import SYMBOLS, Variable
from costmodel.whatif.solution import Check, Solution, Span
from costmodel.whatif.solving.asked import Asked

_STEPS = tuple(10.0**-n for n in range(13, 2, -1))
"""How far outside an answer it is checked that the condition fails, as a share of the answer: the nearest at which floats can tell."""


def by_roots(asked: Asked) -> Solution:
    """Every end is an exact root, rounded to a number that `predict` confirms."""
    x = symbols(SYMBOLS[asked.variable.key])
    given = asked.figures(x)
    alone = [holds_where(condition.gap(given), x, condition.strict) for condition in asked.wanted]
    intervals = [Interval(0, math.inf, False, False)]
    for one in alone:
        intervals = [part for a in intervals for b in one if (part := a.meet(b)) is not None]
    spans = []
    checks: list[Check] = []
    for interval in intervals:
        low, inside_low = _end(asked, interval.low, +1)
        high, inside_high = _end(asked, interval.high, -1)
        if low is None or high is None or low <= high:
            spans.append(Span(low, high))
            checks += inside_low + inside_high
    formula = formula_of(asked) if spans else None
    near = None if spans else _nearest_root(asked, x, given, alone)
    method = "closed form" if formula else "roots between corners"
    found = asked.answer(spans, method, formula, near)
    found.checks = tuple(sorted(checks, key=lambda check: check.value != found.value))
    return found


def _end(asked: Asked, end: Any, inwards: int) -> tuple[Num | None, list[Check]]:
    """An end as a plain number that `predict` confirms, with what lies just outside; None where there is no end."""
    if end == 0 or end == math.inf:
        return None, []
    if asked.variable.whole:
        value: Num = int(math.ceil(end) if inwards > 0 else math.floor(end))
        inside = asked.check(value)
        if not inside.holds:
            inside = asked.check(value + inwards)
        outside = asked.check(inside.value - inwards) if inside.value > inwards else None
        if not inside.holds or (outside and outside.holds):
            raise asked.disagreement(value, "there or one byte outside")
        return inside.value, [inside, *([outside] if outside else [])]
    start = value = float(sp.N(end, 30))
    for step in range(60):
        inside = asked.check(value)
        if inside.holds:
            break
        value = start * (1 + inwards * 2.0**step * 2**-53)
    else:
        raise asked.disagreement(start, "inside")
    for share in _STEPS:
        outside = asked.check(start * (1 - inwards * share))
        if not outside.holds:
            value = int(inside.value) if inside.value == int(inside.value) else inside.value
            return value, [inside._replace(value=value), outside]
    raise asked.disagreement(start, "outside")


def _nearest_root(asked: Asked, x: Any, given: Mapping[str, Num], alone: list[Any]) -> Check | None:
    """Where the least is missing: of a condition that never holds its least gap; else where the spans of two come nearest."""
    places: list[Any] = []
    for condition, intervals in zip(asked.wanted, alone, strict=True):
        places += [end for interval in intervals for end in (interval.low, interval.high)]
        if not intervals:
            places.append(nearest(condition.gap(given), x).at)
    best: tuple[float, Check] | None = None
    for place in dict.fromkeys(place for place in places if place is not None):
        found = {name: _limit(value, x, place) for name, value in given.items()}
        if any(not math.isfinite(value) for value in found.values()):
            continue
        miss = asked.miss(found)
        if best is None or miss < best[0]:
            at = math.inf if place == math.inf else float(sp.N(place, 30))
            best = (miss, Check(at, False, found))
    return best[1] if best else None


def _limit(value: Num, x: Any, place: Any) -> float | int:
    """A figure at a place; at 0 and without bound what it tends to, infinity where that is not known."""
    if not getattr(value, "free_symbols", None):
        return value if isinstance(value, int | float) else float(value)
    if place in (0, math.inf):
        u = sp.Dummy("u", positive=True)
        turned = value.xreplace({x: 1 / u if place == math.inf else u})
        beyond = {power: sp.oo for power in turned.atoms(sp.Pow) if power.base == u and power.exp.is_negative}
        found = turned.xreplace(beyond).subs(u, 0)
    else:
        found = value.subs(x, place)
    return float(found) if found.is_comparable else math.inf


def formula_of(asked: Asked, across: Variable | None = None) -> ClosedForm | None:
    """The border in the figures of the machine, or in one of them, where one condition is a fraction of low degree."""
    if len(asked.wanted) != 1 or asked.variable.kind != "machine" or asked.variable.key == "sram_bytes":
        return None
    (condition,) = asked.wanted
    machine = {
        v.key: v.value
        for v in asked.question.variables.values()
        if v.kind == "machine" and v.key in SYMBOLS and v.key != "sram_bytes" and v.value
    }
    fields = machine if across is None else (asked.variable.key, across.key)
    open_ = {field: symbols(SYMBOLS[field]) for field in fields}
    x = open_[asked.variable.key]
    given = asked.question.figures_of(asked.question.base.on(asked.question.hardware.replace(**open_)), condition.names)
    gap = sp.nsimplify(sp.sympify(condition.gap(given)), rational=True)
    if gap.has(sp.Max, sp.Min, sp.Piecewise):
        return None
    now = {symbol: sp.nsimplify(machine[field], rational=True) for field, symbol in open_.items() if field != asked.variable.key}
    for root in _borders(gap, x):
        if root.free_symbols and (across is not None or sp.N(root.subs(now)) > 0):
            return ClosedForm(asked.variable.name, condition.text, root)
    return None


def _borders(gap: Any, x: Any) -> list[Any]:
    """Where the gap is nothing. What is linear in x or in 1/x is read as it was derived: Q/(T - 2M/pi)."""
    expanded = sp.expand(gap)
    for power in (-1, 1):
        slope = expanded.coeff(x, power)
        rest = sp.expand(expanded - slope * x**power)
        if slope != 0 and not rest.has(x) and not slope.has(x):
            return [slope / -rest if power < 0 else -rest / slope]
    over = sp.fraction(sp.together(gap))[0]
    if not over.is_polynomial(x) or sp.degree(over, x) not in (1, 2):
        return []
    return [_divided(root) for root in sp.solve(over, x)]


def _divided(root: Any) -> Any:
    """A fraction with a product above as that product over a sum of terms."""
    over, under = sp.fraction(sp.factor(root))
    if over.is_Add:
        return sp.factor(root)
    common = sp.Mul(*(factor for factor in sp.Mul.make_args(over) if factor.free_symbols))
    return (over / common) / sp.expand(under / common)
