"""Which rows of a layer's input a row of its output needs. A row is a slice along the first spatial axis, at full width.

Columns follow the same rules along the second.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from costmodel._num import ceil_div
from costmodel.formulas import window
from costmodel.layers import Shape
from costmodel.layers.window import Window, pad_pairs
from costmodel.network import Node

ROW_AXIS = 2
"""Batch, channels, then the axis along which stripes are cut."""


class Reach(Protocol):
    """Output rows from `a` up to `b` need the input rows from `first(a)` up to `end(b)`; both may lie outside the map."""

    def first(self, a: Any) -> Any: ...
    def end(self, b: Any) -> Any: ...


class Sliding(NamedTuple):
    """A window: convolution, pooling; of one row, all that works element by element."""

    span: int = 1
    stride: int = 1
    padding: int = 0

    def first(self, a: Any) -> Any:
        """The first input row that output row `a` needs."""
        return a * self.stride - self.padding

    def end(self, b: Any) -> Any:
        """The input row after the last that output row `b - 1` needs."""
        return (b - 1) * self.stride - self.padding + self.span


class Spread(NamedTuple):
    """A transposed convolution: each input row is spread over a window of output rows."""

    span: int
    stride: int
    padding: int

    def first(self, a: Any) -> Any:
        """The first input row whose window meets output row `a`."""
        return ceil_div(a + self.padding - self.span + 1, self.stride)

    def end(self, b: Any) -> Any:
        """The input row after the last whose window meets output row `b - 1`."""
        return (b - 1 + self.padding) // self.stride + 1


class Adaptive(NamedTuple):
    """Adaptive pooling: window i starts at floor(i n/m) and ends before ceil((i+1) n/m)."""

    rows_in: int
    rows_out: int

    def first(self, a: Any) -> Any:
        """Where window `a` starts."""
        return a * self.rows_in // self.rows_out

    def end(self, b: Any) -> Any:
        """Where window `b - 1` ends."""
        return ceil_div(b * self.rows_in, self.rows_out)


class Whole(NamedTuple):
    """Every output row needs every input row: global pooling, dense layers, whatever has no rule."""

    rows_in: int

    def first(self, a: Any) -> Any:
        """The top."""
        return a * 0

    def end(self, b: Any) -> Any:
        """The bottom."""
        return b * 0 + self.rows_in


def rows_of(shape: Shape, axis: int = ROW_AXIS) -> int:
    """Rows of a tensor; one without that axis has one."""
    return int(shape[axis]) if len(shape) > axis else 1


def reach(node: Node, position: int, seen: Callable[[Shape], Shape], axis: int = ROW_AXIS) -> Reach:
    """What rows a node's output needs of its input number `position`; columns along the next axis. `seen` puts the channels first."""
    x, y, layer = seen(node.input_shapes[position]), seen(node.output_shapes[0]), node.layer
    if (
        len(x) <= axis
        or len(x) != len(y)
        or len(node.output_shapes) > 1
        or (layer.rank is not None and x != node.seen(node.input_shapes[position]))
    ):
        return Whole(rows_of(x, axis))
    if hasattr(layer, "output_padding"):
        return _spread(layer, x, y, axis)
    if hasattr(layer, "kernel_size"):
        return _sliding(Window.of(layer), x, y, axis)
    if layer.kind.startswith("adaptive"):
        return Adaptive(x[axis], y[axis])
    if layer.kind == "pad":
        return Sliding(padding=_in_order(node, seen, getattr(layer, "pads"))[axis][0])  # noqa: B009
    if layer.kind == "concat" and _in_order(node, seen, range(len(x)))[axis] == getattr(layer, "axis") % len(x):  # noqa: B009
        return Whole(x[axis])
    if (is_elementwise(node) or layer.kind in ("concat", "channel_shuffle")) and x[axis] == y[axis]:
        return Sliding()
    return Whole(x[axis])


def _in_order(node: Node, seen: Callable[[Shape], Shape], values: Sequence[Any]) -> tuple[Any, ...]:
    """A value for each axis of a layer's input, channels first."""
    return tuple(values) if node.channels_last else seen(tuple(values))


def is_elementwise(node: Node) -> bool:
    """Whether each output element needs the elements at its own place alone."""
    layer = node.layer
    return layer.kind in ("add", "multiply") or (layer.role == "epilogue" and layer.kind not in ("layer_norm", "group_norm"))


def _sliding(found: Window, x: Shape, y: Shape, axis: int) -> Sliding:
    place = axis - ROW_AXIS
    span, stride = window.span(found.kernel[place], found.dilation[place]), found.stride[place]
    if found.pads is None:
        missing = max(0, (y[axis] - 1) * stride + span - x[axis])
        return Sliding(span, stride, missing // 2)
    return Sliding(span, stride, found.pads[place][0])


def _spread(layer: Any, x: Shape, y: Shape, axis: int) -> Spread:
    place = axis - ROW_AXIS
    span = window.span(layer.per_axis("kernel_size")[place], layer.per_axis("dilation")[place])
    stride = layer.per_axis("stride")[place]
    if layer.padding == "same":
        return Spread(span, stride, max(0, (x[axis] - 1) * stride + span - y[axis]) // 2)
    return Spread(span, stride, pad_pairs(layer.padding, len(x) - ROW_AXIS)[place][0])
