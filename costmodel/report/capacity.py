"""Plots of memory: traffic against capacity, and tensors in an arena."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from costmodel import quantities
from costmodel.errors import FieldError
from costmodel.report import scales, style
from costmodel.report.asked import memory_of, slope_of
from costmodel.report.charts import lines, spread
from costmodel.tables import Column, Table

if TYPE_CHECKING:
    from costmodel.prediction import Prediction
    from costmodel.prediction.memory import Memory
    from costmodel.report.style import Chart
    from costmodel.whatif.movement import Knee, SkiSlope

_APART = 1.5
"""Knees nearer than this factor would have their names upon each other."""


def ski_slope(slope: SkiSlope | Prediction, *, title: str = "") -> Chart:
    """Traffic against capacity, with the bound and the compulsory traffic; dotted lines name the capacities of the knees.

    Parameters
    ----------
    slope : SkiSlope or Prediction
        Of `costmodel.ski_slope`; of a prediction it is drawn over the capacities around its machine's SRAM.
    title : str
        Above the plot.

    Returns
    -------
    altair.LayerChart

    Examples
    --------
    >>> import costmodel as cm
    >>> slope = cm.ski_slope(cm.layers.Conv2d(64, 3, bias=False), [512, 4096, 32768, 262144], (1, 64, 56, 56))
    >>> sorted({point["name"] for point in cm.plot.ski_slope(slope).to_dict()["layer"][0]["data"]["values"]})
    ['DDR traffic', 'bound', 'compulsory']
    """
    slope = slope_of(slope)
    rows = []
    for row in slope.table().rows:
        for name, number in (("DDR traffic", row["ddr_bytes"]), ("bound", row["bound_bytes"]), ("compulsory", slope.compulsory_bytes)):
            rows.append({"sram_bytes": row["sram_bytes"], "n_bytes": int(number), "what": name})
    columns = [Column("sram_bytes", "SRAM", "B"), Column("n_bytes", "over the bus", "B"), Column("what", "what")]
    table = Table(columns, rows, title=slope.table().title)
    return lines(table, x="sram_bytes", y="n_bytes", by="what", log="xy", places=_named(slope.knees[1:]), title=title or _reached(slope))


def _reached(slope: SkiSlope) -> str:
    """From which capacity on nothing moves twice, or how far the largest is from that."""
    least, last = quantities.show(int(slope.compulsory_bytes), "B"), slope.knees[-1]
    if last.ddr_bytes == slope.compulsory_bytes:
        return f"DDR traffic of {slope.network.name} reaches its compulsory {least} from {last.sram_bytes:,} B on"
    times = f"{last.ddr_bytes / slope.compulsory_bytes:.3g} times its compulsory {least}"
    return f"DDR traffic of {slope.network.name} is still {times} at {quantities.show(int(max(slope.capacities)), 'B')}"


def _named(knees: Iterable[Knee]) -> dict[str, float]:
    """Knees by their capacity, the farthest out first; none so near to another that their names would meet."""
    chosen: list[int] = []
    for knee in reversed(list(knees)):
        if all(max(knee.sram_bytes, other) >= _APART * min(knee.sram_bytes, other) for other in chosen):
            chosen.append(knee.sram_bytes)
    return {quantities.show(n_bytes, "B"): n_bytes for n_bytes in reversed(chosen)}


def arena(memory: Memory | Prediction, *, title: str = "") -> Chart:
    """Tensors as rectangles: across the steps at which they live, up the addresses that they hold.

    Parameters
    ----------
    memory : Memory or Prediction
        Of `costmodel.memory`; a prediction has one of its own, in its order.
    title : str
        Above the plot.

    Returns
    -------
    altair.LayerChart

    Examples
    --------
    >>> import costmodel as cm
    >>> chart = cm.plot.arena(cm.memory("mobilenet_cifar")).to_dict()
    >>> max(tensor["top"] for tensor in chart["layer"][0]["data"]["values"])       # 14*14*(512 + 1024)
    301056
    """
    alt = style.load()
    memory = memory_of(memory)
    tensors = memory.tensors
    if not tensors:
        raise FieldError(f"network {memory.workload.network.name!r} holds no tensor")
    values = [
        {"name": t.name, "first": t.lower, "after": t.upper, "offset": t.offset, "top": t.offset + t.n_bytes, "n_bytes": t.n_bytes,
         "colour": style.PALETTE[index % len(style.PALETTE)]}
        for index, t in enumerate(tensors)
    ]  # fmt: skip
    steps = alt.X("first:Q", title="step", scale=alt.Scale(nice=False))
    top = 1.06 * memory.arena_bytes
    addresses = _addresses(alt, "offset:Q", "address (B)", top)
    tips = [alt.Tooltip("name:N", title="tensor"), alt.Tooltip("n_bytes:Q", title="bytes", format=","), alt.Tooltip("offset:Q", format=",")]
    boxes = style.chart(values).mark_rect(opacity=0.75, stroke="white", strokeWidth=0.5)
    drawn = boxes.encode(steps, addresses, x2="after:Q", y2="top:Q", color=alt.Color("colour:N", scale=None), tooltip=tips)
    height = style.chart(_heights(memory)).mark_rule(color=style.GREY, strokeDash=[4, 3])
    label = style.chart(_heights(memory)).mark_text(align="left", dx=4, dy=-6, color=style.GREY)
    named = label.encode(x=alt.value(0), y="offset:Q", text="name:N")
    chart = alt.layer(drawn, height.encode(y="offset:Q"), named).properties(width=560, height=320)
    name, high, peak = memory.workload.network.name, memory.arena_bytes, memory.peak_live_bytes
    packed = (
        "none of this order is lower"
        if high == peak
        else f"{high / peak - 1:.1%} above the most bytes live at once, {quantities.show(peak, 'B')}"
    )
    said = f"{name} fits an arena of {quantities.show(high, 'B')}"
    return style.dressed(chart, title or said, f"{len(tensors)} tensors at their addresses, in the {memory.kind} order; {packed}")


def live_memory(prediction: Prediction, *, title: str = "", width: int = 680, height: int = 300) -> Chart:
    """What is held at every step, over the arena's rectangles: tensors by steps and addresses, the live bytes as a line, the SRAM.

    Parameters
    ----------
    prediction : Prediction
        Its order of execution is the one drawn.
    title : str
        Above the plot.
    width, height : int
        [pixel]

    Returns
    -------
    altair.LayerChart

    Examples
    --------
    >>> import costmodel as cm
    >>> p = cm.predict("mobilenet_v1")
    >>> line = cm.plot.live_memory(p).to_dict()["layer"][1]["data"]["values"]
    >>> max(point["n_bytes"] for point in line) == p.total.peak_live_bytes
    True
    """
    alt = style.load()
    rows, memory = style.plain(prediction).rows, prediction.memory
    boxes = [
        {"name": t.name, "left": t.lower, "right": t.upper, "bottom": t.offset, "top": t.offset + t.n_bytes, "n_bytes": t.n_bytes}
        for t in memory.tensors
    ]
    steps = [{"step": i, "n_bytes": row.live_bytes, "name": row.name} for i, row in enumerate(rows)]
    steps.append({**steps[-1], "step": len(rows)})
    sram, peak = prediction.hardware.sram_bytes, prediction.total.peak_live_bytes
    tallest = max(memory.arena_bytes, peak)
    shown = {"SRAM": sram} if sram <= 2 * tallest else {}
    shown |= {"arena": memory.arena_bytes} if memory.arena_bytes > peak else {}
    top = 1.1 * max([tallest, *shown.values()])
    x = alt.X("left:Q", title="step, in the order of execution", scale=alt.Scale(domain=[0, len(rows)], nice=False),
              axis=alt.Axis(grid=False, tickMinStep=1))  # fmt: skip
    y = _addresses(alt, "bottom:Q", "bytes held, addresses (B)", top)
    tips = [alt.Tooltip("name:N", title="tensor"), alt.Tooltip("n_bytes:Q", title="bytes", format=",")]
    rectangles = style.chart(boxes).mark_rect(color=style.PALETTE[4], opacity=0.55, stroke="white", strokeWidth=min(0.5, 60 / len(rows)))
    line = style.chart(steps).mark_line(interpolate="step-after", color=style.PALETTE[0], strokeWidth=2)
    heights = spread([height * value / top for value in sorted(shown.values())], 13)
    levels = [
        {"n_bytes": shown[name], "label": at * top / height, "name": f"{name} {quantities.show(shown[name], 'B')}"}
        for name, at in zip(sorted(shown, key=lambda name: shown[name]), heights, strict=True)
    ]
    rule = style.chart(levels)
    at = next(i for i, row in enumerate(rows) if row.live_bytes == peak)
    flip = at > len(rows) / 2
    mark = style.chart([{"step": at + 0.5, "n_bytes": peak, "name": f"peak: {rows[at].name}"}]).encode(
        alt.X("step:Q"), alt.Y("n_bytes:Q"), text="name:N"
    )
    chart = alt.layer(
        rectangles.encode(x, y, x2="right:Q", y2="top:Q", tooltip=tips),
        line.encode(alt.X("step:Q"), alt.Y("n_bytes:Q")),
        *([rule.mark_rule(color=style.GREY, strokeDash=[5, 4]).encode(alt.Y("n_bytes:Q")),
           rule.mark_text(align="left", dx=6, color=style.GREY, fontSize=11).encode(
               alt.Y("label:Q"), x=alt.value(width), text="name:N")] if levels else []),
        mark.mark_text(align="right" if flip else "left", baseline="bottom", dy=-3, dx=4 if flip else -4, color=style.GREY, fontSize=11),
    ).properties(width=width, height=height)  # fmt: skip
    name, machine = prediction.network.name, prediction.hardware.name
    gap = quantities.show(abs(sram - peak), "B")
    fits = f"{gap} less than the SRAM of {machine}" if peak <= sram else f"{gap} more than the SRAM of {machine} has"
    packed = "the arena is as low as that" if memory.arena_bytes == peak else f"an arena takes {quantities.show(memory.arena_bytes, 'B')}"
    said = f"{name} holds at most {quantities.show(peak, 'B')}, {fits}"
    return style.dressed(chart, title or said, f"line: live bytes; boxes: the tensors at their addresses; {packed}", prediction)


def _addresses(alt: Any, field: str, title: str, top: float) -> Any:
    """Bytes from none to the top, without lines behind the tensors."""
    axis = alt.Axis(values=scales.binary_ticks(0, top), labelExpr=scales.BINARY, grid=False)
    return alt.Y(field, title=title, scale=alt.Scale(domain=[0, top], nice=False), axis=axis)


def _heights(memory: Memory) -> list[dict[str, Any]]:
    """The height of the arena and, where it is lower, the peak of live bytes."""
    found = [{"offset": memory.arena_bytes, "name": f"arena {quantities.show(memory.arena_bytes, 'B')}"}]
    return found if memory.peak_live_bytes == memory.arena_bytes else [*found, {"offset": memory.peak_live_bytes, "name": "peak live"}]
