"""Fitting a machine's figures to measured times: robust, non-negative least squares, with intervals and warnings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from costmodel import quantities
from costmodel.calibration.design import Design
from costmodel.calibration.evaluation import Errors, evaluated, mac_time, quantiles
from costmodel.calibration.measurements import Measurement, Measurements
from costmodel.errors import FieldError, QuantityError
from costmodel.formulas.time import occupied_macs, occupied_ops
from costmodel.hardware import Error, Hardware
from costmodel.prediction.times import Times
from costmodel.tables import Column, Shown, Table

SLOW = (
    "elu", "gelu", "global_avg_pool", "hard_sigmoid", "hard_swish", "lrn", "mish", "prelu", "resize", "sigmoid", "silu", "softmax",
    "softplus", "tanh",
)  # fmt: skip
"""Kinds without MACs that get a rate of their own where they were measured: for most of them a runtime calls a function an element."""
RESAMPLES = 200


class Figure(NamedTuple):
    """A fitted figure of a machine, per unit of work. [s]"""

    name: str
    """"overhead", "bytes", "macs.pointwise", "ops", "ops.elu"."""
    seconds: float
    """A step, a byte, a MAC or an operation."""
    low_s: float
    high_s: float
    """The ends of the interval."""
    rows: int
    """How many measurements hold such work."""

    @property
    def shown(self) -> str:
        """The figure as people say it: a rate, or a time for the overhead."""
        return _shown(self.name, self.seconds)

    @property
    def interval(self) -> str:
        """Its interval."""
        return " to ".join(_shown(self.name, end) for end in sorted((self.low_s, self.high_s), reverse=self.name != "overhead"))


def _shown(name: str, seconds: float) -> str:
    if name == "overhead":
        return quantities.show(seconds, "s")
    if seconds <= 0:
        return "no limit"
    unit = "B/s" if name == "bytes" else "MAC/s" if name.startswith("macs") else "OP/s"
    return quantities.show(1 / seconds, unit)


class Calibration(Shown):
    """A machine whose figures were fitted to measured times. Made by `costmodel.calibrate`.

    Attributes
    ----------
    hardware : Hardware
        With the fitted figures, their source and the error.
    figures : tuple of Figure
        What was fitted, with intervals.
    warnings : tuple of str
        Which figures the measurements can't tell.
    measurements : Measurements
        What it was fitted to.

    Examples
    --------
    >>> import costmodel as cm
    >>> from costmodel.calibration import Measurement, Measurements
    >>> work = "one", "", "network", "", "", "", 1, 10**6, "dense=1000000", 0, "", 0, 0, 0
    >>> row = Measurement(*work, 1e-3, 1e-3, 0.0, 9, "none", 1, "paper")
    >>> round(cm.calibrate(Measurements([row, row._replace(network="two")])).predicted_s(row) * 1e3, 6)
    1.0
    """

    def __init__(
        self, hardware: Hardware, figures: Sequence[Figure], warnings: Sequence[str], measurements: Measurements, slow: Sequence[str],
        confidence: float,
    ) -> None:  # fmt: skip
        self.hardware = hardware
        self.figures = tuple(figures)
        self.warnings = tuple(warnings)
        self.measurements = measurements
        self.slow = tuple(slow)
        self.confidence = confidence

    def __getitem__(self, name: str) -> Figure:
        for figure in self.figures:
            if figure.name == name:
                return figure
        raise FieldError(f"no figure {name!r} was fitted; fitted were {', '.join(figure.name for figure in self.figures)}")

    def predicted_s(self, measurement: Measurement) -> float:
        """The serial time that the machine takes for the work of a measurement: what a prediction of its network says. [s]"""
        return predicted_s(self.hardware, measurement)

    def evaluate(self, measurements: Measurements | str | Path, *, by: str = "network") -> Errors:
        """How far predictions lie from measurements that took no part in the fit, and what MACs alone would have said.

        Parameters
        ----------
        measurements : Measurements, str or Path
        by : str
            "network": whole networks, a row each. "layer": layers, a row a kind. "kernel_size": convolutions, a row a size.
            "kind": whole networks by the first word of their names.

        Returns
        -------
        Errors
            With `table()`, `median`, `within`, `rank_correlation`, `macs_alone`.
        """
        return evaluated(self, _read(measurements), by)

    def leave_out(self, measurements: Measurements | str | Path | None = None, *, by: str = "network") -> Errors:
        """Each part of the whole networks predicted by a machine that was fitted to all others.

        Parameters
        ----------
        measurements : Measurements, str or Path, optional
            Those of the fit where left out.
        by : str
            What a part is: a "network", or the "kind" of a network, the first word of its name.
        """
        return left_out(self.measurements if measurements is None else _read(measurements), by, self.slow)

    def with_error(self, errors: Errors, source: str) -> Calibration:
        """The same with the error found on other measurements; `source` says which."""
        low, high = quantiles(errors.ratios, (0.05, 0.95))
        bits = self.measurements[0].bits
        error = Error(round(low, 3), round(high, 3), round(errors.median, 4), len(errors.labels), source, "compulsory", bits)
        return Calibration(self.hardware.replace(error=error), self.figures, self.warnings, self.measurements, self.slow, self.confidence)

    def table(self) -> Table:
        """A row a figure, with its interval."""
        columns = [
            Column("figure", "figure"), Column("value", "fitted"), Column("interval", f"{100 * self.confidence:.0f} % interval"),
            Column("rows", "measurements", ""),
        ]  # fmt: skip
        body = [{"figure": f.name, "value": f.shown, "interval": f.interval, "rows": f.rows} for f in self.figures]
        notes = [f"warning: {warning}" for warning in self.warnings]
        if self.hardware.error is not None:
            notes.append(self.hardware.error.said)
        return Table(columns, body, title=f"{self.hardware.name}, fitted to {len(self.measurements.whole())} runs", notes=notes)

    def errors_by_kind(self) -> Table:
        """The error on the measurements of the fit, by the first word of their names."""
        return self.evaluate(self.measurements, by="kind").table()

    def to_toml(self) -> str:
        """The machine as a hardware file."""
        return self.hardware.to_toml()

    def save(self, path: str | Path) -> None:
        """Write the machine to a hardware file, which `Hardware.load` reads."""
        self.hardware.save(path)


def calibrate(
    measurements: Measurements | str | Path, *, name: str = "measured", sram: Any = "1 MiB", slow: Iterable[str] = SLOW,
    resamples: int = RESAMPLES, confidence: float = 0.95, seed: int = 0, held_out: Measurements | str | Path | None = None,
) -> Calibration:  # fmt: skip
    """Fit a machine's figures to the measured times of whole networks.

    Parameters
    ----------
    measurements : Measurements, str or Path
        Or the file of them. Rows of whole networks are fitted; layers are for `evaluate`.
    name : str
        Of the machine.
    sram : str or number
        Of the machine. It is not fitted: under traffic `compulsory` no time depends on it.
    slow : iterable of str
        Kinds of layers without MACs that get a rate of their own, where they were measured.
    resamples : int
        For the intervals: fits to networks drawn anew.
    confidence : float
        Of the intervals.
    seed : int
        Of the draws.
    held_out : Measurements, str or Path, optional
        Networks that tell the error. Where left out, it is found by leaving out each kind of the measured networks in turn, but
        for those without which a figure is not measured at all.

    Returns
    -------
    Calibration

    Raises
    ------
    FieldError, QuantityError
        Measurements that can't be fitted, or an argument that can't be taken.
    MissingExtraError
        Where SciPy isn't installed.

    Notes
    -----
    Time is taken to be linear in the work: an overhead a step, a time a byte that moves (each operand of a layer once, in the
    width that was measured), a time a MAC by the kind of layer, a time an other operation. That is the serial time under traffic
    `compulsory`. No figure is below 0. Errors are relative; large ones count in proportion rather than by their square (Huber), by
    reweighting. The times are the least of the runs: what disturbs a run only adds to it. Intervals are quantiles over networks
    drawn with replacement.

    Examples
    --------
    Four stacks whose times follow 10 us a step and 1 GMAC/s:

    >>> import costmodel as cm
    >>> from costmodel.calibration import Measurement, Measurements
    >>> def row(steps, macs):
    ...     time_s = steps * 1e-5 + macs * 1e-9
    ...     return Measurement(f"{steps} of {macs}", "", "network", "", "", "", steps, macs, f"pointwise={macs}", 0, "", 0, 0, 0,
    ...                        time_s, time_s, 0.0, 9, "none", 1, "paper")
    >>> fitted = cm.calibrate(Measurements([row(1, 10**5), row(2, 10**5), row(1, 10**6), row(3, 10**4)]))
    >>> round(fitted.hardware.overhead_s * 1e6, 3), round(fitted.hardware.mac_flops_per_s / 1e9, 3)
    (10.0, 2.0)

    References
    ----------
    Lawson and Hanson, Solving Least Squares Problems, chapter 23 (non-negative least squares). Huber, Robust Statistics. Efron,
    Bootstrap methods, Annals of Statistics 7(1), 1979.
    """
    import numpy as np

    found = _read(measurements)
    rows = list(found.whole())
    if type(resamples) is not int or resamples < 2:
        raise FieldError(f"`resamples` (={resamples!r}) must be an integer of at least 2")
    if not isinstance(confidence, float) or not 0 < confidence < 1:
        raise QuantityError(f"`confidence` (={confidence!r}) must be a number between 0 and 1")
    if len(dtypes := {row.dtype for row in rows}) > 1:
        raise FieldError(f"measurements in {' and '.join(sorted(dtypes))} can't be fitted together: a machine has other rates in each")
    design = Design.of(rows, tuple(slow))
    fitted = design.solved(np.arange(len(rows)))
    random = np.random.default_rng(seed)
    drawn = np.array([design.solved(random.integers(0, len(rows), len(rows)), fitted) for _ in range(resamples)])
    ends = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
    low, high = (end * design.scales for end in (np.minimum(ends[0], fitted), np.maximum(ends[1], fitted)))
    seconds, counts = fitted * design.scales, (design.work > 0).sum(axis=0)
    figures = [Figure(c, float(seconds[i]), float(low[i]), float(high[i]), int(counts[i])) for i, c in enumerate(design.columns)]
    where = "measurements" if isinstance(measurements, Measurements) else Path(measurements).name
    machines = "; ".join(dict.fromkeys(f"{row.machine}, {row.runtime}, {row.threads} thread{'s' * (row.threads > 1)}" for row in rows))
    hardware = design.hardware(fitted, name, sram, f"fitted to {len(rows)} runs of {where}", machines)
    made = Calibration(hardware, figures, [*design.warnings(fitted), *_wide(figures)], found, tuple(slow), confidence)
    if held_out is not None:
        return made.with_error(made.evaluate(held_out), "networks that took no part in the fit")
    by = "kind" if len({row.network.split(" ")[0] for row in rows}) > 2 else "network"
    return made.with_error(left_out(found, by, made.slow, known=True), f"leaving out each {by} of the fit in turn")


WIDE = 2.0
"""An interval whose ends differ by more than this factor is said to be wide."""


def _wide(figures: Iterable[Figure]) -> Iterator[str]:
    for figure in figures:
        if figure.low_s * WIDE < figure.high_s:
            yield f"{figure.name}: its interval is wide ({figure.interval}); measure more work of which it takes the larger part"


def left_out(measurements: Measurements, by: str, slow: Sequence[str] = SLOW, *, known: bool = False) -> Errors:
    """Each part of the whole networks predicted by a machine fitted to all others.

    With `known` parts are passed over without which a figure is not measured at all: nobody predicts those with such a machine.
    """
    import numpy as np

    if by not in ("network", "kind"):
        raise FieldError(f"`by` (={by!r}) must be network or kind")
    rows = list(measurements.whole())
    labels = np.array([row.network if by == "network" else row.network.split(" ")[0] for row in rows])
    if len(set(labels)) < 2:
        raise FieldError(f"leaving out each {by} in turn needs at least two, got {', '.join(sorted(set(labels))) or 'none'}")
    design = Design.of(rows, tuple(slow))
    start = design.solved(np.arange(len(rows)))
    times, macs = np.empty(len(rows)), np.array([row.macs for row in rows], float)
    told = np.ones(len(rows), bool)
    for label in set(labels):
        here = labels == label
        if known and not (design.work[~here] > 0).any(axis=0).all():
            told[here] = False
            continue
        times[here] = design.work[here] @ design.solved(np.flatnonzero(~here), start)
        macs[here] *= mac_time([row for row, left in zip(rows, here, strict=True) if not left])
    title = f"{by}: leaving out each {by} in turn"
    if not told.any():
        return left_out(measurements, by, slow)
    columns = [np.array([row.minimum_s for row in rows]), times, macs]
    measured, predicted, by_macs = (tuple(column[told].tolist()) for column in columns)
    return Errors(tuple(map(str, labels[told])), measured, predicted, by_macs, title)


def _read(measurements: Measurements | str | Path) -> Measurements:
    if not isinstance(measurements, Measurements | str | Path):
        raise FieldError(f"`measurements` must be Measurements or the path of a file of them, got {type(measurements).__name__}")
    return measurements if isinstance(measurements, Measurements) else Measurements.read(measurements)


def predicted_s(hardware: Hardware, row: Measurement) -> float:
    """The serial time of a machine for the work of a measurement, by the formulas of predictions. [s]"""
    shares, work = hardware.utilisation, row.work
    macs = sum(occupied_macs(n, shares.get(kind, 1)) for kind, n in work.items())
    ops = sum(occupied_ops(n, 1 if kind in work else shares.get(kind, 1)) for kind, n in row.other_work.items())
    times = Times.of(hardware, row.moved_bytes, row.macs, ops, occupied_macs=macs, steps=row.steps)
    return float(times.serial_s)
