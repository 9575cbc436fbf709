"""A layer as a loop nest: three operands, and the loops that each of them knows."""

from __future__ import annotations

from typing import Any, NamedTuple

from costmodel._num import is_open, product
from costmodel.errors import SymbolicError
from costmodel.formulas import window
from costmodel.layers import Layer, Shape
from costmodel.layers.conv import _Convolution, _ConvTranspose
from costmodel.layers.linear import Dense, MatMul
from costmodel.layers.window import Window
from costmodel.prediction.tiled.axis import Axis

_ONE = Axis(1, 1)


class Bits(NamedTuple):
    """Widths of the operands."""

    input: int = 8
    weight: int = 8
    output: int = 8
    accumulator: int = 32


class Nest(NamedTuple):
    """The loops of a convolution, dense layer or matrix product.

    Groups run one after another. Within one, inputs know the loops n, c, p, q, r, s; weights m, c, r, s; sums n, p, q, m.
    """

    groups: int
    images: int
    m: int
    channels: int
    p: Axis
    q: Axis
    depth: Axis = _ONE
    """A third spatial axis, walked slice by slice: its outputs as further images, its taps as further input channels."""

    @property
    def n(self) -> int:
        """Steps of the batch loop."""
        return self.images * self.depth.outputs

    @property
    def c(self) -> int:
        """Steps of the input-channel loop."""
        return self.channels * self.depth.taps

    @property
    def planes(self) -> int:
        """Input planes that one group meets, one for each step of n and c that meets a stored one."""
        return self.images * self.channels * self.depth.rows().pairs

    @property
    def macs(self) -> int:
        """MACs on stored data: taps on padding are left out."""
        return self.groups * self.m * self.planes * self.p.rows().pairs * self.q.rows().pairs

    @property
    def inputs(self) -> int:
        """Input elements touched at all."""
        return self.groups * self.images * self.channels * self.p.touched * self.q.touched * self.depth.touched

    @property
    def weights(self) -> int:
        """Elements of the second operand."""
        return self.groups * self.m * self.c * self.p.taps * self.q.taps

    @property
    def outputs(self) -> int:
        """Output elements."""
        return self.groups * self.n * self.m * self.p.outputs * self.q.outputs

    @property
    def reuse(self) -> int:
        """How many MACs of one output channel at most share an input element."""
        return self.p.reuse * self.q.reuse * self.depth.reuse


def nest_of(layer: Layer, inputs: tuple[Shape, ...], output: Shape) -> Nest | None:
    """The loop nest of a layer; None where each operand moves once whatever is held."""
    if not isinstance(layer, _Convolution | Dense | MatMul):
        return None
    if any(is_open(n) for shape in (*inputs, output) for n in shape):
        raise SymbolicError(
            f"the tiling of a {layer.kind} needs plain sizes, got input {inputs[0]}; give the symbols values, or use traffic='compulsory'"
        )
    if isinstance(layer, Dense):
        rows = product(output[:-1])
        return Nest(1, 1, output[-1], inputs[0][-1], Axis(rows, rows), _ONE)
    if isinstance(layer, MatMul):
        return _product(*inputs)
    return _convolution(layer, inputs[0], output)


def _product(a: Shape, b: Shape) -> Nest:
    """An axis that both have is a group; one that a alone has adds rows, one that b alone has columns."""
    groups, rows, columns = 1, a[-2], b[-1]
    axes = max(len(a), len(b)) - 2
    for x, y in zip((1,) * (axes + 2 - len(a)) + a[:-2], (1,) * (axes + 2 - len(b)) + b[:-2], strict=True):
        if x == y:
            groups *= x
        else:
            rows, columns = rows * x, columns * y
    return Nest(groups, 1, columns, a[-1], Axis(rows, rows), _ONE)


def _convolution(layer: _Convolution, x: Shape, y: Shape) -> Nest:
    axes = _axes(layer, x[2:], y[2:])
    groups = layer._groups(x[1])
    depth = axes.pop(0) if len(axes) == 3 else _ONE
    p, q = (*axes, _ONE)[:2]
    return Nest(groups, x[0], y[1] // groups, x[1] // groups, p, q, depth)


def _axes(layer: Any, sizes: Shape, outputs: Shape) -> list[Axis]:
    shape = Window.of(layer)
    found = []
    for i, (size, out) in enumerate(zip(sizes, outputs, strict=True)):
        k, t, d = shape.kernel[i], shape.stride[i], shape.dilation[i]
        span = window.span(k, d)
        if isinstance(layer, _ConvTranspose):
            before = max(0, span - t) // 2 if shape.pads is None else shape.pads[i][0]
            found.append(Axis(out, size, k, 1, d, span - 1 - before, t))
        else:
            before = max(0, (out - 1) * t + span - size) // 2 if shape.pads is None else shape.pads[i][0]
            found.append(Axis(out, size, k, t, d, before))
    return found
