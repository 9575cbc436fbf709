"""The traffic policy `tiled`: every layer at its least under the capacity of the SRAM."""

from __future__ import annotations

from math import inf
from typing import Any, ClassVar

from costmodel._num import Num, at_most, bytes_of, floor_div, is_array, is_symbolic, total, where
from costmodel.errors import FieldError, SymbolicError
from costmodel.layers import Layer
from costmodel.layers.linear import Dense, MatMul
from costmodel.prediction.tiled.bound import bound_bytes, compulsory_bytes
from costmodel.prediction.tiled.nest import Bits, Nest, nest_of
from costmodel.prediction.traffic import Policy, Traffic
from costmodel.prediction.workload import Step, Workload


class Tiled(Policy):
    """Each layer alone, all operands in DDR: the least traffic under the SRAM over all tilings of its loops.

    Convolutions, dense layers and matrix products are tiled; every other layer moves each operand once.
    """

    name: ClassVar[str] = "tiled"
    needs_ddr: ClassVar[bool] = True

    def steps(self, workload: Workload, sram_bytes: Num) -> list[Traffic]:
        if is_symbolic(sram_bytes):
            raise SymbolicError(
                f"the least tiling needs plain figures, got an SRAM of {sram_bytes}; give a number or an array, or see cm.ski_slope"
            )
        return [_step(step, workload, sram_bytes) for step in workload.steps]

    def double_buffered(self, workload: Workload, sram_bytes: Num) -> list[Traffic]:
        """Each layer at its least in half the SRAM: the other half is loaded and stored meanwhile.

        A layer of which half the SRAM holds no tile runs as it does in all of it, and overlaps nothing.
        """
        return [_halved(step, workload, sram_bytes) for step in workload.steps]

    def said(self, workload: Workload, sram_bytes: Num) -> dict[str, Any]:
        return {"overlapped": "double buffered: tilings of half the SRAM; a best time takes the faster schedule for each layer"}

    def bound_bytes(self, workload: Workload, steps: list[Traffic]) -> Num | None:
        return total(step.bound_bytes for step in steps)


def capacities_of_steps(workload: Workload) -> Any:
    """Every capacity at which some layer moves less than below it."""
    import numpy as np

    from costmodel.prediction.tiled.search import stairs

    held = (stairs(*pair).held_bytes for pair in _nests(workload))
    return np.unique(np.concatenate([np.array([], dtype=np.int64), *held]))


def least_capacity(workload: Workload) -> int:
    """The least capacity under which every layer has a tiling."""
    from costmodel.prediction.tiled.search import smallest

    return max((smallest(*pair) for pair in _nests(workload)), default=1)


def _nests(workload: Workload) -> set[tuple[Nest, Bits]]:
    """The distinct loop nests of a network with the widths of their operands."""
    return {pair for step in workload.steps if (pair := nest_and_bits(step, workload)) is not None}


def nest_and_bits(step: Step, workload: Workload) -> tuple[Nest, Bits] | None:
    """A step as a nest of loops and the widths of its operands; None where each operand moves once whatever is held."""
    node = step.nodes[0]
    nest = nest_of(node.layer, tuple([node.seen(shape) for shape in node.input_shapes]), node.seen(node.output_shapes[0]))
    return None if nest is None else (nest, _bits(step, workload))


def _halved(step: Step, workload: Workload, sram_bytes: Num) -> Traffic:
    found = nest_and_bits(step, workload)
    if found is None:
        return _step(step, workload, sram_bytes)
    from costmodel.prediction.tiled.pipeline import at_each, tiles
    from costmodel.prediction.tiled.search import smallest

    (nest, bits), half = found, floor_div(sram_bytes, 2)
    enough = at_most(smallest(nest, bits), half)
    capacity = where(enough, half, sram_bytes)
    many = where(enough, at_each(nest, bits, capacity, tiles), 1)
    held = where(enough, 2 * at_each(nest, bits, capacity, lambda plan: plan.held_bytes), sram_bytes)
    return _step(step, workload, capacity)._replace(tiles=many, held_bytes=held)


def _step(step: Step, workload: Workload, sram_bytes: Num) -> Traffic:
    found = nest_and_bits(step, workload)
    if found is None:
        read, write = workload.bytes_of(step.reads), workload.bytes_of(step.writes)
        least = step.weight_bytes + read + write
        return Traffic(step.weight_bytes, read, write, least, least)
    try:
        return _tiled(step, workload, *found, sram_bytes)
    except FieldError as error:
        raise FieldError(f"layer {step.name!r}: {error}") from None


def _bits(step: Step, workload: Workload) -> Bits:
    node, widths, nodes = step.nodes[0], workload.widths, workload.network.nodes
    if node.storage is not None and node.storage.compressed:
        raise FieldError(
            f"layer {step.name!r} stores its weights with {node.storage}; a tiling knows one width: use 'resident' or 'compulsory'"
        )
    operands = [widths.activation(nodes[workload.stored[ref].node]) for ref in node.inputs]
    weight = operands[1] if isinstance(node.layer, MatMul) else widths.weight(node)
    bits = Bits(operands[0], weight, widths.activation(step.nodes[-1]), widths.accumulator(step.nodes[0]))
    if any(is_symbolic(width) for width in bits):
        raise SymbolicError(f"the tiling of layer {step.name!r} needs plain widths, got {bits}")
    return bits


def _tiled(step: Step, workload: Workload, nest: Nest, bits: Bits, sram_bytes: Num) -> Traffic:
    node = step.nodes[0]
    product = isinstance(node.layer, MatMul)
    own = {workload.stored[ref] for ref in node.inputs}
    beside = workload.bytes_of(tuple(ref for ref in step.reads if ref not in own))
    parameters = step.weight_bytes - (0 if product else bytes_of(nest.weights, bits.weight))
    inputs, weights, sums, plan = _moved(nest, bits, sram_bytes)
    compulsory = compulsory_bytes(nest, bits)
    if product and len(own) == 1:
        compulsory -= bytes_of(nest.weights, bits.weight)  # a matrix times itself is there when it has come once
    bound = bound_bytes(nest, bits, sram_bytes) if len(own) == len(node.inputs) else compulsory
    extra = beside + parameters

    def runs(burst_bytes: Num) -> tuple[tuple[Num, Num], ...]:
        """Inputs, the second operand of a product, outputs; weights stand as they are read."""
        from costmodel.prediction.tiled import pipeline

        last = node.channels_last or _flat(node.layer)
        burst = inf if is_symbolic(burst_bytes) else burst_bytes.max() if is_array(burst_bytes) else burst_bytes
        known = pipeline.at_each(nest, bits, sram_bytes, lambda plan: pipeline.runs(plan, last, burst))
        first, second, made = (known[..., i] for i in range(3)) if is_array(sram_bytes) else known
        found = (inputs, bytes_of(first, bits.input)), (sums, bytes_of(made, bits.output))
        return (*found, (weights, bytes_of(second, bits.weight))) if product else found

    return Traffic(
        (0 if product else weights) + parameters, inputs + (weights if product else 0) + beside, sums,
        compulsory + extra, bound + extra, plan, runs=runs,
    )  # fmt: skip


def _flat(layer: Layer) -> bool:
    """Whether channels stand last whatever the network says: in rows of dense layers and products."""
    return isinstance(layer, Dense | MatMul)


def _moved(nest: Nest, bits: Bits, sram_bytes: Num) -> tuple[Any, Any, Any, Any]:
    """Bytes of inputs, weights and sums, and the plan where the capacity is one."""
    from costmodel.prediction.tiled.plan import Plan
    from costmodel.prediction.tiled.search import least

    if is_array(sram_bytes):
        Plan(nest, bits, sram_bytes.min().item())  # says what is wrong where the smallest does not do
        return *least(nest, bits, sram_bytes), None
    plan = Plan(nest, bits, sram_bytes)
    inputs, weights, sums = plan.ddr_bytes_of.values()
    return inputs, weights, sums, plan
