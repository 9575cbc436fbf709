"""The networks and machines that words of the shell name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from costmodel import readers, zoo
from costmodel._num import is_open
from costmodel.api import as_hardware
from costmodel.cli.words import assignments, builder_arguments, numbers_of, shapes_of
from costmodel.errors import FieldError, SymbolicError
from costmodel.hardware import Hardware
from costmodel.layers.structure import Placeholder
from costmodel.network import Network


def network_of(
    name: str, extra: list[str], inputs: list[str] | None = None, values: list[str] | None = None, unknown: str = "error"
) -> Network:
    """A network of the zoo, with arguments of its builder, or of a file."""
    if not readers.is_file_name(name):
        if inputs or values or unknown != "error":
            raise FieldError(f"`--input`, `--value` and `--unknown` go with a model file; {name!r} is none")
        return zoo.build(name, **builder_arguments(name, extra))
    if extra:
        raise FieldError(f"{extra[0]!r} goes with a zoo network; {name!r} is a file")
    return readers.read(name, shapes_of(inputs or []), numbers_of(values or []), unknown)


def side_of(name: str, inputs: list[str] | None, values: list[str] | None, unknown: str) -> Network:
    """One of several networks: what is said of files goes to the files among them."""
    return network_of(name, [], inputs, values, unknown) if readers.is_file_name(name) else network_of(name, [])


def subject_of(name: str, extra: list[str], inputs: list[str] | None, values: list[str] | None, unknown: str) -> Any:
    """A network of a file, or the builder of one in the zoo, whose other arguments stay open to questions."""
    if readers.is_file_name(name):
        return network_of(name, extra, inputs, values, unknown)
    network_of(name, extra, inputs, values, unknown)  # says what is wrong
    return partial(zoo.builder(name), **builder_arguments(name, extra))


def machines_of(names: str, changes: list[str] | None) -> list[Hardware]:
    """Machines with commas between, each with the changes of `--set`."""
    changed = assignments(changes or [], "--set")
    machines = [as_hardware(name.strip()) for name in names.split(",") if name.strip()]
    if not machines:
        raise FieldError(f"`--hardware` (={names!r}) names no machine")
    return [machine.replace(**changed) if changed else machine for machine in machines]


def machine_of(names: str, changes: list[str] | None) -> Hardware:
    """The one machine that is named."""
    machines = machines_of(names, changes)
    if len(machines) > 1:
        raise FieldError(f"`--hardware` (={names!r}) must name one machine here")
    return machines[0]


@contextmanager
def numbers_for(*networks: Network) -> Iterator[None]:
    """What needs plain numbers says how the shell gives them to the inputs of a file."""
    try:
        yield
    except SymbolicError as error:
        nodes = [node for network in networks for node in network.nodes.values() if isinstance(node.layer, Placeholder)]
        shapes = {node.name: node.output_shapes[0] for node in nodes if any(map(is_open, node.output_shapes[0]))}
        if not shapes:
            raise
        names = sorted({symbol.name for shape in shapes.values() for size in shape for symbol in getattr(size, "free_symbols", ())})
        options = " ".join(f'--input "{name}={",".join(map(str, shape))}"' for name, shape in shapes.items())
        reason = str(error).partition(";")[0]
        raise SymbolicError(f"{reason}; give the sizes that are open: {options} with numbers for {', '.join(names)}") from None
