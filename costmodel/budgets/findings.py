"""What comes of a limit: the figure, by how much it exceeds, and which layers are the cause."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from costmodel._num import Num
from costmodel.budgets.budget import Growth, Limit
from costmodel.budgets.figures import FIGURES, Figure

CAUSES = 3
"""How many layers are named."""
_ROUNDING = 1e-12

Layer = Mapping[str, Any]


class Cause(NamedTuple):
    """A layer that a figure comes from."""

    layer: str
    value: Num
    """Its figure; against a baseline, what it has grown by."""
    share: float | None
    """Of the figure, or of its growth; None where layers don't add up."""


class Finding(NamedTuple):
    """One limit and what came of it."""

    scope: str
    """"network", "layer", a grouping of rows, or "baseline"."""
    where: str
    figure: str
    value: Num
    limit: Num
    before: Num | None = None
    """The value in the baseline."""
    causes: tuple[Cause, ...] = ()
    """Where the limit is exceeded, the layers that most of it comes from; the largest first."""
    further: int = 0
    """Layers that exceed the limit and are not named."""

    @property
    def passed(self) -> bool:
        """Whether the limit is kept; what a sum of floats rounds away exceeds nothing."""
        slack = _ROUNDING * self.limit if isinstance(self.value, float) else 0
        return bool(self.value <= self.limit + slack)

    @property
    def excess(self) -> Num:
        """By how much the limit is exceeded; negative is room."""
        return self.value - self.limit

    @property
    def excess_share(self) -> float:
        """The excess as a share of the limit."""
        return float(self.excess / self.limit) if self.limit else float("inf") if self.excess > 0 else 0.0

    @property
    def place(self) -> str:
        """What is limited, in words."""
        return f"{self.scope} {self.where}".rstrip()

    @property
    def sentence(self) -> str:
        """What came of it, in words."""
        show = FIGURES[self.figure].show
        was = "" if self.before is None else f", was {show(self.before)}"
        said = f"{self.place}: {FIGURES[self.figure].heading} {show(self.value)}{was}"
        if self.passed:
            return f"{said}, within {show(self.limit)}"
        by = f"{said}, exceeds {show(self.limit)} by {show(self.excess)}" + (f" ({100 * self.excess_share:+.1f} %)" if self.limit else "")
        return f"{by}; {self._causes}" if self.causes else by

    @property
    def _causes(self) -> str:
        show = FIGURES[self.figure].show
        sign = "+" if self.before is not None and FIGURES[self.figure].adds_up else ""
        named = [f"{c.layer} {sign}{show(c.value)}" + ("" if c.share is None else f" ({100 * c.share:.1f} %)") for c in self.causes]
        most = "over it" if self.causes[0].share is None else "grown most" if sign else "most of it"
        return f"{most}: {', '.join(named)}" + (f" and {self.further} more" if self.further else "")

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values."""
        return {
            "scope": self.scope, "where": self.where, "figure": self.figure, "passed": self.passed, "value": self.value,
            "limit": self.limit, "excess": self.excess, "excess_share": self.excess_share if self.limit else None,
            "before": self.before, "causes": [cause._asdict() for cause in self.causes],
        }  # fmt: skip


def of_whole(limit: Limit, value: Num, layers: Iterable[Layer]) -> Finding:
    """The finding on layers together: the network or a group."""
    return _explained(Finding(limit.scope, limit.where, limit.figure, value, limit.value), layers)


def of_each(limit: Limit, layers: Iterable[Layer]) -> Finding:
    """The finding on layers that each keep the limit alone: its value is the largest."""
    figure, layers = FIGURES[limit.figure], list(layers)
    found = Finding(limit.scope, limit.where, limit.figure, max(figure.of_layer(layer) for layer in layers), limit.value)
    return _over(found, figure, layers)


def of_growth(growth: Growth, name: str, value: Num, before: Num, layers: Iterable[Layer], old: Iterable[Layer]) -> Finding:
    """The finding on what a figure has grown by since a baseline."""
    figure, layers = FIGURES[growth.figure], list(layers)
    allowed = before + growth.amount + (growth.share * before if growth.share else 0)
    found = Finding("baseline", name, growth.figure, value, allowed, before)
    if found.passed or not figure.adds_up:
        return _over(found, figure, layers)
    earlier = {layer["name"]: figure.of_layer(layer) for layer in old}
    grown = {layer["name"]: figure.of_layer(layer) - earlier.get(layer["name"], 0) for layer in layers}
    largest = sorted(((by, layer) for layer, by in grown.items() if by > 0), key=lambda pair: -pair[0])[:CAUSES]
    return found._replace(causes=tuple([Cause(layer, by, float(by / (value - before))) for by, layer in largest]))


def _explained(found: Finding, layers: Iterable[Layer]) -> Finding:
    figure = FIGURES[found.figure]
    if found.passed or not figure.adds_up:
        return _over(found, figure, layers)
    largest = sorted(layers, key=figure.of_layer, reverse=True)[:CAUSES]
    causes = [Cause(layer["name"], figure.of_layer(layer), float(figure.of_layer(layer) / found.value)) for layer in largest]
    return found._replace(causes=tuple(causes))


def _over(found: Finding, figure: Figure, layers: Iterable[Layer]) -> Finding:
    """The layers that exceed the limit by themselves."""
    over = sorted((layer for layer in layers if figure.of_layer(layer) > found.limit), key=figure.of_layer, reverse=True)
    causes = tuple([Cause(layer["name"], figure.of_layer(layer), None) for layer in over[:CAUSES]])
    return found._replace(causes=causes, further=len(over) - len(causes))
