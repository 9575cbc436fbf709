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
}
