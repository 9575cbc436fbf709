"""The pages of the reference that are made from the package: networks, machines, layers, formulas, the shell."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import typer

import costmodel as cm
from costmodel.cli import app
from costmodel.listing import listing
from costmodel.tables import Column, Table

PAGES: dict[str, Callable[[], str]] = {}
"""What writes each page, by the name of its file."""


def page(title: str) -> Callable[[Callable[[], Iterator[str]]], Callable[[], str]]:
    """Make a page of the blocks that a function gives."""

    def made(blocks: Callable[[], Iterator[str]]) -> Callable[[], str]:
        PAGES[blocks.__name__] = lambda: "\n\n".join((f"# {title}", inspect.getdoc(blocks) or "", *blocks())) + "\n"
        return PAGES[blocks.__name__]

    return made


def write(folder: Path) -> None:
    """Write the pages that changed."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in PAGES.items():
        path, made = folder / f"{name}.md", text()
        if not path.exists() or path.read_text(encoding="utf-8") != made:
            path.write_text(made, encoding="utf-8")


def worked_examples(thing: Any) -> list[str]:
    """The Examples section, as lines of a docstring, of a layer or a network that has none of its own."""
    if isinstance(thing, type) and thing in cm.layers.LAYERS.values():
        lines = []
        for example in thing.examples():
            inputs = ", ".join(map(str, example.inputs))
            other = ", ".join(f"{count} {step}" for step, count in example.counts.other) or "none"
            lines.append(
                f"* ``{example.layer!r}`` takes {inputs} to {example.output}: {example.counts.macs} MACs, {example.counts.all} parameters, "
                f"other operations: {other}. Source: {example.source}."
            )
    elif thing is not None and cm.zoo.NETWORKS.get(getattr(thing, "__name__", "")) is thing:
        macs = thing().macs
        lines = [">>> import costmodel as cm", f">>> cm.zoo.{thing.__name__}().macs", str(macs)]
    else:
        return []
    return ["", "Examples", "--------", *lines] if lines else []


def _modules(package: ModuleType) -> Iterator[str]:
    """The modules of a package, as sections of a page."""
    for found in pkgutil.iter_modules(package.__path__):
        if not found.name.startswith("_"):
            name = f"{package.__name__}.{found.name}"
            hidden = "\n   :exclude-members: arity, check, counts, examples, hosts_epilogues, kind, output_shape, rank, role"
            hidden = "" if package is not cm.layers else hidden if found.name != "base" else "\n   :exclude-members: Check"
            yield f"## {found.name.replace('_', ' ')}"
            yield f"```{{eval-rst}}\n.. automodule:: {name}\n   :members:{hidden}\n```"


def _plain(text: str) -> str:
    """Text of a docstring as Markdown of one line."""
    return re.sub(r"`{2}", "`", text).replace("|", r"\|").replace("<", r"\<")


@page("Networks")
def networks() -> Iterator[str]:
    """Every network of the zoo: `cm.zoo.NAME(...)` in Python, `costmodel predict NAME` in the shell. The arguments are options there.
    The page [](../../zoo.md) compares what they cost.
    """
    yield listing("networks").to_markdown()
    yield from _modules(importlib.import_module("costmodel.zoo"))


@page("Machines")
def machines() -> Iterator[str]:
    """Every machine of the catalog: `cm.Hardware.load("NAME")`, `--hardware NAME`. Each figure has its source; an estimate says so.
    How to write your own stands in [](../../my_chip.md).
    """
    for name in cm.Hardware.names():
        machine = cm.Hardware.load(name)
        yield f"## {name}"
        yield f"{_plain(machine.title)}: {machine.describe()}."
        sources = machine.provenance.items()
        yield "\n".join(f"- `{figure}`: {_plain(origin.source)}{' (estimate)' * origin.estimate}" for figure, origin in sources)


_ALIASES = """```{eval-rst}
.. automodule:: costmodel.layers
   :members: LAYERS

.. py:data:: Shape

   A tuple of sizes: batch, channels, height, width. Each is an integer or a symbol.

.. py:data:: Check

   A condition on shapes, and what to say where it is false.
```"""


@page("Layers")
def layers() -> Iterator[str]:
    """Every kind of layer. Each carries worked examples, which are its tests. Kinds that are aliases cost nothing.
    How to write your own stands in [](../../extending.md).
    """
    rows = [
        {"kind": kind, "name": f"[{layer.__name__}](#{layer.__module__}.{layer.__qualname__})", "summary": _plain(_summary(layer))}
        for kind, layer in sorted(cm.layers.LAYERS.items())
    ]
    yield Table([Column("kind", "kind"), Column("name", "class"), Column("summary", "what it is")], rows).to_markdown()
    yield _ALIASES
    yield from _modules(cm.layers)


def _summary(thing: Any) -> str:
    return (inspect.getdoc(thing) or "").partition("\n")[0]


@page("Formulas")
def formulas() -> Iterator[str]:
    """Pure functions on shapes. Each formula stands in one place and takes numbers, arrays and symbols."""
    yield listing("formulas").to_markdown()
    yield from _modules(importlib.import_module("costmodel.formulas"))


@page("Shell")
def shell() -> Iterator[str]:
    """The command `costmodel`, as `costmodel COMMAND --help` has it. Bad input ends with one message and exit code 2."""
    command: Any = typer.main.get_command(app)
    for name, one in command.commands.items():
        arguments = [_argument(p) for p in one.params if p.param_type_name == "argument"]
        yield f"## costmodel {name}"
        yield _plain(inspect.cleandoc(one.help or ""))
        yield f"```text\n{' '.join(('costmodel', name, *arguments, '[OPTIONS]'))}\n```"
        rows = [
            f"`{_argument(p) if p.param_type_name == 'argument' else ', '.join((*p.opts, *p.secondary_opts))}`\n: {_option(p)}"
            for p in one.params
        ]
        yield "\n\n".join(rows)


def _argument(parameter: Any) -> str:
    name = parameter.name.upper() + "..." * (parameter.nargs != 1)
    return name if parameter.required else f"[{name}]"


def _option(parameter: Any) -> str:
    """What an option is for, and what it is where it isn't given."""
    words = _plain(parameter.help or "")
    default = parameter.default
    if default in (None, "", False, ()) or callable(default):
        return words
    return f"{words} Default: `{'yes' if default is True else default}`."
