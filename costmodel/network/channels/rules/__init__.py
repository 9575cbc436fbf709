"""How layouts go through a layer: a rule a kind, one family a file. Every module beside this one adds its own."""

import importlib
import pkgutil

from costmodel.network.channels.rules.base import RULES, Given, Rule, Visit, rule
from costmodel.network.channels.rules.same_axes import same_axes

__all__ = ["RULES", "Given", "Rule", "Visit", "rule", "rule_of"]

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")


def rule_of(kind: str) -> Rule:
    """The rule of a kind of layer; each axis as it came where it has none."""
    return RULES.get(kind, same_axes)
