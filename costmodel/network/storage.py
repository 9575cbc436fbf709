"""How a layer stores its weights, and which share of its operands is zero."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Annotated, Any

from costmodel._num import Num, ceil_div, is_array, is_symbolic, minimum, total, whole
from costmodel._record import Record
from costmodel.errors import SymbolicError
from costmodel.formulas import storage as formulas
from costmodel.layers import Counts
from costmodel.layers.fields import Dim, Extent, OptionalDim, choice

FORMATS = ("dense", "bitmap", "relative", "coordinates")
"""How zeros are left out: not at all; one bit a weight; the distance to the next entry; the place of each entry."""
FILLERS = ("expected", "none", "most")
"""How many zeros a relative index can't step over: as at random, none, or as many as there can be."""
SHARING = ("none", "tensor", "channel", "group")
"""What shares a scale."""


_NUMBER = re.compile(r"[0-9]{1,40}/[0-9]{1,40}|[0-9]{1,40}(\.[0-9]{1,40})?(e-?[0-9]{1,2})?")
"""A fraction or a decimal; anything longer is no width and no share."""


def _exact(value: Any, wanted: str) -> Any:
    """A number as an exact fraction (0.09 is 9/100), an int where it is whole; a symbol as it is."""
    if is_symbolic(value):
        if value.free_symbols:
            return value
        value = Fraction(str(value))
    if isinstance(value, bool) or is_array(value) or not _NUMBER.fullmatch(str(value)):
        raise ValueError(wanted)
    try:
        exact = Fraction(str(value))
    except ZeroDivisionError:
        raise ValueError(wanted) from None
    return int(exact) if exact.denominator == 1 else exact


def density(value: Any) -> Any:
    """A share above 0 and at most 1, exact, or a symbol."""
    wanted = "must be a share above 0 and at most 1, or a symbol"
    exact = _exact(value, wanted)
    if not is_symbolic(exact) and not 0 < exact <= 1:
        raise ValueError(wanted)
    return exact


def mean_bits(value: Any) -> Any:
    """The mean length of a code, which need not be whole, or None."""
    if value is None:
        return None
    wanted = "must be a positive number of bits, or a symbol"
    exact = _exact(value, wanted)
    if not is_symbolic(exact) and not 0 < exact <= 128:
        raise ValueError(wanted)
    return exact


Density = Annotated[Any, density]
MeanBits = Annotated[Any, mean_bits]


class Storage(Record):
    """How a layer stores its weights, and which share of its operands is zero.

    Parameters
    ----------
    density : number or symbol
        Share of its weights that are not zero.
    input_density : number or symbol
        Share of its inputs that are not zero.
    sparse_format : "dense", "bitmap", "relative" or "coordinates"
        How zeros are left out.
    index_bits : int or symbol, optional
        Of a relative index; of a coordinate, where None is as many as the layer's weights need. [bit]
    fillers : "expected", "none" or "most"
        How many zeros a relative index can't step over.
    shared_bits : int or symbol, optional
        Weights are places of this width in a table of values. [bit]
    entry_bits : int or symbol
        Of a value in that table. [bit]
    coded_weight_bits, coded_index_bits : number or symbol, optional
        Mean length of the code of a stored value and of an index. [bit]
    scales_per : "none", "tensor", "channel" or "group"
        What shares a scale and a zero point.
    group : int or symbol, optional
        Weights in a group. [count]
    scale_bits, zero_point_bits : int or symbol
        Of each. [bit]
    bias_bits, norm_bits, constant_bits : int or symbol, optional
        Of other parameters; None for the width of the weights. [bit]
    """

    density: Density = 1
    input_density: Density = 1
    sparse_format: Annotated[str, choice(FORMATS)] = "dense"
    index_bits: OptionalDim = None
    fillers: Annotated[str, choice(FILLERS)] = "expected"
    shared_bits: OptionalDim = None
    entry_bits: Dim = 32
    coded_weight_bits: MeanBits = None
    coded_index_bits: MeanBits = None
    scales_per: Annotated[str, choice(SHARING)] = "none"
    group: OptionalDim = None
    scale_bits: Extent = 0
    zero_point_bits: Extent = 0
    bias_bits: OptionalDim = None
    norm_bits: OptionalDim = None
    constant_bits: OptionalDim = None

    @property
    def compressed(self) -> bool:
        """Whether weights are stored otherwise than one after another at one width."""
        return self.sparse_format != "dense" or self.shared_bits is not None or self.coded_weight_bits is not None

    @property
    def widths(self) -> Storage | None:
        """What of it holds for other weights in the same place: widths and scales, no zeros and no codes; None where nothing is left."""
        gone = ("density", "input_density", "sparse_format", "index_bits", "fillers", "coded_weight_bits", "coded_index_bits")
        kept = Storage(**{name: value for name, value in self.fields().items() if name not in gone})
        return None if kept == PLAIN else kept

    def nonzeros(self, weights: Num) -> Num:
        """How many of the weights are not zero."""
        return _share(weights, self.density)

    def effective_macs(self, macs: Num, skips_zeros: str) -> Num:
        """MACs that a machine does which skips zeros: of "none", of "weights", or of both operands."""
        if skips_zeros == "none":
            return macs
        return _share(macs, self.density if skips_zeros == "weights" else self.density * self.input_density)

    def entries(self, weights: Num) -> Num:
        """How many values are stored: the nonzeros, and the zeros that the format needs."""
        if self.sparse_format == "dense":
            return weights
        nonzeros = self.nonzeros(weights)
        if self.sparse_format != "relative" or self.fillers == "none" or nonzeros is weights or (weights - nonzeros) == 0:
            return nonzeros
        zeros = weights - nonzeros
        most = zeros // 2**self.index_bits if type(zeros) is int else whole(zeros / 2**self.index_bits)
        if self.fillers == "most":
            return nonzeros + most
        return nonzeros + minimum(most, _ceil(formulas.expected_fillers(zeros, nonzeros, self.index_bits)))

    def weight_bits(self, weights: Num, channels: Num, bits: Num) -> Num:
        """Bits of the weights of a layer, indices, table and scales included; not always whole."""
        if type(weights) is int and weights == 0:
            return 0
        value = next(width for width in (self.coded_weight_bits, self.shared_bits, bits) if width is not None)
        entries = self.entries(weights)
        if self.sparse_format == "dense":
            stored = entries * value
        elif self.sparse_format == "bitmap":
            stored = formulas.bitmap_bits(weights, entries, value)
        else:
            stored = formulas.indexed_bits(entries, value, self._index_bits(weights))
        if self.shared_bits is not None:
            stored = stored + formulas.codebook_bits(self.shared_bits, self.entry_bits)
        return stored + formulas.scale_bits(self.scales(weights, channels), self.scale_bits, self.zero_point_bits)

    def scales(self, weights: Num, channels: Num) -> Num:
        """How many scales the weights of a layer have."""
        if self.scales_per == "none":
            return 0
        if self.scales_per == "tensor":
            return 1
        return channels if self.scales_per == "channel" else formulas.groups_of_weights(weights, channels, self.group)

    def bytes_of(self, counts: Counts, parameters: Num, which: str, channels: Num, bits: Num) -> Num:
        """Bytes of a layer's parameters under a named total; `bits` is the width of a plain weight."""
        norms = {"trainable": counts.norm_affine, "all": counts.norm_affine + counts.norm_statistics}.get(which, 0)
        constants = counts.constants if which in ("all", "folded") else 0
        biases = parameters - counts.weights - norms - constants
        others = ((biases, self.bias_bits), (norms, self.norm_bits), (constants, self.constant_bits))
        stored = [self.weight_bits(counts.weights, channels, bits)]
        stored += [number * (bits if own is None else own) for number, own in others]
        return ceil_div(total(stored), 8)

    def _index_bits(self, weights: Num) -> Num:
        if self.coded_index_bits is not None:
            return self.coded_index_bits
        if self.index_bits is not None:
            return self.index_bits
        if type(weights) is not int:
            raise SymbolicError(f"coordinates of {weights} weights need `index_bits`: how wide they are depends on the number")
        return max((weights - 1).bit_length(), 1)

    def __str__(self) -> str:
        return ", ".join(f"{name} {value}" for name, value in self.said().items()) or "plain"

    def said(self) -> dict[str, Any]:
        """The fields that are not at their default."""
        plain = Storage().fields()
        return {name: value for name, value in self.fields().items() if value != plain[name]}


PLAIN = Storage()
"""Weights one after another, no zeros known."""


def _share(number: Num, part: Any) -> Num:
    if isinstance(part, int | Fraction):
        return number if part == 1 else formulas.nonzeros(number, part.numerator, part.denominator)
    return formulas.nonzeros(number, part, 1)


def _ceil(x: Num) -> Num:
    return -whole(-x)
