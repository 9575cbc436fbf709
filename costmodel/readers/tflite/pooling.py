"""Poolings, normalisations and reductions."""

from __future__ import annotations

from typing import Any

import numpy as np

from costmodel.layers import pooling as pool
from costmodel.layers.elementwise import Elementwise
from costmodel.layers.normalisation import LRN
from costmodel.layers.reduction import Reduce
from costmodel.readers._folding import tidy
from costmodel.readers._helpers import axes_of, axis_of
from costmodel.readers._importer import Operator
from costmodel.readers.tflite._helpers import activated, declared, four, padding
from costmodel.readers.tflite._rules import rule

POOLINGS = {"MAX_POOL_2D": pool.MaxPool2d, "AVERAGE_POOL_2D": pool.AvgPool2d, "L2_POOL_2D": pool.AvgPool2d}


@rule(*POOLINGS)
def pooling(op: Operator) -> Any:
    x = op[0]
    four(x)
    if op.kind == "L2_POOL_2D":
        x = op.emit(Elementwise("square"), x)
    layer = POOLINGS[op.kind]((op.get("filter_h"), op.get("filter_w")), (op.get("stride_h"), op.get("stride_w")), padding(op))
    y = op.emit(layer, x, dtype=declared(op), channels_last=True)
    if op.kind == "L2_POOL_2D":
        y = op.emit(Elementwise("sqrt"), y)
    return activated(op, y)


@rule("L2_NORMALIZATION")
def l2_normalization(op: Operator) -> Any:
    x = op[0]
    size = op.emit(Reduce("l2", (axis_of(-1, len(x.shape)),)), x)
    return activated(op, op.emit(Elementwise("divide"), x, size, dtype=declared(op)))


@rule("LOCAL_RESPONSE_NORMALIZATION")
def local_response(op: Operator) -> Any:
    return op.emit(LRN(2 * op.get("radius") + 1), op[0])


REDUCTIONS: dict[str, tuple[str, str]] = {
    "SUM": ("sum", "sum"), "MEAN": ("mean", "mean"), "REDUCE_MAX": ("max", "max"), "REDUCE_MIN": ("min", "min"),
    "REDUCE_PROD": ("product", "prod"), "REDUCE_ANY": ("max", "any"), "REDUCE_ALL": ("min", "all"),
}  # fmt: skip


def _reduced(op: Operator, x: Any, axes: Any) -> Any:
    if x.size == 0 or (x.dtype == object and op.kind not in ("SUM", "REDUCE_PROD")):
        return None
    made = np.asarray(getattr(np, REDUCTIONS[op.kind][1])(x, axis=tuple(axes.ravel().tolist()), keepdims=op.get("keep_dims", False)))
    return tidy(made) if made.dtype == object else made.astype(x.dtype)


@rule(*REDUCTIONS, fold=_reduced)
def reduction(op: Operator) -> Any:
    x = op[0]
    axes = axes_of(op.numbers(1) or (), len(x.shape))
    return op.emit(Reduce(REDUCTIONS[op.kind][0], axes, op.get("keep_dims", False)), x, dtype=declared(op))
