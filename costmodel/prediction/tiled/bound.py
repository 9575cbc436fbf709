"""What no schedule of a layer moves less than."""

from __future__ import annotations

from typing import Any

from costmodel._num import bytes_of, maximum, whole
from costmodel.formulas import traffic
from costmodel.prediction.tiled.nest import Bits, Nest


def compulsory_bytes(nest: Nest, bits: Bits) -> int:
    """Every input row that is needed, every weight and every output once."""
    parts = (nest.inputs, bits.input), (nest.weights, bits.weight), (nest.outputs, bits.output)
    return sum(int(bytes_of(elements, width)) for elements, width in parts)


def bound_bytes(nest: Nest, bits: Bits, sram_bytes: Any) -> Any:
    """The compulsory traffic, or the reloads that the memory forces where they are more.

    Between two transfers of together 2 S bytes at most 3 S bytes of operands take part, and i inputs, w weights and o sums make at
    most sqrt(rho i w o) MACs. A sum weighs its width while unfinished or its width in DDR, whichever is less.
    """
    cubic = bits.input * bits.weight * min(bits.output, bits.accumulator) / 512
    reloads = traffic.reloads(nest.macs, nest.reuse, sram_bytes / cubic) - 2 * sram_bytes
    return maximum(compulsory_bytes(nest, bits), whole(reloads))
