"""Layers know channels first; a network may keep its shapes with channels last, as its source does. Here one becomes the other."""

from __future__ import annotations

from collections.abc import Sequence

from costmodel.errors import ShapeError
from costmodel.layers import Check, Layer, Shape


def channels_first(shape: Shape) -> Shape:
    """The shape (batch, sizes, channels) as (batch, channels, sizes); shapes of fewer than three axes are the same in both orders."""
    return shape if len(shape) < 3 else (shape[0], shape[-1], *shape[1:-1])


def channels_last(shape: Shape) -> Shape:
    """The shape (batch, channels, sizes) as (batch, sizes, channels)."""
    return shape if len(shape) < 3 else (shape[0], *shape[2:], shape[1])


def infer(layer: Layer, inputs: Sequence[Shape], last: bool = False) -> tuple[tuple[Shape, ...], tuple[Check, ...]]:
    """The output shapes of a layer and its open conditions; with `last` inputs and outputs have their channels last.

    Raises
    ------
    ShapeError
        Where the inputs don't fit; the message names shapes with channels first.
    """
    if not last:
        return layer.infer(tuple(inputs))
    try:
        shapes, conditions = layer.infer(tuple([channels_first(shape) for shape in inputs]))
    except ShapeError as error:
        raise ShapeError(f"{error} (shapes are said with channels first, the inputs are {', '.join(map(str, inputs))})") from None
    return tuple([channels_last(shape) for shape in shapes]), conditions
