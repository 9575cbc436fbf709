"""What the rules of other tools multiply: sizes of one layer in its place, each an exact integer or a closed form."""

from __future__ import annotations

from collections.abc import Callable

from costmodel._num import Num, floor_div, product
from costmodel.layers import Counts
from costmodel.layers.base import elements
from costmodel.layers.window import Window
from costmodel.network import Node

Measure = Callable[[Node, Counts], Num]


def macs(node: Node, counts: Counts) -> Num:
    """MACs as costmodel counts them."""
    return counts.macs


def bias(node: Node, counts: Counts) -> Num:
    """Output elements, where the layer has a bias."""
    return outputs(node, counts) if _given(counts.biases) else 0


def inputs(node: Node, counts: Counts) -> Num:
    """Elements of the first input."""
    return elements(node.input_shapes[0])


def outputs(node: Node, counts: Counts) -> Num:
    """Elements of the output."""
    return elements(node.output_shapes[0])


def affine(node: Node, counts: Counts) -> Num:
    """Elements of the first input, where the norm has a gain or an offset."""
    return inputs(node, counts) if _given(counts.norm_affine) else 0


def rows(node: Node, counts: Counts) -> Num:
    """How many rows a softmax or a norm over one axis works on."""
    return floor_div(inputs(node, counts), node.input_shapes[0][getattr(node.layer, "axis", -1)])


def further_operands(node: Node, counts: Counts) -> Num:
    """Output elements for every operand but the first, stored ones included."""
    operands = len(node.input_shapes) + len(getattr(node.layer, "constants", ()))
    return (operands - 1) * outputs(node, counts)


def input_by_columns(node: Node, counts: Counts) -> Num:
    """Elements of the first operand times the columns of the product."""
    return inputs(node, counts) * node.output_shapes[0][-1]


def output_by_first_two_kernel_axes(node: Node, counts: Counts) -> Num:
    """Output elements times the window; of three axes only the first is taken."""
    kernel = node.layer.per_axis("kernel_size")
    return outputs(node, counts) * product(kernel if len(kernel) < 3 else kernel[:1])


def weights_by_output_positions(node: Node, counts: Counts) -> Num:
    """Weights times output positions, batch included."""
    batch, _, *positions = node.output_shapes[0]
    return counts.weights * product((batch, *positions))


def output_by_weights_of_an_input_channel(node: Node, counts: Counts) -> Num:
    """Output elements times the weights that belong to one input channel."""
    return outputs(node, counts) * floor_div(counts.weights, node.input_shapes[0][1])


def weights_by_batch(node: Node, counts: Counts) -> Num:
    """Weights times the size of the first axis."""
    return counts.weights * node.output_shapes[0][0]


def biases_by_batch(node: Node, counts: Counts) -> Num:
    """Biases times the size of the first axis."""
    return counts.biases * node.output_shapes[0][0]


def affine_by_batch(node: Node, counts: Counts) -> Num:
    """Gains and offsets times the size of the first axis."""
    return counts.norm_affine * node.output_shapes[0][0]


def weights_by_steps(node: Node, counts: Counts) -> Num:
    """Weights of a recurrence times steps and batch."""
    return counts.weights * product(node.input_shapes[0][:2])


def biases_by_steps(node: Node, counts: Counts) -> Num:
    """Biases of a recurrence times steps and batch."""
    return counts.biases * product(node.input_shapes[0][:2])


def state(node: Node, counts: Counts) -> Num:
    """Features of a recurrence's state in all directions, times steps and batch: its output."""
    return outputs(node, counts)


def state_of_one_direction(node: Node, counts: Counts) -> Num:
    """Features of a recurrence's state in one direction, times steps and batch."""
    return floor_div(outputs(node, counts), getattr(node.layer, "directions", 1))


def macs_by_groups_twice(node: Node, counts: Counts) -> Num:
    """MACs of a transposed convolution whose output channels are divided by the groups twice, rounding down."""
    x, groups = node.input_shapes[0], getattr(node.layer, "groups", 1)
    per_group = floor_div(floor_div(node.output_shapes[0][1], groups), groups)
    return elements(x) * product(node.layer.per_axis("kernel_size")) * per_group


def bias_of_calflops_transposed(node: Node, counts: Counts) -> Num:
    """Output channels of one group, over the positions that a convolution that is not transposed would have."""
    if not _given(counts.biases):
        return 0
    window, x = Window.of(node.layer), node.seen(node.input_shapes[0])
    same = window.pads is None
    positions = (floor_div(n, s) for n, s in zip(x[2:], window.stride, strict=True)) if same else window.output_sizes(x[2:])
    return x[0] * floor_div(node.output_shapes[0][1], getattr(node.layer, "groups", 1)) * product(positions)


def _given(count: Num) -> bool:
    return bool(count != 0)  # of a symbol: whether it is written otherwise


WEIGHTED: dict[str, Measure] = {
    f.__name__: f
    for f in (
        macs, input_by_columns, weights_by_output_positions, output_by_weights_of_an_input_channel, weights_by_batch, weights_by_steps,
        macs_by_groups_twice,
    )
}  # fmt: skip
"""Measures that stand for the MACs of a layer, rightly or not."""

BIASED: dict[str, Measure] = {f.__name__: f for f in (bias, biases_by_batch, biases_by_steps, bias_of_calflops_transposed)}
"""Measures of biases."""

SIZED: dict[str, Measure] = {
    f.__name__: f
    for f in (
        inputs, outputs, affine, affine_by_batch, rows, further_operands, output_by_first_two_kernel_axes, state, state_of_one_direction,
    )
}  # fmt: skip
"""Measures of everything else."""

MEASURES: dict[str, Measure] = WEIGHTED | BIASED | SIZED
"""Every measure by the name that the rules use."""
