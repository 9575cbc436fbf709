"""A prediction as a document: a page to print, and Markdown for a README or a pull request."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

from costmodel import quantities
from costmodel.errors import FieldError, MissingExtraError, SymbolicError
from costmodel.prediction import Prediction
from costmodel.prediction.views import notes
from costmodel.report.difference import bullets, details
from costmodel.tables import Column, Table

_TOTALS = (
    ("MACs", "macs", ""), ("other operations", "other_ops", ""), ("weights", "weight_bytes", "B"),
    ("peak of live bytes", "peak_live_bytes", "B"), ("DDR traffic", "ddr_bytes", "B"), ("flash traffic", "flash_bytes_moved", "B"),
    ("time, serial", "time_serial_s", "s"), ("time, overlapped", "time_overlapped_s", "s"), ("energy", "energy_j", "J"),
)  # fmt: skip

_LONG = 120
"""Characters of a figure that fit a sentence."""

_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.45 Helvetica, Arial, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.85rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: bold; padding-bottom: 0.3rem; }
th, td { padding: 0.2rem 0.8rem 0.2rem 0; border-bottom: 1px solid #8884; vertical-align: top; white-space: nowrap; }
tfoot th { border-top: 2px solid #888; }
figure { margin: 1rem 0; } figure svg { max-width: 100%; height: auto; }
@media print {
  @page { size: A4 landscape; margin: 12mm; }
  body { max-width: none; margin: 0; font-size: 10pt; } .wide { overflow: visible; } table { font-size: 7.5pt; }
  th, td { padding-right: 0.4rem; } thead { display: table-header-group; } tr, figure { break-inside: avoid; }
}
"""


def verdict(prediction: Prediction) -> str:
    """What the prediction says, in a sentence."""
    total, machine = prediction.total, prediction.hardware
    binds = total.bound_by
    peak, weights = _short(total.peak_live_bytes, "B"), _short(total.weight_bytes, "B")
    held = [f"its feature maps, at most {peak} at once, {_fit(total.fits_sram)} the SRAM of {quantities.show(machine.sram_bytes, 'B')}"]
    if machine.flash_bytes is not None:
        held.append(f"its weights, {weights}, {_fit(total.fits_flash)} the flash of {quantities.show(machine.flash_bytes, 'B')}")
    return (
        f"{prediction.network.name} takes {_short(total.time_serial_s, 's')} on {machine.name}"
        f" ({_short(total.time_overlapped_s, 's')} where the bus works beside the core)"
        + (f"; {binds} binds" if isinstance(binds, str) else "")
        + f"; {'; '.join(held)}."
    )


def _short(value: Any, unit: str) -> str:
    """A figure in a sentence; of a long formula its beginning, as the table of totals has it whole."""
    text = quantities.show(value, unit)
    return text if len(text) <= _LONG else f"{text[:_LONG]} …"


def _known(prediction: Prediction) -> Prediction:
    if not isinstance(prediction, Prediction):
        raise FieldError(f"`prediction` must be a Prediction, as costmodel.predict makes it, got {type(prediction).__name__}")
    return prediction


def _fit(fits: Any) -> str:
    return "fit" if fits is True else "do not fit" if fits is False else "are to be compared with"


def totals(prediction: Prediction) -> Table:
    """The totals, one a row."""
    total = prediction.total
    values = [(heading, getattr(total, key), unit) for heading, key, unit in _TOTALS]
    values.insert(2, ("trainable parameters", total.parameters["trainable"], ""))
    unused = {"flash traffic"} if not prediction.hardware.weights_in_flash else {"DDR traffic"}
    rows = [{"figure": h, "value": quantities.show(v, u), "exact": _exact(v, u)} for h, v, u in values if v is not None and h not in unused]
    return Table([Column("figure", "total"), Column("value", "value", "", str), Column("exact", "exact", "", str)], rows)


def _exact(value: Any, unit: str) -> str:
    text = f"{value:,}" if isinstance(value, int) else f"{value:.9g}" if isinstance(value, float) else quantities.show(value)
    return f"{text} {unit}".rstrip()


def markdown(prediction: Prediction, *, layers: Table | None = None) -> str:
    """Markdown fit for a README or a pull request: the finding, the totals, the layers folded away, the assumptions.

    Parameters
    ----------
    prediction : Prediction
    layers : Table, optional
        The rows to show, sorted or cut, in place of all.

    Returns
    -------
    str

    Examples
    --------
    >>> import costmodel as cm
    >>> print(cm.report.markdown(cm.predict("mobilenet_v1")).splitlines()[2])
    mobilenet_v1 takes 9.425 ms on pardhi (7.7 ms where the bus works beside the core); ddr binds; its feature maps,
    at most 1.148 MiB at once, do not fit the SRAM of 1 MiB.
    """
    layers = layers or _known(prediction).table()
    rows = Table(layers.columns, layers.rows, footer=layers.footer).to_markdown()
    return (
        f"### {layers.title}\n\n{verdict(prediction)}\n\n{totals(prediction).to_markdown()}\n"
        f"{details(f'{len(layers.rows)} layers', rows)}\n{bullets(layers.notes)}"
    )


def page(prediction: Prediction, *, pictures: bool = True, layers: Table | None = None) -> str:
    """A page of its own, to read and to print: summary, assumptions, machine, tables and pictures.

    Parameters
    ----------
    prediction : Prediction
    pictures : bool
        Whether to draw; where the packages of the extra `plot` are missing, the page says so instead.
    layers : Table, optional
        The rows to show, sorted or cut, in place of all.

    Returns
    -------
    str
        HTML that needs nothing beside it.

    Examples
    --------
    >>> import costmodel as cm
    >>> text = cm.report.page(cm.predict("mobilenet_cifar"), pictures=False)
    >>> text[:15], "assumptions" in text, "src=" in text
    ('<!doctype html>', True, False)
    """
    layers = layers or _known(prediction).table()
    title = html.escape(layers.title)
    parts = [
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>',
        f'<meta name="viewport" content="width=device-width">\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>',
        f"<p>{html.escape(verdict(prediction))}</p>",
        "<h2>Totals</h2>", _wide(totals(prediction)),
        "<h2>Assumptions</h2>", "<ul>", *(f"<li>{html.escape(note)}</li>" for note in notes(prediction)), "</ul>",
        "<h2>Machine</h2>", _wide(prediction.hardware.table()),
        *(["<h2>Pictures</h2>", *_pictures(prediction)] if pictures else []),
        "<h2>Layers</h2>", _wide(Table(layers.columns, layers.rows, footer=layers.footer)),
        *_shares(prediction),
        "</body>\n</html>\n",
    ]  # fmt: skip
    return "\n".join(parts)


def _wide(table: Table) -> str:
    return f'<div class="wide">\n{table.to_html()}</div>'


def _shares(prediction: Prediction) -> list[str]:
    tables = {by: prediction.shares(by) for by in ("type", "stage")}
    return [f"<h2>By {by}</h2>\n{_wide(Table(t.columns, t.rows, footer=t.footer))}" for by, t in tables.items()]


def _pictures(prediction: Prediction) -> list[str]:
    """Where the time goes, what is reached and what is held, drawn; or why they aren't."""
    from costmodel.report import plot
    from costmodel.report.saving import drawn

    found = []
    pictures: tuple[Callable[[Prediction], Any], ...] = (plot.shares, plot.layer_times, plot.roofline, plot.live_memory)
    for number, picture in enumerate(pictures):
        try:
            chart = picture(prediction)
            image = drawn(chart, "svg", 1).decode()
        except (MissingExtraError, SymbolicError) as error:
            return [f"<p>Pictures are left out: {html.escape(str(error))}</p>"]
        except FieldError as error:
            found.append(f"<p>A picture is left out: {html.escape(str(error))}</p>")
            continue
        found.append(_figure(image, str(chart.title["text"]), number))
    return found


def _figure(svg: str, caption: str, number: int) -> str:
    """An inline picture; its names are made its own, as several stand on one page."""
    own = re.sub(r'(\bid="|url\(#|href="#)', rf"\1p{number}-", svg)
    said = html.escape(caption)
    return f'<figure role="img" aria-label="{said}">\n{own}\n</figure>'
