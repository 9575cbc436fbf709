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
    ".tflite": ("costmodel.readers.tflite", "numpy", "tflite"),
}
"""For every suffix the module that reads it, the package that it needs and the extra that brings it."""

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
    """The network in a model file.

    Parameters
    ----------
    source : str or Path
        An ONNX or TFLite file. Weights are not loaded where only their shapes are needed; nothing in the file is run.
    inputs : mapping, optional
        Shapes of inputs by name: integers, symbols, or names of symbols: ``{"x": (1, 3, "H", "W")}``. What is left
        open keeps the names that the file gives.
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
    FieldError, UnknownNameError
        An argument that can't be taken.

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
    if not isinstance(source, str | Path):
        raise FieldError(f"`source` must be the path of a model file, got {type(source).__name__}")
    path = Path(source)
    suffix = path.suffix.lower()
    if suffix in PICKLES:
        raise ReaderError(
            f"{str(path)!r} is a pickle, which can run any code when it is loaded; it is not opened. "
            f"Export the model with torch.onnx.export and read the .onnx file"
        )
    if suffix not in FORMATS:
        raise UnknownNameError.of("model format", suffix or path.name, FORMATS)
    if not path.is_file():
        raise ReaderError(f"there is no file {str(path)!r}")
    module, package, extra = FORMATS[suffix]
    try:
        import_module(package)
    except ImportError:
        raise MissingExtraError.of(package, extra, f"reading {suffix} files") from None
    network: Network = import_module(module).read(path, dict(inputs or {}), dict(values or {}), unknown)
    return network
