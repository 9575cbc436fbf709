"""What each elementary step of the other operations costs: the one table, a source a row.

A function that a mathematics library evaluates in one call (exp, tanh, erf, square root) counts as one scalar
operation, as does each add, multiply, divide and compare. Replace any row with ``predict(..., other_ops={...})``.
"""

from __future__ import annotations

from typing import NamedTuple


class OtherOp(NamedTuple):
    """Scalar operations for one elementary step."""

    ops: int
    per: str
    source: str


OTHER_OPS: dict[str, OtherOp] = {
    "bias_add": OtherOp(1, "output element", "y + b: one add"),
    "norm_folded": OtherOp(1, "element", "batch norm folded into the weights leaves y + b: one add"),
    "batch_norm": OtherOp(2, "element", "Ioffe and Szegedy, arXiv:1502.03167, section 3.1: at inference one multiply, one add"),
    "normalise": OtherOp(
        5, "element", "Ba et al., arXiv:1607.06450, equation 3: add to the mean, subtract, square, add, multiply by 1/sigma"
    ),
    "affine": OtherOp(2, "element", "Ba et al., arXiv:1607.06450, equation 4: gain and bias, one multiply, one add"),
    "rms_normalise": OtherOp(3, "element", "Zhang and Sennrich, arXiv:1910.07467, equation 4: square, add, multiply by 1/rms"),
    "scale": OtherOp(1, "element", "x * g: one multiply"),
    "relu": OtherOp(1, "element", "max(x, 0): one compare"),
    "relu6": OtherOp(2, "element", "min(max(x, 0), 6): two compares"),
    "leaky_relu": OtherOp(2, "element", "max(x, a x): one multiply, one compare"),
    "elu": OtherOp(4, "element", "Clevert et al., arXiv:1511.07289, equation 15: compare, exp, subtract, multiply"),
    "tanh": OtherOp(1, "element", "tanh(x): one function call"),
    "sigmoid": OtherOp(4, "element", "1 / (1 + exp(-x)): negate, exp, add, divide"),
    "hard_sigmoid": OtherOp(4, "element", "relu6(x + 3) / 6: add, two compares, multiply"),
    "hard_swish": OtherOp(5, "element", "Howard et al., arXiv:1905.02244, section 5.2: x relu6(x + 3) / 6"),
    "silu": OtherOp(5, "element", "Ramachandran et al., arXiv:1710.05941: x sigmoid(x)"),
    "gelu": OtherOp(5, "element", "Hendrycks and Gimpel, arXiv:1606.08415: x (1 + erf(x / sqrt 2)) / 2"),
    "softmax": OtherOp(5, "element", "exp(x - max) / sum: compare, subtract, exp, add, divide"),
    "compare": OtherOp(1, "comparison", "a maximum of n values takes n - 1 compares"),
    "average": OtherOp(1, "value averaged", "a mean of n values takes n - 1 adds and one multiply"),
    "add": OtherOp(1, "output element and further operand", "a + b: one add"),
    "multiply": OtherOp(1, "output element and further operand", "a * b: one multiply"),
    "subtract": OtherOp(1, "output element", "a - b: one subtract"),
    "divide": OtherOp(1, "output element", "a / b: one divide"),
    "modulo": OtherOp(1, "output element", "the remainder of a / b: one divide"),
    "power": OtherOp(1, "output element", "a ** b: one function call"),
    "square": OtherOp(1, "element", "x * x: one multiply"),
    "sqrt": OtherOp(1, "element", "square root of x: one function call"),
    "reciprocal": OtherOp(1, "element", "1 / x: one divide"),
    "exp": OtherOp(1, "element", "exp(x): one function call"),
    "log": OtherOp(1, "element", "log(x): one function call"),
    "erf": OtherOp(1, "element", "erf(x): one function call"),
    "function": OtherOp(1, "element", "sin, cos, tan, their inverses and hyperbolic kin: one function call"),
    "absolute": OtherOp(1, "element", "|x|: one compare"),
    "negate": OtherOp(1, "element", "-x: one subtract"),
    "sign": OtherOp(2, "element", "1, 0 or -1: two compares"),
    "round": OtherOp(1, "element", "floor, ceiling or nearest integer: one function call"),
    "clip": OtherOp(2, "element", "min(max(x, a), b): two compares"),
    "logical": OtherOp(1, "output element", "and, or, xor, not of truth values or bits, a shift: one operation"),
    "equality": OtherOp(1, "output element", "a == b, a < b and their kin, a test for NaN: one compare"),
    "select": OtherOp(1, "output element", "c ? a : b: one selection"),
    "cast": OtherOp(1, "element", "another number format: one conversion"),
    "quantize": OtherOp(
        4, "element", "Jacob et al., arXiv:1712.05877, equation 12: divide, round, add the zero point, saturate (as one compare)"
    ),
    "dequantize": OtherOp(2, "element", "Jacob et al., arXiv:1712.05877, equation 1: subtract the zero point, multiply by the scale"),
    "requantize": OtherOp(3, "element", "Jacob et al., arXiv:1712.05877, equation 5: multiply, round, add the zero point"),
    "prelu": OtherOp(2, "element", "He et al., arXiv:1502.01852, equation 1: one compare, one multiply"),
    "selu": OtherOp(5, "element", "Klambauer et al., arXiv:1706.02515, equation 2: ELU and one multiply"),
    "celu": OtherOp(5, "element", "Barron, arXiv:1704.07483, equation 2: ELU of x / a"),
    "softplus": OtherOp(3, "element", "log(1 + exp(x)): exp, add, log"),
    "softsign": OtherOp(3, "element", "x / (1 + |x|): absolute value, add, divide"),
    "mish": OtherOp(5, "element", "Misra, arXiv:1908.08681: x tanh(log(1 + exp(x)))"),
    "shrink": OtherOp(3, "element", "two compares, one add or subtract"),
    "interpolate": OtherOp(2, "tap", "one multiply by the weight, one add"),
    "butterfly": OtherOp(
        10, "butterfly", "Cooley and Tukey (1965): of complex numbers a product (four multiplies, two adds), a sum and a difference"
    ),
    "overlap": OtherOp(
        14,
        "pair of boxes",
        "intersection over union: four compares, two subtracts, two compares with 0, a multiply; two adds and "
        "subtracts of areas, a divide, a compare with the threshold",
    ),
    "lrn": OtherOp(3, "element", "Krizhevsky et al. (2012), section 3.3, without the window's sum of squares: add, power, divide"),
}
