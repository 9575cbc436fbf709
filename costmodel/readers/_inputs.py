"""The inputs of a file: declared shapes, what the caller says of them, symbols for what stays open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from costmodel._num import Num, is_symbolic
from costmodel.errors import ArgumentError, UnknownNameError
from costmodel.readers._importer import Importer
from costmodel.readers._names import IS_NAME, safe, size_of, symbol
from costmodel.readers._values import BITS, MOST_KNOWN, Value

Declared = Sequence[int | str] | None
"""Sizes; a text where one is open, empty where it has no name. None where not even the number of axes is known."""


class Inputs:
    """What the caller says of the inputs of a file.

    Parameters
    ----------
    shapes, values : mapping
        By the name of the input.
    names : sequence of str
        The inputs that the file has.
    """

    def __init__(self, shapes: Mapping[str, Any], values: Mapping[str, Any], names: Sequence[str]) -> None:
        for name in shapes:
            if name not in names:
                raise ArgumentError(str(UnknownNameError.of("input of the file", name, names)))
        self.names = names
        self.shapes = {name: _sizes(name, shape) for name, shape in shapes.items()}
        self.values = values
        self._used: set[str] = set()
        self._symbols: dict[str, Num] = {}  # by what the file calls them; what the caller names stays as it is

    def bind(self, name: str, declared: Declared) -> None:
        """Note what the caller says of the sizes of an input: it goes for their names in every input made from now on."""
        self._bind(declared or (), self.shapes.get(name, ()))

    def make(self, importer: Importer, name: str, declared: Declared, dtype: str) -> Value:
        """The input of that name, as a value of the network."""
        shape = self._shape(name, declared)
        if name not in self.values:
            return importer.input(name, shape, dtype)
        data = self._data(name, shape if declared is not None else None, dtype)
        self._bind(declared or (), data.shape)
        return importer.input(name, data.shape, dtype, data)

    def known(self, name: str, value: Value) -> Value:
        """A tensor inside the network whose numbers the caller gives."""
        data = self._data(name, value.shape, value.dtype)
        return Value(data.shape, value.dtype, value.ref, value.sources, data)

    def size(self, text: str) -> Num | None:
        """A size inside the network that the file declares by a text; None where it is no name nor arithmetic of names."""
        return size_of(text, self._named)

    def check_used(self) -> None:
        """Every value that is given must have met its tensor."""
        for name in self.values:
            if name not in self._used:
                raise ArgumentError(str(UnknownNameError.of("tensor of the file", name, self.names)))

    def _data(self, name: str, shape: tuple[Num, ...] | None, dtype: str) -> Any:
        import numpy as np

        self._used.add(name)
        if dtype not in BITS:
            raise ArgumentError(f"`values[{name!r}]` can't be taken: the file's tensor is of {dtype}")
        try:
            data = np.asarray(self.values[name])
            data = data.astype(dtype if hasattr(np, dtype) or dtype == "bool" else data.dtype)
        except (TypeError, ValueError) as error:
            raise ArgumentError(f"`values[{name!r}]` must be numbers of {dtype}: {error}") from None
        if data.size > MOST_KNOWN:
            raise ArgumentError(f"`values[{name!r}]` has {data.size} numbers; at most {MOST_KNOWN} can be given")
        if shape is not None and data.ndim == 0 and all(type(n) is int and n == 1 for n in shape):
            data = data.reshape(shape)
        if shape is not None and (
            len(shape) != data.ndim or any(type(a) is int and a != b for a, b in zip(shape, data.shape, strict=True))
        ):
            raise ArgumentError(f"`values[{name!r}]` of shape {data.shape} does not fit the tensor's shape {shape}")
        return data

    def _shape(self, name: str, declared: Declared) -> tuple[Num, ...]:
        given = self.shapes.get(name)
        if declared is None:
            if given is None and name not in self.values:
                raise ArgumentError(f"the file gives input {name!r} no shape; give one, e.g. inputs={{{name!r}: (1, 3, 224, 224)}}")
            return tuple(self._size(name, axis, "" if size is None else size) for axis, size in enumerate(given or ()))
        given = (None,) * len(declared) if given is None else given
        if len(given) != len(declared):
            raise ArgumentError(f"`inputs[{name!r}]` (={given}) must have {len(declared)} sizes, as the file declares {tuple(declared)}")
        self.bind(name, declared)
        return tuple(
            self._size(name, axis, size) if said is None else said for axis, (size, said) in enumerate(zip(declared, given, strict=True))
        )

    def _bind(self, declared: Sequence[int | str], given: Sequence[Any]) -> None:
        """What the caller says of a size goes for its name wherever the file has it."""
        for size, said in zip(declared, given, strict=False):
            if isinstance(size, str) and said is not None and IS_NAME(size):
                self._symbols.setdefault(size, said)

    def _size(self, name: str, axis: int, size: int | str) -> Num:
        """A size that the file declares; what is neither a name nor arithmetic of names gets a name of its own."""
        if not isinstance(size, str):
            return size
        own = safe(f"{name}_{axis}")
        if size in ("", "?"):
            return self._named(own)
        made = size_of(size, self._named)
        return self._symbols.setdefault(size, symbol(own)) if made is None else made

    def _named(self, name: str) -> Num:
        if name not in self._symbols:
            self._symbols[name] = symbol(name)
        return self._symbols[name]


def by_name(given: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """What is given, by the names of the inputs; a single one for a single input may be called anything."""
    return dict(zip(names, given.values(), strict=True)) if len(given) == len(names) == 1 else dict(given)


def _sizes(name: str, shape: Any) -> tuple[Any, ...]:
    """Sizes as the caller gives them: integers, symbols, names of symbols, or None for what the file says."""
    if not isinstance(shape, tuple | list):
        raise ArgumentError(f"`inputs[{name!r}]` (={shape!r}) must be a tuple of sizes")
    sizes = []
    for said in shape:
        size = size_of(said) if isinstance(said, str) else said
        is_size = isinstance(size, int) and not isinstance(size, bool) and size >= 0
        if not (is_size or is_symbolic(size) or said is None):
            raise ArgumentError(
                f"`inputs[{name!r}]` (={shape!r}) must hold integers of at least 0, symbols or their names, or texts such as '2*H + 1'; "
                f"got {said!r}"
            )
        sizes.append(size)
    return tuple(sizes)
