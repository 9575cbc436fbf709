"""Two predictions as a difference: what changed in total and in which layers, with signs and percentages."""

from __future__ import annotations

import html
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from costmodel import quantities
from costmodel._num import Num, is_array, is_symbolic
from costmodel.api import predict
from costmodel.budgets.figures import FIGURES
from costmodel.errors import FieldError, SymbolicError, UnknownNameError
from costmodel.network import Network
from costmodel.prediction import Prediction
from costmodel.prediction.views import notes
from costmodel.tables import FORMATS, Column, Table
from costmodel.tables.table import to_json

_LAYER_FIGURES = ("macs", "weight_bytes", "ddr_bytes", "time")
_MOST = 20
"""Layers that a page shows; the rest is counted."""


class Change(NamedTuple):
    """A figure before and after."""

    name: str
    figure: str
    before: Num | None
    after: Num | None

    @property
    def by(self) -> Num | None:
        """After less before; None where one of them isn't known."""
        return None if self.before is None or self.after is None else self.after - self.before

    @property
    def share(self) -> float | None:
        """The change as a share of what was; None of nothing."""
        return None if not self.before or self.by is None else float(self.by / self.before)

    def texts(self) -> dict[str, str]:
        """Before, after, and the change with its sign, for people."""
        show = FIGURES[self.figure].show
        return {"before": show(self.before), "after": show(self.after), "by": signed(self.by, FIGURES[self.figure].unit),
                "share": percentage(self.share)}  # fmt: skip


class Difference:
    """What changes from one prediction to another.

    Attributes
    ----------
    before, after : Prediction
    changes : dict of str to Change
        The totals by figure.
    layers : tuple of str
        Names of the layers that are new, gone or changed, those that change the serial time most first.

    Examples
    --------
    >>> import costmodel as cm
    >>> difference = cm.compare("mobilenet_v1", "mobilenet_v2")
    >>> type(difference).__name__, difference.changes["macs"].before
    ('Difference', 568740352)
    """

    def __init__(self, before: Prediction, after: Prediction) -> None:
        self.before = before
        self.after = after
        old, new = before.to_dict(), after.to_dict()
        self.changes = {name: Change(name, name, f.of_totals(old["totals"]), f.of_totals(new["totals"])) for name, f in FIGURES.items()}
        for name, change in self.changes.items():
            for value in (change.before, change.after):
                if is_symbolic(value) or is_array(value):
                    raise SymbolicError(f"a difference is one of plain numbers; {name} is {'an array' if is_array(value) else value}")
        self._old, self._new = ({layer["name"]: layer for layer in document["layers"]} for document in (old, new))
        names = [name for name in dict.fromkeys((*self._new, *self._old)) if self._kind(name)]
        self.layers = tuple(sorted(names, key=lambda name: -abs(self.of_layer(name)["time"].by or 0)))

    def of_layer(self, name: str) -> dict[str, Change]:
        """The changes of a layer; one that is new was nothing, one that is gone is nothing."""
        old, new = self._old.get(name), self._new.get(name)
        return {
            figure: Change(name, figure, FIGURES[figure].of_layer(old) if old else 0, FIGURES[figure].of_layer(new) if new else 0)
            for figure in _LAYER_FIGURES
        }

    def _kind(self, name: str) -> str:
        if name not in self._old:
            return "new"
        if name not in self._new:
            return "gone"
        return "changed" if any(change.by for change in self.of_layer(name).values()) else ""

    @property
    def verdict(self) -> str:
        """What matters, in one line."""
        told = [
            f"{FIGURES[key].heading} {texts['by']} ({texts['share']})" if change.by else f"{FIGURES[key].heading} unchanged"
            for key in ("time", "macs", "peak_live_bytes")
            for change in (self.changes[key],)
            for texts in (change.texts(),)
        ]
        names = " to ".join(dict.fromkeys(self._names))
        return f"{names}: {', '.join(told)}"

    @property
    def _names(self) -> tuple[str, str]:
        """Both networks, with their machines where those differ or the networks don't."""
        pair = [(p.network.name, p.hardware.name) for p in (self.before, self.after)]
        if pair[0][1] == pair[1][1]:
            return pair[0][0], pair[1][0]
        return f"{pair[0][0]} on {pair[0][1]}", f"{pair[1][0]} on {pair[1][1]}"

    @property
    def notes(self) -> tuple[str, ...]:
        """Assumptions that differ, then those of both."""
        before, after = self.before.assumptions, self.after.assumptions
        differ = [
            f"{key}: {before.get(key)} before, {after.get(key)} after" for key in {**before, **after} if before.get(key) != after.get(key)
        ]
        lines = dict.fromkeys((*notes(self.before), *notes(self.after)))
        return (*(f"differs: {line}" for line in differ), *lines)

    def totals(self) -> Table:
        """One row a figure: before, after, the change with its sign."""
        columns = [Column("figure", "figure"), *(Column(key, title, "", str) for key, title in (
            ("before", "before"), ("after", "after"), ("by", "change"), ("share", "%")))]  # fmt: skip
        rows = [{"figure": FIGURES[name].heading, **change.texts()} for name, change in self.changes.items()]
        words = [{"figure": text, "before": str(a), "after": str(b), "by": "changed" if a != b else "-", "share": ""} for text, a, b in (
            ("fits the SRAM", *(_yes(p.total.fits_sram) for p in (self.before, self.after))),
            ("binds", self.before.total.bound_by, self.after.total.bound_by))]  # fmt: skip
        return Table(columns, [*rows, *words], title=self.verdict, notes=self.notes)

    def table(self, most: int | None = None) -> Table:
        """One row a layer that is new, gone or changed, with the changes of its figures."""
        columns = [Column("name", "layer"), Column("kind", "what"), *(
            Column(figure, FIGURES[figure].heading, FIGURES[figure].unit, lambda v, unit=FIGURES[figure].unit: signed(v, unit))  # type: ignore[misc]
            for figure in _LAYER_FIGURES), Column("share", "serial time, %", "", percentage)]  # fmt: skip
        rows = []
        for name in self.layers[:most]:
            changes = self.of_layer(name)
            rows.append({"name": name, "kind": self._kind(name), **{f: c.by for f, c in changes.items()}, "share": changes["time"].share})
        left = [f"{len(self.layers) - len(rows)} further layers changed less"] if len(rows) < len(self.layers) else []
        return Table(columns, rows, title=f"{len(self.layers)} of {len({*self._old, *self._new})} layers differ", notes=left)

    def to_text(self) -> str:
        """Totals and layers as plain text."""
        return self.totals().to_text() + "\n" + self.table().to_text()

    def to_markdown(self) -> str:
        """Totals, and the layers folded away: for a pull request."""
        totals, layers = self.totals(), self.table()
        table = Table(totals.columns, totals.rows).to_markdown()
        folded = details(layers.title, Table(layers.columns, layers.rows).to_markdown()) if layers.rows else layers.title + "\n"
        return f"**{self.verdict}**\n\n{table}\n{folded}\n{bullets(self.notes)}"

    def to_latex(self) -> str:
        """Both tables for LaTeX with booktabs."""
        return self.totals().to_latex() + "\n" + self.table().to_latex()

    def to_html(self) -> str:
        """Totals and the layers that change most."""
        return self.totals().to_html() + self.table(_MOST).to_html()

    def to_csv(self) -> str:
        """The changes of the layers, exact."""
        return self.table().to_csv()

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values."""
        return {
            "schema": 1, "before": self._names[0], "after": self._names[1], "notes": list(self.notes),
            "totals": {name: _plain(change) for name, change in self.changes.items()},
            "layers": [
                {"name": name, "kind": self._kind(name), **{f: _plain(c) for f, c in self.of_layer(name).items()}} for name in self.layers
            ],
        }  # fmt: skip

    def to_json(self) -> str:
        """Everything as JSON."""
        return to_json(self.to_dict())

    def render(self, format: str) -> str:
        """The difference as table, markdown, latex, csv, json or html."""
        if format not in FORMATS:
            raise UnknownNameError.of("format", format, FORMATS)
        return str(getattr(self, "to_text" if format == "table" else f"to_{format}")())

    def _repr_html_(self) -> str:
        return self.to_html()

    def __repr__(self) -> str:
        return self.to_text()


def compare(
    before: Prediction | Network | str | Path, after: Prediction | Network | str | Path, hardware: Any = None, **options: Any
) -> Difference:
    """What changes from one prediction to another: totals and layers, with signs and percentages.

    Parameters
    ----------
    before, after : Prediction, Network, str or Path
        Predictions, or what `predict` takes.
    hardware : Hardware, str or Path, optional
        For networks: the machine of both.
    **options
        For networks: further arguments of `predict`.

    Returns
    -------
    Difference
        `changes` by figure, `layers` that differ; layers go together by their names.

    Raises
    ------
    SymbolicError
        A prediction of symbols or arrays.

    Examples
    --------
    Three quarters of the channels of MobileNet v1 take 325,400,448 of 568,740,352 MACs:

    >>> import costmodel as cm
    >>> d = cm.compare(cm.zoo.mobilenet_v1(), cm.zoo.mobilenet_v1(width_multiplier=0.75))
    >>> d.changes["macs"].by, f"{d.changes['macs'].share:+.1%}", d.layers[0]
    (-243339904, '-42.8%', 'block1/pw')
    """
    machine = {} if hardware is None else {"hardware": hardware}
    first, second = (p if isinstance(p, Prediction) else predict(p, **machine, **options) for p in (before, after))
    return Difference(first, second)


def of_two(predictions: list[Prediction]) -> Difference:
    """The difference of what the shell was given: two networks, or one on two machines."""
    if len(predictions) != 2:
        raise FieldError(f"a difference is one of two predictions, got {len(predictions)}; give two networks, or one and two machines")
    return Difference(*predictions)


def signed(value: Any, unit: str = "") -> str:
    """+1.5 ms, -4 KiB; no change as a dash."""
    if value is None or value == 0:
        return "-"
    return ("+" if value > 0 else "-") + quantities.show(abs(value), unit)


def percentage(share: float | None) -> str:
    """+4.2 %; nothing of nothing as a dash."""
    return "-" if share is None or share == 0 else f"{100 * share:+.1f} %"


def details(summary: str, body: str) -> str:
    """Markdown that is folded away until somebody opens it."""
    return f"<details>\n<summary>{html.escape(summary)}</summary>\n\n{body}\n</details>\n"


def bullets(lines: tuple[str, ...] | list[str]) -> str:
    """A list in Markdown."""
    return "".join(f"- {line.replace('*', chr(92) + '*')}\n" for line in lines)


def _yes(value: Any) -> str:
    return "yes" if value is True else "no" if value is False else str(value)


def _plain(change: Change) -> Mapping[str, Any]:
    return {"before": change.before, "after": change.after, "change": change.by, "share": change.share}
