"""A machine as TOML: every figure with its source, or marked an estimate.

::

    title = "A chip"
    [sram]
    value = "1 MiB"
    source = "data sheet, page 3"
    [ddr]
    value = "1 GB/s"
    source = "measured"
    estimate = true
    [utilisation]
    depthwise = 0.3
    pointwise = {value = 0.8, source = "measured"}
"""

from __future__ import annotations

import json
import tomllib
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from costmodel.errors import CostModelError, FieldError, SymbolicError, UnknownNameError
from costmodel.hardware.machine import SHORT, Hardware, Provenance

_TEXTS = {"name", "title", "skips_zeros"}
_FIGURE_KEYS = {"value", "source", "estimate"}
_MAX_BYTES = 1 << 20


@cache
def catalog() -> dict[str, Any]:
    """The files of the catalog by the name of their machine."""
    folder = resources.files("costmodel.hardware") / "catalog"
    return {entry.name.removesuffix(".toml"): entry for entry in folder.iterdir() if entry.name.endswith(".toml")}


@cache
def _from_catalog(name: str) -> Hardware:
    return _read(catalog()[name], name)


def load(name: str | Path) -> Hardware:
    """The machine of a catalog name or a TOML path."""
    if not isinstance(name, str | Path):
        raise FieldError(f"`name` (={name!r}) of a machine must be one of the catalog or a path")
    if str(name) in catalog():
        return _from_catalog(str(name))
    path = Path(name)
    if path.suffix != ".toml":
        raise UnknownNameError(f"{UnknownNameError.of('hardware', name, catalog())}; or give a path that ends in .toml")
    if not path.is_file():
        raise UnknownNameError(f"there is no hardware file {str(path)!r}")
    return _read(path, path.stem)


def _read(file: Any, name: str) -> Hardware:
    try:
        data = file.read_bytes()
        if len(data) > _MAX_BYTES:
            raise FieldError(f"has {len(data)} bytes; a machine takes at most {_MAX_BYTES}")
        return _machine(tomllib.loads(data.decode()), name)
    except CostModelError as error:
        raise type(error)(f"hardware file {str(file)!r}: {error}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise FieldError(f"hardware file {str(file)!r} is no TOML: {error}") from None


def _machine(table: dict[str, Any], name: str) -> Hardware:
    figures: dict[str, Any] = {"name": name}
    provenance: dict[str, Provenance] = {}
    for key, entry in table.items():
        if key in _TEXTS:
            if not isinstance(entry, str):
                raise FieldError(f"`{key}` (={entry!r}) must be a text")
            figures[key] = entry
            continue
        if key == "utilisation":
            figures[key], origins = _utilisation(entry)
            provenance |= origins
            continue
        field = SHORT.get(key, key)
        if field not in SHORT.values():
            raise FieldError(f"unknown key `{key}`; known are {', '.join([*_TEXTS, *SHORT, *SHORT.values(), 'utilisation'])}")
        value, origin = _figure(key, entry)
        if field in figures:
            raise FieldError(f"`{field}` is given twice, once as `{key}`")
        figures[field] = value
        if origin is not None:
            provenance[field] = origin
    return Hardware(**figures, provenance=provenance)


def _utilisation(table: Any) -> tuple[dict[str, Any], dict[str, Provenance]]:
    """The shares by kind of layer, and where they come from."""
    if not isinstance(table, dict):
        raise FieldError(f"`utilisation` (={table!r}) must be a table, e.g. [utilisation] and depthwise = 0.3 below it")
    entries = {kind: _figure(f"utilisation.{kind}", entry) for kind, entry in table.items()}
    origins = {f"utilisation.{kind}": origin for kind, (_, origin) in entries.items() if origin is not None}
    return {kind: share for kind, (share, _) in entries.items()}, origins


def to_toml(hardware: Hardware) -> str:
    """The file of a machine: what `load` reads."""
    if hardware.arrays or hardware.symbols:
        raise SymbolicError(f"a hardware file holds plain numbers; {hardware.name!r} holds symbols or arrays")
    lines = [f"{key} = {_text(getattr(hardware, key))}" for key in ("name", "title") if getattr(hardware, key)]
    sourced = []
    for key, value in hardware.figures.items():
        origin = hardware.provenance.get(key)
        if origin is None:
            lines.append(f"{key} = {value!r}")
        else:
            sourced += ["", f"[{key}]", f"value = {value!r}", f"source = {_text(origin.source)}", *["estimate = true"] * origin.estimate]
    return "\n".join([*lines, *sourced]) + "\n"


def _text(value: str) -> str:
    """A basic string of TOML: that of JSON, but for the delete character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _figure(key: str, entry: Any) -> tuple[Any, Provenance | None]:
    """A bare value, or a table with value and source."""
    if not isinstance(entry, dict):
        return entry, None
    if unknown := sorted(entry.keys() - _FIGURE_KEYS):
        raise FieldError(f"`{key}` has the unknown key `{unknown[0]}`; known are {', '.join(sorted(_FIGURE_KEYS))}")
    if "value" not in entry:
        raise FieldError(f'`{key}` needs a `value`, e.g. value = "1 MiB"')
    source, estimate = entry.get("source", ""), entry.get("estimate", False)
    if not isinstance(source, str) or not isinstance(estimate, bool):
        raise FieldError(f"`{key}`: `source` must be a text and `estimate` true or false")
    return entry["value"], Provenance(source, estimate)
