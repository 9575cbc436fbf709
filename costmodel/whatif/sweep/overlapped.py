"""The overlapped time of a block, and the best one: the sum over layers of the longer of bus and core."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from costmodel._num import Num
from costmodel.formulas import time
from costmodel.hardware import Hardware
from costmodel.prediction import Prediction
from costmodel.prediction.times import Times
from costmodel.whatif.sweep.blocks import Block, pieces, shifted
from costmodel.whatif.sweep.plan import ARITHMETIC, Plan
from costmodel.whatif.sweep.roofline import along_a_rate
from costmodel.whatif.sweep.structure import points

CACHED = 1 << 17
"""Points at which layers are gone through at once: what stays in a cache."""
WORTH_SORTING = 128
"""From so many points along a rate on sorted prefix sums are faster than going from layer to layer."""
_RATES = ("ddr_bytes_per_s", "flash_bytes_per_s", "mac_flops_per_s", "other_ops_per_s")


def overlapped(plan: Plan, block: Block, figure: str) -> Any:
    """The overlapped time of a block, or the best one, piece by piece: they differ where rows have times of their own alone."""
    import numpy as np

    places = plan.places(figure)
    sizes = [stop - start if p in places else 1 for p, (start, stop) in enumerate(block)]
    out = np.empty(sizes)
    fast = _fast_axis(plan, places)
    for corner, span, work, overhead_s, machine in _work(plan, plan.networks(block)):
        inside = [p in plan.structure or p == plan.capacity for p in range(len(sizes))]
        region = tuple((c, c + n) if here else (0, size) for c, n, size, here in zip(corner, span, sizes, inside, strict=True))
        for piece in pieces(region, CACHED, [p for p in range(len(sizes)) if p != fast]):
            hardware = plan.machines(shifted(piece, [start for start, _ in block]))
            part = out[tuple(slice(*one) for one in piece)]
            if isinstance(work, Prediction):
                part[...] = _row_by_row(plan, work, hardware.replace(**machine) if machine else hardware, part.shape, figure)
                continue
            within = shifted(piece, [-place for place in corner])
            some = tuple(_cut(figure, within) for figure in work)
            part[...] = _layer_by_layer(some, hardware) if fast is None else _sorted(some, hardware, fast, plan.axes[fast].key, part.shape)
            if overhead_s:
                part += overhead_s
    return out


def _fast_axis(plan: Plan, places: tuple[int, ...]) -> int | None:
    """The longest axis of a rate, where it is long enough for sorting to pay."""
    rates = [place for place in places if plan.axes[place].key in _RATES and plan.axes[place].kind == "hardware"]
    longest = max(rates, key=lambda place: len(plan.axes[place]), default=None)
    return longest if longest is not None and len(plan.axes[longest]) >= WORTH_SORTING else None


def _row_by_row(plan: Plan, p: Prediction, hardware: Hardware, shape: tuple[int, ...], figure: str) -> Any:
    """Of policies with times of their own: what the rows say, one capacity after another."""
    import numpy as np

    place = plan.capacity
    if place is None:
        return sum(getattr(row, figure) for row in p.on(hardware).rows)
    capacities = hardware.sram_bytes.ravel()
    parts = []
    for capacity in capacities.tolist():
        value = sum(getattr(row, figure) for row in p.on(hardware.replace(sram_bytes=capacity)).rows)
        parts.append(np.broadcast_to(value, [1 if at == place else n for at, n in enumerate(shape)]))
    return np.concatenate(parts, axis=place)


class _Work(NamedTuple):
    """What a point of the structure has to do."""

    corner: tuple[int, ...]
    span: tuple[int, ...]
    layers: tuple[Any, ...] | Prediction
    """Bytes, MACs and other operations, each an array (layers first, then all axes); the prediction where rows have times of their own."""
    overhead_s: float
    machine: dict[str, Any]


@lru_cache(maxsize=8)
def _work(plan: Plan, block: Block) -> list[_Work]:
    """The work of every point of the structure."""
    found = []
    for corner, span, p, machine, formulas in points(plan, block):
        overhead_s = p.hardware.overhead_s * len(p.workload.steps)
        if not isinstance(p.policy, ARITHMETIC) or p.weight_prefetch:
            found.append(_Work(corner, span, p.on(plan.base), overhead_s, machine))
            continue
        layers = _layers(p)
        columns = tuple([_stacked(plan, column, len(block)) for column in layers])
        if plan.capacity is None:  # else figures are alike at some capacities, and the last digit would depend on the block
            columns = _alike_together(columns, _layers(p if formulas is None else formulas))
        found.append(_Work(corner, span, columns, overhead_s, machine))
    return found


def _layers(p: Prediction) -> tuple[Sequence[Num], Sequence[Num], Sequence[Num]]:
    """Of every step the bytes that occupy the bus, the MACs and other operations that occupy the core."""
    macs = [row.macs_effective if row.occupied_macs is None else row.occupied_macs for row in p.rows]
    return p.occupied_bytes, macs, p.other_ops_of_steps


def _alike_together(columns: tuple[Any, ...], figures: tuple[Sequence[Num], ...]) -> tuple[Any, ...]:
    """Layers of the same figures, or formulas, as one: the time of three is that of thrice the work."""
    import numpy as np

    alike: dict[tuple[Num, ...], list[int]] = {}
    for layer, own in enumerate(zip(*figures, strict=True)):
        alike.setdefault(own, []).append(layer)
    first = [same[0] for same in alike.values()]
    many = np.array([len(same) for same in alike.values()], dtype=np.float64)
    return tuple([column[first] * many.reshape(-1, *[1] * (column.ndim - 1)) for column in columns])


def _stacked(plan: Plan, column: Sequence[Any], n_axes: int) -> Any:
    import numpy as np

    line = [-1 if q == plan.capacity else 1 for q in range(n_axes)]
    arrays = [np.asarray(value, dtype=np.float64) for value in column]
    arrays = [one.reshape(line if one.ndim == 1 < n_axes else one.shape or [1] * n_axes) for one in arrays]
    return np.stack(np.broadcast_arrays(*arrays)) if arrays else np.zeros((0, *[1] * n_axes))


def _layer_by_layer(work: tuple[Any, Any, Any], hardware: Hardware) -> Any:
    """The sum over layers of the overlapped time, in turn: bus and core of all layers at once, each on its own axes."""
    bus, mac, other = Times.of(hardware, *work)[:3]
    time_s: Any = 0.0
    for bus_s, core_s in zip(bus, mac + other, strict=True):
        one = time.overlapped(bus_s, core_s, 0)
        time_s = one if isinstance(time_s, float) else time_s.__iadd__(one)
    return time_s


def _sorted(work: tuple[Any, Any, Any], hardware: Hardware, fast: int, rate: str, shape: tuple[int, ...]) -> Any:
    """The same along the axis of a rate by sorted prefix sums; a time at the rate 1 is the slope in 1/rate."""
    import numpy as np

    rates = getattr(hardware, rate).ravel()
    at_one = Times.of(hardware.replace(**{rate: 1}), *work)
    bus, mac, other = at_one[:3]
    if rate == "mac_flops_per_s":
        slope, beside, against = mac, other, bus
    elif rate == "other_ops_per_s":
        slope, beside, against = other, mac, bus
    else:
        slope, beside, against = bus, np.zeros(1), mac + other
    rows = [len(bus), *[1 if p == fast else n for p, n in enumerate(shape)]]
    table = [np.broadcast_to(one, rows).reshape(len(bus), -1).T for one in (slope, beside, against)]
    found = along_a_rate(table[0], table[1], table[2], 1 / rates)
    return np.moveaxis(found.reshape([n for p, n in enumerate(shape) if p != fast] + [len(rates)]), -1, fast)


def _cut(figure: Any, block: Block) -> Any:
    """Figures of layers on a block; along axes that they do not depend on they are one long."""
    return figure[(slice(None), *[slice(None) if n == 1 else slice(*span) for n, span in zip(figure.shape[1:], block, strict=True)])]
