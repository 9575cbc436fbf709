"""Arithmetic on sizes inside an exported program."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from costmodel._num import Num, floor_div, is_symbolic, maximum, minimum, product, ratio, total, whole
from costmodel.errors import UnknownLayerError
from costmodel.readers._folding import equality, less, negated, swapped
from costmodel.readers._values import Value
from costmodel.readers.torch._expressions import remainder


def _size(x: Value, axis: int) -> Num:
    return x.shape[axis]


def _stride(x: Value, axis: int) -> Num:
    return product(x.shape[axis % len(x.shape) + 1 :])


def _choose(condition: Any, a: Any, b: Any) -> Any:
    if is_symbolic(condition) or condition is None:
        raise UnknownLayerError("a size depends on a condition that symbols leave open")
    return a if condition else b


def _ceiling(x: Num) -> Num:
    return -whole(-x) if not isinstance(x, int) else x


SIZES: dict[str, Callable[..., Any]] = {
    "aten.sym_size.int": _size,
    "aten.sym_stride.int": _stride,
    "aten.sym_numel.default": lambda x: x.elements,
    "_operator.add": lambda a, b: a + b,
    "_operator.sub": lambda a, b: a - b,
    "_operator.mul": lambda a, b: a * b,
    "_operator.neg": lambda a: -a,
    "_operator.pos": lambda a: a,
    "_operator.pow": lambda a, b: a**b,
    "_operator.floordiv": floor_div,
    "_operator.mod": remainder,
    "_operator.truediv": ratio,
    "_operator.eq": equality,
    "_operator.ne": negated(equality),
    "_operator.lt": less,
    "_operator.gt": swapped(less),
    "_operator.le": negated(swapped(less)),
    "_operator.ge": negated(less),
    "_operator.and_": lambda a, b: a and b,
    "_operator.or_": lambda a, b: a or b,
    "math.floor": whole,
    "math.trunc": whole,
    "math.ceil": _ceiling,
    "torch.sym_int": whole,
    "torch.sym_float": lambda x: x,
    "torch.sym_max": maximum,
    "torch.sym_min": minimum,
    "torch.sym_sum": total,
    "torch.sym_not": lambda a: None if a is None else not a,
    "torch.sym_ite": _choose,
}
"""Functions of sizes; the names are those that `torch.export` writes."""

IGNORED = frozenset({
    "aten._assert_scalar.default", "aten._assert_async.msg", "aten._assert_tensor_metadata.default", "aten.sym_constrain_range.default",
    "aten.sym_constrain_range_for_size.default", "torch._check", "torch._check_is_size", "aten._assert_async.default",
})  # fmt: skip
"""Checks, which cost nothing."""
