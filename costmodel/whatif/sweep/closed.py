"""Closed forms on arrays: a prediction whose sizes are symbols, evaluated at many sizes at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from costmodel._num import Num, is_symbolic
from costmodel.errors import CostModelError, FieldError
from costmodel.layers import Counts
from costmodel.network import Network
from costmodel.prediction import Prediction, Workload

_EXACT = 2.0**53
"""Whole numbers up to here are exact in float64."""


class NotClosedError(CostModelError):
    """What a closed form can't say: the network is then built at every point."""


class _Evaluated(Network):
    """A network whose totals are arrays; its layers still hold symbols."""

    symbols = frozenset()


class Closed:
    """The counts of a symbolic prediction.

    Parameters
    ----------
    prediction : Prediction
        Of a network, or of widths, that hold symbols.
    arguments : sequence of symbols
        Those symbols, in the order in which `at` takes their values.
    """

    def __init__(self, prediction: Prediction, arguments: tuple[Any, ...]) -> None:
        self.prediction = prediction
        figures: dict[Any, int] = {}
        _mapped(prediction, lambda figure: figures.setdefault(figure, len(figures)) if is_symbolic(figure) else figure)
        self._places = figures
        self._conditions = prediction.network.conditions
        self._arguments = arguments

    def at(self, values: list[Any]) -> Prediction:
        """The prediction at arrays of sizes, which broadcast.

        Raises
        ------
        NotClosedError
            Where a count is not whole, or too large to be exact.
        FieldError
            Where a condition does not hold somewhere.
        """
        from costmodel.whatif.sweep.arithmetic import Values  # it imports SymPy, which sweeps without formulas don't need

        found = Values({argument: np.asarray(value, dtype=np.float64) for argument, value in zip(self._arguments, values, strict=True)})
        for condition, words in self._conditions:
            if not np.all(found[condition]):
                raise FieldError(words)
        arrays = [_whole(found[figure]) for figure in self._places]
        network, workload = _mapped(self.prediction, lambda figure: arrays[self._places[figure]] if is_symbolic(figure) else figure)
        p = self.prediction
        return Prediction(
            network, p.hardware, p.policy, p.widths,
            fuse_epilogues=p.fuse_epilogues, other_ops=p.replaced_ops, workload=workload, weight_prefetch=p.weight_prefetch,
        )  # fmt: skip


def _whole(value: Any) -> Any:
    value = np.asarray(value, dtype=np.float64)
    if not (np.abs(value) < _EXACT).all() or (value != np.rint(value)).any():
        raise NotClosedError("a count is not whole, or beyond 2^53")
    return value.astype(np.int64)


def _mapped(prediction: Prediction, of: Callable[[Num], Num]) -> tuple[Network, Workload]:
    """Network and workload with `of` each count in the place of it."""

    def counts(old: Counts) -> Counts:
        macs, other, *parameters = old
        return Counts(of(macs), tuple([(step, of(number)) for step, number in other]), *map(of, parameters))

    old = prediction.network
    network = object.__new__(_Evaluated)
    network.__dict__.update({key: value for key, value in old.__dict__.items() if key not in ("counts", "totals", "parameters", "hosts")})
    if prediction.hardware.skips_zeros != "none":
        network.__dict__["counts"] = {name: counts(one) for name, one in old.counts.items()}  # each node has its own share of zeros
    network.__dict__["totals"] = counts(old.totals)
    network.__dict__["parameters"] = {which: of(number) for which, number in old.parameters.items()}
    workload = object.__new__(Workload)
    for key in ("widths", "fuse_epilogues", "order", "stored"):
        setattr(workload, key, getattr(prediction.workload, key))
    workload.network = network
    workload.steps = tuple(
        [step._replace(counts=counts(step.counts), weight_bytes=of(step.weight_bytes)) for step in prediction.workload.steps]
    )
    workload.maps = {ref: one._replace(n_bytes=of(one.n_bytes)) for ref, one in prediction.workload.maps.items()}
    return network, workload


def figures(prediction: Prediction) -> list[Num]:
    """All counts of a prediction, in one order."""
    found: list[Num] = []

    def seen(figure: Num) -> Num:
        found.append(figure)
        return figure

    _mapped(prediction, seen)
    return found


def symbol_for(name: str, points: tuple[Any, ...]) -> Any:
    """A symbol for an axis of numbers: one that knows the step of its points where they are exact fractions, else any positive one."""
    from fractions import Fraction
    from math import gcd, lcm

    from costmodel._symbols import symbols

    exact = [Fraction(point) for point in points]
    denominator = lcm(*[one.denominator for one in exact])
    if denominator > 2**20:
        return symbols(name)
    step = Fraction(gcd(*[int(one * denominator) for one in exact]), denominator)
    return symbols(name, multiple_of=str(step))


def checked(closed: Closed, build: Callable[[Sequence[int]], Prediction], lines: Sequence[tuple[Any, ...]], thorough: bool) -> None:
    """Compare with networks that are built: the least and the largest, and those along every axis, the others in their middle.

    Parameters
    ----------
    closed : Closed
    build : callable
        The prediction at a point, by its indices.
    lines : sequence of tuples
        The points of every axis.
    thorough : bool
        Whether at every point of an axis, or at its extremes alone.

    Raises
    ------
    NotClosedError
        Where a count differs.
    """
    middle = [len(points) // 2 for points in lines]
    least, most = ([points.index(extreme(points)) for points in lines] for extreme in (min, max))
    along = [range(len(points)) if thorough else (low, high) for points, low, high in zip(lines, least, most, strict=True)]
    crosses = [[*middle[:place], index, *middle[place + 1 :]] for place, indices in enumerate(along) for index in indices]
    places = list(dict.fromkeys(map(tuple, [middle, least, most, *crosses])))
    form = closed.at([np.asarray([points[at[place]] for at in places], dtype=np.float64) for place, points in enumerate(lines)])
    said = np.stack([np.broadcast_to(np.asarray(figure), len(places)) for figure in figures(form)])
    steps = [step.name for step in form.workload.steps]
    for at, column in zip(places, said.T, strict=True):
        network = build(at)
        if steps != [step.name for step in network.workload.steps] or column.tolist() != figures(network):
            raise NotClosedError("a count of the closed form differs from that of the network built")
