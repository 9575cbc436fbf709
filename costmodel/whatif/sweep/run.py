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
from costmodel.whatif.sweep.metrics import DEFAULT, METRICS, metrics_of, units
from costmodel.whatif.sweep.plan import Block, Plan
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

    if len(blocks := plan.blocks(plan.everything)) == 1:
        return dataset(plan, plan.over(plan.everything))
    arrays = {metric: np.empty([plan.shape[p] for p in plan.places(metric)], dtype=METRICS[metric].dtype) for metric in plan.metrics}
    done: list[Block] = []
    try:
        with bar(len(blocks)) as advance:
            plan.over(plan.everything, arrays, lambda block: (done.append(block), advance()))
    except KeyboardInterrupt:
        return dataset(plan, _open_as_nan(plan, arrays, done), partial(len(done), len(blocks)))
    return dataset(plan, arrays)


def partial(done: int, parts: int) -> str:
    """The note on a sweep that was interrupted."""
    return f"interrupted: {done} of {parts} parts are finished, the others are NaN"


def _open_as_nan(plan: Plan, arrays: Mapping[str, Any], done: Iterable[Block]) -> dict[str, Any]:
    import numpy as np

    found = {metric: np.full(array.shape, np.nan) for metric, array in arrays.items()}
    for block in done:
        for metric, array in arrays.items():
            region = plan.region(metric, block)
            found[metric][region] = array[region]
    return found
