"""Output sizes under padding and ceil mode: what convolutions and poolings share."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple

from costmodel._num import Num, at_most
from costmodel.errors import ShapeError
from costmodel.formulas import window
from costmodel.layers.base import Check, Layer, Shape

Pair = tuple[Num, Num]


def pad_pairs(padding: Any, rank: int) -> tuple[Pair, ...]:
    """Explicit padding as a pair (before, after) for every spatial axis."""
    if padding == "valid":
        padding = 0
    if not isinstance(padding, tuple):
        return ((padding, padding),) * rank
    if len(padding) != rank:
        raise ShapeError(f"`padding` (={padding}) must have {rank} entries, one for every spatial axis")
    return tuple(pair if isinstance(pair, tuple) else (pair, pair) for pair in padding)


class Window(NamedTuple):
    """A window that slides over the spatial axes."""

    kernel: tuple[Num, ...]
    stride: tuple[Num, ...]
    dilation: tuple[Num, ...]
    pads: tuple[Pair, ...] | None
    """None for SAME."""
    ceil_mode: bool

    @classmethod
    def of(cls, layer: Layer) -> Window:
        """The window of a layer with the fields kernel_size, stride, dilation, padding and perhaps ceil_mode."""
        padding: Any = getattr(layer, "padding")  # noqa: B009
        kernel = layer.per_axis("kernel_size")
        pads = None if padding == "same" else pad_pairs(padding, len(kernel))
        ceil_mode = getattr(layer, "ceil_mode", False)
        stride = kernel if getattr(layer, "stride") is None else layer.per_axis("stride")  # noqa: B009
        return cls(kernel, stride, layer.per_axis("dilation"), pads, ceil_mode)

    def check(self, sizes: Shape) -> Iterator[Check]:
        """No window may be larger than the padded input."""
        if self.pads is None:
            return
        for size, kernel, dilation, (before, after) in zip(sizes, self.kernel, self.dilation, self.pads, strict=True):
            span, padded = window.span(kernel, dilation), size + before + after
            if (fits := at_most(span, padded)) is not True:
                yield (
                    fits,
                    f"`kernel_size` (={kernel}) at dilation {dilation} spans {span} rows, more than the padded input's {padded} "
                    f"(input {size}, padding {before} + {after})",
                )

    def output_sizes(self, sizes: Shape) -> Shape:
        """The output size along every spatial axis."""
        if self.pads is None:
            return tuple(window.same_size(n, s) for n, s in zip(sizes, self.stride, strict=True))
        rule = window.ceil_size if self.ceil_mode else window.floor_size
        axes = zip(sizes, self.kernel, self.stride, self.dilation, self.pads, strict=True)
        return tuple(rule(n, k, s, d, *pair) for n, k, s, d, pair in axes)

    def transposed_sizes(self, sizes: Shape, output_padding: tuple[Num, ...]) -> Shape:
        """The output size along every axis of a transposed convolution; SAME gives input times stride."""
        if self.pads is None:
            return tuple(n * s for n, s in zip(sizes, self.stride, strict=True))
        axes = zip(sizes, self.kernel, self.stride, self.dilation, self.pads, output_padding, strict=True)
        return tuple(window.transposed_size(n, k, s, d, before, after, extra) for n, k, s, d, (before, after), extra in axes)


class Windowed(Layer):
    """A layer with the fields of a window."""

    @cached_property
    def window(self) -> Window:
        """Its window, made once."""
        return Window.of(self)
