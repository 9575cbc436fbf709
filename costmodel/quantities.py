"""Figures with units, in and out: "1 MiB", "1 GB/s", "1 TFLOPS".

QuantiPhy reads and prints the number and its prefix; the unit must stand in the closed list below. So
"500 MAC/s" is five hundred MAC a second, never mega-"AC/s", and "1 mb/s" is refused.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Any

from costmodel._num import is_symbolic
from costmodel.errors import QuantityError

UNITS: dict[str, dict[str, int]] = {
    "bytes": {"B": 1},
    "bytes_per_s": {"B/s": 1},
    "mac_flops_per_s": {"FLOPS": 1, "FLOP/s": 1, "MAC/s": 2, "MACS": 2},
    "other_ops_per_s": {"FLOPS": 1, "FLOP/s": 1, "OPS": 1, "OP/s": 1},
    "s": {"s": 1},
    "j": {"J": 1},
    "j_per_byte": {"J/B": 1},
    "hz": {"Hz": 1},
    "count": {"": 1},
}
"""Dimension (the ending of a name) to the units it may be written in and what one of them is worth."""

_BINARY = ("Ki", "Mi", "Gi", "Ti")
_LARGE = ("", "k", "K", "M", "G", "T", "P")
_SMALL = ("", "m", "u", "µ", "μ", "n", "p")
_PREFIXES = {"s": _SMALL, "j": _SMALL, "j_per_byte": _SMALL}
_FIGURE = re.compile(r"\s*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)\s*(\S.*?)?\s*")


@lru_cache(maxsize=1024)
def _suffixes(dimension: str) -> dict[str, tuple[str, int]]:
    prefixes = _PREFIXES.get(dimension, _LARGE) + (_BINARY if dimension.startswith("bytes") else ())
    return {prefix + unit: (prefix, worth) for unit, worth in UNITS[dimension].items() for prefix in prefixes}


def parse(text: str, dimension: str) -> int | float:
    """The value of `text` in the base unit of `dimension`.

    Parameters
    ----------
    text : str
        A number, an SI or binary prefix and a unit, e.g. "1 MiB". MB is 10^6 B and MiB is 2^20 B.
    dimension : str
        A key of `UNITS`.

    Returns
    -------
    int or float
        An int where it is whole.

    Raises
    ------
    QuantityError
        A wrong unit, bits for bytes, trailing words, zero, a negative, a NaN or an infinity.

    Examples
    --------
    >>> parse("1 MiB", "bytes"), parse("1 GB/s", "bytes_per_s"), parse("500 GMAC/s", "mac_flops_per_s")
    (1048576, 1000000000, 1000000000000)
    """
    units = ", ".join(UNITS[dimension])
    match = _FIGURE.fullmatch(text)
    if match is None:
        raise QuantityError(f"{text!r} is not a figure; write a finite positive number" + (f" and a unit of {units}" if units else ""))
    number, suffix = match[1], match[2] or ""
    if suffix not in (known := _suffixes(dimension)) and not units:
        raise QuantityError(f"{text!r} is a count; it takes a prefix such as k, M, G and no unit")
    if not suffix and units:
        raise QuantityError(f"{text!r} has no unit; write one of {units}")
    if suffix not in known:
        if dimension.startswith("bytes") and re.fullmatch(r"[kKMGTP]?i?(b|bit|bits)(/s|ps)?", suffix):
            raise QuantityError(f"{text!r} is in bits, where bytes are meant; divide by 8 and write B (e.g. MB, MiB)")
        raise QuantityError(f"{text!r} has the unit {suffix!r}; it must be one of {units}, with a prefix such as k, M, G")
    from quantiphy import Quantity

    prefix, worth = known[suffix]
    return positive(float(Quantity(f"{number}{prefix}", binary=True)) * worth, text)


def suffixes(dimension: str) -> dict[str, float]:
    """What may stand behind a number of a dimension, with its prefix, and what one of it is worth.

    >>> suffixes("bytes_per_s")["GB/s"], suffixes("mac_flops_per_s")["GMAC/s"]
    (1000000000.0, 2000000000.0)
    """
    from quantiphy import Quantity

    return {suffix: float(Quantity(f"1{prefix}", binary=True)) * worth for suffix, (prefix, worth) in _suffixes(dimension).items()}


def positive(value: Any, shown: object = None) -> int | float:
    """`value` where it is a finite positive number, as an int where it is whole."""
    if isinstance(value, bool | str) or not hasattr(value, "__float__"):
        raise QuantityError(f"{shown or value!r} is not a number")
    try:
        number = value if isinstance(value, int) else float(value)
        finite = math.isfinite(number)
    except OverflowError:
        finite = False
    if not finite or number <= 0:
        raise QuantityError(f"{shown or value!r} must be finite and positive")
    return int(number) if number == int(number) else number


def show(value: Any, unit: str = "", digits: int = 4) -> str:
    """A figure for people: ``1.15 MiB``, ``904.1 µs``, ``568.7M``.

    Bytes take binary prefixes, everything else SI prefixes; small counts stay exact.

    Examples
    --------
    >>> show(1204224, "B"), show(0.000904116736, "s"), show(568740352), show(1000)
    ('1.148 MiB', '904.1 µs', '568.7M', '1000')
    """
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, int | float):
        return _show_other(value, unit, digits)
    if unit == "" and isinstance(value, int) and abs(value) < 10_000:
        return str(value)
    if unit == "B" and abs(value) < 1024:
        return f"{value:g} B"
    if value == 0:
        return f"0 {unit}".rstrip()
    quantity = _figure_class()(value, unit)
    text = quantity.binary(prec=digits - 1) if unit == "B" else quantity.render(prec=digits - 1)
    return str(text).replace(" u", " µ")


@lru_cache(maxsize=1)
def _figure_class() -> Any:
    from quantiphy import Quantity

    class Figure(Quantity):
        pass

    Figure.set_prefs(output_sf="PTGMkmunp")
    return Figure


def _show_other(value: Any, unit: str, digits: int) -> str:
    """An array by its range; a symbol as it is."""
    if not getattr(value, "ndim", 0):
        return written(value)
    low, high = (show(end.item(), unit, digits) for end in (value.min(), value.max()))
    return low if low == high else f"{low} to {high}"


def written(value: Any, latex: bool = False) -> str:
    r"""A value in words, or in LaTeX. Of a formula each part is printed once, however often it stands there.

    Examples
    --------
    >>> import costmodel as cm
    >>> half = cm.symbols("H", integer=True) // 2
    >>> written(half + 1), written(half, latex=True)
    ('floor(H/2) + 1', '\\left\\lfloor{\\frac{H}{2}}\\right\\rfloor')
    """
    return str(_printer(latex)().doprint(value)) if is_symbolic(value) else str(value)


@lru_cache(maxsize=2)
def _printer(latex: bool) -> Any:
    from sympy.printing.latex import LatexPrinter
    from sympy.printing.str import StrPrinter

    base: Any = LatexPrinter if latex else StrPrinter

    class Remembering(base):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.printed: dict[Any, Any] = {}

        def _print(self, expr: Any, **how: Any) -> Any:
            key = (type(expr), expr, *sorted(how.items()))
            try:
                known = self.printed.get(key)
            except TypeError:  # lists have no hash
                return super()._print(expr, **how)
            if known is None:
                known = self.printed[key] = super()._print(expr, **how)
            return known

    return Remembering
