"""Which weights of a group stay on chip from stripe to stripe; the others are read again for every stripe."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Weights(NamedTuple):
    """The weights of a task in a group."""

    task: int
    n_bytes: int
    stripes: int
    """In how many stripes the task works: how often its weights are read where they do not stay."""


def keep(weights: Iterable[Weights], room: int, budget: int | None = None) -> tuple[int, tuple[int, ...]] | None:
    """The choice of weights that fit `room` bytes and save the most reads.

    Parameters
    ----------
    weights : iterable of Weights
    room : int
        [B]
    budget : int, optional
        Only a choice that reads less than this again is of use. [B]

    Returns
    -------
    tuple or None
        Bytes that are read again, and the tasks whose weights stay; None where no choice is within the budget.

    Examples
    --------
    Three tasks in four stripes: the 60 bytes stay, and 50 are read three times more.

    >>> keep([Weights(0, 50, 4), Weights(1, 60, 4), Weights(2, 900, 1)], room=100)
    (150, (1,))
    """
    again = [one for one in weights if one.stripes > 1 and one.n_bytes]
    cost = sum(one.n_bytes * (one.stripes - 1) for one in again)
    if sum(one.n_bytes for one in again) <= room:
        return (0, tuple(one.task for one in again)) if budget is None or budget > 0 else None
    again = sorted((one for one in again if one.n_bytes <= room), key=lambda one: (-one.stripes, -one.n_bytes))
    if budget is not None and cost - _at_most(again, room) >= budget:
        return None
    frontier: list[tuple[int, int, tuple[int, ...]]] = [(0, 0, ())]  # bytes held, bytes saved, tasks: more of one for more of the other
    for one in again:
        saves = one.n_bytes * (one.stripes - 1)
        more = [(held + one.n_bytes, saved + saves, (*kept, one.task)) for held, saved, kept in frontier if held + one.n_bytes <= room]
        best, merged = -1, []
        for point in sorted((*frontier, *more), key=lambda point: (point[0], -point[1])):
            if point[1] > best:
                merged.append(point)
                best = point[1]
        frontier = merged
    _, saved, kept = frontier[-1]
    return (cost - saved, tuple(sorted(kept))) if budget is None or cost - saved < budget else None


def _at_most(weights: list[Weights], room: int) -> int:
    """What any choice saves at most: the last one is cut to fit. They come with the most stripes first."""
    saved = 0
    for one in weights:
        held = min(one.n_bytes, room)
        saved += held * (one.stripes - 1)
        room -= held
    return saved
