"""What the commands print, or write to a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from costmodel.tables import Table, Tabled


def write(text: str, output: Path | None) -> None:
    """Print, or write the file whole."""
    if output is None:
        sys.stdout.write(text)
        return
    from costmodel import _files

    _files.write(output, text.encode(), argument="--output")


def show(tables: Table | list[Table], format: str, output: Path | None) -> None:
    """Tables one after another, in colour on a terminal."""
    tables = tables if isinstance(tables, list) else [tables]
    if format == "table" and output is None and sys.stdout and sys.stdout.isatty():
        from rich.console import Console

        console = Console()
        for table in tables:
            console.print(table.narrowed(console.width).to_rich())
    else:
        write("\n".join(table.render(format) for table in tables), output)


def tell(found: Tabled, format: str, output: Path | None) -> None:
    """All of a result as JSON, or its table."""
    if format == "json":
        write(found.to_json(), output)
    else:
        show(found.table(), format, output)


def arranged(table: Table, sort: str | None, top: int | None) -> Table:
    """The rows sorted by a column, and only the first of them."""
    table = table if sort is None else table.sorted(sort)
    return table if top is None else table.top(top)
