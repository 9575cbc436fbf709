"""Activations, by the names of functions and of layers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from costmodel.errors import UnknownLayerError
from costmodel.layers import Layer
from costmodel.layers import activation as act
from costmodel.layers.elementwise import Elementwise
from costmodel.readers._values import Value
from costmodel.readers.keras._call import OPERATIONS, Call, only, rule

FUNCTIONS: dict[str, Callable[[], Layer]] = {
    "relu": act.ReLU, "relu6": act.ReLU6, "leaky_relu": act.LeakyReLU, "elu": act.ELU, "selu": act.SELU, "celu": act.CELU,
    "sigmoid": act.Sigmoid, "hard_sigmoid": act.HardSigmoid, "silu": act.SiLU, "swish": act.SiLU, "hard_silu": act.HardSwish,
    "hard_swish": act.HardSwish, "tanh": act.Tanh, "hard_tanh": act.Clip, "gelu": act.GELU, "softplus": act.Softplus,
    "softsign": act.Softsign, "soft_sign": act.Softsign, "mish": act.Mish, "exponential": partial(Elementwise, "exp"),
    "log_sigmoid": act.Softplus, "softmax": act.Softmax, "log_softmax": act.Softmax, "hard_shrink": partial(Elementwise, "shrink"),
    "soft_shrink": partial(Elementwise, "shrink"), "squareplus": partial(Elementwise, "sqrt"),
}  # fmt: skip

OPERATION_NAMES = {
    "Relu": "relu", "Relu6": "relu6", "LeakyRelu": "leaky_relu", "Elu": "elu", "Selu": "selu", "Celu": "celu", "Sigmoid": "sigmoid",
    "HardSigmoid": "hard_sigmoid", "Silu": "silu", "HardSilu": "hard_silu", "Tanh": "tanh", "HardTanh": "hard_tanh", "Gelu": "gelu",
    "Softplus": "softplus", "SoftSign": "softsign", "Softsign": "softsign", "LogSigmoid": "log_sigmoid", "HardShrink": "hard_shrink",
    "SoftShrink": "soft_shrink",
}  # fmt: skip


def activated(op: Call, y: Value, name: str = "activation") -> Value:
    """What follows a layer by its `activation`."""
    said = op.get(name)
    while isinstance(said, dict):
        inner = said.get("config")
        said = inner if isinstance(inner, str) else said.get("class_name", "").lower()
    if said in (None, "linear"):
        return y
    if said not in FUNCTIONS:
        raise UnknownLayerError(f"the activation {said!r} has no cost rule; known are {', '.join(sorted(FUNCTIONS))}")
    made: Value = op.emit(FUNCTIONS[said](), y)
    return made


@rule("Activation")
def activation(op: Call) -> Any:
    """A function by its name."""
    return activated(op, only(op))


@rule(*OPERATION_NAMES, domain=OPERATIONS)
def function(op: Call) -> Any:
    """A function of `keras.ops`."""
    return op.emit(FUNCTIONS[OPERATION_NAMES[op.kind]](), only(op))


@rule("ReLU")
def relu(op: Call) -> Any:
    """With a limit or a slope it is another function."""
    if op.get("negative_slope") or op.get("threshold"):
        return op.emit(act.LeakyReLU(), only(op))
    top = op.get("max_value")
    return op.emit(act.ReLU() if top is None else act.ReLU6() if top == 6 else act.Clip(), only(op))


LAYERS = {"LeakyReLU": act.LeakyReLU, "ELU": act.ELU}


@rule(*LAYERS)
def named(op: Call) -> Any:
    """A layer that is an activation."""
    return op.emit(LAYERS[op.kind](), only(op))


@rule("PReLU")
def prelu(op: Call) -> Any:
    """A slope for every place, but for those along shared axes."""
    x = only(op)
    shared = set(op.get("shared_axes") or ())
    shape = tuple([1 if axis in shared else size for axis, size in enumerate(x.shape)][1:])
    return op.emit(act.PReLU(shape), x, weights=[op.stored("alpha", *shape)])


@rule("Softmax")
@rule("Softmax", "LogSoftmax", domain=OPERATIONS)
def softmax(op: Call) -> Any:
    """Along one axis."""
    axis = op.get("axis", -1)
    if not isinstance(axis, int):
        raise UnknownLayerError(f"a softmax over the axes {axis} has no cost rule; over one it has")
    return op.emit(act.Softmax(axis), only(op))
