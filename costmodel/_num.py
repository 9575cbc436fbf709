"""The carriers: one line of arithmetic for an int, a numpy array and a SymPy expression.

Formulas use ``+ - *`` and the helpers below, nothing else. Neither numpy nor SymPy is imported here:
whoever made the array or the symbol has already imported it.
"""

import math
import sys
from collections.abc import Iterable
from functools import lru_cache
from types import ModuleType
from typing import Any

Num = Any
"""An ``int``, ``float``, ``numpy.ndarray`` (int64 or float64) or ``sympy.Expr``."""


def is_symbolic(x: object) -> bool:
    """Whether `x` is a SymPy expression."""
    return hasattr(type(x), "free_symbols")  # asking `x` itself would collect them


def is_open(x: Num) -> bool:
    """Whether a symbol stands anywhere in `x`; found at the first, where `free_symbols` would collect all."""
    return is_symbolic(x) and (bool(x.is_Symbol) or any(map(is_open, x.args)))


def is_array(x: object) -> bool:
    """Whether `x` is a numpy array."""
    return hasattr(x, "__array_ufunc__") and getattr(x, "ndim", 0) > 0


def library(*xs: Num) -> ModuleType | None:
    """The module that works on `xs`: ``sympy``, ``numpy``, or None where they are plain numbers."""
    symbols = arrays = False
    for x in xs:
        if type(x) is int or type(x) is float:
            continue
        if is_symbolic(x):
            symbols = True
        elif hasattr(x, "__array_ufunc__"):
            arrays = True
    if symbols and arrays:
        raise TypeError(f"an array and a symbol meet in one formula: {xs}; evaluate the symbol first")
    return sys.modules["sympy"] if symbols else sys.modules["numpy"] if arrays else None


def _sympy(*xs: Num) -> ModuleType | None:
    module = library(*xs)
    return module if module is not None and module.__name__ == "sympy" else None


def floor_div(a: Num, b: Num) -> Num:
    """The largest integer at most ``a / b`` of two integers; a symbol stands for an integer."""
    if type(a) is int and type(b) is int:
        return a // b
    if (sp := _sympy(a, b)) is not None:
        return a if b == 1 else _floor(sp, sp.sympify(a) / b)
    return a // b


def ceil_div(a: Num, b: Num) -> Num:
    """The smallest integer at least ``a / b`` of two integers; a symbol stands for an integer."""
    if type(a) is int and type(b) is int:
        return -(-a // b)
    if (sp := _sympy(a, b)) is not None:
        return a if b == 1 else _floor(sp, sp.sympify(a) / b, sp.ceiling)
    return -(-a // b)


def whole(x: Num) -> Num:
    """``floor(x)`` as an exact integer: the only way from a fraction (a width multiplier) to a count."""
    if type(x) is int:
        return x
    if (module := library(x)) is None:
        return math.floor(x)
    return _floor(module, x) if module.__name__ == "sympy" else (x // 1).astype("int64")


@lru_cache(maxsize=4096)
def _floor(sp: Any, x: Num, rounding: Any = None) -> Num:
    """Round, knowing each symbol's step: floor(R/2 - 1/2) is R/2 - 1 where R is a multiple of 32."""
    if x.is_integer:
        return x
    rounding = rounding or sp.floor
    steps = {s: s.multiple_of * s.unit for s in x.free_symbols if getattr(s, "multiple_of", None)}
    if not steps:
        splits = x.is_Add or x.could_extract_minus_sign()  # else there is no whole part to take out, for which SymPy looks long
        return rounding(x, evaluate=splits)
    back = {s.unit: s / s.multiple_of for s in steps}
    return rounding(sp.expand(x.xreplace(steps))).xreplace(back)


def divides(step: Num, x: Num) -> Num:
    """Whether `step` divides `x`: a bool, or the open condition where a symbol leaves it open."""
    if type(step) is int and (step == 1 or type(x) is int):
        return step == 1 or x % step == 0
    if (sp := _sympy(step, x)) is None:
        return x % step == 0
    quotient = sp.sympify(x) / step
    if (_floor(sp, quotient) - quotient).is_zero or quotient.is_integer:
        return True
    return sp.Eq(sp.Mod(x, step), 0)


def equal(a: Num, b: Num) -> Num:
    """Whether two sizes agree: a bool, or the open condition."""
    if (sp := _sympy(a, b)) is None:
        return a == b
    return True if a == b else _equality(sp, a, b)


@lru_cache(maxsize=4096)
def _equality(sp: Any, a: Num, b: Num) -> Num:
    """SymPy thinks long about roundings, and networks ask the same again and again."""
    return _settled(sp.Eq(a, b))


def at_most(a: Num, b: Num) -> Num:
    """Whether ``a <= b``: a bool, an array of them, or the open condition."""
    if (sp := _sympy(a, b)) is None:
        return a <= b
    return sp.Le(a, b, evaluate=False)


def _settled(condition: Num) -> Num:
    """A SymPy truth value as a bool; anything still open unchanged."""
    return bool(condition) if getattr(condition, "is_Boolean", False) and not is_open(condition) else condition


def maximum(*xs: Num) -> Num:
    """The largest; of symbols an unevaluated ``Max``."""
    return _extreme(xs, max, "maximum", "Max")


def minimum(*xs: Num) -> Num:
    """The smallest; of symbols an unevaluated ``Min``."""
    return _extreme(xs, min, "minimum", "Min")


def _extreme(xs: tuple[Num, ...], plain: Any, ufunc: str, symbol: str) -> Num:
    if len(xs) == 1:
        return xs[0]
    if (module := library(*xs)) is None:
        return plain(xs)
    if module.__name__ == "sympy":
        numbers = [x for x in xs if not is_symbolic(x) or x.is_Number]
        symbols = list(dict.fromkeys(x for x in xs if is_symbolic(x) and not x.is_Number))
        terms = symbols + ([module.sympify(plain(numbers))] if numbers else [])
        return terms[0] if len(terms) == 1 else getattr(module, symbol)(*terms, evaluate=False)
    result, *rest = xs
    for x in rest:
        result = getattr(module, ufunc)(result, x)
    return result


def total(xs: Iterable[Num]) -> Num:
    """The sum; of symbols one ``Add``, never a running sum."""
    terms = xs if type(xs) is tuple or type(xs) is list else tuple(xs)
    for x in terms:
        if type(x) is not int:
            sp = _sympy(*terms)
            return sum(terms) if sp is None else sp.Add(*terms)
    return terms[0] if len(terms) == 1 else sum(terms)


def product(xs: Iterable[Num]) -> Num:
    """The product; 1 for none."""
    result: Num = 1
    for x in xs:
        result = result * x
    return result


def round_up(x: Num, step: Num) -> Num:
    """The smallest multiple of `step` that is at least `x`."""
    return ceil_div(x, step) * step


def where(condition: Num, a: Num, b: Num) -> Num:
    """`a` where the condition holds, else `b`: the one conditional on a carrier."""
    if condition is True or condition is False:
        return a if condition else b
    if is_symbolic(condition):
        sp: Any = sys.modules["sympy"]
        if a == b:
            return a
        if not is_open(condition):
            return a if bool(condition.doit()) else b
        return sp.Piecewise((a, condition), (b, True), evaluate=False)
    return sys.modules["numpy"].where(condition, a, b)


def sqrt(x: Num) -> Num:
    """The square root."""
    module = library(x)
    return math.sqrt(x) if module is None else module.sqrt(x)


def log2(x: Num) -> Num:
    """The logarithm to the base 2."""
    if (module := library(x)) is None:
        return math.log2(x)
    return module.log(x, 2) if module.__name__ == "sympy" else module.log2(x)


def ratio(a: Num, b: Num) -> Num:
    """``a / b``, and 0 where `b` is 0."""
    if (module := library(a, b)) is None:
        return a / b if b else 0.0
    if module.__name__ == "sympy":
        return module.sympify(a) / b if b != 0 else module.Integer(0)
    return module.divide(a, b, out=module.zeros(module.broadcast(a, b).shape), where=b != 0)


def bytes_of(elements: Num, bits: Num) -> Num:
    """Bytes that `elements` values of `bits` bits each take, packed."""
    if type(bits) is int and bits % 8 == 0:
        return elements * (bits // 8)
    return ceil_div(elements * bits, 8)


def ceil_log2(x: Num) -> Num:
    """The smallest integer n with ``2**n >= x``, of an integer of at least 1."""
    if type(x) is int:
        return (x - 1).bit_length()
    module: Any = library(x)
    if module is None:
        return math.ceil(math.log2(x))
    if module.__name__ == "sympy":
        return module.ceiling(module.log(x, 2))
    return module.ceil(module.log2(x)).astype("int64")
