"""Rows to a terminal, HTML, Markdown, LaTeX, CSV, JSON and pandas. Knows nothing of networks."""

from costmodel.tables.table import FORMATS, Column, Table
from costmodel.tables.tabled import Tabled

__all__ = ["FORMATS", "Column", "Table", "Tabled"]
