"""The figures of the whole network: sums over its rows, the largest of them, and the times of the sums."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from costmodel import quantities
from costmodel._num import Num, total
from costmodel.prediction.explained.counted import ROLES
from costmodel.prediction.explained.derivation import Derivation, Explanation, Symbols
from costmodel.prediction.explained.rows import live_bytes, timed
from costmodel.prediction.views import notes

if TYPE_CHECKING:
    from costmodel.prediction.prediction import Prediction

_LARGEST = 3


def of_total(prediction: Prediction) -> Explanation:
    """How the totals came about."""
    whole, rows = prediction.total, prediction.rows
    bus = "flash_bytes_moved" if prediction.hardware.weights_in_flash else "ddr_bytes"
    derivations = [
        _summed(prediction, "macs", "MAC", whole.macs, [row.macs for row in rows]),
        _summed(prediction, "other_ops", "", whole.other_ops, [row.other_ops for row in rows]),
        *(_summed(prediction, role, "", whole.parameters[role], [row.parameters[role] for row in rows]) for role in ROLES),
        _summed(prediction, "weight_bytes", "B", whole.weight_bytes, [row.weight_bytes for row in rows]),
        _peak(prediction),
        _summed(prediction, bus, "B", whole.bus_bytes, [row.bus_bytes for row in rows]),
        *timed(whole, overlapped=False),
    ]
    overlapped = _summed(prediction, "time_overlapped_s", "s", whole.time_overlapped_s, [row.time_overlapped_s for row in rows])
    places = {d.figure: i for i, d in enumerate(derivations)}
    derivations.insert(places["time_serial_s"] + 1, overlapped)
    title = f"{prediction.network.name} on {prediction.hardware.name}, {len(rows)} steps"
    return Explanation(title, derivations, notes(prediction))


def _summed(prediction: Prediction, figure: str, unit: str, result: Num, values: list[Num]) -> Derivation:
    symbols, names = Symbols(), [row.name for row in prediction.rows]
    present = [(name, value) for name, value in zip(names, values, strict=True) if not isinstance(value, int | float) or value != 0]
    expression = total([symbols(name, value) for name, value in present])
    plain = [(value, name) for name, value in present if isinstance(value, int | float)]
    largest = sorted(plain, key=lambda pair: -pair[0])[:_LARGEST]
    said = [f"{name} {quantities.show(value, unit)}{_share(value, result)}" for value, name in largest]
    remarks = (f"the largest: {', '.join(said)}",) if len(plain) > 1 else ()
    source = f"sum over the {len(present)} of {len(names)} steps that have any"
    return Derivation(figure, unit, expression, symbols.values, result, (source,), remarks=remarks)


def _share(value: Any, whole: Any) -> str:
    return f" ({100 * value / whole:.1f} %)" if isinstance(whole, int | float) and whole else ""


def _peak(prediction: Prediction) -> Derivation:
    """The step that holds most, and what it holds."""
    live, peak = prediction.workload.live_bytes, prediction.total.peak_live_bytes
    place = next((index for index, value in enumerate(live) if isinstance(value, int) and value == peak), None)
    if place is None:
        return Derivation("peak_live_bytes", "B", peak, {}, peak, ("the most live bytes at any step",))
    found = live_bytes(prediction, place, "peak_live_bytes")
    return found._replace(remarks=(f"at {prediction.rows[place].name}, the most of {len(live)} steps", *found.remarks))
