"""A sweep as a table: a row a point."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from costmodel.errors import FieldError
from costmodel.tables import Column, Table

if TYPE_CHECKING:
    import xarray

MOST_ROWS = 1_000_000
_SHOWN = ("B", "s", "J", "B/s", "FLOP/s", "OP/s", "J/B")
"""Units that stand beside a figure; counts go without."""


def require_rows(sizes: Mapping[str, int]) -> None:
    """Refuse a table that is too long, saying where so many points can go."""
    if (rows := math.prod(sizes.values())) > MOST_ROWS:
        raise FieldError(
            f"a table of {rows:,} rows ({' x '.join(f'{n} {name}' for name, n in sizes.items())}) is more than {MOST_ROWS:,}; "
            f"work in chunks: --store sweep.zarr writes the points to disk in constant memory"
        )


def table(found: xarray.Dataset) -> Table:
    """The points of a sweep, its last axis changing first."""
    sizes = {str(name): found.sizes[name] for name in found.coords}
    require_rows(sizes)
    points = itertools.product(*[found.coords[name].values.tolist() for name in sizes])
    full = [array.broadcast_like(found.coords.to_dataset()).transpose(*sizes) for array in found.values()]
    figures = zip(*[array.values.ravel().tolist() for array in full], strict=True)
    columns = [*[_column(name, array, str) for name, array in found.coords.items()],
               *[_column(name, array, "{:.4g}".format) for name, array in found.items()]]  # fmt: skip
    keys = [column.key for column in columns]
    rows = [dict(zip(keys, (*point, *some), strict=True)) for point, some in zip(points, figures, strict=True)]
    return Table(columns, rows, title="sweep", notes=[f"{key}: {_said(value)}" for key, value in found.attrs.items()])


def _said(value: Any) -> str:
    return "; ".join(value) if isinstance(value, list) else str(value)


def _column(name: Any, array: Any, show: Callable[[Any], str]) -> Column:
    """A column with its unit; numbers without one are shown as they are, counts of a metric by their magnitude."""
    unit = str(array.attrs.get("units", ""))
    if array.dtype.kind in "OUSb":
        return Column(str(name), str(name))
    if unit in _SHOWN:
        return Column(str(name), str(name), unit)
    return Column(str(name), str(name), "", None if array.dtype.kind == "i" and show is not str else show)
