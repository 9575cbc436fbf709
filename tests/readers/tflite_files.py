"""Small TFLite files, built with the `tflite` package, which follows the published schema: another hand than the reader's."""

from __future__ import annotations

from typing import Any

import flatbuffers
import numpy as np
import tflite

TYPES = {
    "complex64": "COMPLEX64",
    "float32": "FLOAT32", "float16": "FLOAT16", "int32": "INT32", "uint8": "UINT8", "int64": "INT64", "bool": "BOOL", "int16": "INT16",
    "int8": "INT8", "resource": "RESOURCE", "string": "STRING",
}  # fmt: skip

OUTSIDE = b"outside"
"""Marks a buffer behind the flatbuffer: a test writes the offset and the size over those of the file."""


class Graph:
    """A subgraph that is being written down."""

    def __init__(self) -> None:
        self.tensors: list[dict[str, Any]] = []
        self.operators: list[tuple[str, list[int], list[int], tuple[str, dict[str, Any]] | None, bytes]] = []
        self.inputs: list[int] = []
        self.outputs: list[int] = []

    def tensor(self, shape=(), dtype="float32", data=None, **said: Any) -> int:
        if data is not None:
            data = np.asarray(data, dtype)
            shape = data.shape
        self.tensors.append({"shape": tuple(shape), "dtype": dtype, "data": data, **said})
        return len(self.tensors) - 1

    def input(self, *shape: int, dtype="float32", **said: Any) -> int:
        self.inputs.append(self.tensor(shape, dtype, **said))
        return self.inputs[-1]

    def const(self, data: Any, dtype="int32", **said: Any) -> int:
        return self.tensor(data=data, dtype=dtype, **said)

    def weights(self, *shape: int, dtype="float32", **said: Any) -> int:
        return self.tensor(data=np.ones(shape), dtype=dtype, **said)

    def op(self, kind: str, *inputs: int, options=None, outputs=1, dtype="float32", custom=b"", shape=(), **said: Any) -> Any:
        """An operator; its outputs are declared as `shape`, which the reader must not need."""
        made = [self.tensor(shape, dtype, **said) for _ in range(outputs)]
        self.operators.append((kind, list(inputs), made, options, custom))
        return made[0] if outputs == 1 else made

    def returns(self, *outputs: int) -> Graph:
        self.outputs += outputs
        return self


def file_of(*graphs: Graph) -> bytes:
    """The bytes of a file with these subgraphs."""
    b = flatbuffers.Builder(1024)
    kinds = list(dict.fromkeys(kind for graph in graphs for kind, *_ in graph.operators))
    buffers: list[bytes] = [b""]
    subgraphs = [_subgraph(b, graph, kinds, buffers) for graph in graphs]
    codes = []
    for kind in kinds:
        builtin = getattr(tflite.BuiltinOperator, kind, None)
        text = b.CreateString(kind) if builtin is None else None
        tflite.OperatorCodeStart(b)
        tflite.OperatorCodeAddDeprecatedBuiltinCode(b, min(32 if builtin is None else builtin, 127))
        tflite.OperatorCodeAddBuiltinCode(b, 32 if builtin is None else builtin)
        tflite.OperatorCodeAddVersion(b, 2 if kind == "BROADCAST_TO" else 1)
        if text is not None:
            tflite.OperatorCodeAddCustomCode(b, text)
        codes.append(tflite.OperatorCodeEnd(b))
    stored = []
    for data in buffers:
        bytes_at = b.CreateByteVector(data) if data and data is not OUTSIDE else None
        tflite.BufferStart(b)
        if data is OUTSIDE:
            tflite.BufferAddOffset(b, 0x1122334455667788)
            tflite.BufferAddSize(b, 0x1122334455667799)
        if bytes_at is not None:
            tflite.BufferAddData(b, bytes_at)
        stored.append(tflite.BufferEnd(b))
    code_list, graph_list, buffer_list = (_vector(b, entries) for entries in (codes, subgraphs, stored))
    tflite.ModelStart(b)
    tflite.ModelAddVersion(b, 3)
    tflite.ModelAddOperatorCodes(b, code_list)
    tflite.ModelAddSubgraphs(b, graph_list)
    tflite.ModelAddBuffers(b, buffer_list)
    b.Finish(tflite.ModelEnd(b), b"TFL3")
    return bytes(b.Output())


def _vector(b: Any, offsets: list[int]) -> int:
    b.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        b.PrependUOffsetTRelative(offset)
    return b.EndVector()


def _numbers(b: Any, numbers: Any) -> int:
    return b.CreateNumpyVector(np.asarray(numbers, np.int32))


def _subgraph(b: Any, graph: Graph, kinds: list[str], buffers: list[bytes]) -> int:
    tensors = [_tensor(b, number, said, buffers) for number, said in enumerate(graph.tensors)]
    operators = [_operator(b, kinds, *said) for said in graph.operators]
    tensor_list, operator_list = _vector(b, tensors), _vector(b, operators)
    inputs, outputs = _numbers(b, graph.inputs), _numbers(b, graph.outputs)
    tflite.SubGraphStart(b)
    tflite.SubGraphAddTensors(b, tensor_list)
    tflite.SubGraphAddInputs(b, inputs)
    tflite.SubGraphAddOutputs(b, outputs)
    tflite.SubGraphAddOperators(b, operator_list)
    return tflite.SubGraphEnd(b)


def _tensor(b: Any, number: int, said: dict[str, Any], buffers: list[bytes]) -> int:
    name, shape = b.CreateString(said.get("name", f"t{number}")), _numbers(b, said["shape"])
    signature = _numbers(b, said["signature"]) if "signature" in said else None
    quantization = None
    if said.get("quantized"):
        scale, zero = b.CreateNumpyVector(np.asarray([0.5], np.float32)), b.CreateNumpyVector(np.asarray([0], np.int64))
        tflite.QuantizationParametersStart(b)
        tflite.QuantizationParametersAddScale(b, scale)
        tflite.QuantizationParametersAddZeroPoint(b, zero)
        quantization = tflite.QuantizationParametersEnd(b)
    sparsity = None
    if said.get("sparse"):
        tflite.SparsityParametersStart(b)
        sparsity = tflite.SparsityParametersEnd(b)
    data = said.get("stored", None if said["data"] is None else said["data"].tobytes())
    if data or said.get("outside"):
        buffers.append(data or OUTSIDE)
    tflite.TensorStart(b)
    tflite.TensorAddShape(b, shape)
    tflite.TensorAddType(b, getattr(tflite.TensorType, TYPES[said["dtype"]]))
    tflite.TensorAddBuffer(b, len(buffers) - 1 if data or said.get("outside") else 0)
    tflite.TensorAddName(b, name)
    tflite.TensorAddIsVariable(b, said.get("variable", False))
    for add, value in (
        (tflite.TensorAddShapeSignature, signature), (tflite.TensorAddQuantization, quantization), (tflite.TensorAddSparsity, sparsity),
    ):  # fmt: skip
        if value is not None:
            add(b, value)
    return tflite.TensorEnd(b)


def _operator(b: Any, kinds: list[str], kind: str, inputs: list[int], outputs: list[int], options: Any, custom: bytes) -> int:
    options_at = None
    if options is not None:
        name, fields = options
        made = {key: _field(b, value) for key, value in fields.items()}
        getattr(tflite, f"{name}Start")(b)
        for key, value in made.items():
            getattr(tflite, f"{name}Add{key}")(b, value)
        options_at = getattr(tflite, f"{name}End")(b)
    custom_at = b.CreateByteVector(custom) if custom else None
    inputs_at, outputs_at = _numbers(b, inputs), _numbers(b, outputs)
    tflite.OperatorStart(b)
    tflite.OperatorAddOpcodeIndex(b, kinds.index(kind))
    tflite.OperatorAddInputs(b, inputs_at)
    tflite.OperatorAddOutputs(b, outputs_at)
    if options_at is not None:
        tflite.OperatorAddBuiltinOptionsType(b, getattr(tflite.BuiltinOptions, options[0]))
        tflite.OperatorAddBuiltinOptions(b, options_at)
    if custom_at is not None:
        tflite.OperatorAddCustomOptions(b, custom_at)
    return tflite.OperatorEnd(b)


def _field(b: Any, value: Any) -> Any:
    if isinstance(value, str):
        return b.CreateString(value)
    return _numbers(b, value) if isinstance(value, list | tuple) else value
