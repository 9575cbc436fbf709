"""SymPy expressions as a JavaScript function: what stands in several places is worked out once, and roundings are exact."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import sympy as sp
from sympy.printing.jscode import JavascriptCodePrinter


class _Printer(JavascriptCodePrinter):  # type: ignore[misc]
    """Prints an expression; what has a name is printed by its name."""

    def __init__(self) -> None:
        super().__init__({"precision": 17})
        self.names: dict[Any, str] = {}

    def _print(self, expr: Any, **options: Any) -> str:
        name = self.names.get(expr) if isinstance(expr, sp.Basic) else None
        return name if name is not None else str(super()._print(expr, **options))

    def _rounded(self, function: str, argument: Any) -> str:
        """One division of two whole numbers, which is rounded once: what is whole stays whole."""
        content, rest = argument.as_content_primitive()
        above = self._print(content.p * rest) if content.p != 1 else self._print(rest)
        return f"Math.{function}(({above})/{content.q})" if content.q != 1 else f"Math.{function}({above})"

    def _print_floor(self, expr: Any) -> str:
        return self._rounded("floor", expr.args[0])

    def _print_ceiling(self, expr: Any) -> str:
        return self._rounded("ceil", expr.args[0])

    def _print_Rational(self, expr: Any) -> str:  # noqa: N802
        return f"({expr.p}/{expr.q})"

    def _print_Integer(self, expr: Any) -> str:  # noqa: N802
        return str(expr.p)

    def _print_Pow(self, expr: Any) -> str:  # noqa: N802
        """Small powers as products, which are exact."""
        base, exponent = expr.args
        if exponent.is_Integer and 2 <= exponent <= 4:
            return "*".join([self.parenthesize(base, 60)] * int(exponent))
        return str(super()._print_Pow(expr))

    def _print_Piecewise(self, expr: Any) -> str:  # noqa: N802
        *cases, (last, _) = expr.args
        return "(" + "".join(f"({self._print(when)})?({self._print(value)}):" for value, when in cases) + f"({self._print(last)}))"


class Script:
    r"""Collects expressions and prints them as the body of a function.

    Parameters
    ----------
    symbols : mapping
        Symbol to the identifier that it has in the script.

    Examples
    --------
    >>> import sympy as sp
    >>> n = sp.Symbol("n", integer=True, positive=True)
    >>> script = Script({n: "n"})
    >>> script.function("f", ["n"], {"halves": [sp.floor(n / 2 + sp.Rational(1, 2)), sp.floor(n / 2 + sp.Rational(1, 2)) + 1]})
    'function f(n){\nconst $0=Math.floor((n + 1)/2);\nreturn {"halves":[$0,$0 + 1]};\n}\n'
    """

    def __init__(self, symbols: Mapping[Any, str]) -> None:
        self._symbols = dict(symbols)

    def function(self, name: str, arguments: Iterable[str], results: Any) -> str:
        """A function that returns `results`: mappings and lists whose leaves are expressions."""
        printer = _Printer()
        printer.names.update(self._symbols)
        lines: list[str] = []
        for shared in _shared(list(_leaves(results))):
            text = printer._print(shared)
            printer.names[shared] = f"${len(lines)}"
            lines.append(f"const ${len(lines)}={text};\n")
        return f"function {name}({','.join(arguments)}){{\n{''.join(lines)}return {_literal(results, printer)};\n}}\n"


def _leaves(results: Any) -> Iterable[Any]:
    if isinstance(results, Mapping | list):
        for part in results.values() if isinstance(results, Mapping) else results:
            yield from _leaves(part)
    else:
        yield sp.sympify(results)


def _literal(results: Any, printer: _Printer) -> str:
    if isinstance(results, Mapping):
        return "{" + ",".join(f'"{key}":{_literal(value, printer)}' for key, value in results.items()) + "}"
    if isinstance(results, list):
        return "[" + ",".join(_literal(value, printer) for value in results) + "]"
    return printer._print(sp.sympify(results))


def _shared(expressions: list[Any]) -> list[Any]:
    """What stands in more than one place, parts before wholes."""
    uses: Counter[Any] = Counter()
    order: list[Any] = []

    def visit(expression: Any) -> None:
        if not expression.args:
            return
        uses[expression] += 1
        if uses[expression] == 1:
            for part in expression.args:
                visit(part)
            order.append(expression)

    for expression in expressions:
        visit(expression)
    worth = (sp.Expr, sp.logic.boolalg.Boolean)
    return [e for e in order if uses[e] > 1 and isinstance(e, worth) and not _plain(e)]


def _plain(expression: Any) -> bool:
    """A product of a number and a symbol: no longer than its name would be."""
    return bool(expression.is_Mul and len(expression.args) == 2 and expression.args[0].is_Number and expression.args[1].is_Symbol)
