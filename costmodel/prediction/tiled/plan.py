"""The winning tiling of a layer, in words and in sums that a person can check."""

from __future__ import annotations

from functools import cached_property
from itertools import groupby
from typing import Any

import numpy as np

from costmodel._num import bytes_of
from costmodel.errors import FieldError
from costmodel.prediction.tiled.axis import Axis
from costmodel.prediction.tiled.bound import bound_bytes, compulsory_bytes
from costmodel.prediction.tiled.families import FAMILIES
from costmodel.prediction.tiled.loops import HOLD, Entry, loops
from costmodel.prediction.tiled.nest import Bits, Nest
from costmodel.prediction.tiled.search import alternative, moved, smallest, stairs

OPERANDS = ("inputs", "weights", "sums")


class Plan:
    """How a layer is tiled under a capacity: what it holds and moves, and why not less.

    Attributes
    ----------
    nest : Nest
    bits : Bits
    sram_bytes : int
        The capacity.
    family : str
        The operands from the one held longest to the one that streams.
    """

    def __init__(self, nest: Nest, bits: Bits, sram_bytes: int) -> None:
        self.nest = nest
        self.bits = bits
        self.sram_bytes = sram_bytes
        self._stairs = stairs(nest, bits)
        self._step = int(self._stairs.at(sram_bytes))
        if self._step < 0:
            raise FieldError(f"`sram` (={sram_bytes} B) holds no element of each operand; the least that does is {smallest(nest, bits)} B")
        self._row = self._stairs.row(self._step)
        self.family = FAMILIES[self._row["family"]].name

    @property
    def ddr_bytes(self) -> int:
        """Bytes that cross the bus."""
        return int(self._stairs.moved_bytes[self._step])

    @property
    def held_bytes(self) -> int:
        """Bytes of SRAM in use."""
        return int(self._stairs.held_bytes[self._step])

    @cached_property
    def compulsory_bytes(self) -> int:
        """Every operand once."""
        return compulsory_bytes(self.nest, self.bits)

    @cached_property
    def bound_bytes(self) -> int:
        """What no schedule goes below."""
        return int(bound_bytes(self.nest, self.bits, self.sram_bytes))

    @cached_property
    def loops(self) -> tuple[Entry, ...]:
        """Loops with their tile sizes, outermost first, and where each operand is held; groups run around all of them."""
        return loops(self.nest, self.family, self._row)

    @property
    def ddr_bytes_of(self) -> dict[str, int]:
        """Bytes that cross the bus, by operand."""
        return dict(zip(OPERANDS, moved(self._row, self.nest, self.bits), strict=True))

    @property
    def sram_bytes_of(self) -> dict[str, int]:
        """Bytes of SRAM in use, by operand."""
        widths = (self.bits.input, self.bits.weight, self.bits.accumulator)
        return {x: bytes_of(self._row[f"{x}_held"], width) for x, width in zip(OPERANDS, widths, strict=True)}

    @cached_property
    def alternative(self) -> dict[str, Any] | None:
        """The best that another order of the operands reaches."""
        row = alternative(self.nest, self.bits, self.sram_bytes, self.family)
        if row is None:
            return None
        name = FAMILIES[row["family"]].name
        words = _phrases(self.nest, name, loops(self.nest, name, row), row)
        return {"keeps": ", ".join(words), "ddr_bytes": row["moved_bytes"], "sram_bytes": row["held_bytes"]}

    @cached_property
    def next_step(self) -> dict[str, int] | None:
        """The least SRAM with which less would move, and how much then; None where the least is reached."""
        step = self._step + 1
        if step == len(self._stairs.held_bytes):
            return None
        return {"sram_bytes": int(self._stairs.held_bytes[step]), "ddr_bytes": int(self._stairs.moved_bytes[step])}

    @property
    def binding(self) -> str:
        """What keeps it from moving less."""
        held = self.sram_bytes_of
        if self.next_step is None:
            why = "every operand moves once" if self.ddr_bytes == self.compulsory_bytes else "no tiling moves less, whatever it holds"
            return f"{why}; {self.held_bytes:,} B of SRAM are enough"
        most = max(OPERANDS, key=lambda x: held[x])
        return (
            f"SRAM: {most} take {held[most]:,} of {self.sram_bytes:,} B; "
            f"with {self.next_step['sram_bytes']:,} B the layer would move {self.next_step['ddr_bytes']:,} B"
        )

    @property
    def sentence(self) -> str:
        """What is kept and what streams."""
        return ", ".join(self._phrases)

    @cached_property
    def _phrases(self) -> list[str]:
        return _phrases(self.nest, self.family, self.loops, self._row)

    @property
    def sums(self) -> tuple[str, ...]:
        """Every operand's traffic and room as a product, to be checked by hand."""
        return (*_moved_lines(self), *_held_lines(self))

    @property
    def reasons(self) -> tuple[str, ...]:
        """Where the factors of these products come from: passes, visits, rows that several tiles read."""
        return tuple(_reasons(self))

    def to_dict(self) -> dict[str, Any]:
        """Everything, as plain values."""
        return {
            "keeps": self.sentence,
            "loops": [list(entry) for entry in self.loops],
            "groups": self.nest.groups,
            "ddr_bytes": self.ddr_bytes_of,
            "sram_bytes": self.sram_bytes_of,
            "arithmetic": list(self.sums),
            "reasons": list(self.reasons),
            "alternative": self.alternative,
            "binding": self.binding,
            "next_step": self.next_step,
        }

    def __str__(self) -> str:
        lines = [",\n".join(self._phrases), *(f"  {line}" for line in (*self.sums, *self.reasons))]
        if self.alternative:
            lines.append(f"  next best: {self.alternative['keeps']}: {self.alternative['ddr_bytes']:,} B")
        return "\n".join([*lines, f"  {self.binding}"])

    def __repr__(self) -> str:
        return f"Plan({self.sentence!r}, ddr_bytes={self.ddr_bytes}, held_bytes={self.held_bytes})"


class _Tile:
    """The tile at the level where an operand is held, and how its input rows are swept."""

    def __init__(self, nest: Nest, entries: tuple[Entry, ...], operand: str) -> None:
        self.nest = nest
        self.size = {"n": nest.n, "m": nest.m, "c": nest.c, "p": nest.p.outputs, "q": nest.q.outputs, "r": nest.p.taps, "s": nest.q.taps}
        self.extent = dict(self.size)
        self._above: list[tuple[str, int]] = []
        for word, what in entries[: entries.index((HOLD, operand))]:
            if word != HOLD:
                self.size[word] = int(what)
                self._above.append((word, int(what)))

    def lines(self, axis: str) -> tuple[int, int]:
        """Input rows (or columns) read in one pass, and the most held at once."""
        parts = self.parts(axis)
        return sum(int(read.sum()) for read, _ in parts), max(most for _, most in parts)

    def parts(self, axis: str) -> list[tuple[Any, int]]:
        """For every tile of taps the input rows (or columns) that every tile of outputs reads, and the most held at once."""
        own: Axis = getattr(self.nest, axis)
        taps = "r" if axis == "p" else "s"
        known = [index for index, (word, _) in enumerate(self._above) if word != "m"]
        outputs, kernel, fresh = [range(own.outputs)], [range(own.taps)], [True]
        for index, (word, size) in enumerate(self._above):
            if word == axis:
                parts = [_split(tile, size) for tile in outputs]
                fresh = [index != known[-1] or i == 0 for many in parts for i in range(len(many))]
                outputs = [part for many in parts for part in many]
            elif word == taps:
                kernel = [part for tile in kernel for part in _split(tile, size)]
        starts, stops = np.array([tile.start for tile in outputs]), np.array([tile.stop for tile in outputs])
        before, rows, found = np.append(0, starts[:-1]), own.rows(), []
        for tile in kernel:
            now = rows.touched(starts, stops, tile.start, tile.stop)
            more = rows.touched(before, stops, tile.start, tile.stop) - rows.touched(before, starts, tile.start, tile.stop)
            found.append((np.where(fresh, now, more), int(now.max())))
        return found

    def cut(self, word: str) -> str:
        """How a loop is cut above the operand: "8 at a time", "8 at a time, of these 3 at a time"; nothing where it is not."""
        return ", of these ".join(f"{size:,} at a time" for known, size in self._above if known == word)

    def tiles(self, words: str) -> int:
        """Into how many tiles loops are cut above the operand, together."""
        count = 1
        for word in words:
            tiles = [range(self.extent[word])]
            for known, size in self._above:
                tiles = [part for tile in tiles for part in _split(tile, size)] if known == word else tiles
            count *= len(tiles)
        return count


def _split(tile: range, size: int) -> list[range]:
    return [range(a, min(a + size, tile.stop)) for a in range(tile.start, tile.stop, size)]


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _some(count: int, word: str, plural: str = "s") -> str:
    return f"{count:,} {word}" + plural * (count != 1)


def _phrases(nest: Nest, family: str, entries: tuple[Entry, ...], row: dict[str, int]) -> list[str]:
    """Keep 16 output channels' sums (256 positions each); hold ...; stream ... once."""
    said = []
    for verb, operand in zip(("keep", "hold", "stream"), family.split(", "), strict=True):
        tile = _Tile(nest, entries, operand)
        size = tile.size
        if operand == "sums":
            positions = size["n"] * size["p"] * size["q"]
            owners = f"{_some(size['m'], 'output channel')}'" + "s" * (size["m"] == 1)
            what = f"{owners} sums ({_some(positions, 'position')} each)"
            count = row["visits"]
        elif operand == "weights":
            kernel = f"{size['r']}x{size['s']} weights" if size["r"] * size["s"] > 1 else "weights"
            what = f"the {kernel} of {_some(size['m'], 'output channel')} by {_some(size['c'], 'input channel')}"
            count = row["weights_moved"] * nest.groups // nest.weights
        else:
            height, width = tile.lines("p")[1], tile.lines("q")[1]
            what = f"inputs ({_some(height, 'row')} x {_some(width, 'column')} of {_some(size['c'], 'channel')})"
            count = _passes(nest, entries, row)
        said.append(f"{verb} {what} {_times(count)}" if verb == "stream" or count > 1 else f"{verb} {what}")
    lead = f"for each of {nest.groups:,} groups " if nest.groups > 1 else ""
    return [lead + said[0], *said[1:]]


def _passes(nest: Nest, entries: tuple[Entry, ...], row: dict[str, int]) -> int:
    """How often the inputs are swept: once for every tile of output channels in whose loop they stand."""
    tile = _Tile(nest, entries, "inputs")
    once = nest.planes * tile.lines("p")[0] * tile.lines("q")[0]
    return row["inputs_moved"] // once if once else 1


def _bytes(bits: int) -> str:
    return f"{bits // 8} B" if bits % 8 == 0 else f"{bits} bit"


def _moved_lines(plan: Plan) -> list[str]:
    nest, bits, row, moved = plan.nest, plan.bits, plan._row, plan.ddr_bytes_of
    tile = _Tile(nest, plan.loops, "inputs")
    groups = [_some(nest.groups, "group")] if nest.groups > 1 else []
    swept = [
        _some(_passes(nest, plan.loops, row), "pass", "es"), *groups, _some(nest.planes, "plane"),
        _some(tile.lines("p")[0], "row"), _some(tile.lines("q")[0], "column"), _bytes(bits.input),
    ]  # fmt: skip
    times = row["weights_moved"] * nest.groups // nest.weights
    weights = [_some(times, "pass", "es"), f"{nest.weights:,} weights", _bytes(bits.weight)]
    outputs = f"{nest.outputs:,} x {_bytes(bits.output)}"
    if row["visits"] > 1:
        outputs += f" + 2 x {row['visits'] - 1:,} returns x {nest.outputs:,} x {_bytes(bits.accumulator)}"
    return [
        f"inputs {moved['inputs']:,} B = {' x '.join(swept)}",
        f"weights {moved['weights']:,} B = {' x '.join(weights)}",
        f"outputs {moved['sums']:,} B = {outputs}",
        f"together {plan.ddr_bytes:,} B; compulsory {plan.compulsory_bytes:,} B; bound {plan.bound_bytes:,} B",
    ]


def _held_lines(plan: Plan) -> list[str]:
    bits, held = plan.bits, plan.sram_bytes_of
    a, b, c = (_Tile(plan.nest, plan.loops, operand) for operand in OPERANDS)
    parts = {
        "inputs": [
            _some(a.size["n"], "picture"), _some(a.size["c"], "channel"),
            _some(a.lines("p")[1], "row"), _some(a.lines("q")[1], "column"), _bytes(bits.input),
        ],
        "weights": [
            _some(b.size["m"], "output channel"), _some(b.size["c"], "input channel"),
            f"{b.size['r']} x {_some(b.size['s'], 'tap')}", _bytes(bits.weight),
        ],
        "sums": [
            _some(c.size["m"], "output channel"), _some(c.size["n"], "picture"),
            f"{c.size['p']:,} x {_some(c.size['q'], 'position')}", _bytes(bits.accumulator),
        ],
    }  # fmt: skip
    lines = [f"  {x} {held[x]:,} B = {' x '.join(factors)}" for x, factors in parts.items()]
    return [f"held {plan.held_bytes:,} of {plan.sram_bytes:,} B", *lines]


_WORDS = {
    "n": "pictures", "m": "output channels", "c": "input channels", "p": "output rows", "q": "output columns",
    "r": "kernel rows", "s": "kernel columns",
}  # fmt: skip


def _reasons(plan: Plan) -> list[str]:
    """Where the factors come from that are no size of the layer: passes, visits, and rows that are read more than once."""
    nest, row = plan.nest, plan._row
    inputs, weights, sums = (_Tile(nest, plan.loops, operand) for operand in OPERANDS)
    found = []
    times = row["weights_moved"] * nest.groups // nest.weights
    counts = (
        ("inputs", _passes(nest, plan.loops, row), inputs, "m"),
        ("weights", times, weights, "npq"),
        ("sums", row["visits"], sums, "crs"),
    )
    for operand, count, tile, words in counts:
        if count > 1:
            cuts = [f"{tile.extent[w]:,} {_WORDS[w]}, {how}" for w in words if (how := tile.cut(w))]
            product = " x ".join(str(tiles) for w in words if (tiles := tile.tiles(w)) > 1)
            found.append(f"{count:,} {'visits' if operand == 'sums' else 'passes'} of {operand}: {'; '.join(cuts)}: {product} tiles")
    for axis, line, taps in (("p", "rows", "r"), ("q", "columns", "s")):
        own: Axis = getattr(nest, axis)
        read = inputs.lines(axis)[0]
        if read != own.size:
            parts = inputs.parts(axis)
            each = [_runs(many.tolist()) for many, _ in parts]
            text = f"({') + ('.join(each)})" if len(each) > 1 else each[0]
            cuts = [f"{own.outputs:,} {_WORDS[axis]}, {how}" if (how := inputs.cut(axis)) else f"{own.outputs:,} {_WORDS[axis]}"]
            cuts += [f"{own.taps} {_WORDS[taps]}, {how}" for how in [inputs.cut(taps)] if how]
            found.append(f"{read:,} {line}: {'; '.join(cuts)}, read {text} of {own.size:,}")
    return found


def _runs(figures: list[int]) -> str:
    """8 + 14 x 9 + 5."""
    runs = [(len(list(same)), figure) for figure, same in groupby(figures)]
    return " + ".join(f"{count} x {figure}" if count > 1 else str(figure) for count, figure in runs)
