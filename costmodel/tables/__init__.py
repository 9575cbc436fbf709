"""Rows to a terminal, HTML, Markdown, LaTeX, CSV, JSON and pandas. Knows nothing of networks."""

from costmodel.tables.table import FORMATS, Column, Table
from costmodel.tables.tabled import Shown, Tabled

__all__ = ["FORMATS", "Column", "Shown", "Table", "Tabled"]
