"""How papers round scaled channels."""

from __future__ import annotations

from costmodel._num import Num, maximum, ratio, whole


def make_divisible(channels: Num, step: int = 8) -> Num:
    """The multiple of `step` nearest to `channels`, at least `step` and at least 0.9 of `channels` (`_make_divisible`).

    Examples
    --------
    >>> make_divisible(24 * 1.4), make_divisible(32 * 0.35)      # 33.6 and 11.2, whose nearest multiple 8 is below 0.9 * 11.2
    (32, 16)
    """
    nearest = whole(ratio(2 * channels + step, 2 * step)) * step
    enough = -whole(ratio(-9 * channels, 10 * step)) * step
    return maximum(step, nearest, enough)
