"""Layers that nothing is said of: each axis as it came. Of an opaque one nothing is known."""

from __future__ import annotations

from costmodel.errors import CostModelError
from costmodel.network.channels.layouts import Layout, Part, varies
from costmodel.network.channels.rules.base import Given, Visit, rule


def same_axes(at: Visit) -> Given:
    """Each axis as it came, as norms, activations and pooling have it; asked of the layer itself, with other sizes."""
    x = at.inputs[0] if at.inputs else ()
    if not any(varies(layout) for layout in x) and not any(varies(layout) for other in at.inputs[1:] for layout in other):
        return at.plain()
    if len(at.inputs) != 1 or any(len(shape) != len(x) for shape in at.shapes):
        return at.stop()
    larger = tuple([2 * n if varies(layout) else n for n, layout in zip(at.node.seen(at.node.input_shapes[0]), x, strict=True)])
    try:
        probed, _ = at.layer.infer((larger,))
    except CostModelError:
        return at.stop()
    outputs = []
    for shape, other in zip(at.shapes, probed, strict=True):
        layouts: list[Layout] = []
        for layout, size, now in zip(x, shape, other, strict=True):
            if varies(layout) and now == 2 * size:
                layouts.append(layout)
            elif now == size:
                layouts.append((Part(size),))
            else:
                return at.stop()
        outputs.append(tuple(layouts))
    if (groups := getattr(at.layer, "groups", None)) is not None:
        at.ties.step(x[1], groups, at.why)
    return Given(tuple(outputs))


@rule("opaque")
def opaque(at: Visit) -> Given:
    """Nothing is known of it."""
    return at.stop()
