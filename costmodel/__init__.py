"""costmodel predicts what a neural network costs on a machine: in numbers, in formulas, over design spaces."""

from typing import TYPE_CHECKING, Any

from costmodel import blocks, errors, layers, readers, zoo
from costmodel.api import fuse, memory, patches, predict
from costmodel.errors import CostModelError
from costmodel.hardware import Hardware
from costmodel.network import Input, Network, sequential
from costmodel.prediction import Prediction
from costmodel.readers import read

if TYPE_CHECKING:
    from costmodel import published, report
    from costmodel._symbols import evaluate, symbols
    from costmodel.budgets import check
    from costmodel.counters.reconcile import reconcile
    from costmodel.network import rewrites
    from costmodel.report import compare, plot
    from costmodel.whatif.break_even import break_even_balance, break_even_kernel, speed_up_by_balance
    from costmodel.whatif.compare import compare_by
    from costmodel.whatif.elasticity import elasticity
    from costmodel.whatif.flavours import flavour_study
    from costmodel.whatif.formula import formula
    from costmodel.whatif.movement import ski_slope, traffic
    from costmodel.whatif.moves import what_helps
    from costmodel.whatif.pareto import pareto
    from costmodel.whatif.regimes import regimes
    from costmodel.whatif.sensitivity import sensitivity
    from costmodel.whatif.separable import speed_up
    from costmodel.whatif.solve import solve
    from costmodel.whatif.sweep import sweep

__version__ = "0.1.0"

__all__ = [
    "CostModelError",
    "Hardware",
    "Input",
    "Network",
    "Prediction",
    "blocks",
    "break_even_balance",
    "break_even_kernel",
    "check",
    "compare",
    "compare_by",
    "elasticity",
    "errors",
    "evaluate",
    "flavour_study",
    "formula",
    "fuse",
    "layers",
    "memory",
    "pareto",
    "patches",
    "plot",
    "predict",
    "published",
    "read",
    "readers",
    "reconcile",
    "regimes",
    "report",
    "rewrites",
    "sensitivity",
    "sequential",
    "ski_slope",
    "solve",
    "speed_up",
    "speed_up_by_balance",
    "sweep",
    "symbols",
    "traffic",
    "what_helps",
    "zoo",
]  # fmt: skip

_ON_DEMAND = {
    "break_even_balance": "whatif.break_even",
    "break_even_kernel": "whatif.break_even",
    "check": "budgets",
    "compare": "report",
    "compare_by": "whatif.compare",
    "elasticity": "whatif.elasticity",
    "evaluate": "_symbols",
    "flavour_study": "whatif.flavours",
    "formula": "whatif.formula",
    "pareto": "whatif.pareto",
    "plot": "report.plot",
    "published": "published",
    "reconcile": "counters.reconcile",
    "regimes": "whatif.regimes",
    "report": "report",
    "sensitivity": "whatif.sensitivity",
    "solve": "whatif.solve",
    "speed_up_by_balance": "whatif.break_even",
    "rewrites": "network.rewrites",
    "speed_up": "whatif.separable",
    "ski_slope": "whatif.movement",
    "sweep": "whatif.sweep",
    "symbols": "_symbols",
    "traffic": "whatif.movement",
    "what_helps": "whatif.moves",
}
"""Names whose modules import SymPy, which costs a third of a second, or are seldom used: they load when they are first used."""


def __dir__() -> list[str]:
    return sorted(__all__)


def __getattr__(name: str) -> Any:
    if name in _ON_DEMAND:
        import importlib

        module = importlib.import_module(f"costmodel.{_ON_DEMAND[name]}")
        return getattr(module, name, module)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
