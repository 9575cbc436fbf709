"""One spatial axis of a loop nest: which input rows a range of outputs meets through a range of taps."""

from __future__ import annotations

from functools import lru_cache
from math import gcd
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np

    Ints = np.ndarray[Any, np.dtype[np.int64]]


class Axis(NamedTuple):
    """Output p meets, through tap r, the input row (p * stride + r * dilation - before) / every, where that is one.

    A transposed convolution is walked by its outputs too: stride 1 over an input between whose rows `every` - 1 rows of nothing
    stand.
    """

    outputs: int
    size: int
    """Input rows stored; padding is not."""
    taps: int = 1
    stride: int = 1
    dilation: int = 1
    before: int = 0
    """Padding before the first row."""
    every: int = 1

    @property
    def reuse(self) -> int:
        """How many taps at most meet the same input row: ceil(taps / (stride / gcd(stride, dilation)))."""
        step = self.stride // gcd(self.stride, self.dilation)
        return -(-self.taps // step)

    @property
    def touched(self) -> int:
        """Input rows that any output needs."""
        return int(self.rows().touched(0, self.outputs, 0, self.taps))

    def rows(self) -> Rows:
        """The counter of touched rows."""
        return _rows(self)


class Rows:
    """Counts the input rows that outputs [p0, p1) touch through taps [r0, r1); arguments may be arrays.

    Two pairs (p, r) meet the same row if and only if they differ by a multiple of (D, -T), the dilation and stride without their
    common factor. So of such a chain the first output within the range counts: all taps of the first D outputs, and the last
    T taps of the others.
    """

    def __init__(self, axis: Axis) -> None:
        import numpy as np

        common = gcd(axis.stride, axis.dilation)
        self._apart, self._step = axis.dilation // common, axis.stride // common
        self._every = axis.every
        p, r = np.arange(axis.outputs)[:, None], np.arange(axis.taps)
        row = p * axis.stride + r * axis.dilation - axis.before
        there = (row >= 0) & (row < axis.size * axis.every) & (row % axis.every == 0)
        self._there = there
        self._before = np.zeros((axis.outputs + 1, axis.taps + 1), dtype=np.int64)
        np.cumsum(np.cumsum(there, axis=0), axis=1, out=self._before[1:, 1:])

    @property
    def pairs(self) -> int:
        """Pairs of an output and a tap that meet a stored row."""
        return int(self._before[-1, -1])

    @property
    def clear(self) -> tuple[int, int]:
        """The first output that padding does not reach, and the one behind the last: between them tiles of one size touch as many rows.

        Where rows of nothing stand between others there are none.
        """
        whole = self._there.all(axis=1).nonzero()[0]
        return (int(whole[0]), int(whole[-1]) + 1) if len(whole) and self._every == 1 else (len(self._there), 0)

    def stored(self, r0: int, r1: int) -> bytes:
        """Equal for ranges of taps that are stored for the same outputs, and so touch as many rows."""
        found: bytes = self._there[:, r0:r1].tobytes()
        return found

    def touched(self, p0: Any, p1: Any, r0: int, r1: int) -> Any:
        """Distinct rows."""
        import numpy as np

        middle = np.minimum(p1, p0 + self._apart)
        every, last = (self._before[:, r1] - self._before[:, r] for r in (r0, max(r0, r1 - self._step)))
        return (every - last)[middle] - every[p0] + last[p1]


@lru_cache(maxsize=256)
def _rows(axis: Axis) -> Rows:
    return Rows(axis)
