"""The figures of a block: roots read from predictions, all else arithmetic on whole arrays, each on its own axes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from costmodel._num import Num, at_most, is_array
from costmodel.errors import SymbolicError
from costmodel.formulas import time
from costmodel.formulas.energy import energy
from costmodel.hardware import Hardware
from costmodel.prediction.times import Times
from costmodel.whatif.sweep.blocks import Block, shifted, sizes_of
from costmodel.whatif.sweep.metrics import ENERGIES, METRICS, ROOTS
from costmodel.whatif.sweep.overlapped import overlapped
from costmodel.whatif.sweep.plan import Plan
from costmodel.whatif.sweep.structure import points


def over(
    plan: Plan, region: Block, empty: dict[str, Any] | None = None, advance: Callable[[Block], None] = lambda block: None
) -> dict[str, Any]:
    """Every metric on a region of any size, block by block.

    Parameters
    ----------
    plan : Plan
    region : Block
    empty : dict, optional
        The arrays to fill, by metric.
    advance : callable
        Called with every block that is finished.
    """
    import numpy as np

    blocks = plan.blocks(region)
    if empty is None and len(blocks) == 1:
        return figures(plan, region)
    sizes = sizes_of(region)
    shapes = {metric: [sizes[place] for place in plan.places(metric)] for metric in plan.metrics}
    filled = {metric: np.empty(shape, METRICS[metric].dtype) for metric, shape in shapes.items()} if empty is None else empty
    for block in blocks:
        inside = shifted(block, [-first for first, _ in region])
        for metric, value in figures(plan, block).items():
            filled[metric][plan.region(metric, inside)] = value
        advance(block)
    return filled


def figures(plan: Plan, block: Block) -> dict[str, Any]:
    """Every metric on a block: arrays along the axes that it depends on."""
    import numpy as np

    needed = tuple(dict.fromkeys(root for metric in plan.metrics for root in METRICS[metric].needs))
    sizes = sizes_of(block)
    roots = _roots(plan, plan.networks(block), needed) if needed else {}
    hardware = plan.machines(block)
    found = {}
    for metric in plan.metrics:
        if metric in _OVERLAPPED:
            figure, of = _OVERLAPPED[metric]
            value = of(overlapped(plan, block, figure))
        else:
            value = _FIGURES[metric](plan, roots, hardware) if metric in _FIGURES else roots[metric]
        places = plan.places(metric)
        full = tuple(n if place in places else 1 for place, n in enumerate(sizes))
        value = np.broadcast_to(value, full).copy() if np.shape(value) != full else value
        found[metric] = value.reshape([sizes[place] for place in places])
    return found


_FIGURES: dict[str, Callable[[Plan, dict[str, Any], Hardware], Any]] = {
    "flops": lambda plan, r, hw: 2 * r["macs"] + r["other_ops"],
    "fits_sram": lambda plan, r, hw: at_most(r["peak_live_bytes"], hw.sram_bytes),
    "fits_flash": lambda plan, r, hw: at_most(r["weight_bytes"], hw.flash_bytes),
    "ddr_bytes": lambda plan, r, hw: r["bus_bytes"] * (not hw.weights_in_flash),
    "flash_bytes_moved": lambda plan, r, hw: r["bus_bytes"] * hw.weights_in_flash,
    "ddr_time_s": lambda plan, r, hw: _times(r, hw).bus_s,
    "mac_time_s": lambda plan, r, hw: _times(r, hw).mac_s,
    "other_time_s": lambda plan, r, hw: _times(r, hw).other_s,
    "time_serial_s": lambda plan, r, hw: _serial(plan, r, hw),
    "inferences_per_s": lambda plan, r, hw: 1 / _serial(plan, r, hw),
    "peak_fraction": lambda plan, r, hw: _times(r, hw).peak_fraction,
    "bound_by": lambda plan, r, hw: _times(r, hw).bound_by,
    "energy_j": lambda plan, r, hw: _energy(r, hw),
}  # fmt: skip
"""What follows from the roots and the machines."""

_OVERLAPPED: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "time_overlapped_s": ("time_overlapped_s", lambda time_s: time_s),
    "time_best_s": ("time_best_s", lambda time_s: time_s),
    "inferences_per_s_overlapped": ("time_overlapped_s", lambda time_s: 1 / time_s),
}
"""What follows from a sum over layers, and from which."""


def _energy(roots: Mapping[str, Any], hardware: Hardware) -> Num:
    """Joules; no figure where weights stream from flash."""
    if hardware.weights_in_flash:
        return float("nan")
    joules = [own if is_array(own := getattr(hardware, name)) else roots[name] for name in ENERGIES]
    return energy(roots["macs_effective"], roots["other_ops"], roots["sram_bytes_moved"], roots["bus_bytes"], *joules)


def _times(roots: Mapping[str, Any], hardware: Hardware) -> Times:
    times = Times.of(hardware, roots["occupied_bytes"], roots["macs_effective"], roots["other_ops"], occupied_macs=roots["occupied_macs"])
    return times._replace(overhead_s=roots["overhead_time_s"])


def _serial(plan: Plan, roots: Mapping[str, Any], hardware: Hardware) -> Num:
    """The sum of the times, those on the fewest points of the sweep first: the result alone has the full size."""
    times = _times(roots, hardware)
    parts = zip(("ddr_time_s", "mac_time_s", "other_time_s"), times[:3], strict=True)
    first, *rest = [part for _, part in sorted(parts, key=lambda part: math.prod(plan.extent(part[0])))]
    return time.serial(first + times.overhead_s, *rest)


@lru_cache(maxsize=64)
def _roots(plan: Plan, block: Block, needed: tuple[str, ...]) -> dict[str, Any]:
    """The roots on a block of the structure, each along the axes that it depends on."""
    import numpy as np

    places = {root: [p for p, axis in enumerate(plan.axes) if axis.tag in ROOTS[root][1]] for root in needed}
    found: dict[str, Any] = {}
    for corner, span, p, *_ in points(plan, block):
        for root in needed:
            value = ROOTS[root][0](p)
            value = np.asarray(np.nan if value is None else value)
            if value.dtype.kind == "O":
                raise SymbolicError(f"network {p.network.name!r} or its options hold symbols: `{root}` is no number; give them values")
            if root not in found:
                found[root] = np.empty([stop - start if q in places[root] else 1 for q, (start, stop) in enumerate(block)], value.dtype)
            elif value.dtype.kind == "f" and found[root].dtype.kind != "f":
                found[root] = found[root].astype(np.float64)
            value = value.reshape([-1 if q == plan.capacity else 1 for q in range(len(block))]) if value.ndim == 1 < len(block) else value
            at = tuple(slice(c, c + n) if q in places[root] else slice(None) for q, (c, n) in enumerate(zip(corner, span, strict=True)))
            found[root][at] = value
    return found
