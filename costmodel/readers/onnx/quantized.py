"""Quantized operators: integers keep their width, scales and zero points are no parameters."""

from __future__ import annotations

from functools import partial
from typing import Any

from costmodel.layers.activation import Dequantize, Quantize, Requantize
from costmodel.layers.elementwise import Add, Elementwise, Multiply
from costmodel.layers.pooling import GlobalAvgPool
from costmodel.layers.reduction import Reduce
from costmodel.layers.structure import Concat
from costmodel.readers._helpers import pair
from costmodel.readers._importer import Operator
from costmodel.readers._values import Value
from costmodel.readers.onnx._file import DTYPES
from costmodel.readers.onnx._rules import rule
from costmodel.readers.onnx.products import convolve, matrix_product

MICROSOFT = "com.microsoft"


def dequantize(op: Operator) -> Any:
    x, scale = op[0], op[1]
    op.ignore(scale, op.optional(2))
    if x.ref is None:
        return Value(x.shape, scale.dtype, None, x.sources)
    return op.emit(Dequantize(), x, dtype=scale.dtype)


def quantize(op: Operator) -> Any:
    op.ignore(op[1], op.optional(2))
    zero = op.optional(2)
    dtype = zero.dtype if zero is not None else DTYPES.get(op.get("output_dtype", 0) or 2, "uint8")
    return op.emit(Quantize(), op[0], dtype=dtype)


rule("DequantizeLinear")(dequantize)
rule("DequantizeLinear", domain=MICROSOFT)(dequantize)
rule("QuantizeLinear")(quantize)
rule("QuantizeLinear", domain=MICROSOFT)(quantize)


@rule("DynamicQuantizeLinear")
def dynamic_quantize(op: Operator) -> Any:
    x = op[0]
    axes = tuple(range(len(x.shape)))
    least = op.emit(Reduce("min", axes, False), x)
    most = op.emit(Reduce("max", axes, False), x)
    scale = op.emit(Elementwise("subtract"), most, least)
    return [op.emit(Quantize(), x, dtype="uint8"), scale, scale.like(dtype="uint8")]


@rule("ConvInteger")
def conv_integer(op: Operator) -> Any:
    op.ignore(op.optional(2), op.optional(3))
    return convolve(op, op[0], op[1], None, dtype="int32")


@rule("MatMulInteger")
def matmul_integer(op: Operator) -> Any:
    op.ignore(op.optional(2), op.optional(3))
    return matrix_product(op, op[0], op[1], dtype="int32")


def _requantized(op: Operator, y: Value, zero: Value | None) -> Value:
    made: Value = op.emit(Requantize(), y, dtype=zero.dtype if zero is not None else "uint8")
    return made


@rule("QLinearConv")
def qlinear_conv(op: Operator) -> Any:
    x, w = op[0], op[3]
    op.ignore(*op.inputs[1:3], *op.inputs[4:8])
    return _requantized(op, convolve(op, x, w, op.optional(8), dtype="int32"), op[7])


@rule("QLinearMatMul")
def qlinear_matmul(op: Operator) -> Any:
    op.ignore(*op.inputs[1:3], *op.inputs[4:8])
    return _requantized(op, matrix_product(op, op[0], op[3], dtype="int32"), op[7])


@rule("QLinearAdd", "QLinearMul", domain=MICROSOFT)
def qlinear_binary(op: Operator) -> Any:
    op.ignore(*op.inputs[1:3], *op.inputs[4:8])
    y = pair(Add if op.kind == "QLinearAdd" else Multiply, op, op[0], op[3])
    return _requantized(op, y, op.optional(7))


@rule("QLinearConcat", domain=MICROSOFT)
def qlinear_concat(op: Operator) -> Any:
    op.ignore(*op.inputs)
    return op.emit(Concat(op.get("axis", 1)), *op.given()[2::3])


@rule("QLinearGlobalAveragePool", domain=MICROSOFT)
def qlinear_pool(op: Operator) -> Any:
    op.ignore(*op.inputs[1:])
    return op.emit(GlobalAvgPool(), op[0])


@rule("QLinearLeakyRelu", "QLinearSigmoid", domain=MICROSOFT)
def qlinear_activation(op: Operator) -> Any:
    op.ignore(*op.inputs[1:])
    return op.emit(partial(Elementwise, "leaky_relu" if "Relu" in op.kind else "sigmoid")(), op[0])
