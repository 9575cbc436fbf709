"""From values to places: ranges, ticks and the words at them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from costmodel.tables import Column

_PADDING = 0.04
"""Of the range, above and below."""


def padded(low: float, high: float, log: bool) -> tuple[float, float]:
    """A range with some air; a single value gets a range around it.

    >>> padded(0.0, 100.0, log=False)
    (-4.0, 104.0)
    """
    if log:
        ends = padded(math.log10(low), math.log10(high), log=False)
        return (10 ** ends[0], 10 ** ends[1])
    air = _PADDING * (high - low) or _PADDING * abs(high) or 1.0
    return (low - air, high + air)


def log_ticks(low: float, high: float) -> list[float]:
    """1, 2, 5, 10, ... within a range; powers of ten where it spans more than three decades.

    >>> log_ticks(0.3, 12)
    [0.5, 1.0, 2.0, 5.0, 10.0]
    """
    steps = (1, 2, 5) if high / low <= 1000 else (1,)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [tick for power in powers for step in steps if low <= (tick := float(f"{step}e{power}")) <= high]


def scale(alt: Any, column: Column, values: Sequence[float], ends: tuple[float, float], log: bool) -> dict[str, Any]:
    """The scale of a range and the axis beside it; a few whole values are the ticks themselves."""
    whole = bool(values) and not log and len(set(values)) <= 12 and all(isinstance(value, int) for value in values)
    ticks: dict[str, Any] = {"tickCount": 6}
    if log or whole:
        ticks = {"values": log_ticks(*ends) if log else sorted(set(values))}
    return {
        "scale": alt.Scale(type="log" if log else "linear", domain=list(ends), nice=False, zero=False),
        "axis": alt.Axis(labelExpr=_labels(column), labelFlush=False, grid=not whole, **ticks),
    }


def _labels(column: Column) -> str:
    """The Vega expression that writes a value of the column: 200 µs, 4 kB, 0.25."""
    if not column.unit:
        return "format(datum.value, abs(datum.value) >= 10000 ? '~s' : '~g')"
    return f"replace(format(datum.value, '~s'), regexp('([^0-9.]?)$'), ' $1{column.unit}')"
