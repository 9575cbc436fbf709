"""Sizes that were recorded as texts: expressions of symbols as SymPy's `srepr` writes them. Nothing is evaluated by Python."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from costmodel._num import Num, ceil_div, floor_div, maximum, minimum, product, total, whole
from costmodel.errors import ReaderError

LONGEST = 20_000


def remainder(a: Num, b: Num) -> Num:
    """What an integer division leaves."""
    return a - floor_div(a, b) * b


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "Integer": lambda n: n,
    "Add": lambda *xs: total(xs),
    "Mul": lambda *xs: product(xs),
    "Pow": lambda a, b: a**b,
    "FloorDiv": floor_div,
    "CleanDiv": floor_div,
    "CeilDiv": ceil_div,
    "Mod": remainder,
    "PythonMod": remainder,
    "ModularIndexing": lambda a, b, c: remainder(floor_div(a, b), c),
    "Max": maximum,
    "Min": minimum,
    "floor": whole,
    "FloorToInt": whole,
    "TruncToInt": whole,
    "ceiling": lambda x: -whole(-x),
    "CeilToInt": lambda x: -whole(-x),
    "ToFloat": lambda x: x,
    "Identity": lambda x: x,
}
"""What the functions of an expression mean; sizes are not negative, so that to floor is to truncate."""


def name_of(text: str) -> str | None:
    """The name where the expression is a single symbol."""
    found = _parsed(text)
    return _symbol(found) if isinstance(found, ast.Call) else None


def value_of(text: str, symbol: Callable[[str], Num]) -> Num:
    """The expression with its symbols replaced."""
    return _value(_parsed(text), symbol)


def _parsed(text: str) -> ast.expr:
    if len(text) > LONGEST:
        raise ReaderError(f"has a size of {len(text)} characters; at most {LONGEST} are read")
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError):
        raise _unreadable(text) from None


def _unreadable(text: str) -> ReaderError:
    return ReaderError(f"has a size that can't be read: {text[:80]!r}")


def _symbol(node: ast.Call) -> str | None:
    is_symbol = isinstance(node.func, ast.Name) and node.func.id == "Symbol" and node.args and isinstance(node.args[0], ast.Constant)
    return str(node.args[0].value) if is_symbol and isinstance(node.args[0], ast.Constant) else None


def _value(node: ast.expr, symbol: Callable[[str], Num]) -> Num:
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand, symbol)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        if (name := _symbol(node)) is not None:
            return symbol(name)
        if node.func.id in FUNCTIONS:
            return FUNCTIONS[node.func.id](*[_value(argument, symbol) for argument in node.args])
    raise _unreadable(ast.unparse(node))
