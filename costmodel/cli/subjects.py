"""The networks and machines that words of the shell name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from costmodel import readers, zoo
from costmodel._num import is_open
from costmodel.api import as_hardware
from costmodel.cli.words import assignments, builder_arguments, numbers_of, shapes_of
from costmodel.errors import CostModelError, FieldError, SymbolicError
from costmodel.hardware import Hardware
from costmodel.layers import Shape
from costmodel.layers.structure import Placeholder
from costmodel.network import Network


def network_of(
    name: str,
    extra: list[str],
    inputs: list[str] | None = None,
    values: list[str] | None = None,
    unknown: str = "error",
    axes: Iterable[str] = (),
) -> Network:
    """A network of the zoo, with arguments of its builder, or of a file, whose open sizes are numbers, named in `--input` or axes."""
    if not readers.is_file_name(name):
        if inputs or values or unknown != "error":
            raise FieldError(f"`--input`, `--value` and `--unknown` go with a model file; {name!r} is none")
        return zoo.build(name, **builder_arguments(name, extra))
    if extra:
        raise FieldError(f"{extra[0]!r} goes with a zoo network; {name!r} is a file")
    shapes, numbers = shapes_of(inputs or []), numbers_of(values or [])
    network = readers.read(name, shapes, numbers, unknown)
    words = " ".join(str(size) for shape in shapes.values() for size in shape)
    named = {*axes, *re.findall(r"[^\W\d]\w*", words)}
    if name.endswith(".json") or not _unnamed(network, named):
        return network
    if batch := _batch(network) - named:
        sizes = {input_: tuple([1 if str(size) in batch else size for size in shape]) for input_, shape in _open_shapes(network).items()}
        said = [f"{size} = 1, as the file leaves the batch open" for size in sorted(batch)]
        read = readers.read(name, shapes | sizes, numbers, unknown)
        network = Network(read.name, read.nodes.values(), read.outputs, (*read.assumptions, *said))
    if left := _unnamed(network, named):
        raise FieldError(f"{name!r} leaves sizes open: {_asking(network)} with numbers for {', '.join(left)}, or as it stands for formulas")
    return network


def _unnamed(network: Network, named: set[str]) -> list[str]:
    """The sizes of its inputs that a network leaves open and that nobody named."""
    sizes = (size for shape in _open_shapes(network).values() for size in shape)
    return sorted({symbol.name for size in sizes for symbol in getattr(size, "free_symbols", ())} - named)


def _batch(network: Network) -> set[str]:
    """The open sizes that are called a batch; else those that come first, where others follow."""
    shapes = _open_shapes(network).values()
    called = {str(size) for shape in shapes for size in shape if is_open(size) and "batch" in str(size).lower()}
    return called or {str(shape[0]) for shape in shapes if len(shape) > 1 and getattr(shape[0], "is_Symbol", False)}


def _open_shapes(network: Network) -> dict[str, Shape]:
    """The shapes of inputs that hold an open size, by name."""
    nodes = [node for node in network.nodes.values() if isinstance(node.layer, Placeholder)]
    return {node.name: node.output_shapes[0] for node in nodes if any(map(is_open, node.output_shapes[0]))}


def _asking(*networks: Network) -> str:
    """The options that would give inputs their shapes."""
    shapes = [pair for network in networks for pair in _open_shapes(network).items()]
    return "give " + " ".join(f'--input "{name}={",".join(map(str, shape))}"' for name, shape in shapes)


def sides_of(names: list[str], extra: list[str], inputs: list[str] | None, values: list[str] | None, unknown: str) -> list[Network]:
    """Several networks: what is said of an input goes to the files that have it, arguments of builders to all that are no files."""
    files = [name for name in names if readers.is_file_name(name)]
    if extra and files == names:
        raise FieldError(f"{extra[0]!r} goes with a zoo network; {', '.join(map(repr, names))} are files")
    has = {name: _inputs_of(name, unknown) for name in files} if len(files) > 1 and (inputs or values) else {}
    known = set().union(*has.values())

    def meant(name: str, words: list[str] | None) -> list[str]:
        own = has.get(name)
        return [word for word in words or [] if not own or (said := word.partition("=")[0].strip()) in own or said not in known]

    return [
        network_of(name, [], meant(name, inputs), meant(name, values), unknown) if name in files else network_of(name, extra)
        for name in names
    ]


def _inputs_of(name: str, unknown: str) -> set[str]:
    """The inputs of a file; none where it can't be read without being told more of them."""
    try:
        return {node.name for node in readers.read(name, unknown=unknown).nodes.values() if isinstance(node.layer, Placeholder)}
    except CostModelError:
        return set()


def subject_of(
    name: str, extra: list[str], inputs: list[str] | None, values: list[str] | None, unknown: str, axes: Iterable[str] = ()
) -> Any:
    """A network of a file, or the builder of one in the zoo, whose other arguments stay open to questions."""
    if readers.is_file_name(name):
        return network_of(name, extra, inputs, values, unknown, axes)
    network_of(name, extra, inputs, values, unknown)  # says what is wrong
    return partial(zoo.builder(name), **builder_arguments(name, extra))


def networks_of(subject: Any) -> list[Network]:
    """The subject where it is a network, and no builder."""
    return [subject] if isinstance(subject, Network) else []


def machines_of(names: str, changes: list[str] | None) -> list[Hardware]:
    """Machines with commas between, each with the changes of `--set`."""
    changed = assignments(changes or [], "--set")
    machines = [as_hardware(name.strip()) for name in names.split(",") if name.strip()]
    if not machines:
        raise FieldError(f"`--hardware` (={names!r}) names no machine")
    return [machine.replace(**changed) if changed else machine for machine in machines]


def machine_of(names: str, changes: list[str] | None, why: str) -> Hardware:
    """The one machine that is named; where there are several the error says why not."""
    machine, *others = machines_of(names, changes)
    if others:
        raise FieldError(f"`--hardware` (={names!r}) must name one machine; {why}")
    return machine


@contextmanager
def numbers_for(*networks: Network, but: Iterable[str] = ()) -> Iterator[None]:
    """What needs plain numbers says how the shell gives them to the inputs of a file."""
    try:
        yield
    except SymbolicError as error:
        left = sorted({size for network in networks for size in _unnamed(network, set(but))})
        if not left:
            raise
        reason = str(error).partition(";")[0]
        raise SymbolicError(f"{reason}; {_asking(*networks)} with numbers for {', '.join(left)}") from None
