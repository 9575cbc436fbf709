"""Published times of networks on devices: what two figures of a machine explain of them, and what MACs alone do.

Table 4 of the MobileNetV2 paper has milliseconds on one core of a Pixel 1; the slides on small networks have the most frames a second on
three devices of Apple.
"""

from __future__ import annotations

import csv
import math
import statistics
from functools import cache
from importlib import resources
from typing import NamedTuple

from costmodel import zoo
from costmodel.api import predict
from costmodel.calibration import Errors
from costmodel.errors import UnknownNameError
from costmodel.tables import Table

TABLES = ("cpu", "frames")
BALANCES = (0.0, *(10 ** (exponent / 100) for exponent in range(-200, 301)))
"""MACs that could be done while a byte moves, of which the best is taken. [MAC/B]"""


class Time(NamedTuple):
    """A printed time, and the work that it was printed for."""

    device: str
    network: str
    time_s: float
    macs: int
    moved_bytes: int
    """Every operand of every layer once, in 32 bits."""


@cache
def times(table: str) -> tuple[Time, ...]:
    """The rows of a printed table: "cpu" or "frames"."""
    if table not in TABLES:
        raise UnknownNameError.of("table of times", table, TABLES)
    text = (resources.files("costmodel.published") / "data" / "timings.csv").read_text()
    found = []
    for row in csv.DictReader(text.splitlines()):
        if row["table"] == table:
            arguments = dict(pair.split("=") for pair in row["arguments"].split(";") if pair)
            network = zoo.build(row["builder"], **{name: float(value) for name, value in arguments.items()})
            total = predict(network, traffic="compulsory", weight_bits=32, activation_bits=32).total
            found.append(Time(row["device"], row["network"], float(row["time_ms"]) / 1000, total.macs, total.ddr_bytes))
    return tuple(found)


class Fit(NamedTuple):
    """Time = (MACs + balance x bytes) x seconds a MAC; the balance is common to the devices of a table."""

    balance: float
    """MACs that a byte costs. [MAC/B]"""
    seconds_a_mac: dict[str, float]
    """By device."""

    @classmethod
    def of(cls, rows: tuple[Time, ...], balances: tuple[float, ...] = BALANCES) -> Fit:
        """The fit of least squared logarithmic errors."""
        tried = [(_spread(rows, balance), balance) for balance in balances]
        balance = min(tried)[1]
        devices = dict.fromkeys(row.device for row in rows)
        return cls(balance, {d: math.exp(statistics.fmean(_logs(rows, balance)[d])) for d in devices})

    def predicted_s(self, row: Time) -> float:
        """The time of a network on a device that others were timed on."""
        return self.seconds_a_mac[row.device] * (row.macs + self.balance * row.moved_bytes)


def _logs(rows: tuple[Time, ...], balance: float) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for row in rows:
        found.setdefault(row.device, []).append(math.log(row.time_s / (row.macs + balance * row.moved_bytes)))
    return found


def _spread(rows: tuple[Time, ...], balance: float) -> float:
    return sum(len(logs) * statistics.pvariance(logs) for logs in _logs(rows, balance).values())


def left_out(table: str) -> Errors:
    """Each printed time predicted from the others: by MACs and bytes, and by MACs alone.

    Examples
    --------
    >>> from costmodel.published.timings import left_out
    >>> errors = left_out("cpu")
    >>> errors.median < errors.macs_alone.median
    True
    """
    rows = times(table)
    predicted, by_macs = [], []
    for index, row in enumerate(rows):
        others = rows[:index] + rows[index + 1 :]
        predicted.append(Fit.of(others).predicted_s(row))
        by_macs.append(Fit.of(others, (0.0,)).predicted_s(row))
    several = len({row.device for row in rows}) > 1
    labels = tuple(f"{row.network}, {row.device}" if several else row.network for row in rows)
    return Errors(labels, tuple(row.time_s for row in rows), tuple(predicted), tuple(by_macs), "network: each printed time from the others")


def fitted(table: str) -> Errors:
    """All printed times beside the fit to all of them; its `turned` are the pairs that MACs alone put in the wrong order.

    Examples
    --------
    >>> from costmodel.published.timings import fitted
    >>> fitted("cpu").turned      # 564 MMAC against 569 and 582
    [('MobileNetV1', 'NASNet-A'), ('MobileNetV2 (1.4)', 'NASNet-A')]
    """
    rows = times(table)
    model, macs = Fit.of(rows), Fit.of(rows, (0.0,))
    measured, predicted, by_macs = zip(*((row.time_s, model.predicted_s(row), macs.predicted_s(row)) for row in rows), strict=True)
    return Errors(tuple(row.network for row in rows), measured, predicted, by_macs, "network: fitted to all")


def timings(table: str = "cpu") -> Table:
    """A printed table beside the leave-one-out predictions.

    Parameters
    ----------
    table : str
        "cpu": table 4 of the MobileNetV2 paper. "frames": the slides' frames a second.
    """
    fit = Fit.of(times(table))
    found = left_out(table).table()
    turned = [f"{one} before {two}" for one, two in fitted(table).turned] if len(fit.seconds_a_mac) == 1 else []
    order = [f"right in the fit, wrong by MACs: {', '.join(turned)}"] if turned else []
    note = f"fitted to all: {len(fit.seconds_a_mac) + 1} figures, {fit.balance:.1f} MAC a byte; " + ", ".join(
        f"{device} {1e-9 / seconds:.1f} GMAC/s" for device, seconds in fit.seconds_a_mac.items()
    )
    return Table(found.columns, found.rows, title=found.title, notes=[*found.notes, note, *order])
