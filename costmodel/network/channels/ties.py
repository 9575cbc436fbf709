"""Which axes of channels are one: a union of axes, where one may be several in a row, or a whole number of times another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import gcd, lcm

from costmodel._num import Num, total
from costmodel.network.channels.layouts import Axis, Layout, Part


class Ties:
    """Axes and what ties them."""

    def __init__(self) -> None:
        self._axes: list[Axis] = []

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
