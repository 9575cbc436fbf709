"""Convolutions, dense layers and matrix products."""

from __future__ import annotations

from typing import Any

from costmodel._num import Num
from costmodel.errors import ReaderError, UnknownLayerError
from costmodel.layers import Shape, activation, conv
from costmodel.layers.attention import Einsum
from costmodel.layers.elementwise import Add
from costmodel.layers.linear import Dense, MatMul
from costmodel.layers.structure import Transpose
from costmodel.readers._helpers import pair, reshape
from costmodel.readers._importer import Operator
from costmodel.readers._values import Value
from costmodel.readers.onnx._rules import rule

CONVOLUTIONS = {1: (conv.Conv1d, conv.DepthwiseConv1d), 2: (conv.Conv2d, conv.DepthwiseConv2d), 3: (conv.Conv3d, conv.DepthwiseConv3d)}
TRANSPOSED = {1: conv.ConvTranspose1d, 2: conv.ConvTranspose2d, 3: conv.ConvTranspose3d}


def spatial(op: Operator, x: Shape) -> int:
    """How many spatial axes an input has."""
    rank = len(x) - 2
    if rank not in CONVOLUTIONS:
        raise UnknownLayerError(f"{op.kind} has a cost rule for one to three spatial axes; its input has the shape {x}")
    return rank


def padding(op: Operator, rank: int) -> Any:
    """The padding of a window, as the fields of layers say it."""
    mode = op.get("auto_pad", "NOTSET")
    if mode in ("SAME_UPPER", "SAME_LOWER"):
        return "same"
    pads = op.get("pads")
    if mode == "VALID" or not pads:
        return (0,) * rank
    if len(pads) != 2 * rank:
        raise ReaderError(f"`pads` (={pads}) must have {2 * rank} entries")
    before, after = pads[:rank], pads[rank:]
    return tuple(before) if before == after else tuple(zip(before, after, strict=True))


def per_axis(op: Operator, name: str, rank: int) -> tuple[int, ...]:
    """A stride or dilation for every spatial axis."""
    return tuple(op.get(name) or (1,) * rank)


def convolve(op: Operator, x: Value, w: Value, bias: Value | None, dtype: str | None = None) -> Value:
    """A convolution of `x` with weights of shape (out, in / groups, kernel)."""
    rank = spatial(op, x.shape)
    if len(w.shape) != rank + 2:
        raise ReaderError(f"weights must have {rank + 2} axes as the input has, got shapes {w.shape} and {x.shape}")
    groups, channels, out = op.get("group", 1), x.shape[1], w.shape[0]
    if type(channels) is int and channels != w.shape[1] * groups:
        raise ReaderError(
            f"input channels (={channels}) must be `group` (={groups}) times the weights' {w.shape[1]}; shapes {x.shape}, {w.shape}"
        )
    standard, depthwise = CONVOLUTIONS[rank]
    common: dict[str, Any] = {
        "kernel_size": w.shape[2:], "stride": per_axis(op, "strides", rank), "padding": padding(op, rank),
        "dilation": per_axis(op, "dilations", rank), "bias": bias is not None,
    }  # fmt: skip
    layer: Any
    if type(groups) is int and groups == channels and groups > 1 and type(out) is int and out % groups == 0:
        layer = depthwise(multiplier=out // groups, **common)
    else:
        layer = standard(out, groups=groups, **common)
    inputs = (x, w) if w.ref else (x,)
    if x.ref is None and w.ref is not None:
        raise UnknownLayerError(f"{op.kind} of a stored input with computed weights has no cost rule")
    made: Value = op.emit(layer, *inputs, dtype=dtype or x.dtype, weights=[w], biases=[bias])
    return made


@rule("Conv")
def convolution(op: Operator) -> Any:
    return convolve(op, op[0], op[1], op.optional(2))


@rule("FusedConv", domain="com.microsoft")
def fused_convolution(op: Operator) -> Any:
    """A convolution, perhaps a sum, and an activation."""
    y = convolve(op, op[0], op[1], op.optional(2))
    if (other := op.optional(3)) is not None:
        y = pair(Add, op, y, other)
    activated = FUSED.get(op.get("activation", ""))
    return y if activated is None else op.emit(activated(), y)


FUSED = {
    "Relu": activation.ReLU, "LeakyRelu": activation.LeakyReLU, "Sigmoid": activation.Sigmoid, "Tanh": activation.Tanh,
    "HardSigmoid": activation.HardSigmoid, "Clip": activation.Clip,
}  # fmt: skip


@rule("ConvTranspose")
def transposed(op: Operator) -> Any:
    x, w, bias = op[0], op[1], op.optional(2)
    rank = spatial(op, x.shape)
    groups = op.get("group", 1)
    if len(w.shape) != rank + 2 or (type(x.shape[1]) is int and x.shape[1] != w.shape[0]):
        raise ReaderError(f"weights of shape {w.shape} don't fit an input of shape {x.shape}")
    kernel, stride, dilation = w.shape[2:], per_axis(op, "strides", rank), per_axis(op, "dilations", rank)
    extra = list(op.get("output_padding") or (0,) * rank)
    pads = padding(op, rank)
    wanted = op.get("output_shape")
    if wanted or (pads == "same" and any(extra)):
        sizes = wanted[-rank:] if wanted else [n * s for n, s in zip(x.shape[2:], stride, strict=True)]
        pairs = []
        for i in range(rank):
            full = stride[i] * (x.shape[2 + i] - 1) + extra[i] + (kernel[i] - 1) * dilation[i] + 1
            cut = full - sizes[i]
            if cut < 0:
                extra[i], cut = extra[i] - cut, 0
            half = cut // 2
            pairs.append((cut - half, half) if op.get("auto_pad") == "SAME_LOWER" else (half, cut - half))
        pads = tuple(pairs)
    layer = TRANSPOSED[rank](
        w.shape[1] * groups, kernel, stride=stride, padding=pads, output_padding=tuple(extra), dilation=dilation, groups=groups,
        bias=bias is not None,
    )  # fmt: skip
    return op.emit(layer, *((x, w) if w.ref else (x,)), weights=[w], biases=[bias])


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
        if type(a.shape[-1]) is int and a.shape[-1] != b.shape[0]:
            raise ReaderError(f"columns of the first matrix must be rows of the second, got shapes {a.shape} and {b.shape}")
        made = op.emit(Dense(b.shape[1], bias=False), a, dtype=dtype or a.dtype, weights=[b])
    else:
        made = op.emit(MatMul(), a, b, dtype=dtype or a.dtype, weights=[v for v in (a, b) if not v.ref])
    return made if shape is None else reshape(op, made, shape)


@rule("MatMul")
def matmul(op: Operator) -> Any:
    return matrix_product(op, op[0], op[1])


@rule("Gemm")
def gemm(op: Operator) -> Any:
    a, b, c = op[0], op[1], op.optional(2)
    if len(a.shape) != 2 or len(b.shape) != 2:
        raise ReaderError(f"needs two matrices, got shapes {a.shape} and {b.shape}")
    if op.get("transA", 0):
        a = op.emit(Transpose((1, 0)), a)
    rows, columns = reversed(b.shape) if op.get("transB", 0) else b.shape
    if b.ref is None and a.ref is not None:
        if type(a.shape[1]) is int and type(rows) is int and a.shape[1] != rows:
            raise ReaderError(
                f"columns of the first matrix (={a.shape[1]}) must be rows of the second (={rows}); shapes {a.shape}, {b.shape}"
            )
        stored = c is not None and c.ref is None and c.elements == columns
        y = op.emit(Dense(columns, bias=stored), a, weights=[b], biases=[c] if stored else [])
        return y if c is None or stored else pair(Add, op, y, c)
    if op.get("transB", 0):
        b = op.emit(Transpose((1, 0)), b) if b.ref else b.like((rows, columns))
    y = op.emit(MatMul(), a, b, weights=[v for v in (a, b) if not v.ref])
    if c is None:
        return y
    return op.emit(activation.Bias(c.shape), y, biases=[c]) if y.ref and not c.ref else pair(Add, op, y, c)


@rule("Einsum")
def einsum(op: Operator) -> Any:
    inputs = op.given()
    equation = spelled_out(op.get("equation", ""), [len(v.shape) for v in inputs])
    left, _, right = equation.partition("->")
    stored = [v for v in inputs if not v.ref]
    is_sum = bool(set(left) - {","} - set(right))  # an outer product has no weights
    return op.emit(Einsum(equation), *inputs, weights=stored if is_sum else (), constants=() if is_sum else stored)


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
