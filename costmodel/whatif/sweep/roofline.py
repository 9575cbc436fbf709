"""The sum over layers of max(bus, core) along one rate: piecewise linear in 1/rate, with a kink where a layer changes sides."""

from __future__ import annotations

from typing import Any


def along_a_rate(slope: Any, beside: Any, against: Any, inverse_rate: Any) -> Any:
    r"""Sum over layers of max(slope x + beside, against) at every x.

    Layers are sorted by the x from which their first side is the longer one. Between two kinks the sum is a line, whose figures are
    prefix sums; so each point takes one product and one sum, however many layers there are.

    .. math:: \sum_l \max(g_l x + h_l, a_l) = G_k x + C_k, \qquad k = \#\{l : (a_l - h_l) / g_l < x\}

    Parameters
    ----------
    slope, beside, against : array, rows x layers
        g, h and a, none of them negative.
    inverse_rate : array
        x, one over the rate, in any order. [s]

    Returns
    -------
    array, rows x points

    Examples
    --------
    Two layers move 4 and 1 bytes and compute for 2 and 2 seconds, on a bus of 2 and of 1/4 B/s.

    >>> import numpy as np
    >>> along_a_rate(np.array([[4.0, 1.0]]), np.zeros((1, 2)), np.array([[2.0, 2.0]]), np.array([0.5, 4.0]))
    array([[ 4., 20.]])
    """
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore"):
        kink = (against - beside) / slope
    kink = np.where(slope > 0, kink, np.where(against > beside, np.inf, -np.inf))
    order = np.argsort(kink, axis=1, kind="stable")
    slope, beside, against, kink = (np.take_along_axis(one, order, axis=1) for one in (slope, beside, against, kink))
    g = _before(slope)
    c = _before(beside) + _before(against[:, ::-1])[:, ::-1]

    ranks = np.argsort(inverse_rate, kind="stable")
    x = inverse_rate[ranks]
    ends = np.searchsorted(x, kink, side="right")
    rows, points = len(kink), len(x)
    edges = np.concatenate([np.zeros((rows, 1), dtype=ends.dtype), ends, np.full((rows, 1), points, dtype=ends.dtype)], axis=1)
    times = np.diff(edges, axis=1).ravel()
    found = np.repeat(g.ravel(), times).reshape(rows, points)
    found *= x
    found += np.repeat(c.ravel(), times).reshape(rows, points)
    if points > 1 and (ranks == np.arange(points)[::-1]).all():
        return found[:, ::-1]
    back = np.empty_like(ranks)
    back[ranks] = np.arange(points)
    return found if (back == ranks).all() and (ranks[:-1] < ranks[1:]).all() else found[:, back]


def _before(values: Any) -> Any:
    """The sums of the first 0, 1, 2, ... values of every row."""
    import numpy as np

    sums = np.zeros((values.shape[0], values.shape[1] + 1))
    np.cumsum(values, axis=1, out=sums[:, 1:])
    return sums
