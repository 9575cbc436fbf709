"""What a TFLite file says: its subgraphs, tensors and operators, each checked when it is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from costmodel.errors import ReaderError
from costmodel.readers._helpers import sizes
from costmodel.readers._values import BITS, MOST_KNOWN, MOST_KNOWN_FLOATS, Stored, Value
from costmodel.readers.tflite._flatbuffer import File, Span, Table
from costmodel.readers.tflite._schema import DTYPES, OPERATORS, OPTIONS

CUSTOM = OPERATORS.index("CUSTOM")


class Key(NamedTuple):
    """Tells stored tensors apart: names need not differ."""

    subgraph: int
    number: int
    name: str

    def __str__(self) -> str:
        return self.name


class Tensor(NamedTuple):
    """A tensor as a subgraph declares it."""

    key: Key
    shape: tuple[int, ...]
    signature: tuple[int, ...]
    """Its shape with -1 where a size is open."""
    dtype: str
    data: Span | None
    """Its stored numbers; None for what is computed."""
    sparse: bool
    quantized: bool
    """Whether its integers have a scale: they stand for real numbers."""
    variable: bool

    @property
    def name(self) -> str:
        """Its name, which may be empty."""
        return self.key.name


class Model:
    """A TFLite file."""

    def __init__(self, path: Path) -> None:
        self.file = File(path)
        if self.file.size < 8 or bytes(self.file.bytes[4:8]) != b"TFL3":
            raise ReaderError("is no TFLite model of version 3: it does not have 'TFL3' at byte 4")
        root = self.file.root()
        if (version := root.number(0, "I")) != 3:
            raise ReaderError(f"is a TFLite model of version {version}; version 3 is read")
        self.codes = [_kind(code) for code in _listed(root.tables(1), self.file)]
        self.subgraphs = [Subgraph(self, number, table) for number, table in enumerate(_listed(root.tables(2), self.file))]
        self.buffers = root.tables(4)
        if not self.subgraphs:
            raise ReaderError("is no TFLite model: it has no subgraph")

    def subgraph(self, number: int) -> Subgraph:
        """A subgraph by its number."""
        if not 0 <= number < len(self.subgraphs):
            raise ReaderError(f"names subgraph {number}; the file has {len(self.subgraphs)}")
        return self.subgraphs[number]

    def data(self, number: int, what: str) -> Span | None:
        """The stored bytes of a buffer, inside the flatbuffer or behind it; None where it is empty."""
        if number == 0:
            return None
        if not number < len(self.buffers):
            raise ReaderError(f"{what} lies in buffer {number}; the file has {len(self.buffers)}")
        buffer = self.buffers[number]
        span = buffer.data(0) or Span(0, 0)
        if not span.length and (offset := buffer.number(1, "Q")) > 1:
            span = self.file.span(offset, buffer.number(2, "Q"))
        return span if span.length else None


class Subgraph:
    """A subgraph of a file."""

    def __init__(self, model: Model, number: int, table: Table) -> None:
        self.model = model
        self.number = number
        self.name = table.text(4)
        self.inputs = table.numbers(1)
        self.outputs = table.numbers(2)
        self.operators = table.tables(3)
        self._tables = table.tables(0)
        self._tensors: dict[int, Tensor] = {}

    def tensor(self, index: int) -> Tensor:
        """A tensor by its number."""
        if index not in self._tensors:
            if not 0 <= index < len(self._tables):
                raise ReaderError(f"names tensor {index}; the subgraph has {len(self._tables)}")
            self._tensors[index] = self._tensor(index, self._tables[index])
        return self._tensors[index]

    def _tensor(self, index: int, table: Table) -> Tensor:
        name, number = table.text(3), table.number(1, "b")
        what = f"tensor {index} {name!r}"
        shape, signature = sizes(table.numbers(0), what), table.numbers(7)
        if signature and len(signature) != len(shape):
            raise ReaderError(f"{what} of shape {shape} has the shape signature {signature}; they must have as many axes")
        dtype = DTYPES[number] if 0 <= number < len(DTYPES) else f"number format {number}"
        scale = table.table(4)
        return Tensor(
            Key(self.number, index, name), shape, signature or shape, dtype, self.model.data(table.number(2, "I"), what),
            table.has(6), "int" in dtype and scale is not None and bool(scale.numbers(2, "f")), table.number(5, "?", False),
        )  # fmt: skip

    def stored(self, tensor: Tensor) -> Value:
        """A stored tensor; its numbers are decoded when they are asked for, and only where they are few and mean sizes."""
        shape, dtype, span = tensor.shape, tensor.dtype, tensor.data or Span(0, 0)
        count = 1
        for size in shape:
            count *= size
        value = Value(shape, dtype, None, (Stored(tensor.key, count, dtype, quantized=tensor.quantized),) if count else ())
        if dtype not in BITS or tensor.sparse:
            return value
        if count * BITS[dtype] > 8 * span.length:
            raise ReaderError(
                f"tensor {tensor.key.number} {tensor.name!r} of shape {shape} and {dtype} needs {count * BITS[dtype]} bits, "
                f"the file has {8 * span.length}"
            )
        if tensor.quantized or BITS[dtype] < 8 or count > (MOST_KNOWN_FLOATS if "float" in dtype else MOST_KNOWN):
            return value
        return Value(shape, dtype, None, value.sources, load=lambda: self._decoded(shape, dtype, span.start, count))

    def _decoded(self, shape: tuple[int, ...], dtype: str, start: int, count: int) -> Any:
        import numpy as np

        if not hasattr(np, dtype) and dtype != "bool":
            return None
        return np.frombuffer(self.model.file.bytes, np.dtype(dtype).newbyteorder("<"), count, start).astype(dtype).reshape(shape)


def _listed(tables: Any, file: File) -> list[Table]:
    file.count(len(tables))
    return list(tables)


def _kind(code: Table) -> str:
    """What the file calls an operator: the name of a builtin one, or the text of a custom one."""
    number = max(code.number(3), code.number(0, "b"))
    if number == CUSTOM:
        return code.text(1) or "CUSTOM"
    return OPERATORS[number] if 0 <= number < len(OPERATORS) else f"BUILTIN_{number}"


def options(operator: Table, kind: str) -> dict[str, Any]:
    """The options of an operator by name; of a custom one its bytes, as `custom_options`."""
    found: dict[str, Any] = {}
    wanted = OPTIONS.get(kind)
    table = (operator.table(4) or operator.table(12)) if wanted else None
    for name, (slot, form, *rest) in (wanted or {}).items():
        default = rest[0] if rest else False if form == "?" else 0
        if table is None:
            found[name] = [] if form[0] == "*" else "" if form == "text" else default
        elif form[0] == "*":
            found[name] = list(table.numbers(slot, form[1:]))
        else:
            found[name] = table.text(slot) if form == "text" else table.number(slot, form, default)
    if wanted is None and (span := operator.data(5)) is not None and span.length <= MOST_KNOWN:
        found["custom_options"] = bytes(operator.file.bytes[span.start : span.start + span.length])
    return found
