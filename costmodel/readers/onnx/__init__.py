"""ONNX files as networks."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from costmodel.errors import UnknownLayerError
from costmodel.layers import Shape
from costmodel.network import Network
from costmodel.readers._helpers import sizes
from costmodel.readers._importer import Importer, placed
from costmodel.readers._inputs import Inputs
from costmodel.readers._values import Value
from costmodel.readers.onnx._file import DTYPES, Tensors, load
from costmodel.readers.onnx._graph import Scope, Walker

for _module in pkgutil.iter_modules(__path__):
    if not _module.name.startswith("_"):
        importlib.import_module(f"{__name__}.{_module.name}")


def read(path: Path, inputs: Mapping[str, Any], values: Mapping[str, Any], unknown: str) -> Network:
    """The network in an ONNX file."""
    network, _ = trace(path, inputs, values, unknown)
    return network


def trace(
    path: Path, inputs: Mapping[str, Any], values: Mapping[str, Any], unknown: str, every: bool = False
) -> tuple[Network, dict[str, Value]]:
    """The network in an ONNX file, and with `every` all its tensors by the names of the file."""
    with placed(f"file {str(path)!r}"):
        model = load(path)
        importer = Importer(path.stem, unknown)
        stored = {tensor.name for tensor in model.graph.initializer}
        given = Inputs(inputs, values, [i.name for i in model.graph.input if i.name not in stored])
        walker = Walker(importer, model, Tensors(path), given)
        walker.all_values = {} if every else None
        scope = Scope(None, "", walker.opsets)
        declared = []
        for info in model.graph.input:
            if info.name not in stored:
                with placed(f"input {info.name!r}"):
                    shape, dtype = _declared(info)
                given.bind(info.name, shape)
                declared.append((info.name, shape, dtype))
        for name, shape, dtype in declared:
            with placed(f"input {name!r}"):
                scope.define(name, given.make(importer, name, shape, dtype))
        outputs = walker.graph(model.graph, scope)
        given.check_used()
        return importer.network(outputs), walker.all_values or {}


def _declared(info: Any) -> tuple[tuple[int | str, ...] | None, str]:
    """The shape of an input as the file declares it, names where a size is open, and its number format."""
    kind = info.type.WhichOneof("value")
    if kind != "tensor_type":
        raise UnknownLayerError(f"is a {str(kind).removesuffix('_type')}; only tensors have a cost")
    tensor = info.type.tensor_type
    if not tensor.HasField("shape"):
        return None, DTYPES.get(tensor.elem_type, "undefined")
    shape: list[int | str] = []
    for dim in tensor.shape.dim:
        is_number = dim.HasField("dim_value") and dim.dim_value != -1  # which some converters write for an open size
        shape.append(dim.dim_value if is_number else dim.dim_param)
    sizes([n for n in shape if isinstance(n, int)], f"input {info.name!r}")
    return tuple(shape), DTYPES.get(tensor.elem_type, "undefined")


__all__ = ["Shape", "read", "trace"]
