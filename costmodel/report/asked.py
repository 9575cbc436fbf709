"""What plots of questions are given: the answer to one, or a prediction, of which the question is asked then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from costmodel.prediction import Prediction
from costmodel.report.style import plain

if TYPE_CHECKING:
    from costmodel.prediction.memory import Memory
    from costmodel.whatif.movement import SkiSlope
    from costmodel.whatif.regimes import Regimes
    from costmodel.whatif.sensitivity import Sensitivity

_SPREAD, _CAPACITIES = 16, 33
"""A slope reaches from the machine's SRAM so far to either side, as a factor, in so many capacities."""


def memory_of(given: Memory | Prediction) -> Memory:
    """The memory of a prediction, in the order that it has."""
    from costmodel.prediction.memory import Memory

    return given if isinstance(given, Memory) else plain(given).memory


def slope_of(given: SkiSlope | Prediction) -> SkiSlope:
    """Traffic against capacity, around the SRAM of the prediction's machine."""
    from costmodel.whatif.movement import SkiSlope

    if isinstance(given, SkiSlope):
        return given
    import numpy as np

    prediction, sram = plain(given), given.hardware.sram_bytes
    capacities = np.unique(np.rint(sram * np.geomspace(1 / _SPREAD, _SPREAD, _CAPACITIES)).astype(np.int64))
    return SkiSlope(prediction.network, prediction.widths, capacities[capacities > 0])


def effects_of(given: Sensitivity | Prediction, metric: str | None) -> Sensitivity:
    """How a figure, the serial time where none is named, answers to every variable."""
    from costmodel.whatif.sensitivity import Sensitivity, sensitivity

    if isinstance(given, Sensitivity):
        return given
    prediction = plain(given)
    return sensitivity(prediction.network, prediction.hardware, metric or "time_serial_s", **prediction.options)


def regimes_of(given: Regimes | Prediction) -> Regimes:
    """What binds over bandwidth and MAC rate."""
    from costmodel.whatif.regimes import Regimes, regimes

    if isinstance(given, Regimes):
        return given
    prediction = plain(given)
    return regimes(prediction.network, prediction.hardware, **prediction.options)
