"""Measuring networks: each is run whole and operator by operator, and its times are put beside its work."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from costmodel import readers
from costmodel.api import as_network
from costmodel.calibration.export import to_onnx
from costmodel.calibration.measurements import BITS, Measurement, Measurements, Recorder, write_parquet
from costmodel.calibration.runtime import OnnxRuntime, Runtime, Timing
from costmodel.errors import FieldError, SymbolicError
from costmodel.hardware import Hardware
from costmodel.network import Network
from costmodel.prediction import Prediction
from costmodel.prediction.progress import progress
from costmodel.prediction.traffic import policy
from costmodel.prediction.widths import Widths
from costmodel.prediction.workload import Step

RUNS = 50
_FUSED = re.compile(r"^fused |/QuickGeluFusion/$|_nchwc$|_bn_nchwc$|_new_reshape$")
"""What the runtime adds to the names of operators that it has changed."""
SECONDS = 1.0
"""How long whole runs of one network may take together, but for the least number of runs."""


def measure(
    networks: Network | Subject | str | Path | Iterable[Network | Subject | str | Path],
    output: str | Path | None = None, *, runs: int = RUNS, threads: int = 1,
    seconds: float = SECONDS, layers: bool = True, runtime: Runtime | None = None,
) -> Measurements:  # fmt: skip
    """Run networks with random weights, in ONNX Runtime or in PyTorch, and note how long they and their layers take.

    Parameters
    ----------
    networks : Network, Subject, str or Path, or several of them
        Of integer sizes: of the zoo, of a file, of `micro_networks`; names will do. A `file_subject`, or the name of an ONNX file, is
        a file that is run itself.
    output : str or Path, optional
        A .csv file, to which rows are added as they come, so that a killed measurement leaves what it had; networks that it holds
        already are not measured again. Or a .parquet file, written at the end.
    runs : int
        Of every network.
    threads : int
        That share an operator's work; a given runtime has its own.
    seconds : float
        No more runs of a network are begun once they took so long together; at least five are made.
    layers : bool
        Whether its layers are timed too, in runs of their own.
    runtime : Runtime, optional
        What runs them: `OnnxRuntime(threads)` where left out. `TorchRuntime` runs them in PyTorch.

    Returns
    -------
    Measurements
        Those in the file, old and new.

    Raises
    ------
    MissingExtraError
        Where the runtime isn't installed.
    FieldError
        An argument that can't be taken; a file that another runtime, machine, number of threads or number format was measured in.
    UnknownLayerError
        Where a layer can't be written as ONNX, or the runtime has no equivalent of an operator.

    Notes
    -----
    A row is a layer with the norm and the activation that follow it, whether the runtime fuses them into one operator or runs them one
    after another. What a runtime adds of its own (reordering of tensors) is in the time of the whole network alone.

    Examples
    --------
    >>> import costmodel as cm
    >>> [row.macs for row in cm.measure([cm.zoo.lenet_5_caffe()], runs=5, layers=False)]
    [2293000]
    """
    if type(runs) is not int or runs < 1:
        raise FieldError(f"`runs` (={runs!r}) must be an integer of at least 1")
    runtime = runtime or OnnxRuntime(threads)
    path = None if output is None else Path(output)
    if path is not None and path.suffix not in (".csv", ".parquet"):
        raise FieldError(f"`output` (={str(path)!r}) must be a .csv or a .parquet file")
    recorder = Recorder(path) if path is not None and path.suffix == ".csv" else None
    rows = recorder.rows if recorder else []
    about = {"runtime": runtime.name, "threads": runtime.threads, "machine": runtime.machine, "dtype": runtime.dtype}
    for row in rows:
        if others := {name: getattr(row, name) for name, value in about.items() if getattr(row, name) != value}:
            asked = {name: about[name] for name in others}
            raise FieldError(f"{str(path)!r} holds measurements of {_said(others)}, not of {_said(asked)}; give another file")
    known = {row.network for row in rows}
    todo = [one for one in _subjects(networks) if _name(one) not in known]
    with progress() as tell:
        for number, one in enumerate(todo, 1):
            tell(f"measuring {_name(one)} ({number} of {len(todo)})")
            new = list(_measured(one if isinstance(one, Subject) else subject(one), runtime, runs, seconds, layers, about))
            if recorder:
                recorder.add(new)
            else:
                rows += new
    measurements = Measurements(rows)
    if path is not None and path.suffix == ".parquet":
        write_parquet(measurements, path)
    return measurements


def _subjects(networks: Any) -> list[Network | Subject]:
    alone = isinstance(networks, Subject) or not isinstance(networks, Iterable) or isinstance(networks, str)
    found = [networks] if alone else networks
    return [one if isinstance(one, Subject) else file_subject(one) if _is_onnx(one) else as_network(one) for one in found]


def _is_onnx(one: Any) -> bool:
    return isinstance(one, str | Path) and Path(one).suffix.lower() == ".onnx"


def _said(about: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in about.items())


def _name(one: Network | Subject) -> str:
    return one.network.name if isinstance(one, Subject) else one.name


class Subject(NamedTuple):
    """What is run: a network, and a model of it.

    Examples
    --------
    >>> import costmodel as cm
    >>> from costmodel.calibration import Subject
    >>> Subject(cm.zoo.lenet_5_caffe(), "lenet.onnx", {}, {}).network.macs
    2293000
    """

    network: Network
    model: bytes | str
    """The model, or the path of its file."""
    inputs: Mapping[str, Any]
    layer_of: Mapping[str, str]
    """The layer that an operator belongs to, by its name."""


def subject(network: Network) -> Subject:
    """A network as a model with random weights; an operator is called as its layer, or has a name behind it."""
    model = to_onnx(network)
    layer_of = {node.name: node.name if node.name in network.nodes else node.name.rpartition("/")[0] for node in model.graph.node}
    return Subject(network, model.SerializeToString(), _inputs(network), layer_of)


def file_subject(
    path: str | Path, inputs: Mapping[str, Any] | None = None, values: Mapping[str, Any] | None = None, unknown: str = "error"
) -> Subject:
    """An ONNX file itself, with its own weights, on random inputs.

    Parameters
    ----------
    path : str or Path
    inputs, values, unknown
        As of `costmodel.read`. No size may stay open.

    Examples
    --------
    >>> from pathlib import Path
    >>> import onnx.backend.test
    >>> from costmodel.calibration import file_subject
    >>> folder = Path(onnx.backend.test.__file__).parent / "data" / "light"
    >>> file_subject(folder / "light_squeezenet.onnx").network.macs
    349151936
    """
    import onnx

    from costmodel.readers.onnx import trace

    path = Path(path)
    readers.read(path, inputs, values, unknown)  # says what is wrong with the path or the file
    network, tensors = trace(path, inputs or {}, values or {}, unknown, every=True)
    if network.symbols:
        names = ", ".join(sorted(map(str, network.symbols)))
        shapes = ", ".join(f"{ref}: {network.shape(ref)}" for ref in network.inputs)
        raise SymbolicError(f"{str(path)!r} leaves sizes open ({names}); give the shapes of its inputs ({shapes})")
    proto = onnx.load(path, load_external_data=False)
    for number, node in enumerate(proto.graph.node):
        node.name = node.name or f"operator_{number}"
    named = [(name, node.output[0]) for node in proto.graph.node if node.output for name in (node.name, node.output[0])]
    found = {name: tensors[output].ref for name, output in named if output in tensors}  # the runtime names by outputs what it changes
    external = any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in proto.graph.initializer)
    layer_of = {name: ref.node for name, ref in found.items() if ref is not None}
    return Subject(network, str(path) if external else proto.SerializeToString(), _file_inputs(proto, network, values or {}), layer_of)


def _file_inputs(proto: Any, network: Network, values: Mapping[str, Any]) -> dict[str, Any]:
    """Random numbers for inputs of floats, zeros for others, and what the caller gives."""
    import numpy as np
    import onnx

    stored = {tensor.name for tensor in proto.graph.initializer}
    declared = [info for info in proto.graph.input if info.name not in stored]
    shapes = [network.shape(ref) for ref in network.inputs]
    random, found = np.random.default_rng(0), {}
    for info, shape in zip(declared, shapes, strict=True):
        dtype = onnx.helper.tensor_dtype_to_np_dtype(info.type.tensor_type.elem_type)
        if info.name in values:
            found[info.name] = np.asarray(values[info.name], dtype)
        else:
            numbers = random.standard_normal(shape, dtype=np.float32) if dtype.kind == "f" else np.zeros(shape)
            found[info.name] = numbers.astype(dtype)
    return found


def _measured(
    subject: Subject, runtime: Runtime, runs: int, seconds: float, layers: bool, about: Mapping[str, Any]
) -> Iterator[Measurement]:
    """The row of a network, then those of its layers."""
    prediction = _prediction(subject.network, BITS[runtime.dtype])
    yield _whole(prediction, runtime.whole(subject.model, subject.inputs, runs, seconds), about)
    if not layers:
        return
    step_of = {node.name: index for index, step in enumerate(prediction.workload.steps) for node in step.nodes}
    times: dict[int, list[Timing]] = {}
    for name, (_, timing) in runtime.operators(subject.model, subject.inputs, min(runs, 20)).items():
        label = _FUSED.sub("", name)
        place = step_of.get(subject.layer_of.get(label, ""))
        if place is not None:
            times.setdefault(place, []).append(timing)
    for place, found in sorted(times.items()):
        yield _layer(prediction, place, found, about)


def _prediction(network: Network, bits: int) -> Prediction:
    """The work of the network as a runtime does it that fuses: every operand moved once."""
    widths = Widths(weight_bits=bits, activation_bits=bits, parameters="folded")
    return Prediction(network, Hardware.load("pardhi"), policy("compulsory"), widths)


def _whole(prediction: Prediction, timing: Timing, about: Mapping[str, Any]) -> Measurement:
    network, rows = prediction.network, prediction.rows
    return Measurement(
        network.name, "", "network", _shapes(network.shape(ref) for ref in network.inputs), _shapes(map(network.shape, network.outputs)),
        "", len(rows), prediction.total.macs, _macs(prediction), prediction.total.other_ops, _ops(prediction, prediction.workload.steps),
        prediction.total.weight_bytes,
        sum(row.input_bytes for row in rows), sum(row.output_bytes for row in rows), *timing, **about,
    )  # fmt: skip


def _layer(prediction: Prediction, place: int, timings: list[Timing], about: Mapping[str, Any]) -> Measurement:
    row, node = prediction.rows[place], prediction.workload.steps[place].nodes[0]
    median_s, minimum_s, spread_s = (sum(values) for values in list(zip(*timings, strict=True))[:3])
    timing = Timing(median_s, minimum_s, spread_s, min(t.runs for t in timings))
    kernel = "x".join(map(str, node.layer.per_axis("kernel_size"))) if hasattr(node.layer, "kernel_size") else ""
    least = max(timing.minimum_s, 1e-9)  # the profiler counts microseconds
    return Measurement(
        prediction.network.name, row.name, node.variety(), _shapes(row.input_shapes), _shapes(row.output_shapes), kernel,
        1, row.macs, f"{node.variety()}={row.macs}" if row.macs else "", row.other_ops,
        _ops(prediction, [row.step]), row.weight_bytes, row.input_bytes, row.output_bytes,
        max(timing.median_s, least), least, timing.spread_s, timing.runs, **about,
    )  # fmt: skip


def _macs(prediction: Prediction) -> str:
    """MACs by the kind of the layers that do them."""
    return _text((step.nodes[0].variety(), step.counts.macs) for step in prediction.workload.steps)


def _ops(prediction: Prediction, steps: Iterable[Step]) -> str:
    """Other operations by the kind of the layers that do them."""
    return _text((node.layer.kind, prediction.other_ops(node.counts())) for step in steps for node in step.nodes)


def _text(work: Iterable[tuple[str, Any]]) -> str:
    found: dict[str, int] = {}
    for kind, number in work:
        found[kind] = found.get(kind, 0) + number
    return ";".join(f"{kind}={number}" for kind, number in found.items() if number)


def _shapes(shapes: Iterable[Any]) -> str:
    return ";".join("x".join(map(str, shape)) for shape in shapes)


def _inputs(network: Network) -> dict[str, Any]:
    import numpy as np

    random = np.random.default_rng(0)
    return {str(ref): random.standard_normal(network.shape(ref), dtype=np.float32) for ref in network.inputs}
