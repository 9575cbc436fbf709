"""A prediction as tables: one row a step or a node, totals below, assumptions behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from costmodel import quantities
from costmodel._num import is_array, is_symbolic
from costmodel.errors import UnknownNameError
from costmodel.tables import Column, Table

if TYPE_CHECKING:
    from costmodel.prediction.prediction import Prediction
    from costmodel.prediction.rows import Row
    from costmodel.prediction.totals import Total


def _shape(value: Any) -> str:
    """1x3x224x224; symbolic sizes apart: 1 x 3 x R/2 x R/2."""
    cross = "x" if all(isinstance(n, int) for shape in value for n in shape) else " x "
    return ", ".join(cross.join(map(str, shape)) for shape in value)


def percent(value: Any) -> str:
    """94.86 %; nothing as a dash; symbols as they are."""
    return "-" if value is None else f"{100 * value:.2f} %" if isinstance(value, int | float) else quantities.written(value)


LAYER_COLUMNS = (
    Column("name", "layer"),
    Column("kind", "kind", rank=9),
    Column("output_shapes", "output", None, _shape, 7),
    Column("macs", "MACs", ""),
    Column("other_ops", "other ops", "", rank=8),
    Column("weight_bytes", "weights", "B", rank=4),
    Column("live_bytes", "live", "B", rank=2),
    Column("fits_sram", "fits", rank=6),
    Column("ddr_bytes", "DDR", "B", rank=1),
    Column("time_serial_s", "serial", "s"),
    Column("time_overlapped_s", "overlapped", "s", rank=5),
    Column("bound_by", "binds", rank=3),
)
"""What people see of a row."""

BUFFERED_COLUMNS = (
    Column("ddr_bytes_overlapped", "DDR overlapped", "B", rank=10),
    Column("time_best_s", "best", "s", rank=11),
    Column("faster", "faster", rank=12),
)
"""What is shown beside where overlapping costs bytes."""

EXACT_COLUMNS = (
    Column("name", "layer"),
    Column("kind", "kind"),
    Column("epilogues", "epilogues"),
    Column("input_shapes", "input", None, _shape),
    Column("output_shapes", "output", None, _shape),
    *(Column(key, key, "") for key in ("macs", "other_ops", "weights", "biases", "norm_affine", "norm_statistics", "constants")),
    *(Column(key, key, "B") for key in ("weight_bytes", "input_bytes", "output_bytes", "live_bytes")),
    Column("fits_sram", "fits"),
    *(Column(key, key, "B") for key in ("ddr_bytes", "ddr_bytes_compulsory", "ddr_bytes_bound", "ddr_bytes_overlapped")),
    Column("tiles", "tiles", ""),
    Column("flash_bytes_moved", "flash_bytes_moved", "B"),
    *(Column(key, key, "") for key in ("burst_efficiency", "utilisation")),
    *(Column(key, key, "s") for key in ("ddr_time_s", "mac_time_s", "other_time_s", "overhead_time_s")),
    *(Column(key, key, "s") for key in ("time_serial_s", "time_overlapped_s", "time_best_s")),
    Column("faster", "faster"),
    Column("energy_j", "energy", "J"),
    Column("peak_fraction", "share of peak", "", percent),
    Column("bound_by", "binds"),
)
"""Every figure of a row, for CSV and DataFrames."""

NODE_COLUMNS = (
    Column("name", "layer"),
    Column("kind", "kind"),
    Column("row", "runs in"),
    Column("output_shapes", "output", None, _shape),
    Column("macs", "MACs", ""),
    Column("other_ops", "other ops", ""),
    *(Column(key, key.replace("_", " "), "") for key in ("weights", "biases", "norm_affine", "norm_statistics")),
)
"""What belongs to a single node; bytes and time belong to the row it runs in."""

SUMMARY_COLUMNS = (
    Column("network", "network"),
    Column("hardware", "hardware"),
    Column("macs", "MACs", ""),
    Column("other_ops", "other ops", "", rank=9),
    Column("parameters", "parameters", "", rank=7),
    Column("weight_bytes", "weights", "B", rank=4),
    Column("peak_live_bytes", "peak live", "B", rank=2),
    Column("fits_sram", "fits SRAM", rank=5),
    Column("fits_flash", "fits flash", rank=6),
    Column("ddr_bytes", "DDR", "B", rank=1),
    Column("time_serial_s", "serial", "s"),
    Column("time_overlapped_s", "overlapped", "s"),
    Column("inferences_per_s", "inferences/s", "", lambda v: f"{v:.4g}" if isinstance(v, int | float) else quantities.show(v), 8),
    Column("energy_j", "energy", "J", rank=10),
    Column("bound_by", "binds", rank=3),
)
"""One prediction a row."""


_ASSUMPTIONS = Column("assumptions", "assumptions")
"""What stands below a table for people, where every row stands for itself: in CSV."""


def layers(prediction: Prediction, *, rows: str = "fused", exact: bool = False) -> Table:
    """One row a step (`rows="fused"`) or a node (`rows="all"`); `exact` has every figure, and the assumptions with each."""
    if rows not in ("fused", "all"):
        raise UnknownNameError.of("choice of rows", rows, ("fused", "all"))
    title, said = f"{prediction.network.name} on {prediction.hardware.name}", notes(prediction)
    beside = {_ASSUMPTIONS.key: "; ".join(said)}
    if rows == "all":
        columns = (*NODE_COLUMNS, _ASSUMPTIONS) if exact else NODE_COLUMNS
        return Table(columns, [row | beside for row in _nodes(prediction)], title=title, notes=said)
    if exact:
        found = [row.to_dict() | row.parameters | beside for row in prediction.rows]
        return Table((*EXACT_COLUMNS, _ASSUMPTIONS), found, title=title, notes=said)
    columns = LAYER_COLUMNS if prediction.never_serial else (*LAYER_COLUMNS[:-1], *BUFFERED_COLUMNS, LAYER_COLUMNS[-1])
    keys = [column.key for column in columns]
    body = [{key: getattr(row, key) for key in keys} | {"kind": _kind(row)} for row in prediction.rows]
    return Table(columns, body, title=title, notes=said, footer=_footer(prediction))


def _kind(row: Row) -> str:
    return " + ".join((row.kind, *row.epilogues))


def _footer(prediction: Prediction) -> Mapping[str, Any]:
    total = prediction.total
    same = ("macs", "other_ops", "weight_bytes", "fits_sram", "ddr_bytes", "time_serial_s", "time_overlapped_s", "bound_by")
    more = () if prediction.never_serial else tuple(column.key for column in BUFFERED_COLUMNS)
    return {"name": "total", "live_bytes": total.peak_live_bytes} | {key: getattr(total, key) for key in (*same, *more)}


def _nodes(prediction: Prediction) -> list[dict[str, Any]]:
    runs_in = {node.name: row.name for row in prediction.rows for node in row.step.nodes}
    counts = prediction.network.counts
    return [
        {
            "name": node.name,
            "kind": node.layer.kind,
            "row": runs_in.get(node.name, node.layer.role),
            "output_shapes": node.output_shapes,
            "macs": counts[node.name].macs,
            "other_ops": prediction.other_ops(counts[node.name]),
            **counts[node.name].parameters(),
        }
        for node in prediction.network.nodes.values()
    ]


def summary(predictions: Sequence[Prediction], title: str = "", *, exact: bool = False) -> Table:
    """One row a prediction: networks and machines side by side; where rows stand for themselves, `exact`, each with its assumptions."""
    rows, below = [], []
    for prediction in predictions:
        total = prediction.total
        below += (lines := notes(prediction))
        row = {c.key: getattr(total, c.key) for c in SUMMARY_COLUMNS if hasattr(type(total), c.key)}
        parameters = {"parameters": total.parameters["trainable"]}
        said = {"network": prediction.network.name, "hardware": prediction.hardware.name, _ASSUMPTIONS.key: "; ".join(lines)}
        rows.append(row | parameters | said)
    columns = (*SUMMARY_COLUMNS, _ASSUMPTIONS) if exact else SUMMARY_COLUMNS
    return Table(columns, rows, title=title, notes=list(dict.fromkeys(below)))


def figures(work: Row | Total, title: str, prediction: Prediction) -> Table:
    """Every figure of a row, or of the totals, one below the other."""
    rows = [{"figure": key, "value": _figure(key, value)} for key, value in work.to_dict().items() if value is not None]
    return Table([Column("figure", "figure"), Column("value", "value")], rows, title=title, notes=notes(prediction))


def _figure(key: str, value: Any) -> str:
    if key.endswith("_shapes"):
        return _shape(value)
    if key in ("peak_fraction", "coverage"):
        return percent(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {quantities.show(number)}" for name, number in value.items())
    if isinstance(value, int) and not isinstance(value, bool) and "bytes" not in key:
        return quantities.show(value)
    unit = "s" if key.endswith("_s") and not key.endswith("per_s") else "J" if key.endswith("_j") else "B" if "bytes" in key else None
    return f"{value:.4g}" if unit is None and isinstance(value, float) else Column(key, key, unit).text(value)


def notes(prediction: Prediction) -> list[str]:
    """The machine and the assumptions, in words."""
    said = ", ".join(f"{key} {_said(value)}" for key, value in prediction.assumptions.items())
    lines = [f"{prediction.hardware.name}: {prediction.hardware.describe()}", f"assumptions: {said}"]
    if (interval := prediction.total.time_interval_s) is not None and not any(is_array(end) or is_symbolic(end) for end in interval):
        low, high = (quantities.show(end, "s") for end in interval)
        lines.append(f"{prediction.network.name}: in nine of ten cases the serial time is between {low} and {high}")
    if prediction.policy.name == "fused" and not is_array(prediction.hardware.sram_bytes) and not prediction.symbols:
        lines.append(
            f"live bytes, and whether they fit, are those of layer by layer; the fused plan of {prediction.network.name} "
            f"holds {prediction.plan.sram_bytes:,} B at most"
        )
    if prediction.total.fits_sram is False and prediction.hardware.weights_in_flash:
        lines.append(
            f"{prediction.network.name}: feature maps do not fit the SRAM of {prediction.hardware.name}; its time is that of a larger one"
        )
    if isinstance(fits := prediction.total.fits_flash, bool):
        lines.append(f"{prediction.network.name}: weights {'fit' if fits else 'do not fit'} the flash of {prediction.hardware.name}")
    return lines


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "; ".join(value) if isinstance(value, list) else str(value)
