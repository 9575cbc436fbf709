"""TFLite files as networks. Nothing is needed to read them but this folder; the shapes of their networks have channels last."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from costmodel.network import Network
from costmodel.readers._helpers import sizes
from costmodel.readers._importer import Importer, placed
from costmodel.readers._inputs import Inputs
from costmodel.readers._values import Value
from costmodel.readers.tflite._file import Model
from costmodel.readers.tflite._graph import Scope, Walker

for _module in pkgutil.iter_modules(__path__):
    if not _module.name.startswith("_"):
        importlib.import_module(f"{__name__}.{_module.name}")


def read(path: Path, inputs: Mapping[str, Any], values: Mapping[str, Any], unknown: str) -> Network:
    """The network in a TFLite file."""
    network, _ = trace(path, inputs, values, unknown)
    return network


def trace(
    path: Path, inputs: Mapping[str, Any], values: Mapping[str, Any], unknown: str, every: bool = False
) -> tuple[Network, dict[tuple[int, int], Value]]:
    """The network in a TFLite file, and with `every` its computed tensors by the number of their subgraph and their own."""
    with placed(f"file {str(path)!r}"):
        model = Model(path)
        main = model.subgraphs[0]
        named = {index: main.tensor(index).name or f"input_{index}" for index in main.inputs}
        given = Inputs(inputs, values, list(named.values()))
        importer = Importer(path.stem, unknown)
        walker = Walker(importer, model, given)
        walker.all_values = {} if every else None
        scope = Scope(main)
        for index, name in named.items():
            tensor = main.tensor(index)
            declared = ["" if size == -1 else size for size in tensor.signature]
            with placed(f"input {name!r}"):
                sizes([size for size in declared if isinstance(size, int)], "its signature")
                scope[index] = given.make(importer, name, declared, tensor.dtype)
        outputs = walker.run(scope)
        given.check_used()
        return importer.network(outputs), walker.all_values or {}


__all__ = ["read", "trace"]
