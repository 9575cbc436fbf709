"""Plots of the study of convolution flavours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from costmodel.errors import FieldError
from costmodel.report import style
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
    title = title or _least(chosen, x, kernel_size)
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
    largest = max(row["kernel_size"] for row in chosen.rows)
    title = title or _least(chosen.where(kernel_size=largest), y, largest)
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
    title = title or _longest(table)
    return lines(
        table, x="balance", y="speed_up", by="flavour", log="xy", level=1, band=band, places=machines, title=title, width=560, height=340
    )


def _least(table: Table, key: str, kernel_size: int) -> str:
    """Which flavour has the least of a figure, and how much that is; of several machines the one where it is least."""
    (column,) = table.select(key).columns
    if not all(isinstance(row[key], int | float) for row in table.rows):
        return ""  # the plot refuses it and says why
    row = min(table.rows, key=lambda row: row[key])
    what, standard, _ = column.heading.partition(" / standard's")
    where = f" (on {row['hardware']})" if _panels(table) else ""
    figure = column.text(row[key]) + (" of the standard's" if standard else "")
    return f"{kernel_size} x {kernel_size}: {style.words(row['flavour'])} has the least {what}, {figure}{where}"


def _longest(table: Table) -> str:
    """Which flavour is at least as fast as the standard up to the highest balance, and how fast any is at most."""
    if not all(isinstance(row["speed_up"], int | float) for row in table.rows):
        return ""
    top = max(row["speed_up"] for row in table.rows)
    paying = [row for row in table.rows if row["speed_up"] >= 1]
    if not paying:
        return f"No flavour pays at any of these balances: at most {top:.3g} times as fast"
    last = max(paying, key=lambda row: float(row["balance"]))
    return f"{style.words(last['flavour'])} pays longest, up to {last['balance']:.3g} MAC/B; at most {top:.3g} times as fast"


def _panels(table: Table) -> str | None:
    return "hardware" if len({row["hardware"] for row in table.rows}) > 1 else None
