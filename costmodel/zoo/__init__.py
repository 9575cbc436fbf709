"""Networks, one family a file. Every module in this folder is searched for functions marked `@network`.

A module is imported when one of its networks is first asked for: all of them together would cost more than a prediction.
"""

import sys
from typing import Any

from costmodel.zoo._registry import Zoo, build, builder, builders, network

sys.modules[__name__].__class__ = Zoo

__all__ = ["NETWORKS", "build", "builder", "network"]


def __getattr__(name: str) -> Any:
    if name == "NETWORKS":
        return builders()
    if name.startswith("_") or (found := builder(name, None)) is None:
        raise AttributeError(f"module {__name__!r} has no network {name!r}")
    return found


def __dir__() -> list[str]:
    return sorted([*__all__, *builders()])
