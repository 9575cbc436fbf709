"""A sweep in chunks: of what size, and as lazy dask arrays."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from costmodel.errors import FieldError, MissingExtraError, UnknownNameError
from costmodel.whatif.sweep.blocks import Block, shrunk
from costmodel.whatif.sweep.figures import over
from costmodel.whatif.sweep.metrics import METRICS
from costmodel.whatif.sweep.plan import Plan

POINTS = 1 << 22
"""Points of a chunk where "auto" chooses it: 32 MiB a metric."""
BUILT = 1024
"""Networks that such a chunk builds."""


def chunk_sizes(plan: Plan, chunks: int | str | Mapping[str, int] | None) -> tuple[int, ...]:
    """Points of a chunk along every axis."""
    if chunks is None or chunks == "auto":
        return tuple(shrunk(shrunk(plan.shape, BUILT, plan.structure), POINTS, range(len(plan.shape))))
    names = [axis.name for axis in plan.axes]
    if isinstance(chunks, Mapping):
        if unknown := [name for name in chunks if name not in names]:
            raise UnknownNameError.of("axis of `chunks`", unknown[0], names)
        wanted: list[Any] = [chunks.get(name, -1) for name in names]
    else:
        wanted = [chunks] * len(names)
    for size in wanted:
        if isinstance(size, bool) or not isinstance(size, int) or (size < 1 and size != -1):
            raise FieldError(f'`chunks` (={chunks!r}) must be "auto", a number of points, or such a number by axis (-1: all of them)')
    return tuple(n if size == -1 else min(size, n) for size, n in zip(wanted, plan.shape, strict=True))


def lazy(plan: Plan, chunks: int | str | Mapping[str, int]) -> dict[str, Any]:
    """Every metric as a dask array; a chunk is computed by itself, wherever it is asked for."""
    try:
        import dask
        import dask.array as da
    except ImportError:
        raise MissingExtraError.of("dask", "explore", "a sweep in chunks") from None
    sizes = chunk_sizes(plan, chunks)
    arrays = {}
    for metric in plan.metrics:
        one, dtype = plan.only(metric), METRICS[metric].dtype
        if places := plan.places(metric):
            spans = tuple(_lengths(plan.shape[place], sizes[place]) for place in places)
            arrays[metric] = da.map_blocks(_chunk, plan=one, metric=metric, chunks=spans, dtype=dtype, meta=da.empty(0, dtype=dtype)._meta)
        else:
            arrays[metric] = da.from_delayed(dask.delayed(_point)(one, metric), (), dtype=dtype)
    return arrays


def _lengths(points: int, size: int) -> tuple[int, ...]:
    return tuple(min(size, points - start) for start in range(0, points, size))


def _chunk(plan: Plan, metric: str, block_info: Any = None) -> Any:
    spans = dict(zip(plan.places(metric), block_info[None]["array-location"], strict=True))
    return over(plan, tuple(spans.get(place, (0, 1)) for place in range(len(plan.axes))))[metric]


def _point(plan: Plan, metric: str) -> Any:
    return over(plan, tuple((0, 1) for _ in plan.axes))[metric]


class Grid:
    """The chunks of a sweep, by their numbers along every axis."""

    def __init__(self, plan: Plan, sizes: tuple[int, ...]) -> None:
        self.plan, self.sizes = plan, sizes
        self.shape = tuple(-(-n // size) for n, size in zip(plan.shape, sizes, strict=True))

    def __len__(self) -> int:
        return math.prod(self.shape)

    def block(self, index: tuple[int, ...]) -> Block:
        """The points of a chunk."""
        return tuple((i * size, min((i + 1) * size, n)) for i, size, n in zip(index, self.sizes, self.plan.shape, strict=True))

    def owned(self, index: tuple[int, ...]) -> tuple[str, ...]:
        """The metrics that a chunk writes: what depends on fewer axes is written by the first of the chunks that share it."""
        return tuple(
            metric for metric in self.plan.metrics
            if not any(i for place, i in enumerate(index) if place not in self.plan.places(metric))
        )  # fmt: skip
