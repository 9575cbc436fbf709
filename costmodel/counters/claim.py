"""A figure that somebody has, and the rows of a table that give its digits."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from costmodel.errors import QuantityError

WORTH = {"": 0, "K": 3, "M": 6, "G": 9, "B": 9, "T": 12}
"""Powers of ten; B is a billion, as many print it."""

_FIGURE = re.compile(
    r"\s*([0-9][0-9_,]*(?:\.[0-9]+)?|\.[0-9]+)\s*([KMGBT]?)\s*(?:FLOPs?|MACs?|MAdds?|Mult-Adds|OPs?|Params?)?\s*", re.IGNORECASE
)


class Claim(NamedTuple):
    """A printed figure."""

    text: str
    value: Decimal
    last_digit: Decimal
    """What one of its last printed digit is worth."""

    @classmethod
    def of(cls, figure: str | int) -> Claim:
        """The figure in `figure`.

        Examples
        --------
        >>> [(int(c.value), int(c.last_digit)) for c in map(Claim.of, ("4.1G", "569 MMACs", 1000))]
        [(4100000000, 100000000), (569000000, 1000000), (1000, 1)]
        """
        text = str(figure)
        match = _FIGURE.fullmatch(text)
        if isinstance(figure, bool) or match is None:
            raise QuantityError(f"`claimed` (={figure!r}) must be a number with a prefix, such as 4.1G, 569 M or 4089184256")
        digits = re.sub("[_,]", "", match[1])
        power = WORTH[match[2].upper()]
        places = len(digits.partition(".")[2])
        value = Decimal(digits).scaleb(power)
        if value == 0:
            raise QuantityError(f"`claimed` (={figure!r}) must be positive")
        return cls(text, value, Decimal(1).scaleb(power - places))

    def reached(self, figure: int) -> bool:
        """Whether rounding or cutting `figure` gives the printed digits."""
        steps = Decimal(figure) / self.last_digit
        return any(steps.quantize(Decimal(1), rounding) * self.last_digit == self.value for rounding in (ROUND_HALF_UP, ROUND_DOWN))

    def judge(self, rows: Sequence[dict[str, Any]], parameters: Mapping[str, int]) -> tuple[list[dict[str, Any]], str]:
        """The rows, those that reach the figure first, then the nearest; and the verdict in words."""
        order = sorted(rows, key=lambda row: (not self.reached(row["figure"]), abs(row["figure"] - self.value)))
        judged = [row | {"claim": self._words(row["figure"])} for row in order]
        if reaching := [row["tool"] for row in rows if self.reached(row["figure"])]:
            return judged, f"{self.text} is what these give: {'; '.join(reaching)}"
        nearest = order[0]
        verdict = f"nothing here gives {self.text}; {nearest['tool']} is nearest, with {nearest['figure']}"
        if totals := [name for name, number in parameters.items() if self.reached(number)]:
            verdict += f"; as a number of parameters it is the total {' or '.join(totals)}"
        return judged, verdict

    def _words(self, figure: int) -> str:
        return "gives it" if self.reached(figure) else f"{100 * (figure / self.value - 1):+.2f} %"
