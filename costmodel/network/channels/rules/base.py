"""What a rule sees of a node and what it gives; the rules by the kinds of layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from costmodel._num import Num
from costmodel.errors import CostModelError
from costmodel.layers import Shape
from costmodel.network.channels.layouts import Layout, Layouts, Part, Remake, plain, varies
from costmodel.network.channels.ties import Ties
from costmodel.network.graph import Node


class Given(NamedTuple):
    """What a node gives: the layouts of its outputs and, where its fields hold sizes, how it is made anew."""

    outputs: tuple[Layouts, ...]
    remake: Remake | None = None


class Visit:
    """A node as its rule sees it: layouts with channels first."""

    __slots__ = ("inputs", "layer", "made", "node", "shapes", "ties")

    def __init__(self, ties: Ties, node: Node, inputs: tuple[Layouts, ...], shapes: tuple[Shape, ...]) -> None:
        self.ties, self.node, self.inputs, self.shapes = ties, node, inputs, shapes
        self.layer: Any = node.layer
        self.made: list[Layout] = []
        """The channels that the node chooses."""

    @property
    def why(self) -> str:
        """Why a size stays that this node can't follow."""
        return f"{self.node.name} ({self.node.layer.kind}) needs it"

    def make(self, size: Num) -> Layout:
        """Channels that this node chooses."""
        layout = self.ties.new(size, (self.node.name,), active=True)
        self.made.append(layout)
        return layout

    def stored(self, shape: Shape) -> Layouts:
        """A stored tensor: its sizes follow what it is joined with."""
        return tuple([(Part(n),) if type(n) is int and n == 1 else self.ties.new(n, (self.node.name,)) for n in shape])

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

    def one_of(self, layout: Layout, count: Num) -> Layout | None:
        """One of `count` equal pieces that stand behind one another, which stay equal; None where they can't."""
        size = self.ties.size(layout)
        if len(layout) == 1 or not varies(layout) or type(size) is not int or type(count) is not int:
            return self.ties.divided(layout, count, self.why)
        first, *others = self.ties.cut(layout, [size // count] * count, self.why)
        for other in others:
            self.ties.tie(first, other, self.why)
        return self.ties.resolved(first)


Rule = Callable[[Visit], Given]
RULES: dict[str, Rule] = {}
"""By the kind of a layer how layouts go through it."""


def rule(*kinds: str) -> Callable[[Rule], Rule]:
    """Decorate the rule of some kinds of layers."""

    def add(function: Rule) -> Rule:
        for kind in kinds:
            if kind in RULES:
                raise CostModelError(f"layer kind {kind!r} has a rule for its channels already")
            RULES[kind] = function
        return function

    return add
