"""Conditions such as "peak_live_bytes <= 1 MiB and time_serial_s <= 10 ms": read by a small parser of our own, units checked."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, NamedTuple

from costmodel import quantities
from costmodel._num import Num, maximum
from costmodel.errors import FieldError, QuantityError, UnknownNameError
from costmodel.hardware.machine import SHORT

Dimension = tuple[tuple[str, int], ...]
"""Powers of "B", "s", "op" and "J"; empty where something is counted."""

_DIMENSIONS: dict[str, Dimension] = {
    "count": (),
    "bytes": (("B", 1),),
    "bytes_per_s": (("B", 1), ("s", -1)),
    "mac_flops_per_s": (("op", 1), ("s", -1)),
    "other_ops_per_s": (("op", 1), ("s", -1)),
    "s": (("s", 1),),
    "j": (("J", 1),),
    "j_per_byte": (("B", -1), ("J", 1)),
    "hz": (("s", -1),),
}
"""Of every dimension of `quantities`."""

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?:\s*(?P<unit>%|(?!(?:and|of|within)\b)[A-Za-zµμ]+(?:/[A-Za-z]+)?)(?![\w.]))?"
    r"|(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)|(?P<sign><=|>=|==|!=|[<>=+\-*/()%])|(?P<wrong>\S))"
)
_MOST_TOKENS = 200
_WORTH: dict[str, Callable[[Num, Num], Num]] = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
_HOLDS: dict[str, Callable[[Num, Num], Any]] = {"<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt}
_VERDICTS = {
    "fits_sram": ("peak_live_bytes", "hardware.sram_bytes"),
    "fits_flash": ("weight_bytes", "hardware.flash_bytes"),
}
"""Verdicts that stand alone, as what they compare."""


class Term(NamedTuple):
    """A number, a name, or two terms with a sign between."""

    sign: str
    """"number", "name", or one of + - * /."""
    content: Any
    dimension: Dimension | None
    """None of a bare number, which goes with any."""

    def value(self, figures: Mapping[str, Num]) -> Num:
        """Its worth, with these figures for its names."""
        if self.sign == "number":
            return self.content
        if self.sign == "name":
            return figures[self.content]
        left, right = self.content
        try:
            return _WORTH[self.sign](left.value(figures), right.value(figures))
        except ZeroDivisionError:
            raise FieldError(f"{' and '.join(right.names) or 'what stands below a /'} is 0, which divides nothing") from None

    @property
    def names(self) -> tuple[str, ...]:
        """The names in it, in order."""
        if self.sign in ("number", "name"):
            return (self.content,) if self.sign == "name" else ()
        return tuple(dict.fromkeys([*self.content[0].names, *self.content[1].names]))


class Condition(NamedTuple):
    """Two terms and how they must stand to each other."""

    left: Term
    relation: str
    """<=, <, >= or >."""
    right: Term
    text: str

    @property
    def strict(self) -> bool:
        """Whether equality is not enough."""
        return "=" not in self.relation

    @property
    def names(self) -> tuple[str, ...]:
        """The names in it, in order."""
        return tuple(dict.fromkeys([*self.left.names, *self.right.names]))

    def holds(self, figures: Mapping[str, Num]) -> Any:
        """Whether it holds: a bool, or an array of them."""
        return _HOLDS[self.relation](self.left.value(figures), self.right.value(figures))

    def gap(self, figures: Mapping[str, Num]) -> Num:
        """What is too much: at most 0 where it holds."""
        left, right = self.left.value(figures), self.right.value(figures)
        return left - right if self.relation in ("<=", "<") else right - left

    def miss(self, figures: Mapping[str, Num]) -> Num:
        """What is too much, as a share of what it is measured by; 0 where it holds."""
        scale = abs(self.right.value(figures))
        return maximum(0, self.gap(figures) / (scale + (scale == 0)))


def conditions(text: str, known: Mapping[str, Dimension] | None = None) -> tuple[Condition, ...]:
    """The conditions of a text, joined by "and".

    Parameters
    ----------
    text : str
        Figures, numbers with units and ``+ - * / ( )``, with <=, <, >= or > between; "a within 5 % of b" means that neither is more
        than 5 % of b away; `fits_sram` and `fits_flash` stand alone. A bare number is in the unit that the name beside it ends in.
    known : mapping, optional
        The names that may stand in it, with their dimensions; None takes any name, by its ending.

    Returns
    -------
    tuple of Condition

    Raises
    ------
    FieldError
        A text that is no condition.
    QuantityError
        Units that do not go together.
    UnknownNameError
        A name that is not known.

    Examples
    --------
    >>> first, second = conditions("peak_live_bytes <= 1 MiB and time_serial_s < 10 ms")
    >>> first.right.value({}), second.holds({"time_serial_s": 0.009})
    (1048576, True)
    """
    if not isinstance(text, str):
        raise FieldError(f'a condition must be a text such as "time_serial_s <= 5 ms", got {type(text).__name__}')
    return _Parser(text, known).all()


def long_name(name: str) -> str:
    """`hardware.ddr` in full: hardware.ddr_bytes_per_s; every other name as it is.

    >>> long_name("hardware.ddr"), long_name("macs")
    ('hardware.ddr_bytes_per_s', 'macs')
    """
    room, dot, figure = name.partition(".")
    return f"hardware.{SHORT.get(figure, figure)}" if dot and room == "hardware" else name


def dimension_of(name: str) -> Dimension:
    """The dimension that a name ends in or holds, e.g. bytes of `ddr_bytes_bound`.

    >>> dimension_of("time_serial_s"), dimension_of("inferences_per_s"), dimension_of("macs")
    ((('s', 1),), (('s', -1),), ())
    """
    last = name.rpartition(".")[2]
    for ending in ("bytes_per_s", "mac_flops_per_s", "other_ops_per_s", "j_per_byte"):
        if last.endswith(ending):
            return _DIMENSIONS[ending]
    if last.endswith("_per_s") or "_per_s_" in last:
        return _DIMENSIONS["hz"]
    if "_bytes" in last:
        return _DIMENSIONS["bytes"]
    return _DIMENSIONS["s"] if last.endswith("_s") else _DIMENSIONS["j"] if last.endswith("_j") else ()


class _Parser:
    """Recursive descent over the tokens of one text."""

    def __init__(self, text: str, known: Mapping[str, Dimension] | None) -> None:
        self.text = text
        self.known = known
        self.tokens = [match for match in _TOKEN.finditer(text) if match.group().strip()]
        self.at = 0
        if len(self.tokens) > _MOST_TOKENS:
            raise FieldError(f"a condition has at most {_MOST_TOKENS} words and signs, this one {len(self.tokens)}")

    def all(self) -> tuple[Condition, ...]:
        found: list[Condition] = []
        while True:
            found += self._condition()
            if self.at == len(self.tokens):
                return tuple(found)
            self._expect("and")

    def _condition(self) -> list[Condition]:
        start = self.at
        left = self._sum()
        if self._word() == "within":
            return self._within(left, start)
        if self._word() in (None, "and") and left.sign == "name" and left.content in _VERDICTS:
            if self.known is not None and left.content in self.known:  # figures that hold the verdict itself
                return [Condition(left, ">=", _ONE, left.content)]
            small, large = (Term("name", name, self._dimension(name)) for name in _VERDICTS[left.content])
            return [Condition(small, "<=", large, left.content)]
        relation = self._word()
        if relation in ("=", "==", "!="):
            raise self._wrong(f"{relation!r} is no question of enough or too much; write <=, <, >= or >")
        if relation not in _HOLDS:
            raise self._wrong("expected <=, <, >= or >")
        self.at += 1
        right = self._sum()
        self._same(left, right)
        return [Condition(left, relation, right, self._between(start))]

    def _within(self, left: Term, start: int) -> list[Condition]:
        self._expect("within")
        share = self._sum()
        self._expect("of")
        right = self._sum()
        self._same(left, right)
        if share.dimension not in (None, ()):
            raise self._wrong("a share must be a number, such as 5 %")
        ends = ((sign, Term(sign, (_ONE, share), None)) for sign in "+-")
        least = {"+": "<=", "-": ">="}
        text = self._between(start)
        return [Condition(left, least[sign], Term("*", (end, right), right.dimension), text) for sign, end in ends]

    def _sum(self) -> Term:
        left = self._product()
        while (sign := self._word()) in ("+", "-"):
            self.at += 1
            right = self._product()
            self._same(left, right)
            left = Term(str(sign), (left, right), left.dimension if left.dimension is not None else right.dimension)
        return left

    def _product(self) -> Term:
        left = self._factor()
        while (sign := self._word()) in ("*", "/"):
            self.at += 1
            right = self._factor()
            left = Term(str(sign), (left, right), _multiplied(left.dimension, right.dimension, 1 if sign == "*" else -1))
        return left

    def _factor(self) -> Term:
        if self.at == len(self.tokens):
            raise self._wrong("something is missing at its end")
        token = self.tokens[self.at]
        self.at += 1
        if token["number"] is not None:
            return self._number(token["number"], token["unit"])
        if (name := token["name"]) is not None and name not in ("and", "within", "of"):
            name = name if self.known is not None and name in self.known else long_name(name)
            if self.known is not None and name not in self.known and name not in _VERDICTS:
                raise UnknownNameError.of("figure", name, [*self.known, *_VERDICTS])
            return Term("name", name, self._dimension(name))
        if token["sign"] == "(":
            inner = self._sum()
            self._expect(")")
            return inner
        self.at -= 1
        raise self._wrong("expected a figure, a number or (")

    def _number(self, number: str, unit: str | None) -> Term:
        if unit is None or unit == "%":
            value = float(number) / (100 if unit else 1)
            if not isfinite(value):
                raise QuantityError(f"{number!r} is too large a number")
            return Term("number", int(value) if value == int(value) else value, None)
        for dimension in _DIMENSIONS:
            try:
                return Term("number", quantities.parse(f"{number} {unit}", dimension), _DIMENSIONS[dimension])
            except QuantityError as error:
                if dimension == "bytes" and "bits" in str(error):
                    raise
        if not float(number):
            raise QuantityError(f"in {self.text!r}: '{number} {unit}' must be positive; write 0 without a unit")
        raise QuantityError(f"in {self.text!r}: {unit!r} is no unit; write e.g. ms, MiB, GB/s, TFLOPS, mJ, %, or M for a million")

    def _dimension(self, name: str) -> Dimension:
        return dimension_of(name) if self.known is None or name not in self.known else self.known[name]

    def _same(self, left: Term, right: Term) -> None:
        if left.dimension != right.dimension and None not in (left.dimension, right.dimension):
            raise QuantityError(f"in {self.text!r}: {_words(left.dimension)} and {_words(right.dimension)} do not go together")

    def _word(self) -> str | None:
        return self.tokens[self.at].group().strip() if self.at < len(self.tokens) else None

    def _expect(self, word: str) -> None:
        if self._word() != word:
            raise self._wrong(f"expected {word!r}")
        self.at += 1

    def _between(self, start: int) -> str:
        return self.text[self.tokens[start].start() : self.tokens[self.at - 1].end()].strip()

    def _wrong(self, reason: str) -> FieldError:
        place = repr(self._word()) if self._word() is not None else "the end"
        return FieldError(f'{self.text!r} is no condition: {reason}, at {place}; write e.g. "time_serial_s <= 5 ms and fits_sram"')


_ONE = Term("number", 1, None)


def _multiplied(left: Dimension | None, right: Dimension | None, power: int) -> Dimension | None:
    if right is None:
        return left
    powers = dict(left or ())
    for unit, exponent in right:
        powers[unit] = powers.get(unit, 0) + power * exponent
    return tuple(sorted((unit, exponent) for unit, exponent in powers.items() if exponent))


def _words(dimension: Dimension | None) -> str:
    if not dimension:
        return "a number"
    return " ".join(unit if exponent == 1 else f"{unit}^{exponent}" for unit, exponent in dimension)
