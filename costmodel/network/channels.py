"""Which channels of a network go together: residual sums tie them, concatenations put them in a row, reshapes multiply them.

Each layer that chooses how many channels it gives makes an `Axis`. What any tensor has along any of its axes is a `Layout`: parts in a
row, each some whole number of times an axis, or a plain size. Walking through the network once says the layout of every tensor; where
two must agree, one is bound to the other. Given new sizes of the axes that are left, every layer is made anew with the sizes that follow.

A new kind of layer that gives each axis as it got it needs nothing here; any other has a rule in `RULES`. What can't be followed stays as
it is, and says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import gcd, lcm
from typing import Any, NamedTuple

from costmodel._num import Num, product, total
from costmodel.errors import CostModelError
from costmodel.layers import Counts, Layer, Shape
from costmodel.network.graph import Network, Node, TensorRef
from costmodel.network.layout import channels_last
from costmodel.tables import Column, Table


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


class Channels:
    """The channels of a network and how they are tied.

    Parameters
    ----------
    network : Network
    keep_outputs : bool
        Whether what the network returns keeps its size.

    Examples
    --------
    >>> import costmodel as cm
    >>> found = Channels(cm.zoo.mobilenet_cifar())
    >>> [axis.size for axis in found.axes][:3]
    [32, 64, 128]
    """

    def __init__(self, network: Network, keep_outputs: bool = True) -> None:
        self.network = network
        self.tensors: dict[TensorRef, Layouts] = {}
        self.made: dict[str, list[Layout]] = {}
        """By the name of a node the channels that it chooses: an entry for every field that says how many."""
        self._remakes: dict[str, Remake] = {}
        self._axes: list[Axis] = []
        for node in network.nodes.values():
            self._walk(node)
        if keep_outputs:
            for ref in network.outputs:
                self.fix(self.tensors[ref], "the network returns it")

    # -- what is found

    @property
    def axes(self) -> list[Axis]:
        """The axes that are left, in the order of their first makers."""
        place = {name: index for index, name in enumerate(self.network.nodes)}
        return sorted([a for a in self._axes if a.parts is None and a.active], key=lambda a: min(place[name] for name in a.makers))

    def read_by(self, name: str) -> Layout:
        """The channels that a convolution or dense layer reads."""
        node = self.network.nodes[name]
        layouts = self._seen(node, node.inputs[0])
        return layouts[1 if len(layouts) > 2 and node.layer.kind != "dense" else -1]

    def resolved(self, layout: Layout) -> Layout:
        """A layout in axes that are left; equal neighbours are one part."""
        found: list[Part] = []
        for part in self._expanded(layout):
            if found and found[-1].axis is part.axis:
                found[-1] = Part(found[-1].times + part.times, part.axis)
            else:
                found.append(part)
        return tuple(found)

    def _expanded(self, layout: Layout) -> Iterator[Part]:
        for times, axis in layout:
            if axis is None or axis.parts is None:
                yield Part(times, axis)
            else:
                yield from self._expanded(tuple([Part(times * part.times, part.axis) for part in axis.parts]))

    def size(self, layout: Layout, sizes: Mapping[Axis, Num] | None = None) -> Num:
        """The size of a layout, once some axes have new ones."""
        new = sizes or {}
        parts = [p.times if p.axis is None else p.times * new.get(p.axis, p.axis.size) for p in self.resolved(layout)]
        return parts[0] if len(parts) == 1 else total(parts)

    def resized(self, sizes: Mapping[Axis, Num]) -> dict[str, Node]:
        """The nodes that change, once some axes have new sizes."""

        def size(layout: Layout) -> Num:
            return self.size(layout, sizes)

        changed = {}
        for name, node in self.network.nodes.items():
            layer = self._remakes[name](size) if name in self._remakes else node.layer
            layer = node.layer if layer == node.layer else layer
            held = node.held
            if held is not None:
                ins = tuple([tuple([size(x) for x in self.tensors[ref]]) for ref in node.inputs])
                outs = tuple([size(x) for x in self.tensors[TensorRef(name)]])
                held = _stored(node, layer, ins, outs)
            if layer is not node.layer or held != node.held:
                changed[name] = node._replace(layer=layer, held=held)
        return changed

    @property
    def table(self) -> Table:
        """A row for all channels that go together."""
        columns = [
            Column("channels", "channels", ""), Column("layers", "layers that choose it"), Column("step", "multiple of", ""),
            Column("fixed", "why it stays"),
        ]  # fmt: skip
        rows = [{"channels": a.size, "layers": list(a.makers), "step": a.step, "fixed": a.fixed} for a in self.axes]
        return Table(columns, rows, title=f"{self.network.name}: channels that go together")

    # -- one node

    def _walk(self, node: Node) -> None:
        inputs = tuple([self._seen(node, ref) for ref in node.inputs])
        shapes = tuple([node.seen(shape) for shape in node.output_shapes])
        rule = RULES.get(node.layer.kind, _same_axes)
        given = rule(_Visit(self, node, node.layer, inputs, shapes))
        if given.remake is not None:
            self._remakes[node.name] = given.remake
        for index, layouts in enumerate(given.outputs):
            turned: Any = channels_last(layouts) if node.channels_last else layouts
            self.tensors[TensorRef(node.name, index)] = turned

    def _seen(self, node: Node, ref: TensorRef) -> Layouts:
        layouts = tuple([self.resolved(layout) for layout in self.tensors[ref]])
        seen: Any = node.seen(layouts)
        return tuple(seen)

    # -- what ties

    def new(self, size: Num, makers: Iterable[str] = (), active: bool = False) -> Layout:
        """An axis of its own."""
        axis = Axis(size, makers, active)
        self._axes.append(axis)
        return (Part(1, axis),)

    def fix(self, layouts: Iterable[Layout], why: str) -> None:
        """These sizes stay."""
        for layout in layouts:
            for _, axis in self.resolved(layout):
                if axis is not None and axis.fixed is None:
                    axis.fixed = why

    def step(self, layout: Layout, step: Num, why: str) -> None:
        """The size must stay a multiple of `step`."""
        for part in self.resolved(layout):
            if part.axis is None or (type(step) is int and step == 1):
                continue
            if not all(type(n) is int for n in (step, part.times, part.axis.size)):
                continue  # of symbols the network says the condition
            needed = lcm(part.axis.step, step // gcd(step, part.times))
            if part.axis.size % needed:
                self.fix([(part,)], why)
            else:
                part.axis.step = needed

    def tie(self, first: Layout, second: Layout, why: str) -> None:
        """Two layouts of one size stay equal."""
        rest, other = list(self._expanded(first)), list(self._expanded(second))
        while rest and other:
            a, b = rest[0], other[0]
            if a.axis is b.axis and a.times == b.times:
                done = 1
            elif a.size == b.size:
                self._tie_parts(a, b, why)
                done = 1
            elif type(a.size) is int and type(b.size) is int:
                small = min(a.size, b.size)
                for parts in (rest, other):
                    if parts[0].size != small:
                        parts[:1] = self._cut(parts[0], small, why)
                done = 0
            else:
                return self.fix([first, second], why)
            rest, other = list(self._expanded(tuple(rest[done:]))), list(self._expanded(tuple(other[done:])))
        return None

    def _tie_parts(self, a: Part, b: Part, why: str) -> None:
        if a.axis is None or b.axis is None:
            self.fix([(a,), (b,)], why)
        elif a.times == b.times:
            self._bind(b.axis, (Part(1, a.axis),))
        elif not all(type(n) is int for n in (a.times, b.times, a.axis.size, b.axis.size)):
            self.fix([(a,), (b,)], why)
        else:
            common = gcd(a.times, b.times)
            for_a, for_b = b.times // common, a.times // common
            shared = self.new(a.axis.size // for_a)
            self._bind(a.axis, (Part(for_a, shared[0].axis),))
            self._bind(b.axis, (Part(for_b, shared[0].axis),))

    def _cut(self, part: Part, size: int, why: str) -> list[Part]:
        """A part as two, the first of some size."""
        times, axis = part
        if axis is None:
            return [Part(size), Part(times - size)]
        if type(axis.size) is int and type(times) is int:
            if size % axis.size == 0:
                return [Part(size // axis.size, axis), Part(times - size // axis.size, axis)]
            if size % times == 0:
                first, second = self.new(size // times), self.new(axis.size - size // times)
                self._bind(axis, first + second)
                return [Part(times, first[0].axis), Part(times, second[0].axis)]
        self.fix([(part,)], why)
        return [Part(size), Part(part.size - size)]

    def cut(self, layout: Layout, sizes: Sequence[Num], why: str) -> list[Layout]:
        """A layout as several, each of some size."""
        pieces: list[Layout] = []
        rest = list(self._expanded(layout))
        for size in sizes:
            piece: list[Part] = []
            missing = size
            while rest and missing != 0:
                first = rest[0].size
                if first != missing and not (type(first) is int and type(missing) is int):
                    self.fix([layout], why)
                    return [(Part(size),) for size in sizes]
                if first != missing and first > missing:
                    rest = list(self._expanded((*self._cut(rest[0], missing, why), *rest[1:])))
                piece.append(rest.pop(0))
                missing = missing - piece[-1].size
            pieces.append(tuple(piece))
        return [self.resolved(piece) or (Part(0),) for piece in pieces]

    def _bind(self, axis: Axis, parts: Layout) -> None:
        """The axis is made of these from now on; they take over what holds of it."""
        axis.parts = parts
        for times, other in parts:
            assert other is not None
            other.makers |= axis.makers
            other.active |= axis.active
            if axis.fixed is not None:
                other.fixed = other.fixed or axis.fixed
            if axis.step != 1 and type(times) is int:
                self.step((Part(times, other),), axis.step, f"{next(iter(axis.makers))} has groups of channels")

    def times(self, layout: Layout, factor: Num) -> Layout:
        """The layout some number of times."""
        return layout if type(factor) is int and factor == 1 else tuple([Part(part.times * factor, part.axis) for part in layout])

    def divided(self, layout: Layout, factor: Num, why: str) -> Layout | None:
        """One of `factor` equal parts of every part of a layout; None where they don't divide."""
        found: list[Part] = []
        for times, axis in self.resolved(layout):
            if type(factor) is int and type(times) is int and times % factor == 0:
                found.append(Part(times // factor, axis))
            elif times == factor:
                found.append(Part(1, axis))
            elif axis is not None and all(type(n) is int for n in (factor, times, axis.size)):
                needed = factor // gcd(factor, times)
                if axis.size % needed:
                    return None
                part = self.new(axis.size // needed)
                self._bind(axis, (Part(needed, part[0].axis),))
                found.append(Part(times * needed // factor, part[0].axis))
            else:
                return None
        return tuple(found)


def _stored(node: Node, layer: Layer, inputs: tuple[Shape, ...], output: Shape) -> Counts:
    """What a file would store of a node whose sizes changed: each role as it stood to what the layer counts."""
    held = node.held
    assert held is not None
    before = node._replace(held=None).counts()
    after = layer.counts(tuple([node.seen(shape) for shape in inputs]), node.seen(output))
    return Counts(
        **{role: _share(getattr(held, role), getattr(before, role), getattr(after, role), node, output) for role in held.parameters()}
    )


def _share(held: Num, before: Num, after: Num, node: Node, output: Shape) -> Num:
    if held == before or (type(held) is int and held == 0):
        return held if type(held) is int and held == 0 else after
    if all(type(n) is int for n in (held, before, after)) and before:
        return held * after // before
    channels, now = node.seen(node.output_shapes[0])[1:2], node.seen(output)[1:2]
    if channels and type(held) is int and type(channels[0]) is int and channels[0] > 1 and held % channels[0] == 0:
        return held // channels[0] * now[0]  # figures that the layer does not count, so many a channel: scales
    return held


# -- rules


class Given(NamedTuple):
    """What a node gives: the layouts of its outputs and, where its fields hold sizes, how it is made anew."""

    outputs: tuple[Layouts, ...]
    remake: Remake | None = None


class _Visit:
    """A node as its rule sees it: layouts with channels first."""

    __slots__ = ("inputs", "layer", "node", "shapes", "ties")

    def __init__(self, ties: Channels, node: Node, layer: Any, inputs: tuple[Layouts, ...], shapes: tuple[Shape, ...]) -> None:
        self.ties, self.node, self.inputs, self.shapes = ties, node, inputs, shapes
        self.layer = layer

    @property
    def why(self) -> str:
        """Why a size stays that this node can't follow."""
        return f"{self.node.name} ({self.node.layer.kind}) needs it"

    def make(self, size: Num) -> Layout:
        """Channels that this node chooses."""
        layout = self.ties.new(size, (self.node.name,), active=True)
        self.ties.made.setdefault(self.node.name, []).append(layout)
        return layout

    def stop(self) -> Given:
        """Nothing is followed: what it reads and what it gives stays."""
        for layouts in self.inputs:
            self.ties.fix(layouts, self.why)
        return self.plain()

    def plain(self) -> Given:
        """Sizes that stay."""
        return Given(tuple([plain(shape) for shape in self.shapes]))

    def tie(self, first: Layout, second: Layout) -> None:
        """These stay equal."""
        self.ties.tie(first, second, f"{self.node.name} ({self.node.layer.kind}) ties it to a fixed size")


Rule = Callable[[_Visit], Given]


def _same_axes(at: _Visit) -> Given:
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


def _placeholder(at: _Visit) -> Given:
    return at.plain()


def _constant(at: _Visit) -> Given:
    """A stored tensor: its sizes follow what it is joined with."""
    layouts = tuple([(Part(n),) if type(n) is int and n == 1 else at.ties.new(n, (at.node.name,)) for n in at.shapes[0]])
    return Given((layouts,), lambda size: at.layer.replace(shape=tuple(map(size, layouts))))


def _conv(at: _Visit) -> Given:
    if len(at.inputs) != 1:
        return at.stop()
    layer, x = at.layer, at.inputs[0]
    rest = plain(at.shapes[0][2:])
    in_channels, groups = at.node.seen(at.node.input_shapes[0])[1], layer.groups
    if type(groups) is int and groups == 1:
        y = at.make(layer.out_channels)
        return Given(((x[0], y, *rest),), lambda size: layer.replace(out_channels=size(y)))
    if groups == in_channels and type(layer.out_channels) is int and type(groups) is int:
        y = at.ties.times(x[1], layer.out_channels // groups)
        return Given(((x[0], y, *rest),), lambda size: layer.replace(out_channels=size(y), groups=size(x[1])))
    y = at.make(layer.out_channels)
    for layout in (x[1], y):
        at.ties.step(layout, groups, at.why)
    return Given(((x[0], y, *rest),), lambda size: layer.replace(out_channels=size(y)))


def _depthwise(at: _Visit) -> Given:
    if len(at.inputs) != 1:
        return at.stop()
    x = at.inputs[0]
    return Given(((x[0], at.ties.times(x[1], at.layer.multiplier), *plain(at.shapes[0][2:])),))


def _dense(at: _Visit) -> Given:
    y = at.make(at.layer.out_features)
    return Given(((*at.inputs[0][:-1], y),), lambda size: at.layer.replace(out_features=size(y)))


def _svdf(at: _Visit) -> Given:
    y = at.make(at.layer.units)
    return Given(((at.inputs[0][0], y),), lambda size: at.layer.replace(units=size(y)))


def _recurrent(at: _Visit) -> Given:
    """Hidden features, and the projected ones where there are any; the output is the narrower."""
    layer = at.layer
    projected = getattr(layer, "projection", None)
    hidden = at.make(layer.hidden)
    output = hidden if projected is None else at.make(projected)
    for state, layouts in enumerate(at.inputs[1:]):
        last = layouts[-1] if layouts else ()
        if last and at.ties.size(last) == at.shapes[min(state + 1, len(at.shapes) - 1)][-1]:
            at.tie(last, output if state == 0 else hidden)
            at.ties.fix(layouts[:-1], at.why)
        else:
            at.ties.fix(layouts, at.why)
    at.ties.fix(at.inputs[0][:-1], at.why)
    features = (output, output, hidden)
    outputs = tuple([(*plain(shape[:-1]), features[index]) for index, shape in enumerate(at.shapes)])
    if projected is None:
        return Given(outputs, lambda size: layer.replace(hidden=size(hidden)))
    return Given(outputs, lambda size: layer.replace(hidden=size(hidden), projection=size(output)))


def _embedding(at: _Visit) -> Given:
    layer = at.layer
    place = layer.axis % len(layer.table)
    row = {i: at.make(n) for i, n in enumerate(layer.table) if i != place}
    outputs = (*[row[i] for i in sorted(row) if i < place], *at.inputs[0], *[row[i] for i in sorted(row) if i > place])
    return Given((outputs,), lambda size: layer.replace(table=tuple([size(row[i]) if i in row else n for i, n in enumerate(layer.table)])))


def _broadcast(at: _Visit, many: Sequence[Layouts]) -> Layouts:
    """The common layout of tensors that broadcast; stored sizes are looked up in it."""
    rank = max(map(len, many))
    found: list[Layout] = []
    for place in range(-rank, 0):
        column = [layouts[place] for layouts in many if len(layouts) >= -place]
        wide = [layout for layout in column if not _is_one(layout)]
        for layout in wide[1:]:
            at.tie(wide[0], layout)
        if wide:
            at.ties.fix([layout for layout in column if _is_one(layout)], f"{at.node.name} broadcasts it")
        found.append(at.ties.resolved((wide or column)[0]))
    return tuple(found)


def _is_one(layout: Layout) -> bool:
    size = total(part.size for part in layout)
    return type(size) is int and size == 1


def _elementwise(at: _Visit) -> Given:
    return _with_stored(at, "constants", at.layer.constants)


def _with_stored(at: _Visit, field: str, stored: Sequence[Shape]) -> Given:
    """Inputs and stored tensors broadcast; the stored ones follow."""
    tensors = [tuple([(Part(n),) if type(n) is int and n == 1 else at.ties.new(n, (at.node.name,)) for n in shape]) for shape in stored]
    y = _broadcast(at, [*at.inputs, *tensors])

    def remake(size: Size) -> Layer:
        shapes = tuple([tuple(map(size, layouts)) for layouts in tensors])
        layer: Layer = at.layer.replace(**{field: shapes if field == "constants" else shapes[0]})
        return layer

    return Given((y,), remake if stored else None)


def _prelu(at: _Visit) -> Given:
    return _with_stored(at, "slope", [at.layer.slope])


def _bias(at: _Visit) -> Given:
    return _with_stored(at, "shape", [at.layer.shape])


def _matmul(at: _Visit) -> Given:
    a, b = at.inputs
    a = (*a[:-2], a[-1], a[-2]) if at.layer.transpose_first else a
    b = (*b[:-2], b[-1], b[-2]) if at.layer.transpose_second else b
    at.tie(a[-1], b[-2])
    return Given(((*(_broadcast(at, [a[:-2], b[:-2]]) if len(a) > 2 or len(b) > 2 else ()), a[-2], b[-1]),))


def _attention(at: _Visit) -> Given:
    q, k, v = at.inputs[:3]
    at.tie(q[3], k[3])
    at.ties.fix([*q[:3], *k[:3], *v[:3]], at.why)
    for mask in at.inputs[3:]:
        at.ties.fix(mask, at.why)
    return Given(((*plain(at.shapes[0][:3]), v[3]),))


def _einsum(at: _Visit) -> Given:
    left, _, right = at.layer.equation.partition("->")
    found: dict[str, Layout] = {}
    for term, layouts in zip(left.split(","), at.inputs, strict=True):
        for name, layout in zip(term, layouts, strict=True):
            if name in found and not _is_one(layout) and not _is_one(found[name]):
                at.tie(found[name], layout)
            elif name not in found or _is_one(found[name]):
                found[name] = layout
    return Given((tuple([found[name] for name in right]),))


def _concat(at: _Visit) -> Given:
    place = at.layer.axis % len(at.inputs[0])
    for layouts in at.inputs[1:]:
        for axis, (first, other) in enumerate(zip(at.inputs[0], layouts, strict=True)):
            if axis != place:
                at.tie(first, other)
    joined = tuple([part for layouts in at.inputs for part in layouts[place]])
    return Given(((*at.inputs[0][:place], joined, *at.inputs[0][place + 1 :]),))


def _split(at: _Visit) -> Given:
    place = at.layer.axis % len(at.inputs[0])
    x = at.inputs[0]
    if not varies(x[place]):
        return Given(tuple([(*x[:place], (Part(n),), *x[place + 1 :]) for n in at.layer.sizes]))
    pieces = at.ties.cut(x[place], at.layer.sizes, at.why)
    outputs = tuple([(*x[:place], piece, *x[place + 1 :]) for piece in pieces])
    return Given(outputs, lambda size: at.layer.replace(sizes=tuple(map(size, pieces))))


def _transpose(at: _Visit) -> Given:
    return Given((tuple([at.inputs[0][axis] for axis in at.layer.order]),))


def _shuffle(at: _Visit) -> Given:
    """Channels of equal groups, interleaved."""
    x, groups = at.inputs[0], at.layer.groups
    group = _one_of(at, x[1], groups)
    return at.stop() if group is None else Given(((x[0], at.ties.times(group, groups), *x[2:]),))


def _one_of(at: _Visit, layout: Layout, count: Num) -> Layout | None:
    """One of `count` equal pieces that stand behind one another, which stay equal; None where they can't."""
    size = at.ties.size(layout)
    if not varies(layout) or type(size) is not int or type(count) is not int:
        return at.ties.divided(layout, count, at.why)
    if len(layout) == 1:
        return at.ties.divided(layout, count, at.why)
    first, *others = at.ties.cut(layout, [size // count] * count, at.why)
    for other in others:
        at.ties.tie(first, other, at.why)
    return at.ties.resolved(first)


def _pad(at: _Visit) -> Given:
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


def _flatten(at: _Visit) -> Given:
    x = at.inputs[0]
    place = at.layer.start_axis % len(x)
    merged = _merged(at, x[place:])
    return at.stop() if merged is None else Given(((*x[:place], merged),))


def _merged(at: _Visit, layouts: Layouts) -> Layout | None:
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


def _reshape(at: _Visit) -> Given:
    x, shape = at.inputs[0], at.shapes[0]
    made = _reshaped(at, x, shape)
    if made is None:
        return at.stop()
    rest = next((i for i, n in enumerate(at.layer.shape) if type(n) is int and n == -1), None)
    return Given((made,), lambda size: at.layer.replace(shape=tuple([-1 if i == rest else size(layout) for i, layout in enumerate(made)])))


def _reshaped(at: _Visit, x: Layouts, shape: Shape) -> Layouts | None:
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


def _regrouped(at: _Visit, x: Layouts, shape: Shape) -> Layouts | None:
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
        divided = _one_of(at, merged, others)
    return None if divided is None else tuple([divided if i == chosen else (Part(n),) for i, n in enumerate(shape)])


def _rearrange(at: _Visit) -> Given:
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
                made = _one_of(at, layout, have // size)
        if made is None:
            at.ties.fix([layout], at.why)
            made = (Part(size),)
        found.append(made)
    return Given((tuple(found),), lambda size: at.layer.replace(shape=tuple(map(size, found))))


def _resize(at: _Visit) -> Given:
    """Channels as they came, other axes as the layer says."""
    for layouts in at.inputs[1:]:
        at.ties.fix(layouts, at.why)
    found = tuple([x if varies(x) and at.ties.size(x) == n else (Part(n),) for x, n in zip(at.inputs[0], at.shapes[0], strict=True)])
    at.ties.fix([x for x, y in zip(at.inputs[0], found, strict=True) if not varies(y)], at.why)
    return Given((found,), lambda size: at.layer.replace(shape=tuple(map(size, found))))


def _reduce(at: _Visit) -> Given:
    rank = len(at.inputs[0])
    gone = {axis % rank for axis in at.layer.axes}
    one = (Part(1),)
    return Given((tuple([one if i in gone else x for i, x in enumerate(at.inputs[0]) if at.layer.keep or i not in gone]),))


def _stop(at: _Visit) -> Given:
    return at.stop()


RULES: dict[str, Rule] = {
    **{f"conv{rank}d": _conv for rank in (1, 2, 3)},
    **{f"conv_transpose{rank}d": _conv for rank in (1, 2, 3)},
    **{f"depthwise_conv{rank}d": _depthwise for rank in (1, 2, 3)},
    **dict.fromkeys(("add", "multiply", "elementwise", "where"), _elementwise),
    **dict.fromkeys(("lstm", "gru", "rnn"), _recurrent),
    **dict.fromkeys(("resize", "grid_sample"), _resize),
    "attention": _attention,
    "bias": _bias,
    "channel_shuffle": _shuffle,
    "concat": _concat,
    "constant": _constant,
    "dense": _dense,
    "einsum": _einsum,
    "embedding": _embedding,
    "flatten": _flatten,
    "input": _placeholder,
    "matmul": _matmul,
    "opaque": _stop,
    "pad": _pad,
    "prelu": _prelu,
    "rearrange": _rearrange,
    "reduce": _reduce,
    "reshape": _reshape,
    "split": _split,
    "svdf": _svdf,
    "transpose": _transpose,
}
"""How layouts go through a layer, by its kind; of every other kind `_same_axes`."""
