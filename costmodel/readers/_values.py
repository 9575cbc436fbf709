"""What a model file speaks of: tensors that flow, tensors that it stores, and numbers known while it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from costmodel._num import Num
from costmodel.errors import ReaderError, UnknownLayerError
from costmodel.layers import Shape
from costmodel.layers.base import elements
from costmodel.network import TensorRef

if TYPE_CHECKING:
    import numpy as np

MOST_KNOWN = 2**17
"""How many numbers of one tensor are computed with while a file is read: 1 MiB of int64."""
MOST_KNOWN_FLOATS = 2**12
"""The same for stored floating-point numbers, which are rarely sizes."""

BITS: dict[str, int] = {
    "float64": 64, "float32": 32, "float16": 16, "bfloat16": 16, "complex64": 64, "complex128": 128, "bool": 8,
    "float8e4m3fn": 8, "float8e4m3fnuz": 8, "float8e5m2": 8, "float8e5m2fnuz": 8, "float8e8m0": 8, "float6e2m3": 6, "float6e3m2": 6,
    "float4e2m1": 4, **{f"{sign}int{bits}": bits for sign in ("", "u") for bits in (2, 4, 8, 16, 32, 64)},
}  # fmt: skip
"""The width of every number format."""


MOST_TERMS = 2_000
"""The longest formula that a size is taken to have."""
MOST_ELEMENTS = 2**62
"""The most numbers that one tensor is taken to have."""


def check_sizes(shape: Shape) -> None:
    """Sizes must not grow beyond measure, nor formulas of them."""
    for size in shape:
        if type(size) is not int:
            if any(terms(size) > MOST_TERMS for size in shape):
                raise ReaderError(f"a size has a formula of more than {MOST_TERMS} terms; give sizes to the inputs")
            return
    if prod(shape) > MOST_ELEMENTS:
        raise ReaderError(f"a tensor of shape {shape} has more than {MOST_ELEMENTS} numbers")


@lru_cache(maxsize=2**14)
def terms(size: Num) -> int:
    """How long the formula of a size is: what it is made of counts as often as it stands there."""
    return 1 + sum(map(terms, getattr(size, "args", ())))


def bits_of(dtype: str) -> int:
    """The width of a number format."""
    if dtype not in BITS:
        raise UnknownLayerError(f"tensors of {dtype} have no cost rule")
    return BITS[dtype]


class Stored(NamedTuple):
    """A tensor that a file stores; where several layers use it, it counts once."""

    key: object
    elements: Num
    dtype: str
    made: bool = False
    """Made by a node from a single number: a parameter where it is a weight or a bias, else none."""
    quantized: bool = False
    """Whether its integers have a scale."""

    @property
    def is_float(self) -> bool:
        """Whether it holds real numbers: floating-point ones, or integers with a scale."""
        return self.quantized or "float" in self.dtype


class Value:
    """A tensor while a file is read.

    Attributes
    ----------
    shape : tuple of int or symbol
    dtype : str
        Its number format, such as "float32", "int8", "bool".
    ref : TensorRef or None
        Where the network computes it; None for what is known without the network's inputs.
    sources : tuple of Stored
        The stored tensors that it is made of.

    Examples
    --------
    >>> Value((1, 3, 8, 8), "float32").shape
    (1, 3, 8, 8)
    """

    __slots__ = ("_data", "_load", "dtype", "ref", "shape", "sources")

    def __init__(
        self,
        shape: Shape,
        dtype: str,
        ref: TensorRef | None = None,
        sources: tuple[Stored, ...] = (),
        data: np.ndarray[Any, Any] | None = None,
        load: Callable[[], Any] | None = None,
    ) -> None:
        self.shape = shape
        self.dtype = dtype
        self.ref = ref
        self.sources = sources
        self._data = data
        self._load = load

    @property
    def has_data(self) -> bool:
        """Whether its numbers are known or can be looked up."""
        return self._data is not None or self._load is not None

    @property
    def data(self) -> np.ndarray[Any, Any] | None:
        """Its numbers where they are known: an array of integers, floats or truth values, or of objects where some are symbols."""
        if self._data is None and self._load is not None:
            self._data, self._load = self._load(), None
        return self._data

    @property
    def bits(self) -> int:
        """The width of one of its numbers."""
        return bits_of(self.dtype)

    @property
    def elements(self) -> Num:
        """How many numbers it holds."""
        return elements(self.shape)

    def like(self, shape: Shape | None = None, dtype: str | None = None) -> Value:
        """The same tensor seen in another shape or format; its numbers are not known."""
        return Value(self.shape if shape is None else shape, dtype or self.dtype, self.ref, self.sources)

    def __repr__(self) -> str:
        return f"Value({self.shape}, {self.dtype}, {self.ref})"


def known(array: Any, dtype: str, sources: tuple[Stored, ...] = ()) -> Value:
    """A value whose numbers are known."""
    return Value(array.shape, dtype, None, sources, array)


def sources_of(values: Iterable[Value | None]) -> tuple[Stored, ...]:
    """The stored tensors that several values are made of, each once."""
    found: dict[Stored, None] = {}
    for value in values:
        if value is not None and value.sources:
            found.update(dict.fromkeys(value.sources))
    return tuple(found)
