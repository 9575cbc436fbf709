"""Which points are beaten by none? Non-dominated sets of any number of metrics, exact, ties kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from costmodel.errors import FieldError, UnknownNameError
from costmodel.tables import Column, Shown, Table
from costmodel.whatif.conditions import conditions, dimension_of, long_name
from costmodel.whatif.dominance import undominated
from costmodel.whatif.question import unit_of

if TYPE_CHECKING:
    import numpy as np


class Front(Shown):
    """The points that are beaten by none. Made by `costmodel.pareto`.

    Attributes
    ----------
    mask : numpy.ndarray of bool
        Which points of the data they are, in the shape of the data.
    indices : numpy.ndarray of int
        The same as places in the flattened data, by the first metric, the best first.
    points : dict of str to numpy.ndarray
        Metrics and all else that the data holds, at these points.
    metrics, maximised : tuple of str
    considered : int
        Points that were compared: those that hold what `where` asks, and no NaN.
    """

    def __init__(self, data: _Points, mask: Any, metrics: tuple[str, ...], maximised: tuple[str, ...], considered: int) -> None:
        import numpy as np

        self.mask = mask.reshape(data.shape)
        self.metrics = metrics
        self.maximised = maximised
        self.considered = considered
        places = np.flatnonzero(mask)
        costs = _costs({name: data.columns[name][places] for name in metrics}, metrics, maximised)
        order = np.lexsort(costs[::-1])
        self.indices = places[order]
        self.points = {name: data.at(name, self.indices) for name in data.names}
        self._costs = costs[:, order]
        self._data = data

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def knee(self) -> int | None:
        """The point of the least sum of metrics, each scaled to 0..1 over the front: of two metrics the one farthest from the chord.

        Its place among `points`; None where there is none.
        """
        if not len(self):
            return None
        import numpy as np

        low, high = self._costs.min(axis=1, keepdims=True), self._costs.max(axis=1, keepdims=True)
        with np.errstate(invalid="ignore"):
            score = ((self._costs - low) / (high - low + (high == low))).sum(axis=0)
        return int(np.nan_to_num(score, nan=np.inf).argmin())

    def select(self) -> Any:
        """The front in the form of the data: rows of a DataFrame, points of a Dataset along `point`, arrays of a mapping."""
        return self._data.select(self.indices)

    def column(self, name: str, places: Any) -> Any:
        """What the data holds under a name at some places of all points."""
        return self._data.at(name, places)

    def table(self) -> Table:
        """One row a point, the best of the first metric first; the knee is marked."""
        others = [name for name in self.points if name not in self.metrics]
        columns = [_column(name, self.points[name]) for name in [*others, *self.metrics]]
        rows = [{name: _plain(values[i]) for name, values in self.points.items()} | {"knee": i == self.knee} for i in range(len(self))]
        aims = [f"{name} {'large' if name in self.maximised else 'small'}" for name in self.metrics]
        title = f"{len(self)} of {self.considered:,} points are beaten by none: {', '.join(aims)}"
        return Table([*columns, Column("knee", "knee")], rows, title=title)


def pareto(data: Any, metrics: str | Iterable[str], *, maximise: str | Iterable[str] = (), where: Any = None) -> Front:
    """The points that no other beats: none is at least as good in every metric and better in one.

    Parameters
    ----------
    data : xarray.Dataset, pandas.DataFrame, Table or mapping of str to array
        Points: those of a Dataset are of its whole grid, arrays broadcast against each other.
    metrics : str or iterable of str
        What is compared. Small is good,
    maximise : str or iterable of str
        but of these, which need not be named twice.
    where : str, or array of bool, optional
        A condition as of `costmodel.solve`, over anything that the data holds: "peak_live_bytes <= 1 MiB". Only its points are compared.

    Returns
    -------
    Front
        `mask`, `indices`, `points`, `knee`, `select()`, `table()`.

    Raises
    ------
    UnknownNameError
        A metric that the data does not hold.
    FieldError
        Data or metrics that can't be compared.

    Notes
    -----
    Two metrics take one sort, n log n. More are halved and merged as Kung, Luccio and Preparata have it; before that, what a few good
    points beat is dropped at once. Points that are alike in all metrics are all kept. A NaN in a metric is no point.

    Examples
    --------
    >>> import costmodel as cm
    >>> front = cm.pareto({"time_s": [1, 2, 3, 3, 2], "energy_j": [5, 2, 1, 4, 2]}, ["time_s", "energy_j"])
    >>> front.indices.tolist(), front.knee
    ([0, 1, 4, 2], 1)

    References
    ----------
    Kung, Luccio and Preparata, On finding the maxima of a set of vectors, JACM 22(4), 1975.
    """
    import numpy as np

    points = _Points(data)
    maximised = tuple(dict.fromkeys([maximise] if isinstance(maximise, str) else maximise))
    names = tuple(dict.fromkeys([*([metrics] if isinstance(metrics, str) else metrics), *maximised]))
    if not names:
        raise FieldError("`metrics` must name at least one figure")
    for name in names:
        if name not in points.names:
            raise UnknownNameError.of("metric", name, points.names)
        if points.column(name).dtype.kind not in "biuf":
            raise FieldError(f"metric `{name}` must hold numbers, got {points.column(name).dtype}")
    columns = {name: points.column(name) for name in names}
    points.columns = columns
    allowed = _allowed(points, where)
    for column in columns.values():
        if column.dtype.kind == "f":
            allowed &= ~np.isnan(column)
    chosen = np.flatnonzero(allowed)
    costs = _costs({name: column if len(chosen) == points.size else column[chosen] for name, column in columns.items()}, names, maximised)
    mask = np.zeros(points.size, dtype=bool)
    mask[chosen[undominated(costs)]] = True
    return Front(points, mask, names, maximised, len(chosen))


class _Points:
    """Columns of equal length, whatever they came in."""

    def __init__(self, data: Any) -> None:
        import numpy as np

        self.data = data
        self.columns: dict[str, Any] = {}
        if isinstance(data, Table):
            kept = {c.key: [row.get(c.key) for row in data.rows] for c in data.columns}
            found = {key: np.array(values) for key, values in kept.items()}
            self.shape: tuple[int, ...] = (len(data.rows),)
        elif hasattr(data, "data_vars"):
            self.shape = tuple(data.sizes.values())
            dims = list(data.sizes)
            found = {str(name): data[name] for name in [*data.coords, *data.data_vars] if set(data[name].dims) <= set(dims)}
            self._dims = dims
        elif isinstance(data, Mapping) or hasattr(data, "columns"):
            names = list(data) if isinstance(data, Mapping) else list(data.columns)
            found = {str(name): np.asarray(data[name]) for name in names}
            try:
                self.shape = np.broadcast_shapes(*(column.shape for column in found.values()))
            except ValueError:
                shapes = ", ".join(f"`{name}` {column.shape}" for name, column in found.items())
                raise FieldError(f"`data` holds arrays that do not broadcast: {shapes}") from None
        else:
            raise FieldError(f"`data` must be a Dataset, a DataFrame, a Table or a mapping of arrays, got {type(data).__name__}")
        self._found = found
        self.names = tuple(found)
        self.size = int(np.prod(self.shape))

    def column(self, name: str) -> np.ndarray[Any, Any]:
        """All values of a column, flat."""
        import numpy as np

        return np.broadcast_to(self._laid(name), self.shape).reshape(-1)

    def at(self, name: str, places: Any) -> np.ndarray[Any, Any]:
        """The values of a column at some places; no column is made as long as the data."""
        import numpy as np

        return np.broadcast_to(self._laid(name), self.shape)[np.unravel_index(places, self.shape)]

    def _laid(self, name: str) -> np.ndarray[Any, Any]:
        return self.laid(self._found[name])

    def laid(self, found: Any) -> np.ndarray[Any, Any]:
        """An array over some axes of the data, so that it broadcasts to all of them: axes with names by these."""
        import numpy as np

        if not hasattr(self.data, "data_vars") or not hasattr(found, "dims"):
            return np.asarray(found)
        if unknown := [dim for dim in found.dims if dim not in self._dims]:
            raise FieldError(f"`where` lies along {unknown[0]!r}, which the data does not: {', '.join(map(str, self._dims))}")
        laid = found.transpose(*(dim for dim in self._dims if dim in found.dims))
        return np.asarray(laid.values).reshape([self.data.sizes[dim] if dim in found.dims else 1 for dim in self._dims])

    def select(self, places: Any) -> Any:
        """The data at some places, in its own form."""
        import numpy as np

        if isinstance(self.data, Table):
            rows = [self.data.rows[i] for i in places]
            return Table(self.data.columns, rows, title=self.data.title, notes=self.data.notes)
        if hasattr(self.data, "data_vars"):
            import xarray as xr

            spots = np.unravel_index(places, self.shape)
            return self.data.isel({dim: xr.DataArray(spot, dims="point") for dim, spot in zip(self._dims, spots, strict=True)})
        if hasattr(self.data, "iloc"):
            return self.data.iloc[places]
        return {name: self.at(name, places) for name in self.names}


def _allowed(points: _Points, where: Any) -> Any:
    import numpy as np

    allowed = np.ones(points.size, dtype=bool)
    if where is None:
        return allowed
    if not isinstance(where, str):
        given = points.laid(where)
        if given.dtype != bool:
            raise FieldError(f"`where` must be a condition or an array of bool, got {given.dtype}")
        try:
            return np.broadcast_to(given, points.shape).reshape(-1).copy()
        except ValueError:
            raise FieldError(f"`where` of shape {given.shape} does not fit points of shape {points.shape}") from None
    asked = conditions(where, {name: dimension_of(long_name(name)) for name in points.names})
    held = {long_name(name): name for name in points.names} | {name: name for name in points.names}
    values = {}
    for name in (name for condition in asked for name in condition.names):
        if name not in held:
            raise UnknownNameError.of("figure", name, points.names)
        values[name] = points.column(held[name])
        if values[name].dtype.kind not in "biuf":
            raise FieldError(
                f"`{name}` holds no numbers to compare; give `where` as an array of bool, e.g. data[{name!r}] == {str(values[name][0])!r}"
            )
    for condition in asked:
        allowed &= condition.holds(values)
    return allowed


def _costs(columns: Mapping[str, Any], names: Iterable[str], maximised: Iterable[str]) -> Any:
    """A row a metric, small being good; whole numbers that floats can't tell apart are ranked first."""
    import numpy as np

    found = []
    for name in names:
        column = columns[name]
        if column.dtype.kind in "biu":
            column = column.astype(np.int64) if column.dtype != np.uint64 or not column.size or column.max() < 2**63 else column
            if column.size and max(abs(int(column.min())), abs(int(column.max()))) >= 2**53:
                column = np.unique(column, return_inverse=True)[1].reshape(-1)
        column = column.astype(np.float64)
        found.append(-column if name in maximised else column)
    return np.stack(found)


def _column(name: str, values: Any) -> Column:
    if values.dtype.kind in "OUSb":
        return Column(name, name)
    unit = unit_of(long_name(name))
    return Column(name, name, unit, "{:.6g}".format if not unit and values.dtype.kind == "f" else None)


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value
