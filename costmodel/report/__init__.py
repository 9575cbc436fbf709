"""Plots and pages: a prediction as a page to print, as Markdown for a pull request, against another one."""

from costmodel.report.difference import Difference, compare
from costmodel.report.documents import markdown, page

__all__ = ["Difference", "compare", "markdown", "page"]
