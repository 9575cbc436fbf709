"""A sweep as data: what is swept over what, and the prediction that a point means. Travels to other processes."""

from __future__ import annotations

import copy
import math
import uuid
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from costmodel.api import predict
from costmodel.errors import CostModelError, FieldError
from costmodel.hardware import Hardware
from costmodel.network import Network
from costmodel.network.rewrites import Sizes
from costmodel.prediction import POLICIES, Compulsory, Prediction, Resident, Weights
from costmodel.whatif.sweep.axes import Axis, rewrite_class
from costmodel.whatif.sweep.blocks import Block, shrunk, tiles
from costmodel.whatif.sweep.metrics import METRICS

ARITHMETIC = (Weights, Compulsory, Resident)
"""Policies that are arithmetic on sizes, so that arrays of sizes pass; the others search at every point."""
POINTS = 1 << 24
"""Points of a block."""
BUILT, SEARCHED, EVALUATED = 64, 4, 4096
"""Networks that a block builds, or for which it searches a plan; sizes and capacities that it evaluates at once."""
WORTH_A_FORMULA = 32
"""From so many networks on, and twice those that it is compared with, a closed form is faster than building them."""


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
        if "fits_flash" in metrics and self.base.flash_bytes is None:
            raise FieldError(f"metric 'fits_flash' needs a machine with `flash_bytes`, which {hardware.name!r} has not")
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

    def extent(self, metric: str) -> tuple[int, ...]:
        """Points along the axes that a metric depends on."""
        return tuple(self.shape[place] for place in self.places(metric))

    def size(self) -> int:
        """Figures in the whole result."""
        return sum(math.prod(self.extent(metric)) for metric in self.metrics)

    @property
    def searches(self) -> bool:
        """Whether a policy or an order is searched for at some point."""
        options = {name: (value,) for name, value in self.options.items()} | {axis.key: axis.points for axis in self.axes}
        policies = [POLICIES.get(one) if isinstance(one, str) else type(one) for one in options.get("traffic", ())]
        return options.get("order", ("given",)) != ("given",) or any(one not in ARITHMETIC for one in policies)

    @cached_property
    def lasting(self) -> bool:
        """Whether the same question to the subject always has the same answer: a network, or a builder of the zoo."""
        return isinstance(self.subject, Network) or getattr(self.subject, "__module__", "").startswith("costmodel.zoo.")

    @cached_property
    def structure(self) -> tuple[int, ...]:
        """The axes that are built or evaluated point by point, not on arrays of machines."""
        return tuple(place for place, axis in enumerate(self.axes) if axis.built)

    @cached_property
    def capacity(self) -> int | None:
        """The axis of SRAM capacities."""
        return next((place for place, axis in enumerate(self.axes) if axis.tag == "sram_bytes"), None)

    def region(self, metric: str, block: Block) -> tuple[slice, ...]:
        """Where a block stands in the array of a metric."""
        return tuple(slice(*block[place]) for place in self.places(metric))

    def networks(self, block: Block) -> Block:
        """A block, the machines but for their capacities left out."""
        return tuple(span if place in self.structure or place == self.capacity else (0, 1) for place, span in enumerate(block))

    # ---- networks

    def prediction(self, where: Mapping[int, Any]) -> Prediction:
        """The prediction at a point of the structure, by places in the axes; a symbol may stand for a point."""
        arguments: dict[str, Any] = {}
        machine: dict[str, Any] = {}
        options = dict(self.options)
        rewrites: list[Any] = []
        fields: dict[type, dict[str, Any]] = {}
        said = []
        for place, index in where.items():
            axis = self.axes[place]
            value = axis.points[index] if isinstance(index, int) else index
            said.append(f"{axis.name}={value}")
            if axis.kind == "hardware":
                machine[axis.key] = value
            elif axis.kind == "builder":
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
            if isinstance(self.subject, Network):
                network = self.subject.rewrite(Sizes(arguments)) if arguments else self.subject
            else:
                network = self.subject(**arguments)
            if not isinstance(network, Network):
                raise FieldError(f"the builder must return a Network, got {type(network).__name__}")
            made = [one(**fields[one]) if isinstance(one, type) else one for one in rewrites]
            return predict(network.rewrite(*made) if made else network, self.base.replace(**machine) if machine else self.base, **options)
        except CostModelError as error:
            raise type(error)(f"{error}; at {', '.join(said)}" if said else str(error)) from None

    @property
    def first(self) -> Prediction:
        """The prediction at the first point of every axis; sizes that a network leaves open stay open."""
        opened = isinstance(self.subject, Network)
        return self.prediction({place: 0 for place in self.structure if not (opened and self.axes[place].kind == "builder")})

    @property
    def last(self) -> Prediction:
        """The prediction at the last point of every axis."""
        opened = isinstance(self.subject, Network)
        places = [place for place in self.structure if not (opened and self.axes[place].kind == "builder")]
        return self.prediction({place: len(self.axes[place]) - 1 for place in places})

    def _closable(self) -> tuple[int, ...]:
        """The axes that a closed form may take: open sizes of a network; numbers of a builder, where there are many of them."""
        builder = tuple(place for place in self.structure if self.axes[place].kind == "builder")
        if isinstance(self.subject, Network):
            return builder
        widths = tuple(place for place in self.structure if self.axes[place].key == "weight_bits")
        numbers = tuple(place for place in sorted((*builder, *widths)) if _plain_numbers(self.axes[place].points))
        lengths = [len(self.axes[place]) for place in numbers]
        compared = 2 * len(lengths) if self.lasting else sum(lengths)
        worth = math.prod(lengths) >= max(WORTH_A_FORMULA, 2 * compared)
        return numbers if worth else ()

    def blocks(self, region: Block) -> list[Block]:
        """A region in blocks that fit a cache, those of one structure one after another."""
        discrete = [place for place in self.structure if place not in self.closed]
        evaluated = [*self.closed, *([] if self.capacity is None else [self.capacity])]
        sizes = [stop - start for start, stop in region]
        for places, most in ((discrete, SEARCHED if self.searches else BUILT), (evaluated, EVALUATED), (range(len(sizes)), POINTS)):
            sizes = shrunk(sizes, most, places)
        return tiles(region, sizes, sorted(range(len(sizes)), key=lambda place: place not in self.structure))

    # ---- machines

    def spread(self, array: Any, place: int) -> Any:
        """A line of values along one of all axes."""
        return array.reshape([-1 if p == place else 1 for p in range(len(self.axes))])

    def machines(self, block: Block, fields: tuple[str, ...] = (), flat: bool = False) -> Hardware:
        """The machines of a block: some of their figures, or all, as arrays along their axes."""
        changes = {}
        for place, axis in enumerate(self.axes):
            if not axis.built and (not fields or axis.key in fields):
                values = axis.coordinate[slice(*block[place])]
                changes[axis.key] = values if flat else self.spread(values, place)
        return self.base.replace(**changes) if changes else self.base


def _plain_numbers(points: tuple[Any, ...]) -> bool:
    return all(isinstance(point, int | float) and not isinstance(point, bool) and point > 0 for point in points)
