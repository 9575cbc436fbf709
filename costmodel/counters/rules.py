"""The rules of other tools: one TOML file a tool in the folder `tools`, every rule with the line that it was read from."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from fnmatch import fnmatchcase
from importlib import resources
from typing import Any, NamedTuple

from costmodel.counters.measures import MEASURES
from costmodel.errors import UnknownNameError

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
    parameters: bool
    """Whether its parameters are counted."""
    file: str
    function: str
    quote: str
    """What stands there; ` ... ` joins pieces."""
    words: str

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
    words: str
    rules: tuple[Rule, ...]

    def rule(self, kind: str) -> Rule | None:
        """The rule for a kind of layer; None where there is none, which never means zero."""
        return next((rule for rule in self.rules if any(fnmatchcase(kind, pattern) for pattern in rule.kinds)), None)

    def source(self, rule: Rule) -> str:
        """Where a rule was read."""
        return f"{self.package} {self.version}, {rule.file}, {rule.function}"


def _rule(row: dict[str, Any]) -> Rule:
    given = {"as_function": row["add"], "parameters": True} | row | {"kinds": tuple(row["kinds"])}
    rule = Rule(**given)
    for name in (*rule.add, *rule.as_function):
        if name not in MEASURES:
            raise UnknownNameError.of("measure", name, MEASURES)
    return rule


def _tool(name: str) -> Tool:
    document = tomllib.loads((resources.files("costmodel.counters") / "tools" / f"{name}.toml").read_text("utf-8"))
    rules = tuple(_rule(row) for row in document.pop("rules"))
    return Tool(**({"name": name, "folds_norms": False} | document), rules=rules)


TOOLS: dict[str, Tool] = {name: _tool(name) for name in ORDER}
"""Every tool by its name."""
