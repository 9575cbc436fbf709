"""`costmodel sweep`. A row a point, or a Zarr folder; after Ctrl-C what is finished, and exit code 130."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from costmodel import readers
from costmodel.cli import arguments
from costmodel.cli.shell import BUILDER_OPTIONS, app
from costmodel.cli.subjects import machine_of, network_of
from costmodel.cli.words import assignments, builder_arguments
from costmodel.cli.written import arranged, show, write


@app.command("sweep", context_settings=BUILDER_OPTIONS)
def _sweep(
    context: typer.Context,
    network: arguments.NetworkName,
    axis: Annotated[
        list[str] | None,
        typer.Option(help="What varies, may stand several times: hardware.ddr=0.5GB/s:16GB/s:log32, width_multiplier=0.25,0.5,1."),
    ] = None,
    metric: Annotated[list[str] | None, typer.Option(help="A figure of the totals, may stand several times: time_serial_s.")] = None,
    hardware: arguments.Machine = "pardhi",
    set_: arguments.Changes = None,
    traffic: Annotated[str | None, typer.Option(help="Who crosses the DDR bus: weights, compulsory, resident, tiled or fused.")] = None,
    weight_bits: arguments.WeightBits = None,
    activation_bits: arguments.ActivationBits = None,
    parameters: Annotated[str | None, typer.Option(help="Which parameters move: weights, trainable, all or folded.")] = None,
    chunks: Annotated[int | None, typer.Option(help="With --store: points of a chunk along every axis.")] = None,
    store: Annotated[str | None, typer.Option(help="Stream to this Zarr folder in constant memory; the same call goes on.")] = None,
    inputs: arguments.Inputs = None,
    values: arguments.Values = None,
    unknown: arguments.Unknown = "error",
    sort: arguments.Sort = None,
    top: arguments.Top = None,
    format: arguments.Format = "table",
    output: arguments.Output = None,
) -> None:
    """Predict NETWORK over a grid of its arguments, options, rewrites and figures of the machine: a row a point."""
    from costmodel.whatif.sweep.shell import swept

    machine = machine_of(hardware, set_, "its figures are axes: --axis hardware.ddr=...")
    given = {"traffic": traffic, "weight_bits": weight_bits, "activation_bits": activation_bits, "parameters": parameters}
    options = {name: value for name, value in given.items() if value is not None}
    axes = assignments(axis or [], "--axis")
    is_file = readers.is_file_name(network)
    subject: Any = network_of(network, context.args, inputs, values, unknown, axes) if is_file else network
    fixed = {} if is_file else builder_arguments(network, context.args)
    found = swept(subject, fixed, machine, axes, metric, chunks, store, options)
    if store is None:
        from costmodel.whatif.sweep.table import table

        show(arranged(table(found), sort, top), format, output)
    else:
        write(f"{found}\n", output)
    if note := found.attrs.get("note"):
        print(f"costmodel: {note}", file=sys.stderr)
        raise typer.Exit(130)
