"""Answers of `costmodel.solve`: the value, all values that will do, and what `predict` says there and beside."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from costmodel import quantities
from costmodel._num import Num
from costmodel.prediction.views import notes
from costmodel.tables import Column, Table, Tabled
from costmodel.whatif.conditions import Condition
from costmodel.whatif.formula import ClosedForm
from costmodel.whatif.question import Question, Variable, unit_of


class Span(NamedTuple):
    """Values that will do, both ends among them; None where there is no end."""

    low: Num | None
    high: Num | None


class Check(NamedTuple):
    """What `predict` says at a value."""

    value: Num
    holds: bool
    figures: dict[str, Num]


class Solution(Tabled):
    """What keeps a condition. Made by `costmodel.solve`; prints as a sentence and the checks behind it.

    Attributes
    ----------
    value : int, float or None
        The answer: the smallest value that will do, or the largest, by `goal`; None where none will, or where every one will.
    feasible : bool
        Whether any value will do.
    spans : tuple of Span
        All values that will do, rising.
    goal : str
        "smallest" or "largest".
    method : str
        "closed form", "steps", "lattice" or "bisection".
    formula : ClosedForm or None
        The answer as a formula in the other figures of the machine, where there is one.
    checks : tuple of Check
        Predictions at the answer and just outside.
    tried : Span or None
        Of sizes that were tried the smallest and the largest: beyond them nothing is known.
    nearest : Check or None
        Where none will do: the value at which the least is missing; infinity where it is only tended to.
    variable : Variable
    conditions : tuple of Condition
    """

    def __init__(
        self, question: Question, variable: Variable, wanted: tuple[Condition, ...], spans: Sequence[Span], goal: str, method: str,
        formula: ClosedForm | None = None, nearest: Check | None = None, remarks: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self.variable = variable
        self.conditions = wanted
        self.spans = tuple(spans)
        self.goal = goal
        self.method = method
        self.formula = formula
        self.nearest = nearest
        self.checks: tuple[Check, ...] = ()
        self.tried: Span | None = None
        self._remarks = tuple(remarks)
        self._question = question

    @property
    def feasible(self) -> bool:
        """Whether any value will do."""
        return bool(self.spans)

    @property
    def value(self) -> Num | None:
        """The smallest or the largest value that will do, by `goal`."""
        if not self.spans:
            return None
        return self.spans[0].low if self.goal == "smallest" else self.spans[-1].high

    @property
    def sentence(self) -> str:
        """The answer in words."""
        name, asked = self.variable.name, " and ".join(dict.fromkeys(c.text for c in self.conditions))
        if not self.spans:
            near = self._nearest()
            return f"no {name} keeps {asked}" + (f"; nearest is {near}" if near else "")
        words = " or ".join(self._words(span) for span in self.spans)
        far = f" from {self._show(self.tried.low)} to {self._show(self.tried.high)}" if self.tried else ""
        return f"{asked}: {name} {words}" if words else f"{asked}: any {name}{far} will do"

    def _nearest(self) -> str:
        if self.nearest is None:
            return ""
        reached = ", ".join(
            f"{k} {quantities.show(v, unit_of(k))}" for k, v in self.nearest.figures.items() if not k.startswith("hardware.")
        )
        where = (
            "without bound"
            if self.nearest.value == math.inf
            else "towards 0"
            if self.nearest.value == 0
            else self._show(self.nearest.value)
        )
        return f"{self.variable.name} {where}: {reached}"

    def _words(self, span: Span) -> str:
        if span.low is None and span.high is None:
            return ""
        if span.low is None:
            return f"<= {self._show(span.high)}"
        if span.high is None:
            return f">= {self._show(span.low)}"
        return f"= {self._show(span.low)}" if span.low == span.high else f"{self._show(span.low)} to {self._show(span.high)}"

    def _show(self, value: Num) -> str:
        unit = self.variable.unit
        if self.variable.kind != "machine":
            return _plain_digits(value)
        exact = f" ({value:,} B)" if unit == "B" and isinstance(value, int) and value >= 1024 else ""
        return quantities.show(value, unit) + exact

    def table(self) -> Table:
        """The checks: the answer, and just outside of it."""
        shown = self.checks or ((self.nearest,) if self.nearest else ())
        names = [name for name in (shown[0].figures if shown else ()) if name != self.variable.name]
        columns = [
            Column("value", self.variable.name, self.variable.unit, _many_digits),
            *(Column(name, name, unit_of(name)) for name in names),
            Column("holds", "holds"),
        ]
        rows = [{"value": check.value, "holds": check.holds, **check.figures} for check in shown]
        said = [f"method: {self.method}"] + ([f"{self.variable.name} = {self.formula}"] if self.formula else [])
        return Table(columns, rows, title=self.sentence, notes=[*said, *self._remarks, *notes(self._question.base)])

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values; what is tended to without bound is None."""
        near = None
        if self.nearest is not None:
            reached = {k: float(v) for k, v in self.nearest.figures.items()}
            near = {"value": None if self.nearest.value == math.inf else self.nearest.value, "figures": reached}
        return {
            "schema": 1,
            "variable": self.variable.name,
            "conditions": [condition.text for condition in self.conditions],
            "feasible": self.feasible,
            "goal": self.goal,
            "value": self.value,
            "spans": [list(span) for span in self.spans],
            "method": self.method,
            "formula": None if self.formula is None else str(self.formula),
            "checks": [check._asdict() for check in self.checks],
            "nearest": near,
            "assumptions": self._question.base.assumptions,
        }


class IsoLine(Tabled):
    """What keeps a condition, one variable against another. Made by `costmodel.solve` with two variables.

    Attributes
    ----------
    formula : ClosedForm or None
        The second variable as a formula of the first, where there is one.
    points : tuple of (number, Solution)
        The answers for values of the first.
    across, variable : Variable
        The first and the second.
    """

    def __init__(
        self, question: Question, across: Variable, variable: Variable, points: Sequence[tuple[Num, Solution]], formula: ClosedForm | None
    ) -> None:
        self.across = across
        self.variable = variable
        self.points = tuple(points)
        self.formula = formula
        self._question = question

    def table(self) -> Table:
        """One row a value of the first variable; a dash where the second has no value that will do."""
        machine = self.across.kind == "machine"
        columns = [
            Column("x", self.across.name, self.across.unit, None if machine else _plain_digits),
            Column("y", self.variable.name, self.variable.unit, None if self.variable.kind == "machine" else _plain_digits),
            Column("verdict", "verdict"),
        ]
        rows = [{"x": x, "y": found.value, "verdict": _verdict(found)} for x, found in self.points]
        asked = " and ".join(dict.fromkeys(c.text for c in self.points[0][1].conditions)) if self.points else ""
        said = [f"{self.variable.name} = {self.formula}"] if self.formula else []
        return Table(
            columns, rows, title=f"{asked}: {self.variable.name} by {self.across.name}", notes=[*said, *notes(self._question.base)]
        )

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values."""
        rows = [{"x": x, "y": found.value, "feasible": found.feasible} for x, found in self.points]
        formula = None if self.formula is None else str(self.formula)
        return {
            "schema": 1,
            "across": self.across.name,
            "variable": self.variable.name,
            "formula": formula,
            "points": rows,
            "assumptions": self._question.base.assumptions,
        }


def _verdict(found: Solution) -> str:
    if not found.feasible:
        return "none"
    return "any" if found.value is None else f"at {'least' if found.goal == 'smallest' else 'most'}"


def _plain_digits(value: Any) -> str:
    return "-" if value is None else str(value) if isinstance(value, int) else f"{value:g}"


def _many_digits(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.15g}"
