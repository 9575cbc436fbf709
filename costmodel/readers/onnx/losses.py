"""Losses, sampling at given places, and other operators that are rarely deployed."""

from __future__ import annotations

from typing import Any

from costmodel._num import floor_div, product
from costmodel.layers.activation import Softmax
from costmodel.layers.elementwise import Elementwise
from costmodel.layers.reduction import Reduce
from costmodel.layers.resize import GridSample
from costmodel.readers._helpers import known_or_refuse, sized
from costmodel.readers._importer import Operator
from costmodel.readers._values import Value
from costmodel.readers.onnx._rules import rule


def _picked(op: Operator, scores: Value) -> Value:
    """The loss of scores (batch, classes, ...) against targets (batch, ...)."""
    target = op[1]
    loss = op.move("gather_elements", target.shape, scores)
    if (weights := op.optional(2)) is not None:
        loss = op.emit(Elementwise("multiply", constants=(target.shape,) if not weights.ref else ()), loss)
    if op.get("reduction", "mean") != "none":
        loss = op.emit(Reduce("mean", tuple(range(len(target.shape))), False), loss)
    return loss


@rule("NegativeLogLikelihoodLoss")
def likelihood(op: Operator) -> Any:
    return _picked(op, op[0])


@rule("SoftmaxCrossEntropyLoss")
def cross_entropy(op: Operator) -> Any:
    scores = op.emit(Softmax(1), op[0])
    return [_picked(op, scores), scores]


@rule("GridSample")
def grid_sample(op: Operator) -> Any:
    x, grid = op[0], op[1]
    mode = {"bilinear": "linear", "bicubic": "cubic"}.get(op.get("mode", "linear"), op.get("mode", "linear"))
    shape = (*x.shape[:2], *grid.shape[1:-1])
    return op.emit(GridSample(shape, mode, tuple(range(2, len(shape)))), x, grid)


@rule("AffineGrid")
def affine_grid(op: Operator) -> Any:
    batch, _, *sizes = sized(known_or_refuse(op, 1, "the size of a grid").ravel().tolist())
    return op.move("affine_grid", (batch, *sizes, len(sizes)), op[0])


@rule("Col2Im")
def col2im(op: Operator) -> Any:
    sizes = sized(known_or_refuse(op, 1, "the size of a picture").ravel().tolist())
    block = sized(known_or_refuse(op, 2, "the size of a block").ravel().tolist())
    batch, channels, _ = op[0].shape
    return op.move("col2im", (batch, floor_div(channels, product(block)), *sizes), op[0])


@rule("HannWindow", "HammingWindow", "BlackmanWindow")
def window(op: Operator) -> Any:
    return Value(sized(known_or_refuse(op, 0, "the size of a window").ravel().tolist()[:1]), "float32")


@rule("MaxUnpool")
def max_unpool(op: Operator) -> Any:
    x = op[0]
    if op.optional(2) is not None:
        return op.move("max_unpool", sized(op.numbers(2) or ()), x)
    rank = len(x.shape) - 2
    kernel = op.get("kernel_shape") or [1] * rank
    strides, pads = op.get("strides") or [1] * rank, op.get("pads") or [0] * (2 * rank)
    spatial = [(n - 1) * s + k - pads[i] - pads[i + rank] for i, (n, s, k) in enumerate(zip(x.shape[2:], strides, kernel, strict=True))]
    return op.move("max_unpool", sized((*x.shape[:2], *spatial)), x)
