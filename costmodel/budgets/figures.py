"""What a budget may limit, and where a prediction's document holds it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from costmodel import quantities
from costmodel._num import Num
from costmodel.errors import FieldError, QuantityError


class Figure(NamedTuple):
    """A figure that a budget may limit."""

    heading: str
    unit: str
    dimension: str
    """Of `quantities`."""
    total: str
    """Its key among the totals of a prediction's document."""
    layer: str
    """Its key in a layer."""
    adds_up: bool = True
    """Whether the layers' figures add up; of a peak the largest counts."""

    def of_totals(self, totals: Mapping[str, Any]) -> Num:
        """The figure of the whole network."""
        return _read(totals, self.total)

    def of_layer(self, layer: Mapping[str, Any]) -> Num:
        """The figure of one layer."""
        return _read(layer, self.layer)

    def show(self, value: Num) -> str:
        """A value for people."""
        return quantities.show(value, self.unit)

    def value(self, given: Any) -> Num:
        """A limit: a text with its unit; counts and bytes may be plain numbers, as their names say what they count."""
        if isinstance(given, str):
            return quantities.parse(given, self.dimension)
        if self.dimension in ("s", "j") and isinstance(given, int | float) and not isinstance(given, bool):
            raise QuantityError(f'{given!r} has no unit; write a text with its unit, e.g. "{given} m{self.unit}"')
        return quantities.positive(given)

    def growth(self, given: Any) -> tuple[float, Num]:
        """What may be added to an older value: a share of it, and an amount."""
        if isinstance(given, str) and given.strip().endswith("%"):
            try:
                share = float(given.strip().removesuffix("%"))
            except ValueError:
                share = -1.0
            if not 0 <= share < 1e6:
                raise FieldError(f'{given!r} must be a share such as "2 %", of 0 or more')
            return share / 100, 0
        if given == 0 and not isinstance(given, bool):
            return 0.0, 0
        return 0.0, self.value(given)


def _read(document: Mapping[str, Any], key: str) -> Num:
    value = document[key]
    return sum(value[role] for role in ("weights", "biases", "norm_affine")) if key == "parameters" else value


FIGURES = {
    "macs": Figure("MACs", "", "count", "macs", "macs"),
    "other_ops": Figure("other operations", "", "count", "other_ops", "other_ops"),
    "parameters": Figure("trainable parameters", "", "count", "parameters", "parameters"),
    "weight_bytes": Figure("weights", "B", "bytes", "weight_bytes", "weight_bytes"),
    "peak_live_bytes": Figure("peak of live bytes", "B", "bytes", "peak_live_bytes", "live_bytes", adds_up=False),
    "ddr_bytes": Figure("DDR traffic", "B", "bytes", "ddr_bytes", "ddr_bytes"),
    "time": Figure("serial time", "s", "s", "time_serial_s", "time_serial_s"),
    "time_overlapped": Figure("overlapped time", "s", "s", "time_overlapped_s", "time_overlapped_s"),
    "energy": Figure("energy", "J", "j", "energy_j", "energy_j"),
}
"""By the name that a budget gives them."""
