"""Plots of a prediction's times: the roofline with the layers on it, and where every layer's time goes."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from costmodel import quantities
from costmodel.errors import FieldError, UnknownNameError
from costmodel.report import style

if TYPE_CHECKING:
    from costmodel.prediction import Prediction
    from costmodel.prediction.rows import Row
    from costmodel.report.style import Chart

TIMES = {"serial": "time_serial_s", "overlapped": "time_overlapped_s"}
_NAMED = 72
"""As many layers have their names at the axis."""
_CHARACTER = 6.2
"""Of a name, its mean width. [pixel]"""
_PLACES = [(align, sign * rise) for rise in (9, 0, 23, 37, 51, 65) for align in ("left", "right") for sign in (-1, 1)]
"""Where the name of a point may stand: to its right or left, so much above or below; the next first. [pixel]"""


def roofline(prediction: Prediction, *, time: str = "serial", name: int = 3, title: str = "", width: int = 620, height: int = 380) -> Chart:
    """The roof that bus and MAC rate make, and under it what every layer reaches.

    Parameters
    ----------
    prediction : Prediction
    time : "serial" or "overlapped"
        In which a layer reaches its rate.
    name : int
        So many of the layers that take the most time have their names beside them.
    title : str
        Above the plot.
    width, height : int
        [pixel]

    Returns
    -------
    altair.LayerChart

    Notes
    -----
    Across stands the FLOP of MACs for each byte over the bus, upwards the FLOP of MACs a second. Layers without MACs aren't on it, and one
    that moves nothing over the bus stands at the right end.

    Examples
    --------
    >>> import costmodel as cm
    >>> chart = cm.plot.roofline(cm.predict("mobilenet_v1")).to_dict()
    >>> chart["layer"][1]["data"]["values"][0]["name"]
    'conv1'

    References
    ----------
    Williams, Waterman and Patterson, Roofline, CACM 52(4), 2009.
    """
    alt = style.load()
    rows = [row for row in style.plain(prediction).rows if row.macs and _time(row, time)]
    if not rows:
        raise FieldError(f"network {prediction.network.name!r} has no layer with MACs, so there is nothing to set under the roof")
    machine = prediction.hardware
    peak, bytes_per_s = machine.mac_flops_per_s, machine.weight_bytes_per_s
    ridge = peak / bytes_per_s
    intensities = [2 * row.macs / row.bus_bytes for row in rows if row.bus_bytes]
    low, high = math.floor(math.log10(min([*intensities, ridge / 3]))), math.ceil(math.log10(max([*intensities, ridge * 3])))
    points = [
        {"name": row.name, "intensity": 2 * row.macs / row.bus_bytes if row.bus_bytes else 10.0**high,
         "rate": 2 * row.macs / _time(row, time), "time": _time(row, time), "binds": row.bound_by}
        for row in rows
    ]  # fmt: skip
    least = min([*(point["rate"] for point in points), peak / 20])
    ends_x, ends_y = (10.0**low, 10.0**high), (10 ** math.floor(math.log10(least)), 10 ** (math.log10(peak) + 0.25))
    start = max(ends_x[0], ends_y[0] / bytes_per_s)
    roof = [{"intensity": x, "rate": min(peak, x * bytes_per_s)} for x in (start, ridge, ends_x[1])]
    bus = "flash" if machine.weights_in_flash else "ddr"
    kinds = [kind for kind in (bus, "macs", "other", "overhead") if any(point["binds"] == kind for point in points)]
    across, up = (alt.Scale(type="log", domain=list(ends), nice=False) for ends in (ends_x, ends_y))
    axis_x, axis_y = _decades(alt, *ends_x, ""), _decades(alt, *ends_y, "FLOPS")
    x = alt.X("intensity:Q", title="MAC operations for each byte over the bus (FLOP/B)", axis=axis_x, scale=across)
    y = alt.Y("rate:Q", title="MAC operations a second (FLOPS)", axis=axis_y, scale=up)
    legend = alt.Legend(title="binds", orient="top")
    colour = style.keyed(alt.Color, "binds:N", {kind: style.BINDS[kind] for kind in kinds}, legend=legend)
    shape = style.keyed(alt.Shape, "binds:N", {kind: style.SHAPES[kind] for kind in kinds}, legend=legend)
    tips = [alt.Tooltip("name:N", title="layer"), alt.Tooltip("time:Q", title=f"{time} time (s)", format=".4s"),
            alt.Tooltip("intensity:Q", title="FLOP/B", format=".4s"), alt.Tooltip("rate:Q", title="FLOPS", format=".4s")]  # fmt: skip
    drawn = style.chart(points).mark_point(filled=True, size=55, opacity=0.85).encode(x, y, colour, shape, tooltip=tips)
    line = style.chart(roof).mark_line(color=style.GREY, strokeWidth=2).encode(x, y)
    heavy = sorted(points, key=lambda point: -float(point["time"]))[:name]
    labels = _beside(heavy, points, peak, bytes_per_s, ends_x, ends_y, width, height)
    named = [
        style.chart([one for one in labels if one["align"] == align])
        .mark_text(align=align, baseline="middle", fontSize=11, color=style.GREY)
        .encode(alt.X("place_x:Q", scale=across), alt.Y("place_y:Q", scale=up), text="name:N")
        for align in ("left", "right")
        if any(one["align"] == align for one in labels)
    ]
    total = prediction.total
    whole = 2 * total.macs / getattr(total, TIMES[time])
    best = max(points, key=lambda point: float(point["rate"]))
    found = f"{prediction.network.name} reaches {whole / peak:.1%} of {quantities.show(peak, 'FLOPS')} on {machine.name}"
    side = f"in the {time} time; its best layer, {best['name']}, {best['rate'] / peak:.1%}; {_most(rows)}"
    return style.dressed(alt.layer(line, drawn, *named).properties(width=width, height=height), title or found, side, prediction)


def _most(rows: Sequence[Row]) -> str:
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.bound_by] = counts.get(row.bound_by, 0) + 1
    return "layers bound by " + ", ".join(f"{kind} {count}" for kind, count in sorted(counts.items(), key=lambda one: -one[1]))


def _time(row: Row, time: str) -> float:
    if time not in TIMES:
        raise UnknownNameError.of("time", time, TIMES)
    return float(getattr(row, TIMES[time]))


def _decades(alt: Any, low: float, high: float, unit: str) -> Any:
    ticks = [10.0**k for k in range(math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9) + 1)]
    return alt.Axis(values=ticks, labelExpr=style.amount(unit) if unit else "format(datum.value, datum.value < 1 ? '~g' : '~s')")


def _beside(
    heavy: Sequence[dict[str, Any]], points: Sequence[dict[str, Any]], peak: float, bytes_per_s: float,
    ends_x: tuple[float, float], ends_y: tuple[float, float], width: int, height: int,
) -> list[dict[str, Any]]:  # fmt: skip
    """Names beside their points, each at the first place clear of all points, of the roof, of the names before it and of the edges."""

    def pixel(value: float, ends: tuple[float, float], size: int) -> float:
        return size * math.log(value / ends[0]) / math.log(ends[1] / ends[0])

    def roof(x: float) -> float:
        intensity = ends_x[0] * (ends_x[1] / ends_x[0]) ** (x / width)
        return pixel(min(peak, intensity * bytes_per_s), ends_y, height)

    dots = {(pixel(p["intensity"], ends_x, width), pixel(p["rate"], ends_y, height)) for p in points}
    taken: list[tuple[float, float, float, float]] = []
    found = []
    for point in heavy:
        at_x, at_y = pixel(point["intensity"], ends_x, width), pixel(point["rate"], ends_y, height)
        long = _CHARACTER * len(str(point["name"]))
        for align, rise in [*_PLACES, ("left", -9)]:
            start = at_x + 9 if align == "left" else at_x - 9 - long
            box = (start, start + long, at_y + rise - 7, at_y + rise + 7)
            under = roof(box[0] - 4) >= box[3] or roof(box[1] + 4) <= box[2]
            clear = under and not any(box[0] - 6 < x < box[1] + 6 and box[2] - 4 < y < box[3] + 4 for x, y in dots)
            apart = all(box[0] > b[1] or box[1] < b[0] or box[2] >= b[3] or box[3] <= b[2] for b in taken)
            if clear and apart and box[0] >= 2 and box[1] <= width and box[2] >= 0 and box[3] <= height:
                break
        taken.append(box)
        place_x = ends_x[0] * (ends_x[1] / ends_x[0]) ** ((at_x + (9 if align == "left" else -9)) / width)
        place_y = ends_y[0] * (ends_y[1] / ends_y[0]) ** ((at_y + rise) / height)
        found.append({**point, "align": align, "place_x": place_x, "place_y": place_y})
    return found


def layer_times(prediction: Prediction, *, name: int = 3, title: str = "", width: int = 720, height: int = 190) -> Chart:
    """Every layer's time on the bus, on MACs and on other operations: one upon the other, and below with the bus beside the core.

    Parameters
    ----------
    prediction : Prediction
    name : int
        Where there are too many layers for their names, so many of the highest have theirs.
    title : str
        Above the plot.
    width, height : int
        Of each of the two panels. [pixel]

    Returns
    -------
    altair.ConcatChart

    Notes
    -----
    In the lower panel the left half of a column is the bus, the right half the core; the taller of them is the layer's time, with
    what the machine or the filling of a tiled layer's pipeline adds as overhead on top.

    Examples
    --------
    >>> import costmodel as cm
    >>> p = cm.predict("mobilenet_v1")
    >>> bars = cm.plot.layer_times(p).to_dict()["concat"][0]["data"]["values"]
    >>> max(bar["to"] for bar in bars if bar["layer"] == "conv1") == p["conv1"].time_serial_s
    True
    """
    alt = style.load()
    rows = style.plain(prediction).rows
    bus = "flash" if prediction.hardware.weights_in_flash else "ddr"
    kinds = [bus, "macs", "other", *(["overhead"] if any(_rest(row) for row in rows) else [])]
    colour = style.keyed(alt.Color, "spent:N", {kind: style.BINDS[kind] for kind in kinds}, title=None, legend=alt.Legend(orient="top"))
    few = len(rows) <= _NAMED
    names = json.dumps([row.name for row in rows])
    axis = (
        alt.Axis(values=[i + 0.5 for i in range(len(rows))], labelExpr=f"{names}[floor(datum.value)]", labelAngle=-90, labelLimit=160,
                 labelFontSize=11 if len(rows) <= 48 else 9, labelOverlap=False, grid=False, ticks=False, title=None)
        if few
        else alt.Axis(tickCount=10, grid=False, title="layer, in the order of execution")
    )  # fmt: skip

    def panel(time: str, lower: bool) -> Any:
        bars = [bar for i, row in enumerate(rows) for bar in (_beside_core if time == "overlapped" else _stacked)(i, row, bus)]
        most = max(_time(row, time) for row in rows) or 1.0
        ends = (0.0, 1.12 * most)
        hidden = alt.Axis(labels=False, ticks=False, grid=False, title=None)
        x = alt.X("left:Q", scale=alt.Scale(domain=[0, len(rows)], nice=False), axis=axis if lower else hidden)
        y = alt.Y("from:Q", title=f"{time} time (s)", axis=alt.Axis(tickCount=5, labelExpr=style.amount("s")),
                  scale=alt.Scale(domain=list(ends), nice=False))  # fmt: skip
        tips = [alt.Tooltip("layer:N"), alt.Tooltip("spent:N", title="spent on"), alt.Tooltip("time:Q", title="s", format=".4s")]
        drawn = style.chart(bars).mark_rect().encode(x, y, colour, x2="right:Q", y2="to:Q", tooltip=tips)
        heavy = [] if few else _apart(rows, time, name, len(rows))
        words = style.chart(heavy).encode(alt.X("at:Q"), alt.Y("top:Q"), text="name:N")
        labels = [
            words.transform_filter(f"datum.at {side} {len(rows) / 2}").mark_text(
                align=align, baseline="bottom", dx=dx, dy=-2, fontSize=11, color=style.GREY
            )
            for side, align, dx in (("<=", "left", 3), (">", "right", 4))
        ]
        whole = quantities.show(getattr(prediction.total, TIMES[time]), "s")
        heading = {"serial": f"one after another: {whole}", "overlapped": f"bus (left half) beside core (right half): {whole}"}[time]
        return alt.layer(drawn, *(labels if heavy else [])).properties(width=width, height=height, title=heading)

    both = alt.concat(panel("serial", False), panel("overlapped", True), columns=1, spacing=16).resolve_scale(color="shared")
    total = prediction.total
    part = {bus: total.ddr_time_s, "macs": total.mac_time_s, "other": total.other_time_s}
    first = max(part, key=lambda kind: float(part[kind]))
    share = part[first] / total.time_serial_s if total.time_serial_s else 0
    said = f"{prediction.network.name} on {prediction.hardware.name}: {first} takes {share:.0%} of the serial time"
    saved = 1 - total.time_overlapped_s / total.time_serial_s if total.time_serial_s else 0
    return style.dressed(both, title or said, f"letting the bus work beside the core saves {saved:.0%}", prediction)


def _stacked(index: int, row: Row, bus: str) -> list[dict[str, Any]]:
    first, second, third = row.ddr_time_s, row.ddr_time_s + row.mac_time_s, row.time_serial_s - row.overhead_time_s
    edges = ((bus, 0.0, first), ("macs", first, second), ("other", second, third), ("overhead", third, row.time_serial_s))
    return [_bar(row, kind, index + 0.06, index + 0.94, low, high) for kind, low, high in edges if high > low]


def _beside_core(index: int, row: Row, bus: str) -> list[dict[str, Any]]:
    times, rest = row.overlapped_times, _rest(row)
    bars = ((bus, 0.06, 0.5, 0.0, times.bus_s), ("macs", 0.5, 0.94, 0.0, times.mac_s),
            ("other", 0.5, 0.94, times.mac_s, times.mac_s + times.other_s),
            ("overhead", 0.06, 0.94, row.time_overlapped_s - rest, row.time_overlapped_s))  # fmt: skip
    return [_bar(row, kind, index + left, index + right, low, high) for kind, left, right, low, high in bars if high > low]


def _rest(row: Row) -> float:
    """What the overlapped time has beside bus and core: the machine's overhead, and a pipeline that fills and empties."""
    times = row.overlapped_times
    rest = float(row.time_overlapped_s - max(times.bus_s, times.mac_s + times.other_s))
    return rest if rest > 1e-9 * row.time_overlapped_s else 0.0


def _bar(row: Row, kind: str, left: float, right: float, low: float, high: float) -> dict[str, Any]:
    return {"layer": row.name, "spent": kind, "left": left, "right": right, "from": low, "to": high, "time": high - low}


def _apart(rows: Sequence[Row], time: str, count: int, steps: int) -> list[dict[str, Any]]:
    """The names of the highest columns, none upon another and none of a low one."""
    chosen: list[dict[str, Any]] = []
    least = 0.1 * max(_time(row, time) for row in rows)
    for index, row in sorted(enumerate(rows), key=lambda one: -_time(one[1], time)):
        if len(chosen) < count and _time(row, time) >= least and all(abs(index - one["at"]) > 0.22 * steps for one in chosen):
            chosen.append({"at": index + 0.5, "top": _time(row, time), "name": f"{row.name}: {quantities.show(_time(row, time), 's')}"})
    return chosen
