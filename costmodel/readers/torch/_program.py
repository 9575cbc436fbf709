"""What `torch.export` records of a model, without PyTorch: operators by name, with arguments by name, shapes and number formats.

An exported program in memory and a .pt2 file both become this; the rules know nothing else.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

Size = int | str
"""An integer, or the text of an expression of symbols as SymPy's `srepr` writes it."""


class Ref(NamedTuple):
    """An argument that is the result of an operator before, or an input."""

    name: str


class Recorded(NamedTuple):
    """The shape and the number format of a tensor."""

    shape: tuple[Size, ...]
    dtype: str


class Given(NamedTuple):
    """An input of the graph: of the user, or a tensor that the model stores."""

    name: str
    kind: Literal["user", "parameter", "buffer", "constant", "other"]
    label: str
    """What the module calls it: the parameter of `forward`, or the path of a stored tensor."""
    key: object = None
    """The same for stored tensors that are one."""
    value: Any = None
    """Of an input that is no tensor."""


class Call(NamedTuple):
    """One operator."""

    target: str
    """Such as "aten.conv2d.default"."""
    arguments: dict[str, Any]
    outputs: tuple[str, ...]
    """Names, empty where one is not used."""
    module: str = ""
    """The path of the module that calls it."""
    key: str = ""
    """Tells calls of the same module apart."""


class Graph(NamedTuple):
    """Operators in their order."""

    inputs: tuple[str, ...]
    calls: list[Call]
    outputs: list[Any]
    tensors: dict[str, Recorded]
    sizes: dict[str, Size]
    """Results that are numbers, not tensors."""


class Program(NamedTuple):
    """A graph and what its inputs are."""

    name: str
    inputs: list[Given]
    graph: Graph
    ranges: dict[str, tuple[int | None, int | None]]
    """The least and the largest value of symbols."""
