"""Which columns of numbers are dominated by none? Exact, for any number of rows, ties kept."""

from __future__ import annotations

from typing import Any

_FEW = 1 << 16
"""Pairs of points that are compared at once."""


def undominated(costs: Any) -> Any:
    """Places of the points, a column each, that no other dominates."""
    import numpy as np

    if not costs.shape[1]:
        return np.arange(0)
    kept = _promising(costs)
    rows = costs[:, kept]
    order = np.lexsort(rows[::-1])
    rows = np.ascontiguousarray(rows[:, order].T)
    new = np.ones(len(rows), dtype=bool)
    new[1:] = (rows[1:] != rows[:-1]).any(axis=1)
    distinct = rows[new]
    alone = np.ones(len(distinct), dtype=bool)
    _mark(distinct, np.arange(len(distinct)), alone)
    return np.sort(kept[order[alone[np.cumsum(new) - 1]]])


def _promising(costs: Any) -> Any:
    """Places of points that are not beaten by the best of each weighting of the metrics: a quick sieve before the exact one."""
    import numpy as np

    kept = np.arange(costs.shape[1])
    ends = [(column.min(), column.max()) for column in costs]
    if not np.isfinite(ends).all():
        return kept
    spans = [high - low if high > low else 1.0 for low, high in ends]
    for favourite in [None, *range(len(costs))]:
        score = np.zeros(costs.shape[1])
        for place, (column, (low, _), span) in enumerate(zip(costs, ends, spans, strict=True)):
            score += (column - low) * ((4.0 if place == favourite else 1.0) / span)
        best = costs[:, int(score.argmin())]
        worse, alike = np.ones(costs.shape[1], dtype=bool), np.ones(costs.shape[1], dtype=bool)
        for column, value in zip(costs, best, strict=True):
            worse &= column >= value
            alike &= column == value
        stays = ~worse | alike
        if not stays.all():
            kept, costs = kept[stays], costs[:, stays]
    return kept


def _mark(rows: Any, places: Any, alone: Any) -> None:
    """Strike out what is dominated among distinct rows in lexicographic order: halves first, then the second by the first."""
    import numpy as np

    if rows.shape[1] <= 2:
        if rows.shape[1] == 1:
            alone[places[1:]] = False
        else:
            best = np.minimum.accumulate(rows[places, 1])
            alone[places[1:]] &= rows[places[1:], 1] < best[:-1]
        return
    if len(places) ** 2 <= _FEW:
        part = rows[places]
        smaller = (part[:, None] <= part[None]).all(axis=2)
        np.fill_diagonal(smaller, False)
        alone[places] &= ~smaller.any(axis=0)
        return
    half = len(places) // 2
    first, second = places[:half], places[half:]
    _mark(rows, first, alone)
    _mark(rows, second, alone)
    first, second = first[alone[first]], second[alone[second]]
    alone[second[_beaten(rows[first, 1:], rows[second, 1:])]] = False


def _beaten(by: Any, rows: Any) -> Any:
    """Which rows have a row of `by` that is at most as large in every column."""
    import numpy as np

    if not len(by) or not len(rows):
        return np.zeros(len(rows), dtype=bool)
    if by.shape[1] == 1:
        return rows[:, 0] >= by[:, 0].min()
    if by.shape[1] == 2:
        order = np.argsort(by[:, 0], kind="stable")
        least = np.minimum.accumulate(by[order, 1])
        reach = np.searchsorted(by[order, 0], rows[:, 0], side="right")
        return np.where(reach > 0, least[reach - 1], np.inf) <= rows[:, 1]
    if len(by) * len(rows) <= _FEW:
        return (by[:, None] <= rows[None]).all(axis=2).any(axis=0)
    pivot = np.median(by[:, 0])
    low, under = by[:, 0] <= pivot, rows[:, 0] <= pivot
    if low.all():
        if by[:, 0].min() == pivot:
            found = np.zeros(len(rows), dtype=bool)
            above = rows[:, 0] >= pivot
            found[above] = _beaten(by[:, 1:], rows[above, 1:])
            return found
        low, under = by[:, 0] < pivot, rows[:, 0] < pivot
    found = np.zeros(len(rows), dtype=bool)
    found[under] = _beaten(by[low], rows[under])
    found[~under] = _beaten(by[low][:, 1:], rows[~under, 1:])
    found[~under] |= _beaten(by[~low], rows[~under])
    return found
