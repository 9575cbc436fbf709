"""Plots of memory: traffic against capacity, and tensors in an arena."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from costmodel.errors import FieldError
from costmodel.report import style
from costmodel.report.charts import lines
from costmodel.tables import Column, Table

if TYPE_CHECKING:
    from costmodel.prediction.memory import Memory
    from costmodel.report.style import Chart
    from costmodel.whatif.movement import SkiSlope


def ski_slope(slope: SkiSlope, *, title: str = "") -> Chart:
    """Traffic against capacity, with the bound and the compulsory traffic; the knees are named.

    Parameters
    ----------
    slope : SkiSlope
        Of `costmodel.ski_slope`.
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
    rows = []
    for row in slope.table().rows:
        for name, number in (("DDR traffic", row["ddr_bytes"]), ("bound", row["bound_bytes"]), ("compulsory", slope.compulsory_bytes)):
            rows.append({"sram_bytes": row["sram_bytes"], "n_bytes": int(number), "what": name})
    columns = [Column("sram_bytes", "SRAM", "B"), Column("n_bytes", "over the bus", "B"), Column("what", "what")]
    table = Table(columns, rows, title=slope.table().title)
    return lines(table, x="sram_bytes", y="n_bytes", by="what", log="xy", title=title)


def arena(memory: Memory, *, title: str = "") -> Chart:
    """Tensors as rectangles: across the steps at which they live, up the addresses that they hold.

    Parameters
    ----------
    memory : Memory
        Of `costmodel.memory`.
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
    tensors = memory.tensors
    if not tensors:
        raise FieldError(f"network {memory.workload.network.name!r} holds no tensor")
    values = [
        {"name": t.name, "first": t.lower, "after": t.upper, "offset": t.offset, "top": t.offset + t.n_bytes, "n_bytes": t.n_bytes,
         "colour": style.PALETTE[index % len(style.PALETTE)]}
        for index, t in enumerate(tensors)
    ]  # fmt: skip
    steps = alt.X("first:Q", title="step", scale=alt.Scale(nice=False))
    addresses = alt.Y("offset:Q", title="address (B)", axis=alt.Axis(format="~s"), scale=alt.Scale(nice=False))
    tips = [alt.Tooltip("name:N", title="tensor"), alt.Tooltip("n_bytes:Q", title="bytes", format=","), alt.Tooltip("offset:Q", format=",")]
    boxes = alt.Chart(alt.Data(values=values)).mark_rect(opacity=0.75, stroke="white", strokeWidth=0.5)
    drawn = boxes.encode(steps, addresses, x2="after:Q", y2="top:Q", color=alt.Color("colour:N", scale=None), tooltip=tips)
    height = alt.Chart(alt.Data(values=_heights(memory))).mark_rule(color=style.GREY, strokeDash=[4, 3])
    label = alt.Chart(alt.Data(values=_heights(memory))).mark_text(align="left", dx=4, dy=-6, color=style.GREY)
    named = label.encode(x=alt.value(0), y="offset:Q", text="name:N")
    chart = alt.layer(drawn, height.encode(y="offset:Q"), named).properties(width=560, height=320)
    return style.dressed(chart, title or f"{memory.workload.network.name}: tensors in {memory.arena_bytes:,} B")


def _heights(memory: Memory) -> list[dict[str, Any]]:
    """The height of the arena and, where it is lower, the peak of live bytes."""
    found = [{"offset": memory.arena_bytes, "name": "arena"}]
    return found if memory.peak_live_bytes == memory.arena_bytes else [*found, {"offset": memory.peak_live_bytes, "name": "peak live"}]
