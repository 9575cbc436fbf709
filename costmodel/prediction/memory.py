"""What must be held: the order, the live bytes, the tensors at the peak, and an arena for all."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from functools import cached_property
from typing import Any, NamedTuple

from costmodel import quantities
from costmodel._num import Num
from costmodel.errors import FieldError, UnknownNameError
from costmodel.prediction.arena import Arena, Rectangle, allocate
from costmodel.prediction.in_place import buffer_graph, choices
from costmodel.prediction.liveness import BufferGraph
from costmodel.prediction.order import Order, best_order, given_order
from costmodel.prediction.progress import progress
from costmodel.prediction.savings import savings
from costmodel.prediction.workload import Workload
from costmodel.tables import Column, Table
from costmodel.tables.table import to_json

ORDERS = ("best", "given")
TIME_LIMIT_S = 10.0


class Tensor(NamedTuple):
    """A tensor in time and space: half open, as MiniMalloc has it."""

    name: str
    n_bytes: int
    lower: int
    """The first step, by its place in the order, at which it has a place of its own."""
    upper: int
    """One after the last."""
    offset: int
    """Its address in the arena."""


class Memory:
    """What a network must hold: an order of execution, its peak of live bytes, and an arena. Made by `costmodel.memory`.

    Everything is worked out when it is read.

    Attributes
    ----------
    workload : Workload
    kind : "best" or "given"
    in_place : tuple of str
        The choices in force.
    """

    def __init__(
        self, workload: Workload, order: str = "best", in_place: str | Iterable[str] = (), time_limit_s: float = TIME_LIMIT_S
    ) -> None:
        if order not in ORDERS:
            raise UnknownNameError.of("order", order, ORDERS)
        if isinstance(time_limit_s, bool) or not isinstance(time_limit_s, int | float) or not time_limit_s > 0:
            raise FieldError(f"`time_limit_s` (={time_limit_s!r}) must be a positive number of seconds")
        self.workload = workload
        self.in_place = choices(in_place)
        self.time_limit_s = time_limit_s
        self.kind = order if workload.order is None else "best"
        self._search = order == "best" and workload.order is None
        if self._search or self.in_place:
            _ = self.graph

    @cached_property
    def graph(self) -> BufferGraph:
        """The steps and the buffers they touch."""
        return buffer_graph(self.workload, self.in_place)

    @cached_property
    def found(self) -> Order:
        """The order as positions of steps, with its bounds."""
        if not self._search:
            return given_order(self.graph)
        with progress() as tell:
            return best_order(
                self.graph, self.time_limit_s,
                lambda done, low, high: tell(
                    f"order of {self.workload.network.name}: {done} of {len(self.graph.steps)} steps settled, "
                    f"peak between {low:,} and {high:,} B"
                ),
            )  # fmt: skip

    @cached_property
    def _arena(self) -> Arena:
        graph, steps = self.graph, self.found.steps
        rectangles = [
            Rectangle(buffer.name, *span, buffer.n_bytes)
            for buffer, span in zip(graph.buffers, graph.taken_over(steps), strict=True)
        ]  # fmt: skip
        together = []
        for position, choice in graph.overwritten(steps).items():
            together.append((choice.old, choice.new))
            if choice.scratch_bytes:
                name = f"{graph.steps[steps[position]]} (rows kept aside)"
                rectangles.append(Rectangle(name, position, position + 1, choice.scratch_bytes))
        with progress() as tell:
            return allocate(
                rectangles, together, time_limit_s=self.time_limit_s,
                report=lambda height, bound: tell(f"arena of {self.workload.network.name}: {height:,} B, bound {bound:,} B"),
            )  # fmt: skip

    @property
    def symbolic(self) -> bool:
        """Whether only the order given has an answer: `peak_live_bytes` and `live_bytes` as formulas."""
        return not self._search and not self.in_place and any(type(m.n_bytes) is not int for m in self.workload.maps.values())

    @property
    def order(self) -> tuple[str, ...]:
        """The names of the steps in the order of execution."""
        names = [step.name for step in self.workload.steps]
        return tuple(names[index] for index in self.found.steps) if self._search else tuple(names)

    @cached_property
    def live_bytes(self) -> tuple[Num, ...]:
        """Bytes live at every step of the order. [B]"""
        return self.workload.live_bytes if self.symbolic else self.graph.live_bytes(self.found.steps)

    @property
    def peak_live_bytes(self) -> Num:
        """The most bytes live at a step of the order. [B]"""
        return self.workload.peak_live_bytes if self.symbolic else self.found.peak_bytes

    @property
    def lower_bound_bytes(self) -> int:
        """No order has a lower peak. [B]"""
        return self.found.lower_bound_bytes

    @property
    def optimal(self) -> bool:
        """Whether the order is proved to be one of least peak."""
        return self.found.optimal

    @property
    def arena_bytes(self) -> int:
        """The height of an arena that holds all tensors; the peak is its lower bound. [B]"""
        return self._arena.height_bytes

    @property
    def arena_gap(self) -> float:
        """How far the arena is above the peak, as a fraction."""
        return self._arena.gap

    @cached_property
    def tensors(self) -> tuple[Tensor, ...]:
        """All tensors with their steps and addresses."""
        placed = zip(self._arena.rectangles, self._arena.offsets, strict=True)
        return tuple(Tensor(r.name, r.n_bytes, r.lower, r.upper, offset) for r, offset in placed)

    @property
    def peak_step(self) -> str:
        """The first step at which the peak is reached; empty where nothing is computed."""
        return self.order[self._peak_at] if self.order else ""

    @property
    def _peak_at(self) -> int:
        return self.live_bytes.index(self.peak_live_bytes) if self.live_bytes else 0

    @property
    def live_at_peak(self) -> tuple[Tensor, ...]:
        """The tensors that are held at the peak, largest first; one that is written over another stands as that other."""
        held = (tensor for tensor in self.tensors if tensor.lower <= self._peak_at < tensor.upper)
        return tuple(sorted(held, key=lambda tensor: -tensor.n_bytes))

    def savings(self) -> Table:
        """What each single change would save of the peak under this order, the most first.

        Fuse two steps: the map between them is not held. Split a step: it works on the upper, then on the lower half of its rows,
        and gives back what it has read. Drop a residual: the shortcut of an add is not held. Write in place, or take the best order.

        Examples
        --------
        >>> import costmodel as cm
        >>> cm.memory("mobilenet_v2").savings().rows[0]["change"]
        'fuse'
        """
        return savings(self)

    def rectangles(self) -> list[dict[str, Any]]:
        """The arena as a picture: for every tensor its steps (`x`, `width`) and its addresses (`y`, `height`).

        Examples
        --------
        >>> import costmodel as cm
        >>> cm.memory("lenet_300_100").rectangles()[0]
        {'name': 'input', 'x': 0, 'width': 1, 'y': 0, 'height': 784}
        """
        return [
            {"name": t.name, "x": t.lower, "width": t.upper - t.lower, "y": t.offset, "height": t.n_bytes}
            for t in self.tensors
            if t.upper > t.lower
        ]

    @property
    def _activation_bits(self) -> Any:
        return self.workload.widths.said("activation_bits", self.workload.network)

    @property
    def notes(self) -> list[str]:
        """The figures and what they rest on, in words."""
        proof = "proved least" if self.optimal else f"no order below {self.lower_bound_bytes:,} B"
        fused = "fused" if self.workload.fuse_epilogues else "not fused"
        return [
            f"peak {self.peak_live_bytes:,} B ({quantities.show(self.peak_live_bytes, 'B')}) at {self.peak_step}; {proof}",
            f"arena {self.arena_bytes:,} B: lower bound {self.peak_live_bytes:,} B, gap {self.arena_gap:.2%}, by {self._arena.found_by}",
            f"assumptions: order {self.kind}, in place {', '.join(self.in_place) or 'nothing'}, epilogues {fused}, "
            f"activation bits {self._activation_bits}",
        ]

    def table(self) -> Table:
        """The tensors held at the peak, with the figures as notes."""
        columns = (
            Column("name", "tensor"), Column("n_bytes", "size", "B"), Column("share", "of peak", "", lambda v: f"{100 * v:.1f} %"),
            Column("first", "first step"), Column("last", "last step"), Column("offset", "address", "B", lambda v: f"{v:,}"),
        )  # fmt: skip
        order = self.order
        rows = [
            {
                "name": t.name, "n_bytes": t.n_bytes, "share": t.n_bytes / self.peak_live_bytes, "first": order[t.lower],
                "last": order[t.upper - 1], "offset": t.offset,
            }
            for t in self.live_at_peak
        ]  # fmt: skip
        return Table(columns, rows, title=f"{self.workload.network.name}: held at the peak", notes=self.notes)

    def to_dict(self) -> dict[str, Any]:
        """Everything, under the field names of the JSON document."""
        return {
            "schema": 1,
            "network": self.workload.network.name,
            "assumptions": {
                "order": self.kind,
                "in_place": list(self.in_place),
                "fuse_epilogues": self.workload.fuse_epilogues,
                "activation_bits": self._activation_bits,
            },
            "peak_live_bytes": self.peak_live_bytes,
            "lower_bound_bytes": self.lower_bound_bytes,
            "optimal": self.optimal,
            "arena_bytes": self.arena_bytes,
            "arena_gap": self.arena_gap,
            "arena_found_by": self._arena.found_by,
            "in_place": list(self.in_place),
            "order": list(self.order),
            "live_bytes": list(self.live_bytes),
            "peak_step": self.peak_step,
            "live_at_peak": [tensor._asdict() for tensor in self.live_at_peak],
            "tensors": [tensor._asdict() for tensor in self.tensors],
            "savings": [dict(row) for row in self.savings().rows],
        }

    def to_json(self) -> str:
        """Everything as JSON."""
        return to_json(self.to_dict())

    def to_csv(self) -> str:
        """The tensors as MiniMalloc reads them: id, lower, upper, size, and the offset found."""
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["id", "lower", "upper", "size", "offset"])
        writer.writerows([t.name, t.lower, t.upper, t.n_bytes, t.offset] for t in self.tensors if t.upper > t.lower)
        return stream.getvalue()

    def to_html(self) -> str:
        """The tables of the peak and of what changes save, as HTML."""
        return self.table().to_html() + self.savings().to_html()

    def _repr_html_(self) -> str | None:
        return None if self.symbolic else self.to_html()

    def __repr__(self) -> str:
        return f"Memory({self.workload.network.name!r}, order={self.kind!r}, peak_live_bytes={self.peak_live_bytes})"
