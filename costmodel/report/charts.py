"""Lines and bars of any table: titles and units come from its columns."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from costmodel._num import is_array, is_symbolic
from costmodel.errors import FieldError, SymbolicError, UnknownNameError
from costmodel.report import scales, style
from costmodel.tables import Column, Table

if TYPE_CHECKING:
    from costmodel.report.style import Chart

_LABEL_HEIGHT = 15
"""Of a direct label. [pixel]"""


def lines(
    table: Table,
    *,
    x: str,
    y: str,
    by: str,
    panels: str | None = None,
    log: str = "",
    level: float | None = None,
    band: tuple[float, float, str] | None = None,
    places: Mapping[str, float] | None = None,
    title: str = "",
    subtitle: str = "",
    width: int = 420,
    height: int = 300,
    columns: int = 2,
) -> Chart:
    """A line for each value of a column, with its name at its end; above several panels a legend has the names.

    Parameters
    ----------
    table : Table
        Its column headings and units become the titles of the axes.
    x, y, by : str
        Keys of the columns: across, upwards, a line each.
    panels : str, optional
        Key of a column: a panel for each of its values, all with the same axes.
    log : str
        The axes that are logarithmic: "", "x", "y" or "xy".
    level : float, optional
        A dashed line across, e.g. 1 where the values are ratios.
    band : (float, float, str), optional
        A shaded range of y and its name.
    places : mapping, optional
        Names to values of x, each a dotted line upwards.
    title, subtitle : str
        Above the plot.
    width, height : int
        Of a panel. [pixel]
    columns : int
        Panels side by side.

    Returns
    -------
    altair.LayerChart or altair.ConcatChart

    Raises
    ------
    UnknownNameError
        A column that the table does not have.
    FieldError
        No rows, or values that a logarithmic axis can't show.
    SymbolicError
        Symbols or arrays in place of numbers.
    MissingExtraError
        Altair isn't installed.

    Examples
    --------
    >>> import costmodel as cm
    >>> study = cm.flavour_study(kernel_sizes=[1, 3, 5], activations=["relu"])
    >>> chart = cm.plot.lines(study, x="kernel_size", y="time_serial_s", by="flavour", log="y")
    >>> chart.to_dict()["layer"][0]["encoding"]["y"]["title"]
    'serial time (s)'
    """
    alt = style.load()
    if set(log) - set("xy"):
        raise UnknownNameError.of("logarithmic axes", log, ("x", "y", "xy"))
    heads = {key: _column(table, key) for key in (x, y, by)}
    numbers = {key: _numbers(table, key, positive=axis in log) for axis, key in (("x", x), ("y", y))}
    names = _distinct(table, by)
    ends = [*numbers[y], *([level] if level is not None else []), *(band[:2] if band else [])]
    if "y" in log and min(ends) <= 0:
        raise FieldError(f"`level` (={level!r}) and `band` (={band!r}) must be positive on a logarithmic axis")
    range_x = (min(numbers[x]), max(numbers[x]))
    range_y = scales.padded(min(ends), max(ends), "y" in log)
    legend = alt.Legend(orient="top", title=None, symbolType="stroke", columns=0) if panels else None
    colour = style.keyed(alt.Color, "name:N", style.colours(names), legend=legend)
    axis_x = scales.axis(alt.X, "x:Q", heads[x], range_x, "x" in log, numbers[x])
    axis_y = scales.axis(alt.Y, "y:Q", heads[y], range_y, "y" in log, numbers[y])

    def panel(rows: Sequence[Mapping[str, Any]], heading: str) -> Any:
        points = [{"x": row[x], "y": row[y], "name": style.words(row[by])} for row in rows]
        tips = [alt.Tooltip("name:N", title=heads[by].heading), alt.Tooltip("x:Q", title=heads[x].heading),
                alt.Tooltip("y:Q", title=style.axis_title(heads[y]), format=".4s")]  # fmt: skip
        marks = {"size": 28} if len(points) <= 12 * len(names) else {"size": 0}
        drawn = style.chart(points).mark_line(point=marks, strokeWidth=2).encode(axis_x, axis_y, colour, tooltip=tips)
        layers = [drawn, *_guides(alt, axis_x, axis_y, level, band, places, range_x)]
        if not panels:
            last = style.chart(_labels(points, range_y, height, "y" in log))
            layers.append(last.mark_text(align="left", dx=8, fontSize=12).encode(axis_x, axis_y, colour, text="name:N"))
        return alt.layer(*layers).properties(width=width, height=height, **({"title": heading} if heading else {}))

    return _arranged(alt, table, panels, panel, title, subtitle, columns)


def bars(
    table: Table,
    *,
    x: str,
    y: str,
    by: str,
    panels: str | None = None,
    level: float | None = None,
    title: str = "",
    subtitle: str = "",
    width: int = 360,
    columns: int = 2,
) -> Chart:
    """Lying bars with their figures: a group for each value of `y`, a bar in it for each value of `by`.

    Parameters
    ----------
    table : Table
        Its column headings and units become titles; its columns write the figures.
    x, y, by : str
        Keys of the columns: length, group, bar.
    panels, level, title, subtitle, width, columns
        As in `lines`; the height follows from the number of bars, and `level` is a dashed line upwards.

    Returns
    -------
    altair.LayerChart or altair.ConcatChart

    Raises
    ------
    UnknownNameError, FieldError, SymbolicError, MissingExtraError
        As `lines`.

    Examples
    --------
    >>> import costmodel as cm
    >>> study = cm.flavour_study(kernel_sizes=[3])
    >>> chart = cm.plot.bars(study, x="time_serial_s", y="flavour", by="activation")
    >>> [row["figure"] for row in chart.to_dict()["data"]["values"]][:3]
    ['749.8 µs', '572.4 µs', '515.7 µs']
    """
    alt = style.load()
    head, group, one = (_column(table, key) for key in (x, y, by))
    values = _numbers(table, x, positive=False)
    groups, names = _distinct(table, y), _distinct(table, by)
    longest = max([*values, level or 0])
    axis_x = scales.axis(alt.X, "x:Q", head, (min(0, *values), 1.15 * longest))
    axis_y = alt.Y("y:N", title=None, sort=[style.words(g) for g in groups], axis=alt.Axis(domain=False, ticks=False, labelLimit=240))
    colours, legend = style.colours(names), alt.Legend(orient="top") if len(names) > 1 else None
    colour = style.keyed(alt.Color, "name:N", colours, title=one.heading, legend=legend)

    def panel(rows: Sequence[Mapping[str, Any]], heading: str) -> Any:
        points = [{"x": row[x], "y": style.words(row[y]), "name": style.words(row[by]), "figure": head.text(row[x])} for row in rows]
        base = style.chart(points).encode(axis_x, axis_y, alt.YOffset("name:N", sort=list(colours)))
        tips = [
            alt.Tooltip("y:N", title=group.heading),
            alt.Tooltip("name:N", title=one.heading),
            alt.Tooltip("figure:N", title=head.heading),
        ]
        figures = base.mark_text(align="left", dx=4, fontSize=11, color=style.GREY).encode(text="figure:N")
        drawn = [base.mark_bar().encode(colour, tooltip=tips), figures]
        if level is not None:
            rule = style.chart([{"x": level}]).mark_rule(color=style.GREY, strokeDash=[5, 4])
            drawn.append(rule.encode(alt.X("x:Q")))
        height = len(groups) * (len(names) * 16 + 12)
        return alt.layer(*drawn).properties(width=width, height=height, **({"title": heading} if heading else {}))

    return _arranged(alt, table, panels, panel, title, subtitle, columns)


def _arranged(
    alt: Any, table: Table, panels: str | None, panel: Callable[[Any, str], Any], title: str, subtitle: str, columns: int
) -> Chart:
    """One panel, or one for each value of a column under the same axes."""
    if panels is None:
        return style.dressed(panel(table.rows, ""), title or table.title, subtitle)
    found = [panel([row for row in table.rows if row[panels] == value], str(value)) for value in _distinct(table, panels)]
    side_by_side = alt.concat(*found, columns=columns, spacing=24).resolve_scale(color="shared")
    return style.dressed(side_by_side, title or table.title, subtitle)


def _guides(
    alt: Any, axis_x: Any, axis_y: Any, level: float | None, band: tuple[float, float, str] | None, places: Mapping[str, float] | None,
    range_x: tuple[float, float],
) -> list[Any]:  # fmt: skip
    """What the lines are read against: a level, a band, places."""

    def of(*rows: Mapping[str, Any]) -> Any:
        return style.chart(list(rows))

    found = []
    if band is not None:
        low, high, name = band
        found.append(of({"y": low, "top": high}).mark_rect(color=style.GREY, opacity=0.2).encode(axis_y, y2="top"))
        place = {"x": range_x[1], "y": high, "name": name}
        found.append(
            of(place)
            .mark_text(align="right", baseline="top", dx=-6, dy=5, fontSize=12, color=style.GREY)
            .encode(axis_x, axis_y, text="name:N")
        )
    if level is not None:
        found.append(of({"y": level}).mark_rule(color=style.GREY, strokeDash=[5, 4]).encode(axis_y))
    if places:
        rows = [{"x": value, "name": name} for name, value in places.items() if range_x[0] <= value <= range_x[1]]
        found.append(of(*rows).mark_rule(color=style.GREY, strokeDash=[1, 3]).encode(axis_x))
        words = of(*rows).mark_text(angle=325, align="left", dx=4, dy=-4, fontSize=11, color=style.GREY)
        found.append(words.encode(axis_x, y=alt.value(0), text="name:N"))
    return found


def _labels(points: Sequence[Mapping[str, Any]], ends: tuple[float, float], height: int, log: bool) -> list[dict[str, Any]]:
    """The last point of each line; where two would overlap they move apart, and none goes down to the words below the axis."""
    forth, back = (math.log, math.exp) if log else (float, float)
    low, high = forth(ends[0]), forth(ends[1])
    step = (high - low) * _LABEL_HEIGHT / height or 1.0
    last: dict[str, Mapping[str, Any]] = {}
    for point in points:
        if point["name"] not in last or point["x"] >= last[point["name"]]["x"]:
            last[point["name"]] = point
    rising = sorted(last.values(), key=lambda point: point["y"])
    heights = [forth(point["y"]) for point in rising]
    apart = [max(at, low + (i + 0.6) * step) for i, at in enumerate(spread(heights, step))]
    return [{**point, "y": back(at)} for point, at in zip(rising, apart, strict=True)]


def spread(heights: Sequence[float], step: float) -> list[float]:
    """Rising heights at least `step` apart; groups that would overlap stay centred where they were.

    >>> spread([0.0, 0.5, 9.0], 1.0)
    [-0.25, 0.75, 9.0]
    """
    groups: list[list[float]] = []
    for height in heights:
        groups.append([height])
        while len(groups) > 1 and _bottom(groups[-1], step) - _bottom(groups[-2], step) < step * len(groups[-2]):
            groups[-2:] = [groups[-2] + groups[-1]]
    return [_bottom(group, step) + step * i for group in groups for i in range(len(group))]


def _bottom(group: Sequence[float], step: float) -> float:
    return sum(group) / len(group) - step * (len(group) - 1) / 2


def _column(table: Table, key: str) -> Column:
    (found,) = table.select(key).columns
    return found


def _distinct(table: Table, key: str) -> list[Any]:
    _column(table, key)
    return list(dict.fromkeys(row[key] for row in table.rows))


def _numbers(table: Table, key: str, positive: bool) -> list[float]:
    values = [row[key] for row in table.rows]
    if not values:
        raise FieldError("a plot needs a table with rows, got none")
    for value in values:
        if is_symbolic(value) or is_array(value):
            raise SymbolicError(f"a plot needs plain numbers; column `{key}` holds {value!r}")
        if not isinstance(value, int | float) or not math.isfinite(value) or (positive and value <= 0):
            raise FieldError(f"column `{key}` holds {value!r}, which {'a logarithmic' if positive else 'an'} axis can't show")
    return values
