"""The shell: `costmodel sweep`. A row a point, or a Zarr folder; after Ctrl-C what is finished, and exit code 130."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from costmodel import cli, readers
from costmodel.errors import FieldError
from costmodel.options import assignments, builder_arguments


@cli.app.command("sweep", context_settings=cli._BUILDER_OPTIONS)
def _sweep(
    context: typer.Context,
    network: cli.NetworkName,
    axis: Annotated[
        list[str] | None,
        typer.Option(help="What varies, may stand several times: hardware.ddr=0.5GB/s:16GB/s:log32, width_multiplier=0.25,0.5,1."),
    ] = None,
    metric: Annotated[list[str] | None, typer.Option(help="A figure of the totals, may stand several times: time_serial_s.")] = None,
    hardware: Annotated[str, typer.Option("--hardware", "-m", help="The machine: NAME or FILE.toml.")] = "pardhi",
    set_: cli.Changes = None,
    traffic: Annotated[str | None, typer.Option(help="Who crosses the DDR bus: weights, compulsory, resident, tiled or fused.")] = None,
    weight_bits: Annotated[int | None, typer.Option(help="Width of weights.")] = None,
    activation_bits: Annotated[int | None, typer.Option(help="Width of feature maps.")] = None,
    parameters: Annotated[str | None, typer.Option(help="Which parameters move: weights, trainable, all or folded.")] = None,
    chunks: Annotated[int | None, typer.Option(help="With --store: points of a chunk along every axis.")] = None,
    store: Annotated[str | None, typer.Option(help="Stream to this Zarr folder in constant memory; the same call goes on.")] = None,
    inputs: cli.Inputs = None,
    values: cli.Values = None,
    unknown: cli.Unknown = "error",
    sort: Annotated[str | None, typer.Option(help="Sort the rows by a column, largest first.")] = None,
    top: Annotated[int | None, typer.Option(help="Only the first rows.")] = None,
    format: cli.Format = "table",
    output: cli.Output = None,
) -> None:
    """Predict NETWORK over a grid of its arguments, options, rewrites and figures of the machine: a row a point."""
    from costmodel.whatif.sweep.shell import swept

    machines = cli._machines(hardware, set_)
    if len(machines) > 1:
        raise FieldError(f"`--hardware` (={hardware!r}) must be one machine; its figures are axes: --axis hardware.ddr=...")
    given = {"traffic": traffic, "weight_bits": weight_bits, "activation_bits": activation_bits, "parameters": parameters}
    options = {name: value for name, value in given.items() if value is not None}
    subject: Any = cli._network(network, context.args, inputs, values, unknown) if readers.is_file_name(network) else network
    fixed = {} if readers.is_file_name(network) else builder_arguments(network, context.args)
    found = swept(subject, fixed, machines[0], assignments(axis or [], "--axis"), metric, chunks, store, options)
    if store is None:
        from costmodel.whatif.sweep.table import table

        cli._show(cli._arranged(table(found), sort, top), format, output)
    else:
        cli._write(f"{found}\n", output)
    if note := found.attrs.get("note"):
        print(f"costmodel: {note}", file=sys.stderr)
        raise typer.Exit(130)
