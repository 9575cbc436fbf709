"""Weights that come on chip while the layer before is still at work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from costmodel._num import Num, maximum, minimum
from costmodel.formulas import time
from costmodel.prediction.times import Times


class Work(NamedTuple):
    """What a step asks of the bus and of the memory."""

    times: Times
    """Its times where nothing comes early."""
    weight_bytes: Num
    """What of its weights could come before it begins."""
    held_bytes: Num
    """What it holds on chip."""


def prefetching(work: Sequence[Work], sram_bytes: Num, bytes_per_s: Num) -> list[Num]:
    """The overlapped time of every step where the bus, once idle, fetches weights of the next.

    With p bytes of its weights there, a step takes T = max(b - p / beta, c), or what the pipeline of its tiles takes. The bus is then
    idle for T - (b - p / beta), in which of the next step's weights come as many as fit beside what this step holds, its own p
    included, and beside what the next one holds. Nothing is there before the first step. Overheads leave the bus as it is.
    """
    found, there = [], 0
    for index, one in enumerate(work):
        times = one.times._replace(bus_s=one.times.bus_s - time.transfer(there, bytes_per_s))
        found.append(times.overlapped_s)
        if index + 1 < len(work):
            following = work[index + 1]
            room = minimum(sram_bytes - one.held_bytes - there, sram_bytes - following.held_bytes)
            idle_s = times.overlapped_s - times.overhead_s - times.bus_s
            there = time.prefetched(following.weight_bytes, maximum(room, 0), maximum(idle_s, 0), bytes_per_s)
    return found
