"""Words of the shell as values: `--width-multiplier 0.75`, `ddr="2 GB/s"`."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterable
from typing import Any

from costmodel import zoo
from costmodel.errors import FieldError

_EXAMPLES = {"--input": "x=1,3,224,224", "--value": "sr=16000", "--size": "H=224", "--axis": "hardware.ddr=0.5GB/s:16GB/s:log32"}


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
            raise FieldError(
                f"{option} {word!r} must have a name and a value" + ("" if dashes else ", e.g. " + _EXAMPLES.get(option, 'ddr="2 GB/s"'))
            )
        if name in found:
            raise FieldError(f"{option} {name!r} is given twice")
        found[name.strip()] = value.strip()
    return found


def parted(words: Iterable[str]) -> tuple[list[str], list[str]]:
    """Names, and what stands between them of options with their values."""
    names: list[str] = []
    options: list[str] = []
    pending = iter(words)
    for word in pending:
        if word.startswith("-"):
            options += [word] if "=" in word else [word, *itertools.islice(pending, 1)]
        else:
            names.append(word)
    return names, options


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


def shapes_of(words: Iterable[str]) -> dict[str, tuple[Any, ...]]:
    """Shapes from words such as x=1,3,H,W: integers and names of symbols."""
    return {name: tuple(_size(part, name) for part in text.split(",")) for name, text in assignments(words, "--input").items()}


def _size(text: str, name: str) -> int | str:
    size = text.strip()
    if not size:
        raise FieldError(f"--input {name!r} must have a size between its commas, e.g. {name}=1,3,224,224")
    try:
        return int(size)
    except ValueError:
        return size


def sizes_of(words: Iterable[str]) -> dict[str, Any]:
    """Numbers for open sizes from words such as H=224."""
    found = {name: value_of(text) for name, text in assignments(words, "--size").items()}
    for name, size in found.items():
        if isinstance(size, bool | str) or size is None:
            raise FieldError(f"--size {name!r} (={size!r}) must be a number, e.g. {name}=224")
    return found


def numbers_of(words: Iterable[str]) -> dict[str, Any]:
    """Numbers from words such as sr=16000 or sizes=1,2,3: one number, or a list of them."""
    found: dict[str, Any] = {}
    for name, text in assignments(words, "--value").items():
        numbers = [value_of(part.strip()) for part in text.split(",")]
        if any(isinstance(number, str) or number is None for number in numbers):
            raise FieldError(f"--value {name!r} (={text!r}) must be a number, true or false, or several with commas between")
        found[name] = numbers if len(numbers) > 1 else numbers[0]
    return found
