"""Loading an ONNX file without trusting it: its size, where its external data lie, what its tensors say of themselves."""

from __future__ import annotations

import mmap
import os
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError
from onnx import ModelProto, TensorProto

from costmodel.errors import ReaderError
from costmodel.readers._helpers import sizes
from costmodel.readers._values import BITS, MOST_KNOWN, MOST_KNOWN_FLOATS, Stored, Value

MOST_BYTES = 2**31
"""The largest file; more does not fit the format."""

DTYPES: dict[int, str] = {
    number: {"float": "float32", "double": "float64"}.get(name.lower(), name.lower()) for name, number in TensorProto.DataType.items()
}
"""Number formats by their number in the format."""


_PLAIN: dict[int, str] = {TensorProto.INT64: "<i8", TensorProto.INT32: "<i4", TensorProto.FLOAT: "<f4"}
"""Formats whose raw data numpy reads as they are."""


SMALL_BYTES = 2**16
"""Files below are read, which is quicker; others are mapped, which takes no memory."""


def load(path: Path) -> ModelProto:
    """The model in a file; weights in other files stay there."""
    size = path.stat().st_size
    if not 0 < size <= MOST_BYTES:
        raise ReaderError(f"has {size} bytes; a model has at least one and at most {MOST_BYTES}")
    model = ModelProto()
    try:
        if size < SMALL_BYTES:
            model.ParseFromString(path.read_bytes())
        else:
            with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
                model.ParseFromString(memoryview(content))
    except (DecodeError, UnicodeDecodeError) as error:
        raise ReaderError(f"is no ONNX model, or is cut off: {error}") from None
    if not model.HasField("graph") or not model.graph.output:
        raise ReaderError("is no ONNX model: it has no graph with an output")
    return model


class Tensors:
    """The stored tensors of a file."""

    def __init__(self, path: Path) -> None:
        self.folder = path.parent
        self.file_bytes = path.stat().st_size  # asking a tensor for the size of its data would copy them

    def value(self, tensor: TensorProto, key: str) -> Value:
        """A stored tensor; its numbers are decoded when they are asked for, and only where they are few."""
        shape = sizes(tensor.dims, f"tensor {key!r}")
        dtype = DTYPES.get(tensor.data_type, "undefined")
        count = prod(shape)
        sources = (Stored(key, count, dtype),)
        if tensor.data_location == TensorProto.EXTERNAL:
            self._check_location(tensor, key)
            _check_extent(tensor, key, None if dtype not in BITS else -(-count * BITS[dtype] // 8))
            return Value(shape, dtype, None, sources)
        if tensor.HasField("raw_data") and dtype in BITS and count * BITS[dtype] > 8 * self.file_bytes:
            raise ReaderError(f"tensor {key!r} of shape {shape} and {dtype} is larger than the whole file of {self.file_bytes} bytes")
        few = count <= (MOST_KNOWN_FLOATS if "float" in dtype else MOST_KNOWN)
        return Value(shape, dtype, None, sources, load=(lambda: decode(tensor, key)) if few else None)

    def _check_location(self, tensor: TensorProto, key: str) -> None:
        location = next((entry.value for entry in tensor.external_data if entry.key == "location"), "")
        folder = os.path.realpath(self.folder)
        target = os.path.realpath(self.folder / location) if location and "\0" not in location else ""
        if not location or Path(location).is_absolute() or ".." in Path(location).parts or not target.startswith(folder + os.sep):
            raise ReaderError(f"tensor {key!r} lies in {location!r}; it must lie in the folder of the model")


def _check_extent(tensor: TensorProto, key: str, needed: int | None) -> None:
    """Where external data start and how long they are must be numbers of bytes that fit the tensor's shape and format."""
    for entry in tensor.external_data:
        if entry.key not in ("offset", "length"):
            continue
        if not (entry.value.isascii() and entry.value.isdigit()):
            raise ReaderError(f"tensor {key!r}: the {entry.key} of its external data (={entry.value!r}) must be an integer of at least 0")
        if entry.key == "length" and needed is not None and entry.value.lstrip("0") != str(needed).lstrip("0"):
            raise ReaderError(
                f"tensor {key!r}: the length of its external data (={entry.value[:40]}) must be {needed} bytes, "
                f"as its shape {tuple(tensor.dims)} and format say"
            )


def decode(tensor: TensorProto, key: str) -> Any:
    """The numbers of a small tensor; None where they are texts."""
    from onnx import numpy_helper

    if tensor.data_type == TensorProto.STRING:
        return None
    try:
        if tensor.raw_data and tensor.data_type in _PLAIN:
            return np.frombuffer(tensor.raw_data, _PLAIN[tensor.data_type])[: prod(tensor.dims)].reshape(tensor.dims)
        return numpy_helper.to_array(tensor)
    except (ValueError, TypeError, KeyError) as error:
        raise ReaderError(f"tensor {key!r} does not hold what its shape and format say: {error}") from None
