"""A result that is a table and a document: in a notebook, in a terminal, in a file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from costmodel.tables.table import Table, to_json

if TYPE_CHECKING:
    import pandas


class Tabled(ABC):
    """What has a `table()` and a `to_dict()` is written in every form by them."""

    @abstractmethod
    def table(self) -> Table:
        """What people see."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values."""

    def to_json(self) -> str:
        """Everything as JSON."""
        return to_json(self.to_dict())

    def to_csv(self) -> str:
        """The table with exact figures."""
        return self.table().to_csv()

    def to_markdown(self) -> str:
        """The table as Markdown."""
        return self.table().to_markdown()

    def to_latex(self) -> str:
        """The table as LaTeX (booktabs)."""
        return self.table().to_latex()

    def to_html(self) -> str:
        """The table as HTML."""
        return self.table().to_html()

    def to_dataframe(self) -> pandas.DataFrame:
        """The table as a pandas DataFrame, with exact figures."""
        return self.table().to_dataframe()

    def _repr_html_(self) -> str:
        return self.to_html()

    def __repr__(self) -> str:
        return self.table().to_text()
