"""The page: what it is made of, put together."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from costmodel import quantities
from costmodel.api import as_hardware
from costmodel.errors import UnknownNameError
from costmodel.hardware import Hardware
from costmodel.network import Network

if TYPE_CHECKING:
    from costmodel.report.explore.forms import Forms, Knob

_GROUPS = {"sram_bytes": "machine", "bytes_per_s": "machine", "mac_flops_per_s": "machine", "other_ops_per_s": "machine",
           "clock": "machine", "weight_bits": "assumptions", "activation_bits": "assumptions"}  # fmt: skip
_TRAFFIC = {
    "resident": "resident: maps that fit stay on chip",
    "compulsory": "compulsory: each layer alone",
    "weights": "weights only",
    "weights_round_trip": "weights only, both ways",
}


def explorer(
    network: Network | str | Path,
    hardware: Hardware | str | Path = "pardhi",
    *,
    traffic: str = "resident",
    at: Mapping[str, int | float] | None = None,
    **arguments: Any,
) -> str:
    """A page of its own with sliders for machine and network; figures, pictures and a table follow at once.

    Parameters
    ----------
    network : Network, str or Path
        The name of a network in the zoo, whose width multiplier and resolution then turn; a network; or a model file.
    hardware : Hardware, str or Path
        Where the machine's figures begin.
    traffic : str
        The policy that it begins with: "resident", "compulsory", "weights" or "weights_round_trip". Policies that search have no
        closed form and are left out.
    at : mapping, optional
        Where symbols of the network begin, by name. They turn too.
    **arguments
        Of the zoo network's builder; width_multiplier and resolution say where those begin.

    Returns
    -------
    str
        HTML that needs nothing beside it and asks nothing of the network.

    Raises
    ------
    UnknownNameError
        No such network, machine or policy.
    SymbolicError
        A network with open sizes that `at` doesn't give.

    Notes
    -----
    The page holds the closed forms of `predict`, with symbols for everything that turns, printed as JavaScript by SymPy. Counts are
    exact up to 2^53. A width multiplier is a multiple of 1/800: so are 0.35 and 1/32.

    Examples
    --------
    >>> import costmodel as cm
    >>> page = cm.report.explorer("mobilenet_v1", width_multiplier=0.5)
    >>> page[:15], "http://" in page.replace("http://www.w3.org/2000/svg", ""), len(page) < 100_000
    ('<!doctype html>', False, True)
    """
    from costmodel.report.explore.forms import forms

    if traffic not in _TRAFFIC:
        raise UnknownNameError.of("traffic policy of closed form", traffic, _TRAFFIC)
    machine = as_hardware(hardware)
    found = forms(network, machine, at or {}, arguments)
    bus = "flash" if machine.weights_in_flash else "DDR"
    title = f"{found.network.name} on {machine.name}"
    return Template(_part("page.html")).substitute(
        title=html.escape(title), bus=bus, style=_part("page.css"), script=_part("page.js"), forms=found.script,
        data=_data(found, machine, traffic, bus), notes="\n".join(f"<li>{html.escape(note)}</li>" for note in _notes(found, machine)),
    )  # fmt: skip


def _part(name: str) -> str:
    return files("costmodel.report.explore").joinpath(name).read_text(encoding="utf-8").strip()


def _data(found: Forms, machine: Hardware, traffic: str, bus: str) -> str:
    widths = [["given", "as set here"], ["own", "as the network has them"]]
    choices: list[dict[str, Any]] = [
        {"key": "traffic", "label": "traffic", "value": traffic, "options": [list(item) for item in _TRAFFIC.items()]},
        {"key": "time", "label": "time", "value": "serial", "options": [["serial", "serial: one after another"],
                                                                        ["overlapped", "overlapped: bus beside core"]]},
        *([{"key": "widths", "label": "bits", "value": "own", "options": widths[::-1]}] if found.own_bits else []),
    ]  # fmt: skip
    data = {
        "name": found.network.name, "machine": machine.name, "bus": bus, "overhead": machine.overhead_s != 0,
        "flash_bytes": machine.flash_bytes,
        "layers": found.layers, "conditions": found.conditions,
        "knobs": [_knob(knob) for knob in found.knobs], "choices": choices,
    }  # fmt: skip
    return json.dumps(data, ensure_ascii=True).replace("<", "\\u003c")


def _knob(knob: Knob) -> dict[str, Any]:
    told = knob._asdict() | {"group": _GROUPS.get(knob.key, "network")}
    if knob.dimension != "count":
        told["worth"] = quantities.suffixes(knob.dimension)
    return told


def _notes(found: Forms, machine: Hardware) -> list[str]:
    return [
        f"The page begins with {machine.name}: {machine.describe()}.",
        "Norms, activations and biases run on their host's output before it is written; layers run in the order given.",
        "Weights cross the bus once and are not counted as live; a tap on padding counts as a MAC; times are at the peak rates.",
        "Serial time adds bus, MACs and other operations; overlapped time is, layer by layer, the longer of bus and core.",
        *found.network.assumptions,
        *(f"Holds where {condition}." for condition in dict.fromkeys(found.conditions)),
    ]
