"""Measuring networks: each is run whole and operator by operator, and its times are put beside its work."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from costmodel.calibration.export import to_onnx
from costmodel.calibration.measurements import Measurement, Measurements, Recorder, write_parquet
from costmodel.calibration.runtime import OnnxRuntime, Timing, machine
from costmodel.errors import FieldError
from costmodel.hardware import Hardware
from costmodel.network import Network
from costmodel.prediction import Prediction
from costmodel.prediction.progress import progress
from costmodel.prediction.traffic import policy
from costmodel.prediction.widths import Widths

RUNS = 50
_FUSED = re.compile(r"^fused |_nchwc$|_bn_nchwc$|_new_reshape$")
"""What the runtime adds to the names of operators that it has changed."""
SECONDS = 1.0
"""How long whole runs of one network may take together, but for the least number of runs."""


def measure(
    networks: Iterable[Network], output: str | Path | None = None, *, runs: int = RUNS, threads: int = 1, seconds: float = SECONDS,
    layers: bool = True,
) -> Measurements:  # fmt: skip
    """Run networks in ONNX Runtime with random weights, and note how long they and their layers take.

    Parameters
    ----------
    networks : iterable of Network
        Of integer sizes: of the zoo, of a file, of `micro_networks`.
    output : str or Path, optional
        A .csv file, to which rows are added as they come, so that a killed measurement leaves what it had; networks that it holds
        already are not measured again. Or a .parquet file, written at the end.
    runs : int
        Of every network.
    threads : int
        That share an operator's work.
    seconds : float
        No more runs of a network are begun once they took so long together; at least five are made.
    layers : bool
        Whether its layers are timed too, in runs of their own.

    Returns
    -------
    Measurements
        Those in the file, old and new.

    Raises
    ------
    MissingExtraError
        Where ONNX Runtime isn't installed.
    FieldError
        An argument that can't be taken.
    UnknownLayerError
        Where a layer can't be written as ONNX.

    Notes
    -----
    What the runtime fuses into one operator is one row, under the layer that hosts it; what it adds of its own (reordering of
    tensors) is in the time of the whole network alone.
    """
    if type(runs) is not int or runs < 1:
        raise FieldError(f"`runs` (={runs!r}) must be an integer of at least 1")
    runtime = OnnxRuntime(threads)
    path = None if output is None else Path(output)
    if path is not None and path.suffix not in (".csv", ".parquet"):
        raise FieldError(f"`output` (={str(path)!r}) must be a .csv or a .parquet file")
    recorder = Recorder(path) if path is not None and path.suffix == ".csv" else None
    rows = recorder.rows if recorder else []
    known = {row.network for row in rows}
    todo = [network for network in networks if network.name not in known]
    with progress() as tell:
        for number, network in enumerate(todo, 1):
            tell(f"measuring {network.name} ({number} of {len(todo)})")
            new = list(_measured(network, runtime, runs, seconds, layers))
            if recorder:
                recorder.add(new)
            else:
                rows += new
    measurements = Measurements(rows)
    if path is not None and path.suffix == ".parquet":
        write_parquet(measurements, path)
    return measurements


def _measured(network: Network, runtime: OnnxRuntime, runs: int, seconds: float, layers: bool) -> Iterator[Measurement]:
    """The row of a network, then those of its layers."""
    model = to_onnx(network).SerializeToString()
    inputs = _inputs(network)
    prediction = _prediction(network)
    whole = runtime.whole(model, inputs, runs, seconds)
    about = {"runtime": runtime.name, "threads": runtime.threads, "machine": machine()}
    yield _whole(prediction, whole, about)
    if not layers:
        return
    step_of = {node.name: index for index, step in enumerate(prediction.workload.steps) for node in step.nodes}
    times: dict[int, list[Timing]] = {}
    for name, (_, timing) in runtime.operators(model, inputs, min(runs, 20)).items():
        label = _FUSED.sub("", name)
        place = step_of.get(label, step_of.get(label.rpartition("/")[0]))
        if place is not None:
            times.setdefault(place, []).append(timing)
    for place, found in sorted(times.items()):
        yield _layer(prediction, place, found, about)


def _prediction(network: Network) -> Prediction:
    """The work of the network as the runtime does it: floats of 32 bits, every operand moved once."""
    widths = Widths(weight_bits=32, activation_bits=32, parameters="folded")
    return Prediction(network, Hardware.load("pardhi"), policy("compulsory"), widths)


def _whole(prediction: Prediction, timing: Timing, about: Mapping[str, Any]) -> Measurement:
    network, rows = prediction.network, prediction.rows
    return Measurement(
        network.name, "", "network", _shapes(network.shape(ref) for ref in network.inputs), _shapes(map(network.shape, network.outputs)),
        "", len(rows), prediction.total.macs, _by_kind(prediction), prediction.total.other_ops, prediction.total.weight_bytes,
        sum(row.input_bytes for row in rows), sum(row.output_bytes for row in rows), *timing, **about,
    )  # fmt: skip


def _layer(prediction: Prediction, place: int, timings: list[Timing], about: Mapping[str, Any]) -> Measurement:
    row, node = prediction.rows[place], prediction.workload.steps[place].nodes[0]
    timing = Timing(*(sum(getattr(t, name) for t in timings) for name in Timing._fields[:3]), min(t.runs for t in timings))
    kernel = "x".join(map(str, node.layer.per_axis("kernel_size"))) if hasattr(node.layer, "kernel_size") else ""
    least = max(timing.minimum_s, 1e-9)  # the profiler counts microseconds
    return Measurement(
        prediction.network.name, row.name, node.variety(), _shapes(row.input_shapes), _shapes(row.output_shapes), kernel,
        1, row.macs, f"{node.variety()}={row.macs}" if row.macs else "", row.other_ops, row.weight_bytes, row.input_bytes, row.output_bytes,
        max(timing.median_s, least), least, timing.spread_s, timing.runs, **about,
    )  # fmt: skip


def _by_kind(prediction: Prediction) -> str:
    found: dict[str, int] = {}
    for row, step in zip(prediction.rows, prediction.workload.steps, strict=True):
        if row.macs:
            kind = step.nodes[0].variety()
            found[kind] = found.get(kind, 0) + row.macs
    return ";".join(f"{kind}={macs}" for kind, macs in found.items())


def _shapes(shapes: Iterable[Any]) -> str:
    return ";".join("x".join(map(str, shape)) for shape in shapes)


def _inputs(network: Network) -> dict[str, Any]:
    import numpy as np

    random = np.random.default_rng(0)
    return {str(ref): random.standard_normal(network.shape(ref), dtype=np.float32) for ref in network.inputs}
