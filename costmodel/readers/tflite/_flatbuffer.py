"""Reading a flatbuffer without trusting it: every offset is checked before it is followed, every length before it is used.

The format is little-endian. A table starts with the distance back to its vtable, which says for every field (slot) how far
behind the table's start it lies, 0 where it is left out. Strings, vectors and tables inside are distances forward.
"""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from pathlib import Path
from struct import Struct, calcsize
from typing import Any, NamedTuple

from costmodel.errors import ReaderError

MOST_READ = 2**22
"""Entries read from one file, beside as many as it has bytes: tables may be shared, but not to make a small file large."""

_U16, _U32, _I32 = Struct("<H"), Struct("<I"), Struct("<i")


class Span(NamedTuple):
    """Where bytes lie in a file; they are not loaded."""

    start: int
    length: int


class File:
    """The bytes of a file, mapped into memory rather than loaded.

    Parameters
    ----------
    path : Path
        A regular file.
    """

    def __init__(self, path: Path) -> None:
        with path.open("rb") as opened:
            self.size = opened.seek(0, 2)
            self.bytes: Any = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) if self.size else b""
        self._left = self.size + MOST_READ

    def unpack(self, form: Struct, position: int) -> Any:
        """The number at a position."""
        if not 0 <= position <= self.size - form.size:
            raise ReaderError(f"is cut off or damaged: it points to byte {position}, and has {self.size}")
        return form.unpack_from(self.bytes, position)[0]

    def span(self, start: int, length: int) -> Span:
        """A piece of the file that must lie inside it."""
        if start < 0 or length < 0 or start + length > self.size:
            raise ReaderError(f"is cut off or damaged: {length} bytes at {start} are more than its {self.size}")
        return Span(start, length)

    def count(self, entries: int) -> None:
        """Note that so many entries are read."""
        self._left -= entries
        if self._left < 0:
            raise ReaderError(f"says more than its {self.size} bytes can mean: its tables point to each other again and again")

    def root(self) -> Table:
        """The table that the file is."""
        return Table(self, self.unpack(_U32, 0))


class Table:
    """A table of a flatbuffer; its fields are read when they are asked for."""

    __slots__ = ("_end", "_fields", "file", "position")

    def __init__(self, file: File, position: int) -> None:
        file.count(1)
        self.file = file
        self.position = position
        vtable = position - file.unpack(_I32, position)
        length = file.unpack(_U16, vtable)
        file.span(vtable, max(length, 4))
        self._end = file.unpack(_U16, vtable + 2)
        file.span(position, self._end)
        self._fields = tuple(Struct(f"<{(length - 4) // 2}H").unpack_from(file.bytes, vtable + 4)) if length > 5 else ()

    def _at(self, slot: int, size: int) -> int | None:
        """Where a field lies, None where it is left out."""
        offset = self._fields[slot] if slot < len(self._fields) else 0
        if not offset:
            return None
        if offset + size > self._end:
            raise ReaderError(f"is damaged: field {slot} of a table of {self._end} bytes lies {offset} behind its start")
        return self.position + offset

    def number(self, slot: int, form: str = "i", default: Any = 0) -> Any:
        """A number; `form` is a letter of the `struct` module."""
        made = _form(form)
        at = self._at(slot, made.size)
        return default if at is None else self.file.unpack(made, at)

    def _vector(self, slot: int, size: int) -> Span | None:
        """The entries of a vector, each of `size` bytes."""
        at = self._at(slot, 4)
        if at is None:
            return None
        start = at + self.file.unpack(_U32, at)
        return self.file.span(start + 4, size * self.file.unpack(_U32, start))

    def has(self, slot: int) -> bool:
        """Whether a field is there."""
        return self._at(slot, 1) is not None

    def data(self, slot: int) -> Span | None:
        """Where a vector of bytes lies."""
        return self._vector(slot, 1)

    def text(self, slot: int) -> str:
        """A text; empty where it is left out."""
        span = self._vector(slot, 1)
        if span is None:
            return ""
        self.file.count(span.length)
        return bytes(self.file.bytes[span.start : span.start + span.length]).decode("utf-8", "replace")

    def numbers(self, slot: int, form: str = "i") -> tuple[Any, ...]:
        """A vector of numbers; empty where it is left out."""
        size = calcsize(form)
        span = self._vector(slot, size)
        if span is None or not span.length:
            return ()
        entries = span.length // size
        self.file.count(entries)
        return Struct(f"<{entries}{form}").unpack_from(self.file.bytes, span.start)

    def table(self, slot: int) -> Table | None:
        """A table inside."""
        at = self._at(slot, 4)
        return None if at is None else Table(self.file, at + self.file.unpack(_U32, at))

    def tables(self, slot: int) -> Sequence[Table]:
        """A vector of tables, each made when it is asked for."""
        span = self._vector(slot, 4)
        return () if span is None else _Tables(self.file, span)


class _Tables(Sequence[Any]):
    def __init__(self, file: File, span: Span) -> None:
        self._file = file
        self._span = span

    def __len__(self) -> int:
        return self._span.length // 4

    def __getitem__(self, index: Any) -> Any:
        if not 0 <= index < len(self):
            raise IndexError(index)
        at = self._span.start + 4 * index
        return Table(self._file, at + self._file.unpack(_U32, at))


_FORMS: dict[str, Struct] = {}


def _form(letter: str) -> Struct:
    if letter not in _FORMS:
        _FORMS[letter] = Struct("<" + letter)
    return _FORMS[letter]
