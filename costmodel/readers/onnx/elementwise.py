"""Operators that work element by element, activations among them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from costmodel._num import whole
from costmodel.layers import Layer
from costmodel.layers import activation as act
from costmodel.layers.elementwise import Add, Elementwise, Multiply, Where
from costmodel.readers import _folding as folding
from costmodel.readers import _products as products
from costmodel.readers._folding import chained, lifted
from costmodel.readers._helpers import pair
from costmodel.readers._importer import Operator
from costmodel.readers._values import Value
from costmodel.readers.onnx._file import DTYPES
from costmodel.readers.onnx._rules import rule

ACTIVATIONS: dict[str, Callable[[], Layer]] = {
    "Relu": act.ReLU, "LeakyRelu": act.LeakyReLU, "Elu": act.ELU, "Selu": act.SELU, "Celu": act.CELU, "Tanh": act.Tanh,
    "Sigmoid": act.Sigmoid, "HardSigmoid": act.HardSigmoid, "HardSwish": act.HardSwish, "Swish": act.SiLU, "Gelu": act.GELU,
    "Softplus": act.Softplus, "Softsign": act.Softsign, "Mish": act.Mish, "ThresholdedRelu": act.ReLU, "Clip": act.Clip,
    "Shrink": partial(Elementwise, "shrink"),
}  # fmt: skip


def activation(op: Operator) -> Any:
    """One step an element of the first input; limits and slopes are attributes or single numbers."""
    return op.emit(ACTIVATIONS[op.kind](), op[0])


rule(*(kind for kind in ACTIVATIONS if kind not in ("Clip", "Relu")))(activation)
rule("Relu", fold=lifted(lambda x: np.maximum(x, 0)))(activation)


def _clip(op: Operator, x: Any, low: Any = None, high: Any = None) -> Any:
    for limit, clipped in ((low, _RAISED), (high, _LOWERED)):
        x = x if limit is None or x is None else clipped(op, x, limit)
    return x


_RAISED, _LOWERED = lifted(np.maximum, folding.symbolic_maximum), lifted(np.minimum, folding.symbolic_minimum)


def _limit(value: Value | None) -> float | None:
    """The limit that an input says, where it is a number that is known."""
    data = None if value is None else value.data
    return None if data is None or not data.size or data.dtype == object else float(data.ravel()[0])


@rule("Clip", fold=_clip)
def clip(op: Operator) -> Any:
    limits = [op.get("min"), op.get("max")]
    if len(op.inputs) > 1:
        limits = [_limit(value) for value in (*op.inputs, None)[1:3]]
    if limits == [0, 6]:
        return op.emit(act.ReLU6(), op[0])
    if limits == [0, None]:
        return op.emit(act.ReLU(), op[0])
    return op.emit(act.Clip(), op[0])


def _of_floats(function: Callable[..., Any]) -> Any:
    return lifted(function)


def _rounded(symbolic: Any, plain: Any) -> Any:
    return lifted(plain, symbolic)


UNARY: dict[str, tuple[str, Any]] = {
    "Abs": ("absolute", lifted(np.abs, lambda x: abs(x))),
    "Neg": ("negate", lifted(np.negative, lambda x: -x)),
    "Sqrt": ("sqrt", lifted(np.sqrt)),
    "Exp": ("exp", lifted(np.exp)),
    "Log": ("log", lifted(np.log)),
    "Erf": ("erf", None),
    "Sign": ("sign", lifted(np.sign)),
    "Floor": ("round", lifted(np.floor, whole)),
    "Ceil": ("round", lifted(np.ceil, lambda x: -whole(-x))),
    "Round": ("round", lifted(np.rint)),
    "Reciprocal": ("reciprocal", lifted(np.reciprocal)),
    **{kind: ("function", lifted(getattr(np, name))) for kind, name in {
        "Sin": "sin", "Cos": "cos", "Tan": "tan", "Asin": "arcsin", "Acos": "arccos", "Atan": "arctan", "Sinh": "sinh", "Cosh": "cosh",
        "Asinh": "arcsinh", "Acosh": "arccosh", "Atanh": "arctanh",
    }.items()},
    "Not": ("logical", lifted(np.logical_not)),
    "BitwiseNot": ("logical", lifted(np.invert)),
    "IsNaN": ("equality", None),
    "IsInf": ("equality", None),
}  # fmt: skip

for _kind, (_step, _fold) in UNARY.items():

    @rule(_kind, fold=_fold)
    def unary(op: Operator, step: str = _step) -> Any:
        return op.emit(Elementwise(step), op[0], dtype="bool" if step == "equality" else None)


BINARY: dict[str, tuple[str, Any]] = {
    "Sub": ("subtract", lifted(np.subtract, lambda a, b: a - b)),
    "Div": ("divide", lifted(folding.divide, folding.symbolic_divide)),
    "Mod": ("modulo", lifted(folding.divided(np.mod), folding.symbolic_modulo)),
    "Pow": ("power", lifted(np.power, folding.power)),
    "BitShift": ("logical", None),
    "BitwiseAnd": ("logical", lifted(np.bitwise_and)),
    "BitwiseOr": ("logical", lifted(np.bitwise_or)),
    "BitwiseXor": ("logical", lifted(np.bitwise_xor)),
}
for _kind, (_step, _fold) in BINARY.items():

    @rule(_kind, fold=_fold)
    def binary(op: Operator, step: str = _step) -> Any:
        return pair(partial(Elementwise, step), op, op[0], op[1])


COMPARISONS: dict[str, tuple[str, Any]] = {
    "Equal": ("equality", lifted(np.equal, folding.equality)),
    "Less": ("equality", lifted(np.less, folding.less)),
    "Greater": ("equality", lifted(np.greater, folding.swapped(folding.less))),
    "LessOrEqual": ("equality", lifted(np.less_equal, folding.negated(folding.swapped(folding.less)))),
    "GreaterOrEqual": ("equality", lifted(np.greater_equal, folding.negated(folding.less))),
    "And": ("logical", lifted(np.logical_and)),
    "Or": ("logical", lifted(np.logical_or)),
    "Xor": ("logical", lifted(np.logical_xor)),
}
for _kind, (_step, _fold) in COMPARISONS.items():

    @rule(_kind, fold=_fold)
    def comparison(op: Operator, step: str = _step) -> Any:
        return pair(partial(Elementwise, step), op, op[0], op[1], dtype="bool")


@rule("Add", fold=lifted(np.add, lambda a, b: a + b))
def add(op: Operator) -> Any:
    return products.add(op, op[0], op[1])


@rule("Mul", fold=lifted(np.multiply, lambda a, b: a * b))
def multiply(op: Operator) -> Any:
    return pair(Multiply, op, op[0], op[1])


@rule("Sum", fold=lifted(chained(np.add), chained(lambda a, b: a + b)))
def sum_of(op: Operator) -> Any:
    return pair(Add, op, *op.given())


@rule("Mean")
def mean_of(op: Operator) -> Any:
    return pair(partial(Elementwise, "average"), op, *op.given())


@rule("Max", fold=lifted(chained(np.maximum), folding.symbolic_maximum))
def max_of(op: Operator) -> Any:
    return pair(partial(Elementwise, "compare"), op, *op.given())


@rule("Min", fold=lifted(chained(np.minimum), folding.symbolic_minimum))
def min_of(op: Operator) -> Any:
    return pair(partial(Elementwise, "compare"), op, *op.given())


@rule("Where", fold=lifted(np.where, lambda c, a, b: a if c else b))
def where(op: Operator) -> Any:
    return pair(Where, op, op[0], op[1], op[2], dtype=op[1].dtype)


@rule("PRelu")
def prelu(op: Operator) -> Any:
    x, slope = op[0], op[1]
    if slope.ref:
        return pair(partial(Elementwise, "prelu"), op, x, slope)
    return op.emit(act.PReLU(slope.shape), x, weights=[slope])


def _cast(op: Operator, x: Any, like: Any = None) -> Any:
    target = op[1].dtype if op.kind == "CastLike" else DTYPES.get(op.get("to", 0), "")
    if x.dtype == object:
        return x
    with np.errstate(all="ignore"):
        return x.astype(target) if hasattr(np, target) or target == "bool" else None


@rule("Cast", "CastLike", fold=_cast)
def cast(op: Operator) -> Any:
    target = op[1].dtype if op.kind == "CastLike" else DTYPES.get(op.get("to", 0), "undefined")
    if target == op[0].dtype:
        return op[0]
    return op.emit(Elementwise("cast"), op[0], dtype=target)


@rule("BitCast")
def bit_cast(op: Operator) -> Any:
    target = DTYPES.get(op.get("to", 0), "undefined")
    return op[0].like(dtype=target)


@rule("Identity", "Dropout", fold=lambda op, x, *_: x if op.outputs == 1 else None)
def identity(op: Operator) -> Any:
    x = op[0]
    return [x, x.like(dtype="bool")][: max(op.outputs, 1)]


@rule("CumSum", "CumProd")
def cumulative(op: Operator) -> Any:
    return op.emit(Elementwise("add" if op.kind == "CumSum" else "multiply"), op[0])


@rule("Softmax", "LogSoftmax", "Hardmax")
def softmax(op: Operator) -> Any:
    rank = len(op[0].shape)
    axis = op.get("axis", -1 if op.version >= 13 else min(1, max(rank - 1, 0)))
    if op.kind == "Hardmax":
        return op.emit(Elementwise("compare"), op[0])
    return op.emit(act.Softmax(axis), op[0]) if rank else op.emit(Elementwise("exp"), op[0])
