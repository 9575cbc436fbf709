"""Custom operators that many files hold. Users register rules for their own."""

from __future__ import annotations

import struct
from typing import Any

from costmodel.errors import ReaderError
from costmodel.layers.elementwise import Add, Multiply
from costmodel.layers.pooling import MaxPool2d
from costmodel.layers.reduction import Reduce
from costmodel.layers.resize import GridSample
from costmodel.readers._importer import Operator
from costmodel.readers._values import Value
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


@rule("Landmarks2TransformMatrix")
def landmarks_to_matrix(op: Operator) -> Any:
    """MediaPipe's crop around landmarks as a matrix of 16 numbers: each landmark goes into means and extents once."""
    means = op.emit(Reduce("mean", (len(op[0].shape) - 1,)), op[0])
    return _as_declared(op, "matrix", means, op[0])


@rule("TransformTensorBilinear")
def transform_tensor(op: Operator) -> Any:
    """MediaPipe's crop of a feature map by a matrix, interpolated."""
    shape = op.reader.declared[0].shape
    if len(shape) != 4:
        raise ReaderError(f"needs an output of four axes, got shape {shape}")
    return op.emit(GridSample(shape, "linear", (1, 2)), op[0], op[1])


@rule("TransformLandmarks")
def transform_landmarks(op: Operator) -> Any:
    """MediaPipe's landmarks by a matrix: two products and two sums a coordinate."""
    y = op.emit(Multiply(constants=((),)), op.emit(Multiply(constants=((),)), op[0]))
    y = op.emit(Add(constants=((),)), op.emit(Add(constants=((),)), y))
    return _as_declared(op, "landmarks", y, op[1])


@rule("MaxPoolingWithArgmax2D")
def pooling_with_places(op: Operator) -> Any:
    """MediaPipe's pooling that says where the largest stood; its options are TensorFlow Lite's C structure of poolings."""
    said = op.get("custom_options", b"")
    if len(said) < 20:
        raise ReaderError(f"has {len(said)} bytes of options; padding, strides and sizes take 20")
    padding, stride_w, stride_h, width, height = struct.unpack_from("<5i", said)
    if padding not in (1, 2) or min(stride_w, stride_h, width, height) < 1:
        raise ReaderError(f"has the padding {padding}, strides {(stride_h, stride_w)} and window {(height, width)}")
    layer = MaxPool2d((height, width), (stride_h, stride_w), padding="same" if padding == 1 else "valid")
    y = op.emit(layer, op[0], channels_last=True)
    return [y, y.like()]


@rule("MaxUnpooling2D")
def unpooling(op: Operator) -> Any:
    return _as_declared(op, "max_unpool", op[0], op[1])


def _as_declared(op: Operator, operation: str, *inputs: Value) -> Value:
    """A tensor of the shape that the file declares."""
    tensor = op.reader.declared[0]
    return op.move(operation, tensor.shape, *inputs, dtype=tensor.dtype)
