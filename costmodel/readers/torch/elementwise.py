"""Operators that work element by element, activations and reductions among them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from costmodel.layers import Layer
from costmodel.layers import activation as act
from costmodel.layers.elementwise import Add, Elementwise, Multiply, Where
from costmodel.layers.reduction import Reduce, TopK
from costmodel.layers.structure import Split
from costmodel.readers import _products as products
from costmodel.readers._helpers import axes_of, axis_of, pair
from costmodel.readers._values import Value
from costmodel.readers.torch._call import Aten, rule

ACTIVATIONS: dict[str, Callable[[], Layer]] = {
    "relu": act.ReLU, "relu6": act.ReLU6, "leaky_relu": act.LeakyReLU, "rrelu": act.LeakyReLU, "elu": act.ELU, "selu": act.SELU,
    "celu": act.CELU, "tanh": act.Tanh, "sigmoid": act.Sigmoid, "hardsigmoid": act.HardSigmoid, "hardswish": act.HardSwish,
    "silu": act.SiLU, "gelu": act.GELU, "softplus": act.Softplus, "log_sigmoid": act.Softplus, "mish": act.Mish,
    "threshold": act.ReLU, "hardshrink": partial(Elementwise, "shrink"), "softshrink": partial(Elementwise, "shrink"),
}  # fmt: skip


@rule(*ACTIVATIONS)
def activation(op: Aten) -> Any:
    """One step an element."""
    return op.emit(ACTIVATIONS[op.kind](), op.tensor("self"))


@rule("hardtanh", "clamp", "clamp_min", "clamp_max", "clip")
def clamp(op: Aten) -> Any:
    """Limits; those of ReLU and ReLU6 are known by their own names."""
    defaults = (-1, 1) if op.kind == "hardtanh" else (None, None)
    limits = [
        op.get(long, op.get(short, default)) for long, short, default in zip(("min_val", "max_val"), ("min", "max"), defaults, strict=True)
    ]
    if limits == [0, 6]:
        return op.emit(act.ReLU6(), op.tensor("self"))
    if limits == [0, None]:
        return op.emit(act.ReLU(), op.tensor("self"))
    tensors = [limit for limit in limits if isinstance(limit, Value) and limit.ref]
    if tensors:
        return pair(partial(Elementwise, "compare"), op, op.tensor("self"), *tensors)
    return op.emit(act.Clip(), op.tensor("self"))


@rule("prelu", "_prelu_kernel")
def prelu(op: Aten) -> Any:
    """Learned slopes, one or one a channel."""
    x, slope = op.tensor("self"), op.tensor("weight")
    if slope.ref:
        return pair(partial(Elementwise, "prelu"), op, x, slope)
    shape = slope.shape if len(slope.shape) != 1 or len(x.shape) < 2 else (*slope.shape, *(1,) * (len(x.shape) - 2))
    return op.emit(act.PReLU(shape), x, weights=[slope])


@rule("glu")
def glu(op: Aten) -> Any:
    """One half times the sigmoid of the other."""
    x = op.tensor("self")
    axis = axis_of(op.get("dim", -1), len(x.shape))
    half = op.shapes[0][axis]
    a, b = op.emit(Split(axis, (half, half)), x)
    return op.emit(Multiply(), a, op.emit(act.Sigmoid(), b))


@rule("softmax", "_softmax", "log_softmax", "_log_softmax", "_safe_softmax")
def softmax(op: Aten) -> Any:
    """Along one axis."""
    x = op.tensor("self")
    return op.emit(act.Softmax(op.get("dim", -1)), x) if x.shape else op.emit(Elementwise("exp"), x)


UNARY: dict[str, tuple[str, ...]] = {
    "abs": ("absolute",), "neg": ("negate",), "sqrt": ("sqrt",), "rsqrt": ("sqrt", "reciprocal"), "exp": ("exp",), "exp2": ("exp",),
    "expm1": ("exp",), "log": ("log",), "log2": ("log",), "log10": ("log",), "log1p": ("log",), "erf": ("erf",), "erfc": ("erf",),
    "sign": ("sign",), "sgn": ("sign",), "floor": ("round",), "ceil": ("round",), "round": ("round",), "trunc": ("round",),
    "frac": ("round",),
    "reciprocal": ("reciprocal",), "square": ("square",), "logical_not": ("logical",), "bitwise_not": ("logical",),
    **dict.fromkeys((
        "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "asinh", "acosh", "atanh", "sinc", "lgamma", "digamma", "logit",
        "special_i0", "special_expit", "deg2rad", "rad2deg",
    ), ("function",)),
    **dict.fromkeys(("isnan", "isinf", "isfinite"), ("equality",)),
    "cumsum": ("add",), "cumprod": ("multiply",), "logcumsumexp": ("exp", "add"), "nan_to_num": ("select",),
}  # fmt: skip


@rule(*UNARY)
def unary(op: Aten) -> Any:
    """The steps of the table, one after another."""
    value = op.tensor("self")
    for step in UNARY[op.kind]:
        value = op.emit(Elementwise(step), value)
    return value


BINARY: dict[str, str] = {
    "sub": "subtract", "subtract": "subtract", "rsub": "subtract", "div": "divide", "divide": "divide", "true_divide": "divide",
    "floor_divide": "divide", "remainder": "modulo", "fmod": "modulo", "pow": "power", "atan2": "function", "hypot": "function",
    "maximum": "compare", "minimum": "compare", "fmax": "compare", "fmin": "compare",
    **dict.fromkeys(("eq", "ne", "lt", "le", "gt", "ge", "isclose", "__eq__"), "equality"),
    **dict.fromkeys((
        "logical_and", "logical_or", "logical_xor", "bitwise_and", "bitwise_or", "bitwise_xor", "__and__", "__or__", "__xor__",
        "bitwise_left_shift", "bitwise_right_shift", "__lshift__", "__rshift__",
    ), "logical"),
}  # fmt: skip


@rule(*BINARY)
def binary(op: Aten) -> Any:
    """One step an output element; operands may be stored, or numbers."""
    other = "exponent" if "exponent" in op.attributes else "other"
    step = "square" if op.kind == "pow" and op.get(other) == 2 else BINARY[op.kind]
    if step == "square":
        return op.emit(Elementwise(step), op.tensor("self"))
    return pair(partial(Elementwise, step), op, op.tensor("self"), op.tensor(other))


@rule("add", "mul", "multiply")
def sum_or_product(op: Aten) -> Any:
    """A sum or a product; a stored vector behind a product of matrices is its bias."""
    a, b = op.tensor("self"), op.tensor("other")
    return products.add(op, a, b) if op.kind == "add" else pair(Multiply, op, a, b)


@rule("addcmul", "addcdiv")
def add_product(op: Aten) -> Any:
    """A product of two tensors added to a third."""
    step = Multiply if op.kind == "addcmul" else partial(Elementwise, "divide")
    return products.add(op, op.tensor("self"), pair(step, op, op.tensor("tensor1"), op.tensor("tensor2")))


@rule("lerp")
def interpolation(op: Aten) -> Any:
    """One tensor, and a share of the way to another."""
    x, end = op.tensor("self"), op.tensor("end")
    difference = pair(partial(Elementwise, "subtract"), op, end, x)
    return pair(Add, op, x, pair(Multiply, op, difference, op.tensor("weight")))


@rule("where", "masked_fill")
def where(op: Aten) -> Any:
    """One of two operands, as a third says."""
    if op.kind == "masked_fill":
        return pair(Where, op, op.tensor("mask"), op.tensor("value"), op.tensor("self"))
    return pair(Where, op, op.tensor("condition"), op.tensor("self"), op.tensor("other"))


REDUCTIONS = {
    "sum": "sum", "mean": "mean", "prod": "product", "amax": "max", "amin": "min", "max": "max", "min": "min", "argmax": "max",
    "argmin": "min", "any": "max", "all": "min", "logsumexp": "log_sum_exp", "norm": "l2", "linalg_vector_norm": "l2", "median": "max",
    "count_nonzero": "sum",
}  # fmt: skip


def _axes(op: Aten, rank: int) -> tuple[int, ...]:
    axes = op.get("dim")
    axes = [axes] if isinstance(axes, int) else axes
    return axes_of(axes or None, rank)


def _reduce(op: Aten, operation: str, x: Value, keep: bool | None = None) -> Value:
    kept = bool(op.get("keepdim", False)) if keep is None else keep
    made: Value = op.emit(Reduce(operation, _axes(op, len(x.shape)), kept), x)
    return made


@rule(*REDUCTIONS)
def reduction(op: Aten) -> Any:
    """Along axes; of two operands the larger or the smaller, and where it stands where that is asked for."""
    x = op.tensor("self")
    if "other" in op.attributes:
        return pair(partial(Elementwise, "compare"), op, x, op.tensor("other"))
    y = _reduce(op, REDUCTIONS[op.kind], x)
    return [y, y.like(dtype="int64")]


@rule("var", "std", "var_mean", "std_mean")
def variance(op: Aten) -> Any:
    """The mean of squared distances from the mean."""
    x = op.tensor("self")
    mean = _reduce(op, "mean", x, keep=True)
    distance = pair(partial(Elementwise, "subtract"), op, x, mean)
    y = _reduce(op, "mean", op.emit(Elementwise("square"), distance))
    if "std" in op.kind:
        y = op.emit(Elementwise("sqrt"), y)
    return [y, mean.like(y.shape)]


@rule("topk", "sort")
def selection(op: Aten) -> Any:
    """The largest, in order."""
    x = op.tensor("self")
    axis = axis_of(op.get("dim", -1), len(x.shape))
    return op.emit(TopK(op.get("k", x.shape[axis]), axis), x, dtype=op.dtypes)


@rule("to", "_to_copy", "type_as", "float", "half", "double", "int", "long", "bool")
def cast(op: Aten) -> Any:
    """Another number format, or the same tensor."""
    x = op.tensor("self")
    return x if x.dtype == op.dtypes[0] else op.emit(Elementwise("cast"), x)


@rule("quantize_per_tensor", "quantize_per_channel", "quantize_per_token", domain="quantized_decomposed")
def quantize(op: Aten) -> Any:
    """Numbers as integers; scales and zero points are no parameters."""
    op.ignore(op.maybe("scales"), op.maybe("zero_points"), op.maybe("scale"), op.maybe("zero_point"))
    return op.emit(act.Quantize(), op.tensor("input"))


@rule("dequantize_per_tensor", "dequantize_per_channel", "dequantize_per_token", domain="quantized_decomposed")
def dequantize(op: Aten) -> Any:
    """Integers as numbers; stored ones keep their width."""
    op.ignore(op.maybe("scales"), op.maybe("zero_points"), op.maybe("scale"), op.maybe("zero_point"))
    return op.emit(act.Dequantize(), op.tensor("input"))
