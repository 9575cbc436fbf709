"""A derivation: a formula, the values of its symbols, the result and where the formula is from; and how people see it."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import sympy as sp
from sympy.printing.latex import LatexPrinter
from sympy.printing.str import StrPrinter

from costmodel import quantities
from costmodel._num import Num, is_array, is_symbolic
from costmodel._symbols import evaluate, standing_for
from costmodel.errors import UnknownNameError
from costmodel.tables import Column, Table

_MANY_TERMS = 8
"""A sum of more is shown by its number of terms and the largest."""


class Symbols:
    """Symbols by name; one name stands for one value, and another value gets a name of its own."""

    def __init__(self) -> None:
        self.values: dict[Any, Num] = {}
        self._taken: dict[str, tuple[Any, Num]] = {}

    def __call__(self, name: str, value: Num) -> Any:
        """The symbol that stands for `value`, called `name` or, where that stands for another value, `name_2`, `name_3`, ..."""
        for number in range(1, 10_000):
            full = name if number == 1 else f"{name}_{number}"
            if full not in self._taken:
                self._taken[full] = standing_for(full, value), value
                break
            if self._taken[full][1] is value or (not is_array(value) and self._taken[full][1] == value):
                break
        symbol, _ = self._taken[full]
        self.values[symbol] = value
        return symbol


class Derivation(NamedTuple):
    """How one figure came about.

    Attributes
    ----------
    figure : str
        Its name, as in the JSON of a prediction.
    unit : str
    formula : sympy.Expr
        Of the symbols in `values`.
    values : dict
        Symbol to the value that was used.
    result : int, float, array, symbol or str
        The figure.
    sources : tuple of str
        Where the formula is from.
    math : str
        The formula as its docstring prints it, in LaTeX; "" where it is a sum of others.
    remarks : tuple of str
        What else to know: which maps stay on chip, which layers are the largest.
    """

    figure: str
    unit: str
    formula: Any
    values: dict[Any, Num]
    result: Any
    sources: tuple[str, ...] = ()
    math: str = ""
    remarks: tuple[str, ...] = ()

    @property
    def used(self) -> dict[str, Num]:
        """The values of the symbols that stand in the formula, by name."""
        free: set[Any] = getattr(self.formula, "free_symbols", set())
        return {symbol.name: value for symbol, value in self.values.items() if symbol in free}

    def evaluate(self) -> Num:
        """The formula worked out anew with its values: the result, up to the rounding of floats."""
        if not is_symbolic(self.formula):
            return self.formula
        if any(is_symbolic(value) for value in self.used.values()):
            return self.formula.xreplace(self.values)
        return evaluate(self.formula, self.used)

    @property
    def formula_text(self) -> str:
        """The formula in words: batch × in_channels."""
        return _pretty(StrPrinter, self._shown, None)

    @property
    def values_text(self) -> str:
        """The formula with its values in place: 1 × 3."""
        return _pretty(StrPrinter, self._shown, self.values)

    @property
    def result_text(self) -> str:
        """The result for people, and exactly where that says less."""
        if not isinstance(self.result, int | float) or isinstance(self.result, bool):
            return quantities.show(self.result, self.unit) if not isinstance(self.result, str) else self.result
        if self.unit == "%":
            return f"{self.result:.6g} = {100 * self.result:.2f} %"
        exact = f"{self.result:,} {self.unit}" if isinstance(self.result, int) else f"{self.result:.6g} {self.unit}"
        short = quantities.show(self.result, self.unit)
        return exact.rstrip() if exact.replace(",", "").rstrip() == short else f"{exact.rstrip()} = {short}"

    @property
    def _shown(self) -> Any:
        """The formula, without the terms of a long sum."""
        terms = sp.Add.make_args(self.formula) if is_symbolic(self.formula) else ()
        if len(terms) <= _MANY_TERMS:
            return self.formula
        value = self.values.__getitem__
        known = [term for term in terms if term in self.values and isinstance(value(term), int | float)]
        largest = sorted(known, key=lambda term: (-value(term), term.name))[: _MANY_TERMS // 2]
        rest = sp.Symbol(f"{len(terms) - len(largest)} more")
        self.values.setdefault(rest, _plain_sum([value(term) for term in terms if term not in largest and term in self.values]))
        return sp.Add(*largest, rest, evaluate=False)

    @property
    def is_plain(self) -> bool:
        """Whether it is a number and no formula."""
        return not getattr(self.formula, "free_symbols", None)

    def to_text(self) -> str:
        """Formula, values, result and source, a line each."""
        head = f"{self.figure} "
        lines = [head + "= " + (self.result_text if self.is_plain else self.formula_text)]
        if not self.is_plain:
            if self.values_text != self.result_text:
                lines.append(" " * len(head) + "= " + self.values_text)
            lines.append(" " * len(head) + "= " + self.result_text)
        lines += [f"  {remark}" for remark in self.remarks]
        return "\n".join([*lines, *(f"  source: {source}" for source in self.sources)]) + "\n"

    def to_latex(self) -> str:
        """The steps as aligned equations."""
        steps = [] if self.is_plain else [_pretty(LatexPrinter, self._shown, None), _pretty(LatexPrinter, self._shown, self.values)]
        steps.append(rf"\text{{{_escaped(self.result_text)}}}" if not is_symbolic(self.result) else sp.latex(self.result))
        return rf"\begin{{aligned}} {_name(self.figure)} &= " + r" \\ &= ".join(steps) + r" \end{aligned}"

    def to_markdown(self) -> str:
        """The steps as a formula, the source below."""
        parts = [f"**{self.figure}**", "", f"$${self.to_latex()}$$", ""]
        parts += [f"- {_inert(remark)}" for remark in self.remarks]
        parts += [f"- {f'${self.math}$; ' if self.math else ''}source: {_inert(source)}" for source in self.sources]
        return "\n".join(parts) + "\n"

    def table(self, *, exact: bool = False) -> Table:
        """One row: formula, values, result and source; `exact` has the result as a number."""
        return table([self], exact=exact)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values."""
        return {
            "figure": self.figure, "unit": self.unit, "formula": str(self.formula), "values": self.used, "result": self.result,
            "sources": list(self.sources), "remarks": list(self.remarks),
        }  # fmt: skip

    def _repr_markdown_(self) -> str:
        return self.to_markdown()

    def _repr_latex_(self) -> str:
        return f"$${self.to_latex()}$$"

    def __repr__(self) -> str:
        return self.to_text()


def table(derivations: Iterable[Derivation], title: str = "", notes: Sequence[str] = (), exact: bool = False) -> Table:
    """One row a figure: formula, values, result and source; `exact` has the result as a number, with its unit beside."""
    columns = [Column(key, key) for key in ("figure", "formula", "values", "result", *(["unit"] if exact else []), "source")]
    rows = [
        {"figure": d.figure, "formula": d.formula_text, "values": d.values_text, "result": d.result if exact else d.result_text,
         "unit": d.unit, "source": "; ".join(d.sources)}
        for d in derivations
    ]  # fmt: skip
    return Table(columns, rows, title=title, notes=notes)


class Explanation(Mapping[str, Derivation]):
    """How the figures of a layer, or of the whole network, came about: derivations by figure.

    `explanation["macs"]` is the derivation of one figure. Made by `Prediction.explain`.
    """

    def __init__(self, title: str, derivations: list[Derivation], notes: list[str]) -> None:
        self.title = title
        self.notes = tuple(notes)
        self._derivations = {derivation.figure: derivation for derivation in derivations}

    def __getitem__(self, figure: str) -> Derivation:
        if figure not in self._derivations:
            raise UnknownNameError.of("figure", figure, self._derivations)
        return self._derivations[figure]

    def __iter__(self) -> Iterator[str]:
        return iter(self._derivations)

    def __len__(self) -> int:
        return len(self._derivations)

    def __contains__(self, figure: object) -> bool:
        return figure in self._derivations

    def _ipython_key_completions_(self) -> list[str]:
        return list(self)

    @property
    def _told(self) -> tuple[list[Derivation], str]:
        """What is worth telling, and the figures that are nothing, in one line."""
        nothing = [d.figure for d in self.values() if d.is_plain and isinstance(d.result, int | float) and d.result == 0]
        return [d for d in self.values() if d.figure not in nothing], f"0: {', '.join(nothing)}" if nothing else ""

    def to_text(self) -> str:
        """Every figure with its formula, values, result and source."""
        told, nothing = self._told
        return "\n".join([self.title + "\n", *(d.to_text() for d in told), *([nothing + "\n"] if nothing else []), *self.notes]) + "\n"

    def to_markdown(self) -> str:
        """The same with formulas in LaTeX."""
        told, nothing = self._told
        tail = [nothing + "\n"] if nothing else []
        return (
            "\n".join([f"**{_inert(self.title)}**\n", *(d.to_markdown() for d in told), *tail, "; ".join(map(_inert, self.notes))]) + "\n"
        )

    def to_latex(self) -> str:
        """The formulas one below the other (amsmath); sources as comments."""
        told, _ = self._told
        parts = [f"% {self.title}", *(f"% {note}" for note in self.notes)]
        for derivation in told:
            parts += [f"% {derivation.figure}: {source}" for source in derivation.sources]
            parts.append(rf"\[ {derivation.to_latex()} \]")
        return "\n".join(parts) + "\n"

    def table(self, *, exact: bool = False) -> Table:
        """One row a figure: formula, values, result and source; `exact` has the result as a number."""
        return table(self.values(), self.title, self.notes, exact)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values."""
        return {"schema": 1, "title": self.title, "figures": {d.figure: d.to_dict() for d in self.values()}, "notes": list(self.notes)}

    def to_json(self) -> str:
        """Everything as JSON; plain numbers only."""
        from costmodel.tables.table import to_json

        return to_json(self.to_dict())

    def _repr_markdown_(self) -> str:
        return self.to_markdown()

    def __repr__(self) -> str:
        return self.to_text()


def _plain_sum(values: list[Num]) -> Num:
    return sum(values)


def _pretty(printer: Any, expression: Any, values: Mapping[Any, Num] | None) -> str:
    """An expression with the names of its symbols, or with their values in place."""
    if not is_symbolic(expression):
        return str(expression)
    if printer is LatexPrinter:
        latex: Callable[[Any], str] = lambda s: _name(s.name) if values is None else _value_latex(values.get(s, s))  # noqa: E731
        names = {symbol: latex(symbol) for symbol in expression.free_symbols}
        return str(LatexPrinter({"symbol_names": names, "mul_symbol": "times", "order": "none"}).doprint(expression))
    text = str(_Words(values, {"order": "none"}).doprint(expression))
    for printed, wanted in (
        ("**", "^"),
        ("*", " × "),
        ("/", " / "),
        ("\0", "/"),
        ("ceiling(", "ceil("),
        ("Max(", "max("),
        ("Min(", "min("),
    ):
        text = text.replace(printed, wanted)
    return text


class _Words(StrPrinter):  # type: ignore[misc]
    """Prints a symbol by its name or by its value."""

    def __init__(self, values: Mapping[Any, Num] | None, settings: dict[str, Any]) -> None:
        super().__init__(settings)
        self._of = values

    def _print_Symbol(self, expr: Any) -> str:  # noqa: N802
        text = expr.name if self._of is None else _value(self._of.get(expr, expr))
        return str(text).replace("/", "\0")


def _value(value: Any) -> str:
    if is_symbolic(value) or is_array(value):
        return f"({quantities.show(value)})"
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _value_latex(value: Any) -> str:
    if is_symbolic(value):
        return rf"\left({sp.latex(value)}\right)"
    if isinstance(value, float) and "e" in (text := f"{value:.12g}"):
        mantissa, _, exponent = text.partition("e")
        return rf"{mantissa} \cdot 10^{{{int(exponent)}}}"
    return _value(value)


def _name(name: str) -> str:
    return rf"\mathrm{{{_escaped(name)}}}"


def _escaped(text: str) -> str:
    special = {"\\": r"\backslash ", "~": r"\sim ", "^": r"\hat{}"}
    return "".join(special.get(ch, "\\" + ch if ch in "&%$#_{}" else ch) for ch in text)


def _inert(text: str) -> str:
    """A text that Markdown takes as it is."""
    return html.escape(text, quote=False).replace("*", r"\*").replace("_", r"\_").replace("$", r"\$").replace("|", r"\|")
