"""The networks of a block: closed forms where they serve, else one network after another."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from costmodel.errors import FieldError
from costmodel.network import Network
from costmodel.prediction import Prediction
from costmodel.whatif.sweep.blocks import Block, sizes_of
from costmodel.whatif.sweep.closed import Closed, NotClosedError, checked, symbol_for
from costmodel.whatif.sweep.plan import ARITHMETIC, Plan


class Point(NamedTuple):
    """A point of the structure in a block, or all points along closed axes at once; on all capacities of the block."""

    corner: tuple[int, ...]
    """Its place in the block."""
    span: tuple[int, ...]
    """Its extent along every axis."""
    prediction: Prediction
    machine: dict[str, Any]
    """Figures of its machine that are built point by point."""
    formulas: Prediction | None = None
    """What was evaluated on arrays."""


def points(plan: Plan, block: Block) -> Iterator[Point]:
    """The predictions of a block. Figures of one are scalars, lines over capacities, or arrays along all axes."""
    sizes = sizes_of(block)
    capacities = {flat: plan.machines(block, ("sram_bytes",), flat) for flat in (False, True)}

    def point(where: Mapping[int, int], prediction: Prediction, flat: bool, formulas: Prediction | None = None) -> Point:
        corner = tuple(where[place] - block[place][0] if place in where else 0 for place in range(len(sizes)))
        span = tuple(1 if place in where else n for place, n in enumerate(sizes))
        axes = [(plan.axes[place], index) for place, index in where.items()]
        machine = {axis.key: axis.points[index] for axis, index in axes if axis.kind == "hardware"}
        return Point(corner, span, prediction.on(capacities[flat].replace(**machine) if machine else capacities[flat]), machine, formulas)

    for where in _choices(block, [place for place in plan.structure if place not in plan.closed]):
        if plan.closed and (form := closed_form(Question(plan, where))) is not None:
            lines = [plan.spread(plan.axes[place].coordinate[slice(*block[place])], place) for place in plan.closed]
            try:
                yield point(where, form.at(lines), flat=False, formulas=form.prediction)
                continue
            except (NotClosedError, FieldError):  # the network itself says it better, and at which point
                pass
        for further in _choices(block, plan.closed):
            yield point(where | further, built(Question(plan, where | further)), flat=True)


def _choices(block: Block, places: Sequence[int]) -> Iterator[dict[int, int]]:
    """Every choice of one point along each of some axes."""
    for indices in itertools.product(*[range(*block[place]) for place in places]):
        yield dict(zip(places, indices, strict=True))


class Question:
    """Which network, or which closed form: questions that are alike have the same answer, whoever asks.

    A function of the user's own may answer otherwise the next time; what it built serves one sweep.
    """

    def __init__(self, plan: Plan, where: Mapping[int, int]) -> None:
        self.plan, self.where = plan, where
        opened = tuple((axis.kind, axis.key, axis.points) for axis in (plan.axes[place] for place in plan.closed))
        fixed = tuple((axis.kind, axis.key, axis.points[at]) for axis, at in ((plan.axes[place], at) for place, at in where.items()))
        options = tuple((name, tuple(value.items()) if isinstance(value, Mapping) else value) for name, value in plan.options.items())
        self._alike = (plan.subject if plan.lasting else plan.token, opened, fixed, options)

    def __hash__(self) -> int:
        return hash(self._alike)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Question) and self._alike == other._alike


@lru_cache(maxsize=128)
def built(question: Question) -> Prediction:
    """The prediction at a point of the structure."""
    return question.plan.prediction(question.where)


@lru_cache(maxsize=64)
def closed_form(question: Question) -> Closed | None:
    """The closed form along the closed axes of a plan, compared with networks that are built; None where there is none."""
    plan, where = question.plan, question.where
    if isinstance(plan.subject, Network):
        known = {symbol.name: symbol for symbol in plan.subject.symbols}
        prediction = plan.prediction(where)
        if not isinstance(prediction.policy, ARITHMETIC):
            return None
        return Closed(prediction, tuple(known[plan.axes[place].key] for place in plan.closed))
    arguments = tuple(symbol_for(f"axis{place}", plan.axes[place].points) for place in plan.closed)
    try:
        symbolic = plan.prediction({**where, **dict(zip(plan.closed, arguments, strict=True))})
        if not isinstance(symbolic.policy, ARITHMETIC):
            return None
        form = Closed(symbolic, arguments)
        checked(
            form,
            lambda at: plan.prediction({**where, **dict(zip(plan.closed, at, strict=True))}),
            [plan.axes[p].points for p in plan.closed],
            thorough=not plan.lasting,
        )
    except Exception:  # whatever a builder does to a symbol that it did not expect
        return None
    return form
