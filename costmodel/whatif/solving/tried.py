"""What is found by trying: every step of the SRAM, every point of a lattice, sizes that are open, powers of two and bisection between."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from costmodel import quantities
from costmodel._num import Num
from costmodel.errors import CostModelError, FieldError
from costmodel.whatif.question import knees
from costmodel.whatif.sizes import DENSE, SEARCHED, SHARE, Integers, Possible, tried
from costmodel.whatif.solution import Check, Solution, Span
from costmodel.whatif.solving.asked import Asked

_FAR = 2**53
"""No SRAM is larger. [B]"""
_MOST = 2**20
"""Up to here counts without a lattice are tried."""
_INTEGERS = Integers()


def by_steps(asked: Asked) -> Solution:
    """The SRAM: figures change at known capacities alone; within a step only what names the SRAM moves."""
    steps = knees(asked.question.base)
    if steps is None:
        total = asked.question.base.total
        return by_search(asked, 2 * int(total.weight_bytes + total.sram_bytes_moved))
    import numpy as np

    lows = np.array(steps, dtype=np.int64)
    highs = np.append(lows[1:] - 1, _FAR)
    ends = np.stack([lows, highs])
    given = asked.figures(ends)
    held = np.broadcast_to(np.logical_and.reduce([np.broadcast_to(c.holds(given), ends.shape) for c in asked.wanted]), ends.shape)
    parts: list[Span] = []
    for low, high, at_low, at_high in zip(lows.tolist(), highs.tolist(), *held.tolist(), strict=True):
        if at_low or at_high:
            first = low if at_low else _border(asked, high, low)
            last = high if at_high else _border(asked, low, high)
            parts.append(Span(first, last))
    spans = []
    for part in _touching(parts):
        spans.append(Span(None if part.low == steps[0] else part.low, None if part.high == _FAR else part.high))
    near = None
    if not spans:
        miss = np.max([np.broadcast_to(c.miss(given), ends.shape) for c in asked.wanted], axis=0)
        near = asked.check(int(ends.ravel()[int(miss.argmin())]))
    remarks = [f"no tiling of every layer fits below {quantities.show(steps[0], 'B')}"] if steps[0] > 1 else []
    found = asked.answer(spans, "steps", None, near, remarks)
    found.checks = _neighbours(asked, found, Integers(steps[0]))
    return found


def by_lattice(asked: Asked, values: list[Num]) -> Solution:
    """Arguments and widths: every point of the lattice."""
    tried: list[Check] = []
    refused: list[str] = []
    for value in values:
        try:
            tried.append(asked.check(value))
        except CostModelError as error:
            refused.append(f"{value:g}: {error}")
    if not tried:
        raise FieldError(f"no value of `{asked.variable.name}` makes a network; {refused[0]}")
    runs: list[list[Check]] = []
    for before, check in pairwise([None, *tried]):
        if check is not None and check.holds:
            if before is None or not before.holds:
                runs.append([])
            runs[-1].append(check)
    spans = [Span(None if run[0] is tried[0] else run[0].value, None if run[-1] is tried[-1] else run[-1].value) for run in runs]
    remarks = [f"tried {len(tried)} values, {tried[0].value:g} to {tried[-1].value:g}"]
    remarks += [f"{len(refused)} values make no network, e.g. {refused[0]}"] if refused else []
    aim = asked.end(spans)
    if runs and aim == "largest" and spans[-1].high is None:
        spans[-1] = spans[-1]._replace(high=tried[-1].value)
    if runs and aim == "smallest" and spans[0].low is None:
        spans[0] = spans[0]._replace(low=tried[0].value)
    near = None if runs else min(tried, key=lambda check: asked.miss(check.figures))
    found = asked._replace(goal=aim).answer(spans, "lattice", None, near, remarks)
    if runs:
        at = tried.index(runs[0][0] if aim == "smallest" else runs[-1][-1])
        beside = at - 1 if aim == "smallest" else at + 1
        found.checks = (tried[at], *([tried[beside]] if 0 <= beside < len(tried) else []))
    return found


def by_sizes(asked: Asked) -> Solution:
    """Sizes that a network leaves open: closed forms at many of them, or a search."""
    possible = Possible(asked.question.sizes[asked.variable.key], asked.question.predict().network.conditions)
    found = tried(asked.question, asked.variable, asked.wanted, possible)
    if found is None:
        return by_search(asked, SEARCHED, DENSE, possible)
    points, last = found.points.tolist(), len(found.points) - 1
    changes = [i + 1 for i in range(last) if found.holds[i] != found.holds[i + 1]]
    runs = [(a, b - 1) for a, b in pairwise([0, *changes, last + 1]) if found.holds[a]]
    spans = [Span(points[a] if a else None, points[b] if b < last else None) for a, b in runs]
    near = None if spans else asked.check(points[int(found.miss.argmin())])
    remarks = [f"tried {len(points):,} sizes that the network can have, {points[0]:,} to {points[-1]:,}: all up to "
               f"{min(possible.first + possible.step * (DENSE - 1), points[-1]):,} and about borders, else {SHARE:.1%} apart"]  # fmt: skip
    solution = asked.answer(spans, "lattice", None, near, remarks)
    solution.tried = Span(points[0], points[last])
    solution.checks = _neighbours(asked, solution, possible)
    return solution


def by_search(
    asked: Asked, most: int = _MOST, enough: int = _FAR,
    among: Integers = _INTEGERS,
) -> Solution:  # fmt: skip
    """Integers without a lattice: powers of two, beyond `enough` until none holds any more; bisection where one holds and the next not."""
    tried: list[tuple[int, bool]] = []
    for point in among.steps(most):
        if point > enough and any(holds for _, holds in tried) and not tried[-1][1]:
            break
        tried.append((point, asked.holds(point)))
    points = [point for point, _ in tried]
    parts: list[Span] = []
    for (a, holds_a), (b, holds_b) in pairwise(tried):
        last = among.beside(b, -1)
        if holds_a and holds_b:
            parts.append(Span(a, last))
        elif holds_a:
            parts.append(Span(a, _border(asked, a, b, among)))
        elif holds_b:
            parts.append(Span(_border(asked, b, a, among), last))
    if tried[-1][1]:
        parts.append(Span(points[-1], points[-1]))
    spans = [Span(None if p.low == points[0] else p.low, None if p.high == points[-1] else p.high) for p in _touching(parts, among)]
    near = None
    if not spans:
        possible = []
        for point in points:
            try:
                possible.append(asked.check(point))
            except CostModelError:
                continue
        near = min(possible, key=lambda check: asked.miss(check.figures), default=None)
    remarks = [f"searched from {points[0]:,} to {points[-1]:,}; at most one border between two powers of two is taken for granted"]
    found = asked.answer(spans, "bisection", None, near, remarks)
    found.tried = Span(points[0], points[-1])
    found.checks = _neighbours(asked, found, among)
    return found


def _border(asked: Asked, inside: int, outside: int, among: Integers = _INTEGERS) -> int:
    """The last one on the way from `inside` to `outside` at which the conditions hold."""
    while (middle := among.middle(inside, outside)) is not None:
        if asked.holds(middle):
            inside = middle
        else:
            outside = middle
    return inside


def _touching(parts: Sequence[Span], among: Integers = _INTEGERS) -> list[Span]:
    """Spans of integers, joined where one begins behind the end of another."""
    found: list[Span] = []
    for part in parts:
        if found and found[-1].high is not None and among.beside(found[-1].high, 1) == part.low:
            found[-1] = Span(found[-1].low, part.high)
        else:
            found.append(part)
    return found


def _neighbours(asked: Asked, found: Solution, among: Integers = _INTEGERS) -> tuple[Check, ...]:
    """Integers at the answer and beside it; where all that were tried will do, the last of them."""
    if (value := found.value) is None:
        if found.tried is None or not found.spans:
            return ()
        return (asked.check(found.tried.low if found.goal == "smallest" else found.tried.high),)
    inside = asked.check(value)
    if not inside.holds:
        raise asked.disagreement(value, "there")
    beside = among.beside(value, -1 if found.goal == "smallest" else 1)
    if beside is None:
        return (inside,)
    try:
        outside = asked.check(beside)
    except CostModelError:
        return (inside,)
    if outside.holds:
        raise asked.disagreement(value, "beside it")
    return (inside, outside)
