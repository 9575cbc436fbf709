"""Inputs, whose sizes stay, and stored tensors, whose sizes follow."""

from __future__ import annotations

from costmodel.network.channels.rules.base import Given, Visit, rule


@rule("input")
def placeholder(at: Visit) -> Given:
    """What the network is given stays as it is."""
    return at.plain()


@rule("constant")
def constant(at: Visit) -> Given:
    """A stored tensor: its sizes follow what it is joined with."""
    layouts = at.stored(at.shapes[0])
    return Given((layouts,), lambda size: at.layer.replace(shape=tuple(map(size, layouts))))
