"""Operators that work element by element, activations and number formats among them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from costmodel._num import whole
from costmodel.errors import ReaderError
from costmodel.layers import Layer
from costmodel.layers import activation as act
from costmodel.layers.elementwise import Add, Elementwise, Multiply, Where
from costmodel.readers import _folding as folding
from costmodel.readers._folding import chained, lifted
from costmodel.readers._helpers import pair
from costmodel.readers._importer import Operator
from costmodel.readers._values import Value
from costmodel.readers.tflite._helpers import activated, declared
from costmodel.readers.tflite._rules import rule

ACTIVATIONS: dict[str, Callable[[], Layer]] = {
    "RELU": act.ReLU, "RELU6": act.ReLU6, "RELU_N1_TO_1": act.Clip, "RELU_0_TO_1": act.Clip, "LEAKY_RELU": act.LeakyReLU, "ELU": act.ELU,
    "TANH": act.Tanh, "LOGISTIC": act.Sigmoid, "HARD_SWISH": act.HardSwish, "GELU": act.GELU, "SOFTMAX": act.Softmax,
    "LOG_SOFTMAX": act.Softmax, "STABLEHLO_LOGISTIC": act.Sigmoid, "STABLEHLO_TANH": act.Tanh, "FAKE_QUANT": act.Quantize,
}  # fmt: skip


@rule(*ACTIVATIONS)
def activation(op: Operator) -> Any:
    return op.emit(ACTIVATIONS[op.kind](), op[0], dtype=declared(op))


UNARY: dict[str, tuple[str, Any]] = {
    "ABS": ("absolute", lifted(np.abs, abs)),
    "NEG": ("negate", lifted(np.negative, lambda x: -x)),
    "SQRT": ("sqrt", lifted(np.sqrt)),
    "SQUARE": ("square", lifted(np.square, lambda x: x * x)),
    "EXP": ("exp", lifted(np.exp)),
    "LOG": ("log", lifted(np.log)),
    "SIGN": ("sign", lifted(np.sign)),
    "FLOOR": ("round", lifted(np.floor, whole)),
    "CEIL": ("round", lifted(np.ceil, lambda x: -whole(-x))),
    "ROUND": ("round", lifted(np.rint)),
    "SIN": ("function", lifted(np.sin)),
    "COS": ("function", lifted(np.cos)),
    "LOGICAL_NOT": ("logical", lifted(np.logical_not)),
    "CUMSUM": ("add", None),
    "STABLEHLO_ABS": ("absolute", None),
    "STABLEHLO_NEGATE": ("negate", None),
    "STABLEHLO_EXPONENTIAL": ("exp", None),
    "STABLEHLO_LOG": ("log", None),
    "STABLEHLO_FLOOR": ("round", None),
    "STABLEHLO_COSINE": ("function", None),
    "STABLEHLO_CBRT": ("function", None),
    "STABLEHLO_CONVERT": ("cast", None),
}

for _kind, (_step, _fold) in UNARY.items():

    @rule(_kind, fold=_fold)
    def unary(op: Operator, step: str = _step) -> Any:
        return op.emit(Elementwise(step), op[0], dtype=declared(op))


@rule("RSQRT", "STABLEHLO_RSQRT", fold=lifted(lambda x: 1 / np.sqrt(x)))
def reciprocal_root(op: Operator) -> Any:
    return op.emit(Elementwise("reciprocal"), op.emit(Elementwise("sqrt"), op[0]), dtype=declared(op))


BINARY: dict[str, tuple[Callable[..., Layer], Any]] = {
    "ADD": (Add, lifted(np.add, lambda a, b: a + b)),
    "SUB": (partial(Elementwise, "subtract"), lifted(np.subtract, lambda a, b: a - b)),
    "MUL": (Multiply, lifted(np.multiply, lambda a, b: a * b)),
    "DIV": (partial(Elementwise, "divide"), lifted(folding.divide, folding.symbolic_divide)),
    "FLOOR_DIV": (partial(Elementwise, "divide"), lifted(folding.divided(np.floor_divide), folding.symbolic_floor)),
    "FLOOR_MOD": (partial(Elementwise, "modulo"), lifted(folding.divided(np.mod), folding.symbolic_modulo)),
    "POW": (partial(Elementwise, "power"), lifted(np.power, lambda a, b: a**b)),
    "MAXIMUM": (partial(Elementwise, "compare"), lifted(np.maximum, folding.symbolic_maximum)),
    "MINIMUM": (partial(Elementwise, "compare"), lifted(np.minimum, folding.symbolic_minimum)),
    "ATAN2": (partial(Elementwise, "function"), None),
    "BITWISE_XOR": (partial(Elementwise, "logical"), lifted(np.bitwise_xor)),
    "RIGHT_SHIFT": (partial(Elementwise, "logical"), None),
    "LOGICAL_AND": (partial(Elementwise, "logical"), lifted(np.logical_and)),
    "LOGICAL_OR": (partial(Elementwise, "logical"), lifted(np.logical_or)),
    "EQUAL": (partial(Elementwise, "equality"), lifted(np.equal, folding.equality)),
    "NOT_EQUAL": (partial(Elementwise, "equality"), lifted(np.not_equal, folding.negated(folding.equality))),
    "LESS": (partial(Elementwise, "equality"), lifted(np.less, folding.less)),
    "GREATER": (partial(Elementwise, "equality"), lifted(np.greater, folding.swapped(folding.less))),
    "LESS_EQUAL": (partial(Elementwise, "equality"), lifted(np.less_equal, folding.negated(folding.swapped(folding.less)))),
    "GREATER_EQUAL": (partial(Elementwise, "equality"), lifted(np.greater_equal, folding.negated(folding.less))),
    "STABLEHLO_ADD": (Add, None),
    "STABLEHLO_SUBTRACT": (partial(Elementwise, "subtract"), None),
    "STABLEHLO_MULTIPLY": (Multiply, None),
    "STABLEHLO_DIVIDE": (partial(Elementwise, "divide"), None),
    "STABLEHLO_MAXIMUM": (partial(Elementwise, "compare"), None),
    "STABLEHLO_MINIMUM": (partial(Elementwise, "compare"), None),
    "STABLEHLO_POWER": (partial(Elementwise, "power"), None),
    "STABLEHLO_REMAINDER": (partial(Elementwise, "modulo"), None),
    "STABLEHLO_AND": (partial(Elementwise, "logical"), None),
    "STABLEHLO_OR": (partial(Elementwise, "logical"), None),
    "STABLEHLO_COMPARE": (partial(Elementwise, "equality"), None),
}  # fmt: skip

for _kind, (_layer, _fold) in BINARY.items():

    @rule(_kind, fold=_fold)
    def binary(op: Operator, layer: Callable[..., Layer] = _layer) -> Any:
        return activated(op, pair(layer, op, op[0], op[1], dtype=declared(op)))


@rule("SQUARED_DIFFERENCE")
def squared_difference(op: Operator) -> Any:
    return op.emit(Elementwise("square"), pair(partial(Elementwise, "subtract"), op, op[0], op[1]), dtype=declared(op))


@rule("ADD_N", fold=lifted(chained(np.add), chained(lambda a, b: a + b)))
def add_n(op: Operator) -> Any:
    return pair(Add, op, *op.given(), dtype=declared(op)) if len(op.inputs) > 1 else op[0]


@rule("SELECT", "SELECT_V2", "STABLEHLO_SELECT", fold=lifted(np.where, lambda c, a, b: a if c else b))
def select(op: Operator) -> Any:
    condition, a, b = op[0], op[1], op[2]
    if op.kind == "SELECT" and len(condition.shape) == 1 < len(a.shape):  # one truth value for every entry of the first axis
        condition = condition.like((*condition.shape, *(1,) * (len(a.shape) - 1))) if condition.ref is None else condition
        if condition.ref is not None:
            return op.emit(Elementwise("select"), a, dtype=declared(op))
    return pair(Where, op, condition, a, b, dtype=declared(op))


@rule("PRELU")
def prelu(op: Operator) -> Any:
    x, slope = op[0], op[1]
    if slope.ref:
        return pair(partial(Elementwise, "prelu"), op, x, slope, dtype=declared(op))
    return op.emit(act.PReLU(slope.shape), x, dtype=declared(op), weights=[slope])


def _cast(op: Operator, x: Any) -> Any:
    target = declared(op)
    return x if x.dtype == object else x.astype(target) if hasattr(np, target) or target == "bool" else None


@rule("CAST", fold=_cast)
def cast(op: Operator) -> Any:
    return op[0] if declared(op) == op[0].dtype else op.emit(Elementwise("cast"), op[0], dtype=declared(op))


@rule("BITCAST")
def bit_cast(op: Operator) -> Any:
    x, target = op[0], declared(op)
    made = x.like(dtype=target)
    if x.bits != made.bits:
        raise ReaderError(f"has the input {x.dtype} and the output {target}, of another width; that has no rule")
    return made


@rule("DEQUANTIZE")
def dequantize(op: Operator) -> Value:
    x = op[0]
    if x.ref is None:
        return stored_as(x, declared(op))
    made: Value = op.emit(Elementwise("cast") if "float" in x.dtype else act.Dequantize(), x, dtype=declared(op))
    return made


@rule("QUANTIZE")
def quantize(op: Operator) -> Value:
    x = op[0]
    if x.ref is None:
        return stored_as(x, declared(op))
    made: Value = op.emit(act.Quantize() if "float" in x.dtype else act.Requantize(), x, dtype=declared(op))
    return made


@rule("DENSIFY")
def densify(op: Operator) -> Value:
    if op[0].ref is not None:
        raise ReaderError("has an input that is computed; only stored tensors are sparse")
    return stored_as(op[0], declared(op))


def stored_as(x: Value, dtype: str) -> Value:
    """A stored tensor in another format: done once, so no layer; it keeps the width that it is stored in."""
    return Value(x.shape, dtype, None, x.sources)
