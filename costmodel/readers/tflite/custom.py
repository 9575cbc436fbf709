"""Custom operators that many files hold. Users register rules for their own."""

from __future__ import annotations

import struct
from typing import Any

from costmodel.errors import ReaderError
from costmodel.layers.elementwise import Add, Multiply
from costmodel.layers.reduction import Reduce
from costmodel.readers._importer import Operator
from costmodel.readers.tflite._helpers import four
from costmodel.readers.tflite._rules import rule
from costmodel.readers.tflite.convolution import transpose


@rule("Convolution2DTransposeBias")
def transpose_bias(op: Operator) -> Any:
    """MediaPipe's transposed convolution with a bias; its options are the C structure (padding, stride_width, stride_height)."""
    said = op.get("custom_options", b"")
    if len(said) < 12:
        raise ReaderError(f"has {len(said)} bytes of options; padding and strides take 12")
    padding, stride_w, stride_h = struct.unpack_from("<3i", said)
    if padding not in (1, 2) or stride_w < 1 or stride_h < 1:
        raise ReaderError(
            f"has the padding {padding} and strides {(stride_h, stride_w)}; they must be 1 (SAME) or 2 (VALID), and at least 1"
        )
    x, w = op[0], op[1]
    out, *kernel, channels = four(w)
    stride = (stride_h, stride_w)
    valid = [k - s if k > s else 0 for k, s in zip(kernel, stride, strict=True)] if padding == 2 else [0, 0]
    sizes = [n * s + more for n, s, more in zip(four(x)[1:3], stride, valid, strict=True)]
    return transpose(op, x, w, op.optional(2), out=out, channels=channels, kernel=kernel, stride=stride, sizes=sizes)


@rule("TFLite_Detection_PostProcess")
def detection(op: Operator) -> Any:
    """Boxes from anchors, the best scores, and the suppression of boxes that overlap, which depends on the data."""
    encodings, scores = op[0], op[1]
    tensors = op.reader.declared
    if len(tensors) != 4 or not tensors[0].shape or len(scores.shape) != 3 or len(encodings.shape) != 3:
        raise ReaderError(
            f"needs encodings and scores of three axes and four outputs, got {encodings.shape}, {scores.shape} and {len(tensors)}"
        )
    op.importer.assume(f"{op.kind}: boxes are decoded and each score is compared once; the suppression depends on the data")
    boxes = op.emit(Add(constants=((),)), op.emit(Multiply(constants=((),)), encodings))
    best = op.emit(Reduce("max", (2,), keep=False), scores)
    return [op.move("select_boxes", tensor.shape, boxes, best, dtype=tensor.dtype) for tensor in tensors]
