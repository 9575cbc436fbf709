"""A tiling written out: its loops, outermost first, and where each operand is held."""

from __future__ import annotations

from collections.abc import Mapping

from costmodel.prediction.tiled.nest import Nest

HOLD = "hold"
Entry = tuple[str, int | str]
"""A loop with its tile size, or ("hold", operand)."""


def loops(nest: Nest, family: str, sizes: Mapping[str, int]) -> tuple[Entry, ...]:
    """The loops of a family at some tile sizes; loops that do not cut anything are left out."""
    extent = {"n": nest.n, "m": nest.m, "c": nest.c, "p": nest.p.outputs, "q": nest.q.outputs, "r": nest.p.taps, "s": nest.q.taps}
    cut, slide = ("p", "q") if sizes["along_q"] else ("q", "p")
    groups = _GROUPS[family]
    found: list[Entry] = []
    for operand, words in zip(family.split(", "), groups, strict=True):
        for word in words.split():
            name, level = (word[0], word[1:]) if word[0] not in "<>" else ({"<": cut, ">": slide}[word[0]], word[1:])
            size = sizes[name + level] if level != "0" else 1
            if size < extent[name]:
                found.append((name, size))
                extent[name] = size
        found.append((HOLD, operand))
    return tuple(found)


_GROUPS = {
    "sums, weights, inputs": ("n1 p1 q1 m1", "c0 r1 s1", "n0 <2 >2"),
    "sums, inputs, weights": ("n1 p1 q1 m1", "c0 r1 s1 >2", "m0 r0 s0"),
    "weights, sums, inputs": ("m1 c1 r1 s1", "n0 p1 q1", "c0 r2 s2 <2 >2"),
    "weights, inputs, sums": ("m1 c1 r1 s1", "n0 p1 q1 <2 >2", "p0 q0 m0"),
    "inputs, sums, weights": ("n1 c1 r1 s1 <1 >1", "<2 >2 m0", "c0 r0 s0"),
    "inputs, weights, sums": ("n1 c1 r1 s1 <1 >1", "m0 r2 s2", "n0 p0 q0"),
}
"""The loops above each operand's buffer: 1 and 2 are the sizes of the outer and the inner tile, 0 is a single step; < stands for the
spatial axis along which tiles start empty, > for the one along which they slide."""
