"""Operators of ONNX Runtime that are those of ONNX under its own domains, and its layout of channels in blocks."""

from __future__ import annotations

from typing import Any

from costmodel._num import is_symbolic
from costmodel.errors import ReaderError
from costmodel.layers.embedding import Embedding
from costmodel.layers.resize import Resize
from costmodel.readers._helpers import axis_of, reshape, with_axis
from costmodel.readers._importer import Operator
from costmodel.readers.onnx import detection, losses, pooling, products, shapes  # noqa: F401 - their rules are taken over
from costmodel.readers.onnx._rules import RULES, rule

MICROSOFT = "com.microsoft"
BLOCKS = "com.microsoft.nchwc"
"""Channels in blocks of 8 or 16, as a processor's vectors are wide; shapes say them as ever, rounded up to whole blocks."""

for _kind in ("GridSample", "Unique", "GatherND", "Range", "Trilu", "Pad"):
    _known = RULES.entries["", _kind]
    rule(_kind, domain=MICROSOFT, fold=_known.fold)(_known.rule)
for _kind in ("MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool"):
    rule(_kind, domain=BLOCKS)(RULES.entries["", _kind].rule)


@rule("Conv", domain=BLOCKS)
def convolution(op: Operator) -> Any:
    """Weights are filled up to whole blocks of channels, and so is the input that they are read with."""
    x, w = op[0], op[1]
    wanted = w.shape[1] * op.get("group", 1)
    if len(x.shape) == 4 and not is_symbolic(x.shape[1]) and not is_symbolic(wanted) and x.shape[1] < wanted:
        op.inputs[0] = x.like(with_axis(x.shape, 1, wanted))
    return products.fused_convolution(op)


@rule("ReorderInput", "ReorderOutput", domain=BLOCKS)
def reorder(op: Operator) -> Any:
    """Between channels in blocks and channels one by one; on the way back the filling is left out."""
    x = op[0]
    if len(x.shape) != 4:
        raise ReaderError(f"needs an input of four axes, got shape {x.shape}")
    batch, *rest = x.shape
    if not op.get("channels_last", 0):
        channels, *spatial = rest
        return op.move("reorder", (batch, op.get("channels") or channels, *spatial), x)
    if op.kind == "ReorderInput":
        return op.move("reorder", (batch, rest[2], rest[0], rest[1]), x)
    return op.move("reorder", (batch, rest[1], rest[2], op.get("channels") or rest[0]), x)


@rule("Upsample", domain=BLOCKS)
def upsample(op: Operator) -> Any:
    shape = tuple([n * s for n, s in zip(op[0].shape, op.get("scales") or (), strict=True)])
    mode = op.get("mode", "nearest")
    changed = tuple([i for i, (a, b) in enumerate(zip(op[0].shape, shape, strict=True)) if a != b])
    return op.emit(Resize(shape, mode, changed), op[0])


@rule("ExpandDims", domain=MICROSOFT)
def expand_dims(op: Operator) -> Any:
    x, axis = op[0], (op.numbers(1) or [0])[0]
    at = axis_of(axis, len(x.shape) + 1)
    return reshape(op, x, (*x.shape[:at], 1, *x.shape[at:]))


@rule("TorchEmbedding", domain=MICROSOFT)
def embedding(op: Operator) -> Any:
    table, indices = op[0], op[1]
    if table.ref is not None:
        return op.move("gather", (*indices.shape, *table.shape[1:]), table, indices)
    return op.emit(Embedding(table.shape), indices, dtype=table.dtype, weights=[table], keep=True)
