"""A chart to a file."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from costmodel import _files
from costmodel.errors import FieldError, MissingExtraError, UnknownNameError
from costmodel.report import style

if TYPE_CHECKING:
    from costmodel.report.style import Chart

FORMATS = ("html", "json", "pdf", "png", "svg")
"""What a chart is saved as; the ending of the file's name says which."""


def save(chart: Chart, path: str | Path, *, scale: float = 2) -> Path:
    """Write a chart as .svg, .png, .pdf, .html or .json, without a browser and without the network.

    Parameters
    ----------
    chart : altair chart
        What a function of `cm.plot` returned, or any other Altair chart.
    path : str or Path
        The file; its ending says the format. It is written under a temporary name and then renamed.
    scale : float
        Pixels of a .png for each pixel of the chart.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    UnknownNameError
        An ending that is no format.
    FieldError
        No chart, or no folder to write to.
    MissingExtraError
        The packages that draw aren't installed.

    Examples
    --------
    >>> import tempfile, costmodel as cm
    >>> chart = cm.plot.kernel_sweep(cm.flavour_study(activations=["relu"]))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     print(cm.plot.save(chart, f"{folder}/sweep.svg").read_text()[:4])
    <svg
    """
    alt = style.load()
    path = Path(path)
    kind = path.suffix.removeprefix(".").lower()
    if kind not in FORMATS:
        raise UnknownNameError.of("format of a plot", kind or path.name, FORMATS)
    if not isinstance(chart, alt.TopLevelMixin):
        raise FieldError(f"`chart` must be an Altair chart, got {type(chart).__name__}")
    if not isinstance(scale, int | float) or not 0 < scale < 100:
        raise FieldError(f"`scale` (={scale!r}) must be a positive number")
    _files.write(path, drawn(chart, kind, scale), argument="path")
    return path


def drawn(chart: Any, format: str, scale: float) -> bytes:
    """A chart as the content of a file."""
    if format == "json":
        return str(chart.to_json()).encode()
    try:
        import vl_convert  # noqa: F401
    except ImportError:
        raise MissingExtraError.of("vl-convert-python", "plot", f"saving a plot as {format}") from None
    if format in ("png", "pdf"):
        image = io.BytesIO()
        if format == "png" and chart.background == "transparent":  # there half-covered pixels lose their colour
            chart = chart.properties(background="white")
        chart.save(image, format=format, **({"scale_factor": scale} if format == "png" else {}))
        return image.getvalue()
    text = io.StringIO()
    chart.save(text, format=format, **({"inline": True} if format == "html" else {}))
    return text.getvalue().encode()
