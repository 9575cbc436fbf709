"""The axes of a sweep: names with dots, their points, their coordinates."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, partial
from typing import Any

from costmodel import quantities
from costmodel._record import Record
from costmodel.api import predict
from costmodel.errors import CostModelError, FieldError, UnknownNameError
from costmodel.hardware.machine import SHORT, SKIPS
from costmodel.network import Network, rewrites
from costmodel.prediction import POLICIES, Policy
from costmodel.whatif.sweep.points import points_of

_UNITS = {
    "bytes": "B",
    "bytes_per_s": "B/s",
    "mac_flops_per_s": "FLOP/s",
    "other_ops_per_s": "OP/s",
    "j": "J",
    "j_per_byte": "J/B",
    "s": "s",
}
_OPTIONS = tuple(
    name for name, one in inspect.signature(predict).parameters.items() if one.kind is one.KEYWORD_ONLY and name != "other_ops"
)
_POLICY_OPTIONS = ("traffic",)
_SHARES = "utilisation."
_CHOICES: dict[str, tuple[str, ...]] = {"skips_zeros": SKIPS}
"""What of a machine is no number."""


class Axis(Record):
    """One axis: what it changes, and its points."""

    name: str
    """As the user calls it."""
    kind: str
    """What it changes: "builder", "option", "rewrite" or "hardware"."""
    key: str
    """The argument, the option, the rewrite ("" for whole ones, else its name and field) or the field of the machine."""
    points: tuple[Any, ...]

    @property
    def tag(self) -> str:
        """What depends on it: "network", "workload", "policy" or the field of the machine."""
        if self.kind == "hardware":
            return self.key.partition(".")[0]
        if self.kind == "option":
            return "workload" if self.key in _OPTIONS and self.key not in _POLICY_OPTIONS else "policy"
        return "network"

    @property
    def built(self) -> bool:
        """Whether predictions are made point by point: of all but those figures of a machine that formulas take as arrays."""
        return self.kind != "hardware" or self.tag in ("burst_bytes", "overhead_s", "utilisation", *_CHOICES)

    @property
    def unit(self) -> str:
        """The unit of its coordinate; empty for plain numbers and names."""
        if self.kind == "hardware":
            return _UNITS.get(dimension(self.key) or "", "")
        return "bit" if self.key.endswith("_bits") else ""

    @cached_property
    def coordinate(self) -> Any:
        """Its points as an array: numbers as they are, everything else by its text."""
        import numpy as np

        if all(isinstance(point, bool) for point in self.points) or all(_is_number(point) for point in self.points):
            return np.array(self.points)
        return np.array([_label(point) for point in self.points])

    def __len__(self) -> int:
        return len(self.points)


def _is_number(point: Any) -> bool:
    return isinstance(point, int | float) and not isinstance(point, bool)


def _label(point: Any) -> str:
    if isinstance(point, tuple):
        return " + ".join(map(_label, point)) or "none"
    return "none" if point is None else str(point)


def dimension(field: str) -> str | None:
    """The dimension that a field's name ends in; None of a share or a choice."""
    if field.startswith(_SHARES) or field in _CHOICES:
        return None
    return max((known for known in _UNITS if field == known or field.endswith(f"_{known}")), key=len)


def axes_of(axes: Mapping[str, Any], arguments: Iterable[str] | None, options: Mapping[str, Any]) -> tuple[Axis, ...]:
    """The axes that a user names, checked.

    Parameters
    ----------
    axes : mapping
        Points by name.
    arguments : iterable of str or None
        What the network's builder takes, or the open symbols of a network; None where the builder takes any name.
    options : mapping
        The options of `predict` that are given besides: an axis may not stand there too.
    """
    if not isinstance(axes, Mapping) or not axes:
        raise FieldError(f"`axes` (={axes!r}) must map names to points, e.g. {{'hardware.ddr': ['1 GB/s', '2 GB/s']}}")
    found: list[Axis] = []
    for name, values in axes.items():
        kind, key = _meaning(name, arguments, options)
        if twin := [axis.name for axis in found if (axis.kind, axis.key) == (kind, key)]:
            raise FieldError(f"axes {twin[0]!r} and {name!r} are the same")
        if kind == "option" and key in options:
            raise FieldError(f"axis {name!r} is given as an option too (={options[key]!r}); one of them")
        check: Callable[[Any], Any] = _rewrites if (kind, key) == ("rewrite", "") else _plain
        if kind == "hardware" and key in _CHOICES:
            check = partial(_choice, _CHOICES[key])
        found.append(Axis(name, kind, key, _points(name, values, check, dimension(key) if kind == "hardware" else None)))
    return tuple(found)


def _meaning(name: Any, arguments: Iterable[str] | None, options: Mapping[str, Any]) -> tuple[str, str]:
    """What a name of an axis changes."""
    first, _, rest = str(name).partition(".")
    policy = options.get("traffic", "resident")
    policy_class = POLICIES.get(policy) if isinstance(policy, str) else None
    known_options = [*_OPTIONS, *(key for key in getattr(policy_class, "__annotations__", ()) if key != "name")]
    if name in known_options:
        return "option", name
    if first == "hardware" and (rest.startswith(_SHARES) or rest in _CHOICES or SHORT.get(rest, rest) in SHORT.values()):
        return "hardware", SHORT.get(rest, rest)
    if first == "rewrite":
        if rest:
            rewrite_class(rest)
        return "rewrite", rest
    if isinstance(name, str) and (name.isidentifier() if arguments is None else name in arguments):
        return "builder", name
    fields = [f"hardware.{word}" for word in (*SHORT, *SHORT.values(), *_CHOICES)]
    raise UnknownNameError.of("axis", name, [*(arguments or ()), *known_options, *fields, "rewrite"])


def rewrite_class(dotted: str) -> tuple[type[rewrites.Rewrite], str]:
    """The rewrite and the field that "bits.weights" names."""
    word, _, field = dotted.partition(".")
    classes = _classes()
    if word not in classes:
        raise UnknownNameError.of("rewrite", word, classes)
    fields = list(getattr(classes[word], "_names", ()))
    if field not in fields:
        raise UnknownNameError.of(f"field of rewrite {word!r}", field, fields)
    return classes[word], field


def _classes() -> dict[str, type[rewrites.Rewrite]]:
    """The rewrites by their names, written as fields are."""
    known = {
        name: kind for name in rewrites.__all__ if isinstance(kind := getattr(rewrites, name), type) and issubclass(kind, rewrites.Rewrite)
    }
    return {_snake(name): kind for name, kind in known.items() if kind is not rewrites.Rewrite}


def _snake(name: str) -> str:
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in name).lstrip("_")


def _points(name: str, values: Any, check: Callable[[Any], Any], unit: str | None) -> tuple[Any, ...]:
    """The points of an axis: no two alike, at least one."""
    if isinstance(values, str):
        values = points_of(name, values, unit)
    if not isinstance(values, Iterable) or isinstance(values, bytes | Mapping | Network):
        raise FieldError(f"axis {name!r} (={values!r}) must be a list of points, or a text such as '1:16:log5'")
    points = []
    for value in values:
        value = value.item() if hasattr(value, "item") and not getattr(value, "ndim", 0) else value
        try:
            if unit is not None:
                value = (
                    quantities.parse(value, unit) if isinstance(value, str) else quantities.positive(value) if value or unit != "s" else 0
                )
            points.append(check(value))
        except CostModelError as error:
            raise type(error)(f"axis {name!r}: {error}") from None
    if not points:
        raise FieldError(f"axis {name!r} has no points; give at least one")
    seen: set[str] = set()
    for point in points:
        if (label := _label(point)) in seen:
            raise FieldError(f"axis {name!r} has the point {label} twice")
        seen.add(label)
    return tuple(points)


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str | tuple | Policy):
        return value
    raise FieldError(f"point {value!r} must be a number, a text, True, False, None or a traffic policy")


def _choice(known: tuple[str, ...], value: Any) -> str:
    """One of a few words; None is the text "none"."""
    word = "none" if value is None else value
    if word not in known:
        raise UnknownNameError.of("choice", word, known)
    return str(word)


def _rewrites(value: Any) -> tuple[rewrites.Rewrite, ...]:
    """None, a rewrite, its name or several of them, as a tuple."""
    several = () if value is None else tuple(value) if isinstance(value, tuple | list) else (value,)
    several = tuple(_classes()[_snake(one)]() if isinstance(one, str) and _snake(one) in _classes() else one for one in several)
    if wrong := [one for one in several if not isinstance(one, rewrites.Rewrite)]:
        raise FieldError(f"point {wrong[0]!r} must be a rewrite such as cm.rewrites.FoldNorm(), its name, a tuple of them, or None")
    return several
