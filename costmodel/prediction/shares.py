"""Where the cost lies: rows of a prediction added up by type of layer, by stage or by block, as shares of the total."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from costmodel._num import total
from costmodel.errors import UnknownNameError
from costmodel.prediction.views import notes, percent
from costmodel.tables import Column, Table

if TYPE_CHECKING:
    from costmodel.prediction.prediction import Prediction
    from costmodel.prediction.rows import Row


def _type(row: Row) -> str:
    return row.step.nodes[0].variety()


def _stage(row: Row) -> str:
    """The height and width of what it writes; layers behind the last feature map work on vectors."""
    sizes = row.step.nodes[-1].seen(row.output_shapes[0])[2:]
    return " x ".join(map(str, sizes)) if sizes else "vector"


def _block(row: Row) -> str:
    """What stands before the last / of its name."""
    return row.name.rpartition("/")[0] or row.name


GROUPINGS: dict[str, tuple[str, Callable[[Row], str]]] = {
    "type": ("layer type", _type),
    "stage": ("stage (output height x width)", _stage),
    "block": ("block", _block),
}
"""How rows may be put together: the heading and the group of a row."""

_FIGURES = (("macs", "MACs", ""), ("weights", "weights", ""), ("ddr_bytes", "DDR", "B"), ("time_serial_s", "serial", "s"))


def shares(prediction: Prediction, by: str = "type") -> Table:
    """One row a group with its MACs, weights, DDR bytes and serial time, and the share of each in the total."""
    if by not in GROUPINGS:
        raise UnknownNameError.of("grouping of rows", by, GROUPINGS)
    heading, group_of = GROUPINGS[by]
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in prediction.rows:
        figures = {key: row.counts.weights if key == "weights" else getattr(row, key) for key, _, _ in _FIGURES}
        groups.setdefault(group_of(row), []).append(figures)
    sums = {name: {key: total(f[key] for f in many) for key, _, _ in _FIGURES} for name, many in groups.items()}
    whole = {key: total(s[key] for s in sums.values()) for key, _, _ in _FIGURES}
    body = [
        {by: name, "layers": len(groups[name]), **found} | {f"{key}_share": _share(found[key], whole[key]) for key in found}
        for name, found in sums.items()
    ]
    columns = [Column(by, heading), Column("layers", "layers", "", str)]
    for rank, (key, words, unit) in enumerate(_FIGURES):
        columns += [Column(key, words, unit, rank=8 - rank), Column(f"{key}_share", f"{words}, share", "", percent, rank=4 - rank)]
    title = f"{prediction.network.name} on {prediction.hardware.name}, by {by}"
    footer = {by: "total", "layers": len(prediction.rows), **whole}
    return Table(columns, body, title=title, notes=notes(prediction), footer=footer)


def _share(part: Any, whole: Any) -> Any:
    """Nothing of nothing is no share."""
    return None if type(whole) in (int, float) and whole == 0 else part / whole
