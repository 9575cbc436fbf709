"""What the page knows: a network's figures as closed forms of its knobs, printed as JavaScript."""

from __future__ import annotations

import inspect
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import sympy as sp

from costmodel import zoo
from costmodel._num import Num, is_open
from costmodel._symbols import SizeSymbol, symbols
from costmodel.api import as_network, predict
from costmodel.errors import FieldError, SymbolicError
from costmodel.hardware import Hardware
from costmodel.network import Network
from costmodel.prediction import Prediction, Row, Total, policy
from costmodel.prediction.times import CORE, Times, binds
from costmodel.prediction.widths import ACTIVATION_BITS, WEIGHT_BITS
from costmodel.readers import is_file_name
from costmodel.report.explore.script import Script

WIDTH_STEPS = 800
"""Parts of one that a width multiplier is given in: whole numbers of 0.01 and of 1/32 are whole numbers of them."""

POLICIES = {
    "resident": policy("resident"),
    "compulsory": policy("compulsory"),
    "weights": policy("weights"),
    "weights_round_trip": policy("weights", round_trip=True),
}
"""The traffic policies that are closed forms."""

_RATES = ("bytes_per_s", "mac_flops_per_s", "other_ops_per_s", "clock")


class Knob(NamedTuple):
    """Something to turn: what it is called, where it begins and how far it goes."""

    key: str
    label: str
    value: Num
    low: Num
    high: Num
    dimension: str = "count"
    """A key of `quantities.UNITS`, for what is typed with a unit."""
    unit: str = ""
    log: bool = False
    step: Num | None = None
    """Of the slider."""
    multiple_of: Num | None = None
    """What any value must be a whole number of."""
    parts: int | None = None
    """What the closed forms count it in: so many parts of one."""
    help: str = ""


class Forms(NamedTuple):
    """A network's closed forms and what they hang on."""

    network: Network
    knobs: list[Knob]
    script: str
    """JavaScript: `network_figures(v)`, perhaps `own_figures(v)`, and `times(...)`."""
    conditions: list[str]
    """What must hold of the sizes, in words, in the order of the script."""
    layers: list[dict[str, Any]]
    own_bits: bool
    """Whether the network has widths of its own that a single width wouldn't say."""


def forms(network: Network | str | Path, hardware: Hardware, at: Mapping[str, int | float], arguments: Mapping[str, Any]) -> Forms:
    """The closed forms of a network on machines with DDR (or flash) as `hardware` has it."""
    built, sizes = _opened(network, at, arguments)
    machine, rates = _machine(hardware)
    bits = {name: symbols(name, integer=True) for name in ("weight_bits", "activation_bits")}
    start = {"weight_bits": _own(built, "weight_bits", WEIGHT_BITS), "activation_bits": _own(built, "activation_bits", ACTIVATION_BITS)}
    own_bits = any(len(found) > 1 for found in start.values())
    knobs = [*_machine_knobs(hardware), *_bit_knobs({name: max(found) for name, found in start.items()}), *sizes]
    identifiers = {symbol: f"v[{json.dumps(symbol.name)}]" for symbol in (*rates.values(), *bits.values(), *built.symbols)}
    script = Script(identifiers)
    base = predict(built, machine, **bits)
    text = script.function("given_figures", ["v"], _figures(base))
    if own_bits:
        text += script.function("own_figures", ["v"], _figures(predict(built, machine)))
    text += _times(machine, identifiers)
    layers = [{"name": row.name, "kind": " + ".join((row.kind, *row.epilogues)).replace("_", " ")} for row in base.rows]
    return Forms(built, knobs, text, [str(condition) for condition, _ in built.conditions], layers, own_bits)


def _opened(network: Network | str | Path, at: Mapping[str, Any], arguments: Mapping[str, Any]) -> tuple[Network, list[Knob]]:
    """The network with symbols for width multiplier and resolution where it has them, and the knobs of all its symbols."""
    knobs: list[Knob] = []
    if isinstance(network, str) and not is_file_name(network):
        known = inspect.signature(zoo.builder(network)).parameters
        free: dict[str, Num] = {}
        options = dict(arguments)
        if "width_multiplier" in known:
            alpha = options.pop("width_multiplier", known["width_multiplier"].default)
            free["width_multiplier"] = symbols("width_parts", integer=True) / WIDTH_STEPS
            knobs.append(
                Knob(
                    "width_parts",
                    "width multiplier",
                    alpha,
                    0.05,
                    max(2, 2 * alpha),
                    step=0.05,
                    multiple_of=1 / WIDTH_STEPS,
                    parts=WIDTH_STEPS,
                )
            )
        if "resolution" in known and isinstance(default := options.get("resolution", known["resolution"].default), int):
            options.pop("resolution", None)
            step = math.gcd(default, 32)
            free["resolution"] = symbols("resolution", integer=True)
            knobs.append(Knob("resolution", "resolution", default, step, 2 * default, unit="pixel", step=step, multiple_of=1))
        built = zoo.build(network, **free, **options)
    else:
        if arguments:
            raise FieldError(f"`{next(iter(arguments))}` goes with the name of a zoo network; got a network that is built")
        built = as_network(network)
    mine = {knob.key for knob in knobs}
    others = sorted((s for s in built.symbols if s.name not in mine), key=str)
    if missing := [s.name for s in others if s.name not in at]:
        raise SymbolicError(f"network {built.name!r} leaves sizes open; say where the page begins: at={{{missing[0]!r}: 224}}")
    if unknown := [name for name in at if name not in {s.name for s in others}]:
        raise FieldError(f"`at` (={unknown[0]!r}) is no open size of network {built.name!r}")
    return built, [*knobs, *(_size_knob(symbol, at[symbol.name]) for symbol in others)]


def _size_knob(symbol: Any, value: Any) -> Knob:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise FieldError(f"`at[{symbol.name!r}]` (={value!r}) must be a positive number")
    step = getattr(symbol, "multiple_of", None) or (1 if symbol.is_integer else None)
    step = None if step is None else int(step) if step == int(step) else float(step)
    return Knob(symbol.name, symbol.name, value, step or value / 100, 4 * value, step=step or value / 100, multiple_of=step)


def _own(network: Network, kind: str, default: int) -> set[int]:
    """The widths of a network's weights or of its feature maps."""
    nodes = [node for node in network.nodes.values() if kind == "activation_bits" or network.counts[node.name].weights != 0]
    return {default if (bits := getattr(node, kind)) is None else bits for node in nodes} or {default}


def _machine(hardware: Hardware) -> tuple[Hardware, dict[str, Any]]:
    """A machine of symbols with its weights where those of `hardware` are."""
    if hardware.arrays or hardware.symbols:
        raise SymbolicError(f"the page turns the figures of hardware {hardware.name!r} itself; give it plain numbers")
    free: dict[str, Any] = {name: symbols(name) for name in ("sram_bytes", *_RATES)}
    core = {"mac_flops_per_s": free["mac_flops_per_s"] * free["clock"], "other_ops_per_s": free["other_ops_per_s"] * free["clock"]}
    bus = "flash_bytes_per_s" if hardware.weights_in_flash else "ddr_bytes_per_s"
    return hardware.replace(sram_bytes=free["sram_bytes"], **core, **{bus: free["bytes_per_s"]}), free


def _machine_knobs(hardware: Hardware) -> list[Knob]:
    bus = "flash" if hardware.weights_in_flash else "DDR"

    def knob(key: str, label: str, value: Num, dimension: str, unit: str, help: str = "") -> Knob:
        return Knob(key, label, value, value / 1000, value * 1000, dimension, unit, log=True, help=help)

    return [
        knob("sram_bytes", "SRAM", hardware.sram_bytes, "bytes", "B"),
        knob("bytes_per_s", f"{bus} bandwidth", hardware.weight_bytes_per_s, "bytes_per_s", "B/s"),
        knob("mac_flops_per_s", "MAC rate", hardware.mac_flops_per_s, "mac_flops_per_s", "FLOPS", "two a MAC"),
        knob("other_ops_per_s", "rate of other operations", hardware.other_ops_per_s, "other_ops_per_s", "OP/s"),
        Knob("clock", "clock", 1, 0.1, 4, unit="×", step=0.05, help="times both rates"),
    ]  # fmt: skip


def _bit_knobs(start: Mapping[str, int]) -> list[Knob]:
    return [
        Knob(key, label, start[key], 1, 32, unit="bit", step=1, multiple_of=1)
        for key, label in (("weight_bits", "weights"), ("activation_bits", "feature maps"))
    ]  # fmt: skip


def _figures(base: Prediction) -> dict[str, Any]:
    """Counts and bytes of every row and in total; the bytes on the bus under every policy."""
    under = {name: Prediction(base.network, base.hardware, rule, base.widths, workload=base.workload) for name, rule in POLICIES.items()}
    total = base.total
    return {
        "rows": {key: [getattr(row, key) for row in base.rows] for key in ("macs", "other_ops", "weight_bytes", "live_bytes")},
        "shapes": [list(row.output_shapes[0]) for row in base.rows],
        "bus_bytes": {name: list(prediction.bus_bytes) for name, prediction in under.items()},
        "bus_work": {name: list(prediction.occupied_bytes) for name, prediction in under.items()},
        "mac_work": [_core(row) for row in base.rows],
        "total": {key: getattr(total, key) for key in ("macs", "other_ops", "weight_bytes", "peak_live_bytes")}
        | {"trainable": total.parameters["trainable"]},
        "total_bus_bytes": {name: prediction.total.bus_bytes for name, prediction in under.items()},
        "total_bus_work": {name: prediction.total.occupied_bytes for name, prediction in under.items()},
        "total_mac_work": _core(total),
        "conditions": [condition if is_open(condition) else bool(condition) for condition, _ in base.network.conditions],
    }


def _core(work: Row | Total) -> Num:
    """MACs that the core could have done in the time that these take."""
    return work.macs_effective if work.occupied_macs is None else work.occupied_macs


def _times(machine: Hardware, identifiers: Mapping[Any, str]) -> str:
    """The times that follow from bytes, MACs and other operations; rows and totals share them."""
    bus_work, mac_work, other_ops, steps = work = [SizeSymbol(name) for name in ("bus_work", "mac_work", "other_ops", "steps")]
    times = Times.of(machine, bus_work, mac_work, other_ops, steps=steps)
    words = {sp.Symbol(f"binds_{name}"): f'"{name}"' for name in (times.bus, *CORE)}
    script = Script({**identifiers, **{symbol: symbol.name for symbol in work}, **words})
    overhead = [] if machine.overhead_s == 0 else [times.overhead_s]
    results = {
        "bus_s": times.bus_s, "mac_s": times.mac_s, "other_s": times.other_s, "serial_s": times.serial_s,
        "overlapped_s": times.overlapped_s, "bound_by": binds(tuple(words), *times[:3], *overhead),
    }  # fmt: skip
    return script.function("times", [*(symbol.name for symbol in work), "v"], results)
