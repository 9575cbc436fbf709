"""A call of a Keras layer, and the table of rules; every module beside this one with a public name adds its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from costmodel._num import Num, product
from costmodel.errors import ReaderError, UnknownLayerError
from costmodel.layers import Layer, Shape
from costmodel.readers._importer import Operator, Rule
from costmodel.readers._rules import Rules
from costmodel.readers._values import Stored, Value

LAYERS = "keras"
OPERATIONS = "keras.ops"

RULES = Rules("Keras")


def rule(*kinds: str, domain: str = LAYERS) -> Callable[[Callable[[Call], Any]], Callable[[Call], Any]]:
    """Decorate the rule of some layers or, with `domain=OPERATIONS`, of functions of `keras.ops`."""

    def add(function: Callable[[Call], Any]) -> Callable[[Call], Any]:
        RULES(*kinds, domain=domain)(cast("Rule", function))
        return function

    return add


class Call(Operator):
    """A call of a layer: its attributes are the layer's configuration.

    Attributes
    ----------
    arguments : list
        What the layer is called with, tensors and numbers.
    options : dict
        The same by name.
    path : str
        Where the layer stands; its weights belong to it however often it is called.
    """

    __slots__ = ("arguments", "options", "path")
    arguments: list[Any]
    options: dict[str, Any]
    path: str

    @property
    def last(self) -> bool:
        """Whether the layer works with its channels last."""
        return bool(self.get("data_format") != "channels_first")

    @property
    def formats(self) -> tuple[str, str]:
        """The number formats of what it computes and of what it stores."""
        return number_formats(self.get("dtype"))

    def channels(self, x: Value) -> Num:
        """The channels of an input."""
        if len(x.shape) < 2:
            raise ReaderError(f"needs an input with batch and channels, got shape {x.shape}")
        return x.shape[-1 if self.last else 1]

    def stored(self, name: str, *shape: Num) -> Value:
        """A tensor that the layer stores."""
        dtype = self.formats[1]
        return Value(shape, dtype, None, (Stored(f"{self.path}/{name}", product(shape), dtype),))

    def maybe(self, wanted: Any, name: str, *shape: Num) -> Value | None:
        """A tensor that the layer stores where it is wanted."""
        return self.stored(name, *shape) if wanted else None

    def argument(self, index: int, name: str) -> Any:
        """What the layer is called with, by place or by name; else what its configuration says."""
        return self.arguments[index] if index < len(self.arguments) else self.options.get(name, self.get(name))

    def per_axis(self, name: str, rank: int, default: int = 1) -> tuple[int, ...]:
        """One entry for every spatial axis."""
        found = self.get(name)
        entries = (default,) if found is None else tuple(found) if isinstance(found, list | tuple) else (found,)
        return entries * rank if len(entries) == 1 else entries

    def arranged(self, layer: Layer, x: Value, **roles: Any) -> Any:
        """Add a layer that works with channels."""
        return self.emit(layer, x, channels_last=self.last, **roles)


def number_formats(dtype: Any) -> tuple[str, str]:
    """The number formats of what is computed and of what is stored, as a Keras dtype or policy says them."""
    while isinstance(dtype, dict):
        dtype = dtype.get("config", {}).get("name")
    name = str(dtype or "float32")
    if name.startswith("mixed_"):
        return name.removeprefix("mixed_"), "float32"
    stored, _, computed = name.partition("_from_")
    if computed:
        return computed.removeprefix("mixed_"), stored.replace("_", "")
    return name, name


def only(op: Call) -> Value:
    """The one tensor that a layer is called with."""
    if not op.inputs or op.inputs[0] is None:
        raise UnknownLayerError(f"{op.kind} is called without a tensor")
    return op.inputs[0]


def with_channels(op: Call, x: Value, sizes: Any, channels: Num) -> Shape:
    """The shape of a feature map in the order of the layer."""
    return (x.shape[0], *sizes, channels) if op.last else (x.shape[0], channels, *sizes)
