"""Plots of the study of convolution flavours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from costmodel.errors import FieldError
from costmodel.report.charts import bars, lines
from costmodel.tables import Table

if TYPE_CHECKING:
    from costmodel.report.style import Chart


def flavours(table: Table, *, x: str = "relative_time", kernel_size: int = 3, title: str = "") -> Chart:
    """The grid of flavours and activations at one kernel size: a bar each, a panel a machine.

    Parameters
    ----------
    table : Table
        Of `flavour_study`, or measured with the same keys.
    x : str
        Key of the figure.
    kernel_size : int
        One of the table's.
    title : str
        Above the plot.

    Returns
    -------
    altair.LayerChart or altair.ConcatChart

    Examples
    --------
    >>> import costmodel as cm
    >>> chart = cm.plot.flavours(cm.flavour_study(kernel_sizes=[3]))
    >>> len(chart.to_dict()["layer"][0]["data"]["values"])
    12
    """
    chosen = table.where(kernel_size=kernel_size)
    if not chosen.rows:
        raise FieldError(f"`kernel_size` (={kernel_size!r}) is not in the table")
    level = 1 if x.startswith("relative_") else None
    title = title or f"Flavours and activations, {kernel_size} x {kernel_size}"
    panels = _panels(chosen)
    return bars(chosen, x=x, y="flavour", by="activation", panels=panels, level=level, title=title, width=360 if panels is None else 210)


def kernel_sweep(table: Table, *, y: str = "relative_time", activation: str = "relu", title: str = "") -> Chart:
    """A figure over the kernel size: a line a flavour, a panel a machine.

    Parameters
    ----------
    table : Table
        Of `flavour_study`, or measured with the same keys.
    y : str
        Key of the figure: "relative_time", "time_serial_s", "time_per_area_s", "macs", ...
    activation : str
        One of the table's.
    title : str
        Above the plot.

    Returns
    -------
    altair.LayerChart or altair.ConcatChart

    Examples
    --------
    >>> import costmodel as cm
    >>> chart = cm.plot.kernel_sweep(cm.flavour_study(activations=["relu"]), y="time_per_area_s")
    >>> chart.to_dict()["layer"][0]["encoding"]["x"]["title"]
    'kernel size'
    """
    chosen = table.where(activation=activation)
    if not chosen.rows:
        raise FieldError(f"`activation` (={activation!r}) is not in the table")
    level = 1 if y.startswith("relative_") else None
    panels = _panels(chosen)
    return lines(
        chosen, x="kernel_size", y=y, by="flavour", panels=panels, log="y", level=level, title=title,
        width=420 if panels is None else 275, height=260,
    )  # fmt: skip


def balance(
    table: Table, *, band: tuple[float, float, str] | None = None, machines: Mapping[str, float] | None = None, title: str = ""
) -> Chart:
    """The speed-up of the separable flavours over the balance of the machine.

    Parameters
    ----------
    table : Table
        Of `speed_up_by_balance`.
    band : (float, float, str), optional
        A range of speed-ups and its name.
    machines : mapping, optional
        Names of machines to their balance. [MAC/B]
    title : str
        Above the plot.

    Returns
    -------
    altair.LayerChart

    Examples
    --------
    >>> import costmodel as cm
    >>> chart = cm.plot.balance(cm.speed_up_by_balance(), machines={"pardhi": 500})
    >>> chart.to_dict()["layer"][0]["encoding"]["x"]["title"]
    'machine balance (MAC/B)'
    """
    return lines(
        table, x="balance", y="speed_up", by="flavour", log="xy", level=1, band=band, places=machines, title=title, width=560, height=340
    )


def _panels(table: Table) -> str | None:
    return "hardware" if len({row["hardware"] for row in table.rows}) > 1 else None
