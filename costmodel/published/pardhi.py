"""Pardhi's Tables 3, 4 and 5: the procedure that the paper really followed, the rules that it states, and the difference.

The procedure takes any network. Nothing is read back from the printed figures, which serve for comparison alone.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Any, NamedTuple

from costmodel import zoo
from costmodel._num import Num
from costmodel.api import predict
from costmodel.errors import FieldError, UnknownNameError
from costmodel.formulas import conv, linear
from costmodel.layers.base import elements
from costmodel.network import Network
from costmodel.prediction import Row

SOURCE = "Pardhi, MobileNet: Creating Faster Networks using Depthwise Separable Convolutions, section 5"
ELEMENT_BITS = 8
SRAM_BITS = 8_388_608

TABLES = {
    3: ("input_feature_map", "output_feature_map", "internal_memory_in_use"),
    4: ("data_movement", "data_movement_time_s"),
    5: ("macs", "compute_time_s", "predicted_time_s"),
}
"""The columns of each table."""


class Erratum(NamedTuple):
    """A place where the tables break the paper's own rules."""

    name: str
    what: str
    rule: str
    """What the paper states."""


ERRATA = {
    erratum.name: erratum
    for erratum in (
        Erratum(
            "E1",
            "Table 3: only the first row is in bits; all others are in elements, and are added up as bits",
            '"Table 3 shows the sizes of the input and output feature map as well as the total internal memory in use in bits"',
        ),
        Erratum(
            "E2",
            "Table 4: the first row moves the input feature map once, instead of the weights there and back",
            '"total data movement consists of the total bits moved when moving the filter coefficients"',
        ),
        Erratum(
            "E3",
            "Table 4: all rows but the first divide elements by 8, as if a weight had one bit",
            '"dividing this total data movement by 1 GB, as we have 1 GB/s DDR bus", with elements of 8 bits as in row 1',
        ),
        Erratum(
            "E4",
            "Table 5: depthwise rows are costed as full convolutions across all channels",
            '"The depthwise convolution applies a single filter to each input channel": D_K D_K M D_F D_F',
        ),
        Erratum(
            "E5",
            "Table 5: rows with stride 2 are costed at the resolution of their input",
            "D_F is the spatial dimension of what a layer computes, its output feature map",
        ),
        Erratum(
            "E6",
            "Tables 3, 4 and 5: rows marked 5 x are counted once",
            'Table 1: "5 x Conv dw / s1", "5 x Conv / s1"; and 11 separable layers in the text',
        ),
    )
}
"""The errata that change cells, in the order in which the waterfall applies them."""


class Unit(NamedTuple):
    """A convolution or dense row of Table 1, with how often it stands there."""

    label: str
    depthwise: bool
    in_channels: Num
    out_channels: Num
    kernel: tuple[Num, ...]
    in_sizes: tuple[Num, ...]
    out_sizes: tuple[Num, ...]
    input_elements: Num
    output_elements: Num
    weights: Num
    true_macs: Num
    times: int = 1

    @property
    def text(self) -> str:
        """The label as printed."""
        return f"{self.times} x {self.label}" if self.times > 1 else self.label


def units(network: Network) -> list[Unit]:
    """The convolution and dense rows of a network, repeats collapsed as in Table 1."""
    rows = [_unit(row) for row in predict(network).rows if row.macs]
    collapsed: list[Unit] = []
    start = 0
    while start < len(rows):
        length, times = _repeat(rows, start)
        collapsed += [unit._replace(times=times) for unit in rows[start : start + length]]
        start += length * times
    return collapsed


def _unit(row: Row) -> Unit:
    layer = row.step.nodes[0].layer
    x, y = row.input_shapes[0], row.output_shapes[0]
    if row.kind == "dense":
        return Unit("FC / s1", False, x[-1], y[-1], (), (), (), elements(x), elements(y), row.counts.weights, row.macs)
    if "conv" not in row.kind:
        raise FieldError(f"the procedure knows convolutions and dense layers, not {row.kind!r} (layer {row.name!r})")
    depthwise = row.kind.startswith("depthwise")
    label = f"Conv{' dw' * depthwise} / s{layer.per_axis('stride')[0]}"
    kernel = layer.per_axis("kernel_size")
    return Unit(label, depthwise, x[1], y[1], kernel, x[2:], y[2:], elements(x), elements(y), row.counts.weights, row.macs)


def _repeat(rows: list[Unit], start: int) -> tuple[int, int]:
    """The pattern at `start` that covers most rows by repetition: its length and how often it stands."""
    best = (1, 1)
    for length in range(1, (len(rows) - start) // 2 + 1):
        pattern, times = rows[start : start + length], 1
        while rows[start + times * length : start + (times + 1) * length] == pattern:
            times += 1
        if times > 1 and length * times > best[0] * best[1]:
            best = (length, times)
    return best


class Line(NamedTuple):
    """A row of Tables 3, 4 and 5."""

    layer: str
    input_feature_map: Num
    output_feature_map: Num
    internal_memory_in_use: Num
    data_movement: Num
    data_movement_time_s: Decimal
    macs: Num
    compute_time_s: Decimal
    predicted_time_s: Decimal


def lines(network: Network, corrections: Iterable[str] = ()) -> list[Line]:
    """Tables 3, 4 and 5 of a network, by the paper's procedure with some errata corrected.

    Parameters
    ----------
    network : Network
        Of convolutions and dense layers, with plain sizes.
    corrections : iterable of str
        Names of errata to correct; none gives the tables as printed.

    Returns
    -------
    list of Line
        Times are exact decimals.

    Examples
    --------
    >>> import costmodel as cm
    >>> first = lines(cm.zoo.mobilenet_cifar())[0]
    >>> first.internal_memory_in_use, first.data_movement, first.macs
    (68992, 2352, 677376)
    """
    fixed = set(corrections)
    if unknown := sorted(fixed - ERRATA.keys()):
        raise UnknownNameError.of("erratum", unknown[0], ERRATA)
    found: list[Line] = []
    in_use = 0
    for index, unit in enumerate(units(network)):
        first = index == 0
        times = unit.times if "E6" in fixed else 1
        bits = ELEMENT_BITS if first or "E1" in fixed else 1
        in_use += bits * (unit.output_elements * times + (unit.input_elements if first else 0))
        moves_input = first and "E2" not in fixed
        moved = unit.input_elements if moves_input else 2 * unit.weights * times
        in_bytes = first or "E3" in fixed
        bus_s = Decimal(moved) / (10**9 if in_bytes else 8 * 10**9)
        macs = _macs(unit, fixed) * times
        mac_s = Decimal(2 * macs) / 10**12
        sizes = bits * unit.input_elements, bits * unit.output_elements
        found.append(Line(unit.text, *sizes, in_use, moved, bus_s, macs, mac_s, bus_s + mac_s))
    return found


def _macs(unit: Unit, fixed: set[str]) -> Num:
    if not unit.kernel:
        return linear.macs(1, unit.in_channels, unit.out_channels)
    groups = unit.in_channels if unit.depthwise and "E4" in fixed else 1
    sizes = unit.out_sizes if "E5" in fixed else unit.in_sizes
    return conv.macs(1, unit.in_channels, unit.out_channels, sizes, unit.kernel, groups)


def choice(text: str) -> tuple[str, ...]:
    """The errata that `none`, `all` or a list such as `E1,E3` names."""
    if text == "none":
        return ()
    if text == "all":
        return tuple(ERRATA)
    names = tuple(name.strip() for name in text.split(","))
    for name in names:
        if name not in ERRATA:
            raise UnknownNameError.of("erratum", name, ["none", "all", *ERRATA])
    return names


class Cell(NamedTuple):
    """A cell of the paper's tables beside ours."""

    table: int
    row: int
    layer: str
    column: str
    published: int | float
    reproduced: int | float
    """Ours, at the printed digits."""
    computed: int | float
    """Ours, exact."""
    text: str
    """`reproduced` as a text of so many digits."""
    by: str
    """How the printed digits come out: "rounding", "truncation", or "no" where they don't."""
    corrected: int | float
    errata: tuple[str, ...]
    """The errata that change this cell."""


@cache
def printed() -> tuple[dict[str, str], ...]:
    """The printed tables, digit by digit."""
    text = (resources.files("costmodel.published") / "data" / "pardhi_tables_3_4_5.csv").read_text("utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def cells(corrections: Iterable[str] = tuple(ERRATA)) -> list[Cell]:
    """Every cell of Tables 3, 4 and 5: as printed, as reproduced, as corrected."""
    network = zoo.build("mobilenet_cifar")
    computed, corrected = lines(network), lines(network, corrections)
    changed = {name: lines(network, (name,)) for name in ERRATA}
    found = []
    for index, texts in enumerate(printed()):
        for table, columns in TABLES.items():
            for column in columns:
                value = getattr(computed[index], column)
                published = Decimal(texts[column])
                shown, by = _at_digits_of(published, Decimal(value))
                found.append(
                    Cell(
                        table,
                        index + 1,
                        computed[index].layer,
                        column,
                        _plain(published),
                        _plain(shown),
                        _plain(value),
                        format(shown, "f"),
                        by,
                        _plain(getattr(corrected[index], column)),
                        tuple(name for name, variant in changed.items() if getattr(variant[index], column) != value),
                    )
                )
    return found


def _at_digits_of(published: Decimal, value: Decimal) -> tuple[Decimal, str]:
    """`value` with as many digits as were printed, and whether rounding or truncation gives the printed figure."""
    last_digit = Decimal(1).scaleb(int(published.as_tuple().exponent))
    for rounding, by in ((ROUND_HALF_UP, "rounding"), (ROUND_DOWN, "truncation")):
        shown = value.quantize(last_digit, rounding)
        if shown == published:
            return shown, by
    return value.quantize(last_digit, ROUND_HALF_UP), "no"


def _plain(value: Any) -> int | float:
    return int(value) if value == int(value) else float(value)


class Fall(NamedTuple):
    """A step of the waterfall from the printed totals to the corrected ones."""

    step: str
    what: str
    macs: int
    time_s: float
    change_s: float
    memory_bits: int
    """The last entry of the running memory."""


def waterfall() -> list[Fall]:
    """From the printed totals to the corrected ones, cumulative in the order of the errata."""
    network = zoo.build("mobilenet_cifar")
    as_printed = [cell for cell in cells() if cell.column == "predicted_time_s"]
    start = sum((Decimal(repr(cell.reproduced)) for cell in as_printed), Decimal(0))
    exact = lines(network)
    found = [_fall("printed", "the printed column, summed", exact, start, start)]
    before = start
    stages = [("digits", "the same without rounding in print", exact)]
    applied: tuple[str, ...] = ()
    for name, erratum in ERRATA.items():
        applied += (name,)
        stages.append((name, erratum.what, lines(network, applied)))
    for step, what, at in stages:
        after = sum((line.predicted_time_s for line in at), Decimal(0))
        found.append(_fall(step, what, at, after, before))
        before = after
    other = predict(network).total
    found.append(
        Fall("apart", "batch norm, ReLU, pooling, softmax: in no table, though the text divides them by 10 GFLOPS",
             found[-1].macs, float(before) + other.other_time_s, other.other_time_s, found[-1].memory_bits)
    )  # fmt: skip
    return found


def _fall(step: str, what: str, at: list[Line], after: Decimal, before: Decimal) -> Fall:
    return Fall(step, what, sum(line.macs for line in at), float(after), float(after - before), at[-1].internal_memory_in_use)


class Effect(NamedTuple):
    """An erratum corrected alone."""

    name: str
    what: str
    rule: str
    rows: str
    columns: tuple[str, ...]
    macs: int
    """Change of the MAC total."""
    time_s: float
    """Change of the predicted total."""
    memory_bits: int
    """Change of the last running memory."""


def effects() -> list[Effect]:
    """What each erratum changes alone."""
    network = zoo.build("mobilenet_cifar")
    plain, found = lines(network), []
    touched = cells()
    for name, erratum in ERRATA.items():
        alone = lines(network, (name,))
        mine = [cell for cell in touched if name in cell.errata]
        rows = sorted({cell.row for cell in mine})
        found.append(
            Effect(
                name, erratum.what, erratum.rule, _ranges(rows), tuple(dict.fromkeys(cell.column for cell in mine)),
                sum(line.macs for line in alone) - sum(line.macs for line in plain),
                float(sum(line.predicted_time_s for line in alone) - sum(line.predicted_time_s for line in plain)),
                alone[-1].internal_memory_in_use - plain[-1].internal_memory_in_use,
            )
        )  # fmt: skip
    return found


def _ranges(numbers: list[int]) -> str:
    """1, 2, 3, 7 as "1-3, 7"."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    return ", ".join(str(p[0]) if len(p) == 1 else f"{p[0]}-{p[-1]}" for p in parts)


class Claim(NamedTuple):
    """A sentence of the paper and what becomes of it."""

    claim: str
    verdict: str
    computed: str


def claims() -> list[Claim]:
    """The paper's sentences, each computed."""
    network = zoo.build("mobilenet_cifar")
    as_printed, right = lines(network), lines(network, ERRATA)
    peak = predict(network).total.peak_live_bytes * ELEMENT_BITS
    in_bits = lines(network, ("E1",))[-1].internal_memory_in_use
    printed_use, use = as_printed[-1].internal_memory_in_use, right[-1].internal_memory_in_use
    pairs = [(a, b) for a, b in pairwise(as_printed) if "dw" in a.layer]
    right_pairs = [(a, b) for a, b in pairwise(right) if "dw" in a.layer]
    slower = sum(a.predicted_time_s > b.predicted_time_s for a, b in pairs)
    faster = sum(a.predicted_time_s < b.predicted_time_s for a, b in right_pairs)
    separable = sum(unit.times for unit in units(network) if unit.depthwise)
    reach = "exceeds it" if use > SRAM_BITS else "stays below"
    return [
        Claim(
            '"the total internal memory in use never exceeds 1 MB" (8,388,608 bits)',
            "false by the paper's own rule; true if outputs are released once read",
            f"printed {printed_use:,}; in bits {in_bits:,}; with the 5 x rows {use:,}, which {reach}; "
            f"live at the peak {peak:,}",
        ),
        Claim(
            '"depthwise convolution takes lesser time than pointwise"',
            "contradicted by Table 5 as printed, confirmed by the corrected tables",
            f"slower in {slower} of {len(pairs)} printed pairs; faster in {faster} of {len(right_pairs)} corrected ones",
        ),
        Claim(
            'pointwise convolution "adds the result with the result of the depthwise convolution"',
            "wrong: it works on the result of the depthwise convolution; nothing is added",
            "costs add, results compose",
        ),
        Claim('"11 layers of depthwise separable convolutions"', "true if the 5 x rows count five times", f"{separable} depthwise layers"),
        Claim(
            '"1 MB, which is equivalent to 8388608 bits"',
            "that is 1 MiB, while the bus of 1 GB/s divides by 10^9",
            f"1 MB is {8 * 10**6:,} bits, 1 MiB is {8 * 2**20:,}",
        ),
        Claim(
            'the input "is then moved to the internal memory"',
            "counted in no row: row 1 of Table 4 holds the input's size in place of its weights (E2), and no other row has maps",
            f"{as_printed[0].data_movement:,} B in, {right[-1].output_feature_map // ELEMENT_BITS:,} B out",
        ),
        Claim(
            "average pooling and softmax are layers of Table 1",
            "missing from Tables 3, 4 and 5; their outputs would add to the memory in use",
            f"{ELEMENT_BITS * sum(row.output_bytes for row in predict(network).rows if not row.macs):,} bits",
        ),
    ]  # fmt: skip
