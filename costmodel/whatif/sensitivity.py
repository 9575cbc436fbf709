"""What moves a figure, and how much? Derivatives, elasticities and swings by every variable of a network and its machine."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from costmodel import quantities
from costmodel._num import Num
from costmodel.errors import CostModelError, FieldError
from costmodel.hardware import Hardware
from costmodel.prediction import Prediction, Resident
from costmodel.prediction.views import notes
from costmodel.tables import Column, Shown, Table
from costmodel.whatif.elasticity import elasticity
from costmodel.whatif.question import SYMBOLS, Question, Subject, Variable, knees, read, unit_of
from costmodel.whatif.sizes import Integers, Possible

METRICS = ("time_serial_s", "time_overlapped_s", "energy_j", "ddr_bytes")
"""What is looked at where nothing is asked for."""

_NEAR = 1e-9
"""A corner nearer than this share counts as met."""


class Effect(NamedTuple):
    """What one variable does to one figure."""

    metric: str
    variable: str
    value: Num
    """What it is now."""
    figure: Num
    """What the metric is now."""
    derivative_below: float | None
    """Change of the figure for one more of the variable, on the way down; None where there is nothing below."""
    derivative_above: float | None
    """The same on the way up. The two differ at a kink."""
    elasticity_below: float | None
    """Per cent of the figure for one per cent of the variable."""
    elasticity_above: float | None
    kink: str
    """What changes here; empty where nothing does."""
    method: str
    """"symbolic", "step" or "lattice"."""
    low: Num | None
    """A smaller value of the variable: the `factor`-th part, or what the lattice has nearest to it."""
    figure_low: Num | None
    high: Num | None
    figure_high: Num | None

    @property
    def swing(self) -> float:
        """How far apart the figure is between the two."""
        ends = [self.figure, *(f for f in (self.figure_low, self.figure_high) if f is not None)]
        return float(max(ends) - min(ends))


class Sensitivity(Shown):
    """Effects of all variables on some figures. Made by `costmodel.sensitivity`.

    Attributes
    ----------
    effects : tuple of Effect
        The widest swing first, metric by metric.
    metrics : tuple of str
    factor : float
        By which variables grow and shrink for the swings.
    """

    def __init__(self, question: Question, metrics: Sequence[str], factor: float, effects: Sequence[Effect]) -> None:
        self.metrics = tuple(metrics)
        self.factor = factor
        self.effects = tuple(sorted(effects, key=lambda e: (self.metrics.index(e.metric), -e.swing)))
        self._question = question

    def __getitem__(self, key: str | tuple[str, str]) -> Effect:
        """The effect of a variable on the first metric, or of (metric, variable)."""
        metric, name = key if isinstance(key, tuple) else (self.metrics[0], key)
        name = self._question.variable(name).name
        for effect in self.effects:
            if (effect.metric, effect.variable) == (metric, name):
                return effect
        raise FieldError(f"there is no effect of {name!r} on {metric!r}; metrics are {', '.join(self.metrics)}")

    def table(self, metric: str | None = None) -> Table:
        """The tornado: one row a variable, the widest swing first; of all metrics, or of one."""
        if metric is not None and metric not in self.metrics:
            raise FieldError(f"`metric` (={metric!r}) must be one of {', '.join(self.metrics)}")
        metric = self.metrics[0] if len(self.metrics) == 1 else metric
        chosen = [e for e in self.effects if metric in (None, e.metric)]
        unit = unit_of(chosen[0].metric) if len({unit_of(e.metric) for e in chosen}) == 1 else ""
        idle = [*dict.fromkeys(e.variable for e in chosen if not any(o.swing for o in chosen if o.variable == e.variable))]
        rows = [effect._asdict() | {"swing": effect.swing} for effect in chosen if effect.variable not in idle]
        title = f"{self._question.base.network.name} on {self._question.hardware.name}: what moves {metric or 'its figures'}"
        said = [f"low and high: the variable divided and multiplied by {self.factor:g}, or what its lattice has nearest to that"]
        said += [f"without effect: {', '.join(idle)}"] if idle else []
        return Table(_columns(unit, metric is None), rows, title=title, notes=[*said, *notes(self._question.base)])


def sensitivity(
    network: Subject,
    hardware: Hardware | str | Path = "pardhi",
    metrics: str | Sequence[str] = METRICS,
    *,
    factor: float = 2,
    sizes: Mapping[str, int] | None = None,
    **options: Any,
) -> Sensitivity:
    """How figures answer to every variable: derivatives, elasticities, and swings for a tornado.

    Parameters
    ----------
    network : Network, str, Path or callable
        As of `costmodel.solve`: a builder's arguments are variables too.
    hardware : Hardware, str or Path
    metrics : str or sequence of str
        Figures of the totals.
    factor : float
        By which variables grow and shrink for the swings.
    sizes : mapping, optional
        Numbers for sizes that the network leaves open; each is a variable too.
    **options
        Of `predict`.

    Returns
    -------
    Sensitivity

    Notes
    -----
    Rates and energies are differentiated as expressions, on either side where a layer stands between two bounds. The SRAM acts in steps:
    its derivative is 0, and the kink says what one byte less would do. Arguments live on a lattice: where the network can be built with a
    symbol and the same maps stay on chip, it is the derivative of the closed form, roundings left out; else the difference to the next
    point. Energies that the machine leaves out are variables all the same, from the table's value on.

    Examples
    --------
    >>> import costmodel as cm
    >>> found = cm.sensitivity("mobilenet_v1", "pardhi", "time_serial_s")
    >>> [effect.variable for effect in found.effects][:3]
    ['resolution', 'width_multiplier', 'batch']
    >>> round(found["hardware.ddr"].elasticity_above, 4)     # the share of the bus in the time, as time goes with 1 / bandwidth
    -0.7182
    """
    if isinstance(factor, bool) or not isinstance(factor, int | float) or not 1 < factor < math.inf:
        raise FieldError(f"`factor` (={factor!r}) must be a number above 1")
    question = Question(network, hardware, options, fixed=sizes or {})
    wanted = [metrics] if isinstance(metrics, str) else list(metrics)
    if metrics is METRICS and question.hardware.weights_in_flash:
        wanted = [metric for metric in wanted if metric not in ("energy_j", "ddr_bytes")]
    if not wanted:
        raise FieldError("`metrics` must name at least one figure")
    now = {metric: read(question.base, metric) for metric in wanted}
    effects = [e for variable in question.variables.values() for e in _effects(question, variable, now, factor)]
    return Sensitivity(question, wanted, factor, effects)


def _effects(question: Question, variable: Variable, now: dict[str, Num], factor: float) -> list[Effect]:
    if variable.kind != "machine":
        return _on_lattice(question, variable, now, factor)
    if not variable.value:
        return []  # an overhead of nothing has no share to grow by
    ends = (_rounded(variable, variable.value / factor), _rounded(variable, variable.value * factor))
    swings = [_figures(question, variable, end, now) for end in ends]
    slopes = _of_step(question, variable, now) if variable.key in ("sram_bytes", "burst_bytes") else _symbolic(question, variable, now)
    return [
        Effect(metric, variable.name, variable.value, now[metric], *slopes[metric],
               ends[0], swings[0] and swings[0][metric], ends[1], swings[1] and swings[1][metric])
        for metric in now
    ]  # fmt: skip


_Slopes = tuple[float | None, float | None, float | None, float | None, str, str]
"""Derivatives below and above, elasticities below and above, kink, method."""


def _rounded(variable: Variable, value: float) -> Num:
    return max(1, round(value)) if variable.whole else value


def _figures(question: Question, variable: Variable, value: Num, now: dict[str, Num]) -> dict[str, Num] | None:
    """The metrics with the variable changed; None where that is no network or no plan."""
    try:
        prediction = question.predict({variable.name: value})
        return {metric: read(prediction, metric) for metric in now}
    except CostModelError:
        return None


def _symbolic(question: Question, variable: Variable, now: dict[str, Num]) -> dict[str, _Slopes]:
    """Of a rate or an energy: the expression between its corners."""
    from costmodel._symbols import symbols
    from costmodel.whatif.pieces import pieces

    x = symbols(SYMBOLS[variable.key])
    prediction = question.predict({variable.name: x})
    found: dict[str, _Slopes] = {}
    for metric, figure in now.items():
        expression = read(prediction, metric)
        if not getattr(expression, "free_symbols", None):
            found[metric] = (0.0, 0.0, 0.0, 0.0, "", "symbolic")
            continue
        parts = pieces(expression, x)
        sides = []
        for share in (1 - _NEAR, 1 + _NEAR):
            place = variable.value * share
            rule = next(part.rule for part in parts if place <= part.high)
            sides.append(float(elasticity(rule, x).subs(x, variable.value)) if rule.has(x) else 0.0)
        corners = [part.high for part in parts[:-1] if abs(part.high / variable.value - 1) <= _NEAR]
        kink = f"{', '.join(_balanced(question.base))}: bus and core take the same time" if corners else ""
        slopes = [side * float(figure) / variable.value for side in sides]
        found[metric] = (slopes[0], slopes[1], sides[0], sides[1], kink, "symbolic")
    return found


def _balanced(prediction: Prediction) -> list[str]:
    """Layers whose bus is as busy as their core."""
    close = ((row.name, row.times.bus_s, row.times.mac_s + row.times.other_s) for row in prediction.rows)
    return [name for name, bus, core in close if bus and abs(core / bus - 1) <= 2 * _NEAR]


def _of_step(question: Question, variable: Variable, now: dict[str, Num]) -> dict[str, _Slopes]:
    """Of the SRAM: level, but for the byte that makes a map leave."""
    less = _figures(question, variable, variable.value - 1, now) if variable.value > 1 else None
    steps = knees(question.base) if variable.key == "sram_bytes" else None
    after = next((step for step in steps or () if step > variable.value), None)
    found: dict[str, _Slopes] = {}
    for metric, figure in now.items():
        jump = None if less is None else less[metric] - figure
        if jump:
            leaving = _leaving(question.base, question.predict({variable.name: variable.value - 1}))
            kink = f"one byte less: {'+' if jump > 0 else '-'}{quantities.show(abs(jump), unit_of(metric))}"
            kink += f" ({leaving})" if leaving else ""
        else:
            kink = f"next step at {quantities.show(after, 'B')}" if after else ""
        found[metric] = (None if jump else 0.0, 0.0, None if jump else 0.0, 0.0, kink, "step")
    return found


def _staying(prediction: Prediction) -> set[str]:
    """Maps that stay on chip under `resident`, by the layers that write them."""
    if not isinstance(prediction.policy, Resident) or prediction.hardware.weights_in_flash:
        return set()
    return {ref.node for ref, crowd in prediction.workload.crowd_bytes.items() if crowd <= prediction.hardware.sram_bytes}


def _leaving(here: Prediction, there: Prediction) -> str:
    """Which maps stay at one of two predictions alone."""
    before, after = _staying(here), _staying(there)
    gone, come = ([*dict.fromkeys(ref.node for ref in here.workload.maps if ref.node in part)] for part in (before - after, after - before))
    words = [f"{_some(gone)} no longer stay{'s' if len(gone) == 1 else ''} on chip"] if gone else []
    return "; ".join(words + ([f"{_some(come)} stay{'s' if len(come) == 1 else ''} on chip"] if come else []))


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _on_lattice(question: Question, variable: Variable, now: dict[str, Num], factor: float) -> list[Effect]:
    """Of an argument or a width: the closed form where there is one and nothing moves off the chip, else the next points."""
    value = variable.value
    if not isinstance(value, int | float):
        return []  # several widths at once have no neighbour
    if not value > 0:
        return []  # a padding of nothing, say, has no share to grow by
    below, above, low, high = _places(question, variable, factor)
    at = {end: _figures(question, variable, end, now) for end in dict.fromkeys((below, above, low, high)) if end is not None}
    forms = _closed(question, variable, now)
    effects = []
    for metric, figure in now.items():
        slopes: list[float | None] = []
        powers: list[float | None] = []
        kinks: list[str] = []
        for side, end in (("below", below), ("above", above)):
            there = at.get(end) if end is not None else None
            if end is None or there is None:
                slopes.append(None)
                powers.append(None)
                continue
            kink = _leaving(question.base, question.predict({variable.name: end}))
            kinks += [f"{side} {value:g}: {kink}"] if kink else []
            if metric in forms and not kink:
                powers.append(forms[metric])
                slopes.append(forms[metric] * figure / value)
            else:
                slopes.append(float((there[metric] - figure) / (end - value)))
                powers.append(math.log(there[metric] / figure) / math.log(end / value) if there[metric] > 0 and figure > 0 else None)
        method = "symbolic" if metric in forms and not kinks else "lattice"
        ends = [None if end is None or at[end] is None else at[end][metric] for end in (low, high)]  # type: ignore[index]
        effects.append(
            Effect(metric, variable.name, value, figure, slopes[0], slopes[1], powers[0], powers[1], "; ".join(kinks), method,
                   low, ends[0], high, ends[1])
        )  # fmt: skip
    return effects


def _places(question: Question, variable: Variable, factor: float) -> tuple[Num | None, Num | None, Num | None, Num | None]:
    """The neighbours of what a variable is now, and what comes nearest to the `factor`-th part of it and to `factor` times it."""
    value, lattice = variable.value, variable.lattice
    if lattice is not None:
        smaller, larger = [v for v in lattice if v < value], [v for v in lattice if v > value]
        low = min(smaller, key=lambda v: abs(math.log(v * factor / value)), default=None)
        high = min(larger, key=lambda v: abs(math.log(v / value / factor)), default=None)
        return (smaller[-1] if smaller else None), (larger[0] if larger else None), low, high
    among = Integers()
    if variable.kind == "size":
        among = Possible(question.sizes[variable.key], question.opening(variable.key).predict().network.conditions)
    low, high = (among.near(round(end)) for end in (value / factor, value * factor))
    return among.beside(value, -1), among.beside(value, 1), low if low != value else None, high if high != value else None


def _closed(question: Question, variable: Variable, now: dict[str, Num]) -> dict[str, float]:
    """Elasticities of the closed forms in an argument; none where the network can't be built with a symbol."""
    from costmodel._symbols import evaluate, symbols
    from costmodel.whatif.pieces import rule_at

    if variable.kind not in ("argument", "size"):
        return {}
    lattice = variable.lattice
    step = 1 if lattice is None else "1/32" if isinstance(lattice[0], float) else lattice[0]
    x = question.sizes[variable.key] if variable.kind == "size" else symbols("x", multiple_of=step)
    found = {}
    try:
        prediction = question.predict({variable.name: x})
        for metric in now:
            expression = read(prediction, metric)
            if not getattr(expression, "free_symbols", None):
                found[metric] = 0.0
            else:
                found[metric] = float(evaluate(elasticity(rule_at(expression, x, variable.value), x), {x: variable.value}))
    except (CostModelError, TypeError):  # a builder that counts with its argument takes no symbol
        return {}
    return found


def _columns(unit: str, several: bool) -> list[Column]:
    def amount(value: Any) -> str:
        return "-" if value is None else f"{value:.4g}" if isinstance(value, float) else f"{value:,}"

    def power(value: Any) -> str:
        return "-" if value is None else f"{value:+.3f}"

    figures = [Column(key, words, unit, rank=rank) for key, words, rank in
               (("figure_low", "figure at low", 2), ("figure_high", "figure at high", 2), ("swing", "swing", 0))]  # fmt: skip
    return [
        *([Column("metric", "metric")] if several else []),
        Column("variable", "variable"),
        Column("value", "now", "", amount, 1),
        Column("elasticity_below", "elasticity below", "", power),
        Column("elasticity_above", "above", "", power),
        Column("derivative_below", "derivative below", "", amount, 6),
        Column("derivative_above", "above", "", amount, 6),
        Column("low", "low", "", amount, 3),
        Column("high", "high", "", amount, 3),
        *figures,
        Column("method", "method", rank=5),
        Column("kink", "kink", rank=4),
    ]
