"""Sizes as texts: names, and integer arithmetic of names. Nothing is evaluated by Python."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable
from typing import Any

from costmodel._num import Num

LONGEST = 200
"""The most characters that the text of a size is taken to have."""

IS_NAME = re.compile(r"[^\W\d][\w.:/-]*").fullmatch
"""A letter or _, then letters, digits and _ . : / -"""

OPERATIONS: dict[type, Callable[[Any, Any], Any]] = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul}


def symbol(name: str) -> Num:
    """The symbol of a size."""
    from costmodel._symbols import SizeSymbol

    return SizeSymbol(name, integer=True)


def safe(name: str) -> str:
    """A name of a size made of any text."""
    name = re.sub(r"[^\w.:/-]", "_", name)
    return name if IS_NAME(name) else f"_{name}"


def size_of(text: str, named: Callable[[str], Num] = symbol) -> Num | None:
    """The size that a text says: a name, or integers and names with + - * between; None where it is neither.

    ``H-1`` is a name, since names may have dashes; ``H - 1`` is arithmetic.
    """
    text = text.strip()
    if len(text) > LONGEST:
        return None
    if IS_NAME(text):
        return named(text)
    try:
        size = _value(ast.parse(text, mode="eval").body, named)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return size if type(size) is not int or size >= 0 else None


def _value(node: ast.expr, named: Callable[[str], Num]) -> Num:
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    if isinstance(node, ast.Name):
        return named(node.id)
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATIONS:
        return OPERATIONS[type(node.op)](_value(node.left, named), _value(node.right, named))
    raise ValueError(ast.dump(node))
