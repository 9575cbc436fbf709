"""What a sweep can tell: each figure with its unit, its number type and what it depends on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from costmodel._num import Num, total
from costmodel.errors import FieldError, UnknownNameError
from costmodel.hardware import Hardware
from costmodel.network import PARAMETER_TOTALS
from costmodel.prediction import Prediction

_NETWORK = ("network",)
_WORKLOAD = ("network", "workload")
_BUS = ("network", "workload", "policy", "sram_bytes")
ENERGIES = ("mac_j", "other_j", "sram_j_per_byte", "ddr_j_per_byte")
_DONE = ("network", "skips_zeros")
_MACS = (*_DONE, "utilisation")
_BURSTS = (*_BUS, "burst_bytes")
_TIMES = (*_BURSTS, "utilisation", "skips_zeros", "bus_rate", "mac_flops_per_s", "other_ops_per_s", "overhead_s")

TEXT = "<U8"
"""The number type of words: "ddr", "flash", "macs", "other" or "overhead"."""


class Metric(NamedTuple):
    """A figure of the whole network."""

    unit: str
    dtype: str
    depends: tuple[str, ...]
    """Tags of the axes that change it; "bus_rate" is that of DDR, or of flash on a machine without DDR."""
    needs: tuple[str, ...] = ()
    """The roots that it is made of."""

    def tags(self, hardware: Hardware) -> frozenset[str]:
        """What it depends on, on this machine."""
        rate = "flash_bytes_per_s" if hardware.weights_in_flash else "ddr_bytes_per_s"
        return frozenset(rate if tag == "bus_rate" else tag for tag in self.depends)


def _parameters(role: str) -> Callable[[Prediction], Num]:
    return lambda p: p.total.parameters[role]


ROLES = tuple(dict.fromkeys((*PARAMETER_TOTALS, "biases", "norm_affine", "norm_statistics", "constants")))

ROOTS: dict[str, tuple[Callable[[Prediction], Num], tuple[str, ...]]] = {
    "macs": (lambda p: p.total.macs, _NETWORK),
    "macs_effective": (lambda p: p.total.macs_effective, _DONE),
    "other_ops": (lambda p: p.total.other_ops, _NETWORK),
    **{role: (_parameters(role), _NETWORK) for role in ROLES},
    "coverage": (lambda p: p.total.coverage, _NETWORK),
    "weight_bytes": (lambda p: p.total.weight_bytes, _WORKLOAD),
    "peak_live_bytes": (lambda p: p.total.peak_live_bytes, _WORKLOAD),
    "sram_bytes_moved": (lambda p: p.total.sram_bytes_moved, _WORKLOAD),
    "bus_bytes": (lambda p: total(p.bus_bytes), _BUS),
    "occupied_bytes": (lambda p: total(p.occupied_bytes), _BURSTS),
    "occupied_macs": (lambda p: p.total.macs_effective if p.total.occupied_macs is None else p.total.occupied_macs, _MACS),
    "overhead_time_s": (lambda p: p.hardware.overhead_s * len(p.workload.steps), (*_WORKLOAD, "overhead_s")),
    "ddr_bytes_bound": (lambda p: p.total.ddr_bytes_bound, _BUS),
    **{joules: (lambda p, joules=joules: getattr(p.energies, joules), _WORKLOAD) for joules in ENERGIES},  # type: ignore[misc]
}
"""What is read from a prediction at every point of the structure, with what it depends on; all else is arithmetic on whole arrays."""

_COUNTS: dict[str, str] = {"macs": "MAC", "other_ops": "operation", **dict.fromkeys(ROLES, "parameter")}
_WORK = ("occupied_bytes", "macs_effective", "occupied_macs", "other_ops", "overhead_time_s")

METRICS: dict[str, Metric] = {
    **{name: Metric(unit, "int64", _NETWORK, (name,)) for name, unit in _COUNTS.items()},
    "macs_effective": Metric("MAC", "int64", _DONE, ("macs_effective",)),
    "flops": Metric("FLOP", "int64", _NETWORK, ("macs", "other_ops")),
    "coverage": Metric("", "float64", _NETWORK, ("coverage",)),
    "weight_bytes": Metric("B", "int64", _WORKLOAD, ("weight_bytes",)),
    "peak_live_bytes": Metric("B", "int64", _WORKLOAD, ("peak_live_bytes",)),
    "sram_bytes_moved": Metric("B", "int64", _WORKLOAD, ("sram_bytes_moved",)),
    "fits_sram": Metric("", "bool", (*_WORKLOAD, "sram_bytes"), ("peak_live_bytes",)),
    "fits_flash": Metric("", "bool", (*_WORKLOAD, "flash_bytes"), ("weight_bytes",)),
    "ddr_bytes": Metric("B", "int64", _BUS, ("bus_bytes",)),
    "flash_bytes_moved": Metric("B", "int64", _BUS, ("bus_bytes",)),
    "ddr_bytes_bound": Metric("B", "float64", _BUS, ("ddr_bytes_bound",)),
    "ddr_time_s": Metric("s", "float64", (*_BURSTS, "bus_rate"), _WORK),
    "mac_time_s": Metric("s", "float64", (*_MACS, "mac_flops_per_s"), _WORK),
    "other_time_s": Metric("s", "float64", ("network", "other_ops_per_s"), _WORK),
    "overhead_time_s": Metric("s", "float64", (*_WORKLOAD, "overhead_s"), ("overhead_time_s",)),
    "time_serial_s": Metric("s", "float64", _TIMES, _WORK),
    "time_overlapped_s": Metric("s", "float64", _TIMES),
    "time_best_s": Metric("s", "float64", _TIMES),
    "inferences_per_s": Metric("1/s", "float64", _TIMES, _WORK),
    "inferences_per_s_overlapped": Metric("1/s", "float64", _TIMES),
    "peak_fraction": Metric("", "float64", _TIMES, _WORK),
    "bound_by": Metric("", TEXT, _TIMES, _WORK),
    "energy_j": Metric(
        "J", "float64", (*_BUS, "skips_zeros", *ENERGIES), ("bus_bytes", "macs_effective", "other_ops", "sram_bytes_moved", *ENERGIES)
    ),
}
"""Every metric by its name: the fields of a prediction's totals, and parameters by role."""

DEFAULT = ("macs", "weight_bytes", "peak_live_bytes", "ddr_bytes", "time_serial_s")


def metrics_of(metrics: str | Iterable[str]) -> tuple[str, ...]:
    """The names, checked."""
    names = (metrics,) if isinstance(metrics, str) else tuple(metrics)
    for name in names:
        if name not in METRICS:
            raise UnknownNameError.of("metric", name, METRICS)
    if not names or len(set(names)) < len(names):
        raise FieldError(f"`metrics` (={metrics!r}) must name at least one metric, none of them twice")
    return names


def units(name: str) -> dict[str, Any]:
    """The attributes of a variable."""
    return {"units": METRICS[name].unit} if METRICS[name].unit else {}
