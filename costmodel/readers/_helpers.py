"""What many rules share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from costmodel._num import Num, is_symbolic, minimum
from costmodel.errors import ReaderError, UnknownLayerError
from costmodel.layers import Layer, Shape
from costmodel.layers.structure import Reshape
from costmodel.readers._importer import Operator
from costmodel.readers._values import MOST_KNOWN, Value

FAR = 2**31 - 1
"""What files write for the end of an axis; anything at least as large means the end."""


MOST_AXES = 64
"""The most axes that a tensor is taken to have."""


def axis_of(axis: Any, rank: int) -> int:
    """An axis counted from the front."""
    if type(axis) is not int or not -rank <= axis < rank:
        raise ReaderError(f"axis {axis} is not within {rank} axes")
    return axis % rank


def axes_of(axes: Iterable[Any] | None, rank: int) -> tuple[int, ...]:
    """Axes counted from the front; all of them where none is named."""
    if rank > MOST_AXES:
        raise ReaderError(f"a tensor has {rank} axes; at most {MOST_AXES} are taken to be meant")
    return tuple(range(rank)) if axes is None else tuple([axis_of(axis, rank) for axis in axes])


def sized(numbers: Iterable[Any]) -> tuple[Num, ...]:
    """Numbers of a shape: integers of at least 0 or symbols."""
    shape = []
    for number in numbers:
        if is_symbolic(number):
            shape.append(number)
            continue
        if number != int(number) or number < 0:
            raise ReaderError(f"a shape must hold integers of at least 0, got {number}")
        if number > 2**48:
            raise ReaderError(f"a shape holds the size {number}; at most {2**48} is taken to be meant")
        shape.append(int(number))
    if len(shape) > MOST_AXES:
        raise ReaderError(f"a shape has {len(shape)} axes; at most {MOST_AXES} are taken to be meant")
    return tuple(shape)


def with_axis(shape: Shape, axis: int, size: Num) -> Shape:
    """The shape with another size along an axis."""
    return *shape[:axis], size, *shape[axis + 1 :]


def bounded(shape: Sequence[int]) -> bool:
    """Whether a tensor of known numbers may have this shape."""
    count = 1
    for size in shape:
        count *= int(size)
    return 0 <= count <= MOST_KNOWN


def reshape(op: Operator, x: Value, shape: Sequence[Num], name: Layer | None = None) -> Value:
    """The same elements in another shape; stays the tensor where the shape is the same."""
    shape = tuple(shape)
    if shape == x.shape:
        return x
    made: Value = op.emit(Reshape(shape), x)
    return made


def clipped(index: Num, size: Num) -> Num:
    """An index of a slice that counts from the front, cut at the end; of symbols the smaller, settled where it can be."""
    if type(index) is int and type(size) is int:
        return min(max(index, 0), size)
    if index == size or (type(index) is int and index >= FAR):
        return size
    if type(index) is int and index <= 1:
        return max(index, 0)
    if getattr(size - index, "is_nonnegative", False):
        return index
    return minimum(index, size)


def known_or_refuse(op: Operator, index: int, what: str) -> Any:
    """The numbers of an input that the output shape depends on."""
    data = op[index].data
    if data is None:
        raise UnknownLayerError(
            f"the output shape of {op.kind} depends on {what}, which is not known; if it comes from an input of the network, "
            f"give it in `values`"
        )
    return data


def pair(features: Callable[..., Layer], op: Operator, *inputs: Value, dtype: str | None = None) -> Value:
    """An elementwise layer of feature maps and stored operands."""
    flowing = [v for v in inputs if v.ref]
    if not flowing:
        made: Value = op.emit(features(), *inputs, dtype=dtype)
        return made
    stored = [v for v in inputs if not v.ref]
    layer = features(constants=tuple([v.shape for v in stored])) if stored else features()
    made = op.emit(layer, *flowing, dtype=dtype or inputs[0].dtype, constants=stored)
    return made
