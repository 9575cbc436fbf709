"""Products of matrices: the axis that is summed over is one."""

from __future__ import annotations

from costmodel.network.channels.layouts import Layout, is_one, plain
from costmodel.network.channels.rules.base import Given, Visit, rule
from costmodel.network.channels.rules.elementwise import broadcast


@rule("matmul")
def matmul(at: Visit) -> Given:
    """The last axis of the first and the one before the last of the second are one."""
    a, b = at.inputs
    a = (*a[:-2], a[-1], a[-2]) if at.layer.transpose_first else a
    b = (*b[:-2], b[-1], b[-2]) if at.layer.transpose_second else b
    at.tie(a[-1], b[-2])
    return Given(((*(broadcast(at, [a[:-2], b[:-2]]) if len(a) > 2 or len(b) > 2 else ()), a[-2], b[-1]),))


@rule("attention")
def attention(at: Visit) -> Given:
    """Queries and keys have one number of features; the output has that of the values. Heads and positions stay."""
    q, k, v = at.inputs[:3]
    at.tie(q[3], k[3])
    at.ties.fix([*q[:3], *k[:3], *v[:3]], at.why)
    for mask in at.inputs[3:]:
        at.ties.fix(mask, at.why)
    return Given(((*plain(at.shapes[0][:3]), v[3]),))


@rule("einsum")
def einsum(at: Visit) -> Given:
    """Axes of one letter are one."""
    left, _, right = at.layer.equation.partition("->")
    found: dict[str, Layout] = {}
    for term, layouts in zip(left.split(","), at.inputs, strict=True):
        for name, layout in zip(term, layouts, strict=True):
            if name in found and not is_one(layout) and not is_one(found[name]):
                at.tie(found[name], layout)
            elif name not in found or is_one(found[name]):
                found[name] = layout
    return Given((tuple([found[name] for name in right]),))
