"""What crosses the DDR bus: of a layer or a network, under one capacity or as a slope over many."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import pairwise
from math import log
from pathlib import Path
from typing import Any, NamedTuple

from costmodel import quantities
from costmodel._num import Num, is_array, is_symbolic, total
from costmodel.api import as_network
from costmodel.errors import FieldError, SymbolicError
from costmodel.layers import Layer
from costmodel.network import Input, Network
from costmodel.prediction import Policy, Widths, Workload
from costmodel.prediction import policy as policy_of
from costmodel.tables import Column, Table, Tabled


class LayerTraffic(NamedTuple):
    """What one layer moves. All figures in bytes."""

    name: str
    kind: str
    ddr_bytes: Num
    """What crosses the bus."""
    bound_bytes: Num | None
    """What no schedule of the layer alone goes below; None where the policy has no such bound."""
    compulsory_bytes: Num | None
    """Every operand once; None where the policy keeps maps on chip."""
    plan: Any
    """The `Plan` behind the bytes: print it. None where nothing is tiled."""

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values."""
        return self._asdict() | {"plan": None if self.plan is None else self.plan.to_dict()}


class NetworkTraffic(Tabled):
    """What a network moves, layer by layer. Made by `costmodel.traffic`.

    Attributes
    ----------
    network : Network
    sram_bytes : int
    policy : Policy
    layers : tuple of LayerTraffic
    ddr_bytes : int
        What crosses the bus. [B]
    bound_bytes : int or None
        What the whole network can't go below under the policy. [B]
    """

    def __init__(self, network: Network, policy: Policy, widths: Widths, sram_bytes: Num) -> None:
        workload = Workload(network, widths)
        steps = policy.steps(workload, sram_bytes)
        self.network = network
        self.sram_bytes = sram_bytes
        self.policy = policy
        self.layers = tuple(
            LayerTraffic(step.name, step.nodes[0].layer.kind, t.all_bytes, t.bound_bytes, t.compulsory_bytes, t.plan)
            for step, t in zip(workload.steps, steps, strict=True)
        )
        self.ddr_bytes = total(layer.ddr_bytes for layer in self.layers)
        self.bound_bytes = policy.bound_bytes(workload, steps)
        self._whole_plan = policy.plan(workload, sram_bytes)
        self._accumulator_bits = widths.said("accumulator_bits", network)

    @property
    def compulsory_bytes(self) -> Num | None:
        """Every layer's operands once; None where the policy keeps maps on chip. [B]"""
        parts = [layer.compulsory_bytes for layer in self.layers]
        return None if any(part is None for part in parts) else total(parts)

    @property
    def plan(self) -> Any:
        """The plan of every tiled layer by its name; under "fused" the plan of the whole network."""
        if self._whole_plan is not None:
            return self._whole_plan
        return {layer.name: layer.plan for layer in self.layers if layer.plan is not None}

    def __getitem__(self, name: str) -> LayerTraffic:
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise FieldError(f"there is no layer {name!r}; the layers are {', '.join(layer.name for layer in self.layers)}")

    def _ipython_key_completions_(self) -> list[str]:
        return [layer.name for layer in self.layers]

    def table(self) -> Table:
        """One row a layer: what it moves, what it must move, and what it keeps; under "fused" one row a group."""
        if self._whole_plan is not None:
            return self._whole_plan.table()  # type: ignore[no-any-return]
        rows = [
            layer._asdict()
            | {"of_bound": None if not layer.bound_bytes else layer.ddr_bytes / layer.bound_bytes}
            | {"held_bytes": layer.plan and layer.plan.held_bytes, "plan": layer.plan and layer.plan.sentence}
            for layer in self.layers
        ]
        footer = {"name": "total", "ddr_bytes": self.ddr_bytes, "bound_bytes": self.bound_bytes, "compulsory_bytes": self.compulsory_bytes}
        notes = [f"SRAM {quantities.show(self.sram_bytes, 'B')}, traffic {self.policy}, sums of {self._accumulator_bits} bits"]
        return Table(_COLUMNS, rows, title=f"DDR traffic of {self.network.name}", notes=notes, footer=footer)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values."""
        return {
            "schema": 1,
            "network": self.network.name,
            "sram_bytes": self.sram_bytes,
            "policy": str(self.policy),
            "ddr_bytes": self.ddr_bytes,
            "bound_bytes": self.bound_bytes,
            "compulsory_bytes": self.compulsory_bytes,
            "plan": {name: plan.to_dict() for name, plan in self.plan.items()} if self._whole_plan is None else self.plan.to_dict(),
            "layers": [{k: v for k, v in layer._asdict().items() if k != "plan"} for layer in self.layers],
        }


_COLUMNS = (
    Column("name", "layer"),
    Column("kind", "kind", rank=4),
    Column("ddr_bytes", "DDR", "B"),
    Column("compulsory_bytes", "compulsory", "B", rank=1),
    Column("bound_bytes", "bound", "B", rank=2),
    Column("of_bound", "DDR / bound", "", lambda v: "-" if v is None else f"{v:.3f}", rank=3),
    Column("held_bytes", "held", "B", rank=5),
    Column("plan", "plan", rank=6),
)


class Knee(NamedTuple):
    """A capacity beyond which more SRAM pays less."""

    sram_bytes: int
    ddr_bytes: int
    name: str


class SkiSlope(Tabled):
    """Traffic against capacity. Made by `costmodel.ski_slope`.

    Attributes
    ----------
    network : Network
    capacities : numpy.ndarray
        [B]
    ddr_bytes, bound_bytes : numpy.ndarray
        At each capacity. [B]
    compulsory_bytes : int
        [B]
    """

    def __init__(self, network: Network, widths: Widths, capacities: Any) -> None:
        self.network = network
        self.capacities = capacities
        self._policy = policy_of("tiled")
        self._workload = Workload(network, widths)
        steps = self._policy.steps(self._workload, capacities)
        self.ddr_bytes = total(step.all_bytes for step in steps)
        self.bound_bytes = total(step.bound_bytes for step in steps)
        self.compulsory_bytes = total(step.compulsory_bytes for step in steps)

    @cached_property
    def knees(self) -> tuple[Knee, ...]:
        """The corners of the curve: no capacity between two of them lies below their line, both axes logarithmic.

        A corner that spares less than a twentieth is left out, but for the last.
        """
        import numpy as np

        from costmodel.prediction.tiled.policy import capacities_of_steps

        low, high = self.capacities.min(), self.capacities.max()
        tried = np.unique(np.concatenate((capacities_of_steps(self._workload), [low])))
        tried = tried[(tried >= low) & (tried <= high)]
        moved = np.broadcast_to(total(step.all_bytes for step in self._policy.steps(self._workload, tried)), tried.shape)
        first = np.concatenate(([True], moved[1:] < moved[:-1]))
        corners = _lower_corners([(int(s), int(q)) for s, q in zip(tried[first], moved[first], strict=True)])
        kept = [corners[0], *(b for a, b in pairwise(corners) if 20 * b[1] <= 19 * a[1])]
        kept += [corners[-1]] * (kept[-1] != corners[-1])
        return tuple(Knee(s, q, self._named(s)) for s, q in kept)

    def _named(self, sram_bytes: int) -> str:
        steps = self._policy.steps(self._workload, sram_bytes)
        tiled = [step for step in steps if step.plan is not None]
        once = sum(step.all_bytes == step.compulsory_bytes for step in tiled)
        if once == len(tiled):
            return "compulsory: every operand once" + (f"; {tiled[0].plan.sentence}" if len(tiled) == 1 else "")
        return str(tiled[0].plan.sentence) if len(tiled) == 1 else f"{once} of {len(tiled)} tiled layers at their compulsory traffic"

    def table(self) -> Table:
        """One row a capacity."""
        rows = [
            {"sram_bytes": s, "ddr_bytes": q, "bound_bytes": b, "of_compulsory": q / self.compulsory_bytes}
            for s, q, b in zip(*(column.tolist() for column in self._columns()), strict=True)
        ]
        columns = [Column("sram_bytes", "SRAM", "B"), Column("ddr_bytes", "DDR", "B"), Column("bound_bytes", "bound", "B"),
                   Column("of_compulsory", "DDR / compulsory", "", lambda v: f"{v:.3f}")]  # fmt: skip
        sums = self._workload.widths.said("accumulator_bits", self._workload.network)
        notes = [f"compulsory {quantities.show(self.compulsory_bytes, 'B')}; sums of {sums} bits"]
        return Table(columns, rows, title=f"DDR traffic of {self.network.name} by capacity", notes=notes)

    def _columns(self) -> tuple[Any, Any, Any]:
        import numpy as np

        shape = self.capacities.shape
        return self.capacities, np.broadcast_to(self.ddr_bytes, shape), np.broadcast_to(self.bound_bytes, shape)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values."""
        capacities, ddr, bound = (column.tolist() for column in self._columns())
        return {
            "schema": 1, "network": self.network.name, "capacities": capacities, "ddr_bytes": ddr, "bound_bytes": bound,
            "compulsory_bytes": int(self.compulsory_bytes), "knees": [knee._asdict() for knee in self.knees],
        }  # fmt: skip


def _lower_corners(points: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The lower convex hull of points by rising x, in logarithms."""
    hull: list[tuple[int, int]] = []
    for point in points:
        while len(hull) > 1 and _turns_right(hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    return hull


def _turns_right(a: tuple[int, int], b: tuple[int, int], c: tuple[int, int]) -> bool:
    (ax, ay), (bx, by), (cx, cy) = ((log(x), log(y)) for x, y in (a, b, c))
    return (bx - ax) * (cy - ay) <= (by - ay) * (cx - ax)


def traffic(
    what: Layer | Network | str,
    input_shapes: Any = None,
    *,
    sram: Any = "1 MiB",
    policy: str | Policy = "tiled",
    activation_bits: int | None = None,
    weight_bits: int | None = None,
    accumulator_bits: int | None = None,
) -> LayerTraffic | NetworkTraffic:
    """What a layer or a network moves over the DDR bus, and how it comes to move no more.

    Parameters
    ----------
    what : Layer, Network or str
        A layer, a network, or the name of one in the zoo.
    input_shapes : tuple, optional
        Of a layer: the shape of its input, batch and channels first, or a list of shapes where it has several.
    sram : int or str
        The capacity, in bytes or as "64 KiB".
    policy : str or Policy
        Who crosses the bus: "tiled" (each layer alone, at the least that a tiling of its loops reaches), "fused" (groups of layers
        run together), or any other that `predict` takes.
    activation_bits, weight_bits : int, optional
        Widths; None keeps what a network says, and 8 where it says nothing.
    accumulator_bits : int
        Width of unfinished sums.

    Returns
    -------
    LayerTraffic or NetworkTraffic
        With `ddr_bytes`, `bound_bytes`, `compulsory_bytes` and `plan`.

    Raises
    ------
    FieldError
        A capacity that holds not even one element of each operand, or shapes where none belong.
    SymbolicError
        Symbols, or an array for the capacity (see `ski_slope`).

    Examples
    --------
    >>> import costmodel as cm
    >>> found = cm.traffic(cm.layers.Conv2d(64, 3, padding=0, bias=False), (1, 64, 18, 18), sram=602, accumulator_bits=8)
    >>> found.ddr_bytes, found.compulsory_bytes
    (385024, 73984)
    >>> for line in str(found.plan).splitlines()[:14]:
    ...     print(line)
    keep 8 output channels' sums (64 positions each),
    hold the 3x3 weights of 8 output channels by 1 input channel 4 times,
    stream inputs (3 rows x 6 columns of 1 channel) 8 times
      inputs 221,184 B = 8 passes x 64 planes x 18 rows x 24 columns x 1 B
      weights 147,456 B = 4 passes x 36,864 weights x 1 B
      outputs 16,384 B = 16,384 x 1 B
      together 385,024 B; compulsory 73,984 B; bound 255,216 B
      held 602 of 602 B
        inputs 18 B = 1 picture x 1 channel x 3 rows x 6 columns x 1 B
        weights 72 B = 8 output channels x 1 input channel x 3 x 3 taps x 1 B
        sums 512 B = 8 output channels x 1 picture x 16 x 4 positions x 1 B
      8 passes of inputs: 64 output channels, 8 at a time: 8 tiles
      4 passes of weights: 16 output columns, 4 at a time: 4 tiles
      24 columns: 16 output columns, 4 at a time, read 4 x 6 of 18
    >>> cm.traffic("mobilenet_v1", sram="128 KiB").ddr_bytes == cm.traffic("mobilenet_v1", sram="128 KiB").compulsory_bytes
    True
    """
    widths = Widths(weight_bits, activation_bits, accumulator_bits)
    found = NetworkTraffic(_subject(what, input_shapes), policy_of(policy), widths, _capacity(sram))
    if not isinstance(what, Layer):
        return found
    return found.layers[0] if found.layers else LayerTraffic(what.kind, what.kind, 0, 0, 0, None)  # an alias moves nothing


def ski_slope(
    what: Layer | Network | str,
    capacities: Sequence[Any] | Any,
    input_shapes: Any = None,
    *,
    activation_bits: int | None = None,
    weight_bits: int | None = None,
    accumulator_bits: int | None = None,
) -> SkiSlope:
    """The least tiled traffic of a layer or a network at many capacities.

    Parameters
    ----------
    what : Layer, Network or str
        A layer, a network, or the name of one in the zoo.
    capacities : sequence of int or str
        In bytes, or as "64 KiB".
    input_shapes : tuple, optional
        Of a layer: the shape of its input, or a list of shapes where it has several.
    activation_bits, weight_bits, accumulator_bits : int, optional
        As `traffic` takes them.

    Returns
    -------
    SkiSlope
        `capacities`, `ddr_bytes` and `bound_bytes` as arrays, `knees` by name, and a `table()`.

    Raises
    ------
    FieldError
        A capacity that holds not even one element of each operand.

    Examples
    --------
    >>> import costmodel as cm
    >>> slope = cm.ski_slope(cm.layers.Dense(4096, bias=False), [273, 4161, 65_793], (4096, 4096), accumulator_bits=8)
    >>> slope.ddr_bytes.tolist()
    [8606711808, 2164260864, 553648128]
    """
    import numpy as np

    if isinstance(capacities, str) or not isinstance(capacities, Iterable):
        raise FieldError(f"`capacities` (={capacities!r}) must be several capacities, e.g. ['8 KiB', '64 KiB']")
    figures = [_capacity(one) for one in capacities]
    if not figures:
        raise FieldError("`capacities` is empty; give at least one, e.g. ['64 KiB']")
    widths = Widths(weight_bits, activation_bits, accumulator_bits)
    return SkiSlope(_subject(what, input_shapes), widths, np.array(figures))


def _subject(what: Any, input_shapes: Any) -> Network:
    if not isinstance(what, Layer | Network | str | Path):
        raise FieldError(f"`what` (={what!r}) must be a layer, a Network, the name of one in the zoo or a file")
    if not isinstance(what, Layer):
        if input_shapes is not None:
            raise FieldError(f"`input_shapes` (={input_shapes!r}) goes with a layer; a network has its own")
        return as_network(what)
    if input_shapes is None:
        raise FieldError(f"`input_shapes` is missing; {what!r} needs the shape of its input, e.g. (1, 64, 56, 56)")
    if not isinstance(input_shapes, tuple | list) or not input_shapes:
        raise FieldError(f"`input_shapes` (={input_shapes!r}) must be a shape, batch and channels first, or a list of shapes")
    shapes = input_shapes if isinstance(input_shapes[0], tuple | list) else [input_shapes]
    inputs = [Input(tuple(shape), name=f"input_{index}") for index, shape in enumerate(shapes)]
    return Network.of(what(*inputs, name=what.kind), name=what.kind)


def _capacity(sram: Any) -> int | float:
    if is_symbolic(sram) or is_array(sram):
        raise SymbolicError(f"a capacity (={sram}) must be one plain number; `ski_slope` takes a list of them, and formulas take symbols")
    return quantities.parse(sram, "bytes") if isinstance(sram, str) else quantities.positive(sram, f"the capacity {sram!r}")
