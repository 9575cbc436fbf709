"""Plots of what the cost is made of: shares by kind of layer, and the errata of a published table."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from costmodel import quantities
from costmodel.report import style

if TYPE_CHECKING:
    from costmodel.prediction import Prediction
    from costmodel.report.style import Chart

_FIGURES = (("weights", "weights"), ("macs", "MACs"), ("ddr_bytes", "bytes over the bus"), ("time_serial_s", "serial time"))
_REST = "all others"


def shares(prediction: Prediction, by: str = "type", *, most: int = 5, title: str = "", width: int = 620) -> Chart:
    """Parameters against MACs against bytes against time: each a bar of shares by kind of layer.

    Parameters
    ----------
    prediction : Prediction
    by : str
        "type", "stage" or "block", as of `Prediction.shares`.
    most : int
        So many kinds have a colour, those with the largest shares; the others are put together. At most 6.
    title : str
        Above the plot.
    width : int
        [pixel]

    Returns
    -------
    altair.LayerChart

    Examples
    --------
    >>> import costmodel as cm
    >>> chart = cm.plot.shares(cm.predict("mobilenet_v1")).to_dict()                    # Table 2 of the paper: 94.86 %
    >>> [round(bar["share"], 4) for bar in chart["data"]["values"] if (bar["kind"], bar["figure"]) == ("pointwise", "MACs")]
    [0.9486]
    """
    alt = style.load()
    table = style.plain(prediction).shares(by)
    sizes = {row[by]: max(row[f"{key}_share"] or 0 for key, _ in _FIGURES) for row in table.rows}
    kept = sorted(sizes, key=lambda kind: -sizes[kind])[: min(most, len(style.PALETTE))]
    kinds = [style.words(kind) for kind in kept] + ([_REST] if len(sizes) > len(kept) else [])
    bars: list[dict[str, Any]] = []
    for key, figure in _FIGURES:
        parts = dict.fromkeys(kinds, 0.0)
        for row in table.rows:
            parts[style.words(row[by]) if row[by] in kept else _REST] += row[f"{key}_share"] or 0
        at = 0.0
        for kind, share in parts.items():
            bars.append({"figure": figure, "kind": kind, "share": share, "from": at, "to": at + share, "middle": at + share / 2,
                         "text": f"{share:.0%}" if share >= 0.04 else ""})  # fmt: skip
            at += share
    order = [figure for _, figure in _FIGURES]
    colours = dict(zip(kinds, (*style.PALETTE[: len(kept)], style.GREY), strict=False))
    y = alt.Y("figure:N", title=None, sort=order, axis=alt.Axis(domain=False, ticks=False, labelLimit=200))
    x = alt.X(
        "from:Q", title="share of the total", axis=alt.Axis(format="%", tickCount=5), scale=alt.Scale(domain=[0, 1], nice=False, clamp=True)
    )
    colour = style.keyed(alt.Color, "kind:N", colours, title=None, legend=alt.Legend(orient="top", columns=6, labelLimit=220))
    tips = [alt.Tooltip("figure:N"), alt.Tooltip("kind:N"), alt.Tooltip("share:Q", format=".2%")]
    base = style.chart(bars)
    drawn = base.mark_bar(stroke="white", strokeWidth=0.5).encode(y, x, colour, x2="to:Q", tooltip=tips)
    figures = base.mark_text(fontSize=12, color="black").encode(y, alt.X("middle:Q"), text="text:N")
    first = max((row for row in table.rows), key=lambda row: row["time_serial_s"])
    time, macs, weights = (f"{first[f'{key}_share'] or 0:.0%}" for key in ("time_serial_s", "macs", "weights"))
    said = f"{style.words(first[by])}: {time} of the time, {macs} of the MACs, {weights} of the weights"
    where = f"{prediction.network.name} on {prediction.hardware.name}, by {by}"
    return style.dressed(alt.layer(drawn, figures).properties(width=width, height=4 * 44), title or said, where, prediction)


def errata(*, title: str = "", width: int = 420) -> Chart:
    """Pardhi's predicted time from the printed to the corrected total, an erratum at a time.

    Parameters
    ----------
    title : str
        Above the plot.
    width : int
        [pixel]

    Returns
    -------
    altair.LayerChart

    Examples
    --------
    >>> import costmodel as cm
    >>> steps = cm.plot.errata().to_dict()["data"]["values"]
    >>> steps[0]["to"] == cm.published.waterfall().rows[0]["time_s"], steps[-1]["to"] == cm.published.waterfall().rows[-1]["time_s"]
    (True, True)
    """
    from costmodel.published import waterfall

    alt = style.load()
    rows = waterfall().rows
    steps: list[dict[str, Any]] = []
    for i, row in enumerate(rows):
        before = row["time_s"] - row["change_s"]
        kind = "printed" if i == 0 else "longer" if row["change_s"] > 0 else "shorter"
        said = quantities.show(row["time_s"], "s") if i == 0 else _signed(row["change_s"])
        steps.append({"step": f"{row['step']}: {row['what']}" if row["step"][0] == "E" else row["what"], "from": 0.0 if i == 0 else before,
                      "to": row["time_s"], "kind": kind, "change": row["change_s"], "text": said,
                      "end": max(before if i else 0.0, row["time_s"])})  # fmt: skip
    last = rows[-1]["time_s"]
    bars = [
        *steps,
        {"step": "corrected", "from": 0.0, "to": last, "kind": "printed", "change": 0.0, "text": quantities.show(last, "s"), "end": last},
    ]
    for bar in bars:
        bar["step"] = "\n".join(textwrap.wrap(str(bar["step"]), 54))
    order = [bar["step"] for bar in bars]
    longest = max(float(bar["end"]) for bar in bars)
    labels = alt.Axis(labelExpr="split(datum.label, '\\n')", labelLimit=420, domain=False, ticks=False, labelLineHeight=13)
    y = alt.Y("step:N", sort=order, title=None, axis=labels)
    axis = alt.Axis(labelExpr=style.amount("s"), tickCount=6, grid=False)
    scale = alt.Scale(domain=[0, 1.22 * longest], nice=False)
    x = alt.X("from:Q", title="predicted time of one inference (s)", axis=axis, scale=scale)
    colours = {"printed": style.GREY, "longer": style.PALETTE[1], "shorter": style.PALETTE[0]}
    colour = style.keyed(alt.Color, "kind:N", colours, legend=None)
    base = style.chart(bars)
    drawn = base.mark_bar().encode(y, x, colour, x2="to:Q", tooltip=[alt.Tooltip("step:N"), alt.Tooltip("text:N", title="time")])
    figures = base.mark_text(align="left", dx=4, fontSize=11, color=style.GREY).encode(y, alt.X("end:Q"), text="text:N")
    most = max(rows, key=lambda row: abs(row["change_s"]))
    printed, corrected = (quantities.show(row["time_s"], "s") for row in (rows[0], rows[-1]))
    said = f"Pardhi's total of {printed} is {corrected} corrected; {most['step']} alone is {_signed(most['change_s'])}"
    return style.dressed(
        alt.layer(drawn, figures).properties(width=width, height=len(bars) * 38),
        title or said,
        "MobileNet for CIFAR-10, errata corrected one after another",
    )


def _signed(change_s: float) -> str:
    sign = "+" if change_s > 0 else "−" if change_s < 0 else "±"
    return f"{sign}{quantities.show(abs(change_s), 's')}"
