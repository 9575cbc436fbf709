"""What stands along an axis of a tensor: parts in a row, each some number of times an axis of channels, or a plain size."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from costmodel._num import Num, total
from costmodel.layers import Layer


class Axis:
    """Channels that go together: the same number stands wherever the axis does."""

    __slots__ = ("active", "fixed", "makers", "parts", "size", "step")

    def __init__(self, size: Num, makers: Iterable[str] = (), active: bool = False) -> None:
        self.size = size
        self.makers = dict.fromkeys(makers)
        """The nodes that choose the size, the first one first."""
        self.active = active
        """Whether a layer chooses the size; otherwise a stored tensor has it, and follows."""
        self.step: int = 1
        """What the size must be a multiple of, for the groups of convolutions."""
        self.fixed: str | None = None
        """Why the size can't change."""
        self.parts: Layout | None = None
        """What it is made of, once that is known."""

    @property
    def free(self) -> bool:
        """Whether its size may be chosen."""
        return self.active and self.fixed is None


class Part(NamedTuple):
    """A whole number of times an axis, or a plain size."""

    times: Num
    axis: Axis | None = None

    @property
    def size(self) -> Num:
        return self.times if self.axis is None else self.times * self.axis.size


Layout = tuple[Part, ...]
"""What stands along an axis of a tensor, part behind part."""
Layouts = tuple[Layout, ...]
"""Of a tensor, one for each of its axes."""
Size = Callable[[Layout], Num]
"""The new size of a layout."""
Remake = Callable[[Size], Layer]
"""The layer with the sizes that follow."""


def plain(shape: Iterable[Num]) -> Layouts:
    """A tensor whose sizes stay."""
    return tuple([(Part(size),) for size in shape])


def varies(layout: Layout) -> bool:
    """Whether the size of a layout may change."""
    return any(part.axis is not None for part in layout)


def is_one(layout: Layout) -> bool:
    """Whether a layout broadcasts."""
    size = total(part.size for part in layout)
    return type(size) is int and size == 1
