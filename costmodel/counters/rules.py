"""The rules of other tools: one TOML file a tool in the folder `tools`, every rule with the line that it was read from."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from fnmatch import fnmatchcase
from importlib import resources
from typing import Any, NamedTuple

from costmodel.counters.measures import MEASURES
from costmodel.errors import UnknownNameError
from costmodel.tables import Column, Table

ORDER = (
    "torchinfo", "ptflops", "ptflops_aten", "fvcore", "thop", "flop_counter", "calflops_macs", "calflops_flops", "onnx_tool",
    "onnx_tool_folded",
)  # fmt: skip
"""The tools, in the order of the table."""


class Rule(NamedTuple):
    """What a tool adds for a layer of some kinds."""

    kinds: tuple[str, ...]
    """Kinds of layers, `?` and `*` as in file names."""
    add: Mapping[str, int]
    """How often it counts each measure, where the layer is written as a module of torch or as an operator (`+`, `*`, `@`)."""
    as_function: Mapping[str, int]
    """The same where it is called as a function of torch."""
    known: bool
    """Whether the tool knows the layer at all, be it as worth nothing."""
    file: str
    function: str
    quote: str
    """What stands there; ` ... ` joins pieces."""
    words: str

    def of(self, kind: str) -> bool:
        """Whether it is for this kind of layer."""
        return any(fnmatchcase(kind, pattern) for pattern in self.kinds)

    def measures(self, as_function: bool) -> Mapping[str, int]:
        """What it adds, by how the layer is written."""
        return self.as_function if as_function else self.add


class Tool(NamedTuple):
    """A tool that counts, and its rules."""

    name: str
    title: str
    package: str
    version: str
    repository: str
    call: str
    prints: str
    """What its figure is called."""
    per_mac: int
    parameters: str
    """The total of parameters that it prints: trainable or all; empty where it prints none."""
    folds_norms: bool
    """Whether a batch norm behind a convolution is a bias."""
    hooked_parameters: bool
    """Whether it prints the parameters of those modules alone that it knows."""
    words: str
    rules: tuple[Rule, ...]

    def rule(self, kind: str) -> Rule | None:
        """The rule for a kind of layer; None where there is none, which never means zero."""
        return next((rule for rule in self.rules if rule.of(kind)), None)

    def source(self, rule: Rule) -> str:
        """Where a rule was read."""
        return f"{self.package} {self.version}, {rule.file}, {rule.function}"


def _rule(row: dict[str, Any]) -> Rule:
    given = {"as_function": row["add"], "known": True} | row | {"kinds": tuple(row["kinds"])}
    rule = Rule(**given)
    for name in (*rule.add, *rule.as_function):
        if name not in MEASURES:
            raise UnknownNameError.of("measure", name, MEASURES)
    return rule


def _document(name: str) -> dict[str, Any]:
    return tomllib.loads((resources.files("costmodel.counters") / "tools" / f"{name}.toml").read_text("utf-8"))


def _tool(name: str) -> Tool:
    document: dict[str, Any] = {"name": name, "folds_norms": False, "hooked_parameters": False} | _document(name)
    rows = document.pop("rules", None) or _document(document.pop("rules_of"))["rules"]
    return Tool(**document, rules=tuple(map(_rule, rows)))


TOOLS: dict[str, Tool] = {name: _tool(name) for name in ORDER}
"""Every tool by its name."""


def rules() -> Table:
    """Every rule of every tool, with the place that it was read from.

    Examples
    --------
    >>> rows = rules().rows
    >>> next(row["counts"] for row in rows if row["tool"] == "thop" and "batch_norm" in row["kinds"])
    '2 inputs + 2 affine'
    """
    columns = [
        Column("tool", "tool"), Column("kinds", "layers"), Column("counts", "counts"), Column("as_function", "as a function of torch"),
        Column("words", "in words"), Column("source", "source"), Column("quote", "quotation"),
    ]  # fmt: skip
    rows = [
        {
            "tool": tool.title, "kinds": rule.kinds, "counts": formula(rule.add), "as_function": formula(rule.as_function),
            "words": rule.words, "source": tool.source(rule), "quote": rule.quote,
        }
        for tool in TOOLS.values()
        for rule in tool.rules
    ]  # fmt: skip
    return Table(columns, rows, title="how other tools count")


def formula(measures: Mapping[str, int]) -> str:
    """A rule's multiples in words: "3 inputs - rows"."""
    terms = " + ".join(f"{times} {name}" for name, times in measures.items())
    return re.sub(r"\b1 (?=[a-z])", "", terms.replace("+ -", "- ")) or "nothing"
