"""A layer's counts as formulas: its own `counts`, asked with symbols in place of its sizes."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any, NamedTuple

from costmodel._num import Num, is_open
from costmodel.errors import CostModelError
from costmodel.formulas import Formula
from costmodel.formulas._registry import Call, recorded
from costmodel.layers import Counts, Layer, Shape
from costmodel.network import Node
from costmodel.prediction.explained.derivation import Symbols

ROLES = ("weights", "biases", "norm_affine", "norm_statistics", "constants")

_AXES = {
    1: ("features",), 2: ("batch", "channels"), 3: ("batch", "channels", "width"), 4: ("batch", "channels", "height", "width"),
    5: ("batch", "channels", "depth", "height", "width"),
}  # fmt: skip


class Counted(NamedTuple):
    """Counts whose figures are formulas, and the registered formulas behind them."""

    counts: Counts
    calls: list[Call]
    """The formulas that were called, on numbers."""
    said: str
    """What the layer says of itself."""
    stored: bool
    """Whether a model file says how many parameters it stores."""

    def formulas(self, result: Num) -> list[Formula]:
        """Those that gave this result, else all that took part."""
        giving = [call for call in self.calls if _same(call.result, result)]
        return list(dict.fromkeys(call.formula for call in giving or self.calls))


def counted(node: Node, symbols: Symbols) -> Counted:
    """The counts of a node as formulas of `symbols`."""
    layer, inputs = node.layer, tuple([node.seen(shape) for shape in node.input_shapes])
    output = node.seen(node.output_shapes[0])
    exact, calls = recorded(lambda: layer.counts(inputs, output))
    counts = next(_attempts(layer, inputs, output, exact, symbols), exact)
    if node.held is not None:
        counts = node.held._replace(macs=counts.macs, other=counts.other)
    summary = (inspect.getdoc(layer) or "").partition("\n")[0]
    return Counted(counts, calls, f"the rule of the layer {layer.kind}: {summary}", node.held is not None)


def _attempts(layer: Layer, inputs: tuple[Shape, ...], output: Shape, exact: Counts, symbols: Symbols) -> Iterator[Counts]:
    """Ever fewer symbols, until the formulas give the counts: a layer may branch on a size, or need a plain one."""
    for least, outputs in ((1, True), (2, True), (1, False), (2, False)):
        trial = Symbols()
        try:
            ins = tuple([_shape(trial, "in_" if i == 0 else f"in{i + 1}_", layer, shape, least) for i, shape in enumerate(inputs)])
            out = _shape(trial, "out_", layer, output, least) if outputs else output
            found = _fields(trial, layer, least).counts(ins, out)
        except Exception:  # whatever a layer's `counts` does where it asks a symbol for a number
            continue
        if not _agree(found, exact, trial):
            continue
        renamed = {symbol: symbols(symbol.name, value) for symbol, value in trial.values.items()}
        yield Counts(
            _renamed(found.macs, renamed), tuple([(step, _renamed(number, renamed)) for step, number in found.other]),
            *(_renamed(getattr(found, role), renamed) for role in ROLES),
        )  # fmt: skip


def _shape(symbols: Symbols, prefix: str, layer: Layer, shape: Shape, least: int) -> Shape:
    names = _AXES.get(len(shape), ()) if layer.rank is not None or len(shape) in (1, 2, 4) else ()
    if len(shape) == 2:
        names = ("batch", "features")
    names = names or tuple(f"axis{i + 1}" for i in range(len(shape)))
    named = ["batch" if name == "batch" else prefix + name for name in names]
    return tuple([_symbol(symbols, name, size, least) for name, size in zip(named, shape, strict=True)])


def _symbol(symbols: Symbols, name: str, size: Num, least: int) -> Num:
    return symbols(name, size) if not isinstance(size, int) or size >= least else size


def _fields(symbols: Symbols, layer: Layer, least: int) -> Layer:
    """The layer with symbols for those of its sizes that may be one."""
    for name, value in layer.fields().items():
        if isinstance(value, bool) or name == "padding":
            continue
        try:
            layer = layer.replace(**{name: _entries(symbols, name, value, least, layer.rank)})
        except CostModelError:
            continue
    return layer


def _entries(symbols: Symbols, name: str, value: Any, least: int, rank: int | None) -> Any:
    """A field with symbols for its sizes; entries of a tuple are called by their axis or their place."""
    if isinstance(value, tuple):
        axes: Any = ("depth", "height", "width")[3 - len(value) :] if len(value) == rank else range(1, len(value) + 1)
        return tuple([_entries(symbols, f"{name}_{axis}", one, least, None) for axis, one in zip(axes, value, strict=True)])
    return symbols(name, value) if type(value) is int and value >= max(least, 1) else value


def _agree(found: Counts, exact: Counts, symbols: Symbols) -> bool:
    if [step for step, _ in found.other] != [step for step, _ in exact.other]:
        return False
    pairs = [(number, right) for (_, number), (_, right) in zip(found.other, exact.other, strict=True)]
    pairs += [(getattr(found, key), getattr(exact, key)) for key in ("macs", *ROLES)]
    return all(_same(number.xreplace(symbols.values) if is_open(number) else number, right) for number, right in pairs)


def _same(a: Num, b: Num) -> bool:
    return bool(a == b)


def _renamed(expression: Num, names: dict[Any, Any]) -> Num:
    return expression.xreplace(names) if is_open(expression) else expression
