"""A sweep as the shell asks for it: axes as texts, arguments of the builder beside them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from costmodel import zoo
from costmodel.errors import FieldError
from costmodel.hardware import Hardware
from costmodel.network import Network
from costmodel.whatif.sweep.metrics import DEFAULT
from costmodel.whatif.sweep.run import plan_of, sweep
from costmodel.whatif.sweep.table import require_rows

if TYPE_CHECKING:
    import xarray


def swept(
    network: Network | str,
    fixed: Mapping[str, Any],
    hardware: Hardware,
    axes: Mapping[str, str],
    metrics: list[str] | None,
    chunks: int | None,
    store: str | None,
    options: Mapping[str, Any],
) -> xarray.Dataset:
    """The points as a Dataset; refused where they are neither stored nor fit in a table."""
    if not axes:
        raise FieldError("sweep needs an axis, e.g. --axis hardware.ddr=0.5GB/s:16GB/s:log32 or --axis width_multiplier=0.25,0.5,1")
    if twice := [name for name in fixed if name in axes]:
        raise FieldError(f"`{twice[0]}` is given as an axis and as an option; one of them")
    subject: Any = functools.partial(zoo.builder(network), **fixed) if fixed and isinstance(network, str) else network
    names = metrics or DEFAULT
    if store is None:
        if chunks is not None:
            raise FieldError(f"`--chunks` (={chunks}) goes with --store")
        require_rows(dict(zip(axes, plan_of(subject, hardware, axes, names, options).shape, strict=True)))
    return sweep(subject, hardware, axes, names, chunks=chunks, store=store, **options)
