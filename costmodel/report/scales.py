"""From values to places: ranges, ticks and the words at them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from costmodel.report import style
from costmodel.tables import Column

_PADDING = 0.04
"""Of the range, above and below."""
_FEWEST = 3
"""Fewer ticks than these don't tell how far apart two values are."""
BINARY = (
    "datum.value >= 1073741824 ? format(datum.value / 1073741824, '~g') + ' GiB' : "
    "datum.value >= 1048576 ? format(datum.value / 1048576, '~g') + ' MiB' : "
    "datum.value >= 1024 ? format(datum.value / 1024, '~g') + ' KiB' : datum.value + ' B'"
)
"""The Vega expression that writes bytes with binary prefixes, as every table does."""


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
    """1, 2, 5, 10, ... within a range; powers of ten where it spans more than three decades, even steps where it spans little.

    >>> log_ticks(0.3, 12), log_ticks(13, 24)
    ([0.5, 1.0, 2.0, 5.0, 10.0], [14.0, 16.0, 18.0, 20.0, 22.0, 24.0])
    """
    steps = (1, 2, 5) if high / low <= 1000 else (1,)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found = [tick for power in powers for step in steps if low <= (tick := float(f"{step}e{power}")) <= high]
    if len(found) >= _FEWEST:
        return found
    power = math.floor(math.log10((high - low) / 6))
    step, scale = min((n, 10.0**power) for n in (1, 2, 5, 10) if n * 10.0**power >= (high - low) / 6)
    return [float(f"{step * i * scale:.12g}") for i in range(math.ceil(low / (step * scale)), math.floor(high / (step * scale)) + 1)]


def binary_ticks(low: float, high: float, log: bool = False) -> list[float]:
    """A few round numbers of bytes within a range: multiples of a power of two, or powers of two where it is logarithmic.

    >>> binary_ticks(0, 1000), binary_ticks(500, 5000, log=True)
    ([0.0, 256.0, 512.0, 768.0], [512.0, 1024.0, 2048.0, 4096.0])
    """
    if log:
        first, last = math.ceil(math.log2(low)), math.floor(math.log2(high))
        stride = max(last - first, 0) // 8 + 1
        found = [2.0**k for k in range(first, last + 1, stride)]
        if len(found) >= _FEWEST:
            return found
    step = 2.0 ** math.ceil(math.log2((high - low) / 6))
    return [step * i for i in range(math.ceil(low / step), math.floor(high / step) + 1)]


def axis(channel: Any, field: str, column: Column, ends: tuple[float, float], log: bool = False, values: Sequence[float] = ()) -> Any:
    """A range of a column's values with the axis beside it; a few whole values are the ticks themselves."""
    alt = style.load()
    whole = bool(values) and not log and len(set(values)) <= 12 and all(isinstance(value, int) for value in values)
    ticks: dict[str, Any] = {"tickCount": 6}
    if column.unit == "B":
        ticks = {"values": binary_ticks(*ends, log)}
    elif log or whole:
        ticks = {"values": log_ticks(*ends) if log else sorted(set(values))}
    return channel(
        field, title=style.axis_title(column), axis=alt.Axis(labelExpr=_labels(column), labelFlush=False, grid=not whole, **ticks),
        scale=alt.Scale(type="log" if log else "linear", domain=list(ends), nice=False, zero=False),
    )  # fmt: skip


def _labels(column: Column) -> str:
    """The Vega expression that writes a value of the column: 200 µs, 4 KiB, 0.25."""
    if column.unit == "B":
        return BINARY
    if not column.unit:
        return "format(datum.value, abs(datum.value) >= 10000 ? '~s' : '~g')"
    return f"replace(format(datum.value, '~s'), regexp('([^0-9.]?)$'), ' $1{column.unit}')"
