"""Two predictions against each other, part by part: where does the difference lie?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from costmodel._num import total
from costmodel.errors import FieldError, SymbolicError, UnknownNameError
from costmodel.prediction import Prediction, Row
from costmodel.prediction.shares import GROUPINGS
from costmodel.prediction.views import notes
from costmodel.tables import Column, Table

_PARTS: dict[str, tuple[str, Callable[[Row], str]]] = {
    "layer": ("layer", lambda row: row.name),
    "kind": ("kind of layer", GROUPINGS["type"][1]),
    "stage": GROUPINGS["stage"],
    "block": GROUPINGS["block"],
}
"""What rows may be put together by: the heading and the part that a row belongs to."""

_FIGURES = (("macs", "MACs", ""), ("weight_bytes", "weights", "B"), ("ddr_bytes", "DDR", "B"), ("time_serial_s", "serial", "s"))


def compare_by(a: Prediction, b: Prediction, by: str = "layer") -> Table:
    """Two predictions side by side: MACs, weights, DDR bytes and serial time of every part, and where the difference lies.

    Parameters
    ----------
    a, b : Prediction
        Of two networks, or of one on two machines or under two policies.
    by : "layer", "kind", "stage" or "block"
        What rows are put together: layers of the same name, the same kind (pointwise, depthwise, ...), the same height and width of what
        they write, or the same block.

    Returns
    -------
    Table
        A row a part, in the order of `a`, then what only `b` has. `*_a` and `*_b` are the figures, None where one has no such part;
        `change_s` is what the part adds to the serial time, `share` its share of the whole change.

    Raises
    ------
    FieldError, UnknownNameError, SymbolicError
        What is no prediction; no such part; symbols or arrays.

    Examples
    --------
    >>> import costmodel as cm
    >>> full, separable = (cm.predict(cm.zoo.mobilenet_v1(variant=v)) for v in ("full", "separable"))
    >>> [(row["stage"], f"{row['share']:.1%}") for row in cm.compare_by(full, separable, by="stage").rows[:2]]
    [('112 x 112', '0.9%'), ('56 x 56', '6.0%')]
    """
    for name, prediction in (("a", a), ("b", b)):
        if not isinstance(prediction, Prediction):
            raise FieldError(f"`{name}` must be a Prediction, got {type(prediction).__name__}")
        if prediction.symbols or prediction.hardware.arrays:
            raise SymbolicError(
                f"`{name}` ({prediction.network.name} on {prediction.hardware.name}) must have plain numbers to be compared"
            )
    if by not in _PARTS:
        raise UnknownNameError.of("part of a network", by, _PARTS)
    heading, part_of = _PARTS[by]
    sides = {side: _parts(prediction, part_of) for side, prediction in (("a", a), ("b", b))}
    whole = {side: {key: getattr(p.total, key) for key, _, _ in _FIGURES} for side, p in (("a", a), ("b", b))}
    change = whole["b"]["time_serial_s"] - whole["a"]["time_serial_s"]
    rows = []
    for part in dict.fromkeys([*sides["a"], *sides["b"]]):
        row: dict[str, Any] = {by: part}
        for key, _, _ in _FIGURES:
            row |= {f"{key}_{side}": sides[side][part][key] if part in sides[side] else None for side in sides}
        row["change_s"] = (row["time_serial_s_b"] or 0) - (row["time_serial_s_a"] or 0)
        rows.append(row | {"share": row["change_s"] / change if change else None})
    footer = {by: "total"} | {f"{key}_{side}": whole[side][key] for key, _, _ in _FIGURES for side in sides}
    columns = [Column(by, heading)]
    for rank, (key, words, unit) in enumerate(_FIGURES):
        columns += [Column(f"{key}_{side}", f"{words}, {side.upper()}", unit, rank=4 - rank) for side in sides]
    columns += [Column("change_s", "change", "s"), Column("share", "share", "", lambda v: "-" if v is None else f"{100 * v:.1f} %")]
    title = f"A: {a.network.name} on {a.hardware.name}; B: {b.network.name} on {b.hardware.name}; by {by}"
    said = [f"{side}: {note}" for side, prediction in (("A", a), ("B", b)) for note in notes(prediction)]
    return Table(columns, rows, title=title, notes=said, footer=footer | {"change_s": change})


def _parts(prediction: Prediction, part_of: Callable[[Row], str]) -> dict[str, dict[str, Any]]:
    """The figures of every part, added up."""
    groups: dict[str, list[Row]] = {}
    for row in prediction.rows:
        groups.setdefault(part_of(row), []).append(row)
    return {name: {key: total(getattr(row, key) for row in many) for key, _, _ in _FIGURES} for name, many in groups.items()}
