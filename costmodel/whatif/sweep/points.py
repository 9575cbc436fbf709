"""Points of an axis from a text: "0.25,0.5,1", "0.5 GB/s:16 GB/s:log32", "128:224:step32"."""

from __future__ import annotations

import math
import re
from typing import Any

from costmodel import quantities
from costmodel.errors import CostModelError, FieldError

_HELP = "write points with commas between, or first:last:N, first:last:logN or first:last:stepN"
_MOST = 10**8


def points_of(name: str, text: str, dimension: str | None = None) -> list[Any]:
    """The points that a text gives an axis.

    Parameters
    ----------
    name : str
        The axis, for errors.
    text : str
        Points with commas between; ``first:last:N`` for N points at equal distances, ``first:last:logN`` at equal ratios,
        ``first:last:step32`` from `first` by a step as far as `last`.
    dimension : str, optional
        A key of `quantities.UNITS`: numbers then carry their units.

    Examples
    --------
    >>> points_of("resolution", "128:224:step32"), points_of("hardware.ddr", "1 GB/s:16GB/s:log5", "bytes_per_s")
    ([128, 160, 192, 224], [1000000000, 2000000000, 4000000000, 8000000000, 16000000000])
    """
    words = [word.strip() for word in text.split(":")]
    if len(words) == 1:
        return [_point(name, word.strip(), dimension) for word in text.split(",") if word.strip()]
    match = re.fullmatch(r"(log|step|)\s*(.+)", words[2]) if len(words) == 3 else None
    if match is None:
        raise FieldError(f"axis {name!r} (={text!r}) is no range; {_HELP}")
    kind, amount = match.groups()
    first, last = (_point(name, word, dimension) for word in words[:2])
    if any(isinstance(end, str | bool | None) for end in (first, last)):
        raise FieldError(f"axis {name!r} (={text!r}) must run from a number to a number; {_HELP}")
    if kind == "step":
        return _stepped(name, text, first, last, _point(name, amount, dimension))
    count = int(amount) if amount.isdecimal() else 0
    if not 2 <= count <= _MOST or first == last or (kind == "log" and min(first, last) <= 0):
        raise FieldError(f"axis {name!r} (={text!r}) must have two ends that differ and at least 2 points; {_HELP}")
    inner = [(_between(first, last, i / (count - 1), kind == "log")) for i in range(1, count - 1)]
    return [_whole(point) for point in (first, *inner, last)]


def _between(first: float, last: float, share: float, log: bool) -> float:
    return first * math.exp(math.log(last / first) * share) if log else first + (last - first) * share


def _stepped(name: str, text: str, first: float, last: float, step: Any) -> list[Any]:
    if isinstance(step, str | bool | None) or step <= 0 or last < first or (last - first) / step >= _MOST:
        raise FieldError(f"axis {name!r} (={text!r}) must rise by a positive step; {_HELP}")
    return [_whole(first + step * i) for i in range(math.floor((last - first) / step * (1 + 1e-12)) + 1)]


def _whole(number: float) -> int | float:
    """As an int where it is whole but for rounding."""
    nearest = round(number)
    return nearest if abs(number - nearest) <= 1e-12 * abs(number) else number


def _point(name: str, word: str, dimension: str | None) -> Any:
    """A word as a figure with its unit, or as a number, a truth value or a text."""
    if dimension is not None:
        try:
            return quantities.parse(word, dimension)
        except CostModelError as error:
            raise type(error)(f"axis {name!r}: {error}") from None
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            continue
    return {"true": True, "false": False, "none": None}.get(word.lower(), word)
