"""Pure functions on shapes. One topic a file; each formula stands here once, for every carrier.

`FORMULAS` lists them all with the domain of every argument, so that the contract tests find them.
"""

import importlib
import pkgutil

from costmodel.formulas._registry import FORMULAS, Formula

__all__ = ["FORMULAS", "Formula"]

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
