"""Tensors that are joined, cut, turned, padded, reduced or resized: layouts in a row, in pieces, in another order."""

from __future__ import annotations

from costmodel.network.channels.layouts import Layout, Part, varies
from costmodel.network.channels.rules.base import Given, Visit, rule


@rule("concat")
def concat(at: Visit) -> Given:
    """Layouts in a row along one axis; the others are tied."""
    place = at.layer.axis % len(at.inputs[0])
    for layouts in at.inputs[1:]:
        for axis, (first, other) in enumerate(zip(at.inputs[0], layouts, strict=True)):
            if axis != place:
                at.tie(first, other)
    joined = tuple([part for layouts in at.inputs for part in layouts[place]])
    return Given(((*at.inputs[0][:place], joined, *at.inputs[0][place + 1 :]),))


@rule("split")
def split(at: Visit) -> Given:
    """A layout in pieces along one axis."""
    place = at.layer.axis % len(at.inputs[0])
    x = at.inputs[0]
    if not varies(x[place]):
        return Given(tuple([(*x[:place], (Part(n),), *x[place + 1 :]) for n in at.layer.sizes]))
    pieces = at.ties.cut(x[place], at.layer.sizes, at.why)
    outputs = tuple([(*x[:place], piece, *x[place + 1 :]) for piece in pieces])
    return Given(outputs, lambda size: at.layer.replace(sizes=tuple(map(size, pieces))))


@rule("transpose")
def transpose(at: Visit) -> Given:
    """The axes in another order."""
    return Given((tuple([at.inputs[0][axis] for axis in at.layer.order]),))


@rule("channel_shuffle")
def shuffle(at: Visit) -> Given:
    """Channels of equal groups, interleaved."""
    x, groups = at.inputs[0], at.layer.groups
    group = at.one_of(x[1], groups)
    return at.stop() if group is None else Given(((x[0], at.ties.times(group, groups), *x[2:]),))


@rule("pad")
def pad(at: Visit) -> Given:
    """Channels that are added are an axis of their own: the sum that follows says how many they are."""
    added: list[tuple[Layout, Layout]] = []
    layouts: list[Layout] = []
    for layout, pair in zip(at.inputs[0], at.layer.pads, strict=True):
        before, after = [
            at.ties.new(n, (at.node.name,)) if varies(layout) and not (type(n) is int and n == 0) else (Part(n),) for n in pair
        ]
        added.append((before, after))
        size = at.shapes[0][len(layouts)]
        layouts.append(
            tuple([p for p in (*before, *layout, *after) if p.axis is not None or p.times != 0]) if varies(layout) else (Part(size),)
        )
    return Given((tuple(layouts),), lambda size: at.layer.replace(pads=tuple([(size(before), size(after)) for before, after in added])))


@rule("reduce")
def reduce(at: Visit) -> Given:
    """Axes that are summed over are one or gone."""
    rank = len(at.inputs[0])
    gone = {axis % rank for axis in at.layer.axes}
    one = (Part(1),)
    return Given((tuple([one if i in gone else x for i, x in enumerate(at.inputs[0]) if at.layer.keep or i not in gone]),))


@rule("resize", "grid_sample")
def resize(at: Visit) -> Given:
    """Channels as they came, other axes as the layer says."""
    for layouts in at.inputs[1:]:
        at.ties.fix(layouts, at.why)
    found = tuple([x if varies(x) and at.ties.size(x) == n else (Part(n),) for x, n in zip(at.inputs[0], at.shapes[0], strict=True)])
    at.ties.fix([x for x, y in zip(at.inputs[0], found, strict=True) if not varies(y)], at.why)
    return Given((found,), lambda size: at.layer.replace(shape=tuple(map(size, found))))
