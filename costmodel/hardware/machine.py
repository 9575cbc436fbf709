"""A machine described by a few figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from costmodel import _files, quantities
from costmodel._num import Num, is_array, is_symbolic
from costmodel._record import Record
from costmodel.errors import FieldError, QuantityError, SymbolicError, UnknownNameError
from costmodel.layers import LAYERS
from costmodel.layers.conv import VARIETIES

if TYPE_CHECKING:
    from costmodel.tables import Table

SHORT = {"sram": "sram_bytes", "ddr": "ddr_bytes_per_s", "macs": "mac_flops_per_s", "other": "other_ops_per_s",
         "flash": "flash_bytes", "flash_rate": "flash_bytes_per_s", "mac_energy": "mac_j", "other_energy": "other_j",
         "sram_energy": "sram_j_per_byte", "ddr_energy": "ddr_j_per_byte", "burst": "burst_bytes",
         "overhead": "overhead_s"}  # fmt: skip
"""Constructor words and the fields that they are short for."""


def _figure(dimension: str) -> Callable[[Any], Num]:
    def check(value: Any) -> Num:
        if value is None:
            return None
        if isinstance(value, str):
            return quantities.parse(value, dimension)
        if is_symbolic(value):
            if value.is_extended_positive is False:
                raise QuantityError(f"{value} must be positive")
            return value if value.free_symbols else quantities.positive(float(value), value)
        if is_array(value):
            return _array(value)
        return quantities.positive(value)

    return check


def _or_zero(check: Callable[[Any], Num]) -> Callable[[Any], Num]:
    """Nothing at all is a figure too."""
    return lambda value: 0 if type(value) in (int, float) and value == 0 else check(value)


def _utilisation(value: Any) -> Mapping[str, Num]:
    if not isinstance(value, Mapping):
        raise FieldError(f"(={value!r}) must map kinds of layers to shares of the MAC rate, e.g. {{'depthwise_conv2d': 0.3}}")
    known = dict.fromkeys((*VARIETIES, *LAYERS))
    for kind in value:
        if kind not in known:
            raise UnknownNameError.of("kind or variety of layer", kind, known)
    return {kind: _share(kind, share) for kind, share in value.items()}


def _share(kind: str, value: Any) -> Num:
    if is_symbolic(value) and value.free_symbols:
        if value.is_extended_positive is False:
            raise QuantityError(f"{kind!r} (={value}) must be positive")
        return value
    try:
        share = quantities.positive(float(value) if isinstance(value, str) or is_symbolic(value) else value, value)
    except (ValueError, QuantityError):
        share = 2
    if share > 1:
        raise QuantityError(f"{kind!r} (={value!r}) must be one number above 0 and at most 1, or a symbol")
    return share


def _array(value: Any) -> Any:
    import numpy as np

    if value.dtype.kind not in "iuf":
        raise QuantityError(f"an array of {value.dtype} must hold numbers (int64 or float64)")
    if value.size == 0:
        raise QuantityError("an array must hold at least one figure")
    if not (np.isfinite(value).all() and (value > 0).all()):
        raise QuantityError("an array must be finite and positive throughout")
    whole = value.dtype.kind != "f" and value.max() <= np.iinfo(np.int64).max
    return value.astype(np.int64 if whole else np.float64, copy=False)


def _name(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be a text")
    return value


SKIPS = ("none", "weights", "both")
"""Whose zeros a machine skips: nobody's, the weights', those of weights and inputs."""


def _skips(value: Any) -> str:
    if not isinstance(value, str) or value not in SKIPS:
        raise UnknownNameError.of("choice of zeros", value, SKIPS)
    return value


Bytes = Annotated[Any, _figure("bytes")]
BytesPerSecond = Annotated[Any, _figure("bytes_per_s")]
MacFlops = Annotated[Any, _figure("mac_flops_per_s")]
OtherOps = Annotated[Any, _figure("other_ops_per_s")]
Joules = Annotated[Any, _figure("j")]
JoulesPerByte = Annotated[Any, _figure("j_per_byte")]
Overhead = Annotated[Any, _or_zero(_figure("s"))]

_UTILISATION = "utilisation."
_WORDS = {
    "sram_bytes": ("SRAM", "B"),
    "ddr_bytes_per_s": ("DDR", "B/s"),
    "mac_flops_per_s": ("MACs at", "FLOPS"),
    "other_ops_per_s": ("other at", "OP/s"),
    "flash_bytes": ("flash", "B"),
    "flash_bytes_per_s": ("flash at", "B/s"),
    "mac_j": ("a MAC", "J"),
    "other_j": ("an other operation", "J"),
    "sram_j_per_byte": ("SRAM", "J/B"),
    "ddr_j_per_byte": ("DDR", "J/B"),
    "burst_bytes": ("bursts of", "B"),
    "overhead_s": ("a layer takes", "s"),
}


class Provenance(NamedTuple):
    """Where a figure of a catalog machine comes from."""

    source: str
    estimate: bool = False


class Error(NamedTuple):
    """How far predictions on a machine lay from measured times, and where that was found."""

    low: float
    """Measured over predicted time: one in twenty networks lies below."""
    high: float
    """One in twenty lies above."""
    median: float
    """Of the absolute relative error: half of the networks are closer."""
    networks: int
    source: str
    traffic: str = "compulsory"
    """The traffic policy under which it holds."""
    bits: int = 32
    """The width of weights and feature maps with which it holds."""

    @property
    def said(self) -> str:
        """One line."""
        around = f"nine in ten took {self.low:.2f} to {self.high:.2f} times the predicted time"
        return f"measured: {100 * self.median:.0f} % median error on {self.networks} networks, {around} ({self.source})"


def _error(value: Any) -> Error | None:
    if value is None or isinstance(value, Error):
        return value
    if not isinstance(value, Mapping) or set(value) - set(Error._fields) or set(Error._fields[:5]) - set(value):
        raise FieldError(f"(={value!r}) must be a table of {', '.join(Error._fields)}")
    error = Error(**value)
    numbers = all(isinstance(n, int | float) and not isinstance(n, bool) for n in (error.low, error.high, error.median, error.networks))
    if not numbers or not (0 < error.low <= error.high < float("inf") and 0 <= error.median < float("inf") and error.networks >= 1):
        raise QuantityError(f"(={value!r}) must have 0 < `low` <= `high`, `median` of at least 0, and at least 1 of `networks`")
    if not (isinstance(error.source, str) and isinstance(error.traffic, str) and type(error.bits) is int and error.bits > 0):
        raise FieldError(f"(={value!r}) must name its `source` and `traffic` in texts, and `bits` as an integer")
    return error


class _Figures(Record):
    name: Annotated[str, _name]
    sram_bytes: Bytes
    ddr_bytes_per_s: BytesPerSecond
    mac_flops_per_s: MacFlops
    other_ops_per_s: OtherOps
    flash_bytes: Bytes
    flash_bytes_per_s: BytesPerSecond
    mac_j: Joules
    other_j: Joules
    sram_j_per_byte: JoulesPerByte
    ddr_j_per_byte: JoulesPerByte
    skips_zeros: Annotated[str, _skips]
    burst_bytes: Bytes
    overhead_s: Overhead
    utilisation: Annotated[Mapping[str, Num], _utilisation]
    title: str
    provenance: Annotated[Mapping[str, Provenance], lambda value: value]
    error: Annotated[Error | None, _error]


class Hardware(_Figures):
    """A machine: on-chip memory, a bus to DDR (or flash), a rate for MACs and one for all other operations.

    Parameters
    ----------
    sram, ddr, macs, other, flash, flash_rate : str, number, array or symbol
        Short for `sram_bytes`, `ddr_bytes_per_s`, `mac_flops_per_s`, `other_ops_per_s`, `flash_bytes`, `flash_bytes_per_s`, which
        may stand in their place. A text needs its unit: "1 MiB", "1 GB/s", "1 TFLOPS" or "500 GMAC/s". A bare number is in the
        unit of the field's name; a MAC counts two FLOP.
    mac_energy, other_energy, sram_energy, ddr_energy : str, number, array or symbol, optional
        Short for `mac_j`, `other_j`, `sram_j_per_byte`, `ddr_j_per_byte`: "0.3 pJ", "1.25 pJ/B". What is left out is taken from
        Horowitz's table for 45 nm, and said.
    skips_zeros : "none", "weights" or "both"
        Which zeros cost neither time nor energy of a MAC: none, those of pruned weights, or those of weights and inputs.
    burst : str, number, array or symbol, optional
        Short for `burst_bytes`: what the bus moves at least. Shorter runs of a tile's rows take as long. Left out, bursts don't count.
    overhead : str, number, array or symbol
        Short for `overhead_s`: what every step takes beside its bytes and operations, e.g. "20 us". 0 where left out.
    utilisation : mapping of str to number or symbol
        Kinds of layers ("depthwise_conv2d") or varieties of convolutions ("pointwise", "depthwise", "grouped", "standard",
        "transposed"), and the share of the MAC rate that they reach; a variety counts before a kind. What is left out reaches all of it.
        Of layers without MACs ("elu") it is the share of the rate of other operations.
        `replace` takes one as ``**{"utilisation.depthwise": 0.3}``.
    name, title : str
        A short name and a line about the machine.
    error : Error, optional
        How far predictions lay from measured times, where its figures were fitted to such: see `costmodel.calibrate`. `replace` drops
        it with the first figure that changes.

    Raises
    ------
    QuantityError
        A wrong unit, bits for bytes, zero, a negative, a NaN or an infinity.
    FieldError
        An unknown or missing figure.

    Notes
    -----
    A machine without DDR needs flash: weights then live and stream there, and feature maps must fit the SRAM.

    Examples
    --------
    >>> import costmodel as cm
    >>> hw = cm.Hardware(sram="1 MiB", ddr="1 GB/s", macs="1 TFLOPS", other="10 GFLOPS")
    >>> hw.sram_bytes, hw.mac_flops_per_s
    (1048576, 1000000000000)
    >>> hw.replace(ddr="2 GB/s").ddr_bytes_per_s
    2000000000
    """

    def __init__(self, **figures: Any) -> None:
        figures = _long_names(figures)
        known = _Figures.__annotations__
        if unknown := [key for key in figures if key not in known]:
            raise FieldError(f"Hardware has no figure `{unknown[0]}`; its figures are {', '.join(known)} (short: {', '.join(SHORT)})")
        defaults: dict[str, Any] = dict.fromkeys(known) | {
            "name": "custom", "title": "", "skips_zeros": "none", "provenance": {}, "overhead_s": 0, "utilisation": {}, "error": None,
        }  # fmt: skip
        super().__init__(**{**defaults, **figures})
        self._check()

    def _check(self) -> None:
        for key in ("sram_bytes", "mac_flops_per_s", "other_ops_per_s"):
            if getattr(self, key) is None:
                raise FieldError(f"Hardware {self.name!r} needs `{key}`")
        if self.ddr_bytes_per_s is None and (self.flash_bytes is None or self.flash_bytes_per_s is None):
            raise FieldError(f"Hardware {self.name!r} needs `ddr_bytes_per_s`, or `flash_bytes` and `flash_bytes_per_s` without DDR")
        if len(self.arrays) > 1:
            import numpy as np

            try:
                np.broadcast_shapes(*(array.shape for array in self.arrays.values()))
            except ValueError:
                shapes = ", ".join(f"`{field}` {array.shape}" for field, array in self.arrays.items())
                raise FieldError(f"Hardware {self.name!r} holds arrays that do not broadcast: {shapes}") from None
        if self.arrays and self.symbols:
            symbol = sorted(map(str, self.symbols))[0]
            raise SymbolicError(f"Hardware {self.name!r} holds an array (`{next(iter(self.arrays))}`) and a symbol ({symbol}); one of them")

    @property
    def figures(self) -> dict[str, Num]:
        """The figures that are set, by field name; a utilisation as "utilisation.depthwise"."""
        set_ = {key: value for key in SHORT.values() if (value := getattr(self, key)) is not None}
        if type(self.overhead_s) is int and self.overhead_s == 0:
            del set_["overhead_s"]
        return set_ | {f"{_UTILISATION}{kind}": share for kind, share in self.utilisation.items()}

    @property
    def weights_in_flash(self) -> bool:
        """Whether weights stream from flash: there is no DDR."""
        return self.ddr_bytes_per_s is None

    @property
    def weight_bytes_per_s(self) -> Num:
        """The rate at which weights stream in."""
        return self.flash_bytes_per_s if self.weights_in_flash else self.ddr_bytes_per_s

    @property
    def arrays(self) -> dict[str, Any]:
        """The figures that are arrays."""
        return {key: value for key, value in self.figures.items() if is_array(value)}

    @property
    def symbols(self) -> frozenset[Any]:
        """The free symbols of its figures."""
        return frozenset(s for value in self.figures.values() if is_symbolic(value) for s in value.free_symbols)

    def replace(self, **changes: Any) -> Hardware:
        """A machine with some figures changed; a changed figure loses its provenance."""
        changes = _long_names(changes, self.utilisation)
        made = Hardware(**{**self.fields(), **changes})
        before, after = self.figures, made.figures
        same = self.skips_zeros == made.skips_zeros and _all_alike(before, after)
        if self.error is not None and "error" not in changes and not same:
            made = Hardware(**{**made.fields(), "error": None})
        if "provenance" in changes:
            return made
        kept = {k: v for k, v in self.provenance.items() if k not in changes and _alike(before[k], after.get(k))}
        return Hardware(**{**made.fields(), "provenance": kept}) if len(kept) < len(self.provenance) else made

    @staticmethod
    def load(name: str | Path) -> Hardware:
        """A machine of the catalog by name, or of a TOML file by path.

        Examples
        --------
        >>> import costmodel as cm
        >>> cm.Hardware.load("pardhi").ddr_bytes_per_s
        1000000000
        """
        from costmodel.hardware.document import load

        return load(name)

    @staticmethod
    def names() -> list[str]:
        """The names of the catalog."""
        from costmodel.hardware.document import catalog

        return sorted(catalog())

    def to_toml(self) -> str:
        """The machine as a hardware file, figures in base units with their sources.

        Raises
        ------
        SymbolicError
            Where a figure is a symbol or an array.

        Examples
        --------
        >>> import costmodel as cm
        >>> print(cm.Hardware(sram="1 KiB", ddr="1 MB/s", macs=10, other=10, utilisation={"depthwise": 0.3}).to_toml())
        name = "custom"
        sram_bytes = 1024
        ddr_bytes_per_s = 1000000
        mac_flops_per_s = 10
        other_ops_per_s = 10
        utilisation.depthwise = 0.3
        <BLANKLINE>
        """
        from costmodel.hardware.document import to_toml

        return to_toml(self)

    def save(self, path: str | Path) -> None:
        """Write the machine to a hardware file, which `load` reads."""
        _files.write(Path(path), self.to_toml().encode(), argument="path")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Hardware):
            return NotImplemented
        same = (self.name, self.skips_zeros) == (other.name, other.skips_zeros)
        return same and _all_alike(self.figures, other.figures)

    def __hash__(self) -> int:
        return hash((self.name, self.skips_zeros, *(str(v) for v in self.figures.values())))

    def __repr__(self) -> str:
        return f"Hardware({self.name!r}: {self.describe()})"

    def table(self) -> Table:
        """One row a figure, with its source.

        Examples
        --------
        >>> import costmodel as cm
        >>> cm.Hardware.load("pardhi").table().rows[0]["source"]
        'Pardhi, section 5: "1 MB, which is equivalent to 8388608 bits"'
        """
        from costmodel.tables import Column, Table

        rows = []
        for key, value in self.figures.items():
            origin = self.provenance.get(key)
            source = "" if origin is None else origin.source + (" (estimate)" if origin.estimate else "")
            rows.append({"figure": key, "value": quantities.show(value, _WORDS[key][1]), "source": source})
        columns = [Column("figure", "figure"), Column("value", "value", "", str), Column("source", "source")]
        notes = [] if self.error is None else [self.error.said]
        return Table(columns, rows, title=f"{self.name}: {self.title}" if self.title else self.name, notes=notes)

    def _repr_html_(self) -> str:
        return self.table().to_html()

    def describe(self) -> str:
        """The figures in one line, estimates marked."""
        parts = []
        for key, value in self.figures.items():
            estimate = " (estimate)" if key in self.provenance and self.provenance[key].estimate else ""
            if key in _WORDS:
                word, unit = _WORDS[key]
                parts.append(f"{word} {quantities.show(value, unit)}{estimate}")
            else:
                share = f"{value:.3g}" if isinstance(value, float) else value
                parts.append(f"{key.removeprefix(_UTILISATION)} at {share} of the rate{estimate}")
        if self.skips_zeros != "none":
            parts.append(f"skips zero {'weights' if self.skips_zeros == 'weights' else 'weights and inputs'}")
        return ", ".join(parts)


def _alike(a: Num, b: Num) -> bool:
    if is_array(a) or is_array(b):
        import numpy as np

        return bool(np.array_equal(a, b))
    return bool(a == b)


def _all_alike(mine: Mapping[str, Num], theirs: Mapping[str, Num]) -> bool:
    return mine.keys() == theirs.keys() and all(_alike(mine[field], theirs[field]) for field in mine)


def _long_names(figures: dict[str, Any], utilisation: Mapping[str, Num] | None = None) -> dict[str, Any]:
    """Short names spelled out; single shares ("utilisation.depthwise") are put into the table that is there."""
    long: dict[str, Any] = {}
    for key, value in figures.items():
        name = SHORT.get(key, key)
        if name in long:
            raise FieldError(f"`{name}` is given twice, once as `{key}`")
        long[name] = value
    if shares := {key: long.pop(key) for key in [*long] if key.startswith(_UTILISATION)}:
        table = long.get("utilisation", utilisation or {})
        if not isinstance(table, Mapping):
            raise FieldError(f"`utilisation` (={table!r}) must map kinds of layers to shares of the MAC rate")
        long["utilisation"] = {**table, **{key.removeprefix(_UTILISATION): share for key, share in shares.items()}}
    return long
