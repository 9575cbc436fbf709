"""An operator of an exported program, and the table of rules; every module beside this one with a public name adds its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

from costmodel.errors import ReaderError
from costmodel.layers import Layer, Shape
from costmodel.readers._importer import Operator, Rule
from costmodel.readers._rules import Rules
from costmodel.readers._values import Value

RULES = Rules("PyTorch")


def rule(*kinds: str, domain: str = "aten") -> Callable[[Callable[[Aten], Any]], Callable[[Aten], Any]]:
    """Decorate the rule of some operators."""

    def add(function: Callable[[Aten], Any]) -> Callable[[Aten], Any]:
        RULES(*kinds, domain=domain)(cast("Rule", function))
        return function

    return add


class Aten(Operator):
    """An operator whose arguments have the names of its schema; what it gives has the number formats that were recorded.

    Attributes
    ----------
    shapes : list of shapes
        Those that were recorded of its outputs.
    dtypes : list of str
    """

    __slots__ = ("dtypes", "shapes")
    shapes: list[Shape]
    dtypes: list[str]

    def emit(self, layer: Layer, *inputs: Value, dtype: str | Sequence[str] | None = None, **roles: Any) -> Any:
        """Add a layer and return its output, or a tuple of them where it has several."""
        return super().emit(layer, *inputs, dtype=dtype or (self.dtypes[0] if self.dtypes else None), **roles)

    def tensor(self, name: str) -> Value:
        """The tensor that is given as `name`; a number is a tensor without axes."""
        found = self.attributes.get(name)
        if isinstance(found, Value):
            return found
        if found is None or isinstance(found, list | str):
            raise ReaderError(f"needs a tensor `{name}`, got {found!r}")
        return Value((), self.dtypes[0] if self.dtypes else "float32")

    def maybe(self, name: str) -> Value | None:
        """The tensor that is given as `name`, or None."""
        found = self.attributes.get(name)
        return found if isinstance(found, Value) else None

    def many(self, name: str) -> list[Value]:
        """The tensors that are given as `name`."""
        return [value for value in self.attributes.get(name) or () if isinstance(value, Value)]

    def per_axis(self, name: str, rank: int, default: Any) -> tuple[Any, ...]:
        """One entry for every spatial axis; a single one is meant for all."""
        found = self.get(name)
        entries = (default,) if found is None or found == [] else tuple(found) if isinstance(found, list) else (found,)
        return entries * rank if len(entries) == 1 else entries
