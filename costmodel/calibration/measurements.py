"""A file of measurements: one row a layer, and one a whole network, checked when it is read."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from costmodel.errors import FieldError, MissingExtraError
from costmodel.tables import Column, Table

BITS = {"float32": 32, "float16": 16}
"""Of the numbers that networks are measured in."""


class Measurement(NamedTuple):
    """The time of a layer, or of a whole network where `layer` is empty, and the work that was done in it.

    Examples
    --------
    >>> from costmodel.calibration import Measurement
    >>> work = "net", "", "network", "", "", "", 2, 30, "dense=10;pointwise=20", 0, "", 8, 4, 4
    >>> row = Measurement(*work, 1e-3, 9e-4, 0.0, 9, "none", 1, "paper")
    >>> row.work, row.moved_bytes
    ({'dense': 10, 'pointwise': 20}, 16)
    """

    network: str
    layer: str
    """Empty in the row of the whole network."""
    kind: str
    """Of the layer: the variety of a convolution ("pointwise", "depthwise", ...), else its kind; "network" for a whole one."""
    input_shapes: str
    output_shapes: str
    kernel_size: str
    steps: int
    """How many layers, each with its epilogues."""
    macs: int
    macs_by_kind: str
    """MACs by the kind of the layers that do them: "pointwise=25690112;depthwise=3612672"."""
    other_ops: int
    other_ops_by_kind: str
    """Other operations by the kind of the layers that do them: "conv2d=100352;elu=401408"."""
    weight_bytes: int
    input_bytes: int
    output_bytes: int
    median_s: float
    minimum_s: float
    spread_s: float
    """Between the first quarter of the runs and the last: half of them lie within."""
    runs: int
    runtime: str
    """The program that ran it and its version."""
    threads: int
    machine: str
    """The processor or the card."""
    dtype: str = "float32"
    """Of weights and feature maps; files from before there was a choice lack it."""

    @property
    def bits(self) -> int:
        """Of a weight, and of an element of a feature map."""
        return BITS[self.dtype]

    @property
    def work(self) -> dict[str, int]:
        """MACs by the kind of the layers that do them."""
        return _by_kind(self.macs_by_kind)

    @property
    def other_work(self) -> dict[str, int]:
        """Other operations by the kind of the layers that do them."""
        return _by_kind(self.other_ops_by_kind)

    @property
    def moved_bytes(self) -> int:
        """Weights, inputs and outputs."""
        return self.weight_bytes + self.input_bytes + self.output_bytes


def _by_kind(text: str) -> dict[str, int]:
    return {kind: int(number) for kind, _, number in (part.rpartition("=") for part in text.split(";") if part)}


_INTEGERS = ("steps", "macs", "other_ops", "weight_bytes", "input_bytes", "output_bytes", "runs", "threads")
_NEEDED = tuple(name for name in Measurement._fields if name not in Measurement._field_defaults)
_SECONDS = ("median_s", "minimum_s", "spread_s")
_UNITS = {"weight_bytes": "B", "input_bytes": "B", "output_bytes": "B", **dict.fromkeys(_SECONDS, "s")}
COLUMNS = tuple(Column(name, name, _UNITS.get(name, "") if name in (*_INTEGERS, *_SECONDS) else None) for name in Measurement._fields)
MOST_BYTES = 2**28
"""The largest file of measurements that is read."""


class Measurements(Sequence[Measurement]):
    """Rows of measured times.

    Examples
    --------
    >>> from costmodel.calibration import Measurements
    >>> Measurements.read("nowhere.csv")
    Traceback (most recent call last):
    ...
    costmodel.errors.FieldError: there is no file of measurements 'nowhere.csv'
    """

    def __init__(self, rows: Iterable[Measurement]) -> None:
        self.rows = tuple(rows)

    def __getitem__(self, index: Any) -> Any:
        return self.rows[index] if isinstance(index, int) else Measurements(self.rows[index])

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Measurement]:
        return iter(self.rows)

    @property
    def networks(self) -> tuple[str, ...]:
        """The networks in it."""
        return tuple(dict.fromkeys(row.network for row in self.rows))

    def of(self, network: str) -> Measurements:
        """The rows of a network."""
        return Measurements(row for row in self.rows if row.network == network)

    def layers(self) -> Measurements:
        """The rows of layers."""
        return Measurements(row for row in self.rows if row.layer)

    def whole(self) -> Measurements:
        """The rows of whole networks."""
        return Measurements(row for row in self.rows if not row.layer)

    def to_table(self) -> Table:
        """The rows as a table."""
        return Table(COLUMNS, [row._asdict() for row in self.rows])

    def __repr__(self) -> str:
        return f"Measurements({len(self.networks)} networks, {len(self.layers())} layers)"

    def to_csv(self) -> str:
        """The rows as CSV."""
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(Measurement._fields)
        writer.writerows(self.rows)
        return stream.getvalue()

    @staticmethod
    def read(path: str | Path) -> Measurements:
        """The measurements in a .csv or .parquet file.

        Raises
        ------
        FieldError
            A file that isn't there, or a row that holds no measurement, with its line, the column and what would be right.
        """
        path = Path(path)
        if not path.is_file():
            raise FieldError(f"there is no file of measurements {str(path)!r}")
        if path.stat().st_size > MOST_BYTES:
            raise FieldError(f"{str(path)!r} has {path.stat().st_size} bytes; a file of measurements has at most {MOST_BYTES}")
        if path.suffix == ".parquet":
            return Measurements(_row(record, f"{str(path)!r}, row {n}") for n, record in enumerate(_parquet(path), 1))
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            raise FieldError(f"{str(path)!r} is no file of measurements: it is no text") from None
        complete = text[: text.rfind("\n") + 1]  # what a killed measurement left of its last line is no measurement
        reader = csv.DictReader(io.StringIO(complete))
        if missing := [name for name in _NEEDED if name not in (reader.fieldnames or ())]:
            raise FieldError(f"{str(path)!r} lacks the columns {', '.join(missing)}; it needs {', '.join(_NEEDED)}")
        return Measurements(_row(record, f"{str(path)!r}, line {reader.line_num}") for record in reader)


class Recorder:
    """Appends rows to a file as they come, so that a killed measurement leaves what it had."""

    def __init__(self, path: Path) -> None:
        if path.is_dir() or not path.parent.is_dir():
            raise FieldError(f"`output` (={str(path)!r}) must be a file in a folder that exists")
        self.path = path
        self.rows = list(Measurements.read(path)) if path.exists() and path.stat().st_size else []
        with path.open("w", newline="") as stream:
            stream.write(Measurements(self.rows).to_csv())

    def add(self, rows: Iterable[Measurement]) -> None:
        """Write the rows of a network."""
        rows = list(rows)
        self.rows += rows
        stream = io.StringIO()
        csv.writer(stream, lineterminator="\n").writerows(rows)
        with self.path.open("a", newline="") as file:
            file.write(stream.getvalue())


def write_parquet(measurements: Measurements, path: Path) -> None:
    """Write the rows as Parquet."""
    try:
        import pyarrow as pa
        import pyarrow.parquet
    except ImportError:
        raise MissingExtraError.of("pyarrow", "measure", "writing Parquet") from None
    table = pa.table({name: [getattr(row, name) for row in measurements] for name in Measurement._fields})
    temporary = path.with_name(f".{path.name}.part")
    pa.parquet.write_table(table, temporary)
    temporary.replace(path)


def _parquet(path: Path) -> list[dict[str, Any]]:
    try:
        import pyarrow.parquet
    except ImportError:
        raise MissingExtraError.of("pyarrow", "measure", "reading Parquet") from None
    try:
        records: list[dict[str, Any]] = pyarrow.parquet.read_table(path).to_pylist()
    except Exception as error:
        raise FieldError(f"{str(path)!r} is no Parquet file: {error}") from None
    return records


def _row(record: dict[str, Any], where: str) -> Measurement:
    found: dict[str, Any] = {}
    for name in Measurement._fields:
        value = record.get(name, Measurement._field_defaults.get(name))
        if value is None:
            raise FieldError(f"{where}: `{name}` is missing")
        try:
            if name in _INTEGERS:
                value = int(value)
            elif name in _SECONDS:
                value = float(value)
        except ValueError:
            wanted = "an integer" if name in _INTEGERS else "seconds"
            raise FieldError(f"{where}: `{name}` (={value!r}) must be {wanted}") from None
        found[name] = value
    row = Measurement(**found)
    for text, total in (("macs_by_kind", "macs"), ("other_ops_by_kind", "other_ops")):
        try:
            agrees = sum(_by_kind(getattr(row, text)).values()) == getattr(row, total)
        except ValueError:
            agrees = False
        if not agrees:
            raise FieldError(
                f"{where}: `{text}` (={getattr(row, text)!r}) must sum to `{total}` (={getattr(row, total)}), e.g. 'pointwise=12;dense=3'"
            )
    if min(row.steps, row.macs, row.other_ops, row.weight_bytes, row.input_bytes, row.output_bytes) < 0:
        raise FieldError(f"{where}: counts must be at least 0, got {row.macs} MACs, {row.other_ops} other operations")
    if row.dtype not in BITS:
        raise FieldError(f"{where}: `dtype` (={row.dtype!r}) must be {' or '.join(BITS)}")
    if not (0 < row.minimum_s <= row.median_s < math.inf and 0 <= row.spread_s < math.inf and row.runs > 0 and row.threads > 0):
        raise FieldError(
            f"{where}: times must be positive and finite, the minimum at most the median, runs and threads at least 1; "
            f"got median {row.median_s}, minimum {row.minimum_s}, spread {row.spread_s}, {row.runs} runs, {row.threads} threads"
        )
    return row
