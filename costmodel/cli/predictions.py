"""`costmodel predict` and `costmodel compare`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from costmodel import zoo
from costmodel.api import predict
from costmodel.cli import arguments
from costmodel.cli.shell import BUILDER_OPTIONS, app
from costmodel.cli.subjects import machines_of, network_of, numbers_for, sides_of
from costmodel.cli.words import parted
from costmodel.cli.written import arranged, show, write
from costmodel.errors import FieldError


@app.command("predict", context_settings=BUILDER_OPTIONS)
def _predict(
    context: typer.Context,
    network: arguments.NetworkName,
    inputs: arguments.Inputs = None,
    values: arguments.Values = None,
    unknown: arguments.Unknown = "error",
    hardware: arguments.Machines = "pardhi",
    set_: arguments.Changes = None,
    traffic: Annotated[
        str, typer.Option(help="Who crosses the DDR bus: weights, compulsory, resident, residency, tiled or fused.")
    ] = "resident",
    order: arguments.Order = "given",
    round_trip: Annotated[bool, typer.Option("--round-trip", help="With --traffic weights: weights move back too.")] = False,
    steady_state: Annotated[
        bool,
        typer.Option("--steady-state", help="With --traffic resident or residency: weights that fit stay from inference to inference."),
    ] = False,
    time_limit_s: Annotated[float | None, typer.Option(help="With --traffic fused: seconds for the search; 60 by default.")] = None,
    weight_prefetch: Annotated[
        bool, typer.Option("--weight-prefetch", help="The next layer's weights come while the bus is idle, where they fit.")
    ] = False,
    fuse_epilogues: arguments.FuseEpilogues = True,
    weight_bits: arguments.WeightBits = None,
    activation_bits: arguments.ActivationBits = None,
    accumulator_bits: arguments.AccumulatorBits = None,
    parameters: arguments.Parameters = "weights",
    rows: Annotated[
        str, typer.Option(help="fused: one row a step; all: one row a node; type, stage or block: shares of the total.")
    ] = "fused",
    sort: arguments.Sort = None,
    top: arguments.Top = None,
    format: arguments.Format = "table",
    output: arguments.Output = None,
) -> None:
    """Predict NETWORK on a machine. A zoo network's own arguments are options too: --width-multiplier 0.75 --resolution 160."""
    from costmodel.prediction.shares import GROUPINGS
    from costmodel.prediction.views import summary

    built = network_of(network, context.args, inputs, values, unknown)
    options: dict[str, Any] = {"round_trip": True} if round_trip else {}
    options |= {"steady_state": True} if steady_state else {}
    options |= {"time_limit_s": time_limit_s} if time_limit_s is not None else {}
    predictions = [
        predict(
            built, machine, traffic=traffic, order=order, fuse_epilogues=fuse_epilogues, weight_bits=weight_bits,
            activation_bits=activation_bits, accumulator_bits=accumulator_bits, parameters=parameters,
            weight_prefetch=weight_prefetch, **options,
        )
        for machine in machines_of(hardware, set_)
    ]  # fmt: skip
    if len(predictions) > 1:
        if rows != "fused":
            raise FieldError(f"`--rows` (={rows!r}) goes with one machine; several stand side by side, a row each")
        if format == "json":
            from costmodel.tables.table import to_json

            with numbers_for(built):
                return write(to_json([p.to_dict() for p in predictions]), output)
        table = summary(predictions, f"{built.name}, machines side by side", exact=format == "csv")
        return show(arranged(table, sort, top), format, output)
    (prediction,) = predictions
    if rows in GROUPINGS:
        return show(arranged(prediction.shares(rows), sort, top), format, output)
    if format == "json":
        with numbers_for(built):
            return write(prediction.to_json(), output)
    if format in ("html", "markdown") and rows == "fused":
        from costmodel.report.documents import markdown, page

        return write((page if format == "html" else markdown)(prediction, layers=arranged(prediction.table(), sort, top)), output)
    return show(arranged(prediction.table(rows=rows, exact=format == "csv"), sort, top), format, output)


@app.command("compare", context_settings=BUILDER_OPTIONS)
def _compare(
    context: typer.Context,
    networks: Annotated[list[str] | None, typer.Argument(help="Networks to set side by side.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="All networks of the zoo.")] = False,
    inputs: arguments.Inputs = None,
    values: arguments.Values = None,
    unknown: arguments.Unknown = "error",
    hardware: arguments.Machines = "pardhi",
    set_: arguments.Changes = None,
    traffic: arguments.Traffic = "resident",
    weight_bits: arguments.WeightBits = None,
    activation_bits: arguments.ActivationBits = None,
    by: Annotated[str | None, typer.Option(help="Of two: a row a layer, kind, stage or block, and where the difference lies.")] = None,
    diff: Annotated[bool, typer.Option("--diff", help="Of two: what changes, by figure and by layer.")] = False,
    sort: arguments.Sort = None,
    top: arguments.Top = None,
    format: arguments.Format = "table",
    output: arguments.Output = None,
) -> None:
    """Set networks, and machines, side by side: one row each; two of them part by part with --by. Options of builders go to all of them."""
    from costmodel.prediction.views import summary

    names, extra = parted([*(networks or []), *context.args])
    names += sorted(zoo.NETWORKS) if all_ else []
    if not names:
        raise FieldError("compare needs a network; give zoo names, files or --all")
    machines = machines_of(hardware, set_)
    built = sides_of(names, extra, inputs, values, unknown)
    predictions = [
        predict(network, machine, traffic=traffic, weight_bits=weight_bits, activation_bits=activation_bits)
        for network in built
        for machine in machines
    ]
    with numbers_for(*built):
        if diff:
            from costmodel.report.difference import of_two

            return write(of_two(predictions).render(format), output)
        if by is None:
            return show(arranged(summary(predictions, "side by side", exact=format in ("csv", "json")), sort, top), format, output)
        if len(predictions) != 2:
            raise FieldError(f"`--by` sets two against each other: two networks, or one on two machines; these are {len(predictions)}")
        from costmodel.whatif.compare import compare_by

        show(arranged(compare_by(predictions[0], predictions[1], by), sort, top), format, output)
