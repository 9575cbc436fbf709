"""costmodel predicts what a neural network costs on a machine: in numbers, in formulas, over design spaces."""

from typing import TYPE_CHECKING, Any

from costmodel import blocks, errors, layers, zoo
from costmodel.api import predict
from costmodel.errors import CostModelError
from costmodel.hardware import Hardware
from costmodel.network import Input, Network, sequential
from costmodel.prediction import Prediction

if TYPE_CHECKING:
    from costmodel._symbols import evaluate, symbols

__version__ = "0.1.0"

__all__ = [
    "CostModelError", "Hardware", "Input", "Network", "Prediction", "blocks", "errors", "evaluate", "layers", "predict",
    "sequential", "symbols", "zoo",
]  # fmt: skip

_NEEDS_SYMPY = {"evaluate": "costmodel._symbols", "symbols": "costmodel._symbols"}


def __getattr__(name: str) -> Any:
    if name in _NEEDS_SYMPY:
        import importlib

        return getattr(importlib.import_module(_NEEDS_SYMPY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
