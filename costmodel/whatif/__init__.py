"""Questions asked of predictions."""

from costmodel.whatif.formula import ClosedForm, formula

__all__ = ["ClosedForm", "formula"]
