"""Which weights of a group stay on chip from stripe to stripe; the others are read again for every stripe."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import NamedTuple


class Weights(NamedTuple):
    """The weights of a task in a group."""

    n_bytes: int
    stripes: int
    """In how many stripes the task works: how often its weights are read where they do not stay."""
    held_bytes: int = 0
    """What stays from stripe to stripe."""

    @property
    def moved_bytes(self) -> int:
        """What is read: what stays once, the rest for every stripe."""
        return self.n_bytes + self.again_bytes

    @property
    def again_bytes(self) -> int:
        """What is read a second time and more."""
        return (self.n_bytes - self.held_bytes) * (max(self.stripes, 1) - 1)


_stripes = attrgetter("stripes")


def keep(weights: Sequence[Weights], room: int) -> tuple[Weights, ...]:
    """The weights with what stays of each in `room` bytes: those that would be read most often come first, the last in part.

    Examples
    --------
    Of 110 bytes that four stripes need 100 stay, and 10 are read three times more.

    >>> held = keep([Weights(50, 4), Weights(60, 4), Weights(900, 1)], room=100)
    >>> [one.held_bytes for one in held], sum(one.again_bytes for one in held)
    ([50, 50, 0], 30)
    """
    held = list(weights)
    for index in sorted(range(len(held)), key=lambda index: -held[index].stripes):
        if held[index].stripes > 1:
            stays = min(held[index].n_bytes, room)
            held[index] = held[index]._replace(held_bytes=stays)
            room -= stays
    return tuple(held)


def again_bytes(weights: Sequence[Weights], room: int) -> int:
    """What is read a second time and more where as much stays as `keep` keeps.

    Examples
    --------
    >>> again_bytes([Weights(50, 4), Weights(60, 4), Weights(900, 1)], room=100)
    30
    """
    again = 0
    for n_bytes, stripes, _ in sorted(weights, key=_stripes, reverse=True):
        if stripes < 2:
            break
        if n_bytes > room:
            again += (n_bytes - room) * (stripes - 1)
        room = max(room - n_bytes, 0)
    return again
