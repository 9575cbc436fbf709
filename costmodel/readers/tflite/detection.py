"""What depends on the data: boxes that overlap, where numbers are not 0, how many differ. The most stand for it."""

from __future__ import annotations

from typing import Any

from costmodel.errors import ReaderError
from costmodel.layers.detection import NonMaxSuppression
from costmodel.layers.elementwise import Elementwise
from costmodel.layers.reduction import TopK
from costmodel.readers._helpers import known_or_refuse, reshape, sized
from costmodel.readers._importer import Operator
from costmodel.readers.tflite._helpers import declared
from costmodel.readers.tflite._rules import rule


@rule("NON_MAX_SUPPRESSION_V4", "NON_MAX_SUPPRESSION_V5")
def suppression(op: Operator) -> Any:
    """The places of the boxes that remain, filled up to the most; with V5 their scores, and how many they are."""
    boxes, scores = op[0], op[1]
    if len(boxes.shape) != 2 or len(scores.shape) != 1:
        raise ReaderError(f"needs boxes (boxes, 4) and scores (boxes), got shapes {boxes.shape} and {scores.shape}")
    (most,) = sized(known_or_refuse(op, 2, "the most boxes").ravel().tolist()[:1])
    batched = reshape(op, boxes, (1, *boxes.shape)), reshape(op, scores, (1, 1, *scores.shape))
    kept = op.emit(NonMaxSuppression(most, 1), *batched, dtype="int32")
    places = op.move("fill", (most,), kept)
    further = [places.like(dtype="float32")] if op.kind.endswith("5") else []
    return [places, *further, op.move("count", (), kept, dtype="int32")]


@rule("WHERE")
def where(op: Operator) -> Any:
    x = op[0]
    y = op.move("where", (x.elements, len(x.shape)), op.emit(Elementwise("equality"), x, dtype="bool"), dtype=declared(op))
    op.importer.bound(f"WHERE {op.name!r}: how many numbers are not 0 depends on the data; {x.elements} are the most", y)
    return y


@rule("UNIQUE")
def unique(op: Operator) -> Any:
    x = op[0]
    most = x.elements
    y, places = op.emit(TopK(most), x, dtype=(x.dtype, declared(op, 1)))
    op.importer.bound(f"UNIQUE {op.name!r}: how many differ depends on the data; {most} are the most", y)
    return [y, places]
