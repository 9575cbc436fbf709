"""The figures of a step and of the whole network, each computed when it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from costmodel._num import Num, at_most, is_array, minimum, ratio, total, where
from costmodel.formulas.energy import energy
from costmodel.formulas.time import occupied_macs
from costmodel.layers import Counts, Shape
from costmodel.prediction.chunks import in_chunks
from costmodel.prediction.times import Times, faster
from costmodel.prediction.traffic import Traffic
from costmodel.prediction.workload import Step

if TYPE_CHECKING:
    from costmodel.prediction.prediction import Prediction


class _Timed:
    """The times that follow from bytes, MACs and other operations; rows and totals share them."""

    __slots__ = ("_prediction",)

    def __init__(self, prediction: Prediction) -> None:
        self._prediction = prediction

    macs: Num
    macs_effective: Num
    other_ops: Num
    bus_bytes: Num
    occupied_bytes: Num
    occupied_macs: Any
    occupied_ops: Num
    sram_bytes_moved: Num
    time_overlapped_s: Num
    time_best_s: Num
    _steps: Any

    @property
    def times(self) -> Times:
        """Its time on the bus, on MACs and on other operations."""
        macs = self.macs_effective
        return Times.of(
            self._prediction.hardware, self.occupied_bytes, macs, self.occupied_ops, occupied_macs=self.occupied_macs, steps=self._steps
        )  # fmt: skip

    @property
    def ddr_time_s(self) -> Num:
        """Time on the bus: DDR, or flash on a machine whose weights stream from there. [s]"""
        return self.times.bus_s

    @property
    def mac_time_s(self) -> Num:
        """Time for MACs at the peak rate. [s]"""
        return self.times.mac_s

    @property
    def other_time_s(self) -> Num:
        """Time for all other operations. [s]"""
        return self.times.other_s

    @property
    def overhead_time_s(self) -> Num:
        """What its steps take beside bytes and operations. [s]"""
        return self.times.overhead_s

    @property
    def burst_efficiency(self) -> Num:
        """Bytes that are wanted over those that the bus could have moved meanwhile: below 1 where runs are shorter than bursts."""
        wanted, occupied = self.bus_bytes, self.occupied_bytes
        return 1.0 if wanted is occupied else ratio(wanted, occupied)

    @property
    def time_serial_s(self) -> Num:
        """Time where nothing overlaps. [s]"""
        return self.times.serial_s

    @property
    def peak_fraction(self) -> Num:
        """Share of the peak MAC rate that is reached in the serial time."""
        return self.times.peak_fraction

    @property
    def energy_j(self) -> Num | None:
        """Energy of arithmetic, on-chip accesses and the bus; leakage and control left out. None where weights stream from flash. [J]"""
        if self._prediction.hardware.weights_in_flash:
            return None
        e = self._prediction.energies
        return energy(
            self.macs_effective, self.other_ops, self.sram_bytes_moved, self.bus_bytes,
            e.mac_j, e.other_j, e.sram_j_per_byte, e.ddr_j_per_byte,
        )  # fmt: skip

    @property
    def bound_by(self) -> Any:
        """What binds: "ddr" (or "flash") where the bus takes at least as long as the core, else the larger of "macs" and "other".

        "overhead" where a machine has one that is more than either.
        """
        return self.times.bound_by

    def _timed_dict(self) -> dict[str, Any]:
        times = self.times
        return {
            "ddr_time_s": times.bus_s,
            "mac_time_s": times.mac_s,
            "other_time_s": times.other_s,
            "overhead_time_s": times.overhead_s,
            "time_serial_s": times.serial_s,
            "peak_fraction": times.peak_fraction,
            "bound_by": times.bound_by,
        }


class Row(_Timed):
    """One step of the network: a layer with its epilogues. All figures are of one inference."""

    __slots__ = ("_index", "step")
    _steps = 1

    def __init__(self, prediction: Prediction, index: int) -> None:
        super().__init__(prediction)
        self._index = index
        self.step: Step = prediction.workload.steps[index]

    @property
    def name(self) -> str:
        """Name of the layer."""
        return self.step.name

    @property
    def kind(self) -> str:
        """Kind of the layer."""
        return self.step.nodes[0].layer.kind

    @property
    def epilogues(self) -> tuple[str, ...]:
        """Kinds of what runs on its output before it is written."""
        return tuple(node.layer.kind for node in self.step.nodes[1:])

    @property
    def input_shapes(self) -> tuple[Shape, ...]:
        """Shapes of its inputs."""
        return self.step.input_shapes

    @property
    def output_shapes(self) -> tuple[Shape, ...]:
        """Shapes of its outputs."""
        return self.step.nodes[-1].output_shapes

    @property
    def counts(self) -> Counts:
        """MACs, elementary steps and parameters by role."""
        return self.step.counts

    @property
    def macs(self) -> Num:
        """Multiply-accumulates, taps on padding included. [MAC]"""
        return self.step.counts.macs

    @property
    def macs_effective(self) -> Num:
        """MACs that take time and energy: all, less those with a zero where the machine skips them. [MAC]"""
        return self._prediction.macs_effective_of_steps[self._index]

    @property
    def other_ops(self) -> Num:
        """All other scalar operations, by the table in force. [operation]"""
        return self._prediction.other_ops_of_steps[self._index]

    @property
    def utilisation(self) -> Num:
        """Share of the MAC rate that the machine reaches on such layers."""
        return self._prediction.utilisation(self.step)

    @property
    def occupied_macs(self) -> Num | None:
        """MACs that the core could have done meanwhile; None where all layers reach the MAC rate. [MAC]"""
        return occupied_macs(self.macs_effective, self.utilisation) if self._prediction.hardware.utilisation else None

    @property
    def occupied_ops(self) -> Num:
        """Other operations that the core could have done meanwhile: more where layers are slower at them. [operation]"""
        return self._prediction.occupied_ops_of_steps[self._index]

    @property
    def flops(self) -> Num:
        """2 * macs + other_ops. [FLOP]"""
        return 2 * self.macs + self.other_ops

    @property
    def parameters(self) -> dict[str, Num]:
        """Parameters by role."""
        return self.step.counts.parameters()

    @property
    def weight_bytes(self) -> Num:
        """Bytes of the parameters that move. [B]"""
        return self.step.weight_bytes

    @property
    def input_bytes(self) -> Num:
        """Bytes of the distinct feature maps read. [B]"""
        return self._prediction.workload.bytes_of(self.step.reads)

    @property
    def output_bytes(self) -> Num:
        """Bytes of the feature maps written. [B]"""
        return self._prediction.workload.bytes_of(self.step.writes)

    @property
    def sram_bytes_moved(self) -> Num:
        """Bytes of its weights, inputs and outputs, each once. [B]"""
        return self.weight_bytes + self.input_bytes + self.output_bytes

    @property
    def live_bytes(self) -> Num:
        """Feature maps held while it runs, its inputs and outputs included. [B]"""
        return self._prediction.workload.live_bytes[self._index]

    @property
    def fits_sram(self) -> Num:
        """Whether the live bytes fit the on-chip memory."""
        return at_most(self.live_bytes, self._prediction.hardware.sram_bytes)

    @property
    def _traffic(self) -> Traffic:
        return self._prediction.traffic[self._index]

    @property
    def bus_bytes(self) -> Num:
        """Bytes that cross the bus, to DDR or from flash. [B]"""
        return self._prediction.bus_bytes[self._index]

    @property
    def occupied_bytes(self) -> Num:
        """Bytes that the bus could have moved meanwhile: more than it does where runs are shorter than bursts. [B]"""
        return self._prediction.occupied_bytes[self._index]

    @property
    def ddr_bytes(self) -> Num:
        """Bytes that cross the DDR bus: 0 on a machine without one. [B]"""
        return 0 if self._prediction.hardware.weights_in_flash else self.bus_bytes

    @property
    def flash_bytes_moved(self) -> Num:
        """Bytes of weights that stream from flash: 0 on a machine with DDR. [B]"""
        return self.bus_bytes if self._prediction.hardware.weights_in_flash else 0

    @property
    def ddr_bytes_compulsory(self) -> Num | None:
        """The layer alone, each operand once; None where the policy keeps maps on chip. [B]"""
        return self._traffic.compulsory_bytes

    @property
    def ddr_bytes_bound(self) -> Num | None:
        """What no schedule of the layer alone goes below; None where the policy keeps maps on chip. [B]"""
        return self._traffic.bound_bytes

    @property
    def ddr_bytes_overlapped(self) -> Num:
        """Bytes that cross the DDR bus where it works beside the core: `tiled` has half the SRAM for its tiles then. [B]"""
        return 0 if self._prediction.hardware.weights_in_flash else self._prediction.bus_bytes_overlapped[self._index]

    @property
    def tiles(self) -> Num | None:
        """How many tiles the overlapped time works through; None where the pieces may be as small as one likes."""
        buffered = self._prediction.double_buffered
        return None if buffered is None else buffered[self._index].tiles

    @property
    def overlapped_times(self) -> Times:
        """As `times`, of what is done where the bus works beside the core, but for weights that come early."""
        prediction = self._prediction
        if prediction.double_buffered is None:
            return self.times
        occupied = prediction.occupied_bytes_overlapped[self._index]
        return Times.of(
            prediction.hardware, occupied, self.macs_effective, self.occupied_ops, occupied_macs=self.occupied_macs, tiles=self.tiles
        )  # fmt: skip

    @property
    def time_overlapped_s(self) -> Num:
        """Time where the bus works beside the core: under `tiled` the double-buffered pipeline of its plan in half the SRAM. [s]"""
        if self._prediction.weight_prefetch:
            return self._prediction.prefetching[self._index]
        return self.overlapped_times.overlapped_s

    @property
    def time_best_s(self) -> Num:
        """The lesser of the serial and the overlapped time. [s]"""
        return minimum(self.time_serial_s, self.time_overlapped_s)

    @property
    def faster(self) -> Any:
        """Which of both it is: "serial", or "overlapped" where they are equal too."""
        return faster(self.serial_is_faster, 1)

    @property
    def serial_is_faster(self) -> Num:
        """1 where one after the other takes less than overlapped in half the SRAM, else 0."""
        if self._prediction.double_buffered is None:
            return 0
        return where(at_most(self.time_overlapped_s, self.time_serial_s), 0, 1)

    def to_dict(self) -> dict[str, Any]:
        """The row under the field names of the JSON schema."""
        timed = self._timed_dict()
        timed["time_overlapped_s"] = overlapped = self.time_overlapped_s
        timed["time_best_s"] = minimum(timed["time_serial_s"], overlapped)
        return {field: timed[field] if field in timed else getattr(self, field) for field in ROW_FIELDS}

    def _repr_html_(self) -> str:
        from costmodel.prediction.views import figures

        return figures(self, self.name, self._prediction).to_html()

    def __repr__(self) -> str:
        return f"Row({self.name!r}, {self.kind}, macs={self.macs}, time_serial_s={self.time_serial_s})"


class Total(_Timed):
    """The whole network. Linear totals come from totals of bytes and operations, not from summing rows."""

    __slots__ = ()

    @property
    def _steps(self) -> int:
        return len(self._prediction.workload.steps)

    @property
    def macs(self) -> Num:
        """Multiply-accumulates. [MAC]"""
        return self._prediction.network.totals.macs

    @property
    def macs_effective(self) -> Num:
        """MACs that take time and energy: all, less those with a zero where the machine skips them. [MAC]"""
        prediction = self._prediction
        return self.macs if prediction.hardware.skips_zeros == "none" else total(prediction.macs_effective_of_steps)

    @property
    def other_ops(self) -> Num:
        """All other scalar operations. [operation]"""
        return total(self._prediction.other_ops_of_steps)

    @property
    def flops(self) -> Num:
        """2 * macs + other_ops. [FLOP]"""
        return 2 * self.macs + self.other_ops

    @property
    def occupied_ops(self) -> Num:
        """Other operations that the core could have done meanwhile: more where layers are slower at them. [operation]"""
        return total(self._prediction.occupied_ops_of_steps)

    @property
    def time_interval_s(self) -> tuple[Num, Num] | None:
        """Between what the serial time lies in nine of ten cases, by measurements; None where none are known. [s]"""
        error = self._prediction.error
        if error is None:
            return None
        time_s = self.time_serial_s
        return time_s * error.low, time_s * error.high

    @property
    def occupied_macs(self) -> Num | None:
        """MACs that the core could have done meanwhile; None where all layers reach the MAC rate. [MAC]"""
        if not self._prediction.hardware.utilisation:
            return None
        prediction = self._prediction
        done = zip(prediction.macs_effective_of_steps, prediction.workload.steps, strict=True)
        return total(occupied_macs(macs, prediction.utilisation(step)) for macs, step in done)

    @property
    def parameters(self) -> dict[str, Num]:
        """Parameters by role, then the named totals `trainable`, `all` and `folded`."""
        network = self._prediction.network
        return network.totals.parameters() | {k: v for k, v in network.parameters.items() if k != "weights"}

    @property
    def weight_bytes(self) -> Num:
        """Bytes of the parameters that occupy and move. [B]"""
        return self._prediction.workload.weight_bytes

    @property
    def sram_bytes_moved(self) -> Num:
        """Bytes of weights and feature maps that are read or written on chip, each operand of a layer once. [B]"""
        workload = self._prediction.workload
        return total([step.weight_bytes + workload.bytes_of(step.reads) + workload.bytes_of(step.writes) for step in workload.steps])

    @property
    def peak_live_bytes(self) -> Num:
        """The most feature-map bytes held at once, in the order given. [B]"""
        return self._prediction.workload.peak_live_bytes

    @property
    def fits_sram(self) -> Num:
        """Whether every step's live bytes fit the on-chip memory."""
        return at_most(self.peak_live_bytes, self._prediction.hardware.sram_bytes)

    @property
    def fits_flash(self) -> Num | None:
        """Whether the weights fit the flash; None on a machine without flash."""
        flash = self._prediction.hardware.flash_bytes
        return None if flash is None else at_most(self.weight_bytes, flash)

    @property
    def bus_bytes(self) -> Num:
        """Bytes that cross the bus, to DDR or from flash. [B]"""
        return self._over_steps("bus_bytes")

    @property
    def occupied_bytes(self) -> Num:
        """Bytes that the bus could have moved meanwhile: more than it does where runs are shorter than bursts. [B]"""
        return self._over_steps("bus_bytes" if self._prediction.hardware.burst_bytes is None else "occupied_bytes")

    def _over_steps(self, figure: str) -> Num:
        """The sum of what every step has; arrays of memories or of bursts in chunks."""
        prediction = self._prediction
        if fields := prediction.hardware.arrays.keys() & {"sram_bytes", "burst_bytes"}:
            return in_chunks(prediction.hardware, fields, lambda hw: total(getattr(prediction.on(hw), figure)))
        return total(getattr(prediction, figure))

    @property
    def ddr_bytes(self) -> Num:
        """Bytes that cross the DDR bus: 0 on a machine without one. [B]"""
        return 0 if self._prediction.hardware.weights_in_flash else self.bus_bytes

    @property
    def ddr_bytes_overlapped(self) -> Num:
        """Bytes that cross the DDR bus where it works beside the core: `tiled` has half the SRAM for its tiles then. [B]"""
        return 0 if self._prediction.hardware.weights_in_flash else self._over_steps("bus_bytes_overlapped")

    @property
    def flash_bytes_moved(self) -> Num:
        """Bytes of weights that stream from flash: 0 on a machine with DDR. [B]"""
        return self.bus_bytes if self._prediction.hardware.weights_in_flash else 0

    @property
    def ddr_bytes_bound(self) -> Num | None:
        """What no schedule under the policy goes below; None where the policy is a convention without a bound. [B]"""
        prediction = self._prediction
        if prediction.hardware.weights_in_flash:
            return None
        return prediction.policy.bound_bytes(prediction.workload, prediction.traffic)

    @property
    def time_overlapped_s(self) -> Num:
        """Sum over the rows of the time where the bus works beside the core. [s]"""
        return self._over_rows("time_overlapped_s")

    @property
    def time_best_s(self) -> Num:
        """Sum over the rows of the lesser of the serial and the overlapped time. [s]"""
        return self.time_overlapped_s if self._prediction.never_serial else self._over_rows("time_best_s")

    @property
    def faster(self) -> Any:
        """Which of both they are: "serial", "overlapped", or "mixed"."""
        if self._prediction.never_serial:
            return "overlapped"
        return faster(self._over_rows("serial_is_faster"), self._steps)

    def _over_rows(self, figure: str) -> Num:
        hardware = self._prediction.hardware
        if hardware.arrays:
            return in_chunks(hardware, hardware.arrays, lambda hw: self._prediction.on(hw).total._sum(figure))
        return self._sum(figure)

    def _sum(self, figure: str) -> Num:
        prediction, rows = self._prediction, self._prediction.rows
        if not prediction.hardware.arrays or prediction.weight_prefetch or prediction.double_buffered is not None:
            return total(getattr(row, figure) for row in rows)
        alike: dict[object, list[Row]] = {}
        for row in rows:
            work = (row.occupied_bytes, row.macs_effective, row.occupied_ops, row.utilisation)
            alike.setdefault(id(row) if any(map(is_array, work)) else work, []).append(row)
        return total(getattr(same[0], figure) * len(same) for same in alike.values())

    @property
    def inferences_per_s(self) -> Num | None:
        """Inferences (of the whole batch) a second in the serial time; None where nothing takes time. [1/s]"""
        return _rate(self.time_serial_s)

    @property
    def inferences_per_s_overlapped(self) -> Num | None:
        """Inferences (of the whole batch) a second in the overlapped time; None where nothing takes time. [1/s]"""
        return _rate(self.time_overlapped_s)

    @property
    def coverage(self) -> float:
        """Share of the layers whose cost is known."""
        return self._prediction.network.coverage

    def to_dict(self) -> dict[str, Any]:
        """The totals under the field names of the JSON schema."""
        timed = self._timed_dict() | {"time_overlapped_s": (overlapped := self.time_overlapped_s)}
        if self._prediction.never_serial:
            timed["time_best_s"] = overlapped
        timed |= {"inferences_per_s": _rate(timed["time_serial_s"]), "inferences_per_s_overlapped": _rate(overlapped)}
        return {field: timed[field] if field in timed else getattr(self, field) for field in TOTAL_FIELDS}

    def _repr_html_(self) -> str:
        from costmodel.prediction.views import figures

        return figures(self, f"{self._prediction.network.name} on {self._prediction.hardware.name}", self._prediction).to_html()

    def __repr__(self) -> str:
        return f"Total(macs={self.macs}, ddr_bytes={self.ddr_bytes}, time_serial_s={self.time_serial_s})"


def _rate(time_s: Num) -> Num | None:
    return None if type(time_s) in (int, float) and time_s == 0 else 1 / time_s


ROW_FIELDS = (
    "name", "kind", "epilogues", "input_shapes", "output_shapes", "macs", "macs_effective", "other_ops", "parameters", "weight_bytes",
    "input_bytes", "output_bytes", "live_bytes", "fits_sram", "ddr_bytes", "ddr_bytes_compulsory", "ddr_bytes_bound",
    "ddr_bytes_overlapped", "tiles", "flash_bytes_moved", "burst_efficiency", "utilisation", "ddr_time_s", "mac_time_s", "other_time_s",
    "overhead_time_s", "time_serial_s", "time_overlapped_s", "time_best_s", "faster", "energy_j", "peak_fraction", "bound_by",
)  # fmt: skip
"""The fields of a row, in the order of the JSON schema."""

TOTAL_FIELDS = (
    "macs", "macs_effective", "other_ops", "parameters", "weight_bytes", "peak_live_bytes", "fits_sram", "fits_flash", "ddr_bytes",
    "ddr_bytes_bound", "ddr_bytes_overlapped", "flash_bytes_moved", "burst_efficiency", "ddr_time_s", "mac_time_s", "other_time_s",
    "overhead_time_s", "time_serial_s", "time_interval_s", "time_overlapped_s", "time_best_s", "faster", "inferences_per_s",
    "inferences_per_s_overlapped", "energy_j", "peak_fraction", "bound_by", "coverage",
)  # fmt: skip
"""The fields of the totals, in the order of the JSON schema."""
