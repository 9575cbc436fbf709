"""Keras 3 models as networks: in memory, .keras files, configurations. No layer is made, nothing of Keras is run."""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from costmodel.errors import ReaderError
from costmodel.network import Network
from costmodel.readers._importer import Importer, placed
from costmodel.readers._inputs import Inputs, by_name
from costmodel.readers._values import Value
from costmodel.readers.keras._call import number_formats
from costmodel.readers.keras._file import load
from costmodel.readers.keras._graph import MODELS, Walker

for _module in pkgutil.iter_modules(__path__):
    if not _module.name.startswith("_"):
        importlib.import_module(f"{__name__}.{_module.name}")


def read(path: Path, inputs: Mapping[str, Any], values: Mapping[str, Any], unknown: str) -> Network:
    """The network in a .keras file. Keras is not needed."""
    with placed(f"file {str(path)!r}"):
        return _network(load(path), path.stem, inputs, values, unknown)


def read_object(source: Any, inputs: Mapping[str, Any], values: Mapping[str, Any], unknown: str) -> Network:
    """The network of a Keras model, or of the dictionary that `keras.saving.serialize_keras_object` makes of one."""
    if isinstance(source, Mapping):
        name = (source.get("config") or {}).get("name") if isinstance(source.get("config"), dict) else None
        config: Any = source
    else:
        name = getattr(source, "name", "")
        try:
            config = {"class_name": type(source).__name__, "config": source.get_config()}
        except Exception as error:  # a model's own code runs here, and may raise anything
            raise ReaderError(f"model {name!r} gives no configuration: {type(error).__name__}: {error}") from error
    with placed(f"model {name!r} in memory"):
        config = json.loads(json.dumps(config, default=str))  # as a file holds it: tuples are lists
        return _network(config, str(name or "model"), inputs, values, unknown)


def _network(config: Any, name: str, inputs: Mapping[str, Any], values: Mapping[str, Any], unknown: str) -> Network:
    body = config.get("config") if isinstance(config, dict) else None
    if not isinstance(body, dict) or "layers" not in body:
        kind = config.get("class_name") if isinstance(config, dict) else type(config).__name__
        raise ReaderError(
            f"is a {kind} whose layers only its Python code knows; a functional or a sequential model ({', '.join(MODELS)}) can be read"
        )
    importer = Importer(name, unknown)
    walker = Walker(importer)
    names = _input_names(body)
    given = Inputs(by_name(inputs, names), by_name(values, names) if values else values, names)

    def make(label: str, said: Any) -> Value:
        shape = said.get("batch_shape") or said.get("batch_input_shape")
        declared = None if shape is None else tuple(["" if size is None else int(size) for size in shape])
        with placed(f"input {label!r}"):
            value = given.make(importer, label, declared, number_formats(said.get("dtype"))[0])
        if declared is not None and any(type(size) is int and size != now for size, now in zip(declared, value.shape, strict=True)):
            walker.checks = False  # the file's shapes are those of its own input sizes
        return value

    return importer.network(walker.model(config, make))


def _input_names(body: Any) -> list[str]:
    if "input_layers" not in body:
        first = body["layers"][0] if body["layers"] else {}
        return [str((first.get("config") or {}).get("name", "input"))] if first.get("class_name") == "InputLayer" else ["input"]
    return [str(layer["config"]["name"]) for layer in body["layers"] if layer["class_name"] == "InputLayer"]
