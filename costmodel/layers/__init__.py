"""The layers. Every module in this folder is imported; every class with a `kind` is found here by its name."""

import importlib
import pkgutil
from typing import Any

from costmodel.layers.base import LAYERS, Check, Counts, Example, Layer, Shape, layer_class

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

globals().update({layer.__name__: layer for layer in LAYERS.values()})

__all__ = ["LAYERS", "Check", "Counts", "Example", "Layer", "Shape", "layer_class"]


def __getattr__(name: str) -> Any:
    for layer in LAYERS.values():
        if layer.__name__ == name:
            return layer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *(layer.__name__ for layer in LAYERS.values())])
