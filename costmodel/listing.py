"""What is known, as tables: networks, machines, layers, formulas, published documents, other tools' rules."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from costmodel import counters, published, zoo
from costmodel.errors import UnknownNameError
from costmodel.formulas import FORMULAS
from costmodel.hardware import Hardware
from costmodel.layers import LAYERS
from costmodel.tables import Column, Table


def _summary(thing: Any) -> str:
    return (inspect.getdoc(thing) or "").partition("\n")[0]


def _networks() -> Table:
    columns = [Column("name", "network"), Column("arguments", "arguments"), Column("summary", "what it is")]
    rows = [
        {"name": name, "arguments": ", ".join(inspect.signature(build).parameters), "summary": _summary(build)}
        for name, build in sorted(zoo.NETWORKS.items())
    ]
    return Table(columns, rows, title="networks")


def _hardware() -> Table:
    figures = (
        ("sram_bytes", "SRAM", "B"), ("ddr_bytes_per_s", "DDR", "B/s"), ("mac_flops_per_s", "MACs", "FLOPS"),
        ("other_ops_per_s", "other", "OP/s"), ("flash_bytes", "flash", "B"), ("flash_bytes_per_s", "flash rate", "B/s"),
    )  # fmt: skip
    columns = [Column("name", "hardware"), *(Column(*f) for f in figures), Column("estimates", "estimates"), Column("title", "what it is")]
    rows = []
    for name in Hardware.names():
        machine = Hardware.load(name)
        estimates = [key for key, origin in machine.provenance.items() if origin.estimate]
        rows.append({"name": name, "title": machine.title, "estimates": estimates, **machine.figures})
    return Table(columns, rows, title="hardware")


def _layers() -> Table:
    columns = [Column("kind", "kind"), Column("name", "class"), Column("fields", "fields"), Column("summary", "what it is")]
    rows = [
        {"kind": kind, "name": layer.__name__, "fields": ", ".join(inspect.signature(layer).parameters), "summary": _summary(layer)}
        for kind, layer in sorted(LAYERS.items())
    ]
    return Table(columns, rows, title="layers")


def _formulas() -> Table:
    columns = [Column("name", "formula"), Column("arguments", "arguments"), Column("summary", "what it gives")]
    rows = [
        {"name": name, "arguments": ", ".join(entry.domains), "summary": _summary(entry.function)}
        for name, entry in sorted(FORMULAS.items())
    ]
    return Table(columns, rows, title="formulas")


LISTINGS: dict[str, Callable[[], Table]] = {
    "networks": _networks,
    "hardware": _hardware,
    "layers": _layers,
    "formulas": _formulas,
    "published": published.documents,
    "tools": counters.rules,
}
"""Every listing by its name."""


def listing(what: str) -> Table:
    """The listing of that name."""
    if what not in LISTINGS:
        raise UnknownNameError.of("listing", what, LISTINGS)
    return LISTINGS[what]()
