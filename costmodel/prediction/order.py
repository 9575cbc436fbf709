"""The order of execution that holds the fewest bytes: exact, with its proof in the lower bound; a good order where time runs out.

A set of steps that can have been done (a down-set) is a state. The bytes held between steps depend on the state alone, so the best
order is the path from nothing done to all done whose worst step is least. States are visited by rising peak: when all is done, no
lower peak is left to try. Three things keep them few:

- Between two steps that stand before or after all others (cuts) lies a problem of its own.
- No order beats what every step needs in any order; peaks below that bound count as equal.
- A run of steps that stays within the peak reached and ends holding no more than it began with is taken at once: the bytes held are
  a submodular function of the state, so whatever order follows, taking the run first never holds more.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import NamedTuple

from costmodel.prediction.liveness import BufferGraph


class Order(NamedTuple):
    """An order of execution and how good it is."""

    steps: tuple[int, ...]
    peak_bytes: int
    lower_bound_bytes: int
    """No order has a lower peak."""

    @property
    def optimal(self) -> bool:
        """Whether no order can be better."""
        return self.peak_bytes == self.lower_bound_bytes


class State(NamedTuple):
    """What is left to do, as bits; what of it can be done now; the bytes held."""

    left: int
    ready: int
    held: int


def given_order(graph: BufferGraph) -> Order:
    """The order in which the steps stand."""
    steps = tuple(range(len(graph.steps)))
    return Order(steps, graph.peak(steps), max(graph.needed_bytes, default=0))


def best_order(graph: BufferGraph, time_limit_s: float, report: Callable[[int, int, int], None] = lambda done, low, high: None) -> Order:
    """The order of least peak, or a good one where `time_limit_s` runs out.

    `report` is told now and then how many steps are settled, the lower bound and the best peak known.
    """
    given = given_order(graph)
    if given.optimal:
        return given
    search = _Search(graph)
    deadline = time.monotonic() + time_limit_s
    steps: list[int] = []
    state, bound = search.start, given.lower_bound_bytes
    for goal in search.goals():
        told = (len(steps), given.peak_bytes)
        leg = search.leg(state, goal, bound, deadline, lambda low, told=told: report(told[0], low, told[1]))  # type: ignore[misc]
        steps += leg.steps
        state, bound = leg.state, max(bound, leg.lower_bound)
    found = graph.peak(steps)
    if given.peak_bytes <= found:
        return given._replace(lower_bound_bytes=bound)
    return Order(tuple(steps), found, bound)


class _Leg(NamedTuple):
    """The way from one cut to the next."""

    steps: tuple[int, ...]
    state: State
    lower_bound: int


class _Search:
    """The moves from state to state."""

    def __init__(self, graph: BufferGraph) -> None:
        size = len(graph.steps)
        self.graph = graph
        self.bit = [1 << step for step in range(size)]
        self.before = [sum(self.bit[s] for s in earlier) for earlier in graph.before]
        self.after = graph.after
        there = 1 << size  # a step that is never left to do has touched what is there from the start
        touch = [bits | there * b.from_start for bits, b in zip(graph.touch_bits, graph.buffers, strict=True)]
        self.touching: list[list[tuple[int, int]]] = [[] for _ in range(size)]
        for bits, buffer in zip(touch, graph.buffers, strict=True):
            for step in buffer.steps:
                self.touching[step].append((bits, buffer.n_bytes))
        self.overwrites = {
            step: [(touch[choice.old], graph.spared_bytes(choice)) for choice in choices] for step, choices in graph.overwrites.items()
        }
        ready = sum(self.bit[step] for step in range(size) if not self.before[step])
        self.start = State((1 << size) - 1, ready, sum(b.n_bytes for b in graph.buffers if b.from_start))

    def goals(self) -> Iterator[int]:
        """What is left to do at every cut, and at the end."""
        everything = self.start.left
        for step in self.graph.cuts:
            yield everything & ~(self.graph.ancestors[step] | self.bit[step])
        yield 0

    def bytes_of(self, state: State, step: int) -> tuple[int, int]:
        """Bytes live during a step and after it."""
        left, own = state.left, self.bit[step]
        during = after = state.held
        for bits, n_bytes in self.touching[step]:
            rest = bits & left
            if rest == bits:
                during += n_bytes
                after += n_bytes
            if rest == own:
                after -= n_bytes
        for bits, n_bytes in self.overwrites.get(step, ()):
            if bits & left == own:
                during -= n_bytes
                break
        return during, after

    def do(self, state: State, step: int, held: int) -> tuple[State, int]:
        """The state after a step, and what it made ready, as bits."""
        left = state.left & ~self.bit[step]
        opened = 0
        for later in self.after[step]:
            if not self.before[later] & left:
                opened |= self.bit[later]
        return State(left, state.ready & ~self.bit[step] | opened, held), opened

    def settled(self, state: State, peak: int, goal: int) -> tuple[State, tuple[int, ...]]:
        """The state once all runs are taken that stay within the peak and end holding no more."""
        taken: list[int] = []
        waiting = state.ready
        while waiting and state.left != goal:
            own = waiting & -waiting
            waiting ^= own
            if (run := self.run(state, own.bit_length() - 1, peak, goal)) is not None:
                state, steps = run
                taken += steps
                waiting = state.ready
        return state, tuple(taken)

    def run(self, state: State, step: int, peak: int, goal: int) -> tuple[State, list[int]] | None:
        """The steps from `step` on, each opened by the one before alone, until no more is held than at the start."""
        held, steps = state.held, []
        while True:
            during, after = self.bytes_of(state, step)
            if during > peak:
                return None
            state, opened = self.do(state, step, after)
            steps.append(step)
            if after <= held:
                return state, steps
            if not opened or opened & (opened - 1) or state.left == goal:
                return None
            step = opened.bit_length() - 1

    def leg(self, start: State, goal: int, bound: int, deadline: float, report: Callable[[int], None]) -> _Leg:
        """The best way from a state to a goal; peaks up to `bound` count as equal."""
        number = count()
        queue: list[_Visit] = [_Visit(bound, 0, next(number), start, None, ())]
        came: dict[int, _Visit] = {}
        while queue:
            visit = heapq.heappop(queue)
            state, run = self.settled(visit.state, visit.peak, goal)
            if state.left in came:
                continue
            came[state.left] = visit = visit._replace(state=state, steps=visit.steps + run)
            if state.left == goal:
                return _Leg(visit.path(came), state, visit.peak)
            if not len(came) % 256:
                report(visit.peak)
                if time.monotonic() > deadline:
                    steps, state = self.beam(start, goal, bound)
                    return _Leg(steps, state, visit.peak)
            for step in _steps(state.ready):
                during, after = self.bytes_of(state, step)
                following, _ = self.do(state, step, after)
                if following.left not in came:
                    rank = following.left.bit_count()
                    heapq.heappush(queue, _Visit(max(visit.peak, during), rank, next(number), following, state.left, (step,)))
        raise AssertionError("a goal can always be reached")

    def beam(self, start: State, goal: int, bound: int, width: int = 64) -> tuple[tuple[int, ...], State]:
        """A good way from a state to a goal: of all states with as many steps left the `width` of least peak, then least held."""
        number = count()
        waiting: dict[int, list[_Visit]] = {start.left.bit_count(): [_Visit(bound, 0, next(number), start, None, ())]}
        for left in range(start.left.bit_count(), goal.bit_count(), -1):
            best: dict[int, _Visit] = {}
            for visit in sorted(waiting.pop(left, ())):
                best.setdefault(visit.state.left, visit)
            for visit in list(best.values())[:width]:
                for step in _steps(visit.state.ready):
                    during, after = self.bytes_of(visit.state, step)
                    peak = max(visit.peak, during)
                    state, run = self.settled(self.do(visit.state, step, after)[0], peak, goal)
                    following = _Visit(peak, state.held, next(number), state, None, (*visit.steps, step, *run))
                    waiting.setdefault(state.left.bit_count(), []).append(following)
        first = min(waiting[goal.bit_count()])
        return first.steps, first.state


class _Visit(NamedTuple):
    """A state as it was reached; the earlier come first."""

    peak: int
    rank: int
    number: int
    state: State
    parent: int | None
    """What the state before it left to do."""
    steps: tuple[int, ...]
    """From there to here."""

    def path(self, came: Mapping[int, _Visit]) -> tuple[int, ...]:
        """All steps to here."""
        parts = [self.steps]
        at = self.parent
        while at is not None:
            parts.append(came[at].steps)
            at = came[at].parent
        return tuple(step for steps in reversed(parts) for step in steps)


def _steps(bits: int) -> Iterator[int]:
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest
