"""A .pt2 file as a record: a zip archive whose JSON describes the program. Weights are pickles or raw bytes, and are not opened."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

from costmodel.errors import ReaderError
from costmodel.readers._archive import DAMAGED, json_of
from costmodel.readers.torch._program import Call, Given, Graph, Program, Recorded, Ref, Size

LARGEST = 256 * 2**20
"""Bytes of JSON that are read at most."""
MODELS = ("models/model.json", "serialized_exported_program.json")
"""Where the description lies in the archive: of today's and of older versions of PyTorch."""
DTYPES = {
    1: "uint8", 2: "int8", 3: "int16", 4: "int32", 5: "int64", 6: "float16", 7: "float32", 8: "float64", 10: "complex64",
    11: "complex128", 12: "bool", 13: "bfloat16", 28: "uint16", 29: "float8e4m3fn", 30: "float8e5m2", 31: "float8e4m3fnuz",
    32: "float8e5m2fnuz",
}  # fmt: skip
"""Number formats by the numbers of `torch._export.serde.schema.ScalarType`."""
STORED = {"parameter": "parameter_name", "buffer": "buffer_name", "tensor_constant": "tensor_constant_name"}


def load(path: Path) -> Program:
    """The program in a .pt2 file."""
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        raise ReaderError(f"is no .pt2 archive, which is a zip file: {error}") from None
    with archive:
        names = archive.namelist()
        model = next((n for n in names if n.endswith(MODELS)), None) or next(
            (n for n in names if "/models/" in f"/{n}" and n.endswith(".json")), None
        )
        if model is None:
            raise ReaderError(
                f"holds no {MODELS[0]}, which torch.export.save writes; give the torch.export.ExportedProgram in memory, or an .onnx file"
            )
        weights = next((n for n in names if n.endswith("_weights_config.json")), None)
        described = _json(archive, model)
        config = _json(archive, weights).get("config", {}) if weights is not None else {}
    return _program(described, config, path.stem)


def _json(archive: zipfile.ZipFile, name: str) -> Any:
    try:
        return json_of(archive, name, LARGEST)
    except ReaderError:
        raise
    except DAMAGED as error:
        raise ReaderError(f"{name} can't be read: {error}") from None


def _program(described: Any, weights: Any, name: str) -> Program:
    module = described["graph_module"]
    signature = module["signature"]
    graph = _graph(module["graph"])
    inputs = []
    for spec in signature["input_specs"]:
        kind, content = _only(spec)
        if kind in STORED:
            label = content[STORED[kind]]
            given: Any = "constant" if kind == "tensor_constant" else kind
            file = weights.get(label, {})
            key = json.dumps([file["path_name"], file.get("tensor_meta")]) if "path_name" in file else label
            inputs.append(Given(content["arg"]["name"], given, label, key))
        elif kind == "user_input":
            ref = _argument(content["arg"])
            if isinstance(ref, Ref):
                inputs.append(Given(ref.name, "user", ref.name))
        elif kind == "constant_input":
            inputs.append(Given(content["name"], "other", content["name"], None, _only(content["value"])[1]))
    outputs = [_argument(spec["user_output"]["arg"]) for spec in signature["output_specs"] if "user_output" in spec]
    ranges = {symbol: (r.get("min_val"), r.get("max_val")) for symbol, r in described.get("range_constraints", {}).items()}
    return Program(name, inputs, graph._replace(outputs=outputs), ranges)


def _only(union: Any) -> tuple[str, Any]:
    """What a union holds: the one field that is set."""
    if not isinstance(union, dict):
        raise ReaderError(f"has {str(union)[:80]!r} where a named value is wanted")
    found = [(name, value) for name, value in union.items() if value is not None]
    if len(found) != 1:
        raise ReaderError(f"has {str(union)[:80]!r} where one named value is wanted")
    return found[0]


def _graph(graph: Any) -> Graph:
    tensors = {
        name: Recorded(tuple([_size(n) for n in meta["sizes"]]), DTYPES.get(meta["dtype"], f"the number format {meta['dtype']}"))
        for name, meta in graph["tensor_values"].items()
    }
    sizes: dict[str, Size] = {}
    for field in ("sym_int_values", "sym_float_values", "sym_bool_values"):
        sizes |= {name: _number(value) for name, value in (graph.get(field) or {}).items()}
    inputs = [_argument(argument) for argument in graph["inputs"]]
    outputs = [entry for argument in graph["outputs"] for entry in _flat(_argument(argument))]
    calls = [_call(node) for node in graph["nodes"]]
    return Graph(tuple([i.name for i in inputs if isinstance(i, Ref)]), calls, outputs, tensors, sizes)


def _call(node: Any) -> Call:
    arguments = {given["name"] or str(index): _argument(given["arg"]) for index, given in enumerate(node["inputs"])}
    outputs = [entry for output in node["outputs"] for entry in _flat(_argument(output))]
    names = tuple([entry.name if isinstance(entry, Ref) else "" for entry in outputs])
    stack = (node.get("metadata") or {}).get("nn_module_stack", "").split(";")[-1].split(",")
    path = stack[1].partition("@")[0] if len(stack) > 2 else ""
    return Call(node["target"].removeprefix("torch.ops."), arguments, names, path, stack[0])


def _argument(argument: Any) -> Any:
    kind, value = _only(argument)
    if kind in ("as_none", "as_device", "as_layout", "as_memory_format"):
        return None
    if kind == "as_scalar_type":
        return DTYPES.get(value, "undefined")
    if kind in ("as_tensor", "as_custom_obj"):
        return Ref(value["name"])
    if kind == "as_graph":
        return _graph(value["graph"])
    if kind == "as_tensors":
        return [Ref(entry["name"]) for entry in value]
    if kind == "as_nested_tensors":
        return [[Ref(entry["name"]) for entry in entries] for entries in value]
    if kind in ("as_optional_tensor", "as_sym_int", "as_sym_float", "as_sym_bool"):
        return _named(value)
    if kind in ("as_optional_tensors", "as_sym_ints", "as_sym_floats", "as_sym_bools"):
        return [_named(entry) for entry in value]
    if kind == "as_string_to_argument":
        return {name: _argument(entry) for name, entry in value.items()}
    return value


def _named(union: Any) -> Any:
    kind, value = _only(union)
    if kind == "as_name":
        return Ref(value)
    if kind == "as_tensor":
        return Ref(value["name"])
    return None if kind == "as_none" else value


def _flat(value: Any) -> list[Any]:
    return [entry for part in value for entry in _flat(part)] if isinstance(value, list) else [value]


def _number(number: Any) -> Size:
    kind, value = _only(number)
    return str(value["expr_str"]) if kind == "as_expr" else value if type(value) is int else str(value)


def _size(size: Any) -> Size:
    number = _number(size)
    if isinstance(number, int) and not 0 <= number <= 2**48:
        raise ReaderError(f"has the size {number}; it must be at least 0 and at most {2**48}")
    return number
