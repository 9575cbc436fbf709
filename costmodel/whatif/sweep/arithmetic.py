"""SymPy formulas on arrays, part by part: each part once, at the few points that it depends on, and nothing to compile."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache, reduce
from typing import Any

import numpy as np
import sympy as sp


class Values(dict[Any, Any]):
    """The values of formulas, by formula; of one that was not asked for yet found from those of its parts.

    Parameters
    ----------
    values : mapping
        Symbol to an array of float64.

    Examples
    --------
    >>> x, y = sp.symbols("x y")
    >>> at = Values({x: np.array([[1.0], [2.0]]), y: np.array([3.0, 5.0])})
    >>> at[sp.floor(x * y / 2)].tolist()
    [[1.0, 2.0], [3.0, 5.0]]
    """

    def __init__(self, values: Mapping[Any, Any]) -> None:
        super().__init__(values)

    def __missing__(self, formula: Any) -> Any:
        value = self[formula] = self._of(formula)
        return value

    def _of(self, formula: Any) -> Any:
        if not formula.args:
            return bool(formula) if formula.is_Boolean else float(formula)
        if formula.is_Mul or formula.is_Pow:
            return self._quotient(formula)
        if isinstance(formula, sp.Piecewise):
            chosen, conditions = zip(*[pair.args for pair in formula.args], strict=True)
            return np.select([np.asarray(self[one]) for one in conditions], [self[one] for one in chosen], np.nan)
        parts = [self[part] for part in formula.args]
        if formula.func in _TWO:
            return reduce(_TWO[formula.func], parts)
        if formula.func in _ONE:
            return _ONE[formula.func](*parts)
        return _compiled(formula.func, len(parts))(*parts)

    def _quotient(self, formula: Any) -> Any:
        """Factors above and below the line apart: a third of a multiple of three is whole, its product with 1/3 need not be."""
        above: list[Any] = []
        below: list[Any] = []
        for factor in sp.Mul.make_args(formula):
            base, power = factor.as_base_exp()
            if factor.is_Rational:
                above.append(float(factor.p))
                below += [] if factor.is_Integer else [float(factor.q)]
            elif power.is_Integer:
                (above if power > 0 else below).append(self[base] ** abs(int(power)))
            else:
                above.append(self[base] ** self[power])
        return math.prod(above) / math.prod(below) if below else math.prod(above)


_TWO: dict[Any, Any] = {
    sp.Add: np.add, sp.Max: np.maximum, sp.Min: np.minimum, sp.And: np.logical_and, sp.Or: np.logical_or,
}  # fmt: skip
_ONE: dict[Any, Any] = {
    sp.floor: np.floor, sp.ceiling: np.ceil, sp.Abs: np.abs, sp.Mod: np.mod, sp.Not: np.logical_not,
    sp.Eq: np.equal, sp.Ne: np.not_equal, sp.Le: np.less_equal, sp.Lt: np.less, sp.Ge: np.greater_equal, sp.Gt: np.greater,
}  # fmt: skip


@lru_cache(maxsize=64)
def _compiled(head: Any, parts: int) -> Any:
    """Any other function."""
    arguments = [sp.Dummy() for _ in range(parts)]
    return sp.lambdify(arguments, head(*arguments), modules="numpy")
