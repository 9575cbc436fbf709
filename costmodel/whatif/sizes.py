"""Sizes that a network leaves open: which numbers it can have, and at which of them conditions hold."""

from __future__ import annotations

from collections.abc import Callable
from math import log
from typing import Any, NamedTuple

from costmodel.errors import FieldError
from costmodel.whatif.conditions import Condition
from costmodel.whatif.question import Question, Variable

DENSE = 2**12
"""So many sizes are tried one by one,"""
SHARE = 2**-10
"""and larger ones this share apart,"""
MOST = 2**20
"""up to here;"""
SEARCHED = 2**16
"""under policies that search for a plan of every size, up to here."""


class Integers:
    """Positive integers, to be searched."""

    def __init__(self, first: int = 1) -> None:
        self.first = first

    def steps(self, most: int) -> list[int]:
        """The powers of two, the first above `most` among them."""
        return [2**n for n in range(most.bit_length() + 1)]

    def middle(self, one: int, other: int) -> int | None:
        """One half-way between two; None where there is none between."""
        return (one + other) // 2 if abs(one - other) > 1 else None

    def beside(self, value: int, sign: int) -> int | None:
        """The next one above (1) or below (-1); None where there is none."""
        return value + sign if value + sign >= self.first else None

    def near(self, value: int) -> int:
        """The one that is nearest."""
        return max(value, self.first)


class Possible(Integers):
    """The numbers that a size can be, as the conditions of its network have it: some of first, first + step, first + 2 step, ..."""

    def __init__(self, symbol: Any, conditions: Any) -> None:
        import numpy as np

        if not symbol.is_integer:
            raise FieldError(
                f"`{symbol}` need not be whole; give its symbol a step, `multiple_of`, or `solve` the values to try, `lattice`"
            )
        self.symbol, self.conditions = symbol, conditions
        unit = int(getattr(symbol, "multiple_of", None) or 1)
        for most in (DENSE, 2**5 * DENSE):
            points = self.of(unit * np.arange(1, most + 1, dtype=np.int64))
            if len(points):
                self.first, self.step = int(points[0]), int(np.gcd.reduce(np.diff(points))) if len(points) > 1 else int(points[0])
                return
        raise FieldError(f"no `{symbol}` up to {unit * most:,} makes a network: {conditions[0][1]}")

    def of(self, points: Any) -> Any:
        """Those of some numbers that it can be."""
        import numpy as np

        from costmodel.whatif.sweep.arithmetic import Values

        found = Values({self.symbol: points.astype(np.float64)})
        held = [np.broadcast_to(found[condition], points.shape) for condition, _ in self.conditions]
        return points[np.logical_and.reduce([np.ones(points.shape, dtype=bool), *held])]

    def between(self, low: int, high: int) -> Any:
        """All of them between two."""
        import numpy as np

        return self.of(np.arange(low + self.step, high, self.step, dtype=np.int64))

    def up_to(self, most: int) -> Any:
        """Those that are tried: all of them at first, then about `SHARE` apart."""
        import numpy as np

        near = self.first + self.step * np.arange(DENSE, dtype=np.int64)
        if near[-1] >= most:
            return self.of(near[near <= max(most, self.first)])
        far = np.geomspace(near[-1], most, int(log(most / near[-1]) / SHARE) + 2)
        return self.of(np.unique(np.concatenate([near, self.first + self.step * ((far - self.first) // self.step).astype(np.int64)])))

    def steps(self, most: int) -> list[int]:
        found = [self.first]
        while found[-1] <= most and (after := self.beside(max(2 * found[-1] - 1, found[-1]), 1)) is not None:
            found.append(after)
        return found

    def middle(self, one: int, other: int) -> int | None:
        low, high = min(one, other), max(one, other)
        middle = low + (high - low) // 2 // self.step * self.step
        for reach in (DENSE * self.step, high - low):
            near = self.between(max(low, middle - reach), min(high, middle + reach))
            if len(near):
                return int(near[abs(near - middle).argmin()])
        return None

    def near(self, value: int) -> int:
        ends = [self.beside(value + 1, -1), self.beside(value - 1, 1)]
        return min((end for end in ends if end is not None), key=lambda end: abs(end - value))

    def beside(self, value: int, sign: int) -> int | None:
        at = value - (value - self.first) % self.step
        for reach in (DENSE, 2**5 * DENSE):
            far = at + sign * reach * self.step
            near = self.between(value if value == at else at, far) if sign > 0 else self.between(max(far, self.first - self.step), value)
            near = near[near > value] if sign > 0 else near
            if len(near):
                return int(near[0 if sign > 0 else -1])
        return None


class Tried(NamedTuple):
    """Numbers that a size can be, rising, and what the conditions say of them."""

    points: Any
    holds: Any
    miss: Any
    """By how much the condition that misses most does."""


def tried(question: Question, variable: Variable, wanted: tuple[Condition, ...], possible: Possible) -> Tried | None:
    """The closed forms at very many sizes at once; None under policies that search for plans of plain sizes."""
    import numpy as np

    from costmodel.whatif.sweep.closed import Closed, NotClosedError
    from costmodel.whatif.sweep.plan import ARITHMETIC

    prediction = question.predict()
    if not isinstance(prediction.policy, ARITHMETIC) or prediction.weight_prefetch or prediction.network.symbols != {possible.symbol}:
        return None
    form = Closed(prediction, (possible.symbol,))
    names = [name for condition in wanted for name in condition.names]

    def at(points: Any) -> Tried:
        figures = question.figures_of(form.at([points]), names, {variable.name: points})
        holds, miss = ([np.broadcast_to(getattr(c, of)(figures), points.shape) for c in wanted] for of in ("holds", "miss"))
        return Tried(points, np.logical_and.reduce(holds), np.maximum.reduce(miss))

    most = MOST
    while most >= possible.first:
        try:
            return _refined(at, at(possible.up_to(most)), possible)
        except NotClosedError:  # counts beyond what floats hold exactly
            most //= 4
    return None


def _refined(at: Callable[[Any], Tried], found: Tried, possible: Possible) -> Tried:
    """What was tried, and everything between two neighbours of which one holds."""
    import numpy as np

    changes = np.flatnonzero(found.holds[1:] != found.holds[:-1])
    between = [possible.between(int(found.points[i]), int(found.points[i + 1])) for i in changes]
    if not sum(map(len, between)):
        return found
    parts = [np.concatenate(pair) for pair in zip(found, at(np.concatenate(between)), strict=True)]
    order = np.argsort(parts[0])
    return Tried(*[part[order] for part in parts])
