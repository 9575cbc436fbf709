"""What is asked of one variable, and what `predict` says to a value of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from costmodel._num import Num
from costmodel.errors import CostModelError
from costmodel.whatif.conditions import Condition
from costmodel.whatif.formula import ClosedForm
from costmodel.whatif.question import Question, Variable
from costmodel.whatif.solution import Check, Solution, Span


class Asked(NamedTuple):
    """Which values of a variable keep all conditions, and which end of them is the answer."""

    question: Question
    variable: Variable
    wanted: tuple[Condition, ...]
    goal: str | None
    """"smallest" or "largest"; None where the conditions say it."""

    @property
    def names(self) -> list[str]:
        """The figures that the conditions speak of."""
        return list(dict.fromkeys(name for condition in self.wanted for name in condition.names))

    def figures(self, value: Num) -> dict[str, Num]:
        """The figures at a value, which may be a symbol or an array."""
        return self.question.figures({self.variable.name: value}, self.names)

    def check(self, value: Num) -> Check:
        """What `predict` says at a value."""
        found = self.figures(value)
        return Check(value, all(bool(condition.holds(found)) for condition in self.wanted), found)

    def holds(self, value: Num) -> bool:
        """Whether the conditions hold at a value; they do not where there is no prediction."""
        try:
            return self.check(value).holds
        except CostModelError:
            return False

    def miss(self, found: Mapping[str, Num]) -> float:
        """By how much figures miss the conditions."""
        worst: float = max(condition.miss(found) for condition in self.wanted)
        return worst

    def end(self, spans: Sequence[Span]) -> str:
        """The end that the conditions hold; of two that of the machine below, of the network above."""
        if self.goal is not None:
            return self.goal
        if not spans or (spans[0].low is None) == (spans[-1].high is None):
            return "smallest" if self.variable.kind == "machine" else "largest"
        return "smallest" if spans[-1].high is None else "largest"

    def answer(
        self,
        spans: Sequence[Span],
        method: str,
        formula: ClosedForm | None = None,
        nearest: Check | None = None,
        remarks: Sequence[str] = (),
    ) -> Solution:
        """The answer, not yet checked."""
        return Solution(self.question, self.variable, self.wanted, spans, self.end(spans), method, formula, nearest, remarks)

    def disagreement(self, value: Num, side: str) -> CostModelError:
        """The error where `predict` does not confirm what was found."""
        return CostModelError(f"the answer {self.variable.name} = {value} was found, but `predict` disagrees {side}; please report this")
