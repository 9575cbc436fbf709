"""A sweep as data: what every point means, and the figures of any block of points. Travels to other processes."""

from __future__ import annotations

import copy
import itertools
import math
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any

from costmodel._num import Num, at_most, is_array
from costmodel.api import predict
from costmodel.errors import CostModelError, FieldError, SymbolicError
from costmodel.formulas import time
from costmodel.formulas.energy import energy
from costmodel.hardware import Hardware
from costmodel.network import Network
from costmodel.prediction import Compulsory, Prediction, Resident, Weights
from costmodel.prediction.times import Times
from costmodel.whatif.sweep.axes import Axis, rewrite_class
from costmodel.whatif.sweep.closed import Closed, NotClosedError, checked, symbol_for
from costmodel.whatif.sweep.metrics import METRICS, ROOTS
from costmodel.whatif.sweep.roofline import along_a_rate

Block = tuple[tuple[int, int], ...]
"""Of every axis the first point and the one behind the last."""

ARITHMETIC = (Weights, Compulsory, Resident)
"""Policies that are arithmetic on sizes, so that arrays of sizes pass; the others search at every point."""
POINTS = 1 << 24
"""Points of a block."""
CACHED = 1 << 16
"""Points at which layers are gone through at once: what stays in a cache."""
BUILT, EVALUATED = 64, 4096
"""Networks that a block builds; sizes and capacities that it evaluates at once."""
WORTH_A_FORMULA = 64
"""From so many networks on a closed form is faster than building them."""
WORTH_SORTING = 128
"""From so many points along a rate on sorted prefix sums are faster than going from layer to layer."""
_RATES = ("ddr_bytes_per_s", "flash_bytes_per_s", "mac_flops_per_s", "other_ops_per_s")


class Plan:
    """What is swept over what. Equal to itself alone, in every process.

    Attributes
    ----------
    subject : Network or callable
        A network, or what builds one.
    base : Hardware
        The machine, each axis of its figures at its first point.
    axes : tuple of Axis
    metrics : tuple of str
    options : dict
        Of `predict`.
    closed : tuple of int
        The axes that closed forms take as arrays.
    """

    def __init__(
        self, subject: Network | Callable[..., Network], hardware: Hardware, axes: tuple[Axis, ...], metrics: tuple[str, ...],
        options: Mapping[str, Any],
    ) -> None:  # fmt: skip
        self.token = uuid.uuid4().hex
        self.subject = subject
        self.axes = axes
        self.metrics = metrics
        self.options = dict(options)
        machine = [axis for axis in axes if axis.kind == "hardware"]
        self.base = hardware.replace(**{axis.key: axis.points[0] for axis in machine}) if machine else hardware
        if self.base.arrays or self.base.symbols:
            raise FieldError(f"hardware {hardware.name!r} must hold plain numbers; what varies is an axis, e.g. 'hardware.ddr'")
        if isinstance(subject, Network) and (left := sorted({s.name for s in subject.symbols} - {axis.key for axis in axes})):
            raise FieldError(f"network {subject.name!r} leaves the size {left[0]} open; make it an axis, or give it a number")
        self.closed = self._closable()

    def __hash__(self) -> int:
        return hash(self.token)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Plan) and self.token == other.token

    def __dask_tokenize__(self) -> tuple[str, tuple[str, ...]]:
        return self.token, self.metrics

    def only(self, metric: str) -> Plan:
        """The same sweep for one metric."""
        one = copy.copy(self)
        one.metrics = (metric,)
        return one

    # ---- shapes

    @property
    def shape(self) -> tuple[int, ...]:
        """Points along every axis."""
        return tuple(map(len, self.axes))

    @property
    def everything(self) -> Block:
        """All points."""
        return tuple((0, n) for n in self.shape)

    def places(self, metric: str) -> tuple[int, ...]:
        """The axes that a metric depends on."""
        tags = METRICS[metric].tags(self.base)
        return tuple(place for place, axis in enumerate(self.axes) if axis.tag in tags)

    def size(self) -> int:
        """Figures in the whole result."""
        return sum(math.prod(self.shape[place] for place in self.places(metric)) for metric in self.metrics)

    @cached_property
    def lasting(self) -> bool:
        """Whether the same question to the subject always has the same answer: a network, or a builder of the zoo."""
        return isinstance(self.subject, Network) or getattr(self.subject, "__module__", "").startswith("costmodel.zoo.")

    @cached_property
    def _structure(self) -> tuple[int, ...]:
        """The axes that are built or evaluated point by point, not on arrays of machines."""
        return tuple(place for place, axis in enumerate(self.axes) if axis.kind != "hardware")

    @cached_property
    def _capacity(self) -> int | None:
        """The axis of SRAM capacities."""
        return next((place for place, axis in enumerate(self.axes) if axis.tag == "sram_bytes"), None)

    def region(self, metric: str, block: Block) -> tuple[slice, ...]:
        """Where a block stands in the array of a metric."""
        return tuple(slice(*block[place]) for place in self.places(metric))

    # ---- networks

    def prediction(self, where: Mapping[int, Any]) -> Prediction:
        """The prediction at a point of the structure, by places in the axes; a symbol may stand for a point."""
        arguments: dict[str, Any] = {}
        options = dict(self.options)
        rewrites: list[Any] = []
        fields: dict[type, dict[str, Any]] = {}
        said = []
        for place, index in where.items():
            axis = self.axes[place]
            value = axis.points[index] if isinstance(index, int) else index
            said.append(f"{axis.name}={value}")
            if axis.kind == "builder":
                arguments[axis.key] = value
            elif axis.kind == "option":
                options[axis.key] = value
            elif axis.kind == "rewrite" and not axis.key:
                rewrites.extend(value)
            elif axis.kind == "rewrite":
                kind, field = rewrite_class(axis.key)
                if kind not in fields:
                    rewrites.append(kind)
                fields.setdefault(kind, {})[field] = value
        try:
            network = self.subject if isinstance(self.subject, Network) else self.subject(**arguments)
            if not isinstance(network, Network):
                raise FieldError(f"the builder must return a Network, got {type(network).__name__}")
            made = [one(**fields[one]) if isinstance(one, type) else one for one in rewrites]
            return predict(network.rewrite(*made) if made else network, self.base, **options)
        except CostModelError as error:
            raise type(error)(f"{error}; at {', '.join(said)}" if said else str(error)) from None

    @property
    def first(self) -> Prediction:
        """The prediction at the first point of every axis; sizes that a network leaves open stay open."""
        opened = isinstance(self.subject, Network)
        return self.prediction({place: 0 for place in self._structure if not (opened and self.axes[place].kind == "builder")})

    @property
    def last(self) -> Prediction:
        """The prediction at the last point of every axis."""
        opened = isinstance(self.subject, Network)
        places = [place for place in self._structure if not (opened and self.axes[place].kind == "builder")]
        return self.prediction({place: len(self.axes[place]) - 1 for place in places})

    def _closable(self) -> tuple[int, ...]:
        """The axes that a closed form may take: open sizes of a network; numbers of a builder, where there are many of them."""
        builder = tuple(place for place in self._structure if self.axes[place].kind == "builder")
        if isinstance(self.subject, Network):
            return builder
        widths = tuple(place for place in self._structure if self.axes[place].key == "weight_bits")
        numbers = tuple(place for place in sorted((*builder, *widths)) if _plain_numbers(self.axes[place].points))
        lengths = [len(self.axes[place]) for place in numbers]
        worth = math.prod(lengths) >= max(WORTH_A_FORMULA, 2 * sum(lengths))
        return numbers if worth else ()

    def points(self, block: Block) -> Iterator[tuple[tuple[int, ...], tuple[int, ...], Prediction]]:
        """The predictions of a block on its capacities, each with its place and extent along all axes.

        A closed form stands for all points along its axes.
        """
        size = tuple(stop - start for start, stop in block)
        machines = {flat: self._with_arrays(block, ("sram_bytes",), flat) for flat in (False, True)}

        def placed(where: Mapping[int, int], p: Prediction, flat: bool) -> tuple[tuple[int, ...], tuple[int, ...], Prediction]:
            corner = tuple(where[place] - block[place][0] if place in where else 0 for place in range(len(size)))
            return corner, tuple(1 if place in where else n for place, n in enumerate(size)), p.on(machines[flat])

        for where in self._choices(block, [place for place in self._structure if place not in self.closed]):
            if self.closed and (formula := closed_form(Question(self, where))) is not None:
                lines = [self.axes[place].coordinate[slice(*block[place])] for place in self.closed]
                try:
                    yield placed(where, formula.at([self._spread(*pair) for pair in zip(lines, self.closed, strict=True)]), flat=False)
                    continue
                except NotClosedError as error:
                    if isinstance(self.subject, Network):
                        raise FieldError(str(error)) from None
            for further in self._choices(block, self.closed):
                yield placed(where | further, built(Question(self, where | further)), flat=True)

    @staticmethod
    def _choices(block: Block, places: Sequence[int]) -> Iterator[dict[int, int]]:
        """Every choice of one point along each of some axes."""
        for indices in itertools.product(*[range(*block[place]) for place in places]):
            yield dict(zip(places, indices, strict=True))

    def _spread(self, array: Any, place: int) -> Any:
        """A line of values along one of all axes."""
        return array.reshape([-1 if p == place else 1 for p in range(len(self.axes))])

    def _with_arrays(self, block: Block, fields: tuple[str, ...] = (), flat: bool = False) -> Hardware:
        """The machines of a block: some of their figures, or all, as arrays along their axes."""
        changes = {}
        for place, axis in enumerate(self.axes):
            if axis.kind == "hardware" and (not fields or axis.key in fields):
                values = axis.coordinate[slice(*block[place])]
                changes[axis.key] = values if flat else self._spread(values, place)
        return self.base.replace(**changes) if changes else self.base

    # ---- figures

    def figures(self, block: Block) -> dict[str, Any]:
        """Every metric on a block: arrays along the axes that it depends on."""
        import numpy as np

        needed = tuple(dict.fromkeys(root for metric in self.metrics for root in METRICS[metric].needs))
        place = self._capacity
        key = tuple(span if p in self._structure or p == place else (0, 1) for p, span in enumerate(block))
        roots = _roots(self, key, needed) if needed else {}
        hardware = self._with_arrays(block)
        found = {}
        for metric in self.metrics:
            if metric in ("time_overlapped_s", "inferences_per_s_overlapped"):
                value = self._overlapped(block, key)
                value = 1 / value if metric == "inferences_per_s_overlapped" else value
            else:
                value = _FIGURES[metric](roots, hardware) if metric in _FIGURES else roots[metric]
            places = self.places(metric)
            shape = tuple(stop - start for start, stop in block)
            full = tuple(n if p in places else 1 for p, n in enumerate(shape))
            value = np.broadcast_to(value, full).copy() if np.shape(value) != full else value
            found[metric] = value.reshape([shape[p] for p in places])
        return found

    def over(
        self, region: Block, empty: dict[str, Any] | None = None, advance: Callable[[Block], None] = lambda block: None
    ) -> dict[str, Any]:
        """Every metric on a region of any size, block by block; `empty` are the arrays to fill, `advance` hears of every block."""
        import numpy as np

        blocks = self.blocks(region)
        if empty is None and len(blocks) == 1:
            return self.figures(region)
        shapes = {metric: [region[place][1] - region[place][0] for place in self.places(metric)] for metric in self.metrics}
        filled = {metric: np.empty(shape, METRICS[metric].dtype) for metric, shape in shapes.items()} if empty is None else empty
        for block in blocks:
            inside = tuple((start - first, stop - first) for (start, stop), (first, _) in zip(block, region, strict=True))
            for metric, value in self.figures(block).items():
                filled[metric][self.region(metric, inside)] = value
            advance(block)
        return filled

    def _overlapped(self, block: Block, key: Block) -> Any:
        """The overlapped time of a block, piece by piece."""
        import numpy as np

        places = self.places("time_overlapped_s")
        sizes = [stop - start if p in places else 1 for p, (start, stop) in enumerate(block)]
        out = np.empty(sizes)
        fast = self._fast_axis(places)
        for corner, span, work in _work(self, key):
            inside = [p in self._structure or p == self._capacity for p in range(len(sizes))]
            region = tuple((c, c + n) if here else (0, size) for c, n, size, here in zip(corner, span, sizes, inside, strict=True))
            for piece in _pieces(region, CACHED, [p for p in range(len(sizes)) if p != fast]):
                hardware = self._with_arrays(tuple((start + a, start + b) for (start, _), (a, b) in zip(block, piece, strict=True)))
                part = out[tuple(slice(*one) for one in piece)]
                if isinstance(work, Prediction):
                    part[...] = self._row_by_row(work, hardware, part.shape)
                    continue
                within = tuple((a - c, b - c) for (a, b), c in zip(piece, corner, strict=True))
                some = tuple(_cut(figure, within) for figure in work)
                part[...] = (
                    _layer_by_layer(some, hardware) if fast is None else _sorted(some, hardware, fast, self.axes[fast].key, part.shape)
                )
        return out

    def _fast_axis(self, places: tuple[int, ...]) -> int | None:
        """The longest axis of a rate, where it is long enough for sorting to pay."""
        rates = [place for place in places if self.axes[place].key in _RATES and self.axes[place].kind == "hardware"]
        longest = max(rates, key=lambda place: len(self.axes[place]), default=None)
        return longest if longest is not None and len(self.axes[longest]) >= WORTH_SORTING else None

    def _row_by_row(self, p: Prediction, hardware: Hardware, shape: tuple[int, ...]) -> Any:
        """Of policies with times of their own: what the rows say, one capacity after another."""
        import numpy as np

        place = self._capacity
        if place is None:
            return sum(row.time_overlapped_s for row in p.on(hardware).rows)
        capacities = hardware.sram_bytes.ravel()
        parts = []
        for capacity in capacities.tolist():
            value = sum(row.time_overlapped_s for row in p.on(hardware.replace(sram_bytes=capacity)).rows)
            parts.append(np.broadcast_to(value, [1 if at == place else n for at, n in enumerate(shape)]))
        return np.concatenate(parts, axis=place)

    def blocks(self, region: Block) -> list[Block]:
        """A region in blocks that fit a cache, those of one structure one after another."""
        discrete = [place for place in self._structure if place not in self.closed]
        evaluated = [*self.closed, *([] if self._capacity is None else [self._capacity])]
        sizes = [stop - start for start, stop in region]
        for places, most in ((discrete, BUILT), (evaluated, EVALUATED), (range(len(sizes)), POINTS)):
            sizes = shrunk(sizes, most, places)
        return _tiles(region, sizes, sorted(range(len(sizes)), key=lambda place: place not in self._structure))


def shrunk(sizes: Sequence[int], most: int, places: Sequence[int]) -> list[int]:
    """Sizes of a block cut along some axes, the first ones first, until their product is at most so large."""
    sizes = list(sizes)
    for place in places:
        if (points := math.prod(sizes[p] for p in places)) > most:
            sizes[place] = max(1, sizes[place] // -(-points // most))
    return sizes


def _tiles(region: Block, sizes: Sequence[int], order: Sequence[int]) -> list[Block]:
    """A region in blocks of these sizes; the axis first in `order` changes last."""
    spans = [
        [(start, min(start + size, stop)) for start in range(first, stop, size)] for (first, stop), size in zip(region, sizes, strict=True)
    ]
    back = sorted(range(len(order)), key=order.__getitem__)
    return [tuple(chosen[p] for p in back) for chosen in itertools.product(*[spans[p] for p in order])]


def _pieces(region: Block, most: int, places: Sequence[int]) -> list[Block]:
    """A region cut along some axes into blocks of at most so many points, where that can be."""
    sizes = [stop - start for start, stop in region]
    beside = math.prod(size for p, size in enumerate(sizes) if p not in places)
    return _tiles(region, shrunk(sizes, max(1, most // beside), places), range(len(sizes)))


def _cut(figure: Any, block: Block) -> Any:
    """Figures of layers on a block; along axes that they do not depend on they are one long."""
    return figure[(slice(None), *[slice(None) if n == 1 else slice(*span) for n, span in zip(figure.shape[1:], block, strict=True)])]


_FIGURES: dict[str, Callable[[dict[str, Any], Hardware], Any]] = {
    "flops": lambda r, hw: 2 * r["macs"] + r["other_ops"],
    "fits_sram": lambda r, hw: at_most(r["peak_live_bytes"], hw.sram_bytes),
    "fits_flash": lambda r, hw: at_most(r["weight_bytes"], hw.flash_bytes),
    "ddr_bytes": lambda r, hw: r["bus_bytes"] * (not hw.weights_in_flash),
    "flash_bytes_moved": lambda r, hw: r["bus_bytes"] * hw.weights_in_flash,
    "ddr_time_s": lambda r, hw: _times(r, hw).bus_s,
    "mac_time_s": lambda r, hw: _times(r, hw).mac_s,
    "other_time_s": lambda r, hw: _times(r, hw).other_s,
    "time_serial_s": lambda r, hw: _serial(r, hw),
    "inferences_per_s": lambda r, hw: 1 / _serial(r, hw),
    "peak_fraction": lambda r, hw: _times(r, hw).peak_fraction,
    "energy_j": lambda r, hw: energy(
        r["macs"], r["other_ops"], r["sram_bytes_moved"], r["bus_bytes"],
        *[figure if is_array(figure := getattr(hw, joules)) else r[joules] for joules in ("mac_j", "other_j", "sram_j_per_byte", "ddr_j_per_byte")],
    ),
}  # fmt: skip
"""What follows from the roots and the machines."""


def _times(roots: Mapping[str, Any], hardware: Hardware) -> Times:
    return Times.of(hardware, roots["bus_bytes"], roots["macs"], roots["other_ops"])


def _serial(roots: Mapping[str, Any], hardware: Hardware) -> Num:
    """The sum of the three times, those on the fewest points first: the result alone has the full size."""
    import numpy as np

    return time.serial(*sorted(_times(roots, hardware)[:3], key=np.size))


@lru_cache(maxsize=64)
def _roots(plan: Plan, block: Block, needed: tuple[str, ...]) -> dict[str, Any]:
    """The roots on a block of the structure, each along the axes that it depends on."""
    import numpy as np

    places = {root: [p for p, axis in enumerate(plan.axes) if axis.tag in ROOTS[root][1]] for root in needed}
    found: dict[str, Any] = {}
    for corner, span, p in plan.points(block):
        for root in needed:
            value = ROOTS[root][0](p)
            value = np.asarray(np.nan if value is None else value)
            if value.dtype.kind == "O":
                raise SymbolicError(f"network {p.network.name!r} or its options hold symbols: `{root}` is no number; give them values")
            if root not in found:
                found[root] = np.empty([stop - start if q in places[root] else 1 for q, (start, stop) in enumerate(block)], value.dtype)
            elif value.dtype.kind == "f" and found[root].dtype.kind != "f":
                found[root] = found[root].astype(np.float64)
            value = value.reshape([-1 if q == plan._capacity else 1 for q in range(len(block))]) if value.ndim == 1 else value
            at = tuple(slice(c, c + n) if q in places[root] else slice(None) for q, (c, n) in enumerate(zip(corner, span, strict=True)))
            found[root][at] = value
    return found


@lru_cache(maxsize=8)
def _work(plan: Plan, block: Block) -> list[tuple[tuple[int, ...], tuple[int, ...], Any]]:
    """Of every point of the structure its place, its extent, and bytes, MACs and other operations of its layers.

    Each is an array: layers first, then all axes. Of policies with times of their own the prediction stands in their place.
    """
    import numpy as np

    found: list[tuple[tuple[int, ...], tuple[int, ...], Any]] = []
    for corner, span, p in plan.points(block):
        if not isinstance(p.policy, ARITHMETIC):
            found.append((corner, span, p.on(plan.base)))
            continue
        columns = ([*p.bus_bytes], [step.counts.macs for step in p.workload.steps], [*p.other_ops_of_steps])
        work = [_stacked(plan, column, len(block)) for column in columns]
        alone = plan._capacity is None and not plan.closed  # else what is alike would depend on the block, and the last digit with it
        found.append((corner, span, _alike_together(work) if alone else tuple(work)))
    return found


def _alike_together(columns: Sequence[Any]) -> tuple[Any, ...]:
    """Layers with the same figures as one: the time of three is that of thrice the work."""
    import numpy as np

    times: dict[tuple[bytes, ...], list[int]] = {}
    for layer, figures in enumerate(zip(*columns, strict=True)):
        times.setdefault(tuple(figure.tobytes() for figure in figures), []).append(layer)
    first = [same[0] for same in times.values()]
    many = np.array([len(same) for same in times.values()], dtype=np.float64)
    return tuple(column[first] * many.reshape(-1, *[1] * (column.ndim - 1)) for column in columns)


def _stacked(plan: Plan, column: list[Any], n_axes: int) -> Any:
    import numpy as np

    line = [-1 if q == plan._capacity else 1 for q in range(n_axes)]
    arrays = [np.asarray(value, dtype=np.float64) for value in column]
    arrays = [one.reshape(line if one.ndim == 1 else one.shape or [1] * n_axes) for one in arrays]
    return np.stack(np.broadcast_arrays(*arrays)) if arrays else np.zeros((0, *[1] * n_axes))


def _layer_by_layer(work: tuple[Any, Any, Any], hardware: Hardware) -> Any:
    """The sum over layers of the overlapped time, in turn."""
    return sum(Times.of(hardware, *layer).overlapped_s for layer in zip(*work, strict=True))


def _sorted(work: tuple[Any, Any, Any], hardware: Hardware, fast: int, rate: str, shape: tuple[int, ...]) -> Any:
    """The same along the axis of a rate by sorted prefix sums; a time at the rate 1 is the slope in 1/rate."""
    import numpy as np

    rates = getattr(hardware, rate).ravel()
    at_one = Times.of(hardware.replace(**{rate: 1}), *work)
    bus, mac, other = at_one[:3]
    if rate == "mac_flops_per_s":
        slope, beside, against = mac, other, bus
    elif rate == "other_ops_per_s":
        slope, beside, against = other, mac, bus
    else:
        slope, beside, against = bus, np.zeros(1), mac + other
    rows = [len(bus), *[1 if p == fast else n for p, n in enumerate(shape)]]
    table = [np.broadcast_to(one, rows).reshape(len(bus), -1).T for one in (slope, beside, against)]
    found = along_a_rate(*table, 1 / rates)
    return np.moveaxis(found.reshape([n for p, n in enumerate(shape) if p != fast] + [len(rates)]), -1, fast)


def _plain_numbers(points: tuple[Any, ...]) -> bool:
    return all(isinstance(point, int | float) and not isinstance(point, bool) and point > 0 for point in points)


def _frozen(value: Any) -> Any:
    return tuple(sorted(value.items())) if isinstance(value, Mapping) else value


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
            raise SymbolicError(
                f"traffic {prediction.policy.name!r} searches for plans of plain sizes, and network {plan.subject.name!r} leaves sizes open; "
                f"sweep over a function that builds it"
            )
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
        )
    except Exception:  # whatever a builder does to a symbol that it did not expect
        return None
    return form
