"""How every figure of a prediction came about: formula, values, result, source."""

from costmodel.prediction.explained.derivation import Derivation, Explanation
from costmodel.prediction.explained.rows import of_row
from costmodel.prediction.explained.totals import of_total

__all__ = ["Derivation", "Explanation", "of_row", "of_total"]
