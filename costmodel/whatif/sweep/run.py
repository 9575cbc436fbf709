"""`sweep`: a grid of networks, options and machines as an `xarray.Dataset`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from costmodel import readers, zoo
from costmodel.api import as_hardware, as_network
from costmodel.errors import FieldError, MissingExtraError
from costmodel.hardware import Hardware
from costmodel.network import Network
from costmodel.whatif.sweep.axes import axes_of
from costmodel.whatif.sweep.bar import bar
from costmodel.whatif.sweep.blocks import Block
from costmodel.whatif.sweep.figures import over
from costmodel.whatif.sweep.metrics import DEFAULT, METRICS, TEXT, metrics_of, units
from costmodel.whatif.sweep.plan import Plan
from costmodel.whatif.sweep.room import require_room

if TYPE_CHECKING:
    import xarray


def sweep(
    network: Network | str | Path | Callable[..., Network],
    hardware: Hardware | str | Path = "pardhi",
    axes: Mapping[str, Any] | None = None,
    metrics: str | Iterable[str] = DEFAULT,
    *,
    chunks: int | str | Mapping[str, int] | None = None,
    store: Any = None,
    **options: Any,
) -> xarray.Dataset:
    """What every point of a design space costs.

    Parameters
    ----------
    network : Network, callable, str or Path
        What builds a network, whose arguments can then be axes; the name of one in the zoo; a network or a model file, whose open
        sizes can be axes.
    hardware : Hardware, str or Path
        A machine of plain figures, the name of one in the catalog, or a TOML file.
    axes : mapping
        Points by name. A name is an argument of the builder or an open size ("width_multiplier"), a figure of the machine
        ("hardware.ddr"), an option of `predict` ("traffic", "weight_bits"), "rewrite", whose points are rewrites, tuples of them or
        None, or the field of one rewrite ("rewrite.bits.weights"). Points are a list, or a text: "0.25,0.5,1",
        "0.5 GB/s:16 GB/s:log32", "128:224:step32". Figures of machines may carry their units.
    metrics : str or iterable of str
        Figures of the totals ("time_serial_s", "ddr_bytes", "energy_j", ...), and parameters by role.
    chunks : int, mapping or "auto", optional
        Points of a chunk, along every axis or by its name. The result is then lazy: dask computes a chunk when it is asked for, on
        the workers of a cluster where there is a `dask.distributed` client.
    store : path, URL or Zarr store, optional
        Stream to Zarr, chunk by chunk, in constant memory, on the workers of a cluster where there is a client. The same call goes
        on where a sweep was stopped or killed: finished chunks are recorded.
    **options
        Options of `predict` that hold at every point.

    Returns
    -------
    xarray.Dataset
        Each metric over the axes that it depends on, with units; assumptions in `attrs`. After Ctrl-C what is finished: the rest is
        NaN, and `attrs` has a note.

    Raises
    ------
    UnknownNameError
        No such axis or metric.
    FieldError
        Points that are empty, alike or of the wrong kind; a result that does not fit in memory; a store of another sweep.
    QuantityError
        A point with a wrong unit.

    Notes
    -----
    Networks are built once a point; where there are many of them, numbers of a builder are symbols instead, if the closed form says
    what building says, at every point of each axis. Figures of machines are arrays. Every part of a formula is evaluated on its own
    axes alone; along a long axis of a rate the overlapped time is a sorted sum, whatever the number of layers.

    Examples
    --------
    >>> import costmodel as cm
    >>> found = cm.sweep("mobilenet_v1", "pardhi", {"width_multiplier": [0.5, 1], "hardware.ddr": "1 GB/s, 2 GB/s"})
    >>> found.macs.values.tolist(), found.time_serial_s.dims
    ([149497088, 568740352], ('width_multiplier', 'hardware.ddr'))
    >>> round(found.time_serial_s.sel({"width_multiplier": 1, "hardware.ddr": 2e9}).item(), 6)
    0.00604
    """
    plan = plan_of(network, hardware, axes or {}, metrics, options)
    try:
        import xarray  # noqa: F401
    except ImportError:
        raise MissingExtraError.of("xarray", "explore", "a sweep") from None
    if store is not None:
        from costmodel.whatif.sweep.store import stored

        return stored(plan, store, chunks)
    if chunks is not None:
        from costmodel.whatif.sweep.chunked import lazy

        return dataset(plan, lazy(plan, chunks))
    require_room(plan)
    return _at_once(plan)


def plan_of(
    network: Any, hardware: Hardware | str | Path, axes: Mapping[str, Any], metrics: str | Iterable[str], options: Mapping[str, Any]
) -> Plan:
    """The sweep as data, its arguments checked."""
    subject, arguments = _subject(network)
    return Plan(subject, as_hardware(hardware), axes_of(axes, arguments, options), metrics_of(metrics), options)


def _subject(network: Any) -> tuple[Network | Callable[..., Network], list[str] | None]:
    """A network or its builder, and the names that it takes; None where it takes any."""
    if isinstance(network, str) and not readers.is_file_name(network):
        network = zoo.builder(network)
    if isinstance(network, str | Path):
        network = as_network(network)
    if isinstance(network, Network):
        return network, sorted(symbol.name for symbol in network.symbols)
    if not callable(network):
        raise FieldError(f"`network` must be a Network, its builder, the name of one in the zoo or a file, got {type(network).__name__}")
    known = inspect.signature(network).parameters
    if any(one.kind is one.VAR_KEYWORD for one in known.values()):
        return network, None
    return network, [name for name, one in known.items() if one.kind in (one.KEYWORD_ONLY, one.POSITIONAL_OR_KEYWORD)]


def dataset(plan: Plan, arrays: Mapping[str, Any], note: str = "") -> xarray.Dataset:
    """The result: variables over the axes that each depends on, coordinates, units; assumptions in `attrs`."""
    import xarray as xr

    names = [axis.name for axis in plan.axes]
    data = {metric: ([names[place] for place in plan.places(metric)], array, units(metric)) for metric, array in arrays.items()}
    coordinates = {axis.name: (axis.name, axis.coordinate, {"units": axis.unit} if axis.unit else {}) for axis in plan.axes}
    return xr.Dataset(data, coordinates, attributes(plan) | ({"note": note} if note else {}))


def attributes(plan: Plan) -> dict[str, Any]:
    """Network, machine and assumptions, but for what is an axis."""
    first = plan.first
    swept = {axis.key for axis in plan.axes}
    figures = {f"hardware.{field}": value for field, value in plan.base.figures.items() if field not in swept}
    said: dict[str, Any] = {"network": first.network.name, "hardware": plan.base.name, **figures}
    said |= {key: value for key, value in first.assumptions.items() if key not in swept and key != "conditions"}
    return {
        key: value if isinstance(value, int | float | str) and not isinstance(value, bool) else _text(value) for key, value in said.items()
    }


def _text(value: Any) -> Any:
    return [str(one) for one in value] if isinstance(value, list | tuple) else str(value)


def _at_once(plan: Plan) -> xarray.Dataset:
    """Everything in memory, block by block; what Ctrl-C leaves open is NaN."""
    import numpy as np

    blocks = plan.blocks(plan.everything)
    arrays: dict[str, Any] = {}
    done: list[Block] = []
    try:
        if len(blocks) == 1:
            return dataset(plan, over(plan, plan.everything))
        arrays |= {metric: np.empty(plan.extent(metric), dtype=METRICS[metric].dtype) for metric in plan.metrics}
        with bar(len(blocks)) as advance:

            def finished(block: Block) -> None:
                done.append(block)
                advance()

            over(plan, plan.everything, arrays, finished)
    except KeyboardInterrupt:
        return dataset(plan, _open_as_nan(plan, arrays, done), partial(len(done), len(blocks)))
    return dataset(plan, arrays)


def partial(done: int, parts: int) -> str:
    """The note on a sweep that was interrupted."""
    return f"interrupted: {done} of {parts} parts are finished, the others are NaN"


def _open_as_nan(plan: Plan, arrays: Mapping[str, Any], done: Iterable[Block]) -> dict[str, Any]:
    import numpy as np

    words = {metric: METRICS[metric].dtype == TEXT for metric in plan.metrics}
    found = {metric: np.full(plan.extent(metric), *(("", TEXT) if words[metric] else (np.nan,))) for metric in plan.metrics}
    for block in done:
        for metric, array in arrays.items():
            region = plan.region(metric, block)
            found[metric][region] = array[region]
    return found
