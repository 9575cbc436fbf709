"""Quantized operators: integers keep their width, scales and zero points are no parameters."""

from __future__ import annotations

from typing import Any

from costmodel.layers.activation import Bias, Dequantize, LeakyReLU, Quantize, Requantize, Sigmoid, Softmax
from costmodel.layers.elementwise import Add, Elementwise, Multiply, Where
from costmodel.layers.pooling import GlobalAvgPool
from costmodel.layers.reduction import Reduce
from costmodel.layers.structure import Concat, Transpose
from costmodel.readers._helpers import axes_of, pair
from costmodel.readers._importer import Operator
from costmodel.readers._products import matrix_product
from costmodel.readers._values import Value
from costmodel.readers.onnx._file import DTYPES
from costmodel.readers.onnx._rules import rule
from costmodel.readers.onnx.pooling import pooled
from costmodel.readers.onnx.products import convolve

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
@rule("QLinearConv", domain=MICROSOFT)
def qlinear_conv(op: Operator) -> Any:
    op.ignore(*op.inputs[1:3], *op.inputs[4:8])
    y = convolve(op, op[0], op[3], op.optional(8), dtype="int32", channels_last=bool(op.get("channels_last", 0)))
    return _requantized(op, y, op[7])


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


@rule("QGemm", domain=MICROSOFT)
def qgemm(op: Operator) -> Any:
    op.ignore(*op.inputs[1:3], *op.inputs[4:6], *op.inputs[7:9])
    b, bias = op[3], op.optional(6)
    if op.get("transB", 0):
        b = b.like(b.shape[::-1]) if b.ref is None else op.emit(Transpose((1, 0)), b)
    y = matrix_product(op, op[0], b, dtype="int32")
    if bias is not None:
        y = op.emit(Bias(bias.shape), y, biases=[bias])
    return _requantized(op, y, op.optional(8))


@rule("MatMulInteger16", domain=MICROSOFT)
def matmul_integer16(op: Operator) -> Any:
    return matrix_product(op, op[0], op[1], dtype="int32")


@rule("MatMulIntegerToFloat", domain=MICROSOFT)
def matmul_integer_to_float(op: Operator) -> Any:
    op.ignore(*op.inputs[2:6])
    return _scaled(op, matrix_product(op, op[0], op[1], dtype="int32"), op.optional(6))


@rule("DynamicQuantizeMatMul", domain=MICROSOFT)
def dynamic_quantize_matmul(op: Operator) -> Any:
    op.ignore(*op.inputs[2:4])
    x = op.emit(Quantize(), op[0], dtype="uint8")
    return _scaled(op, matrix_product(op, x, op[1], dtype="int32"), op.optional(4))


def _scaled(op: Operator, y: Value, bias: Value | None) -> Value:
    """Accumulators as floating point, with a bias."""
    y = op.emit(Dequantize(), y, dtype="float32")
    return y if bias is None else op.emit(Bias(bias.shape), y, biases=[bias])


@rule("QLinearAveragePool", domain=MICROSOFT)
def qlinear_average_pool(op: Operator) -> Any:
    op.ignore(*op.inputs[1:])
    return pooled(op, bool(op.get("channels_last", 0)))


@rule("QLinearSoftmax", domain=MICROSOFT)
def qlinear_softmax(op: Operator) -> Any:
    op.ignore(*op.inputs[1:])
    return op.emit(Softmax(op.get("axis", -1)), op[0])


@rule("QLinearReduceMean", domain=MICROSOFT)
def qlinear_mean(op: Operator) -> Any:
    op.ignore(*op.inputs[1:])
    axes = axes_of(op.get("axes"), len(op[0].shape))
    return op.emit(Reduce("mean", axes, bool(op.get("keepdims", 1))), op[0])


@rule("QLinearGlobalAveragePool", domain=MICROSOFT)
def qlinear_pool(op: Operator) -> Any:
    op.ignore(*op.inputs[1:])
    return op.emit(GlobalAvgPool(), op[0], channels_last=bool(op.get("channels_last", 0)))


@rule("QLinearLeakyRelu", "QLinearSigmoid", domain=MICROSOFT)
def qlinear_activation(op: Operator) -> Any:
    op.ignore(*op.inputs[1:])
    return op.emit(LeakyReLU() if "Relu" in op.kind else Sigmoid(), op[0])


@rule("QLinearWhere", domain=MICROSOFT)
def qlinear_where(op: Operator) -> Any:
    op.ignore(*op.inputs[2:4], *op.inputs[5:])
    return _requantized(op, pair(Where, op, op[0], op[1], op[4], dtype=op[1].dtype), op.optional(8))


@rule("MulInteger", domain=MICROSOFT)
def multiply_integer(op: Operator) -> Any:
    op.ignore(op.optional(1), op.optional(3))
    return pair(Multiply, op, op[0], op[2], dtype="int32")


@rule("ReduceSumInteger", domain=MICROSOFT)
def sum_integer(op: Operator) -> Any:
    axes = axes_of(op.get("axes"), len(op[0].shape))
    return op.emit(Reduce("sum", axes, bool(op.get("keepdims", 1))), op[0], dtype="int32")
