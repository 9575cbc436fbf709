"""A network against its budget."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

from costmodel._num import is_array, is_symbolic
from costmodel.api import predict
from costmodel.budgets import formats
from costmodel.budgets.budget import Budget, Limit, read_baseline
from costmodel.budgets.figures import FIGURES
from costmodel.budgets.findings import Finding, Layer, of_each, of_growth, of_whole
from costmodel.errors import FieldError, SymbolicError, UnknownNameError
from costmodel.hardware import Hardware
from costmodel.network import Network
from costmodel.prediction import Prediction
from costmodel.prediction.shares import GROUPINGS
from costmodel.prediction.views import notes
from costmodel.tables import Table

_ALIKE = ("traffic", "fuse_epilogues", "accumulator_bits", "parameters", "order")
"""Assumptions under which figures can be compared; widths are the network's own, and changing them is a change to it."""


class BudgetReport(NamedTuple):
    """What came of every limit.

    Attributes
    ----------
    findings : tuple of Finding
        One a limit, in the order of the budget; `failures` are those that are exceeded.
    prediction : Prediction
        What was checked.
    """

    budget: str
    findings: tuple[Finding, ...]
    prediction: Prediction

    @property
    def passed(self) -> bool:
        """Whether every limit is kept."""
        return not self.failures

    @property
    def failures(self) -> tuple[Finding, ...]:
        """The limits that are exceeded."""
        return tuple([finding for finding in self.findings if not finding.passed])

    @property
    def verdict(self) -> str:
        """The outcome in one line."""
        exceeded = f"{len(self.failures)} of {len(self.findings)} limits exceeded" if self.failures else "all limits kept"
        return f"{self.prediction.network.name} on {self.prediction.hardware.name}, {self.budget}: {exceeded}"

    def table(self) -> Table:
        """One row a limit; below, what exceeds, by how much, and which layers are the cause."""
        return formats.table(self.verdict, self.findings, notes(self.prediction))

    def render(self, format: str) -> str:
        """The report as "text" (or "table"), "json", "junit", "github", "markdown", "latex", "csv" or "html"."""
        if format not in FORMATS:
            raise UnknownNameError.of("format of a check", format, FORMATS)
        return FORMATS[format](self)

    def to_text(self) -> str:
        """The report for people."""
        return self.table().to_text()

    def to_json(self) -> str:
        """The report for programs."""
        head = {"network": self.prediction.network.name, "hardware": self.prediction.hardware.name, "budget": self.budget}
        return formats.document(head, self.passed, self.findings, self.prediction.assumptions)

    def to_csv(self) -> str:
        """One row a limit with exact figures."""
        return formats.exact(self.findings).to_csv()

    def to_junit(self) -> str:
        """A test case a limit, as XML that Jenkins, GitLab and others read."""
        return formats.junit(self.prediction.network.name, self.findings, notes(self.prediction))

    def to_github(self) -> str:
        """An annotation for every limit that is exceeded, else a notice."""
        return formats.github(self.budget, self.verdict, self.findings)

    def _repr_html_(self) -> str:
        return self.table().to_html()

    def __repr__(self) -> str:
        return self.to_text()


FORMATS: dict[str, Callable[[BudgetReport], str]] = {
    "text": BudgetReport.to_text,
    "json": BudgetReport.to_json,
    "junit": BudgetReport.to_junit,
    "github": BudgetReport.to_github,
    "table": BudgetReport.to_text,
    "csv": BudgetReport.to_csv,
    "markdown": lambda report: report.table().to_markdown(),
    "latex": lambda report: report.table().to_latex(),
    "html": lambda report: report.table().to_html(),
}
"""Every format of a report by its name."""


def check(
    network: Network | str | Path,
    budget: Budget | Mapping[str, Any] | str | Path,
    hardware: Hardware | str | Path | None = None,
    *,
    baseline: str | Path | None = None,
    **options: Any,
) -> BudgetReport:
    """Whether a network keeps its budget.

    Parameters
    ----------
    network : Network, str or Path
        A network, the name of one in the zoo, or a model file.
    budget : mapping, str or Path
        A TOML file, or a mapping of the same keys: tables `network`, `type`, `stage`, `block`, `layer`, `baseline`, `predict`.
    hardware : Hardware, str or Path, optional
        A machine, in place of the budget's; "pardhi" where neither says.
    baseline : str or Path, optional
        The JSON of an older prediction, in place of the budget's.
    **options
        Further arguments of `predict`, in place of the budget's.

    Returns
    -------
    BudgetReport
        `passed`, `findings`, `failures`; as text, JSON, JUnit XML and annotations of GitHub.

    Raises
    ------
    UnknownNameError
        A key, file, layer or group that isn't there: a limit on nothing would never fail.
    FieldError, QuantityError
        A value that can't be taken, or a baseline made under other assumptions.
    SymbolicError
        A network or machine that holds symbols or arrays.

    Notes
    -----
    The figures are `macs`, `other_ops`, `parameters` (trainable), `weight_bytes`, `peak_live_bytes`, `ddr_bytes`, `time` (serial),
    `time_overlapped` and `energy`. Figures of a group are the sums of its layers', a peak is the largest.

    Examples
    --------
    MobileNet v1 has 568,740,352 MACs and 4,209,088 weights of a byte each:

    >>> import costmodel as cm
    >>> report = cm.check("mobilenet_v1", {"network": {"macs": "500M", "weight_bytes": "4.5 MB"}})
    >>> report.passed, [(f.figure, f.excess) for f in report.failures]
    (False, [('macs', 68740352)])
    >>> print(report.failures[0].sentence.partition(";")[0])
    network: MACs 568.7M, exceeds 500M by 68.74M (+13.7 %)
    """
    plan = Budget.of(budget, baseline)
    settings = plan.settings | options | ({} if hardware is None else {"hardware": hardware})
    prediction = predict(network, **settings)
    document = prediction.to_dict()
    layers = dict(zip(prediction.rows, document["layers"], strict=True))
    _refuse_open(document["totals"])
    used = {limit.figure for limit in plan.limits}
    if "energy" in used and document["totals"]["energy_j"] is None:
        raise FieldError(f"energy is not known on {prediction.hardware.name!r}, whose weights stream from flash")
    findings = [_finding(limit, document["totals"], layers) for limit in plan.limits]
    if plan.baseline is not None:
        old = read_baseline(plan.baseline)
        _refuse_unlike(old, document, plan.baseline)
        for growth in plan.growths:
            figure = FIGURES[growth.figure]
            try:
                now, before = figure.of_totals(document["totals"]), figure.of_totals(old["totals"])
                if now is None and before is None:
                    continue
                findings.append(of_growth(growth, plan.baseline.name, now, before, document["layers"], old["layers"]))
            except (KeyError, TypeError):
                lacks = f"lacks {growth.figure}, or holds no number for it"
                raise FieldError(f"baseline {str(plan.baseline)!r} {lacks}; make it anew") from None
    return BudgetReport(plan.name, tuple(findings), prediction)


def _finding(limit: Limit, totals: Mapping[str, Any], layers: Mapping[Any, Layer]) -> Finding:
    figure = FIGURES[limit.figure]
    if limit.scope == "network":
        return of_whole(limit, figure.of_totals(totals), layers.values())
    if limit.scope == "layer":
        named = [(row.name, layer) for row, layer in layers.items()]
        return of_each(limit, _some(limit, named, lambda name, pattern: name == pattern or fnmatchcase(name, pattern)))
    group_of = GROUPINGS[limit.scope][1]
    some = _some(limit, [(group_of(row), layer) for row, layer in layers.items()], lambda a, b: a.replace(" ", "") == b.replace(" ", ""))
    values = [figure.of_layer(layer) for layer in some]
    return of_whole(limit, sum(values) if figure.adds_up else max(values), some)


def _some(limit: Limit, named: Iterable[tuple[str, Layer]], fits: Callable[[str, str], bool]) -> list[Layer]:
    """The layers that a limit speaks of: at least one, as a limit on nothing would never fail."""
    named = list(named)
    if some := [layer for name, layer in named if fits(name, limit.where)]:
        return some
    unknown = UnknownNameError.of(limit.scope, limit.where, dict.fromkeys(name for name, _ in named))
    raise UnknownNameError(f'[{limit.scope}."{limit.where}"]: {unknown}')


def _refuse_open(totals: Mapping[str, Any]) -> None:
    for name, figure in FIGURES.items():
        if is_symbolic(value := figure.of_totals(totals)) or is_array(value):
            raise SymbolicError(f"a budget is checked on plain numbers; {name} is {'an array' if is_array(value) else value}")


def _refuse_unlike(old: Mapping[str, Any], new: Mapping[str, Any], path: Path) -> None:
    """Figures under other assumptions can't be compared."""
    pairs = {key: (old["assumptions"].get(key), new["assumptions"].get(key)) for key in _ALIKE}
    pairs |= {key: (old["hardware"].get(key), value) for key, value in new["hardware"].items() if key not in ("name", "title")}
    for key, (then, now) in pairs.items():
        if then != now:
            raise FieldError(f"baseline {str(path)!r} was made with `{key}` {then!r}, this prediction has {now!r}; make it anew")
