"""Arithmetic on numbers that are known while a file is read: integers, floats, truth values, and symbols among them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from costmodel._num import equal, floor_div, maximum, minimum
from costmodel.errors import ReaderError
from costmodel.readers._importer import Operator
from costmodel.readers._values import MOST_KNOWN, MOST_TERMS, Value, known, sources_of, terms

Array = Any
MOST_SIZE = 2**62
"""A larger whole number is no size; nothing is computed with it."""


def folded(fold: Callable[..., Any] | None, operator: Operator) -> list[Value | None] | None:
    """The outputs of an operator where all that goes in is known: they are computed now, as a compiler does; else None."""
    if fold is None:
        return None
    arrays: list[Array | None] = []
    for value in operator.inputs:
        if value is None:
            arrays.append(None)
        elif not value.has_data or (data := value.data) is None:
            return None
        else:
            arrays.append(data)
    result = fold(operator, *arrays)
    if result is None:
        return None
    results = [np.asarray(r) for r in (result if isinstance(result, list) else [result])]
    results = [tidy(r) if r.dtype == object else r for r in results]
    if sum(r.size for r in results) > MOST_KNOWN:
        return None
    values: list[Value | None] = []
    for array in results:
        dtype = "int64" if array.dtype.kind == "O" else str(array.dtype)
        made_of = sources_of(operator.inputs) if array.dtype.kind == "f" and array.size > 1 else ()
        values.append(known(array, dtype, tuple([stored for stored in made_of if stored.is_float and stored.elements != 1])))
    return values


def _broadcasts(arrays: tuple[Array, ...]) -> bool:
    count = 1
    for size in np.broadcast_shapes(*(a.shape for a in arrays)):
        count *= size
    return count <= MOST_KNOWN


def lifted(plain: Callable[..., Any], symbolic: Callable[..., Any] | None = None) -> Callable[..., Any]:
    """A fold: `plain` on numbers, `symbolic` on each element where some are symbols; None where it can't."""

    def fold(op: Any, *arrays: Array) -> Array | None:
        if not arrays or not _broadcasts(arrays):
            return None
        if any(a.dtype == object for a in arrays):
            if symbolic is None:
                return None
            made = np.frompyfunc(symbolic, len(arrays), 1)(*(a.astype(object) for a in arrays))
            made = np.asarray(made, dtype=object)
            return tidy(made) if all(map(_is_size, made.ravel())) else None
        with np.errstate(all="ignore"):
            return np.asarray(plain(*arrays))

    return fold


def _is_size(entry: Any) -> bool:
    """Whether an entry is known and not beyond measure."""
    return entry is not None and (abs(entry) <= MOST_SIZE if type(entry) is int else terms(entry) <= MOST_TERMS)


def tidy(array: Array) -> Array:
    """An array of objects as integers or truth values where no symbol is left."""
    entries = array.ravel().tolist()
    if entries and all(type(e) is bool for e in entries):
        return array.astype(bool)
    if all(type(e) is int or getattr(e, "is_Integer", False) for e in entries):
        return array.astype(np.int64)
    return array


def numbers_of(shape: Any) -> Array:
    """Sizes as an array: of integers, or of objects where some are symbols."""
    if all(type(n) is int for n in shape):
        return np.array(shape, dtype=np.int64)
    made = np.empty(len(shape), dtype=object)
    made[:] = shape
    return made


def settled(condition: Any) -> bool | None:
    """A condition as a truth value; None where symbols leave it open."""
    if condition is True or condition is False:
        return condition
    return bool(condition) if getattr(condition, "is_Boolean", False) and not condition.free_symbols else None


def divide(a: Array, b: Array) -> Array:
    """Integers are divided towards zero, as in C."""
    if a.dtype.kind in "iu" and b.dtype.kind in "iu":
        _require_divisor(np.all(b))
        quotient = np.abs(a) // np.abs(b) * np.sign(a) * np.sign(b)
        return np.asarray(quotient, dtype=a.dtype)
    return np.divide(a, b)


def divided(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that divides: of integers it refuses to by 0, where numpy would give 0."""

    def checked(a: Array, b: Array) -> Array:
        _require_divisor(a.dtype.kind == "f" or b.dtype.kind == "f" or np.all(b))
        return np.asarray(function(a, b))

    return checked


def symbolic_floor(a: Any, b: Any) -> Any:
    """The quotient of two sizes as a whole number."""
    _require_divisor(b != 0)
    return floor_div(a, b)


def symbolic_modulo(a: Any, b: Any) -> Any:
    """What the division of two sizes leaves."""
    return a - b * symbolic_floor(a, b)


def _require_divisor(nowhere_zero: Any) -> None:
    if not nowhere_zero:
        raise ReaderError("divides an integer by 0")


def equality(a: Any, b: Any) -> bool | None:
    """Whether two sizes agree; None where it is open."""
    return settled(equal(a, b))


def less(a: Any, b: Any) -> bool | None:
    """Whether a < b; None where it is open."""
    return settled(a < b) if a is not b else False


def symbolic_divide(a: Any, b: Any) -> Any:
    """A size divided by a size; floats divide exactly."""
    return a / b if isinstance(b, float) else symbolic_floor(a, b)


def power(a: Any, b: Any) -> Any:
    """A small power of a size; None where it is none."""
    return a**b if isinstance(b, int | float) and abs(b) <= 8 and not isinstance(a, int) else None


def negated(fold: Callable[..., Any]) -> Callable[..., Any]:
    """The opposite of a comparison."""

    def other(a: Any, b: Any) -> bool | None:
        found = fold(a, b)
        return None if found is None else not found

    return other


def swapped(fold: Callable[..., Any]) -> Callable[..., Any]:
    """A comparison with its operands exchanged."""
    return lambda a, b: fold(b, a)


def chained(two: Callable[..., Any]) -> Callable[..., Any]:
    """A function of two as one of many."""

    def many(*xs: Any) -> Any:
        result, *rest = xs
        for x in rest:
            result = two(result, x)
        return result

    return many


symbolic_maximum, symbolic_minimum = chained(maximum), chained(minimum)
