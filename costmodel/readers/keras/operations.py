"""Functions of `keras.ops` in the graph of a functional model."""

from __future__ import annotations

from functools import partial
from typing import Any

from costmodel._num import floor_div, is_symbolic, product
from costmodel.errors import UnknownLayerError
from costmodel.layers.activation import Clip
from costmodel.layers.elementwise import Add, Elementwise, Multiply, Where, broadcast
from costmodel.layers.reduction import Reduce
from costmodel.layers.structure import Concat, Split, Transpose
from costmodel.readers import _products as products
from costmodel.readers._helpers import FAR, axes_of, axis_of, pair, reshape, sized, slice_size, with_axis
from costmodel.readers._values import Value
from costmodel.readers.keras._call import OPERATIONS, Call, number_formats, only, rule

operation = partial(rule, domain=OPERATIONS)

BINARY: dict[str, Any] = {
    "Add": Add, "Multiply": Multiply, "Subtract": partial(Elementwise, "subtract"), "Divide": partial(Elementwise, "divide"),
    "TrueDivide": partial(Elementwise, "divide"), "FloorDivide": partial(Elementwise, "divide"), "Power": partial(Elementwise, "power"),
    "Maximum": partial(Elementwise, "compare"), "Minimum": partial(Elementwise, "compare"), "Mod": partial(Elementwise, "modulo"),
    **{kind: partial(Elementwise, "equality") for kind in ("Equal", "NotEqual", "Greater", "GreaterEqual", "Less", "LessEqual")},
    **{kind: partial(Elementwise, "logical") for kind in ("LogicalAnd", "LogicalOr", "LogicalXor")},
    "Where": Where,
}  # fmt: skip


def _operands(op: Call) -> list[Value]:
    """Tensors and numbers; a number is a tensor without axes."""
    dtype = only(op).dtype
    given = [*op.arguments, *op.options.values()]
    return [x if isinstance(x, Value) else Value((), dtype) for x in given if isinstance(x, Value | int | float)]


@operation(*BINARY)
def binary(op: Call) -> Any:
    """One step an output element."""
    return pair(BINARY[op.kind], op, *_operands(op))


UNARY = {
    "Absolute": "absolute", "Abs": "absolute", "Negative": "negate", "Square": "square", "Sqrt": "sqrt", "Exp": "exp", "Expm1": "exp",
    "Log": "log", "Log1p": "log", "Log2": "log", "Log10": "log", "Erf": "erf", "Sign": "sign", "Floor": "round", "Ceil": "round",
    "Round": "round", "Reciprocal": "reciprocal", "LogicalNot": "logical", "Cumsum": "add",
    **dict.fromkeys(("Sin", "Cos", "Tan", "Arcsin", "Arccos", "Arctan", "Sinh", "Cosh"), "function"),
}  # fmt: skip


@operation(*UNARY)
def unary(op: Call) -> Any:
    """One step an element."""
    return op.emit(Elementwise(UNARY[op.kind]), only(op))


@operation("Rsqrt")
def reciprocal_root(op: Call) -> Any:
    """1 over the square root."""
    return op.emit(Elementwise("reciprocal"), op.emit(Elementwise("sqrt"), only(op)))


@operation("Clip")
def clip(op: Call) -> Any:
    """Limits."""
    return op.emit(Clip(), only(op))


@operation("Cast")
def cast(op: Call) -> Any:
    """Another number format."""
    x, target = only(op), number_formats(op.argument(1, "dtype"))[0]
    return x if x.dtype == target else op.emit(Elementwise("cast"), x, dtype=target)


@operation("Identity", "StopGradient", "Copy")
def identity(op: Call) -> Any:
    """The same tensor."""
    return only(op)


REDUCTIONS = {
    "Mean": "mean", "Sum": "sum", "Max": "max", "Min": "min", "Prod": "product", "Amax": "max", "Amin": "min", "Argmax": "max",
    "Argmin": "min", "Any": "max", "All": "min", "Logsumexp": "log_sum_exp", "Norm": "l2",
}  # fmt: skip


@operation(*REDUCTIONS)
def reduction(op: Call) -> Any:
    """Along axes."""
    x, axis = only(op), op.argument(1, "axis")
    axes = axes_of([axis] if isinstance(axis, int) else axis, len(x.shape))
    layer = Reduce(REDUCTIONS[op.kind], axes, bool(op.argument(2, "keepdims")))
    return op.emit(layer, x, dtype="int32" if op.kind.startswith("Arg") else None)


@operation("Concatenate")
def concatenate(op: Call) -> Any:
    """Tensors one after another."""
    axis = op.argument(1, "axis")
    return op.emit(Concat(-1 if axis is None else axis), *op.given()) if len(op.inputs) > 1 else only(op)


@operation("Stack")
def stack(op: Call) -> Any:
    """Tensors one after another along a new axis."""
    tensors = op.given()
    at = axis_of(op.argument(1, "axis") or 0, len(tensors[0].shape) + 1)
    grown = [reshape(op, x, (*x.shape[:at], 1, *x.shape[at:])) for x in tensors]
    return op.emit(Concat(at), *grown) if len(grown) > 1 else grown[0]


@operation("Split")
def split(op: Call) -> Any:
    """Pieces along an axis: how many, or where they begin."""
    x, cuts = only(op), op.argument(1, "indices_or_sections")
    axis = axis_of(op.argument(2, "axis") or 0, len(x.shape))
    size = x.shape[axis]
    if isinstance(cuts, int):
        sizes = [floor_div(size, cuts)] * cuts
    else:
        ends = [*cuts, size]
        sizes = [end - start for start, end in zip([0, *cuts], ends, strict=True)]
    made = op.emit(Split(axis, sized(sizes)), x)
    return [made] if isinstance(made, Value) else list(made)


@operation("Reshape")
def reshaped(op: Call) -> Any:
    """Another shape; one entry may be -1, and None is the batch."""
    x = only(op)
    target = [x.shape[0] if n is None else n for n in op.argument(1, "newshape")]
    rest = [at for at, n in enumerate(target) if type(n) is int and n == -1]
    if rest:
        others = product(n for at, n in enumerate(target) if at != rest[0])
        target[rest[0]] = floor_div(x.elements, others) if is_symbolic(others) or others else 0
    return reshape(op, x, sized(target))


@operation("Transpose")
def transposed(op: Call) -> Any:
    """Axes in another order."""
    x, axes = only(op), op.argument(1, "axes")
    return op.emit(Transpose(tuple(axes or range(len(x.shape))[::-1])), x)


@operation("SwapAxes", "Swapaxes")
def swapped(op: Call) -> Any:
    """Two axes exchanged."""
    x = only(op)
    order = list(range(len(x.shape)))
    a, b = (axis_of(op.argument(at, f"axis{at}"), len(order)) for at in (1, 2))
    order[a], order[b] = b, a
    return op.emit(Transpose(tuple(order)), x)


@operation("ExpandDims")
def expanded(op: Call) -> Any:
    """A new axis of size 1."""
    x, axes = only(op), op.argument(1, "axis")
    new = axes_of([axes] if isinstance(axes, int) else axes, len(x.shape) + (1 if isinstance(axes, int) else len(axes)))
    rest = iter(x.shape)
    return reshape(op, x, [1 if at in new else next(rest) for at in range(len(x.shape) + len(new))])


@operation("Squeeze")
def squeezed(op: Call) -> Any:
    """Axes of size 1 left out."""
    x, axis = only(op), op.argument(1, "axis")
    gone = axes_of([axis] if isinstance(axis, int) else axis, len(x.shape))
    return reshape(op, x, [n for at, n in enumerate(x.shape) if at not in gone or not (type(n) is int and n == 1)])


@operation("BroadcastTo")
def broadcast_to(op: Call) -> Any:
    """Axes of size 1 repeated."""
    x = only(op)
    shape = broadcast((x.shape, sized(x.shape[0] if n is None else n for n in op.argument(1, "shape"))))
    return x if shape == x.shape else op.move("expand", shape, x)


@operation("GetItem")
def picked(op: Call) -> Any:
    """Parts along axes: slices, places, new axes."""
    x, key = only(op), op.argument(1, "key")
    parts = list(key) if isinstance(key, list) else [key]
    if any(isinstance(part, Value | list | bool) for part in parts):
        raise UnknownLayerError("a selection by a tensor has no cost rule")
    if ... in parts:
        at = parts.index(...)
        parts[at : at + 1] = [slice(None)] * (len(x.shape) - sum(part is not None and part is not ... for part in parts))
    parts += [slice(None)] * (len(x.shape) - sum(part is not None for part in parts))
    sizes, shape, axis = list(x.shape), [], 0
    for part in parts:
        if part is None:
            shape.append(1)
            continue
        if isinstance(part, slice):
            start, stop = (0 if part.start is None else part.start), (FAR if part.stop is None else part.stop)
            sizes[axis] = slice_size(x.shape[axis], start, stop, part.step or 1)
            shape.append(sizes[axis])
        else:
            sizes[axis] = 1
        axis += 1
    y = x if tuple(sizes) == x.shape else op.move("slice", sizes, x)
    return reshape(op, y, shape)


@operation("Matmul", "Dot")
def matmul(op: Call) -> Any:
    """A product of matrices."""
    a, b = op.given()[:2]
    return products.matrix_product(op, a, b)


@operation("Einsum")
def einsum(op: Call) -> Any:
    """Sums of products over named indices."""
    return products.einsum(op, op.get("subscripts", ""), op.given())


@operation("Repeat", "Tile")
def repeated(op: Call) -> Any:
    """Elements several times."""
    x, times = only(op), op.argument(1, "repeats")
    if op.kind == "Repeat" and isinstance(times, int) and isinstance(axis := op.argument(2, "axis"), int):
        at = axis_of(axis, len(x.shape))
        return op.move("repeat", with_axis(x.shape, at, x.shape[at] * times), x)
    if op.kind == "Tile" and isinstance(times, list) and len(times) == len(x.shape):
        return op.move("tile", [n * r for n, r in zip(x.shape, times, strict=True)], x)
    raise UnknownLayerError(f"{op.kind} by {times!r} has no cost rule")
