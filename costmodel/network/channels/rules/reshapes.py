"""Axes that become other axes: what varies goes through as a whole number of times what it was, or a part of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from costmodel._num import Num, product
from costmodel.layers import Shape
from costmodel.network.channels.layouts import Layout, Layouts, Part, plain, varies
from costmodel.network.channels.rules.base import Given, Visit, rule


@rule("flatten")
def flatten(at: Visit) -> Given:
    """All axes from one on as one."""
    x = at.inputs[0]
    place = at.layer.start_axis % len(x)
    merged = _merged(at, x[place:])
    return at.stop() if merged is None else Given(((*x[:place], merged),))


@rule("reshape")
def reshape(at: Visit) -> Given:
    """Another shape, as it is written down; a size that is left open stays so."""
    x, shape = at.inputs[0], at.shapes[0]
    made = _reshaped(at, x, shape)
    if made is None:
        return at.stop()
    rest = next((i for i, n in enumerate(at.layer.shape) if type(n) is int and n == -1), None)
    return Given((made,), lambda size: at.layer.replace(shape=tuple([-1 if i == rest else size(layout) for i, layout in enumerate(made)])))


@rule("rearrange")
def rearrange(at: Visit) -> Given:
    """Elements that are picked or repeated: an axis keeps its size, is a whole number of times longer or shorter, or goes."""
    x, shape = at.inputs[0], at.shapes[0]
    for layouts in at.inputs[1:]:
        at.ties.fix(layouts, at.why)
    if not any(map(varies, x)):
        return Given((plain(shape),))
    if len(x) == len(shape) + 1:
        sizes = tuple(map(at.ties.size, x))
        x = next((x[:i] + x[i + 1 :] for i in range(len(x)) if not varies(x[i]) and sizes[:i] + sizes[i + 1 :] == shape), x)
    if len(x) != len(shape):
        return at.stop()
    found: list[Layout] = []
    for layout, size in zip(x, shape, strict=True):
        have = at.ties.size(layout)
        made: Layout | None = layout if have == size else None
        if not varies(layout):
            made = (Part(size),)
        elif made is None and type(have) is int and type(size) is int and size and have:
            if size % have == 0:
                made = at.ties.times(layout, size // have)
            elif have % size == 0:
                made = at.one_of(layout, have // size)
        if made is None:
            at.ties.fix([layout], at.why)
            made = (Part(size),)
        found.append(made)
    return Given((tuple(found),), lambda size: at.layer.replace(shape=tuple(map(size, found))))


def _merged(at: Visit, layouts: Layouts) -> Layout | None:
    """Several axes as one: at most one of them may vary; sizes of stored tensors give way."""
    moving = [layout for layout in layouts if varies(layout)]
    if len(moving) > 1:
        passive = [layout for layout in moving if not any(part.axis is not None and part.axis.active for part in layout)]
        at.ties.fix(passive, at.why)
        moving = [layout for layout in moving if layout not in passive]
    others = product(at.ties.size(layout) for layout in layouts if not any(layout is one for one in moving))
    if not moving:
        return (Part(others),)
    return at.ties.times(moving[0], others) if len(moving) == 1 else None


def _reshaped(at: Visit, x: Layouts, shape: Shape) -> Layouts | None:
    """The layouts behind a reshape: runs of axes with one product go into one another; None where that can't be followed."""
    sizes = [at.ties.size(layout) for layout in x]
    front = 0
    while front < min(len(x), len(shape)) and sizes[front] == shape[front]:
        front += 1
    back = 0
    while back < min(len(x), len(shape)) - front and sizes[-1 - back] == shape[-1 - back]:
        back += 1
    middle: list[Layout] = []
    old, new = list(range(front, len(x) - back)), list(range(front, len(shape) - back))
    for some, into in _runs(sizes, shape, old, new):
        made = _regrouped(at, tuple([x[i] for i in some]), tuple([shape[i] for i in into]))
        if made is None:
            return None
        middle += made
    return (*x[:front], *middle, *x[len(x) - back :])


def _runs(sizes: Sequence[Num], shape: Shape, old: list[int], new: list[int]) -> Iterator[tuple[list[int], list[int]]]:
    """Axes before and after, in the shortest runs whose products agree; all at once where symbols leave it open."""
    if not all(type(n) is int and n > 0 for n in (*[sizes[i] for i in old], *[shape[i] for i in new])):
        yield old, new
        return
    while old or new:
        some, into = old[:1], new[:1]
        while (have := product(sizes[i] for i in some)) != (want := product(shape[i] for i in into)):
            more = old[len(some) :] if have < want else new[len(into) :]
            if not more:
                some, into = old, new
                break
            (some if have < want else into).append(more[0])
        if len(some) == len(old) or len(into) == len(new):
            some, into = old, new  # what is left are ones
        yield some, into
        old, new = old[len(some) :], new[len(into) :]


def _regrouped(at: Visit, x: Layouts, shape: Shape) -> Layouts | None:
    """Axes with one product as other axes. Where one that varies is divided, the widest of the new ones varies."""
    merged = _merged(at, x)
    if merged is None:
        return None
    if not varies(merged):
        return plain(shape)
    wide = [i for i, n in enumerate(shape) if not (type(n) is int and n == 1)]
    if len(wide) <= 1:
        return tuple([merged if [i] == wide else (Part(n),) for i, n in enumerate(shape)]) if wide else None
    moving = next(at.ties.size(layout) for layout in x if varies(layout))
    chosen = next((i for i in wide if shape[i] == moving), None)
    if chosen is None:
        if not all(type(n) is int for n in shape):
            return None
        chosen = max(wide, key=lambda i: (shape[i], i))
    others = product(n for i, n in enumerate(shape) if i != chosen)
    before = product(n for i, n in enumerate(shape) if i < chosen)
    divided = at.ties.divided(merged, others, at.why) if len(merged) == 1 or before == 1 or shape[chosen] == moving else None
    if divided is None and others == before:
        divided = at.one_of(merged, others)
    return None if divided is None else tuple([divided if i == chosen else (Part(n),) for i, n in enumerate(shape)])
