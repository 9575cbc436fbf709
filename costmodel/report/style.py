"""How plots look: one palette and one grey that read on light and on dark pages, figures with their units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from costmodel.errors import MissingExtraError
from costmodel.tables import Column

if TYPE_CHECKING:
    import altair

    Chart: TypeAlias = altair.LayerChart | altair.ConcatChart

GREY = "#7a7a7a"
"""Text, axes and whatever is the standard of comparison: as far from white as from black."""

PALETTE = ("#4477AA", "#EE6677", "#228833", "#CCBB44", "#66CCEE", "#AA3377")
"""Paul Tol's bright scheme, which colour-blind readers tell apart (https://personal.sron.nl/~pault, section 2.1)."""

STANDARD = "standard"
"""What is drawn in grey, as others are compared with it."""


def load() -> Any:
    """Altair, or the error that says how to get it."""
    try:
        import altair
    except ImportError:
        raise MissingExtraError.of("altair", "plot", "a plot") from None
    return altair


def dressed(chart: Any, title: str, subtitle: str = "") -> Chart:
    """A chart with its title and the look of all plots."""
    text: dict[str, Any] = {"labelColor": GREY, "titleColor": GREY, "labelFontSize": 11, "titleFontSize": 12, "titleFontWeight": "normal"}
    heading = {"text": title} | ({"subtitle": subtitle} if subtitle else {})
    found: Chart = (
        chart.properties(title=heading, background="transparent")
        .configure(font="Helvetica, Arial, sans-serif")
        .configure_axis(**text, gridColor=GREY, gridOpacity=0.25, domainColor=GREY, tickColor=GREY)
        .configure_legend(**text)
        .configure_title(color=GREY, subtitleColor=GREY, fontSize=14, subtitleFontSize=12, anchor="start", offset=12)
        .configure_view(stroke=None)
    )
    return found


def colours(names: list[str]) -> list[str]:
    """A colour a name, grey for the standard."""
    others = [name for name in names if name != STANDARD]
    chosen = {name: PALETTE[i % len(PALETTE)] for i, name in enumerate(others)} | {STANDARD: GREY}
    return [chosen[name] for name in names]


def words(name: object) -> str:
    """A name as words: depthwise_separable is depthwise separable."""
    return str(name).replace("_", " ")


def axis_title(column: Column) -> str:
    """Heading and unit."""
    return f"{column.heading} ({column.unit})" if column.unit else column.heading
