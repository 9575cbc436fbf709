"""The only place where SymPy symbols and their assumptions are made."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from math import isfinite
from typing import Any

import sympy as sp
from sympy.printing.pycode import PythonCodePrinter

from costmodel.errors import FieldError


class SizeSymbol(sp.Symbol):  # type: ignore[misc]
    """A positive symbol that may know its step: ``multiple_of=32`` for a resolution, ``1/32`` for a width."""

    __slots__ = ("multiple_of",)
    multiple_of: sp.Rational | None

    def __new__(cls, name: str, multiple_of: Any = None, **assumptions: Any) -> SizeSymbol:
        step = None if multiple_of is None else sp.Rational(str(multiple_of))
        assumptions.setdefault("positive", True)
        if step is not None and step.is_integer:
            assumptions["integer"] = True
        symbol: SizeSymbol = sp.Symbol.__xnew__(cls, name, **assumptions)
        symbol.multiple_of = step
        return symbol

    @property
    def unit(self) -> sp.Symbol:
        """The integer that counts the steps: ``symbol = multiple_of * unit``."""
        return sp.Dummy(self.name, dummy_index=0, integer=True, positive=True)

    def __getnewargs_ex__(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (self.name, self.multiple_of), dict(self._assumptions_orig)

    def _hashable_content(self) -> tuple[Any, ...]:
        return (*super()._hashable_content(), str(self.multiple_of))


def symbols(names: str, *, multiple_of: int | str | None = None, **assumptions: bool) -> Any:
    """Symbols for layers, networks and machines.

    Parameters
    ----------
    names : str
        One name or several, separated by spaces or commas.
    multiple_of : int or str, optional
        The step that every value is a multiple of, e.g. 32 or "1/32": roundings then simplify exactly.
    **assumptions : bool
        More SymPy assumptions; all symbols are positive.

    Returns
    -------
    sympy.Symbol or tuple of them
        One symbol for one name, else a tuple.

    Examples
    --------
    >>> import costmodel as cm
    >>> R = cm.symbols("R", multiple_of=32)
    >>> cm.zoo.mobilenet_v1(resolution=R).nodes["conv1"].output_shapes
    ((1, 32, R/2, R/2),)
    """
    if not isinstance(names, str) or not (words := names.replace(",", " ").split()):
        raise FieldError(f"`names` (={names!r}) must hold at least one name")
    try:
        if multiple_of is not None and not sp.Rational(str(multiple_of)) > 0:
            raise ValueError
    except (TypeError, ValueError, ZeroDivisionError):
        raise FieldError(f"`multiple_of` (={multiple_of!r}) must be a positive integer or a fraction such as '1/32'") from None
    made = tuple(SizeSymbol(word, multiple_of, **assumptions) for word in words)
    return made[0] if len(made) == 1 else made


def standing_for(name: str, value: Any) -> SizeSymbol:
    """A symbol for a figure of this value: it assumes what the value is, and no more."""
    if isinstance(value, int | float):
        return SizeSymbol(name, positive=value > 0, integer=True if isinstance(value, int) else None)
    return SizeSymbol(name)


def evaluate(expression: Any, values: Mapping[Any, Any]) -> Any:
    """A formula at one point or on arrays: numbers or numpy arrays for its symbols.

    Parameters
    ----------
    expression : sympy.Expr, ClosedForm or number
        What a symbolic prediction returned, or a `ClosedForm`.
    values : mapping
        Symbol, or its name, to a number or an array.

    Returns
    -------
    int, float or numpy.ndarray
        Of plain numbers the exact value, an int where it is whole.

    Raises
    ------
    FieldError
        A symbol without a value, or a value that is no multiple of its symbol's step.

    Examples
    --------
    >>> import costmodel as cm
    >>> alpha, R = cm.symbols("alpha", multiple_of="1/32"), cm.symbols("R", multiple_of=32)
    >>> cm.evaluate(cm.zoo.mobilenet_v1(alpha, R).macs, {alpha: 0.75, R: 224})
    325400448
    """
    expression = getattr(expression, "expression", expression)
    free = getattr(expression, "free_symbols", None)
    if free is None:
        if isinstance(expression, bool | int | float | str) or hasattr(expression, "__array_ufunc__"):
            return expression
        raise FieldError(f"`expression` must be a figure or a formula, got {type(expression).__name__}")
    given = {str(k): v for k, v in dict(values).items()}
    if missing := sorted({s.name for s in free} - given.keys()):
        raise FieldError(f"no value for {', '.join(missing)}; given are {', '.join(sorted(given)) or 'none'}")
    arguments = tuple(sorted(free, key=str))
    numbers = [_checked(symbol, given[symbol.name]) for symbol in arguments]
    if any(hasattr(n, "__array_ufunc__") for n in numbers):
        return _on_arrays(expression, arguments, numbers)
    result = _compiled(expression, arguments, exact=True)(*numbers)
    if isinstance(result, Fraction):
        return int(result) if result.denominator == 1 else float(result)
    return result


def _on_arrays(expression: Any, arguments: tuple[Any, ...], numbers: list[Any]) -> Any:
    """In floats where whole numbers would overflow."""
    import numpy as np

    formula = _compiled(expression, arguments, exact=False)
    floats = [np.asarray(n, dtype=np.float64) for n in numbers]
    approximate = formula(*floats)
    whole = all(np.asarray(n).dtype.kind == "i" for n in numbers)
    kind = np.asarray(approximate).dtype.kind
    if whole and kind == "f" and np.abs(approximate).max(initial=0) < 2**53:
        return formula(*(np.asarray(n, dtype=np.int64) for n in numbers))
    return approximate


def valued(values: Mapping[Any, Any]) -> dict[Any, Any]:
    """Numbers, or other symbols, for symbols as `xreplace` takes them: each within what its symbol assumes."""
    return {symbol: value if hasattr(value, "free_symbols") else sp.Rational(_checked(symbol, value)) for symbol, value in values.items()}


def _checked(symbol: Any, number: Any) -> Any:
    """A value within what its symbol assumes: roundings and case distinctions of a formula rest on it."""
    values = set(number.ravel().tolist()) if hasattr(number, "ravel") else (number,)
    step = getattr(symbol, "multiple_of", None)
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int | float | Fraction) or not isfinite(value):
            raise FieldError(f"`{symbol}` (={value!r}) must be a finite number or an array of them")
        if symbol.is_positive and value <= 0:
            raise FieldError(f"`{symbol}` (={value}) must be positive")
        if symbol.is_integer and value != int(value):
            raise FieldError(f"`{symbol}` (={value}) must be an integer")
        if step is not None and (Fraction(str(value)) / Fraction(step.p, step.q)).denominator != 1:
            raise FieldError(f"`{symbol}` (={value}) must be a multiple of {step}, for which the formula was made")
    return number if hasattr(number, "ravel") or isinstance(number, int) else Fraction(str(number))


class _ExactPrinter(PythonCodePrinter):  # type: ignore[misc]
    """Prints rational numbers as fractions, so that counts stay exact."""

    def _print_Rational(self, expr: Any) -> str:  # noqa: N802
        return f"Fraction({expr.p}, {expr.q})"


@lru_cache(maxsize=256)
def _compiled(expression: Any, arguments: tuple[Any, ...], exact: bool) -> Any:
    if not exact:
        return sp.lambdify(arguments, expression, modules="numpy", cse=True)
    printer = _ExactPrinter({"fully_qualified_modules": False, "inline": True, "allow_unknown_functions": True})
    modules = [{"Fraction": Fraction}, "math"]
    return sp.lambdify(arguments, expression, modules=modules, printer=printer, cse=True)
