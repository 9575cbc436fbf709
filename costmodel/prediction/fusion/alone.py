"""One layer alone, cut into tiles along its channels too: the least of the policy `tiled`, where its rows would move more.

The layer's own maps are in DDR, before and after; what stays on chip for other layers takes its bytes of the capacity. Sums are held
in the SRAM, at the width of the accumulators. What an elementwise step behind it reads comes once, and meets the finished sums.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from costmodel._num import bytes_of
from costmodel.layers.linear import MatMul
from costmodel.prediction.fusion.tasks import Tasks, tileable
from costmodel.prediction.tiled.bound import compulsory_bytes
from costmodel.prediction.tiled.nest import Bits, Nest

if TYPE_CHECKING:
    from costmodel.prediction.tiled.plan import Plan


class Alone(NamedTuple):
    """A task that may be tiled."""

    nest: Nest
    bits: Bits
    own: frozenset[int]
    """The maps that its layer reads tile by tile."""
    product: bool
    """Whether the second operand is a map, too."""
    beside: int
    """Bytes of its weights that are no operand of the nest: of the steps behind it."""
    again: int
    """Bytes of its own maps that a step behind the layer reads once more."""

    @property
    def least_bytes(self) -> int:
        """What every tiling moves, and the weights of the steps behind it."""
        return compulsory_bytes(self.nest, self.bits) + self.beside


class Tiling(NamedTuple):
    """How a layer alone is tiled, and what crosses the bus."""

    plan: Plan
    weight_bytes: int
    read_bytes: int
    write_bytes: int

    @property
    def ddr_bytes(self) -> int:
        """Everything that moves."""
        return self.weight_bytes + self.read_bytes + self.write_bytes


def alone(tasks: Tasks, task: int) -> Alone | None:
    """A task as a nest of loops; None where its layer has none."""
    one, workload = tasks.tasks[task], tasks.workload
    step = workload.steps[one.steps[0]]
    found = tileable(workload, step)
    number = {tasks.maps[read.map].ref: read.map for read in one.reads}
    own = frozenset(index for ref in step.nodes[0].inputs if (index := number.get(workload.stored[ref])) is not None)
    if found is None or not own or len(one.writes) != 1:
        return None
    nest, bits = found
    product = isinstance(step.nodes[0].layer, MatMul)
    weights = one.weight_bytes - (0 if product else bytes_of(nest.weights, bits.weight))
    again = {read.map for read in one.reads if read.map in own and read.step != one.steps[0]}
    return Alone(nest, bits, own, product, weights, sum(tasks.maps[index].n_bytes for index in again))


def tile(tasks: Tasks, one: Alone, loaded: tuple[int, ...], room: int) -> Tiling | None:
    """The least tiling of a task whose own maps are in DDR; None where nothing fits."""
    from costmodel.prediction.tiled.plan import Plan

    if room < least_room(one):
        return None
    plan = Plan(one.nest, one.bits, room)
    inputs, weights, sums = plan.ddr_bytes_of.values()
    others = one.again + sum(tasks.maps[index].n_bytes for index in loaded if index not in one.own)
    read = inputs + others + (weights if one.product else 0)
    return Tiling(plan, one.beside + (0 if one.product else weights), read, sums)


def least_room(one: Alone) -> int:
    """The least capacity that a tiling does with."""
    from costmodel.prediction.tiled.search import smallest

    return smallest(one.nest, one.bits)
