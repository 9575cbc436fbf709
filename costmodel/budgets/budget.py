"""A budget as TOML: limits of the network, of groups and of layers, and how much may be added to an older prediction.

::

    [predict]                    # as `costmodel.predict` takes it
    hardware = "pardhi"
    [network]
    macs = "600M"
    peak_live_bytes = "1.2 MiB"
    time = "12 ms"
    [stage."112 x 112"]          # the layers of a stage, type or block together
    time = "3 ms"
    [layer."block*/dw"]          # every layer of such a name, alone
    ddr_bytes = "1 MiB"
    [baseline]
    file = "baseline.json"       # of costmodel predict ... --format json
    growth = "2 %"               # of every figure, and of single ones
    macs = "0 %"
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from costmodel._num import Num
from costmodel.budgets.figures import FIGURES
from costmodel.errors import CostModelError, FieldError, UnknownNameError
from costmodel.prediction.shares import GROUPINGS

_SETTINGS = (
    "hardware", "traffic", "order", "fuse_epilogues", "weight_bits", "activation_bits", "accumulator_bits", "parameters", "round_trip",
)  # fmt: skip
"""What [predict] may hold."""

_MAX_BYTES = 1 << 26


class Limit(NamedTuple):
    """At most `value` of a figure."""

    scope: str
    """"network", "layer", or a grouping of rows."""
    where: str
    """The group, or the pattern of names; "" for the whole network."""
    figure: str
    value: Num


class Growth(NamedTuple):
    """How much a figure may exceed its older value: by a share of it and by an amount."""

    figure: str
    share: float
    amount: Num


class Budget(NamedTuple):
    """What a network may cost."""

    name: str
    settings: dict[str, Any]
    """Arguments of `predict`."""
    limits: tuple[Limit, ...]
    growths: tuple[Growth, ...] = ()
    baseline: Path | None = None
    """The file of an older prediction."""

    @classmethod
    def of(cls, source: Budget | Mapping[str, Any] | str | Path, baseline: str | Path | None = None) -> Budget:
        """The budget of a TOML file or of a mapping like one; `baseline` takes the place of the file that it names.

        Raises
        ------
        UnknownNameError
            A key or file that isn't there, with the nearest that is.
        FieldError, QuantityError
            A value that can't be taken, with the key it stands under.
        """
        if not isinstance(source, Budget):
            source = _load(Path(source)) if isinstance(source, str | Path) else _budget(source, "budget", Path())
        if baseline is None:
            return source
        return source._replace(baseline=Path(baseline), growths=source.growths or _growths({}))


def _load(path: Path) -> Budget:
    if not path.is_file():
        raise UnknownNameError(f"there is no budget file {str(path)!r}")
    try:
        if (size := path.stat().st_size) > _MAX_BYTES:
            raise FieldError(f"has {size} bytes; a budget takes at most {_MAX_BYTES}")
        return _budget(tomllib.loads(path.read_bytes().decode()), str(path), path.parent)
    except CostModelError as error:
        raise type(error)(f"budget file {str(path)!r}: {error}") from None
    except (ValueError, RecursionError) as error:
        raise FieldError(f"budget file {str(path)!r} is no TOML: {error}") from None


def _budget(tables: Mapping[str, Any], name: str, folder: Path) -> Budget:
    if not isinstance(tables, Mapping):
        raise FieldError(f"`budget` must be a Budget, a mapping or a path, got {type(tables).__name__}")
    known = ("predict", "network", "layer", "baseline", *GROUPINGS)
    for key, table in tables.items():
        if key in FIGURES:
            raise FieldError(f"`{key}` stands outside of a table; the limits of the whole network stand under [network]")
        if key not in known:
            raise UnknownNameError.of("table", key, known)
        if not isinstance(table, Mapping):
            raise FieldError(f"`{key}` (={table!r}) must be a table: [{key}]")
    limits = [*_limits("network", "", tables.get("network", {}))]
    for scope in (*GROUPINGS, "layer"):
        for where, table in tables.get(scope, {}).items():
            if not isinstance(table, Mapping):
                raise FieldError(f'[{scope}] names which {scope} is meant: [{scope}."NAME"], and `{where}` below')
            limits += _limits(scope, where, table)
    baseline = dict(tables.get("baseline", {}))
    if "baseline" in tables and not isinstance(file := baseline.pop("file", None), str):
        raise FieldError(f"[baseline] `file` (={file!r}) must be the path of what `costmodel predict ... --format json` wrote")
    growths = _growths(baseline) if "baseline" in tables else ()
    if not limits and not growths:
        raise FieldError('limits nothing; give e.g. [network] with macs = "600M"')
    return Budget(name, _settings(tables.get("predict", {}), folder), tuple(limits), growths, folder / file if growths else None)


def _limits(scope: str, where: str, table: Mapping[str, Any]) -> list[Limit]:
    place = f'[{scope}."{where}"]' if where else f"[{scope}]"
    return [Limit(scope, where, name, _taken(place, name, given, "value")) for name, given in table.items()]


def _growths(table: Mapping[str, Any]) -> tuple[Growth, ...]:
    """Those of single figures; where none is named, or a `growth` for all is given, those of all."""
    given = dict(table)
    for_all = given.pop("growth", None)
    if for_all is not None and not (isinstance(for_all, str) and for_all.strip().endswith("%")) and for_all != 0:
        raise FieldError(f'[baseline] `growth` (={for_all!r}) is of all figures: a share, e.g. "2 %"')
    names = list(given) if given and for_all is None else [*given, *(name for name in FIGURES if name not in given)]
    return tuple([Growth(name, *_taken("[baseline]", name, given.get(name, for_all or 0), "growth")) for name in names])


def _taken(place: str, name: str, given: Any, reading: str) -> Any:
    """A value as its figure takes it, or the error with its place."""
    if name not in FIGURES:
        raise UnknownNameError(f"{place}: {UnknownNameError.of('figure', name, FIGURES)}")
    try:
        return getattr(FIGURES[name], reading)(given)
    except CostModelError as error:
        raise type(error)(f"{place} `{name}`: {error}") from None


def _settings(table: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    for key in table:
        if key not in _SETTINGS:
            raise UnknownNameError(f"[predict]: {UnknownNameError.of('setting', key, _SETTINGS)}")
    settings = dict(table)
    if isinstance(machine := settings.get("hardware"), str) and machine.endswith(".toml"):
        settings["hardware"] = folder / machine
    return settings


def read_baseline(path: Path) -> dict[str, Any]:
    """The document of an older prediction."""
    how = f"make it with: costmodel predict NETWORK --format json --output {path}"
    if not path.is_file():
        raise UnknownNameError(f"there is no baseline {str(path)!r}; {how}")
    try:
        document = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise FieldError(f"baseline {str(path)!r} is no JSON: {error}; {how}") from None
    parts = {"network": str, "hardware": dict, "assumptions": dict, "layers": list, "totals": dict}
    if not isinstance(document, dict) or not all(isinstance(document.get(key), kind) for key, kind in parts.items()):
        raise FieldError(f"baseline {str(path)!r} is no prediction: it must have {', '.join(parts)}; {how}")
    if document.get("schema") != 1:
        raise FieldError(f"baseline {str(path)!r} has the schema {document.get('schema')!r}, known is 1; {how}")
    return document
