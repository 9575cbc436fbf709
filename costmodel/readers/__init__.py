"""Model files as networks. The module of a format is imported when a file of it is read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from costmodel.errors import FieldError, MissingExtraError, ReaderError, UnknownNameError
from costmodel.network import Network
from costmodel.readers._importer import Operator
from costmodel.readers._rules import register
from costmodel.readers._values import Value

__all__ = ["FORMATS", "Operator", "Value", "read", "register"]

FORMATS: dict[str, tuple[str, str, str]] = {
    ".onnx": ("costmodel.readers.onnx", "onnx", "onnx"),
    ".keras": ("costmodel.readers.keras", "numpy", ""),
    ".pt2": ("costmodel.readers.torch", "numpy", ""),
    ".tflite": ("costmodel.readers.tflite", "numpy", "tflite"),
}
"""For every suffix the module that reads it, the package that it needs and the extra that brings it."""

OBJECTS = {"keras": "costmodel.readers.keras", "torch": "costmodel.readers.torch"}
"""For every package whose objects are read the module that reads them. Who has such an object has imported the package; a Keras
model may derive from PyTorch's modules too."""

PICKLES = (".pt", ".pth", ".pkl", ".pickle", ".joblib")


def is_file_name(name: str) -> bool:
    """Whether a name means a file rather than a network of the zoo: it has a path separator or a known suffix."""
    return "/" in name or os.sep in name or Path(name).suffix.lower() in (*FORMATS, *PICKLES, ".json")


def read(
    source: Any,
    inputs: Mapping[str, Any] | None = None,
    values: Mapping[str, Any] | None = None,
    unknown: str = "error",
) -> Network:
    """The network in a model file, or of a model in memory.

    Parameters
    ----------
    source : str, Path or object
        A file: .onnx, .tflite, .keras, .pt2 of `torch.export.save`, or .json of `Network.to_json`. Weights are not loaded where
        only their shapes are needed; nothing in the file is run. Or a model in memory: a `torch.nn.Module`, which is followed in
        evaluation without computing anything, a `torch.export.ExportedProgram`, a functional or sequential Keras model, or its
        configuration as a dictionary.
    inputs : mapping, optional
        Shapes of inputs by name: integers, symbols, names of symbols, or arithmetic of names: ``{"x": (1, 3, "H", "2*H")}``. What is
        left open, or None, keeps the names that the file gives. For a module a tensor too, or a shape and a number format:
        ``((1, "T"), "int64")``;
        names are those of the parameters of `forward`.
    values : mapping, optional
        Numbers of inputs, or of tensors inside, that shapes or branches depend on: ``{"sr": 16000}``.
    unknown : str
        "error" refuses an operator without a cost rule; "count" reads it as an `Opaque` layer: totals are then lower bounds.

    Returns
    -------
    Network
        Names, number formats and stored parameters are the file's.

    Raises
    ------
    ReaderError
        A file that can't be read, with the node and what was wrong.
    UnknownLayerError
        An operator without a cost rule.
    MissingExtraError
        The package for the format isn't installed.
    ArgumentError
        An input or a value that doesn't fit the file; a ReaderError and a FieldError.
    FieldError, UnknownNameError
        Any other argument that can't be taken.

    Examples
    --------
    >>> import costmodel as cm
    >>> from pathlib import Path
    >>> import onnx.backend.test
    >>> folder = Path(onnx.backend.test.__file__).parent / "data" / "light"
    >>> cm.read(folder / "light_squeezenet.onnx").macs
    349151936
    """
    if unknown not in ("error", "count"):
        raise UnknownNameError.of("choice of `unknown`", unknown, ("error", "count"))
    for word, given in (("inputs", inputs), ("values", values)):
        if not isinstance(given, Mapping | None):
            raise FieldError(f"`{word}` (={given!r}) must map names of inputs, e.g. {{'x': (1, 3, 224, 224)}}")
    arguments = (dict(inputs or {}), dict(values or {}), unknown)
    if not isinstance(source, str | Path):
        return _read_object(source, *arguments)
    path = Path(source)
    suffix = path.suffix.lower()
    if suffix in PICKLES:
        raise ReaderError(
            f"{str(path)!r} is a pickle, which can run any code when it is loaded; it is not opened. "
            f"Give cm.read the torch.nn.Module itself with `inputs`, or the program of torch.export.export(module, inputs), or the .pt2 "
            f"file that torch.export.save writes of it, or the .onnx file of torch.onnx.export"
        )
    if suffix not in (*FORMATS, ".json"):
        raise UnknownNameError.of("model format", suffix or path.name, (*FORMATS, ".json"))
    if not path.is_file():
        raise ReaderError(f"there is no file {str(path)!r}")
    if suffix == ".json":
        if inputs or values:
            raise FieldError(f"{str(path)!r} holds a network whose sizes are given; `inputs` and `values` go with a model file")
        return Network.from_json(path.read_bytes())
    module, package, extra = FORMATS[suffix]
    try:
        import_module(package)
    except ImportError:
        raise MissingExtraError.of(package, extra, f"reading {suffix} files") from None
    network: Network = import_module(module).read(path, *arguments)
    return network


def _read_object(source: Any, inputs: dict[str, Any], values: dict[str, Any], unknown: str) -> Network:
    """The network of a model in memory, by the package that made its class or one that its class derives from."""
    is_config = isinstance(source, Mapping) and "class_name" in source
    packages = {"keras"} if is_config else {base.__module__.partition(".")[0] for base in type(source).__mro__}
    for package, module in OBJECTS.items():
        if package in packages:
            network: Network = import_module(module).read_object(source, inputs, values, unknown)
            return network
    raise FieldError(
        f"`source` must be the path of a model file ({', '.join(FORMATS)}) or a model of {', '.join(OBJECTS)}, "
        f"got {type(source).__module__}.{type(source).__qualname__}"
    )
