"""The question turned round: which bandwidth, how much SRAM, which width keeps a condition? Every answer is checked on both sides."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from costmodel import quantities
from costmodel._num import Num
from costmodel.errors import CostModelError, FieldError, UnknownNameError
from costmodel.hardware import Hardware
from costmodel.whatif.conditions import Condition, conditions
from costmodel.whatif.formula import ClosedForm
from costmodel.whatif.question import Question, Subject, Variable, knees
from costmodel.whatif.sizes import DENSE, SEARCHED, SHARE, Integers, Possible, tried
from costmodel.whatif.solution import Check, IsoLine, Solution, Span

SYMBOLS = {"sram_bytes": "S", "ddr_bytes_per_s": "beta", "mac_flops_per_s": "pi", "other_ops_per_s": "omega", "flash_bytes": "F",
           "flash_bytes_per_s": "phi", "mac_j": "e_mac", "other_j": "e_other", "sram_j_per_byte": "e_sram",
           "ddr_j_per_byte": "e_ddr", "overhead_s": "o"}  # fmt: skip
"""What the machine's figures are called in formulas."""

_FAR = 2**53
"""No SRAM is larger. [B]"""
_MOST = 2**20
"""Up to here counts without a lattice are tried."""
_INTEGERS = Integers()
_STEPS = tuple(10.0**-n for n in range(13, 2, -1))
"""How far outside an answer it is checked that the condition fails, as a share of the answer: the nearest at which floats can tell."""

_BARE = re.compile(r"[\d.eE+\-,:\s]|log|step")
"""What a text of numbers without units consists of."""


def solve(
    network: Subject,
    hardware: Hardware | str | Path,
    condition: str,
    for_: str | Sequence[str],
    *,
    goal: str | None = None,
    lattice: Iterable[Num] | None = None,
    at: Iterable[Num | str] | str | None = None,
    sizes: Mapping[str, int] | None = None,
    **options: Any,
) -> Any:
    """The values of a variable that keep a condition.

    Parameters
    ----------
    network : Network, str, Path or callable
        A network or a file. The name of one in the zoo, or a function that returns a network, can be asked for its arguments too; fix
        others with `functools.partial`.
    hardware : Hardware, str or Path
        A machine of plain figures.
    condition : str
        Figures of the totals and of the machine, e.g. ``"time_serial_s <= 5 ms"``, ``"peak_live_bytes <= 1 MiB and energy_j < 2 mJ"``,
        ``"ddr_bytes within 5 % of ddr_bytes_bound"``, ``"fits_sram"``, ``"time_serial_s <= 5 ms * batch"``: arguments and open sizes too.
    for_ : str, or two of them
        "hardware.ddr" and the other figures of the machine, arguments of the builder ("width_multiplier", "resolution"), sizes that a
        network or a file leaves open ("N"), "weight_bits", "activation_bits". Two give an iso-line: the second for every value of the
        first.
    goal : "smallest" or "largest", optional
        Which end is the answer where both are held by the condition; by default the smallest of a machine, the largest of a network.
    lattice : iterable of numbers, optional
        The values that are tried of an argument or a width. By default widths are multiples of 1/32 up to twice the default,
        resolutions of 32 (of 4 where the default is 28), bits powers of two; other counts are searched from 1 to 2^20.
    at : iterable of numbers or texts, or str, optional
        With two variables the values of the first; or a text as of an axis of `costmodel.sweep`: "1 GB/s:16 GB/s:log5".
    sizes : mapping, optional
        Numbers for other sizes that the network leaves open: ``{"H": 224}``.
    **options
        Of `predict`: `traffic`, `order`, `weight_bits`, ...

    Returns
    -------
    Solution or IsoLine

    Raises
    ------
    FieldError
        A condition or a variable that can't be taken, or a search that meets no clear border.
    QuantityError
        Units that don't go together.
    UnknownNameError
        No such figure or variable.

    Notes
    -----
    Rates and energies are solved exactly: the condition is a fraction of polynomials between corners, whose roots SymPy finds. The SRAM
    acts in steps, and under "resident" and "tiled" each of them is known. Every point of a lattice is predicted. Of an open size the closed
    forms are evaluated at every number up to 4096 that the network can have, then up to 2^20 a thousandth apart and at all about borders.
    Only where none is so (the SRAM under "fused", counts without a lattice, open sizes under "tiled" and "fused") a search takes it that
    there is at most one border between two powers of two. Whatever was found is predicted at the answer and just outside of it.

    Examples
    --------
    >>> import costmodel as cm
    >>> found = cm.solve("mobilenet_v1", "pardhi", "time_serial_s <= 5 ms", for_="hardware.ddr")
    >>> found.method, round(found.value / 1e9, 3), [check.holds for check in found.checks]
    ('closed form', 2.888, [True, False])
    >>> cm.solve("mobilenet_v1", "pardhi", "ddr_bytes within 5 % of ddr_bytes_bound", for_="hardware.sram").value
    1204224
    >>> cm.solve("mobilenet_v1", "pardhi", "fits_sram and time_serial_s <= 5 ms", for_="width_multiplier").value
    0.78125
    """
    names = [for_] if isinstance(for_, str) or not isinstance(for_, Sequence) else list(for_)
    question = Question(network, hardware, options, names, sizes or {})
    wanted = conditions(condition, question.known)
    if goal not in (None, "smallest", "largest"):
        raise UnknownNameError.of("goal", goal, ("smallest", "largest"))
    if len(names) == 1:
        if at is not None:
            raise FieldError("`at` goes with two variables: it has the values of the first")
        return _solved(question, question.variable(names[0]), wanted, goal, lattice)
    if len(names) != 2 or len(set(names)) != 2:
        raise FieldError(f"`for_` (={for_!r}) must name one variable or two")
    across, variable = (question.variable(name) for name in names)
    points = []
    for x in _across(question, across, at):
        points.append((x, _solved(question.fixing(across.name, x), variable, wanted, goal, lattice)))
    formula = _formula(question, variable, wanted, across) if across.kind == "machine" and across.key != "sram_bytes" else None
    return IsoLine(question, across, variable, points, formula)


def _across(question: Question, across: Variable, at: Iterable[Num | str] | str | None) -> list[Num]:
    if at is not None:
        from costmodel.whatif.sweep.axes import dimension
        from costmodel.whatif.sweep.points import points_of

        unit = dimension(across.key) if across.kind == "machine" else None
        if isinstance(at, str):
            at = points_of(across.name, at, unit if _BARE.sub("", at) else None)
        found = [quantities.parse(x, unit) if isinstance(x, str) and unit else quantities.positive(x) for x in at]
    elif across.kind != "machine":
        found = lattice_of(across) or []
    elif across.key == "sram_bytes" and (steps := knees(question.base)) is not None and len(steps) <= 200:
        found = list(steps)
    else:
        found = [across.value * 2 ** (i / 4) for i in range(-12, 13)]
        found = [round(x) for x in found] if across.whole else found
    if not found:
        raise FieldError(f"`at` must hold the values of `{across.name}`, which has no lattice of its own")
    return found


def _solved(
    question: Question, variable: Variable, wanted: tuple[Condition, ...], goal: str | None, values: Iterable[Num] | None
) -> Solution:
    if variable.kind == "machine":
        if values is not None:
            raise FieldError(f"`lattice` goes with arguments of a network and with widths; `{variable.name}` is solved over all values")
        by = {"sram_bytes": _by_steps, "burst_bytes": _by_search}.get(variable.key, _by_roots)
        found = by(question, variable, wanted, goal)
    else:
        points = lattice_of(variable) if values is None else sorted({quantities.positive(value) for value in values})
        if values is not None and not points:
            raise FieldError("`lattice` must hold at least one value")
        if points is not None:
            found = _by_lattice(question, variable, wanted, goal, points)
        elif variable.kind == "size":
            found = _by_sizes(question, variable, wanted, goal)
        else:
            found = _by_search(question, variable, wanted, goal)
    return found


def lattice_of(variable: Variable) -> list[Num] | None:
    """The values that an argument or a width may take; None where it is a count without a lattice."""
    if variable.kind == "width":
        return [1, 2, 4, 8, 16, 32]
    if variable.kind == "size":
        return None
    if isinstance(variable.value, float) or variable.key == "width_multiplier":
        return [i / 32 for i in range(1, math.ceil(64 * variable.value) + 1)]
    if variable.key == "resolution":
        step = math.gcd(variable.value, 32)
        return list(range(step, 2 * variable.value + 1, step))
    return None


def _goal(goal: str | None, variable: Variable, spans: Sequence[Span]) -> str:
    """The end that the condition holds; of two that of the machine below, of the network above."""
    if goal is not None:
        return goal
    if not spans or (spans[0].low is None) == (spans[-1].high is None):
        return "smallest" if variable.kind == "machine" else "largest"
    return "smallest" if spans[-1].high is None else "largest"


def _names(wanted: tuple[Condition, ...]) -> list[str]:
    return list(dict.fromkeys(name for condition in wanted for name in condition.names))


def _checked(question: Question, variable: Variable, wanted: tuple[Condition, ...], value: Num) -> Check:
    found = question.figures({variable.name: value}, _names(wanted))
    return Check(value, all(bool(condition.holds(found)) for condition in wanted), found)


def _disagree(variable: Variable, value: Num, side: str) -> CostModelError:
    return CostModelError(f"the answer {variable.name} = {value} was found, but `predict` disagrees {side}; please report this")


def _by_roots(question: Question, variable: Variable, wanted: tuple[Condition, ...], goal: str | None) -> Solution:
    """Rates and energies: exact roots of the condition as an expression."""
    from costmodel._symbols import symbols
    from costmodel.whatif.pieces import Interval, holds_where

    x = symbols(SYMBOLS[variable.key])
    given = question.figures({variable.name: x}, _names(wanted))
    alone = [holds_where(condition.gap(given), x, condition.strict) for condition in wanted]
    intervals = [Interval(0, math.inf, False, False)]
    for one in alone:
        intervals = [part for a in intervals for b in one if (part := _meet(a, b)) is not None]
    spans = []
    checks: list[Check] = []
    for interval in intervals:
        low, inside_low = _end(question, variable, wanted, interval.low, +1)
        high, inside_high = _end(question, variable, wanted, interval.high, -1)
        if low is None or high is None or low <= high:
            spans.append(Span(low, high))
            checks += inside_low + inside_high
    formula = _formula(question, variable, wanted) if spans else None
    near = None if spans else _nearest_root(question, variable, wanted, x, given, alone)
    aim = _goal(goal, variable, spans)
    method = "closed form" if formula else "roots between corners"
    found = Solution(question, variable, wanted, spans, aim, method, formula, near)
    found.checks = tuple(sorted(checks, key=lambda check: check.value != found.value))
    return found


def _meet(a: Any, b: Any) -> Any:
    """What two intervals share."""
    from costmodel.whatif.pieces import Interval

    low, high = max(a.low, b.low), min(a.high, b.high)
    found = Interval(low, high, all(low > i.low or i.has_low for i in (a, b)), all(high < i.high or i.has_high for i in (a, b)))
    return found if low < high or (low == high and found.has_low and found.has_high) else None


def _end(question: Question, variable: Variable, wanted: tuple[Condition, ...], end: Any, inwards: int) -> tuple[Num | None, list[Check]]:
    """An end as a plain number that `predict` confirms, with what lies just outside; None where there is no end."""
    if end == 0 or end == math.inf:
        return None, []
    if variable.whole:
        value: Num = int(math.ceil(end) if inwards > 0 else math.floor(end))
        inside = _checked(question, variable, wanted, value)
        if not inside.holds:
            inside = _checked(question, variable, wanted, value + inwards)
        outside = _checked(question, variable, wanted, inside.value - inwards) if inside.value > inwards else None
        if not inside.holds or (outside and outside.holds):
            raise _disagree(variable, value, "there or one byte outside")
        return inside.value, [inside, *([outside] if outside else [])]
    import sympy as sp

    start = value = float(sp.N(end, 30))
    for step in range(60):
        inside = _checked(question, variable, wanted, value)
        if inside.holds:
            break
        value = start * (1 + inwards * 2.0**step * 2**-53)
    else:
        raise _disagree(variable, start, "inside")
    for share in _STEPS:
        outside = _checked(question, variable, wanted, start * (1 - inwards * share))
        if not outside.holds:
            value = int(inside.value) if inside.value == int(inside.value) else inside.value
            return value, [inside._replace(value=value), outside]
    raise _disagree(variable, start, "outside")


def _nearest_root(
    question: Question, variable: Variable, wanted: tuple[Condition, ...], x: Any, given: Mapping[str, Num], alone: list[Any]
) -> Check | None:
    """Where the least is missing: of a condition that never holds its least gap; else where the spans of two come nearest."""
    import sympy as sp

    from costmodel.whatif.pieces import nearest

    places: list[Any] = []
    for condition, intervals in zip(wanted, alone, strict=True):
        places += [end for interval in intervals for end in (interval.low, interval.high)]
        if not intervals:
            places.append(nearest(condition.gap(given), x).at)
    best: tuple[float, Check] | None = None
    for place in dict.fromkeys(place for place in places if place is not None):
        found = {name: _limit(value, x, place) for name, value in given.items()}
        if any(not math.isfinite(value) for value in found.values()):
            continue
        miss = max(condition.miss(found) for condition in wanted)
        if best is None or miss < best[0]:
            at = math.inf if place == math.inf else float(sp.N(place, 30))
            best = (miss, Check(at, False, found))
    return best[1] if best else None


def _limit(value: Num, x: Any, place: Any) -> float | int:
    import sympy as sp

    if not getattr(value, "free_symbols", None):
        return value if isinstance(value, int | float) else float(value)
    if place in (0, math.inf):
        u = sp.Dummy("u", positive=True)
        turned = value.xreplace({x: 1 / u}) if place == math.inf else value
        found = turned.subs(u if place == math.inf else x, 0)
    else:
        found = value.subs(x, place)
    return float(found) if found.is_comparable else math.inf


def _formula(question: Question, variable: Variable, wanted: tuple[Condition, ...], across: Variable | None = None) -> ClosedForm | None:
    """The border in the figures of the machine, or in one of them, where one condition is a fraction of low degree."""
    import sympy as sp

    from costmodel._symbols import symbols

    if len(wanted) != 1 or variable.kind != "machine" or variable.key == "sram_bytes":
        return None
    (condition,) = wanted
    machine = {
        v.key: v.value
        for v in question.variables.values()
        if v.kind == "machine" and v.key in SYMBOLS and v.key != "sram_bytes" and v.value
    }
    fields = machine if across is None else (variable.key, across.key)
    open_ = {field: symbols(SYMBOLS[field]) for field in fields}
    x = open_[variable.key]
    given = question.figures_of(question.base.on(question.hardware.replace(**open_)), condition.names)
    gap = sp.nsimplify(sp.sympify(condition.gap(given)), rational=True)
    if gap.has(sp.Max, sp.Min, sp.Piecewise):
        return None
    now = {symbol: sp.nsimplify(machine[field], rational=True) for field, symbol in open_.items() if field != variable.key}
    for root in _borders(gap, x):
        if root.free_symbols and (across is not None or sp.N(root.subs(now)) > 0):
            return ClosedForm(variable.name, condition.text, root)
    return None


def _borders(gap: Any, x: Any) -> list[Any]:
    """Where the gap is nothing. What is linear in x or in 1/x is read as it was derived: Q/(T - 2M/pi)."""
    import sympy as sp

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
    import sympy as sp

    over, under = sp.fraction(sp.factor(root))
    if over.is_Add:
        return sp.factor(root)
    common = sp.Mul(*(factor for factor in sp.Mul.make_args(over) if factor.free_symbols))
    return (over / common) / sp.expand(under / common)


def _by_steps(question: Question, variable: Variable, wanted: tuple[Condition, ...], goal: str | None) -> Solution:
    """The SRAM: figures change at known capacities alone; within a step only what names the SRAM moves."""
    steps = knees(question.base)
    if steps is None:
        total = question.base.total
        return _by_search(question, variable, wanted, goal, 2 * int(total.weight_bytes + total.sram_bytes_moved))
    import numpy as np

    lows = np.array(steps, dtype=np.int64)
    highs = np.append(lows[1:] - 1, _FAR)
    ends = np.stack([lows, highs])
    given = question.figures({variable.name: ends}, _names(wanted))
    held = np.broadcast_to(np.logical_and.reduce([np.broadcast_to(c.holds(given), ends.shape) for c in wanted]), ends.shape)
    parts: list[Span] = []
    for low, high, at_low, at_high in zip(lows.tolist(), highs.tolist(), *held.tolist(), strict=True):
        if at_low or at_high:
            first = low if at_low else _border(question, variable, wanted, high, low)
            last = high if at_high else _border(question, variable, wanted, low, high)
            parts.append(Span(first, last))
    spans = []
    for part in _touching(parts):
        spans.append(Span(None if part.low == steps[0] else part.low, None if part.high == _FAR else part.high))
    near = None
    if not spans:
        miss = np.max([np.broadcast_to(c.miss(given), ends.shape) for c in wanted], axis=0)
        near = _checked(question, variable, wanted, int(ends.ravel()[int(miss.argmin())]))
    remarks = [f"no tiling of every layer fits below {quantities.show(steps[0], 'B')}"] if steps[0] > 1 else []
    found = Solution(question, variable, wanted, spans, _goal(goal, variable, spans), "steps", None, near, remarks)
    found.checks = _neighbours(question, variable, wanted, found, Integers(steps[0]))
    return found


def _border(
    question: Question, variable: Variable, wanted: tuple[Condition, ...], inside: int, outside: int, among: Integers = _INTEGERS
) -> int:
    """The last one on the way from `inside` to `outside` at which the conditions hold."""
    while (middle := among.middle(inside, outside)) is not None:
        if _possible(question, variable, wanted, middle):
            inside = middle
        else:
            outside = middle
    return inside


def _possible(question: Question, variable: Variable, wanted: tuple[Condition, ...], value: Num) -> bool:
    try:
        return _checked(question, variable, wanted, value).holds
    except CostModelError:
        return False


def _touching(parts: Sequence[Span], among: Integers = _INTEGERS) -> list[Span]:
    """Spans of integers, joined where one begins behind the end of another."""
    found: list[Span] = []
    for part in parts:
        if found and found[-1].high is not None and among.beside(found[-1].high, 1) == part.low:
            found[-1] = Span(found[-1].low, part.high)
        else:
            found.append(part)
    return found


def _neighbours(
    question: Question, variable: Variable, wanted: tuple[Condition, ...], found: Solution, among: Integers = _INTEGERS
) -> tuple[Check, ...]:
    """Integers at the answer and beside it."""
    if (value := found.value) is None:
        return ()
    inside = _checked(question, variable, wanted, value)
    if not inside.holds:
        raise _disagree(variable, value, "there")
    beside = among.beside(value, -1 if found.goal == "smallest" else 1)
    if beside is None:
        return (inside,)
    try:
        outside = _checked(question, variable, wanted, beside)
    except CostModelError:
        return (inside,)
    if outside.holds:
        raise _disagree(variable, value, "beside it")
    return (inside, outside)


def _by_lattice(question: Question, variable: Variable, wanted: tuple[Condition, ...], goal: str | None, values: list[Num]) -> Solution:
    """Arguments and widths: every point of the lattice."""
    tried: list[Check] = []
    refused: list[str] = []
    for value in values:
        try:
            tried.append(_checked(question, variable, wanted, value))
        except CostModelError as error:
            refused.append(f"{value:g}: {error}")
    if not tried:
        raise FieldError(f"no value of `{variable.name}` makes a network; {refused[0]}")
    runs: list[list[Check]] = []
    for before, check in pairwise([None, *tried]):
        if check is not None and check.holds:
            if before is None or not before.holds:
                runs.append([])
            runs[-1].append(check)
    spans = [Span(None if run[0] is tried[0] else run[0].value, None if run[-1] is tried[-1] else run[-1].value) for run in runs]
    remarks = [f"tried {len(tried)} values, {tried[0].value:g} to {tried[-1].value:g}"]
    remarks += [f"{len(refused)} values make no network, e.g. {refused[0]}"] if refused else []
    aim = _goal(goal, variable, spans)
    if runs and aim == "largest" and spans[-1].high is None:
        spans[-1] = spans[-1]._replace(high=tried[-1].value)
    if runs and aim == "smallest" and spans[0].low is None:
        spans[0] = spans[0]._replace(low=tried[0].value)
    near = None if runs else min(tried, key=lambda check: max(condition.miss(check.figures) for condition in wanted))
    found = Solution(question, variable, wanted, spans, aim, "lattice", None, near, remarks)
    if runs:
        at = tried.index(runs[0][0] if aim == "smallest" else runs[-1][-1])
        beside = at - 1 if aim == "smallest" else at + 1
        found.checks = (tried[at], *([tried[beside]] if 0 <= beside < len(tried) else []))
    return found


def _by_sizes(question: Question, variable: Variable, wanted: tuple[Condition, ...], goal: str | None) -> Solution:
    """Sizes that a network leaves open: closed forms at many of them, or a search."""
    possible = Possible(question.sizes[variable.key], question.predict().network.conditions)
    found = tried(question, variable, wanted, possible)
    if found is None:
        return _by_search(question, variable, wanted, goal, SEARCHED, DENSE, possible)
    points, last = found.points.tolist(), len(found.points) - 1
    changes = [i + 1 for i in range(last) if found.holds[i] != found.holds[i + 1]]
    runs = [(a, b - 1) for a, b in pairwise([0, *changes, last + 1]) if found.holds[a]]
    spans = [Span(points[a] if a else None, points[b] if b < last else None) for a, b in runs]
    near = None if spans else _checked(question, variable, wanted, points[int(found.miss.argmin())])
    remarks = [f"tried {len(points):,} sizes that the network can have, {points[0]:,} to {points[-1]:,}: all up to "
               f"{min(possible.first + possible.step * (DENSE - 1), points[-1]):,} and about borders, else {SHARE:.1%} apart"]  # fmt: skip
    solution = Solution(question, variable, wanted, spans, _goal(goal, variable, spans), "lattice", None, near, remarks)
    solution.checks = _neighbours(question, variable, wanted, solution, possible)
    return solution


def _by_search(
    question: Question, variable: Variable, wanted: tuple[Condition, ...], goal: str | None, most: int = _MOST, enough: int = _FAR,
    among: Integers = _INTEGERS,
) -> Solution:  # fmt: skip
    """Integers without a lattice: powers of two, beyond `enough` until none holds any more; bisection where one holds and the next not."""
    tried: list[tuple[int, bool]] = []
    for point in among.steps(most):
        if point > enough and any(holds for _, holds in tried) and not tried[-1][1]:
            break
        tried.append((point, _possible(question, variable, wanted, point)))
    points = [point for point, _ in tried]
    parts: list[Span] = []
    for (a, holds_a), (b, holds_b) in pairwise(tried):
        last = among.beside(b, -1)
        if holds_a and holds_b:
            parts.append(Span(a, last))
        elif holds_a:
            parts.append(Span(a, _border(question, variable, wanted, a, b, among)))
        elif holds_b:
            parts.append(Span(_border(question, variable, wanted, b, a, among), last))
    if tried[-1][1]:
        parts.append(Span(points[-1], points[-1]))
    spans = [Span(None if p.low == points[0] else p.low, None if p.high == points[-1] else p.high) for p in _touching(parts, among)]
    near = None
    if not spans:
        possible = []
        for point in points:
            try:
                possible.append(_checked(question, variable, wanted, point))
            except CostModelError:
                continue
        near = min(possible, key=lambda check: max(condition.miss(check.figures) for condition in wanted), default=None)
    remarks = [f"searched from {points[0]:,} to {points[-1]:,}; at most one border between two powers of two is taken for granted"]
    found = Solution(question, variable, wanted, spans, _goal(goal, variable, spans), "bisection", None, near, remarks)
    found.checks = _neighbours(question, variable, wanted, found, among)
    return found
