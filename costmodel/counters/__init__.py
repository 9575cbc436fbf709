"""How other tools count: their rules as data, and what each would print of a network."""

from costmodel.counters.reconcile import reconcile
from costmodel.counters.rules import TOOLS, Rule, Tool, rules

__all__ = ["TOOLS", "Rule", "Tool", "reconcile", "rules"]
