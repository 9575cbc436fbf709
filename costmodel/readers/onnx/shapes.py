"""Operators that move, pick or repeat elements, and the arithmetic on shapes."""

from __future__ import annotations

from typing import Any

import numpy as np

from costmodel._num import Num, ceil_div, floor_div, is_symbolic, product, whole
from costmodel.errors import ReaderError, UnknownLayerError
from costmodel.layers.elementwise import Elementwise, broadcast
from costmodel.layers.embedding import Embedding
from costmodel.layers.reduction import Reduce, TopK
from costmodel.layers.resize import Resize
from costmodel.layers.structure import Concat, Flatten, Pad, Split, Transpose
from costmodel.readers._folding import numbers_of, tidy
from costmodel.readers._helpers import (
    FAR,
    axes_of,
    axis_of,
    bounded,
    known_or_refuse,
    reshape,
    sized,
    slice_size,
)  # fmt: skip
from costmodel.readers._importer import Operator
from costmodel.readers._values import Stored, Value, known
from costmodel.readers.onnx._file import DTYPES
from costmodel.readers.onnx._rules import rule


@rule("Shape")
def shape_of(op: Operator) -> Any:
    x = op[0].shape
    return known(numbers_of(x[slice(op.get("start", 0), op.get("end"))]), "int64")


@rule("Size")
def size_of(op: Operator) -> Any:
    return known(numbers_of((op[0].elements,)).reshape(()), "int64")


@rule("Constant")
def constant(op: Operator) -> Any:
    for name in ("value", "value_float", "value_floats", "value_int", "value_ints", "value_string", "value_strings", "sparse_value"):
        found = op.get(name)
        if found is None:
            continue
        walker, scope, label = op.reader
        key = scope.key + label
        if name == "value":
            return walker.tensors.value(found, key)
        if name == "sparse_value":
            stored = walker.tensors.value(found.values, key)
            return Value(tuple(found.dims), stored.dtype, None, stored.sources)
        if "string" in name:
            return Value(() if name == "value_string" else (len(found),), "string")
        dtype = "float32" if "float" in name else "int64"
        array = np.array(found, dtype=dtype)
        return known(array, dtype, (Stored(key, array.size, dtype),))
    raise ReaderError("has no value")


def _filled(op: Operator, shape: Any) -> Any:
    tensor = op.get("value")
    if shape.dtype == object or not bounded(shape.tolist()) or (tensor is not None and tensor.data_type == 1 and shape.size):
        return None
    fill = np.zeros((), np.float32) if tensor is None else op.reader[0].tensors.value(tensor, op.name).data.ravel()[0]
    return np.full(tuple(shape.tolist()), fill) if fill.dtype.kind in "iub" else None


@rule("ConstantOfShape", fold=_filled)
def constant_of_shape(op: Operator) -> Any:
    shape = sized(op.numbers(0) or ())
    tensor = op.get("value")
    dtype = "float32" if tensor is None else DTYPES.get(tensor.data_type, "undefined")
    stored = Stored(op.reader[1].key + op.reader[2], product(shape), dtype, made=True)
    return Value(shape, dtype, None, (stored,) if op[0].sources else ())  # of the sizes of inputs it is made at every inference


def _reshaped(op: Operator, x: Any, shape: Any = None) -> Any:
    target = op.get("shape") if shape is None else shape.tolist()
    if target is None or (shape is not None and shape.dtype == object):
        return None
    return x.reshape([x.shape[i] if n == 0 and not op.get("allowzero", 0) else n for i, n in enumerate(target)])


@rule("Reshape", fold=_reshaped)
def reshape_rule(op: Operator) -> Any:
    x, target = op[0], op.numbers(1, "shape")
    if target is None:
        raise ReaderError("has no shape to reshape to")
    shape: list[Num] = []
    for index, size in enumerate(target):
        if is_symbolic(size) or size > 0 or (size == 0 and op.get("allowzero", 0)):
            shape.append(size)
        elif size == 0:
            if index >= len(x.shape):
                raise ReaderError(f"shape {target} copies axis {index}, which the input of shape {x.shape} does not have")
            shape.append(x.shape[index])
        elif size == -1 and -1 not in shape:
            shape.append(-1)
        else:
            raise ReaderError(f"shape {target} must hold sizes, and at most one -1")
    if -1 in shape:
        at = shape.index(-1)
        others = product(n for n in shape if not (type(n) is int and n == -1))
        shape[at] = floor_div(x.elements, others) if others != 0 else 0
    return reshape(op, x, sized(shape))


@rule("Flatten")
def flatten(op: Operator) -> Any:
    x, rank = op[0], len(op[0].shape)
    axis = op.get("axis", 1)
    axis = axis + rank if axis < 0 else axis
    if axis == 1 and rank > 1:
        return op.emit(Flatten(), x) if rank > 2 else x
    return reshape(op, x, (product(x.shape[:axis]), product(x.shape[axis:])))


def _squeezed(op: Operator, x: Any, axes: Any = None) -> Any:
    wanted = op.get("axes") if axes is None else axes.ravel().tolist()
    return x.squeeze(None if wanted is None else tuple(wanted))


@rule("Squeeze", fold=_squeezed)
def squeeze(op: Operator) -> Any:
    x = op[0]
    axes = op.numbers(1, "axes")
    gone = [i for i, n in enumerate(x.shape) if type(n) is int and n == 1] if axes is None else axes_of(axes, len(x.shape))
    return reshape(op, x, [n for i, n in enumerate(x.shape) if i not in gone])


def _unsqueezed(op: Operator, x: Any, axes: Any = None) -> Any:
    wanted = op.get("axes") if axes is None else axes.ravel().tolist()
    return np.expand_dims(x, tuple(wanted))


@rule("Unsqueeze", fold=_unsqueezed)
def unsqueeze(op: Operator) -> Any:
    x, axes = op[0], op.numbers(1, "axes") or []
    rank = len(x.shape) + len(axes)
    new = axes_of(axes, rank)
    rest = iter(x.shape)
    return reshape(op, x, [1 if i in new else next(rest) for i in range(rank)])


@rule("Transpose", fold=lambda op, x: x.transpose(op.get("perm")))
def transpose(op: Operator) -> Any:
    x = op[0]
    order = op.get("perm") or list(range(len(x.shape)))[::-1]
    return op.emit(Transpose(tuple(order)), x)


def _joined(op: Operator, *arrays: Any) -> Any:
    return np.concatenate(arrays, axis=op.get("axis", 1)) if sum(a.size for a in arrays) < FAR else None


@rule("Concat", fold=_joined)
def concat(op: Operator) -> Any:
    values = op.given()
    return op.emit(Concat(op.get("axis", 1)), *values) if len(values) > 1 else values[0]


@rule("Split", "SplitToSequence")
def split(op: Operator) -> Any:
    if op.kind != "Split":
        raise UnknownLayerError("sequences of tensors have no cost rule")
    x = op[0]
    axis = axis_of(op.get("axis", 0), len(x.shape))
    sizes = op.numbers(1, "split")
    if sizes is None:
        pieces = op.get("num_outputs", op.outputs)
        step = ceil_div(x.shape[axis], pieces) if pieces else 0
        sizes = [step] * (pieces - 1) + [x.shape[axis] - step * (pieces - 1)]
    if x.data is not None and x.ref is None and all(type(n) is int for n in sizes):
        ends = np.cumsum(sizes)[:-1]
        return [known(part, x.dtype) for part in np.split(x.data, ends, axis)]
    made = op.emit(Split(axis, sized(sizes)), x)
    return [made] if isinstance(made, Value) else made


def _slice_arguments(op: Operator, rank: int) -> tuple[list[Any], list[Any], tuple[int, ...], list[Any]]:
    starts, ends = op.numbers(1, "starts") or [], op.numbers(2, "ends") or []
    axes = op.numbers(3, "axes")
    steps = op.numbers(4, "steps") or [1] * len(starts)
    if not len(starts) == len(ends) == len(steps) or len(axes or starts) != len(starts):
        raise ReaderError(f"starts {starts}, ends {ends}, axes {axes} and steps {steps} must be as many")
    return starts, ends, axes_of(range(len(starts)) if axes is None else axes, rank), steps


def _sliced(op: Operator, x: Any, *rest: Any) -> Any:
    starts, ends, axes, steps = _slice_arguments(op, x.ndim)
    if any(is_symbolic(n) for n in (*starts, *ends, *steps)) or 0 in steps:
        return None
    cut = [slice(None)] * x.ndim
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        size = x.shape[axis]
        stop = end if end >= 0 or step > 0 else None if end < -size else end
        cut[axis] = slice(start, stop, step)
    return x[tuple(cut)]


@rule("Slice", fold=_sliced)
def slice_rule(op: Operator) -> Any:
    x = op[0]
    shape = list(x.shape)
    for start, end, axis, step in zip(*_slice_arguments(op, len(shape)), strict=True):
        shape[axis] = slice_size(shape[axis], start, end, step)
    if tuple(shape) == x.shape:
        return x
    return op.move("slice", shape, x)


def _gathered(op: Operator, x: Any, indices: Any) -> Any:
    axis = op.get("axis", 0)
    if _is_lookup(op[0], op[1]) or indices.dtype == object or x.ndim == 0 or not bounded((indices.size, x.size // max(x.shape[axis], 1))):
        return None
    return np.take(x, indices, axis=axis)


def _is_lookup(x: Value, indices: Value) -> bool:
    """Whether a stored table is read at places that are not stored themselves."""
    return x.ref is None and len(x.shape) > 1 and bool(x.sources) and not indices.sources and bool(indices.shape)


@rule("Gather", fold=_gathered)
def gather(op: Operator) -> Any:
    x, indices = op[0], op[1]
    axis = axis_of(op.get("axis", 0), len(x.shape))
    shape = (*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])
    if _is_lookup(x, indices):
        return op.emit(Embedding(x.shape, axis), indices, dtype=x.dtype, weights=[x], keep=True)
    return op.move("gather", shape, x, indices)


def _picked(op: Operator, x: Any, indices: Any) -> Any:
    return (
        None if indices.dtype == object else np.take_along_axis(x, indices % np.maximum(x.shape[op.get("axis", 0)], 1), op.get("axis", 0))
    )


@rule("GatherElements", fold=_picked)
def gather_elements(op: Operator) -> Any:
    return op.move("gather_elements", op[1].shape, op[0], op[1])


@rule("GatherND")
def gather_nd(op: Operator) -> Any:
    x, indices = op[0], op[1]
    depth = indices.shape[-1]
    if type(depth) is not int:
        raise UnknownLayerError("GatherND with a symbolic depth has no cost rule")
    return op.move("gather_nd", (*indices.shape[:-1], *x.shape[op.get("batch_dims", 0) + depth :]), x, indices)


def _expanded(op: Operator, x: Any, shape: Any) -> Any:
    if shape.dtype == object:
        return None
    target = np.broadcast_shapes(x.shape, tuple(shape.tolist()))
    return np.broadcast_to(x, target) if bounded(target) else None


@rule("Expand", fold=_expanded)
def expand(op: Operator) -> Any:
    x = op[0]
    shape = broadcast((x.shape, sized(op.numbers(1) or ())))
    return x if shape == x.shape else op.move("expand", shape, x)


def _tiled(op: Operator, x: Any, repeats: Any) -> Any:
    if repeats.dtype == object or not bounded([n * r for n, r in zip(x.shape, repeats.tolist(), strict=True)]):
        return None
    return np.tile(x, repeats)


@rule("Tile", fold=_tiled)
def tile(op: Operator) -> Any:
    x, repeats = op[0], sized(op.numbers(1) or ())
    if len(repeats) != len(x.shape):
        raise ReaderError(f"repeats {repeats} must be one for every axis of {x.shape}")
    return op.move("tile", [n * r for n, r in zip(x.shape, repeats, strict=True)], x)


def _ranged(op: Operator, start: Any, limit: Any, delta: Any) -> Any:
    if object in (start.dtype, limit.dtype, delta.dtype) or delta.item() == 0:
        return None
    length = max(0, -(-(limit.item() - start.item()) // delta.item()))
    return np.arange(length).astype(start.dtype) * delta + start if length == length and length <= 2**17 else None


@rule("Range", fold=_ranged)
def range_rule(op: Operator) -> Any:
    start, limit, delta = (known_or_refuse(op, i, "where a range ends").item() for i in range(3))
    if not is_symbolic(delta) and delta == 0:
        raise ReaderError("the step of a range must not be 0")
    length = ceil_div(limit - start, delta) if not isinstance(delta, float) else -whole(-(limit - start) / delta)
    length = length if is_symbolic(length) else max(int(length), 0)
    return Value(sized((length,)), op[0].dtype)


@rule("Pad")
def pad(op: Operator) -> Any:
    x = op[0]
    pads = op.numbers(1, "pads") or op.get("paddings") or []
    axes = axes_of(op.numbers(3), len(x.shape))
    if len(pads) != 2 * len(axes):
        raise ReaderError(f"pads {pads} must be a pair for each of the {len(axes)} axes")
    pairs: list[tuple[Any, Any]] = [(0, 0)] * len(x.shape)
    for axis, before, after in zip(axes, pads[: len(axes)], pads[len(axes) :], strict=True):
        pairs[axis] = (before, after)
    if all(is_symbolic(n) or n >= 0 for pair in pairs for n in pair):
        return op.emit(Pad(tuple(pairs)), x)
    return op.move("pad", sized(n + b + a for n, (b, a) in zip(x.shape, pairs, strict=True)), x)


REDUCTIONS: dict[str, tuple[str, Any]] = {
    "ReduceSum": ("sum", np.sum), "ReduceMean": ("mean", np.mean), "ReduceMax": ("max", np.max), "ReduceMin": ("min", np.min),
    "ReduceProd": ("product", np.prod), "ReduceL1": ("l1", None), "ReduceL2": ("l2", None), "ReduceSumSquare": ("l2", None),
    "ReduceLogSum": ("sum", None), "ReduceLogSumExp": ("log_sum_exp", None), "ArgMax": ("max", None), "ArgMin": ("min", None),
}  # fmt: skip


def _reduced(op: Operator, x: Any, axes: Any = None) -> Any:
    wanted = op.get("axes") if axes is None else axes.ravel().tolist()
    function = REDUCTIONS[op.kind][1]
    if (not wanted and op.get("noop_with_empty_axes", 0)) or x.size == 0 or function is None:
        return None
    axis = tuple(wanted) if wanted else None
    keep = bool(op.get("keepdims", 1))
    if x.dtype == object:
        if op.kind not in ("ReduceProd", "ReduceSum"):
            return None
        made = np.asarray(function(x, axis=axis, keepdims=keep), dtype=object)
        return tidy(made)
    return np.asarray(function(x, axis=axis, keepdims=keep)).astype(x.dtype)


@rule(*REDUCTIONS, fold=_reduced)
def reduction(op: Operator) -> Any:
    x = op[0]
    rank = len(x.shape)
    axes = [op.get("axis", 0)] if op.kind.startswith("Arg") else op.numbers(1, "axes")
    if not axes and op.get("noop_with_empty_axes", 0):
        return x
    layer = Reduce(REDUCTIONS[op.kind][0], axes_of(axes or None, rank), bool(op.get("keepdims", 1)))
    return op.emit(layer, x, dtype="int64" if op.kind.startswith("Arg") else None)


@rule("TopK")
def top_k(op: Operator) -> Any:
    k = (op.numbers(1) or [op.get("k", 1)])[0]
    return op.emit(TopK(k, axis_of(op.get("axis", -1), len(op[0].shape))), op[0], dtype=(op[0].dtype, "int64"))


@rule("Resize", "Upsample")
def resize(op: Operator) -> Any:
    x = op[0]
    rank = len(x.shape)
    axes = axes_of(op.get("axes"), rank)
    at = 1 if op.kind == "Upsample" or op.version == 10 else 2
    scales = op.numbers(at, "scales")
    sizes = op.numbers(3) if at == 2 else None
    shape = list(x.shape)
    if sizes:
        policy = op.get("keep_aspect_ratio_policy", "stretch")
        if policy != "stretch" and all(type(shape[a]) is int for a in axes):
            ratios = [size / shape[a] for size, a in zip(sizes, axes, strict=True)]
            ratio = min(ratios) if policy == "not_larger" else max(ratios)
            sizes = [int(ratio * shape[a] + 0.5) for a in axes]
        for size, a in zip(sizes, axes, strict=True):
            shape[a] = size
    elif scales:
        regions = op.numbers(1) if at == 2 and op.get("coordinate_transformation_mode") == "tf_crop_and_resize" else None
        for i, (scale, a) in enumerate(zip(scales, axes, strict=True)):
            part = 1 if not regions else regions[i + len(axes)] - regions[i]
            factor = int(scale) if not is_symbolic(scale) and scale == int(scale) and part == 1 else scale * part
            shape[a] = whole(shape[a] * factor)
    else:
        raise ReaderError("has neither sizes nor scales")
    new = sized(shape)
    changed = tuple(i for i, (a, b) in enumerate(zip(x.shape, new, strict=True)) if a != b)
    mode = op.get("mode", "nearest")
    if mode not in ("nearest", "linear", "cubic"):
        raise ReaderError(f"`mode` (={mode!r}) must be nearest, linear or cubic")
    return op.emit(Resize(new, mode, changed), x)


@rule("DepthToSpace", "SpaceToDepth")
def block(op: Operator) -> Any:
    n, c, h, w = op[0].shape
    b = op.get("blocksize", 1)
    if op.kind == "DepthToSpace":
        return op.move("depth_to_space", sized((n, floor_div(c, b * b), h * b, w * b)), op[0])
    return op.move("space_to_depth", sized((n, c * b * b, floor_div(h, b), floor_div(w, b))), op[0])


@rule("Scatter", "ScatterElements", "ScatterND", "TensorScatter", "ReverseSequence", "Trilu")
def same_shape(op: Operator) -> Any:
    return op.move(op.kind.lower(), op[0].shape, *op.given())


@rule("OneHot")
def one_hot(op: Operator) -> Any:
    depth = known_or_refuse(op, 1, "the depth").ravel()[0]
    rank = len(op[0].shape) + 1
    axis = axis_of(op.get("axis", -1), rank)
    depth = depth if is_symbolic(depth) else int(depth)
    return op.move("one_hot", sized((*op[0].shape[:axis], depth, *op[0].shape[axis:])), op[0], dtype=op[2].dtype)


@rule("EyeLike", "RandomUniformLike", "RandomNormalLike", "Bernoulli")
def like(op: Operator) -> Any:
    dtype = DTYPES.get(op.get("dtype", 0), "undefined") if op.get("dtype") else op[0].dtype
    return op.move("fill", op[0].shape, op[0], dtype=dtype)


@rule("RandomUniform", "RandomNormal")
def random(op: Operator) -> Any:
    return Value(sized(op.get("shape") or ()), DTYPES.get(op.get("dtype", 1), "float32"))


@rule("NonZero", fold=lambda op, x: np.stack(np.nonzero(x)).astype(np.int64) if x.dtype != object and x.ndim else None)
def non_zero(op: Operator) -> Any:
    x = op[0]
    y = op.move("non_zero", (len(x.shape), x.elements), op.emit(Elementwise("equality"), x), dtype="int64")
    op.importer.bound(f"NonZero {op.name!r}: how many numbers are not 0 depends on the data; {x.elements} are the most", y)
    return y


@rule("CenterCropPad")
def center_crop_pad(op: Operator) -> Any:
    shape = list(op[0].shape)
    axes = axes_of(op.get("axes"), len(shape))
    for axis, size in zip(axes, sized(op.numbers(1) or ()), strict=True):
        shape[axis] = size
    return op.move("center_crop_pad", shape, op[0])
