"""Networks, one family a file. Every module in this folder is imported; every function marked `@network` is found here."""

import importlib
import pkgutil
from typing import Any

from costmodel.zoo._registry import NETWORKS, build, network

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

globals().update(NETWORKS)  # a function wins over a module of its name

__all__ = ["NETWORKS", "build", "network"]


def __getattr__(name: str) -> Any:
    if name in NETWORKS:
        return NETWORKS[name]
    raise AttributeError(f"module {__name__!r} has no network {name!r}; known are {', '.join(sorted(NETWORKS))}")


def __dir__() -> list[str]:
    return sorted([*__all__, *NETWORKS])
