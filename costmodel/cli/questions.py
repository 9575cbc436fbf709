"""`costmodel solve`, `costmodel sensitivity` and `costmodel reconcile`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from costmodel.cli import arguments
from costmodel.cli.shell import BUILDER_OPTIONS, app
from costmodel.cli.subjects import machine_of, network_of, networks_of, numbers_for, subject_of
from costmodel.cli.words import sizes_of, value_of
from costmodel.cli.written import arranged, show, tell
from costmodel.errors import FieldError
from costmodel.network import Network
from costmodel.network.rewrites import Sizes

_ONE = "a question is asked of one"


@app.command("solve", context_settings=BUILDER_OPTIONS)
def _solve(
    context: typer.Context,
    network: arguments.NetworkName,
    condition: Annotated[str, typer.Argument(help='What must hold: "time_serial_s <= 5 ms and fits_sram".')],
    for_: Annotated[
        list[str], typer.Option("--for", help="hardware.ddr, hardware.sram, width_multiplier, resolution, ...; twice for an iso-line.")
    ],
    goal: Annotated[str | None, typer.Option(help="smallest or largest.")] = None,
    lattice: Annotated[str | None, typer.Option(help="Values to try of an argument, separated by commas.")] = None,
    at: Annotated[str | None, typer.Option(help="Of an iso-line the values of the first variable: 2GB/s,4GB/s or 1GB/s:9GB/s:5.")] = None,
    hardware: arguments.Machine = "pardhi",
    set_: arguments.Changes = None,
    traffic: arguments.Traffic = "resident",
    weight_bits: arguments.WeightBits = None,
    activation_bits: arguments.ActivationBits = None,
    size: arguments.Sizes = None,
    inputs: arguments.Inputs = None,
    values: arguments.Values = None,
    unknown: arguments.Unknown = "error",
    format: arguments.Format = "table",
    output: arguments.Output = None,
) -> None:
    """Turn the question round: which bandwidth, how much SRAM, which width keeps a condition. Exit code 1 where none does."""
    from costmodel.whatif.solve import solve

    sizes = sizes_of(size or [])
    subject = subject_of(network, context.args, inputs, values, unknown, [*for_, *sizes])
    with numbers_for(*networks_of(subject), but=for_):
        found = solve(
            subject, machine_of(hardware, set_, _ONE), condition, for_, goal=goal, lattice=_list_of_numbers(lattice, "--lattice"), at=at,
            sizes=sizes, traffic=traffic, weight_bits=weight_bits, activation_bits=activation_bits,
        )  # fmt: skip
    tell(found, format, output)
    if not getattr(found, "feasible", True):
        raise typer.Exit(1)


@app.command("sensitivity", context_settings=BUILDER_OPTIONS)
def _sensitivity(
    context: typer.Context,
    network: arguments.NetworkName,
    metric: Annotated[str, typer.Option(help="time_serial_s, time_overlapped_s, energy_j, ddr_bytes, ...")] = "time_serial_s",
    factor: Annotated[float, typer.Option(help="By which variables grow and shrink.")] = 2,
    helps: Annotated[bool, typer.Option("--helps", help="Rank single changes of machine, compiler and network by their gain.")] = False,
    hardware: arguments.Machine = "pardhi",
    set_: arguments.Changes = None,
    traffic: arguments.Traffic = "resident",
    weight_bits: arguments.WeightBits = None,
    activation_bits: arguments.ActivationBits = None,
    top: arguments.Top = None,
    size: arguments.Sizes = None,
    inputs: arguments.Inputs = None,
    values: arguments.Values = None,
    unknown: arguments.Unknown = "error",
    format: arguments.Format = "table",
    output: arguments.Output = None,
) -> None:
    """What moves a figure of NETWORK, and how much: elasticities and swings by every variable, the widest first."""
    sizes = sizes_of(size or [])
    subject, machine = subject_of(network, context.args, inputs, values, unknown, sizes), machine_of(hardware, set_, _ONE)
    options: dict[str, Any] = {"traffic": traffic, "weight_bits": weight_bits, "activation_bits": activation_bits}
    if helps:
        from costmodel.whatif.moves import what_helps

        subject = subject.rewrite(Sizes(sizes)) if sizes and isinstance(subject, Network) else subject
        with numbers_for(*networks_of(subject)):
            return show(arranged(what_helps(subject, machine, metric, **options), None, top), format, output)
    from costmodel.whatif.sensitivity import sensitivity

    with numbers_for(*networks_of(subject)):
        found = sensitivity(subject, machine, metric, factor=factor, sizes=sizes, **options)
    show(arranged(found.table(metric), None, top), format, output)


def _list_of_numbers(text: str | None, option: str) -> list[Any] | None:
    """Numbers with commas between."""
    if text is None:
        return None
    found = [value_of(part.strip()) for part in text.split(",") if part.strip()]
    if not found or any(isinstance(number, bool | str) or number is None for number in found):
        raise FieldError(f"{option} (={text!r}) must be numbers with commas between")
    return found


@app.command("reconcile", context_settings=BUILDER_OPTIONS)
def _reconcile(
    context: typer.Context,
    network: arguments.NetworkName,
    claimed: Annotated[str | None, typer.Option(help="A figure to explain: 4.1G, 569M, 4089184256.")] = None,
    function: Annotated[
        list[str] | None, typer.Option(help="A layer, or a kind of layer, that the model calls as a function of torch; may stand twice.")
    ] = None,
    inputs: arguments.Inputs = None,
    values: arguments.Values = None,
    unknown: arguments.Unknown = "error",
    format: arguments.Format = "table",
    output: arguments.Output = None,
) -> None:
    """Explain what torchinfo, ptflops, fvcore, thop, torch, calflops and onnx-tool would print, and why they differ."""
    from costmodel.counters import reconcile

    read = network_of(network, context.args, inputs, values, unknown)
    show(reconcile(read, functions=tuple(function or ()), claimed=claimed), format, output)
