"""A network on a machine. Every figure is computed when it is read; nothing is stored a row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from costmodel._num import Num, is_array, is_symbolic, minimum, total
from costmodel.errors import FieldError, MissingExtraError, SymbolicError, UnknownNameError
from costmodel.formulas.operations import OTHER_OPS
from costmodel.formulas.time import occupied_bytes, occupied_ops
from costmodel.hardware import Error, Hardware
from costmodel.hardware.energies import Energies
from costmodel.layers import Counts
from costmodel.network import Network, Node
from costmodel.network.storage import PLAIN
from costmodel.prediction.prefetch import Work, prefetching
from costmodel.prediction.rows import Row
from costmodel.prediction.shares import shares
from costmodel.prediction.totals import Total
from costmodel.prediction.traffic import Policy, Traffic
from costmodel.prediction.views import EXACT_COLUMNS, layers
from costmodel.prediction.widths import Widths
from costmodel.prediction.workload import Step, Workload
from costmodel.tables import Table, Tabled

if TYPE_CHECKING:
    import pandas
    import xarray

    from costmodel.prediction.explained import Explanation
    from costmodel.prediction.memory import Memory


class Prediction(Tabled):
    """What a network costs on a machine: rows, totals, and the assumptions behind them.

    Index it by a layer's name or position; iterate over its rows. Made by `costmodel.predict`.

    Attributes
    ----------
    network : Network
    hardware : Hardware
    policy : Policy
        Who crosses the DDR bus.
    widths : Widths
    total : Total
    rows : tuple of Row

    Examples
    --------
    >>> import costmodel as cm
    >>> p = cm.predict("mobilenet_v1", "pardhi")
    >>> p.total.ddr_bytes, p.total.bound_by
    (6769064, 'ddr')
    >>> p["conv1"].output_shapes, p["conv1"].macs == 112 * 112 * 32 * 3 * 3 * 3
    (((1, 32, 112, 112),), True)
    """

    def __init__(
        self,
        network: Network,
        hardware: Hardware,
        policy: Policy,
        widths: Widths = Widths(),  # noqa: B008
        *,
        fuse_epilogues: bool = True,
        other_ops: Mapping[str, Num] | None = None,
        workload: Workload | None = None,
        weight_prefetch: bool = False,
    ) -> None:
        self.network = network
        self.hardware = hardware
        self.policy = policy
        self.widths = widths
        self.fuse_epilogues = fuse_epilogues
        self.weight_prefetch = weight_prefetch
        if weight_prefetch and not policy.one_by_one:
            raise FieldError(f"`weight_prefetch` needs layers that run one after another; under traffic {policy.name!r} they run together")
        if not isinstance(other_ops, Mapping | None):
            raise FieldError(f"`other_ops` (={other_ops!r}) must map rows of the other-operations table to operations")
        self.replaced_ops = dict(other_ops or {})
        for step, cost in self.replaced_ops.items():
            if step not in OTHER_OPS:
                raise UnknownNameError.of("row of the other-operations table", step, OTHER_OPS)
            if not is_symbolic(cost) and (isinstance(cost, bool) or not isinstance(cost, int) or cost < 0):
                raise FieldError(f"`other_ops[{step!r}]` (={cost!r}) must be an integer of at least 0 or a symbol")
        self._table = {step: row.ops for step, row in OTHER_OPS.items()} | self.replaced_ops
        if policy.needs_ddr and hardware.weights_in_flash:
            raise FieldError(
                f"traffic {policy.name!r} plans what crosses a bus to DDR, which {hardware.name!r} doesn't have: "
                f"its maps stay in SRAM; use 'resident'"
            )
        if hardware.arrays and network.symbols:
            names = ", ".join(sorted(map(str, network.symbols)))
            raise SymbolicError(
                f"network {network.name!r} holds symbols ({names}) and hardware {hardware.name!r} an array "
                f"({', '.join(hardware.arrays)}); give the symbols values, or the machine plain figures or symbols"
            )
        self.workload = workload or Workload(network, widths, fuse_epilogues)
        self.total = Total(self)

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """One row a step."""
        return tuple(Row(self, index) for index in range(len(self.workload.steps)))

    @cached_property
    def traffic(self) -> list[Traffic]:
        """The traffic of every step."""
        return self.policy.steps(self.workload, self.hardware.sram_bytes)

    @property
    def plan(self) -> Any:
        """How the whole network runs, where the policy makes a plan of it (`fused`: its groups); else None."""
        return self.policy.plan(self.workload, self.hardware.sram_bytes)

    @cached_property
    def memory(self) -> Memory:
        """What is held in the order of execution: the tensors at the peak, what single changes would save, an arena.

        Examples
        --------
        >>> import costmodel as cm
        >>> [(t.name, t.n_bytes) for t in cm.predict("mobilenet_v1").memory.live_at_peak]      # 112*112*64 and 112*112*32
        [('block1/pw/act', 802816), ('block1/dw/act', 401408)]
        """
        from costmodel.prediction.memory import Memory

        return Memory(self.workload, "given")

    @cached_property
    def double_buffered(self) -> list[Traffic] | None:
        """The traffic of every step where bus and core overlap; None where that is `traffic`."""
        return self.policy.double_buffered(self.workload, self.hardware.sram_bytes)

    @property
    def never_serial(self) -> bool:
        """Whether no step can be faster one after the other: overlapping costs it no bytes."""
        return self.double_buffered is None

    @cached_property
    def bus_bytes(self) -> tuple[Num, ...]:
        """Bytes that every step moves over the bus: weights alone where they stream from flash."""
        return self._bus_bytes(self.traffic)

    @cached_property
    def bus_bytes_overlapped(self) -> tuple[Num, ...]:
        """Bytes that every step moves over the bus where it works beside the core."""
        return self.bus_bytes if self.double_buffered is None else self._bus_bytes(self.double_buffered)

    def _bus_bytes(self, steps: list[Traffic]) -> tuple[Num, ...]:
        if self.hardware.weights_in_flash:
            return tuple([traffic.weight_bytes for traffic in steps])
        return tuple([traffic.all_bytes for traffic in steps])

    @cached_property
    def occupied_bytes(self) -> tuple[Num, ...]:
        """Bytes that the bus could have moved while it moved those of every step: more where runs are shorter than bursts."""
        return self._occupied(self.bus_bytes, self.traffic)

    @cached_property
    def occupied_bytes_overlapped(self) -> tuple[Num, ...]:
        """As `occupied_bytes`, where the bus works beside the core."""
        return self._occupied(self.bus_bytes_overlapped, self.double_buffered or self.traffic)

    def _occupied(self, moved: tuple[Num, ...], steps: list[Traffic]) -> tuple[Num, ...]:
        burst = self.hardware.burst_bytes
        if burst is None or self.hardware.weights_in_flash:
            return moved
        return tuple([n if t.runs is None else _in_bursts(n, t.runs(burst), burst) for n, t in zip(moved, steps, strict=True)])

    def utilisation(self, step: Step) -> Num:
        """Share of the MAC rate that the machine reaches on a step: that of its variety, else of its kind, else all of it."""
        shares = self.hardware.utilisation
        if not shares:
            return 1
        node = step.nodes[0]
        return shares.get(node.variety(), shares.get(node.layer.kind, 1))

    @cached_property
    def occupied_ops_of_steps(self) -> tuple[Num, ...]:
        """Other operations that the core could have done meanwhile, of every step: more for layers that are slower than others."""
        shares = self.hardware.utilisation
        if not any(node.layer.kind in shares for step in self.workload.steps for node in step.nodes):
            return self.other_ops_of_steps
        return tuple(
            ops + total(self._waiting_ops(node, shares[node.layer.kind]) for node in step.nodes if node.layer.kind in shares)
            for ops, step in zip(self.other_ops_of_steps, self.workload.steps, strict=True)
        )

    def _waiting_ops(self, node: Node, share: Num) -> Num:
        """Operations that the core could have done beside those of a layer without MACs; a share of other layers is that of their MACs."""
        counts = node.counts()
        if type(counts.macs) is not int or counts.macs != 0:
            return 0
        ops = self.other_ops(counts)
        return occupied_ops(ops, share) - ops

    @property
    def error(self) -> Error | None:
        """How far such predictions lay from measured times; None where the machine isn't calibrated, or not for these assumptions."""
        found = self.hardware.error
        if found is None or self.policy.name != found.traffic:
            return None
        bits = {self.widths.said(kind, self.network) for kind in ("weight_bits", "activation_bits")}
        return found if bits == {found.bits} else None

    def _calibration(self) -> str:
        """What measurements say of the times."""
        known = self.hardware.error
        if known is None:
            return "are not calibrated against measurements"
        if self.error is None:
            return f"are calibrated for traffic {known.traffic} in {known.bits} bits; here their error is not known"
        return known.said

    @cached_property
    def prefetching(self) -> list[Num]:
        """The overlapped time of every step, weights of the next fetched while the bus is idle."""
        hw, steps = self.hardware, self.double_buffered or self.traffic
        if self.symbols:
            names = ", ".join(sorted(map(str, self.symbols)))
            raise SymbolicError(f"`weight_prefetch` goes from layer to layer and needs plain figures or arrays, got symbols ({names})")
        work = [
            Work(
                row.overlapped_times,
                minimum(step.weight_bytes, traffic.weight_bytes),
                live if traffic.held_bytes is None else traffic.held_bytes,
            )
            for row, step, traffic, live in zip(self.rows, self.workload.steps, steps, self.workload.live_bytes, strict=True)
        ]
        return prefetching(work, hw.sram_bytes, hw.weight_bytes_per_s)

    @cached_property
    def other_ops_of_steps(self) -> tuple[Num, ...]:
        """Other operations of every step."""
        return tuple(self.other_ops(step.counts) for step in self.workload.steps)

    @cached_property
    def macs_effective_of_steps(self) -> tuple[Num, ...]:
        """MACs of every step that this machine does: where it skips zeros, those that meet none."""
        if (skips := self.hardware.skips_zeros) == "none":
            return tuple([step.counts.macs for step in self.workload.steps])
        counts = self.network.counts
        return tuple(
            [
                total([(node.storage or PLAIN).effective_macs(counts[node.name].macs, skips) for node in s.nodes])
                for s in self.workload.steps
            ]
        )

    def other_ops(self, counts: Counts) -> Num:
        """Other operations of elementary steps, by the table in force."""
        return total(self._table[step] * number for step, number in counts.other)

    @cached_property
    def energies(self) -> Energies:
        """Joules of an operation and of a byte: the machine's, else those of a published table at the width of the feature maps."""
        return Energies.of(self.hardware, self.widths.operand(self.network))

    @property
    def options(self) -> dict[str, Any]:
        """What was asked beside network and machine: ``costmodel.predict(p.network, p.hardware, **p.options)`` says the same again."""
        return {
            "traffic": self.policy, "order": "given" if self.workload.order is None else "best", "fuse_epilogues": self.fuse_epilogues,
            **self.widths.fields(), "other_ops": self.replaced_ops, "weight_prefetch": self.weight_prefetch,
        }  # fmt: skip

    def on(self, hardware: Hardware) -> Prediction:
        """The same network under the same assumptions on another machine."""
        return Prediction(
            self.network, hardware, self.policy, self.widths,
            fuse_epilogues=self.fuse_epilogues, other_ops=self.replaced_ops, workload=self.workload,
            weight_prefetch=self.weight_prefetch,
        )  # fmt: skip

    @cached_property
    def assumptions(self) -> dict[str, Any]:
        """What the figures rest on; every rendering shows them."""
        widths = self.widths
        found: dict[str, Any] = {
            "traffic": str(self.policy),
            "fuse_epilogues": self.fuse_epilogues,
            **{kind: widths.said(kind, self.network) for kind in ("weight_bits", "activation_bits", "accumulator_bits")},
            "parameters": widths.parameters,
            "order": self.policy.order if self.workload.order is None else "best",
        }
        if self.weight_prefetch:
            found["weight_prefetch"] = "weights of the next layer come while the bus is idle, where they fit; overlapped times only"
        if self.hardware.burst_bytes is not None:
            found["bursts"] = "rows of tiles; maps that move whole and weights stand in a row"
        found |= self.policy.said(self.workload, self.hardware.sram_bytes)
        found |= {f"other_ops.{step}": cost for step, cost in self.replaced_ops.items()}
        if (skips := self.hardware.skips_zeros) != "none":
            found["skips_zeros"] = f"{skips}: a MAC with a zero takes neither time nor energy"
        if self.hardware.weights_in_flash:
            found["weights"] = "stream from flash; feature maps must fit the SRAM"
        else:
            found["energy"] = f"{self.energies.said}; each operand of a layer once on chip"
        found["figures"] = self._calibration()
        if self.network.assumptions:
            found["reading"] = list(self.network.assumptions)
        if (coverage := self.network.coverage) < 1:
            found["coverage"] = f"{100 * coverage:.1f} % of the layers have a cost rule; totals are lower bounds"
        if open_conditions := self.network.conditions:
            found["conditions"] = [str(condition) for condition, _ in open_conditions]
        if steps := [f"{s} is a multiple of {s.multiple_of}" for s in sorted(self.symbols, key=str) if getattr(s, "multiple_of", None)]:
            found.setdefault("conditions", []).extend(steps)
        return found

    @property
    def symbols(self) -> frozenset[Any]:
        """The free symbols of network and machine."""
        return self.network.symbols | self.hardware.symbols

    def __getitem__(self, key: str | int) -> Row:
        if isinstance(key, int):
            return self.rows[key]
        for row in self.rows:
            if row.name == key or any(node.name == key for node in row.step.nodes):
                return row
        raise UnknownNameError.of("layer", key, (row.name for row in self.rows))

    def _ipython_key_completions_(self) -> list[str]:
        return [row.name for row in self.rows]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def table(self, *, rows: str = "fused", exact: bool = False) -> Table:
        """The rows as a table: `rows="fused"` has one a step, `rows="all"` one a node; `exact` shows every figure."""
        return layers(self, rows=rows, exact=exact)

    def shares(self, by: str = "type") -> Table:
        """Where the cost lies: MACs, weights, DDR bytes and serial time by group, with the share of each in the total.

        Parameters
        ----------
        by : str
            "type" (pointwise, depthwise, grouped and standard convolutions, dense, ...), "stage" (the height and width of what
            is written) or "block" (what stands before the last / of a layer's name).

        Examples
        --------
        >>> import costmodel as cm
        >>> for row in cm.predict("mobilenet_v1").shares().rows[:3]:              # Table 2 of the paper: 94.86 and 3.06 %
        ...     print(row["type"], f"{row['macs_share']:.2%}")
        standard 1.91%
        depthwise 3.06%
        pointwise 94.86%
        """
        return shares(self, by)

    def explain(self, layer: str | int | None = None) -> Explanation:
        """How each figure came about: the formula, its values, the result, and where the formula is from.

        Parameters
        ----------
        layer : str or int, optional
            A layer's name or position; None is the whole network.

        Returns
        -------
        Explanation
            A derivation a figure, in words in a terminal and with formulas in a notebook.

        Raises
        ------
        UnknownNameError
            No such layer.

        Examples
        --------
        >>> import costmodel as cm
        >>> print(cm.predict("mobilenet_v1").explain("conv1")["macs"])
        macs = kernel_size^2 × batch × out_channels × out_height × out_width × floor(in_channels / groups)
             = 3^2 × 1 × 32 × 112 × 112 × floor(3 / 1)
             = 10,838,016 MAC = 10.84 MMAC
          source: conv.macs: Howard et al., MobileNets, arXiv:1704.04861, equations 2, 3 and 5.
        <BLANKLINE>

        The numbers come from the formulas that made the prediction, asked with symbols:

        >>> macs = cm.predict("mobilenet_v1").explain("conv1")["macs"]
        >>> macs.evaluate() == macs.result == 112*112*32 * 3*3*3
        True
        """
        from costmodel.prediction.explained import of_row, of_total

        return of_total(self) if layer is None else of_row(self, self[layer])

    def to_csv(self) -> str:
        """Every figure of every row, exact; the assumptions in the last column."""
        return self.table(exact=True).to_csv()

    def to_dataframe(self) -> pandas.DataFrame:
        """Every figure of every row, exact, indexed by layer; the assumptions stand in `attrs`."""
        frame = self.table(exact=True).select(*(column.key for column in EXACT_COLUMNS)).to_dataframe().set_index("name")
        frame.attrs.update(self.assumptions)
        return frame

    def to_dataset(self) -> xarray.Dataset:
        """The totals over the axes of the machine's arrays, with units in `attrs`.

        Axes that are one long everywhere are dropped; the others are called `axis_0`, `axis_1`, ...
        """
        try:
            import xarray as xr
        except ImportError:
            raise MissingExtraError.of("xarray", "explore", "a Dataset") from None
        import numpy as np

        arrays = self.hardware.arrays
        shape = np.broadcast_shapes(*(a.shape for a in arrays.values()))
        dims = [f"axis_{index}" for index in range(len(shape))]
        values = {key: getattr(self.total, key) for key in ("macs", "ddr_bytes", "time_serial_s", "time_overlapped_s")}
        data = {key: (dims, np.broadcast_to(value, shape)) for key, value in (arrays | values).items()}
        return xr.Dataset(data, attrs={"network": self.network.name, "hardware": self.hardware.name, **self.assumptions})

    def to_dict(self) -> dict[str, Any]:
        """Everything under the field names of the JSON schema; values keep their carriers."""
        hw = self.hardware
        plan = None if is_array(hw.sram_bytes) else self.plan
        return {
            "schema": 1,
            "network": self.network.name,
            "hardware": {"name": hw.name, **hw.figures},
            "assumptions": self.assumptions,
            "layers": [row.to_dict() for row in self.rows],
            "totals": self.total.to_dict(),
        } | ({} if plan is None else {"plan": plan.to_dict()})


def _in_bursts(moved: Num, runs: tuple[tuple[Num, Num], ...], burst: Num) -> Num:
    """Bytes that the bus could have moved meanwhile."""
    return moved + total(occupied_bytes(n_bytes, run, burst) - n_bytes for n_bytes, run in runs)
