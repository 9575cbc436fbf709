"""Texts from the shell as arguments: `--width-multiplier 0.75`, `ddr="2 GB/s"`."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any

from costmodel import zoo
from costmodel.errors import FieldError


def assignments(words: Iterable[str], option: str, dashes: bool = False) -> dict[str, str]:
    """Pairs of names and values: `name=value`, or with `dashes` `--name value` and `--name=value`."""
    found: dict[str, str] = {}
    pending = iter(words)
    for word in pending:
        name, equals, value = word.partition("=")
        if dashes:
            if not name.startswith("--"):
                raise FieldError(f"unexpected argument {word!r}")
            name = name[2:].replace("-", "_")
            if not equals:
                value = next(pending, "")
                equals = "=" if value else ""
        if not equals or not name:
            raise FieldError(f"{option} {word!r} must have a name and a value" + ("" if dashes else ', e.g. ddr="2 GB/s"'))
        if name in found:
            raise FieldError(f"{option} {name!r} is given twice")
        found[name.strip()] = value.strip()
    return found


def value_of(text: str) -> Any:
    """A word of the shell as a number, a truth value or a text."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return {"true": True, "false": False, "none": None}.get(text.lower(), text)


def builder_arguments(network: str, words: Iterable[str]) -> dict[str, Any]:
    """The arguments of a zoo network's builder from words such as --width-multiplier 0.75."""
    known = inspect.signature(zoo.builder(network)).parameters
    given = assignments(words, "option", dashes=True)
    for name in given:
        if name not in known:
            options = ", ".join("--" + k.replace("_", "-") for k in known)
            raise FieldError(f"there is no option --{name.replace('_', '-')}; network {network!r} takes {options}")
    return {name: value_of(text) for name, text in given.items()}
