"""Results that are a table, or a table and a document: in a notebook, in a terminal, in a file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from costmodel.tables.table import Table, to_json

if TYPE_CHECKING:
    import pandas


class Shown(ABC):
    """What has a `table()` looks like it in a notebook and in a terminal."""

    @abstractmethod
    def table(self) -> Table:
        """What people see."""

    def _repr_html_(self) -> str:
        return self.table().to_html()

    def __repr__(self) -> str:
        return self.table().to_text()


class Tabled(Shown):
    """What has a `to_dict()` too is written in every form."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values."""

    def to_json(self) -> str:
        """Everything as JSON; plain numbers only.

        Raises
        ------
        SymbolicError
            Where a figure is a symbol or an array.
        """
        return to_json(self.to_dict())

    def to_csv(self) -> str:
        """The table with exact figures."""
        return self.table().to_csv()

    def to_markdown(self) -> str:
        """The table as Markdown."""
        return self.table().to_markdown()

    def to_latex(self) -> str:
        """The table as LaTeX (booktabs); symbolic figures are formulas."""
        return self.table().to_latex()

    def to_html(self) -> str:
        """The table as HTML."""
        return self.table().to_html()

    def to_dataframe(self) -> pandas.DataFrame:
        """The table as a pandas DataFrame, with exact figures."""
        return self.table().to_dataframe()
