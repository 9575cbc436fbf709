"""costmodel predicts what a neural network costs on a machine: in numbers, in formulas, over design spaces."""

from typing import TYPE_CHECKING, Any

from costmodel import blocks, errors, layers, zoo
from costmodel.api import predict
from costmodel.errors import CostModelError
from costmodel.hardware import Hardware
from costmodel.network import Input, Network, sequential
from costmodel.prediction import Prediction

if TYPE_CHECKING:
    from costmodel import published
    from costmodel._symbols import evaluate, symbols
    from costmodel.whatif.elasticity import elasticity
    from costmodel.whatif.formula import formula
    from costmodel.whatif.movement import ski_slope, traffic
    from costmodel.whatif.separable import speedup

__version__ = "0.1.0"

__all__ = [
    "CostModelError", "Hardware", "Input", "Network", "Prediction", "blocks", "elasticity", "errors", "evaluate",
    "formula", "layers", "predict", "published", "sequential", "ski_slope", "speedup", "symbols", "traffic", "zoo",
]  # fmt: skip

_ON_DEMAND = {
    "elasticity": "whatif.elasticity",
    "evaluate": "_symbols",
    "formula": "whatif.formula",
    "published": "published",
    "ski_slope": "whatif.movement",
    "speedup": "whatif.separable",
    "symbols": "_symbols",
    "traffic": "whatif.movement",
}
"""Names whose modules import SymPy, which costs a third of a second, or that few need: they load when they are first used."""


def __dir__() -> list[str]:
    return sorted(__all__)


def __getattr__(name: str) -> Any:
    if name in _ON_DEMAND:
        import importlib

        module = importlib.import_module(f"costmodel.{_ON_DEMAND[name]}")
        return getattr(module, name, module)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
