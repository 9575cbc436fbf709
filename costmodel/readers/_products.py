"""Convolutions and matrix products, whose operands may be stored or computed: what the formats share."""

from __future__ import annotations

from typing import Any

from costmodel._num import Num
from costmodel.errors import ReaderError, UnknownLayerError
from costmodel.layers import Shape, conv
from costmodel.layers.activation import Bias
from costmodel.layers.attention import Einsum
from costmodel.layers.elementwise import Add
from costmodel.layers.linear import Dense, MatMul
from costmodel.readers._helpers import pair, reshape
from costmodel.readers._importer import Operator
from costmodel.readers._values import Value

CONVOLUTIONS = {1: (conv.Conv1d, conv.DepthwiseConv1d), 2: (conv.Conv2d, conv.DepthwiseConv2d), 3: (conv.Conv3d, conv.DepthwiseConv3d)}
TRANSPOSED = {1: conv.ConvTranspose1d, 2: conv.ConvTranspose2d, 3: conv.ConvTranspose3d}


def spatial(op: Operator, x: Shape) -> int:
    """How many spatial axes an input has."""
    rank = len(x) - 2
    if rank not in CONVOLUTIONS:
        raise UnknownLayerError(f"{op.kind} has a cost rule for one to three spatial axes; its input has the shape {x}")
    return rank


def convolve(
    op: Operator, x: Value, w: Value, bias: Value | None, *,
    groups: Any = 1, dtype: str | None = None, channels_last: bool = False, **window: Any,
) -> Value:  # fmt: skip
    """A convolution of `x` with weights of shape (out, in / groups, kernel); `window` are stride, padding and dilation."""
    rank = spatial(op, x.shape)
    if len(w.shape) != rank + 2:
        raise ReaderError(f"weights must have {rank + 2} axes as the input has, got shapes {w.shape} and {x.shape}")
    axis, out = -1 if channels_last else 1, w.shape[0]
    message = (
        f"input channels (={x.shape[axis]}) must be the groups (={groups}) times the weights' {w.shape[1]}; shapes {x.shape}, {w.shape}"
    )
    x = op.agree(x, axis, w.shape[1] * groups, message)
    channels = x.shape[axis]
    standard, depthwise = CONVOLUTIONS[rank]
    window |= {"kernel_size": w.shape[2:], "bias": bias is not None}
    layer: Any
    if type(groups) is int and groups == channels and groups > 1 and type(out) is int and out % groups == 0:
        layer = depthwise(multiplier=out // groups, **window)
    else:
        layer = standard(out, groups=groups, **window)
    if x.ref is None and w.ref is not None:
        raise UnknownLayerError(f"{op.kind} of a stored input with computed weights has no cost rule")
    inputs = (x, w) if w.ref else (x,)
    made: Value = op.emit(layer, *inputs, dtype=dtype or x.dtype, weights=[w], biases=[bias], channels_last=channels_last)
    return made


def convolve_transposed(
    op: Operator, x: Value, w: Value, bias: Value | None, *, groups: Any = 1, channels_last: bool = False, **window: Any
) -> Value:
    """A transposed convolution with weights of shape (in, out / groups, kernel)."""
    rank = spatial(op, x.shape)
    message = f"weights of shape {w.shape} don't fit an input of shape {x.shape}"
    if len(w.shape) != rank + 2:
        raise ReaderError(message)
    x = op.agree(x, -1 if channels_last else 1, w.shape[0], message)
    layer = TRANSPOSED[rank](w.shape[1] * groups, w.shape[2:], groups=groups, bias=bias is not None, **window)
    made: Value = op.emit(layer, *((x, w) if w.ref else (x,)), weights=[w], biases=[bias], channels_last=channels_last)
    return made


def matrix_product(op: Operator, a: Value, b: Value, dtype: str | None = None) -> Value:
    """numpy.matmul: a stored right operand of two axes makes it a dense layer."""
    shape: Shape | None = None
    if not a.shape or not b.shape:
        raise ReaderError(f"matrices must have at least one axis, got shapes {a.shape} and {b.shape}")
    if len(a.shape) == 1 or len(b.shape) == 1:
        tail: tuple[Num, ...] = () if len(b.shape) == 1 else (b.shape[-1],)
        shape = (*a.shape[:-1], *tail) if len(b.shape) < 3 else (*b.shape[:-2], *tail)
        a = reshape(op, a, (1, *a.shape)) if len(a.shape) == 1 else a
        b = b if len(b.shape) > 1 else reshape(op, b, (*b.shape, 1)) if b.ref else b.like((*b.shape, 1))
    made: Value
    if b.ref is None and a.ref is not None and len(b.shape) == 2:
        a = _columns(op, a, b)
        made = op.emit(Dense(b.shape[1], bias=False), a, dtype=dtype or a.dtype, weights=[b])
    else:
        made = op.emit(MatMul(), a, b, dtype=dtype or a.dtype, weights=[v for v in (a, b) if not v.ref])
    return made if shape is None else reshape(op, made, shape)


def affine(op: Operator, a: Value, b: Value, c: Value | None) -> Value:
    """A product of two matrices and what is added to it: of a stored second matrix a dense layer, of what is stored and added a bias."""
    y: Value
    if b.ref is None and a.ref is not None:
        stored = c is not None and c.ref is None and c.elements == b.shape[1] and c.shape[-1:] == b.shape[1:]
        y = op.emit(Dense(b.shape[1], bias=stored), _columns(op, a, b), weights=[b], biases=[c] if stored else [])
        c = None if stored else c
    else:
        y = op.emit(MatMul(), a, b, weights=[v for v in (a, b) if not v.ref])
    if c is None:
        return y
    if y.ref and not c.ref:
        y = op.emit(Bias(c.shape), y, biases=[c])
        return y
    return pair(Add, op, y, c)


def _columns(op: Operator, a: Value, b: Value) -> Value:
    """The first matrix, which has as many columns as the second has rows."""
    return op.agree(a, -1, b.shape[0], f"columns of the first matrix must be rows of the second, got shapes {a.shape} and {b.shape}")


def add(op: Operator, a: Value, b: Value) -> Value:
    """A sum; of what a product has just given and a stored vector with one number a feature it is a bias."""
    for x, bias in ((a, b), (b, a)):
        if _is_bias(op, x, bias):
            made: Value = op.emit(Bias(bias.shape), x, biases=[bias])
            return made
    return pair(Add, op, a, b)


def _is_bias(op: Operator, x: Value, b: Value) -> bool:
    if x.ref is None or b.ref is not None or b.elements == 1 or not 0 < len(b.shape) <= len(x.shape):
        return False
    host = op.importer.layers[x.ref.node]
    at = len(x.shape) - 1 if isinstance(host, Dense | MatMul) else 1 if "conv" in host.kind else None
    if at is None or len(x.shape) - at > len(b.shape):
        return False
    return bool(b.elements == x.shape[at] and b.shape[at - len(x.shape)] == x.shape[at])


def einsum(op: Operator, equation: str, inputs: list[Value]) -> Value:
    """A sum of products over named indices; stored operands are weights."""
    equation = spelled_out(equation, [len(v.shape) for v in inputs])
    left, _, right = equation.partition("->")
    is_sum = bool(set(left) - {","} - set(right))  # an outer product has no weights
    stored = [v for v in inputs if not v.ref]
    made: Value = op.emit(Einsum(equation), *inputs, weights=stored if is_sum else (), constants=() if is_sum else stored)
    return made


def spelled_out(equation: str, ranks: list[int]) -> str:
    """The equation with an arrow, and letters where it has dots."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(ranks):
        raise ReaderError(f"`equation` (={equation!r}) must have a term for each of {len(ranks)} inputs")
    free = [chr(c) for c in (*range(0x41, 0x5B), *range(0x61, 0x7B), *range(0x100, 0x180)) if chr(c) not in equation]
    widest = max([rank - len(t.replace("...", "")) for t, rank in zip(terms, ranks, strict=True) if "..." in t], default=0)
    if widest > len(free) or widest < 0:
        raise ReaderError(f"`equation` (={equation!r}) doesn't fit inputs of {ranks} axes")
    dots = "".join(free[:widest])
    spelled = []
    for term, rank in zip(terms, ranks, strict=True):
        count = rank - len(term.replace("...", ""))
        spelled.append(term.replace("...", dots[len(dots) - count :] if count else "") if count >= 0 else term)
    if not arrow:
        names = "".join(term.replace("...", "") for term in terms)
        right = ("..." if "..." in left else "") + "".join(sorted(c for c in set(names) if names.count(c) == 1))
    return f"{','.join(spelled)}->{right.replace('...', dots)}"
