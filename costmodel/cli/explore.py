"""`costmodel explore`, a page whose figures follow its sliders."""

from __future__ import annotations

from typing import Annotated

import typer

from costmodel import readers
from costmodel.cli import arguments
from costmodel.cli.shell import BUILDER_OPTIONS, app
from costmodel.cli.subjects import machine_of, network_of
from costmodel.cli.words import assignments, builder_arguments, value_of
from costmodel.cli.written import write
from costmodel.errors import FieldError


@app.command("explore", context_settings=BUILDER_OPTIONS)
def _explore(
    context: typer.Context,
    network: arguments.NetworkName,
    inputs: arguments.Inputs = None,
    values: arguments.Values = None,
    unknown: arguments.Unknown = "error",
    at: Annotated[list[str] | None, typer.Option(help="Where an open size of a file begins: --at H=224.")] = None,
    hardware: Annotated[str, typer.Option("--hardware", "-m", help="NAME or FILE.toml: where the machine's figures begin.")] = "pardhi",
    set_: arguments.Changes = None,
    traffic: Annotated[
        str, typer.Option(help="The policy to begin with: resident, compulsory, weights or weights_round_trip.")
    ] = "resident",
    output: arguments.Output = None,
) -> None:
    """Write a page with sliders for NETWORK and machine, which works offline. A zoo network's arguments say where it begins."""
    from costmodel.report.explore import explorer

    machine = machine_of(hardware, set_, "the page begins with one")
    begin = {name: value_of(text) for name, text in assignments(at or [], "--at").items()}
    if readers.is_file_name(network):
        built = network_of(network, context.args, inputs, values, unknown, begin)
        if left := sorted({symbol.name for symbol in built.symbols} - begin.keys()):
            where = " ".join(f"--at {name}=224" for name in left)
            raise FieldError(f"{network!r} leaves sizes open; say where the page begins, e.g. {where}")
        text = explorer(built, machine, traffic=traffic, at=begin)
    else:
        if inputs or values or unknown != "error":
            network_of(network, [], inputs, values, unknown)
        text = explorer(network, machine, traffic=traffic, at=begin, **builder_arguments(network, context.args))
    write(text, output)
