"""Traffic policies: who crosses the DDR bus. One class a policy, found by its name."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate
from typing import Any, ClassVar, NamedTuple

from costmodel._num import Num, at_most, total, where
from costmodel._record import Record
from costmodel.errors import CostModelError, FieldError, UnknownNameError
from costmodel.layers.fields import Flag
from costmodel.network import TensorRef
from costmodel.prediction.workload import Step, Workload


class Traffic(NamedTuple):
    """Bytes that one step moves."""

    weight_bytes: Num
    read_bytes: Num
    """Feature maps in."""
    write_bytes: Num
    """Feature maps out."""
    compulsory_bytes: Num | None = None
    """The layer alone, all operands in DDR: each once. None where maps stay on chip."""
    bound_bytes: Num | None = None
    """What no schedule of the layer alone can go below. None where maps stay on chip."""
    plan: Any = None
    """How a tiled layer comes to these bytes, a `Plan`; None where the policy makes none."""
    tiles: Num | None = None
    """How many tiles run through a double buffer; None where the pieces may be as small as one likes."""
    held_bytes: Num | None = None
    """What is held on chip meanwhile; None where it is the live bytes."""
    runs: Callable[[Num], tuple[tuple[Num, Num], ...]] | None = None
    """Bytes that move in runs, each with the bytes of a run, given those of a burst; None where maps move whole."""

    @property
    def all_bytes(self) -> Num:
        """Everything that moves."""
        return self.weight_bytes + self.read_bytes + self.write_bytes


POLICIES: dict[str, type[Policy]] = {}
"""Every policy class by its name."""


class Policy(Record):
    """A rule that says which bytes cross the bus. A subclass with a `name` is registered."""

    name: ClassVar[str]
    order: ClassVar[str] = "given"
    """In which order the steps run."""
    needs_ddr: ClassVar[bool] = False
    """Whether it weighs feature maps against weights on a bus to DDR, so that it means nothing on a machine without one."""
    one_by_one: ClassVar[bool] = True
    """Whether steps run one after another, so that the weights of the next may come early."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if cls.name in POLICIES:
            raise CostModelError(f"traffic policy {cls.name!r} is already registered by {POLICIES[cls.name].__qualname__}")
        POLICIES[cls.name] = cls

    def steps(self, workload: Workload, sram_bytes: Num) -> list[Traffic]:
        """The traffic of every step."""
        raise CostModelError(f"traffic policy {self.name!r} moves nothing; write its `steps`")

    def double_buffered(self, workload: Workload, sram_bytes: Num) -> list[Traffic] | None:
        """The traffic of every step where bus and core overlap in half the buffer; None where that is the same as one after the other."""
        return None

    def said(self, workload: Workload, sram_bytes: Num) -> dict[str, Any]:
        """What people should know of its choices, with the assumptions."""
        return {}

    def plan(self, workload: Workload, sram_bytes: Num) -> Any:
        """How the whole network runs, where the policy makes a plan of it; else None."""
        return None

    def bound_bytes(self, workload: Workload, steps: list[Traffic]) -> Num | None:
        """What the whole network can't go below, or None where the policy is a convention without a bound."""
        return workload.weight_bytes + workload.boundary_bytes

    def __str__(self) -> str:
        options = ", ".join(f"{k}={v}" for k, v in self.fields().items() if v != getattr(type(self), k, None))
        return f"{self.name} ({options})" if options else self.name


class Weights(Policy):
    """Weights only, and nothing else: the rule of Pardhi's paper.

    Parameters
    ----------
    round_trip : bool
        Whether weights move back again, as they do in the paper.
    """

    name: ClassVar[str] = "weights"
    round_trip: Flag = False

    def steps(self, workload: Workload, sram_bytes: Num) -> list[Traffic]:
        return [Traffic(step.weight_bytes * (1 + self.round_trip), 0, 0) for step in workload.steps]

    def bound_bytes(self, workload: Workload, steps: list[Traffic]) -> Num | None:
        return None


class Compulsory(Policy):
    """Every layer's inputs, weights and outputs once: each layer alone, with room enough."""

    name: ClassVar[str] = "compulsory"

    def steps(self, workload: Workload, sram_bytes: Num) -> list[Traffic]:
        return [self._step(step, workload) for step in workload.steps]

    def _step(self, step: Step, workload: Workload) -> Traffic:
        read, write = workload.bytes_of(step.reads), workload.bytes_of(step.writes)
        least = step.weight_bytes + read + write
        return Traffic(step.weight_bytes, read, write, least, least)

    def bound_bytes(self, workload: Workload, steps: list[Traffic]) -> Num | None:
        return total(step.bound_bytes for step in steps)


class Resident(Policy):
    """Weights once; a feature map stays on chip if and only if the live bytes fit the SRAM from its write to its last read.

    A map that does not stay is written once and read once for each consumer. Inputs and outputs of the network always
    cross once.

    Parameters
    ----------
    steady_state : bool
        Whether inference follows inference, so that weights which fit beside the peak of live bytes stay: those of the first layers.
        "residency" chooses them.
    """

    name: ClassVar[str] = "resident"
    steady_state: Flag = False

    def steps(self, workload: Workload, sram_bytes: Num) -> list[Traffic]:
        stays = {ref: at_most(crowd, sram_bytes) for ref, crowd in workload.crowd_bytes.items()}
        weights, kept = self._weights(workload, sram_bytes)
        return [
            Traffic(
                weights[index],
                total(self._read(ref, index, workload, stays[ref]) for ref in step.reads),
                total(self._write(ref, workload, stays[ref]) for ref in step.writes),
                held_bytes=None if kept is None else workload.live_bytes[index] + kept,
            )
            for index, step in enumerate(workload.steps)
        ]

    def _weights(self, workload: Workload, sram_bytes: Num) -> tuple[list[Num], Num | None]:
        """Weights that cross in every step, and what stays of them."""
        weights = [step.weight_bytes for step in workload.steps]
        if not self.steady_state:
            return weights, None
        crowds = accumulate(weights, initial=workload.peak_live_bytes)
        moved = [where(at_most(crowd, sram_bytes), 0, w) for w, crowd in zip(weights, [*crowds][1:], strict=True)]
        return moved, total(weights) - total(moved)

    def bound_bytes(self, workload: Workload, steps: list[Traffic]) -> Num | None:
        return total(step.weight_bytes for step in steps) + workload.boundary_bytes

    @staticmethod
    def _read(ref: TensorRef, step: int, workload: Workload, stays: Num) -> Num:
        fmap = workload.maps[ref]
        comes_in = fmap.producer < 0 and step == fmap.consumers[0]
        return fmap.n_bytes if comes_in else where(stays, 0, fmap.n_bytes)

    @staticmethod
    def _write(ref: TensorRef, workload: Workload, stays: Num) -> Num:
        fmap = workload.maps[ref]
        return fmap.n_bytes if fmap.is_output else where(stays, 0, fmap.n_bytes)


def policy(traffic: str | Policy, **options: Any) -> Policy:
    """The policy of a name with its options; a policy object passes through."""
    if isinstance(traffic, Policy):
        if options:
            raise FieldError(f"options ({', '.join(options)}) go with a policy's name; {traffic!r} is complete")
        return traffic
    if traffic not in POLICIES:
        raise UnknownNameError.of("traffic policy", traffic, POLICIES)
    known = [*POLICIES[traffic].__annotations__] if traffic in POLICIES else []
    known = [name for name in known if name != "name"]
    if unknown := [name for name in options if name not in known]:
        raise FieldError(
            f"neither `predict` nor its traffic policy {traffic!r} takes `{unknown[0]}` (its options: {', '.join(known) or 'none'}); "
            f"arguments of a network go to its builder, e.g. cm.zoo.mobilenet_v1(resolution=192)"
        )
    return POLICIES[traffic](**options)
