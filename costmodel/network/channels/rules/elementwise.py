"""Tensors that broadcast: sums tie the channels of what they add."""

from __future__ import annotations

from collections.abc import Sequence

from costmodel.layers import Layer, Shape
from costmodel.network.channels.layouts import Layout, Layouts, Size, is_one
from costmodel.network.channels.rules.base import Given, Visit, rule


@rule("add", "multiply", "elementwise", "where")
def elementwise(at: Visit) -> Given:
    """What it reads and the numbers that it stores broadcast."""
    return _with_stored(at, "constants", at.layer.constants)


@rule("prelu")
def prelu(at: Visit) -> Given:
    """A slope that broadcasts."""
    return _with_stored(at, "slope", [at.layer.slope])


@rule("bias")
def bias(at: Visit) -> Given:
    """Stored numbers that broadcast."""
    return _with_stored(at, "shape", [at.layer.shape])


def _with_stored(at: Visit, field: str, stored: Sequence[Shape]) -> Given:
    """Inputs and stored tensors broadcast; the stored ones follow."""
    tensors = [at.stored(shape) for shape in stored]
    y = broadcast(at, [*at.inputs, *tensors])

    def remake(size: Size) -> Layer:
        shapes = tuple([tuple(map(size, layouts)) for layouts in tensors])
        layer: Layer = at.layer.replace(**{field: shapes if field == "constants" else shapes[0]})
        return layer

    return Given((y,), remake if stored else None)


def broadcast(at: Visit, many: Sequence[Layouts]) -> Layouts:
    """The common layout of tensors that broadcast; stored sizes are looked up in it."""
    rank = max(map(len, many))
    found: list[Layout] = []
    for place in range(-rank, 0):
        column = [layouts[place] for layouts in many if len(layouts) >= -place]
        wide = [layout for layout in column if not is_one(layout)]
        for layout in wide[1:]:
            at.tie(wide[0], layout)
        if wide:
            at.ties.fix([layout for layout in column if is_one(layout)], f"{at.node.name} broadcasts it")
        found.append(at.ties.resolved((wide or column)[0]))
    return tuple(found)
