"""A sweep that streams to Zarr, chunk by chunk, and goes on where it was stopped.

Beside the arrays stands a group `record`: which sweep it is, and for every chunk whether it is finished. A chunk is written whole,
then marked; both replace files at once. So whatever is killed, and whenever, a chunk that is marked is complete, and a chunk
that is not is computed again.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from costmodel.errors import FieldError, MissingExtraError
from costmodel.whatif.sweep.bar import bar
from costmodel.whatif.sweep.chunked import Grid, chunk_sizes
from costmodel.whatif.sweep.figures import over
from costmodel.whatif.sweep.metrics import METRICS, TEXT, units
from costmodel.whatif.sweep.plan import Plan
from costmodel.whatif.sweep.run import dataset, partial

if TYPE_CHECKING:
    import xarray

_FORMAT = 2
"""Of Zarr: every reader knows it, and texts are in its specification."""
_OPEN = {"int64": -1, "float64": float("nan"), "bool": False, TEXT: ""}
"""What an array holds where no chunk is written yet."""


def stored(plan: Plan, store: Any, chunks: int | str | Mapping[str, int] | None) -> xarray.Dataset:
    """Compute what is not in the store yet, and open it."""
    try:
        import dask  # noqa: F401
        import zarr  # noqa: F401
    except ImportError as error:
        raise MissingExtraError.of(error.name or "zarr", "explore", "a sweep that is stored") from None
    import xarray as xr

    grid = Grid(plan, chunk_sizes(plan, chunks))
    place = str(Path(store).absolute()) if isinstance(store, Path) or (isinstance(store, str) and "://" not in store) else store
    _prepare(grid, place)
    marks = _group(place, "r")["record/finished"][...]
    todo = [index for index in itertools.product(*map(range, grid.shape)) if not marks[index]]
    note = ""
    try:
        with bar(len(grid), len(grid) - len(todo)) as advance:
            for _ in _run(grid, place, todo):
                advance()
    except KeyboardInterrupt:
        marks = _group(place, "r")["record/finished"][...]
        note = f"{partial(int(marks.sum()), len(grid))}; the same call goes on"
    found: xarray.Dataset = xr.open_zarr(place, zarr_format=_FORMAT, mask_and_scale=bool(note))[list(plan.metrics)]
    for variable in found.variables.values():
        variable.attrs.pop("_FillValue", None)
    return found.assign_attrs(note=note) if note else found


def _run(grid: Grid, place: Any, todo: list[tuple[int, ...]]) -> Iterator[None]:
    """The chunks one after another, or on the workers of the cluster whose client is there."""
    client = _client()
    if client is None:
        for index in todo:
            write(index, grid, place)
            yield
        return
    from distributed import as_completed

    futures = client.map(write, todo, grid=grid, place=place, pure=False)
    try:
        for future in as_completed(futures):
            future.result()
            future.release()
            yield
    finally:
        client.cancel(futures)


def _client() -> Any:
    """The client of a cluster, where the user has made one."""
    distributed = sys.modules.get("distributed")
    if distributed is None:
        return None
    try:
        return distributed.default_client()
    except ValueError:
        return None


def write(index: tuple[int, ...], grid: Grid, place: Any) -> None:
    """Compute a chunk, write it and mark it as finished; one that is finished stays as it is."""
    group = _group(place, "r+")
    marks = group["record/finished"]
    if marks[index]:
        return
    block = grid.block(index)
    owned = grid.owned(index)
    found = over(grid.plan, block) if owned else {}
    for metric in owned:
        group[metric][grid.plan.region(metric, block)] = found[metric]
    marks[index] = True


def _group(place: Any, mode: Any) -> Any:
    import zarr

    return zarr.open_group(place, mode=mode, zarr_format=_FORMAT, use_consolidated=False)


def _prepare(grid: Grid, place: Any) -> None:
    """Lay out the store, or see that it is of this sweep."""
    import zarr

    mine = fingerprint(grid)
    try:
        group = _group(place, "r")
    except FileNotFoundError:
        group = None
    if group is not None:
        theirs = group["record"].attrs.get("sweep") if "record" in group else None
        if theirs is None:
            raise FieldError(f"`store` (={str(place)!r}) holds something else; name a folder that does not exist yet")
        if changed := [what for what in mine if theirs.get(what) != mine[what]]:
            raise FieldError(f"`store` (={str(place)!r}) holds another sweep: it differs in {', '.join(changed)}; name another folder")
        if group["record"].attrs.get("ready"):
            return
    record = _group(place, "w").create_group("record")
    record.attrs["sweep"] = mine
    _lay_out(grid, place)
    record.create_array("finished", shape=grid.shape, chunks=(1,) * len(grid.shape), dtype="bool", fill_value=False)
    zarr.consolidate_metadata(place, zarr_format=_FORMAT)
    record.attrs["ready"] = True


def _lay_out(grid: Grid, place: Any) -> None:
    """Coordinates, attributes and empty arrays."""
    plan = grid.plan
    names = [axis.name for axis in plan.axes]
    dataset(plan, {}).to_zarr(place, mode="a", zarr_format=_FORMAT, consolidated=False)
    group = _group(place, "r+")
    for metric in plan.metrics:
        places = plan.places(metric)
        dtype = METRICS[metric].dtype
        group.create_array(
            metric, shape=[plan.shape[p] for p in places], chunks=[grid.sizes[p] for p in places], dtype=dtype,
            fill_value=_OPEN[dtype], attributes={"_ARRAY_DIMENSIONS": [names[p] for p in places], **units(metric)},
        )  # fmt: skip


def fingerprint(grid: Grid) -> dict[str, str]:
    """What must agree for two sweeps to be the same, each as a digest."""
    plan = grid.plan
    ends = [plan.first.network, plan.last.network]
    said: dict[str, Any] = {
        "version": sys.modules["costmodel"].__version__,
        "network": [repr(network) + repr(list(network.nodes.values())) for network in ends],
        "hardware": plan.base.figures,
        "axes": [[axis.name, axis.kind, axis.key, repr(axis.points)] for axis in plan.axes],
        "metrics": plan.metrics,
        "options": {name: repr(value) for name, value in sorted(plan.options.items())},
        "chunks": grid.sizes,
    }
    return {what: hashlib.sha256(json.dumps(value, default=str).encode()).hexdigest()[:16] for what, value in said.items()}
