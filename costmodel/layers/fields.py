"""The field types of layers and their one validator each. Layers hold ints or symbols, never arrays."""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection
from typing import Annotated, Any

from costmodel._num import Num, is_array, is_symbolic
from costmodel.errors import UnknownNameError


def _whole(value: Any, least: int, wanted: str) -> Num:
    if type(value) is not int:
        if is_symbolic(value):
            return _symbol(value, least, wanted)
        if isinstance(value, bool) or is_array(value):
            raise ValueError(f"must be {wanted}")
        try:
            value = operator.index(value)
        except TypeError:
            raise ValueError(f"must be {wanted}") from None
    if value < least:
        raise ValueError(f"must be {wanted}")
    return value


def _symbol(value: Any, least: int, wanted: str) -> Num:
    if not value.free_symbols:
        if not value.is_integer:
            raise ValueError(f"must be {wanted}")
        return _whole(int(value), least, wanted)
    if value.is_integer is False or (value - least).is_negative:
        raise ValueError(f"must be {wanted}")
    return value


def dim(value: Any) -> Num:
    """A positive integer or a symbol."""
    return _whole(value, 1, "a positive integer or a symbol")


def extent(value: Any) -> Num:
    """An integer of at least 0 or a symbol."""
    return _whole(value, 0, "an integer of at least 0 or a symbol")


def plain(value: Any) -> int:
    """An integer, possibly negative: an axis."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise ValueError("must be an integer")
    return operator.index(value)


def _integers(values: Any, least: int) -> bool:
    """Whether it is a tuple of integers of at least `least`: the usual case, quickly."""
    if type(values) is not tuple:
        return False
    for value in values:  # noqa: SIM110 - twice as quick as a generator
        if type(value) is not int or value < least:
            return False
    return True


def _each(entry: Callable[[Any], Num], least: int) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if value and _integers(value, least):
            return value
        if isinstance(value, tuple | list):
            if not value:
                raise ValueError("must have at least one entry")
            return tuple(entry(v) for v in value)
        return entry(value)

    return check


class _PerAxis:
    """A validator of values along the spatial axes: as many equal ones as a layer has axes become the one, so 3 and (3, 3) are the same."""

    def __init__(self, check: Callable[[Any], Any]) -> None:
        self.check = check

    def of(self, owner: Any) -> Callable[[Any], Any]:
        """The validator of a field of this class, which has its rank."""
        check, rank = self.check, getattr(owner, "rank", None)

        def per_axis(value: Any) -> Any:
            if type(value) is int and value > 0:
                return value
            value = check(value)
            if type(value) is not tuple or len(value) != rank or type(value[0]) is tuple or value.count(value[0]) != rank:
                return value
            return value[0]

        return check if rank is None else per_axis


def shape(value: Any) -> tuple[Num, ...]:
    """A tuple of positive integers or symbols."""
    if not isinstance(value, tuple | list):
        raise ValueError("must be a tuple of sizes, batch and channels first")
    return tuple(dim(v) for v in value)


def extents(value: Any) -> tuple[Num, ...]:
    """A tuple of sizes of at least 0 or symbols."""
    if _integers(value, 0):
        return value  # type: ignore[no-any-return]
    if not isinstance(value, tuple | list):
        raise ValueError("must be a tuple of sizes")
    return tuple([extent(v) for v in value])


def shapes(value: Any) -> tuple[tuple[Num, ...], ...]:
    """A tuple of shapes."""
    if not isinstance(value, tuple | list):
        raise ValueError("must be a tuple of shapes")
    return tuple([extents(v) for v in value])


def axes(value: Any) -> tuple[int, ...]:
    """A tuple of integers: axes."""
    if not isinstance(value, tuple | list):
        raise ValueError("must be a tuple of axes")
    return tuple(plain(v) for v in value)


def choice(known: Collection[str]) -> Callable[[Any], str]:
    """One of some words."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in known:
            raise UnknownNameError.of("choice", value, known)
        return value

    return check


def text(value: Any) -> str:
    """A text of one line."""
    if not isinstance(value, str) or not value or "\n" in value:
        raise ValueError("must be a text of one line")
    return value


def target_shape(value: Any) -> tuple[Num, ...]:
    """A shape in which one entry may be -1: whatever is left."""
    if not isinstance(value, tuple | list) or sum(type(v) is int and v == -1 for v in value) > 1:
        raise ValueError("must be a tuple of sizes with at most one -1")
    return tuple(v if type(v) is int and v >= -1 else dim(v) for v in value)


def padding(value: Any) -> Any:
    """The words same and valid, one size, or for every axis a size or a pair (before, after)."""
    if value in ("same", "valid") or _integers(value, 0):
        return value
    if isinstance(value, str):
        raise ValueError("must be 'same', 'valid', a size, or for every axis a size or a pair (before, after)")
    if isinstance(value, tuple | list):
        for pair in value:
            if isinstance(pair, tuple | list) and len(pair) != 2:
                raise ValueError("must have a size or a pair (before, after) for every axis")
        return tuple([_rows(p) for p in value])
    return extent(value)


def _rows(pair: Any) -> Any:
    """The padding of one axis: one number where there is as much before as after."""
    if not isinstance(pair, tuple | list):
        return extent(pair)
    before, after = extent(pair[0]), extent(pair[1])
    return before if before == after else (before, after)


def pads(value: Any) -> tuple[tuple[Num, Num], ...]:
    """A pair (before, after) for every axis of the tensor, batch and channels included."""
    if not isinstance(value, tuple | list) or not all(isinstance(p, tuple | list) and len(p) == 2 for p in value):
        raise ValueError("must be a tuple of pairs (before, after), one for every axis")
    return tuple((extent(before), extent(after)) for before, after in value)


def flag(value: Any) -> bool:
    """True or False."""
    if not isinstance(value, bool):
        raise ValueError("must be True or False")
    return value


dims = _each(dim, 1)

Dim = Annotated[Any, dim]
Dims = Annotated[Any, _PerAxis(dims)]
"""One size for all spatial axes, or a tuple with one for each, height first; where a layer's are all equal it keeps the one."""
OptionalDims = Annotated[Any, _PerAxis(lambda value: None if value is None else dims(value))]
OptionalDim = Annotated[Any, lambda value: None if value is None else dim(value)]
Extent = Annotated[Any, extent]
Extents = Annotated[Any, _PerAxis(_each(extent, 0))]
Axis = Annotated[int, plain]
Axes = Annotated[Any, axes]
Shape = Annotated[Any, shape]
AnyShape = Annotated[Any, extents]
"""A shape of any tensor; an axis may be empty."""
Shapes = Annotated[Any, shapes]
Text = Annotated[str, text]
TargetShape = Annotated[Any, target_shape]
Padding = Annotated[Any, _PerAxis(padding)]
Pads = Annotated[Any, pads]
Flag = Annotated[bool, flag]
