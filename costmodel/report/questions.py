"""Plots of questions: a front among all points, a tornado, a map of what binds."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from costmodel import quantities
from costmodel._num import is_open
from costmodel.errors import FieldError
from costmodel.report import scales, style
from costmodel.report.asked import effects_of, regimes_of
from costmodel.tables import Column
from costmodel.whatif.question import unit_of

if TYPE_CHECKING:
    from costmodel.prediction import Prediction
    from costmodel.report.style import Chart
    from costmodel.whatif.pareto import Front
    from costmodel.whatif.regimes import Regimes
    from costmodel.whatif.sensitivity import Sensitivity

_MOST = 2_000
"""More points than these are thinned out in a plot, in the cloud and along the front; the ends and the knee stay."""


def pareto(front: Front, *, x: str | None = None, y: str | None = None, log: str = "", title: str = "") -> Chart:
    """A front among the points that it was chosen from; its knee is named.

    Parameters
    ----------
    front : Front
        Of `costmodel.pareto`.
    x, y : str, optional
        Metrics; the first two where not given.
    log : str
        The axes that are logarithmic: "", "x", "y" or "xy".
    title : str
        Above the plot.

    Returns
    -------
    altair.LayerChart

    Examples
    --------
    >>> import costmodel as cm
    >>> front = cm.pareto({"time_s": [1, 2, 3, 3], "energy_j": [5, 2, 1, 4]}, ["time_s", "energy_j"])
    >>> chart = cm.plot.pareto(front).to_dict()
    >>> [layer["data"]["values"] for layer in chart["layer"]][-1]
    [{'x': 2.0, 'y': 2.0, 'name': 'knee'}]
    """
    import numpy as np

    alt = style.load()
    names = [name for name in front.metrics if name not in (x, y)]
    across, up = x or (names.pop(0) if names else None), y or (names.pop(0) if names else None)
    if across is None or up is None:
        raise FieldError(f"a plot of a front needs two metrics; this one has {', '.join(front.metrics)}")
    for name in (across, up):
        if name not in front.points:
            raise FieldError(f"the front has no `{name}`; it has {', '.join(front.points)}")
    if not len(front):
        raise FieldError("the front has no point to draw")
    xs, ys = (np.asarray(front.points[name], dtype=float) for name in (across, up))
    behind = [_sampled(front, name) for name in (across, up)]
    heads = [Column(name, _spoken(name), unit_of(name)) for name in (across, up)]
    axes = []
    for channel, head, own, others, letter in zip((alt.X, alt.Y), heads, (xs, ys), behind, "xy", strict=True):
        low, high = float(min(own.min(), others.min())), float(max(own.max(), others.max()))
        if letter in log and low <= 0:
            raise FieldError(f"`{head.key}` holds {low}, which a logarithmic axis can't show")
        ends = scales.padded(low, high, letter in log)
        axes.append(scales.axis(channel, f"{letter}:Q", head, ends, letter in log))
    cloud = [{"x": float(a), "y": float(b)} for a, b in zip(*behind, strict=True)]
    kept = sorted({*_spread(len(front)), front.knee or 0})
    chosen = [{"x": float(xs[i]), "y": float(ys[i])} for i in kept]
    knee = [{**chosen[kept.index(front.knee or 0)], "name": "knee"}]
    tips = [
        alt.Tooltip("x:Q", title=style.axis_title(heads[0]), format=".4s"),
        alt.Tooltip("y:Q", title=style.axis_title(heads[1]), format=".4s"),
    ]
    dots = style.chart(cloud).mark_circle(size=12, color=style.GREY, opacity=0.35).encode(*axes)
    line = style.chart(sorted(chosen, key=lambda p: (p["x"], p["y"]))).mark_line(interpolate="linear", color=style.PALETTE[0], opacity=0.5)
    points = style.chart(chosen).mark_circle(size=45, color=style.PALETTE[0], opacity=1).encode(*axes, tooltip=tips)
    knees = style.chart(knee)
    ring = knees.mark_circle(size=70, color=style.PALETTE[1], opacity=1).encode(*axes)
    word = knees.mark_text(align="left", dx=8, dy=12, fontSize=12, fontWeight="bold", color=style.PALETTE[1]).encode(*axes, text="name:N")
    layers = [dots, *([line.encode(*axes)] if len(front.metrics) == 2 else []), points, ring, word]
    at_knee = " and ".join(
        f"{head.heading} {quantities.show(knee[0][key], head.unit or '')}" for key, head in zip("xy", heads, strict=True)
    )
    said = f"{len(front):,} of {front.considered:,} points are beaten by none"
    return style.dressed(alt.layer(*layers).properties(width=420, height=300), title or said, f"the knee has {at_knee}")


def _spoken(metric: str) -> str:
    """A figure without its unit, as it is said.

    >>> _spoken("time_serial_s"), _spoken("ddr_bytes")
    ('serial time', 'ddr')
    """
    name = metric.removesuffix("_bytes").removesuffix("_s").removesuffix("_j")
    return style.words(f"{name.removeprefix('time_')} time" if name.startswith("time_") else name)


def _sampled(front: Front, name: str) -> Any:
    """Of all points so many that a page can bear them."""
    import numpy as np

    found = np.asarray(front.column(name, np.array(_spread(front.mask.size))), dtype=float)
    return np.where(np.isfinite(found), found, np.nanmin(found[np.isfinite(found)]))


def _spread(size: int) -> list[int]:
    """At most so many places as a plot can bear, evenly from the first to the last."""
    return [i * (size - 1) // (_MOST - 1) for i in range(_MOST)] if size > _MOST else list(range(size))


def tornado(effects: Sensitivity | Prediction, metric: str | None = None, *, top: int = 12, title: str = "") -> Chart:
    """What a figure becomes where each variable shrinks and grows, the widest swing first.

    Parameters
    ----------
    effects : Sensitivity or Prediction
        Of `costmodel.sensitivity`; of a prediction's network and machine it is asked for.
    metric : str, optional
        One of its figures; the first where not given, of a prediction the serial time.
    top : int
        So many variables.
    title : str
        Above the plot.

    Returns
    -------
    altair.LayerChart

    Examples
    --------
    >>> import costmodel as cm
    >>> chart = cm.plot.tornado(cm.sensitivity(cm.zoo.mobilenet_v1(), "pardhi", "time_serial_s"), top=1).to_dict()
    >>> [(bar["name"], bar["side"], bar["label"]) for bar in chart["layer"][0]["data"]["values"]]
    [('activation_bits', 'low', '4: 6.941 ms'), ('activation_bits', 'high', '16: 19.21 ms')]
    """
    alt = style.load()
    effects = effects_of(effects, metric)
    metric = metric or effects.metrics[0]
    chosen = [effect for effect in effects.effects if effect.metric == metric and effect.swing][:top]
    if not chosen:
        raise FieldError(f"nothing moves `{metric}`; metrics are {', '.join(effects.metrics)}")
    unit = unit_of(metric)
    now = float(chosen[0].figure)
    values: list[dict[str, Any]] = []
    for effect in chosen:
        for side, end, figure in (("low", effect.low, effect.figure_low), ("high", effect.high, effect.figure_high)):
            if figure is not None and end is not None:
                label = f"{end:g}: {quantities.show(figure, unit)}" if effect.variable[:9] != "hardware." else quantities.show(figure, unit)
                values.append({"name": effect.variable, "side": side, "from": now, "to": float(figure), "label": label})
    head = Column(metric, _spoken(metric), unit)
    ends = scales.padded(min(now, *(v["to"] for v in values)), max(now, *(v["to"] for v in values)), log=False)
    axis_x = scales.axis(alt.X, "from:Q", head, ends)
    axis_y = alt.Y(
        "name:N", title=None, sort=[effect.variable for effect in chosen], axis=alt.Axis(domain=False, ticks=False, labelLimit=240)
    )
    said = [f"shrinks {effects.factor:g}-fold", f"grows {effects.factor:g}-fold"]
    for value in values:
        value["change"] = said[value["side"] == "high"]
    colour = style.keyed(alt.Color, "change:N", dict(zip(said, style.PALETTE, strict=False)), title=None, legend=alt.Legend(orient="top"))
    tips = [alt.Tooltip("name:N", title="variable"), alt.Tooltip("change:N"), alt.Tooltip("label:N", title=head.heading)]
    boxes = style.chart(values).mark_bar(opacity=0.85).encode(axis_x, axis_y, colour, x2="to:Q", tooltip=tips)
    rule = style.chart([{"from": now}]).mark_rule(color=style.GREY, strokeDash=[5, 4]).encode(axis_x)
    reached = [now, *(float(value["to"]) for value in values if value["name"] == chosen[0].variable)]
    low, high = (quantities.show(end, unit) for end in (min(reached), max(reached)))
    found = f"{chosen[0].variable} moves the {head.heading} most, from {low} to {high}"
    chart = alt.layer(boxes, rule).properties(width=420, height=24 * len(chosen))
    return style.dressed(chart, title or found, f"{effects.table(metric).title}; now {quantities.show(now, unit)}")


def regimes(found: Regimes | Prediction, *, points: int = 48, spread: float = 16, title: str = "") -> Chart:
    """A map of what binds, with the exact borders as lines and the machine as a point; both axes logarithmic.

    Parameters
    ----------
    found : Regimes or Prediction
        Of `costmodel.regimes`; of a prediction's network and machine it is asked for, over bandwidth and MAC rate.
    points : int
        Of the map along each axis.
    spread : float
        How far the map reaches from the machine, as a factor to either side.
    title : str
        Above the plot.

    Returns
    -------
    altair.LayerChart

    Examples
    --------
    >>> import costmodel as cm
    >>> chart = cm.plot.regimes(cm.regimes("mobilenet_v1", "pardhi"), points=8).to_dict()
    >>> sorted({cell["bound_by"] for cell in chart["layer"][0]["data"]["values"]})
    ['ddr', 'macs', 'other']
    """
    alt = style.load()
    found = regimes_of(found)
    table = found.grid(points, spread)
    xs, ys = (sorted({row[key] for row in table.rows}) for key in ("x", "y"))
    cells_x, cells_y = _cells(xs), _cells(ys)
    cells = [
        {
            "x": cells_x[row["x"]][0],
            "x2": cells_x[row["x"]][1],
            "y": cells_y[row["y"]][0],
            "y2": cells_y[row["y"]][1],
            "bound_by": row["bound_by"],
        }
        for row in table.rows
    ]
    heads = [Column(v.key, v.name, v.unit) for v in (found.across, found.up)]
    ends = [(min(c[k] for c in cells), max(c[k + "2"] for c in cells)) for k in "xy"]
    axes = [
        scales.axis(channel, f"{letter}:Q", head, span, log=True)
        for channel, letter, head, span in zip((alt.X, alt.Y), "xy", heads, ends, strict=True)
    ]
    colours = {name: style.BINDS[name] for name in sorted({cell["bound_by"] for cell in cells})}
    colour = style.keyed(alt.Color, "bound_by:N", colours, title="binds", legend=alt.Legend(orient="top"))
    boxes = style.chart(cells).mark_rect(opacity=0.6).encode(*axes, colour, x2="x2:Q", y2="y2:Q", tooltip=["bound_by:N"])
    borders = style.chart(_lines(found, ends)).mark_line(color=style.GREY, strokeWidth=2, clip=True)
    lines = borders.encode(*axes, detail="line:N", order="order:Q")
    here = [{"x": found.across.value, "y": found.up.value, "name": "now"}]
    dot = style.chart(here).mark_point(filled=True, size=70, color=style.GREY, stroke="white").encode(*axes)
    words = [  # the first is a rim, that the second is read on every colour
        style.chart(here).mark_text(baseline="top", dy=8, fontSize=12, fontWeight="bold", **look).encode(*axes, text="name:N")
        for look in ({"color": "white", "stroke": "white", "strokeWidth": 3}, {"color": "black"})
    ]
    even = quantities.show(found.balance.ddr_bytes_per_s, "B/s")
    chart = alt.layer(boxes, lines, dot, *words).properties(width=420, height=320)
    return style.dressed(chart, title or f"{found.bound_by} binds now; bus and core are even at {even}", table.title)


def _cells(values: list[float]) -> dict[float, tuple[float, float]]:
    """The range around each of several rising values, half-way to the next by factors."""
    middles = [(a * b) ** 0.5 for a, b in pairwise(values)]
    return dict(zip(values, zip([values[0], *middles], [*middles, values[-1]], strict=True), strict=True))


def _lines(found: Regimes, ends: list[tuple[float, float]]) -> list[dict[str, Any]]:
    """Points of the borders within the map and one beyond its edges; steps that follow each other are one line."""
    from costmodel._symbols import evaluate

    (left, right), (low, high) = ends
    lines: list[list[tuple[float, float]]] = []
    reached = None
    for border in found.borders:
        first, last = max(float(border.first), left), min(float(border.last or right), right)
        if first >= last:
            continue
        if found.over[0] != "sram" or first != reached:
            lines.append([])
        reached = last
        form = border.formula.expression
        for step in range(65):
            x = first * (last / first) ** (step / 64)
            y = float(evaluate(form, {next(iter(form.free_symbols)): x})) if is_open(form) else float(form)
            lines[-1].append((x, y if 0 < y < 10 * high else 10 * high))  # a border may end at its asymptote
    rows = []
    for number, line in enumerate(lines):
        inside = [low <= y <= high for _, y in line]
        kept = [point for i, point in enumerate(line) if any(inside[max(i - 1, 0) : i + 2])]
        rows += [{"x": x, "y": y, "line": number, "order": order} for order, (x, y) in enumerate(kept)]
    return rows
