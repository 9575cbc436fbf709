"""Papers' figures as data, each with the convention that reaches it, and where they break their own rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from costmodel.errors import FieldError, UnknownNameError
from costmodel.published import baiev, deep_compression, pardhi
from costmodel.tables import Column, Table

DOCUMENTS = {
    "baiev": "Baiev, Deep Neural Networks for Mobile Platforms (slides, AI Ukraine 2016)",
    "bobiev": "Bobiev, Benchmarking Inference Neural Networks on mobile devices (project report)",
    "pardhi": "Pardhi, MobileNet: Creating Faster Networks using Depthwise Separable Convolutions",
    "slides": "Small CNN Models (lecture slides on MobileNet, ShuffleNet, SqueezeNet, Xception)",
}
"""The documents by name."""

__all__ = [
    "DOCUMENTS",
    "baiev",
    "claims",
    "deep_compression",
    "documents",
    "errata",
    "figures",
    "formulas",
    "pardhi",
    "show",
    "tables",
    "waterfall",
]


def figures() -> Table:
    """Figures that papers print, each computed by the convention that reaches it, or its miss explained.

    Examples
    --------
    >>> sorted({row["status"] for row in figures().rows})
    ['not-reached', 'reached', 'reached-by-truncation']
    """
    from costmodel.published.claimed import Claim, claims

    columns = [
        Column("network", "network"), Column("variant", "variant"), Column("metric", "metric"),
        Column("published", "published", "", "{:g}".format), Column("unit", "unit"), Column("computed", "computed", "", _computed),
        Column("relative_difference", "difference", "", _percent), Column("status", "status"), Column("explanation", "why missed"),
        Column("convention", "counted as"), Column("source", "source"),
    ]  # fmt: skip
    assert {c.key for c in columns} == set(Claim._fields)
    found = claims()
    counts = Counter(claim.status for claim in found)
    notes = [", ".join(f"{count} {status}" for status, count in counts.items())]
    return Table(columns, [claim._asdict() for claim in found], title="Published figures", notes=notes)


def _computed(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:+.2f} %"


def documents() -> Table:
    """What is published.

    Examples
    --------
    >>> [row["name"] for row in documents().rows]
    ['baiev', 'bobiev', 'pardhi', 'slides']
    """
    columns = [Column("name", "name"), Column("views", "views"), Column("title", "document")]
    rows = [{"name": name, "views": list(_VIEWS[name]), "title": title} for name, title in DOCUMENTS.items()]
    return Table(columns, rows, title="published")


def tables(corrections: str | None = None) -> list[Table]:
    """Pardhi's Tables 3, 4 and 5, computed from the network; `corrections` is none, all or a list such as "E1,E3".

    Examples
    --------
    >>> print(tables()[2].top(1).to_markdown().splitlines()[4])
    | 1 | Conv / s2 | 677376 | 0.000001354† | 0.000003706† | E2 E5 |
    """
    chosen = pardhi.choice(corrections or "none")
    cells = pardhi.cells(chosen)
    found = []
    for number, columns in pardhi.TABLES.items():
        rows: dict[int, dict[str, Any]] = {}
        for cell in (c for c in cells if c.table == number):
            row = rows.setdefault(cell.row, {"row": cell.row, "layer": cell.layer, "errata": []})
            row[cell.column] = cell
            row["errata"] = sorted({*row["errata"], *cell.errata})
        heads = [Column("row", "row", "", str), Column("layer", "layer")]
        body = [Column(name, _heading(name), "", _corrected if chosen else _as_printed) for name in columns]
        title = f"Table {number}, " + (f"with {', '.join(chosen)} corrected" if chosen else "as printed")
        notes = [] if chosen else ["† reached by truncation; everything else by rounding"]
        found.append(Table([*heads, *body, Column("errata", "errata")], list(rows.values()), title=title, notes=notes))
    return found


def _heading(column: str) -> str:
    return "MACs" if column == "macs" else column.removesuffix("_s").replace("_", " ") + " (s)" * column.endswith("_s")


def _as_printed(cell: pardhi.Cell) -> str:
    return cell.text + {"rounding": "", "truncation": "†", "no": "✗"}[cell.by]


def _corrected(cell: pardhi.Cell) -> str:
    return f"{cell.corrected:.6g}" if isinstance(cell.corrected, float) else str(cell.corrected)


def _cell_table(corrections: str | None) -> list[Table]:
    names = pardhi.Cell._fields
    rows = [cell._asdict() for cell in pardhi.cells(pardhi.choice(corrections or "all"))]
    return [Table([Column(name, name) for name in names], rows, title="Pardhi, Tables 3, 4 and 5, cell by cell")]


def waterfall() -> Table:
    """Pardhi's totals, from printed to corrected, an erratum at a time.

    Examples
    --------
    >>> waterfall().rows[0]["memory_bits"]  # as the paper prints it
    953354
    """
    columns = [
        Column("step", "step"), Column("what", "what"), Column("macs", "MACs", "", str), Column("time_s", "time", "s", _milliseconds),
        Column("change_s", "change", "s", _milliseconds), Column("memory_bits", "memory in use (bit)", "", str),
    ]  # fmt: skip
    return Table(columns, [fall._asdict() for fall in pardhi.waterfall()], title="Pardhi: from the printed totals to the corrected ones")


def _milliseconds(value: float) -> str:
    return f"{1e3 * value:.9f}".rstrip("0").rstrip(".") + " ms"


def errata() -> Table:
    """What each of Pardhi's errata changes alone.

    Examples
    --------
    >>> [row["name"] for row in errata().rows]
    ['E1', 'E2', 'E3', 'E4', 'E5', 'E6']
    """
    columns = [
        Column("name", "erratum"), Column("what", "what"), Column("rule", "the paper's rule"), Column("rows", "rows"),
        Column("columns", "columns"), Column("macs", "MACs", "", _signed), Column("time_s", "time", "s", _milliseconds),
        Column("memory_bits", "memory in use (bit)", "", _signed),
    ]  # fmt: skip
    return Table(columns, [effect._asdict() for effect in pardhi.effects()], title="Pardhi: errata, each corrected alone")


def _signed(value: int) -> str:
    return f"{value:+d}" if value else "0"


def claims() -> Table:
    """Pardhi's sentences, each computed.

    Examples
    --------
    >>> print(claims().rows[0]["claim"])
    "the total internal memory in use never exceeds 1 MB" (8,388,608 bits)
    """
    columns = [Column("claim", "claim"), Column("verdict", "verdict"), Column("computed", "computed")]
    return Table(columns, [claim._asdict() for claim in pardhi.claims()], title="Pardhi: claims of the text")


def formulas(document: str) -> Table:
    """The printed formulas of a document against those that the layers give.

    Examples
    --------
    >>> row = formulas("slides").rows[0]
    >>> row["printed"], row["equal"]
    (D_F**2*D_K**2*M*N, True)
    """
    from costmodel.published.printed import DOCUMENTS as PRINTED

    columns = [
        Column("where", "where"), Column("figure", "figure"), Column("printed", "printed", ""), Column("derived", "derived", ""),
        Column("equal", "equal"), Column("difference", "printed - derived", ""), Column("note", "note"),
    ]  # fmt: skip
    rows = [entry._asdict() | {"equal": entry.equal, "difference": entry.difference} for entry in PRINTED[document]()]
    return Table(columns, rows, title=f"{DOCUMENTS[document]}: printed formulas")


_VIEWS: dict[str, dict[str, Callable[[], list[Table]]]] = {
    "baiev": {
        "dense": lambda: [baiev.dense_against_convolution()],
        "elasticities": lambda: [baiev.elasticities(), baiev.network_elasticities()],
        "download": lambda: [baiev.download()],
        "ram": lambda: [baiev.ram()],
    },
    "bobiev": {"formulas": lambda: [formulas("bobiev")]},
    "pardhi": {
        "tables": tables,
        "waterfall": lambda: [waterfall()],
        "errata": lambda: [errata()],
        "claims": lambda: [claims()],
        "formulas": lambda: [formulas("pardhi")],
    },
    "slides": {"formulas": lambda: [formulas("slides")]},
}


def show(name: str | None, *, view: str | None = None, corrections: str | None = None, exact: bool = False) -> list[Table]:
    """A view of a document as tables; without a name the published figures. `exact` gives the tables cell by cell.

    Examples
    --------
    >>> [table.title for table in show("pardhi")]
    ['Table 3, as printed', 'Table 4, as printed', 'Table 5, as printed']
    """
    if name is None:
        return [figures()]
    if name not in DOCUMENTS:
        raise UnknownNameError.of("document", name, DOCUMENTS)
    view = view or next(iter(_VIEWS[name]))
    if view not in _VIEWS[name]:
        raise UnknownNameError.of(f"view of {name!r}", view, _VIEWS[name])
    if view == "tables":
        return _cell_table(corrections) if exact else tables(corrections)
    if corrections is not None:
        raise FieldError(f"`corrections` (={corrections!r}) goes with the tables, not with the view {view!r}")
    return _VIEWS[name][view]()
