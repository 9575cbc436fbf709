"""Dense layers, tables that are looked up, and layers that keep a state: all choose their features."""

from __future__ import annotations

from costmodel.network.channels.layouts import plain
from costmodel.network.channels.rules.base import Given, Visit, rule


@rule("dense")
def dense(at: Visit) -> Given:
    """Features of its own; the axes before them as they came."""
    y = at.make(at.layer.out_features)
    return Given(((*at.inputs[0][:-1], y),), lambda size: at.layer.replace(out_features=size(y)))


@rule("svdf")
def svdf(at: Visit) -> Given:
    """Units of its own."""
    y = at.make(at.layer.units)
    return Given(((at.inputs[0][0], y),), lambda size: at.layer.replace(units=size(y)))


@rule("lstm", "gru", "rnn")
def recurrent(at: Visit) -> Given:
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


@rule("embedding")
def embedding(at: Visit) -> Given:
    """A row of the table in the place of each number; the axes of a row are its own."""
    layer = at.layer
    place = layer.axis % len(layer.table)
    row = {i: at.make(n) for i, n in enumerate(layer.table) if i != place}
    outputs = (*[row[i] for i in sorted(row) if i < place], *at.inputs[0], *[row[i] for i in sorted(row) if i > place])
    return Given((outputs,), lambda size: layer.replace(table=tuple([size(row[i]) if i in row else n for i, n in enumerate(layer.table)])))
