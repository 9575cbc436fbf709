"""The figures of a step, each computed when it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from costmodel._num import Num, at_most, minimum, where
from costmodel.formulas.time import occupied_macs
from costmodel.layers import Counts, Shape
from costmodel.prediction.derived import Derived
from costmodel.prediction.times import Times, faster
from costmodel.prediction.traffic import Traffic
from costmodel.prediction.workload import Step

if TYPE_CHECKING:
    from costmodel.prediction.prediction import Prediction

ROW_FIELDS = (
    "name", "kind", "epilogues", "input_shapes", "output_shapes", "macs", "macs_effective", "other_ops", "parameters", "weight_bytes",
    "input_bytes", "output_bytes", "live_bytes", "fits_sram", "ddr_bytes", "ddr_bytes_compulsory", "ddr_bytes_bound",
    "ddr_bytes_overlapped", "tiles", "flash_bytes_moved", "burst_efficiency", "utilisation", "ddr_time_s", "mac_time_s", "other_time_s",
    "overhead_time_s", "time_serial_s", "time_overlapped_s", "time_best_s", "faster", "energy_j", "peak_fraction", "bound_by",
)  # fmt: skip
"""The fields of a row, in the order of the JSON schema."""


class Row(Derived):
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
