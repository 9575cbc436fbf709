"""Plots and pages: a prediction as a page to print, as Markdown for a pull request, against another one."""

from costmodel.report.difference import Difference, compare
from costmodel.report.documents import markdown, page
from costmodel.report.explore import explorer

__all__ = ["Difference", "compare", "explorer", "markdown", "page"]
