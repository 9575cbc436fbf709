"""PyTorch models as networks: modules and exported programs in memory, .pt2 files."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from costmodel.errors import ReaderError
from costmodel.network import Network
from costmodel.readers._importer import Importer, placed
from costmodel.readers._inputs import Inputs, by_name
from costmodel.readers.torch._archive import load
from costmodel.readers.torch._exported import program_of
from costmodel.readers.torch._graph import Walker
from costmodel.readers.torch._program import Program
from costmodel.readers.torch._trace import export, shape_of

for _module in pkgutil.iter_modules(__path__):
    if not _module.name.startswith("_"):
        importlib.import_module(f"{__name__}.{_module.name}")


def read(path: Path, inputs: Mapping[str, Any], values: Mapping[str, Any], unknown: str) -> Network:
    """The network in a .pt2 file. PyTorch is not needed, and nothing is unpickled."""
    with placed(f"file {str(path)!r}"):
        return _network(load(path), inputs, values, unknown)


def read_object(source: Any, inputs: Mapping[str, Any], values: Mapping[str, Any], unknown: str) -> Network:
    """The network of a `torch.nn.Module` or a `torch.export.ExportedProgram`."""
    if hasattr(source, "graph_signature"):
        with placed("the exported program in memory"):
            return _network(program_of(source), inputs, values, unknown)
    if not hasattr(source, "forward") or not hasattr(source, "named_modules") or hasattr(source, "save_to_buffer"):
        raise ReaderError(
            f"a {type(source).__module__}.{type(source).__qualname__} can't be read; give the torch.nn.Module that it was made of, "
            f"or the program that torch.export.export returns"
        )
    title = type(source).__name__
    exported = program_of(export(source, inputs, values))
    names = [entry.label for entry in exported.inputs if entry.kind == "user" and entry.name in exported.graph.tensors]
    shapes = {name: shape for name, shape in by_name(inputs, names).items() if name in names}
    with placed(f"module {title} in memory"):
        return _network(exported._replace(name=title), shapes, {}, unknown)


def _network(program: Program, inputs: Mapping[str, Any], values: Mapping[str, Any], unknown: str) -> Network:
    importer = Importer(program.name, unknown)
    names = [entry.label for entry in program.inputs if entry.kind == "user" and entry.name in program.graph.tensors]
    shapes = {name: shape_of(name, shape)[0] for name, shape in by_name(inputs, names).items()}
    given = Inputs(shapes, values, names)
    outputs = Walker(importer, program).run(given)
    if not outputs:
        raise ReaderError("has no tensor among its outputs")
    return importer.network(outputs)
