"""Operators that move, pick or repeat elements, and the arithmetic on shapes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from costmodel._num import Num, ceil_div, equal, floor_div, is_symbolic, product
from costmodel.errors import ReaderError
from costmodel.layers.elementwise import Elementwise, broadcast
from costmodel.layers.reduction import Reduce, TopK
from costmodel.layers.resize import Resize
from costmodel.layers.structure import Concat, Pad, Split, Transpose
from costmodel.readers._folding import numbers_of
from costmodel.readers._helpers import FAR, axis_of, bounded, known_or_refuse, reshape, sized, slice_size, with_axis
from costmodel.readers._importer import Operator
from costmodel.readers._values import MOST_KNOWN, Value, known
from costmodel.readers.tflite._helpers import activated, declared, four, to_shape
from costmodel.readers.tflite._rules import rule
from costmodel.readers.tflite.products import looked_up


@rule("SHAPE")
def shape_of(op: Operator) -> Any:
    return known(numbers_of(op[0].shape), declared(op))


@rule("RANK")
def rank_of(op: Operator) -> Any:
    return known(np.array(len(op[0].shape), dtype=np.int32), "int32")


def _reshaped(op: Operator, x: Any, shape: Any = None) -> Any:
    target = op.get("shape") if shape is None else shape.tolist()
    return None if any(is_symbolic(n) for n in target) else x.reshape(target)


@rule("RESHAPE", "STABLEHLO_RESHAPE", fold=_reshaped)
def reshaped(op: Operator) -> Any:
    if op.kind != "RESHAPE":
        return reshape(op, op[0], op.reader.declared[0].shape)
    target = op.numbers(1, "shape") or []
    return to_shape(op, op[0], () if target == [0] and op.optional(1) is None else target)


@rule("SQUEEZE", fold=lambda op, x: x.squeeze(tuple(op.get("axes")) or None))
def squeeze(op: Operator) -> Any:
    x, rank = op[0], len(op[0].shape)
    gone = [axis_of(axis, rank) for axis in op.get("axes")] or [i for i, n in enumerate(x.shape) if type(n) is int and n == 1]
    return reshape(op, x, [n for i, n in enumerate(x.shape) if i not in gone])


@rule("EXPAND_DIMS", fold=lambda op, x, axis: np.expand_dims(x, int(axis.ravel()[0])))
def expand_dims(op: Operator) -> Any:
    x = op[0]
    at = axis_of((op.numbers(1) or [0])[0], len(x.shape) + 1)
    return reshape(op, x, (*x.shape[:at], 1, *x.shape[at:]))


@rule("TRANSPOSE", fold=lambda op, x, order: x.transpose(order.tolist()))
def transpose(op: Operator) -> Any:
    return op.emit(Transpose(tuple(op.numbers(1) or ())), op[0])


def _joined(op: Operator, *arrays: Any) -> Any:
    return np.concatenate(arrays, axis=op.get("axis")) if sum(a.size for a in arrays) <= MOST_KNOWN else None


@rule("CONCATENATION", fold=_joined)
def concatenation(op: Operator) -> Any:
    values = op.given()
    return activated(op, op.emit(Concat(op.get("axis")), *values, dtype=declared(op))) if len(values) != 1 else values[0]


def _packed(op: Operator, *arrays: Any) -> Any:
    return np.stack(arrays, axis=op.get("axis")) if sum(a.size for a in arrays) <= MOST_KNOWN else None


@rule("PACK", fold=_packed)
def pack(op: Operator) -> Any:
    x = op[0]
    for other in op.given():
        if len(other.shape) != len(x.shape) or any(equal(a, b) is False for a, b in zip(x.shape, other.shape, strict=True)):
            raise ReaderError(f"packs tensors of different shapes, {x.shape} and {other.shape}")
    at = axis_of(op.get("axis"), len(x.shape) + 1)
    return op.move("pack", (*x.shape[:at], len(op.inputs), *x.shape[at:]), *op.given())


def _unpacked(op: Operator, x: Any) -> Any:
    axis = op.get("axis")
    return [np.take(x, i, axis) for i in range(x.shape[axis])] if x.shape[axis] == op.outputs else None


@rule("UNPACK", fold=_unpacked)
def unpack(op: Operator) -> Any:
    x = op[0]
    at = axis_of(op.get("axis"), len(x.shape))
    pieces = _pieces(op, x, at, [1] * op.outputs)
    return [reshape(op, piece, (*x.shape[:at], *x.shape[at + 1 :])) for piece in pieces]


@rule("SPLIT")
def split(op: Operator) -> Any:
    x = op[1]
    at = axis_of((op.numbers(0) or [0])[0], len(x.shape))
    step = floor_div(x.shape[at], op.outputs)
    return _pieces(op, x, at, [step] * op.outputs)


@rule("SPLIT_V")
def split_v(op: Operator) -> Any:
    x, lengths = op[0], op.numbers(1) or []
    at = axis_of((op.numbers(2) or [0])[0], len(x.shape))
    if -1 in lengths:
        rest = x.shape[at] - sum(n for n in lengths if not (type(n) is int and n == -1))
        lengths = [rest if type(n) is int and n == -1 else n for n in lengths]
    return _pieces(op, x, at, lengths)


def _pieces(op: Operator, x: Value, at: int, lengths: Sequence[Num]) -> list[Value]:
    if (
        x.ref is None
        and x.has_data
        and (data := x.data) is not None
        and all(type(n) is int for n in lengths)
        and sum(lengths) == data.shape[at]
    ):
        return [known(part, x.dtype, x.sources) for part in np.split(data, np.cumsum(lengths)[:-1], at)]
    made = op.emit(Split(at, tuple(lengths)), x)
    return [made] if isinstance(made, Value) else list(made)


def _index(op: Operator, rank: int) -> list[Any]:
    """A strided slice as numpy writes it: slices, integers, None for new axes; without the dots."""
    begin, end, steps = (op.numbers(i) or [] for i in (1, 2, 3))
    if not len(begin) == len(end) == len(steps):
        raise ReaderError(f"begin {begin}, end {end} and strides {steps} must be as many")
    masks = {name: op.get(f"{name}_mask") for name in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")}
    index: list[Any] = []
    for i, (first, last, step) in enumerate(zip(begin, end, steps, strict=True)):
        bit = {name: bool(mask >> i & 1) for name, mask in masks.items()}
        if bit["ellipsis"]:
            index.append(...)
        elif bit["new_axis"]:
            index.append(None)
        elif bit["shrink_axis"]:
            index.append(first)
        else:
            backwards = not is_symbolic(step) and step < 0
            if op.get("offset"):
                last = first + last
            first = (FAR if backwards else 0) if bit["begin"] else first
            last = (-FAR if backwards else FAR) if bit["end"] else last
            index.append(slice(first, last, step))
    axes = rank - sum(entry is not None and entry is not ... for entry in index)
    if axes < 0 or index.count(...) > 1:
        raise ReaderError(f"slices more axes than the {rank} of its input")
    at = next((i for i, entry in enumerate(index) if entry is ...), len(index))
    return [*index[:at], *[slice(0, FAR, 1)] * axes, *index[at + 1 :]]


def _strided(op: Operator, x: Any, *rest: Any) -> Any:
    index = _index(op, x.ndim)
    for entry in index:
        numbers = (entry.start, entry.stop, entry.step) if isinstance(entry, slice) else () if entry is None else (entry,)
        if any(is_symbolic(n) for n in numbers):
            return None
    return np.asarray(x[tuple(slice(e.start, None if e.stop == -FAR else e.stop, e.step) if isinstance(e, slice) else e for e in index)])


@rule("STRIDED_SLICE", fold=_strided)
def strided_slice(op: Operator) -> Any:
    x = op[0]
    sizes = iter(x.shape)
    shape: list[Num] = []
    for entry in _index(op, len(x.shape)):
        if entry is None:
            shape.append(1)
        elif isinstance(entry, slice):
            shape.append(slice_size(next(sizes), entry.start, entry.stop, entry.step))
        else:
            size = next(sizes)
            if type(size) is int and type(entry) is int and not -size <= entry < size:
                raise ReaderError(f"takes entry {entry} of an axis of {size}")
    if tuple(shape) == x.shape:
        return x
    return reshape(op, x, shape) if equal(product(shape), x.elements) is True else op.move("slice", shape, x)


def _sliced(op: Operator, x: Any, begin: Any, size: Any) -> Any:
    if object in (begin.dtype, size.dtype):
        return None
    return x[tuple(slice(b, None if n == -1 else b + n) for b, n in zip(begin.tolist(), size.tolist(), strict=True))]


@rule("SLICE", fold=_sliced)
def slice_rule(op: Operator) -> Any:
    x, begin, sizes = op[0], op.numbers(1) or [], op.numbers(2) or []
    if not len(x.shape) == len(begin) == len(sizes):
        raise ReaderError(f"begin {begin} and sizes {sizes} must be one for every axis of {x.shape}")
    shape = [n - b if type(s) is int and s == -1 else s for n, b, s in zip(x.shape, begin, sizes, strict=True)]
    for n, b, s in zip(x.shape, begin, shape, strict=True):
        if type(n) is int and type(b) is int and type(s) is int and not 0 <= b <= b + s <= n:
            raise ReaderError(f"takes {s} entries from {b} on of an axis of {n}")
    return x if tuple(shape) == x.shape else op.move("slice", sized(shape), x)


def _gathered(op: Operator, x: Any, indices: Any) -> Any:
    axis = op.get("axis")
    if indices.dtype == object or x.ndim == 0 or op.get("batch_dims") or not bounded((indices.size, x.size // max(x.shape[axis], 1))):
        return None
    return np.asarray(np.take(x, indices, axis=axis))


@rule("GATHER", fold=_gathered)
def gather(op: Operator) -> Any:
    x, indices = op[0], op[1]
    axis, batch = axis_of(op.get("axis"), len(x.shape)), op.get("batch_dims")
    if x.ref is None and x.sources and indices.ref is not None and len(x.shape) > 1 and not batch:
        return looked_up(op, x, indices, axis)
    return op.move("gather", (*x.shape[:axis], *indices.shape[batch:], *x.shape[axis + 1 :]), x, indices)


@rule("GATHER_ND")
def gather_nd(op: Operator) -> Any:
    x, indices = op[0], op[1]
    depth = indices.shape[-1] if indices.shape else None
    if type(depth) is not int or depth > len(x.shape):
        raise ReaderError(f"indices of shape {indices.shape} don't fit an input of shape {x.shape}")
    return op.move("gather_nd", (*indices.shape[:-1], *x.shape[depth:]), x, indices)


@rule("SCATTER_ND")
def scatter_nd(op: Operator) -> Any:
    return op.move("scatter_nd", sized(op.numbers(2) or ()), op[1], op[0])


@rule("SPARSE_TO_DENSE")
def sparse_to_dense(op: Operator) -> Any:
    return op.move("sparse_to_dense", sized(op.numbers(1) or ()), *op.given(), dtype=declared(op))


def _tiled(op: Operator, x: Any, repeats: Any) -> Any:
    if repeats.dtype == object or not bounded([n * r for n, r in zip(x.shape, repeats.tolist(), strict=True)]):
        return None
    return np.tile(x, repeats)


@rule("TILE", fold=_tiled)
def tile(op: Operator) -> Any:
    x, repeats = op[0], sized(op.numbers(1) or ())
    if len(repeats) != len(x.shape):
        raise ReaderError(f"repeats {repeats} must be one for every axis of {x.shape}")
    return op.move("tile", [n * r for n, r in zip(x.shape, repeats, strict=True)], x)


@rule("BROADCAST_TO")
def broadcast_to(op: Operator) -> Any:
    shape = broadcast((op[0].shape, sized(op.numbers(1) or ())))
    return op[0] if shape == op[0].shape else op.move("broadcast_to", shape, op[0])


@rule("BROADCAST_ARGS")
def broadcast_arguments(op: Operator) -> Any:
    shape = broadcast((sized(op.numbers(0) or ()), sized(op.numbers(1) or ())))
    return known(numbers_of(shape), declared(op))


def _ranged(op: Operator, start: Any, limit: Any, delta: Any) -> Any:
    first, last, step = start.item(), limit.item(), delta.item()
    if any(is_symbolic(n) for n in (first, last, step)) or step == 0 or not abs(last - first) <= MOST_KNOWN * abs(step):
        return None
    return np.arange(first, last, step).astype(start.dtype)


@rule("RANGE", fold=_ranged)
def range_of(op: Operator) -> Any:
    start, limit, delta = (known_or_refuse(op, i, "where a range ends").item() for i in range(3))
    if not is_symbolic(delta) and delta == 0:
        raise ReaderError("the step of a range must not be 0")
    length = ceil_div(limit - start, delta) if not isinstance(delta, float) else -((start - limit) // delta)
    return Value(sized((length if is_symbolic(length) else max(int(length), 0),)), declared(op))


def _filled(op: Operator, shape: Any, value: Any) -> Any:
    return (
        np.full(tuple(shape.tolist()), value.item())
        if shape.dtype != object and bounded(shape.tolist()) and value.dtype.kind in "iub"
        else None
    )


@rule("FILL", fold=_filled)
def fill(op: Operator) -> Any:
    shape = sized(op.numbers(0) or ())
    return Value(shape, declared(op)) if op[1].ref is None else op.move("fill", shape, op[1])


@rule("ZEROS_LIKE")
def zeros_like(op: Operator) -> Any:
    return Value(op[0].shape, declared(op))


@rule("RANDOM_STANDARD_NORMAL", "RANDOM_UNIFORM")
def random(op: Operator) -> Any:
    return Value(sized(op.numbers(0) or ()), declared(op))


@rule("PAD", "PADV2", "MIRROR_PAD")
def pad(op: Operator) -> Any:
    x, pads = op[0], op.numbers(1) or []
    if len(pads) != 2 * len(x.shape):
        raise ReaderError(f"pads {pads} must be a pair for each of the {len(x.shape)} axes")
    return op.emit(Pad(tuple(zip(pads[::2], pads[1::2], strict=True))), x)


@rule("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR")
def resize(op: Operator) -> Any:
    x = op[0]
    batch, height, width, channels = four(x)
    sizes = sized(op.numbers(1) or ())
    if len(sizes) != 2:
        raise ReaderError(f"new sizes {sizes} must be a height and a width")
    changed = tuple(axis for axis, old, new in ((1, height, sizes[0]), (2, width, sizes[1])) if old != new)
    return op.emit(Resize((batch, *sizes, channels), "linear" if op.kind == "RESIZE_BILINEAR" else "nearest", changed), x)


@rule("DEPTH_TO_SPACE")
def depth_to_space(op: Operator) -> Any:
    (n, h, w, c), block = four(op[0]), _block(op)
    return op.move("depth_to_space", sized((n, h * block, w * block, floor_div(c, block * block))), op[0])


@rule("SPACE_TO_DEPTH")
def space_to_depth(op: Operator) -> Any:
    (n, h, w, c), block = four(op[0]), _block(op)
    return op.move("space_to_depth", sized((n, floor_div(h, block), floor_div(w, block), c * block * block)), op[0])


def _block(op: Operator) -> int:
    block: int = op.get("block_size")
    if block < 1:
        raise ReaderError(f"the block size (={block}) must be at least 1")
    return block


def _blocks(op: Operator, x: Value) -> list[tuple[Num, Num, Num]]:
    """The blocks and the pair of pads or crops of every spatial axis."""
    blocks, pairs = op.numbers(1) or [], op.numbers(2) or []
    if len(pairs) != 2 * len(blocks) or len(blocks) >= len(x.shape) or any(not is_symbolic(n) and n < 1 for n in blocks):
        raise ReaderError(f"blocks {blocks} and pairs {pairs} don't fit an input of shape {x.shape}")
    return list(zip(blocks, pairs[::2], pairs[1::2], strict=True))


@rule("SPACE_TO_BATCH_ND")
def space_to_batch(op: Operator) -> Any:
    x = op[0]
    blocks = _blocks(op, x)
    spatial = [floor_div(n + before + after, block) for n, (block, before, after) in zip(x.shape[1:], blocks, strict=False)]
    batch = x.shape[0] * product(block for block, _, _ in blocks)
    return op.move("space_to_batch", sized((batch, *spatial, *x.shape[1 + len(blocks) :])), x)


@rule("BATCH_TO_SPACE_ND")
def batch_to_space(op: Operator) -> Any:
    x = op[0]
    blocks = _blocks(op, x)
    spatial = [n * block - before - after for n, (block, before, after) in zip(x.shape[1:], blocks, strict=False)]
    batch = floor_div(x.shape[0], product(block for block, _, _ in blocks))
    return op.move("batch_to_space", sized((batch, *spatial, *x.shape[1 + len(blocks) :])), x)


@rule("REVERSE_V2", "REVERSE_SEQUENCE", "DYNAMIC_UPDATE_SLICE", "MATRIX_SET_DIAG")
def same_shape(op: Operator) -> Any:
    return op.move(op.kind.lower(), op[0].shape, *op.given())


@rule("MATRIX_DIAG")
def matrix_diagonal(op: Operator) -> Any:
    return op.move("matrix_diag", (*op[0].shape, *op[0].shape[-1:]), op[0])


@rule("ARG_MAX", "ARG_MIN")
def argument(op: Operator) -> Any:
    axis = axis_of((op.numbers(1) or [0])[0], len(op[0].shape))
    return op.emit(Reduce("max" if op.kind == "ARG_MAX" else "min", (axis,), False), op[0], dtype=declared(op))


@rule("TOPK_V2")
def top_k(op: Operator) -> Any:
    return op.emit(TopK((op.numbers(1) or [1])[0], -1), op[0], dtype=(op[0].dtype, "int32"))


@rule("ONE_HOT")
def one_hot(op: Operator) -> Any:
    depth = (op.numbers(1) or [0])[0]
    at = axis_of(op.get("axis"), len(op[0].shape) + 1)
    return op.move("one_hot", sized((*op[0].shape[:at], depth, *op[0].shape[at:])), op[0], dtype=declared(op))


@rule("UNSORTED_SEGMENT_SUM", "UNSORTED_SEGMENT_PROD", "UNSORTED_SEGMENT_MAX", "UNSORTED_SEGMENT_MIN")
def unsorted_segments(op: Operator) -> Any:
    """Every number goes into its segment; the third input says how many there are."""
    x, count = op[0], sized(op.numbers(2) or ())
    step = {"SUM": "add", "PROD": "multiply"}.get(op.kind.rpartition("_")[2], "compare")
    y = op.emit(Elementwise(step), x)
    return op.move("segments", (*count[:1], *x.shape[len(op[1].shape) :]), y)


@rule("BUCKETIZE")
def bucketize(op: Operator) -> Any:
    return op.emit(Elementwise("compare"), op[0], dtype=declared(op))


@rule("SEGMENT_SUM")
def segment_sum(op: Operator) -> Any:
    segments = known_or_refuse(op, 1, "how many segments there are")
    count = int(segments.max()) + 1 if segments.size and segments.dtype != object else 0
    return op.move("segment_sum", with_axis(op[0].shape, 0, count), op[0])
