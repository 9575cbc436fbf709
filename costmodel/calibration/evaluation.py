"""Predicted beside measured times: errors, how many are close, whether the order is right; and what MACs alone would say."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from costmodel.calibration.measurements import Measurement, Measurements
from costmodel.errors import FieldError
from costmodel.prediction.views import percent
from costmodel.tables import Column, Table

if TYPE_CHECKING:
    from costmodel.calibration.fit import Calibration

CLOSE = 0.25
"""An error within which a prediction is said to be close."""


class Errors(NamedTuple):
    """Measured times beside those of the model and of MACs at one fitted rate.

    Examples
    --------
    >>> from costmodel.calibration import Errors
    >>> errors = Errors(("a", "b"), (1.0, 2.0), (1.1, 1.8), (2.0, 1.0), "network")
    >>> round(errors.median, 3), errors.within, errors.turned
    (0.1, 1.0, [('a', 'b')])
    """

    labels: tuple[str, ...]
    """What a row belongs to: its network, kind or kernel size."""
    measured_s: tuple[float, ...]
    predicted_s: tuple[float, ...]
    macs_s: tuple[float, ...]
    """MACs alone, at the one rate that halves these errors."""
    title: str

    @property
    def errors(self) -> tuple[float, ...]:
        """Predicted over measured, less one."""
        return tuple(p / m - 1 for p, m in zip(self.predicted_s, self.measured_s, strict=True))

    @property
    def ratios(self) -> tuple[float, ...]:
        """Measured over predicted."""
        return tuple(m / p for p, m in zip(self.predicted_s, self.measured_s, strict=True))

    @property
    def macs_alone(self) -> Errors:
        """The same with MACs in place of the model."""
        return self._replace(predicted_s=self.macs_s)

    @property
    def median(self) -> float:
        """Of the absolute errors."""
        return statistics.median(map(abs, self.errors))

    @property
    def within(self) -> float:
        """Share of the errors of at most a quarter."""
        return sum(abs(error) <= CLOSE for error in self.errors) / len(self.errors)

    @property
    def rank_correlation(self) -> float:
        """Spearman's, of predicted and measured times; 1 where the order is right throughout."""
        if len(self.labels) < 2 or len(set(self.predicted_s)) < 2 or len(set(self.measured_s)) < 2:
            return float("nan")
        return statistics.correlation(_ranks(self.predicted_s), _ranks(self.measured_s))

    @property
    def turned(self) -> list[tuple[str, str]]:
        """Pairs, the quicker first, that MACs alone put in the wrong order and the model in the right one."""
        rows = sorted(zip(self.measured_s, self.labels, self.predicted_s, self.macs_s, strict=True))
        pairs = [(one, two) for i, one in enumerate(rows) for two in rows[i + 1 :] if one[0] < two[0]]
        return [(one[1], two[1]) for one, two in pairs if one[3] >= two[3] and one[2] < two[2]]

    def table(self) -> Table:
        """A row a label, by the medians of what it holds; totals below."""
        columns = [
            Column("label", self.title.partition(":")[0] or "network"), Column("count", "rows", ""), Column("measured_s", "measured", "s"),
            Column("predicted_s", "predicted", "s"), Column("error", "error", "", _signed), Column("median", "median |error|", "", percent),
            Column("within", "within 25 %", "", percent), Column("macs_error", "MACs alone", "", _signed),
        ]  # fmt: skip
        body, notes = [], [self.said, f"MACs alone: {self.macs_alone._figures}"]
        for label in dict.fromkeys(self.labels):
            part = self._part([one == label for one in self.labels])
            body.append({
                "label": label, "count": len(part.labels), "measured_s": statistics.median(part.measured_s),
                "predicted_s": statistics.median(part.predicted_s), "error": statistics.median(part.errors), "median": part.median,
                "within": part.within, "macs_error": statistics.median(part.macs_alone.errors),
            })  # fmt: skip
        return Table(columns, body, title=self.title.partition(": ")[2] or self.title, notes=notes)

    def _part(self, keep: Sequence[bool]) -> Errors:
        def picked(values: Sequence[Any]) -> tuple[Any, ...]:
            return tuple(value for value, kept in zip(values, keep, strict=True) if kept)

        return Errors(picked(self.labels), picked(self.measured_s), picked(self.predicted_s), picked(self.macs_s), self.title)

    @property
    def said(self) -> str:
        """One line."""
        return f"the model: {self._figures}"

    @property
    def _figures(self) -> str:
        rank = "" if self.rank_correlation != self.rank_correlation else f", rank correlation {self.rank_correlation:.3f}"
        return f"median error {100 * self.median:.1f} %, {100 * self.within:.0f} % of {len(self.labels)} within 25 %{rank}"


def _ranks(values: Sequence[float]) -> list[float]:
    """The place of each; equal ones share the middle of theirs."""
    ordered = sorted(values)
    return [(2 * ordered.index(value) + ordered.count(value) - 1) / 2 for value in values]


def _signed(value: float) -> str:
    return f"{100 * value:+.0f} %"


def quantiles(values: Sequence[float], shares: Sequence[float]) -> list[float]:
    """Quantiles, linear between neighbours."""
    ordered = sorted(values)
    found = []
    for share in shares:
        place = share * (len(ordered) - 1)
        low = int(place)
        high = min(low + 1, len(ordered) - 1)
        found.append(ordered[low] + (place - low) * (ordered[high] - ordered[low]))
    return found


def evaluated(calibration: Calibration, measurements: Measurements, by: str) -> Errors:
    """A calibrated machine beside measurements."""
    kinds: dict[str, Callable[[Measurement], str]] = {
        "network": lambda row: row.network, "layer": lambda row: row.kind, "kernel_size": lambda row: row.kernel_size,
        "kind": lambda row: row.network.split(" ")[0],
    }  # fmt: skip
    if by not in kinds:
        raise FieldError(f"`by` (={by!r}) must be one of {', '.join(kinds)}")
    rows = list(measurements.whole() if by in ("network", "kind") else measurements.layers())
    if by == "kernel_size":
        rows = [row for row in rows if row.macs and row.kernel_size]
    if not rows:
        raise FieldError(f"there are no rows to evaluate by {by}")
    title = {"network": "network: whole networks", "kind": "kind: whole networks by kind", "layer": "layer: single layers by kind",
             "kernel_size": "kernel: single convolutions by kernel size"}[by]  # fmt: skip
    measured = tuple(row.minimum_s for row in rows)
    return Errors(tuple(map(kinds[by], rows)), measured, tuple(map(calibration.predicted_s, rows)), macs_alone(rows), title)


def macs_alone(rows: Iterable[Measurement]) -> tuple[float, ...]:
    """Times by MACs at one rate, fitted to these very rows: as good as MACs can be."""
    rows = list(rows)
    each = mac_time(rows)
    return tuple(row.macs * each for row in rows)


def mac_time(rows: Iterable[Measurement]) -> float:
    """Seconds a MAC where half of the rows take more: the one rate of them all."""
    return statistics.median([row.minimum_s / row.macs for row in rows if row.macs] or [0.0])
