"""Hidden-channel streaming: expand, depthwise, project, one hidden channel at a time.

Hidden channels do not mix before the projection. So one of them is expanded from the whole input, filtered, and added to the sums
of the whole output; then the next. Every weight is read once, no row is made twice, and the hidden map is never there.
"""

from __future__ import annotations

from typing import NamedTuple

from costmodel._num import bytes_of
from costmodel.prediction.fusion.reach import Sliding
from costmodel.prediction.fusion.tasks import Tasks, sum_bytes

LENGTH = 3
"""Tasks of the pattern."""


class Stream(NamedTuple):
    """What a streamed block holds. [B]"""

    source: int
    """The map that is expanded; it is held whole."""
    sums: int
    """Sums of the output, at the width of the accumulators, or the output itself where that is wider."""
    channel: int
    """One hidden channel: the rows that the depthwise window spans, the row that it makes, the weights of the channel."""


def stream(tasks: Tasks, first: int) -> Stream | None:
    """The three tasks from `first` on as a streamed block; None where they are no expand, depthwise, project.

    Notes
    -----
    Sums, one hidden channel's window of rows and one row behind it, its weights:

    .. math:: |X| + |Y|_{sum} + R W_{in} + W_{out} + (C + R S + M)
    """
    if first + LENGTH > len(tasks):
        return None
    nodes = [tasks.workload.steps[tasks.tasks[first + place].steps[0]].nodes[0] for place in range(LENGTH)]
    kinds = [node.variety() for node in nodes]
    if kinds != ["pointwise", "depthwise", "pointwise"] or any(len(node.output_shapes[0]) != 4 for node in nodes):
        return None
    expand, depthwise, project = tasks.tasks[first : first + LENGTH]
    (_, channels, _, row_in), (_, filters, _, row_out) = (
        nodes[1].seen(shape[0]) for shape in (nodes[1].input_shapes, nodes[1].output_shapes)
    )
    if len(expand.steps) > 1 or len(depthwise.steps) > 1 or filters != channels:
        return None
    hidden, filtered = (tasks.maps[task.writes[0]] for task in (expand, depthwise))
    if hidden.consumers != (first + 1,) or filtered.consumers != (first + 2,) or hidden.is_output or filtered.is_output:
        return None
    window, step = depthwise.reads[0].reach, project.reads[0]
    if not isinstance(window, Sliding) or step.map != depthwise.writes[0] or expand.reads[0].reach != Sliding():
        return None
    width = tasks.workload.widths.activation(nodes[0])
    rows = bytes_of(min(window.span, hidden.rows) * row_in, width) + bytes_of(row_out, tasks.workload.widths.activation(nodes[1]))
    weights = sum(-(-task.weight_bytes // channels) for task in (expand, depthwise, project))
    output = project.writes[0]
    return Stream(expand.reads[0].map, max(sum_bytes(tasks, output), tasks.maps[output].n_bytes), rows + weights)
