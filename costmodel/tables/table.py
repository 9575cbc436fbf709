"""A table: columns with units, rows of values, notes. People see readable figures, machines exact ones."""

from __future__ import annotations

import csv
import html
import io
import json
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from costmodel import quantities
from costmodel._num import is_array, is_symbolic
from costmodel.errors import FieldError, MissingExtraError, SymbolicError, UnknownNameError

if TYPE_CHECKING:
    import pandas


_LONG = 24
"""Characters that a cell has on a screen without room for more."""


class Column(NamedTuple):
    """A column: the key of its values, its heading and its unit."""

    key: str
    heading: str
    unit: str | None = None
    """None for words; "" for counts; else the unit, e.g. "s" or "B"."""
    show: Callable[[Any], str] | None = None
    """How people see a value; by its unit where None."""
    rank: int = 0
    """On a screen too narrow for all columns those of the highest rank go first; 0 stays."""

    def text(self, value: Any) -> str:
        """A value for people."""
        if self.show is not None:
            return self.show(value)
        if self.unit is None:
            return _words(value)
        return quantities.show(value, self.unit)

    def shortened(self, length: int) -> Column:
        """The column with longer texts cut."""

        def show(value: Any) -> str:
            text = self.text(value)
            return text if len(text) <= length else text[: length - 1] + "…"

        return self._replace(show=show)


def _room(text: str) -> int:
    """Places that a text takes on a screen."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(ch) else 2 if unicodedata.east_asian_width(ch) in "WF" else 1 for ch in text)


def _words(value: Any) -> str:
    if is_array(value):
        return ", ".join(_words(one) for one in sorted(set(value.ravel().tolist())))
    if value is None or value in ("", (), []):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list):
        return " ".join(map(_words, value))
    return quantities.written(value)


class Table:
    """Rows under columns, with a title before and notes behind.

    Parameters
    ----------
    columns : sequence of Column
    rows : sequence of mappings
        Values by column key.
    title : str
    notes : sequence of str
        Lines behind the table: assumptions, sources.
    footer : mapping, optional
        A last row, set apart: totals.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        rows: Sequence[Mapping[str, Any]],
        *,
        title: str = "",
        notes: Sequence[str] = (),
        footer: Mapping[str, Any] | None = None,
    ) -> None:
        self.columns = tuple(columns)
        self.rows = tuple(rows)
        self.title = title
        self.notes = tuple(notes)
        self.footer = footer

    def sorted(self, key: str) -> Table:
        """The rows by falling `key`; words rise."""
        self._known(key)
        values = [row.get(key) for row in self.rows]
        if any(is_symbolic(v) or is_array(v) for v in values):
            raise SymbolicError(f"rows can't be sorted by `{key}`: it holds symbols or arrays")
        words = any(isinstance(v, str) for v in values)
        order = sorted(self.rows, key=lambda row: (row.get(key) is not None, row.get(key) or 0) if not words else (True, str(row.get(key))),
                       reverse=not words)  # fmt: skip
        return self._with(order)

    def top(self, count: int) -> Table:
        """The first `count` rows."""
        if count < 1:
            raise FieldError(f"`top` (={count}) must be at least 1")
        return self._with(self.rows[:count])

    def where(self, **values: Any) -> Table:
        """The rows that hold these values, e.g. ``table.where(kind="conv2d")``; of a list any one of its values."""
        for key in values:
            self._known(key)
        wanted = {key: value if isinstance(value, list) else [value] for key, value in values.items()}
        return self._with([row for row in self.rows if all(row.get(key) in some for key, some in wanted.items())])

    def select(self, *keys: str) -> Table:
        """The columns `keys`, in this order."""
        for key in keys:
            self._known(key)
        known = {column.key: column for column in self.columns}
        return Table([known[key] for key in keys], self.rows, title=self.title, notes=self.notes, footer=self.footer)

    def _with(self, rows: Sequence[Mapping[str, Any]]) -> Table:
        return Table(self.columns, rows, title=self.title, notes=self.notes, footer=self.footer)

    def _known(self, key: str) -> None:
        if all(column.key != key for column in self.columns):
            raise UnknownNameError.of("column", key, (column.key for column in self.columns))

    def _texts(self, escape: Callable[[str], str] = str) -> tuple[list[list[str]], list[str] | None]:
        body = [[escape(c.text(row.get(c.key))) for c in self.columns] for row in self.rows]
        if self.footer is None:
            return body, None
        return body, [escape(c.text(self.footer[c.key])) if c.key in self.footer else "" for c in self.columns]

    def render(self, format: str) -> str:
        """The table as `format`: table, markdown, latex, csv, json or html."""
        if format not in FORMATS:
            raise UnknownNameError.of("format", format, FORMATS)
        return FORMATS[format](self)

    def narrowed(self, width: int) -> Table:
        """The table for a screen of `width` characters: without columns that have no room and with formulas cut; notes say so."""
        longest = self._widths()
        kept = list(self.columns)
        while sum(2 + min(longest[c.key], _LONG) for c in kept) > width and any(c.rank for c in kept):
            kept.remove(max(kept, key=lambda c: c.rank))
        notes = list(self.notes)
        if hidden := [c.heading for c in self.columns if c not in kept]:
            notes.insert(0, f"no room for: {', '.join(hidden)}; widen the screen or use --format csv")
        if sum(2 + longest[c.key] for c in kept) > width and any(longest[c.key] > _LONG for c in kept[1:]):
            kept[1:] = [column.shortened(_LONG) for column in kept[1:]]
            notes.insert(0, "formulas are cut to fit: --format markdown has them whole")
        if len(notes) == len(self.notes):
            return self
        return Table(kept, self.rows, title=self.title, notes=notes, footer=self.footer)

    def _widths(self) -> dict[str, int]:
        """Characters of the longest cell of every column."""
        body, footer = self._texts()
        cells = [[c.heading for c in self.columns], *body, *([footer] if footer else [])]
        return {c.key: max(len(row[i]) for row in cells) for i, c in enumerate(self.columns)}

    def to_rich(self) -> Any:
        """The table for rich."""
        try:
            from rich import box
            from rich.console import Group
            from rich.table import Table as RichTable
            from rich.text import Text
        except ImportError:
            raise MissingExtraError.of("rich", "cli", "a table in the terminal") from None

        grid = RichTable(box=box.SIMPLE_HEAD, show_footer=self.footer is not None, pad_edge=False, padding=(0, 1, 0, 0))
        body, footer = self._texts()
        for index, column in enumerate(self.columns):
            grid.add_column(
                Text(column.heading), justify="left" if column.unit is None else "right",
                footer=Text(footer[index] if footer else ""), overflow="fold" if index == 0 else "ellipsis", no_wrap=index > 0,
            )  # fmt: skip
        for row in body:
            grid.add_row(*map(Text, row))
        title = [Text(self.title, style="bold")] if self.title else []
        return Group(*title, grid, *(Text(note, style="dim") for note in self.notes))

    def to_text(self) -> str:
        """The table as plain text, as wide as it needs to be."""
        body, footer = self._texts(lambda text: " ".join(text.splitlines()))
        grid = [[column.heading for column in self.columns], *body, *([footer] if footer else [])]
        widths = [max(map(_room, cells)) for cells in zip(*grid, strict=True)]

        def line(cells: Sequence[str]) -> str:
            gaps = [" " * (width - _room(cell)) for cell, width in zip(cells, widths, strict=True)]
            padded = [c + gap if column.unit is None else gap + c for c, gap, column in zip(cells, gaps, self.columns, strict=True)]
            return " " + "  ".join(padded).rstrip()

        head, *rows = map(line, grid)
        rows[len(body) : len(body)] = [""] if footer else []
        rule = " " + "─" * (sum(widths) + 2 * (len(widths) - 1))
        return "\n".join([*([self.title] if self.title else []), "", head, rule, *rows, "", *self.notes]) + "\n"

    def to_markdown(self) -> str:
        """The table as GitHub Markdown."""
        body, footer = self._texts(lambda text: text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " "))
        if footer is not None:
            body.append([f"**{cell}**" if cell else "" for cell in footer])
        headings = [column.heading for column in self.columns]
        marks = ["---" if column.unit is None else "---:" for column in self.columns]
        lines = ["| " + " | ".join(row) + " |" for row in (headings, marks, *body)]
        title = [f"**{self.title}**", ""] if self.title else []
        notes = ["", "; ".join(self.notes)] if self.notes else []
        return "\n".join([*title, *lines, *notes]) + "\n"

    def to_html(self) -> str:
        """The table as HTML."""
        body, footer = self._texts(html.escape)
        sides = ["left" if column.unit is None else "right" for column in self.columns]

        def line(tag: str, cells: Sequence[str]) -> str:
            inner = (f'<{tag} style="text-align:{side}">{cell}</{tag}>' for side, cell in zip(sides, cells, strict=True))
            return "<tr>" + "".join(inner) + "</tr>"

        parts = ['<table class="costmodel">']
        if self.title:
            parts.append(f"<caption>{html.escape(self.title)}</caption>")
        parts.append("<thead>" + line("th", [html.escape(c.heading) for c in self.columns]) + "</thead>")
        parts += ["<tbody>", *(line("td", row) for row in body), "</tbody>"]
        if footer is not None:
            parts.append("<tfoot>" + line("th", footer) + "</tfoot>")
        parts.append("</table>")
        if self.notes:
            parts.append("<p><small>" + "; ".join(map(html.escape, self.notes)) + "</small></p>")
        return "\n".join(parts) + "\n"

    def to_latex(self) -> str:
        """The table for LaTeX with booktabs; symbols become formulas."""
        spec = "".join("l" if column.unit is None else "r" for column in self.columns)
        lines = [rf"\begin{{tabular}}{{{spec}}}", r"\toprule"]
        lines += [" & ".join(_latex_words(c.heading) for c in self.columns) + r" \\", r"\midrule"]
        lines += [" & ".join(_latex_cell(c, row.get(c.key)) for c in self.columns) + r" \\" for row in self.rows]
        if self.footer is not None:
            cells = (_latex_cell(c, self.footer[c.key]) if c.key in self.footer else "" for c in self.columns)
            lines += [r"\midrule", " & ".join(cells) + r" \\"]
        lines += [r"\bottomrule", r"\end{tabular}"]
        comments = [f"% {line}" for line in (self.title, *self.notes) if line]
        return "\n".join([*comments, *lines]) + "\n"

    def to_csv(self) -> str:
        """The table with exact figures; column keys as header."""
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([column.key for column in self.columns])
        for row in self.rows:
            writer.writerow([_plain(row.get(column.key)) for column in self.columns])
        return stream.getvalue()

    def to_json(self) -> str:
        """The rows as a JSON list with exact figures."""
        return to_json([{column.key: row.get(column.key) for column in self.columns} for row in self.rows])

    def to_dataframe(self) -> pandas.DataFrame:
        """The rows as a pandas DataFrame with exact figures."""
        try:
            import pandas as pd
        except ImportError:
            raise MissingExtraError.of("pandas", "pandas", "a DataFrame") from None
        return pd.DataFrame([{column.key: row.get(column.key) for column in self.columns} for row in self.rows])

    def _repr_html_(self) -> str:
        return self.to_html()

    def __repr__(self) -> str:
        return self.to_text()


def to_json(document: Any) -> str:
    """A document of plain values as JSON text; infinities and NaN, symbols and arrays are refused."""
    return json.dumps(document, indent=1, default=_refuse, allow_nan=False, ensure_ascii=False) + "\n"


def _refuse(value: Any) -> Any:
    if is_symbolic(value) or is_array(value):
        kind = "an array" if is_array(value) else "the symbolic value " + str(value)
        raise SymbolicError(f"JSON holds plain numbers, got {kind}; use to_latex, to_dataframe or to_dataset")
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"{value!r} has no JSON form")


def _plain(value: Any) -> Any:
    """A cell of CSV: lists by spaces, shapes as 1x3x224x224."""
    if isinstance(value, tuple | list):
        return " ".join("x".join(map(str, v)) if isinstance(v, tuple | list) else str(v) for v in value)
    return "" if value is None else quantities.written(value) if is_symbolic(value) else value


def _latex_words(text: str) -> str:
    special = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "µ": r"\textmu{}", "×": r"$\times$",
               "·": r"$\cdot$", "–": "--", "→": r"$\to$", "Δ": r"$\Delta$", "†": r"$\dagger$", "≤": r"$\le$", "≥": r"$\ge$",
               "…": r"\ldots{}", "，": ", "}  # fmt: skip
    return "".join(special.get(ch, "\\" + ch if ch in "&%$#_{}" else ch) for ch in text)


def _latex_cell(column: Column, value: Any) -> str:
    if is_symbolic(value) and getattr(value, "free_symbols", None):
        return f"${quantities.written(value, latex=True)}$"
    return _latex_words(column.text(value))


FORMATS: dict[str, Callable[[Table], str]] = {
    "table": Table.to_text,
    "markdown": Table.to_markdown,
    "latex": Table.to_latex,
    "csv": Table.to_csv,
    "json": Table.to_json,
    "html": Table.to_html,
}
"""Every output format by its name."""
