"""How plots look: one palette and one grey that read on light and on dark pages, figures with their units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import cycle
from typing import TYPE_CHECKING, Any, TypeAlias

from costmodel.errors import FieldError, MissingExtraError, SymbolicError
from costmodel.prediction import Prediction
from costmodel.tables import Column

if TYPE_CHECKING:
    import altair

    Chart: TypeAlias = altair.LayerChart | altair.ConcatChart

GREY = "#7a7a7a"
"""Text, axes and whatever is the standard of comparison: as far from white as from black."""

PALETTE = ("#4477AA", "#EE6677", "#228833", "#CCBB44", "#66CCEE", "#AA3377")
"""Paul Tol's bright scheme, which colour-blind readers tell apart (https://personal.sron.nl/~pault, section 2.1)."""

BINDS = {"ddr": PALETTE[0], "flash": PALETTE[0], "macs": PALETTE[2], "other": PALETTE[1], "overhead": GREY}
"""The colours of what binds, and of what time is spent on."""

SHAPES = {"ddr": "circle", "flash": "circle", "macs": "square", "other": "triangle-up", "overhead": "diamond"}
"""The same by shape."""

STANDARD = "standard"
"""What is drawn in grey, as others are compared with it."""


def load() -> Any:
    """Altair, or the error that says how to get it."""
    try:
        import altair
    except ImportError:
        raise MissingExtraError.of("altair", "plot", "a plot") from None
    return altair


def assumed(prediction: Prediction) -> str:
    """What a prediction rests on, as short as a picture needs it: what is as by default is left out, but for traffic and bits."""
    said = prediction.assumptions
    parts = [f"traffic {said['traffic']}", f"weights of {said['weight_bits']} bits", f"feature maps of {said['activation_bits']}"]
    parts += [] if said["fuse_epilogues"] else ["epilogues not fused"]
    parts += [f"{name} {said[name]}" for name, usual in (("parameters", "weights"), ("order", "given")) if said[name] != usual]
    parts += ["weights come early"] if "weight_prefetch" in said else []
    parts += ["other operations of one's own"] if prediction.replaced_ops else []
    parts += [f"lower bounds: {prediction.total.coverage:.1%} of the layers have a cost rule"] if "coverage" in said else []
    return f"assumptions: {', '.join(parts)}"


def dressed(chart: Any, title: str, subtitle: str = "", of: Prediction | None = None) -> Chart:
    """A chart with its title and the look of all plots; one of a prediction says what it rests on."""
    text: dict[str, Any] = {"labelColor": GREY, "titleColor": GREY, "labelFontSize": 11, "titleFontSize": 12, "titleFontWeight": "normal"}
    below = subtitle if of is None else [subtitle, assumed(of)]
    heading = {"text": title} | ({"subtitle": below} if below else {})
    found: Chart = (
        chart.properties(title=heading, background="transparent")
        .configure(font="Helvetica, Arial, sans-serif")
        .configure_axis(**text, gridColor=GREY, gridOpacity=0.25, domainColor=GREY, tickColor=GREY)
        .configure_legend(**text)
        .configure_title(color=GREY, subtitleColor=GREY, fontSize=14, subtitleFontSize=12, anchor="start", offset=12)
        .configure_view(stroke=None)
    )
    return found


def colours(names: Iterable[object]) -> dict[str, str]:
    """A colour a name, in words; grey for the standard."""
    others = cycle(PALETTE)
    return {words(name): GREY if str(name) == STANDARD else next(others) for name in names}


def chart(rows: list[Any]) -> Any:
    """A chart of plain rows, not yet marked."""
    alt = load()
    return alt.Chart(alt.Data(values=rows))


def keyed(channel: Any, field: str, looks: Mapping[str, str], **options: Any) -> Any:
    """The colours or the shapes of names, which a legend has in this order."""
    scale = load().Scale(domain=list(looks), range=list(looks.values()))
    return channel(field, sort=list(looks), scale=scale, **options)


def plain(prediction: Prediction) -> Prediction:
    """The prediction where its figures are plain numbers and it has layers."""
    if not isinstance(prediction, Prediction):
        raise FieldError(f"a plot is drawn of a prediction, as costmodel.predict makes it, got {type(prediction).__name__}")
    if prediction.symbols or prediction.hardware.arrays:
        what = ", ".join(sorted(map(str, prediction.symbols))) or "arrays"
        raise SymbolicError(f"a plot needs plain numbers; the prediction of {prediction.network.name!r} holds {what}")
    if not prediction.rows:
        raise FieldError(f"network {prediction.network.name!r} has no layer to draw")
    return prediction


def amount(unit: str) -> str:
    """The Vega expression that writes an axis value with its unit: 200 µs, 4 kFLOPS."""
    return f"replace(format(datum.value, '~s'), regexp('([^0-9.−-]?)$'), ' $1{unit}')"


def words(name: object) -> str:
    """A name as words: depthwise_separable is depthwise separable."""
    return str(name).replace("_", " ")


def axis_title(column: Column) -> str:
    """Heading and unit."""
    return f"{column.heading} ({column.unit})" if column.unit else column.heading
