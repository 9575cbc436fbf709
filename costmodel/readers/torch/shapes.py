"""Operators that move, pick or repeat elements, or only name them anew."""

from __future__ import annotations

from typing import Any

from costmodel._num import Num, ceil_div, floor_div, is_symbolic, product, total
from costmodel.errors import ReaderError, UnknownLayerError
from costmodel.layers import Shape
from costmodel.layers.elementwise import broadcast
from costmodel.layers.embedding import Embedding
from costmodel.layers.structure import ChannelShuffle, Concat, Flatten, Pad, Split, Transpose
from costmodel.readers._helpers import FAR, axes_of, axis_of, reshape, sized, slice_size, with_axis
from costmodel.readers._values import Value
from costmodel.readers.torch._call import Aten, rule


@rule(
    "contiguous", "clone", "detach", "alias", "lift_fresh", "lift_fresh_copy", "dropout", "feature_dropout", "alpha_dropout",
    "feature_alpha_dropout", "native_dropout", "positive", "requires_grad", "resolve_conj", "resolve_neg", "identity", "view_as_real_copy",
)  # fmt: skip
def alias(op: Aten) -> Any:
    """The same tensor."""
    x = op.maybe("self") or op.tensor("input")
    return [x, x.like(dtype="bool")]


@rule("view", "reshape", "_unsafe_view", "_reshape_alias", "view_copy")
def view(op: Aten) -> Any:
    """Another shape; one entry may be -1."""
    x = op.tensor("self")
    sizes = op.get("size", op.get("shape"))
    if sizes is None:  # the same bytes in another number format
        return Value(op.shapes[0], op.dtypes[0], x.ref, x.sources)
    return reshape(op, x, _filled(x, sizes))


def _filled(x: Value, sizes: list[Any]) -> Shape:
    """The sizes, with what is left in the place of -1."""
    rest = [at for at, n in enumerate(sizes) if type(n) is int and n == -1]
    if len(rest) == 1:
        others = product(n for at, n in enumerate(sizes) if at != rest[0])
        sizes = [*sizes[: rest[0]], floor_div(x.elements, others) if others != 0 else 0, *sizes[rest[0] + 1 :]]
    return sized(sizes)


@rule("view_as", "reshape_as", "expand_as")
def as_other(op: Aten) -> Any:
    """The shape of another tensor."""
    x, shape = op.tensor("self"), op.tensor("other").shape
    return _expand(op, x, shape) if op.kind == "expand_as" else reshape(op, x, shape)


@rule("flatten")
def flatten(op: Aten) -> Any:
    """Axes as one."""
    x, rank = op.tensor("self"), len(op.tensor("self").shape)
    first, last = axis_of(op.get("start_dim", 0), max(rank, 1)), axis_of(op.get("end_dim", -1), max(rank, 1))
    if first == 1 and last == rank - 1 and rank > 2:
        return op.emit(Flatten(), x)
    return reshape(op, x, (*x.shape[:first], product(x.shape[first : last + 1]), *x.shape[last + 1 :]))


@rule("unflatten")
def unflatten(op: Aten) -> Any:
    """One axis as several."""
    x = op.tensor("self")
    axis = axis_of(op.get("dim"), len(x.shape))
    part = Value((x.shape[axis],), x.dtype)
    return reshape(op, x, (*x.shape[:axis], *_filled(part, op.get("sizes")), *x.shape[axis + 1 :]))


@rule("squeeze")
def squeeze(op: Aten) -> Any:
    """Axes of size 1 left out."""
    x = op.tensor("self")
    axes = op.get("dim")
    chosen = axes_of([axes] if isinstance(axes, int) else axes, len(x.shape))
    return reshape(op, x, [n for at, n in enumerate(x.shape) if at not in chosen or not (type(n) is int and n == 1)])


@rule("unsqueeze")
def unsqueeze(op: Aten) -> Any:
    """A new axis of size 1."""
    x = op.tensor("self")
    return reshape(op, x, _with_new(x.shape, op.get("dim")))


def _with_new(shape: Shape, axis: int) -> Shape:
    at = axis_of(axis, len(shape) + 1)
    return *shape[:at], 1, *shape[at:]


@rule("permute", "transpose", "swapaxes", "swapdims", "t", "mT", "mH", "adjoint", "numpy_T", "movedim", "moveaxis")
def transpose(op: Aten) -> Any:
    """Axes in another order."""
    x = op.tensor("self")
    rank = len(x.shape)
    order = list(range(rank))
    if op.kind == "permute":
        order = list(axes_of(op.get("dims"), rank))
    elif op.kind in ("t", "numpy_T"):
        order.reverse()
    elif "move" in op.kind:
        source, target = (axes_of([a] if isinstance(a, int) else a, rank) for a in (op.get("source"), op.get("destination")))
        order = [axis for axis in order if axis not in source]
        for to, axis in sorted(zip(target, source, strict=True)):
            order.insert(to, axis)
    else:
        first, second = (op.get(f"dim{i}", op.get(f"axis{i}", i - 2)) for i in (0, 1))
        a, b = axis_of(first, rank), axis_of(second, rank)
        order[a], order[b] = b, a
    return x if order == list(range(rank)) else op.emit(Transpose(tuple(order)), x)


def _expand(op: Aten, x: Value, sizes: Any) -> Value:
    new = len(sizes) - len(x.shape)
    shape = tuple([x.shape[at - new] if at >= new and type(n) is int and n == -1 else n for at, n in enumerate(sizes)])
    shape = sized(shape)
    return x if shape == x.shape else op.move("expand", shape, x)


@rule("expand", "expand_copy")
def expand(op: Aten) -> Any:
    """Axes of size 1 repeated."""
    return _expand(op, op.tensor("self"), op.get("size"))


@rule("broadcast_to")
def broadcast_to(op: Aten) -> Any:
    """Axes of size 1 repeated."""
    return _expand(op, op.tensor("self"), op.get("size"))


@rule("broadcast_tensors")
def broadcast_tensors(op: Aten) -> Any:
    """Several tensors in their common shape."""
    tensors = op.many("tensors")
    shape = broadcast([x.shape for x in tensors])
    return [_expand(op, x, shape) for x in tensors]


@rule("slice", "narrow")
def slice_rule(op: Aten) -> Any:
    """A part along one axis."""
    x = op.tensor("self")
    axis = axis_of(op.get("dim", 0), len(x.shape))
    if op.kind == "narrow":
        return op.move("slice", with_axis(x.shape, axis, op.get("length")), x)
    start, end = op.get("start"), op.get("end")
    size = slice_size(x.shape[axis], 0 if start is None else start, FAR if end is None else end, op.get("step", 1))
    return x if size == x.shape[axis] else op.move("slice", with_axis(x.shape, axis, size), x)


@rule("select")
def select(op: Aten) -> Any:
    """One place along an axis."""
    x = op.tensor("self")
    axis = axis_of(op.get("dim", 0), len(x.shape))
    shape = (*x.shape[:axis], *x.shape[axis + 1 :])
    return reshape(op, x, shape) if type(x.shape[axis]) is int and x.shape[axis] == 1 else op.move("slice", shape, x)


@rule("cat", "concat", "concatenate")
def concat(op: Aten) -> Any:
    """One after another; empty vectors are left out, as PyTorch does."""
    tensors = [x for x in op.many("tensors") if x.shape != (0,)] or op.many("tensors")[:1]
    if not tensors:
        raise ReaderError("joins no tensor")
    return op.emit(Concat(op.get("dim", 0)), *tensors) if len(tensors) > 1 else tensors[0]


@rule("stack")
def stack(op: Aten) -> Any:
    """One after another along a new axis."""
    axis = op.get("dim", 0)
    tensors = [reshape(op, x, _with_new(x.shape, axis)) for x in op.many("tensors")]
    at = axis_of(axis, len(tensors[0].shape))
    return op.emit(Concat(at), *tensors) if len(tensors) > 1 else tensors[0]


@rule("split", "split_with_sizes", "chunk", "tensor_split", "unsafe_split", "unsafe_chunk", "split_copy", "split_with_sizes_copy")
def split(op: Aten) -> Any:
    """Pieces along an axis."""
    x = op.tensor("self")
    axis = axis_of(op.get("dim", 0), len(x.shape))
    size = x.shape[axis]
    sizes = op.get("split_sizes", op.get("split_size"))
    if op.kind in ("tensor_split",):
        sizes = [shape[axis] for shape in op.shapes]
    elif not isinstance(sizes, list):
        step = sizes if sizes is not None else ceil_div(size, op.get("chunks", 1))
        pieces = op.outputs
        sizes = [step] * (pieces - 1) + [size - total([step] * (pieces - 1))]
    return _split(op, x, axis, sized(sizes))


def _split(op: Aten, x: Value, axis: int, sizes: Shape) -> list[Value]:
    if len(sizes) == 1:
        return [x]
    made = op.emit(Split(axis, sizes), x)
    return list(made)


@rule("unbind", "unbind_copy")
def unbind(op: Aten) -> Any:
    """Every place along an axis by itself."""
    x = op.tensor("self")
    axis = axis_of(op.get("dim", 0), len(x.shape))
    return [reshape(op, part, (*x.shape[:axis], *x.shape[axis + 1 :])) for part in _split(op, x, axis, (1,) * op.outputs)]


@rule("embedding")
def embedding(op: Aten) -> Any:
    """Rows of a table."""
    table, indices = op.tensor("weight"), op.tensor("indices")
    if table.ref is None and table.sources:
        return op.emit(Embedding(table.shape), indices, weights=[table])
    return op.move("gather", (*indices.shape, *table.shape[1:]), table, indices)


@rule("index_select", "gather", "index", "take_along_dim")
def gather(op: Aten) -> Any:
    """Places that indices name."""
    x = op.tensor("self")
    if op.kind == "index":
        return _indexed(op, x)
    indices = op.maybe("index") or op.tensor("indices")
    axis = axis_of(op.get("dim", 0), max(len(x.shape), 1))
    return op.move("gather", with_axis(x.shape, axis, indices.elements) if op.kind == "index_select" else indices.shape, x, indices)


def _indexed(op: Aten, x: Value) -> Value:
    indices = op.get("indices")
    given = [at for at, index in enumerate(indices) if index is not None]
    if any(indices[at].dtype == "bool" for at in given):
        raise UnknownLayerError("the output shape of a selection by truth values depends on data, and has no cost rule")
    together = given == list(range(given[0], given[-1] + 1))
    picked = broadcast([indices[at].shape for at in given])
    rest = [n for at, n in enumerate(x.shape) if at not in given]
    first = given[0] if together else 0
    return op.move("gather", (*rest[:first], *picked, *rest[first:]), x, *[indices[at] for at in given])


@rule("pad", "constant_pad_nd", *(f"{kind}_pad{rank}d" for kind in ("reflection", "replication") for rank in (1, 2, 3)))
def pad(op: Aten) -> Any:
    """Rows around; the last axis is named first."""
    x = op.tensor("self")
    amounts = op.get("pad", op.get("padding")) or []
    pairs: list[tuple[Any, Any]] = [(0, 0)] * len(x.shape)
    for number in range(len(amounts) // 2):
        pairs[-1 - number] = (amounts[2 * number], amounts[2 * number + 1])
    if all(type(n) is int and n == 0 for both in pairs for n in both):
        return x
    if all(is_symbolic(n) or n >= 0 for both in pairs for n in both):
        return op.emit(Pad(tuple(pairs)), x)
    return op.move("pad", sized(n + before + after for n, (before, after) in zip(x.shape, pairs, strict=True)), x)


@rule("pixel_shuffle", "pixel_unshuffle")
def pixel_shuffle(op: Aten) -> Any:
    """Channels as rows and columns, or the other way."""
    x = op.tensor("self")
    *batch, c, h, w = x.shape
    if op.kind == "pixel_shuffle":
        r = op.get("upscale_factor", 1)
        return op.move("depth_to_space", sized((*batch, floor_div(c, r * r), h * r, w * r)), x)
    r = op.get("downscale_factor", 1)
    return op.move("space_to_depth", sized((*batch, c * r * r, floor_div(h, r), floor_div(w, r))), x)


@rule("channel_shuffle", "native_channel_shuffle")
def channel_shuffle(op: Aten) -> Any:
    """Channels of the groups interleaved."""
    return op.emit(ChannelShuffle(op.get("groups", 1)), op.tensor("self"))


@rule("repeat", "tile")
def repeat(op: Aten) -> Any:
    """The tensor several times along its axes."""
    x, times = op.tensor("self"), list(op.get("repeats", op.get("dims")) or ())
    rank = max(len(times), len(x.shape))
    shape = (*(1,) * (rank - len(x.shape)), *x.shape)
    times = [1] * (rank - len(times)) + times
    return op.move("tile", sized(n * r for n, r in zip(shape, times, strict=True)), x)


@rule(
    "roll", "flip", "tril", "triu", "scatter", "scatter_add", "scatter_reduce", "index_put", "index_add", "index_copy", "index_fill",
    "slice_scatter", "select_scatter", "masked_scatter", "rot90", "fill",
)  # fmt: skip
def same_shape(op: Aten) -> Any:
    """Elements in other places, or replaced."""
    return op.move(op.kind, op.shapes[0] if op.kind == "rot90" else op.tensor("self").shape, *op.given())


@rule("copy")
def copy(op: Aten) -> Any:
    """The numbers of another tensor."""
    return op.move("copy", op.tensor("self").shape, op.tensor("src"))


@rule(
    "im2col", "col2im", "unfold", "repeat_interleave", "as_strided", "diagonal", "one_hot", "diag_embed", "view_as_complex", "view_as_real"
)
def moved(op: Aten) -> Any:
    """Elements in other places; the shape is the recorded one."""
    return op.move(op.kind, op.shapes[0], *op.given())


@rule("meshgrid")
def meshgrid(op: Aten) -> Any:
    """Coordinates of a grid."""
    tensors = op.many("tensors")
    return [op.move("expand", shape, x) for x, shape in zip(tensors, op.shapes, strict=True)]


FILLED = ("full", "zeros", "ones", "empty", "new_zeros", "new_ones", "new_full", "new_empty", "rand", "randn")


@rule(*FILLED)
def filled(op: Aten) -> Any:
    """A tensor that is known without the inputs."""
    return Value(sized(op.get("size") or ()), op.dtypes[0])


@rule("full_like", "zeros_like", "ones_like", "empty_like", "rand_like", "randn_like", "zero")
def filled_like(op: Aten) -> Any:
    """A tensor that is known without the inputs, in the shape of another."""
    return Value(op.tensor("self").shape, op.dtypes[0])


@rule("arange", "linspace", "scalar_tensor", "eye", "tril_indices", "triu_indices", "empty_strided", "bernoulli", "hann_window")
def created(op: Aten) -> Any:
    """A tensor that is known without the inputs."""
    start, end, step = op.get("start", 0), op.get("end"), op.get("step", 1)
    if op.kind == "arange" and all(type(n) is int or is_symbolic(n) for n in (start, end, step)):
        length: Num = ceil_div(end - start, step)
        return Value(sized((length,)), op.dtypes[0])
    return Value(op.shapes[0], op.dtypes[0])
