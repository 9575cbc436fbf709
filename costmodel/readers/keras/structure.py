"""Layers that join, move or rename tensors, or that wrap others."""

from __future__ import annotations

from functools import partial
from typing import Any

from costmodel._num import floor_div, product
from costmodel.errors import UnknownLayerError
from costmodel.layers.elementwise import Add, Elementwise, Multiply
from costmodel.layers.linear import MatMul
from costmodel.layers.structure import Concat, Flatten, Transpose
from costmodel.readers._helpers import axis_of, pair, reshape, sized
from costmodel.readers.keras._call import Call, only, rule


@rule(
    "Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "GaussianDropout", "GaussianNoise", "AlphaDropout",
    "ActivityRegularization", "Identity", "Masking", "RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation", "RandomContrast",
    "RandomBrightness",
)  # fmt: skip
def alias(op: Call) -> Any:
    """Does nothing at inference."""
    return only(op)


JOINS: dict[str, Any] = {
    "Add": Add, "Multiply": Multiply, "Subtract": partial(Elementwise, "subtract"), "Average": partial(Elementwise, "average"),
    "Maximum": partial(Elementwise, "compare"), "Minimum": partial(Elementwise, "compare"),
}  # fmt: skip


@rule(*JOINS)
def joined(op: Call) -> Any:
    """Several tensors element by element."""
    return pair(JOINS[op.kind], op, *op.given())


@rule("Concatenate")
def concatenated(op: Call) -> Any:
    """Tensors one after another."""
    tensors = op.given()
    return op.emit(Concat(op.get("axis", -1)), *tensors) if len(tensors) > 1 else tensors[0]


@rule("Dot")
def dot(op: Call) -> Any:
    """Products of the vectors along an axis of each."""
    a, b = op.given()[:2]
    axes = op.get("axes")
    first, second = axes if isinstance(axes, list) else (axes, axes)
    if len(a.shape) == len(b.shape) == 2:
        y = op.emit(MatMul(), reshape(op, a, (a.shape[0], 1, a.shape[1])), reshape(op, b, (b.shape[0], b.shape[1], 1)))
        return reshape(op, y, (a.shape[0], 1))
    if len(a.shape) != 3 or len(b.shape) != 3:
        raise UnknownLayerError(f"products of the shapes {a.shape} and {b.shape} have no cost rule")
    a = a if axis_of(first, 3) == 2 else op.emit(Transpose((0, 2, 1)), a)
    b = b if axis_of(second, 3) == 1 else op.emit(Transpose((0, 2, 1)), b)
    return op.emit(MatMul(), a, b)


@rule("Flatten")
def flatten(op: Call) -> Any:
    """All axes but the batch as one."""
    x = only(op)
    return op.emit(Flatten(), x) if len(x.shape) > 2 else reshape(op, x, (x.shape[0], product(x.shape[1:])))


@rule("Reshape")
def reshaped(op: Call) -> Any:
    """Another shape behind the batch; one entry may be -1."""
    x, target = only(op), list(op.get("target_shape"))
    if -1 in target:
        at = target.index(-1)
        others = product(size for size in target if size != -1)
        target[at] = floor_div(product(x.shape[1:]), others) if others else 0
    return reshape(op, x, (x.shape[0], *sized(target)))


@rule("Permute")
def permuted(op: Call) -> Any:
    """Axes behind the batch in another order, counted from 1."""
    return op.emit(Transpose((0, *op.get("dims"))), only(op))


@rule("RepeatVector")
def repeated(op: Call) -> Any:
    """A vector several times."""
    x = only(op)
    return op.move("tile", (x.shape[0], op.get("n"), x.shape[1]), x)


@rule("TimeDistributed")
def time_distributed(op: Call) -> Any:
    """A layer at every step: steps and batch as one axis."""
    x = only(op)
    steps = reshape(op, x, (x.shape[0] * x.shape[1], *x.shape[2:]))
    inner = op.get("layer")
    (y, *_) = op.reader.call(inner, str(inner["config"]["name"]), [steps], {}, f"{op.path}/")
    return reshape(op, y, (*x.shape[:2], *y.shape[1:]))


@rule("Lambda")
def python(op: Call) -> Any:
    """Code, which is not run."""
    raise UnknownLayerError(
        "a Lambda layer holds Python code, which is not run; write it with functions of keras.ops, or read with unknown='count'"
    )
