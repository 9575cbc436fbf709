"""Memory and the bus: `costmodel memory`, `costmodel fuse`, `costmodel patches` and `costmodel traffic`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from costmodel.api import fuse, memory, patches
from costmodel.cli import arguments
from costmodel.cli.shell import BUILDER_OPTIONS, app
from costmodel.cli.subjects import network_of, numbers_for
from costmodel.cli.written import arranged, show, tell, write
from costmodel.errors import FieldError


@app.command("memory", context_settings=BUILDER_OPTIONS)
def _memory(
    context: typer.Context,
    network: arguments.NetworkName,
    order: Annotated[str, typer.Option(help="best: the order of least peak; given: as the network stands.")] = "best",
    in_place: Annotated[
        str, typer.Option("--in-place", help="What may write over its input: elementwise, depthwise, depthwise_row_buffer, concat.")
    ] = "",
    activation_bits: arguments.ActivationBits = None,
    fuse_epilogues: arguments.FuseEpilogues = True,
    time_limit_s: Annotated[float, typer.Option(help="Seconds for the search of the order, and again for the arena.")] = 10.0,
    inputs: arguments.Inputs = None,
    values: arguments.Values = None,
    unknown: arguments.Unknown = "error",
    format: arguments.Format = "table",
    output: arguments.Output = None,
) -> None:
    """What NETWORK must hold: the best order, the tensors at its peak, what single changes save, an arena (csv: for MiniMalloc)."""
    names = [name.strip() for name in in_place.split(",") if name.strip()]
    built = network_of(network, context.args, inputs, values, unknown)
    with numbers_for(built):
        found = memory(
            built, order, names, activation_bits=activation_bits, fuse_epilogues=fuse_epilogues, time_limit_s=time_limit_s,
        )  # fmt: skip
    if format == "json":
        return write(found.to_json(), output)
    if format == "csv":
        return write(found.to_csv(), output)
    return show([found.table(), found.savings()], format, output)


@app.command("fuse", context_settings=BUILDER_OPTIONS)
def _fuse(
    context: typer.Context,
    network: arguments.NetworkName,
    sram: Annotated[str, typer.Option(help="The capacity.")] = "1 MiB",
    weight_bits: arguments.WeightBits = None,
    activation_bits: arguments.ActivationBits = None,
    accumulator_bits: arguments.AccumulatorBits = None,
    time_limit_s: Annotated[float, typer.Option(help="Seconds for the search.")] = 60.0,
    inputs: arguments.Inputs = None,
    values: arguments.Values = None,
    unknown: arguments.Unknown = "error",
    format: arguments.Format = "table",
    output: arguments.Output = None,
) -> None:
    """Which layers of NETWORK run together, depth first, so that the fewest bytes cross the DDR bus under a capacity."""
    built = network_of(network, context.args, inputs, values, unknown)
    with numbers_for(built):
        plan = fuse(
            built, sram, weight_bits=weight_bits, activation_bits=activation_bits, accumulator_bits=accumulator_bits,
            time_limit_s=time_limit_s,
        )  # fmt: skip
    tell(plan, format, output)


@app.command("patches", context_settings=BUILDER_OPTIONS)
def _patches(
    context: typer.Context,
    network: arguments.NetworkName,
    until: Annotated[str, typer.Option(help="The layer whose output is cut into patches.")],
    grid: Annotated[str, typer.Option(help="Patches along height and width: 4x4; 4x1 are stripes.")] = "2x2",
    weight_bits: arguments.WeightBits = None,
    activation_bits: arguments.ActivationBits = None,
    inputs: arguments.Inputs = None,
    values: arguments.Values = None,
    unknown: arguments.Unknown = "error",
    format: arguments.Format = "table",
    output: arguments.Output = None,
) -> None:
    """What the first layers of NETWORK take patch by patch: rows and MACs done again, SRAM, bytes."""
    high, _, wide = grid.lower().partition("x")
    if not (high.strip().isdecimal() and wide.strip().isdecimal()):
        raise FieldError(f"`--grid` (={grid!r}) must be patches along height and width, e.g. 4x4")
    built = network_of(network, context.args, inputs, values, unknown)
    with numbers_for(built):
        plan = patches(built, until, (int(high), int(wide)), weight_bits=weight_bits, activation_bits=activation_bits)
    tell(plan, format, output)


@app.command("traffic", context_settings=BUILDER_OPTIONS)
def _traffic(
    context: typer.Context,
    network: arguments.NetworkName,
    sram: Annotated[str, typer.Option(help="The capacity; several, separated by commas, give traffic against capacity.")] = "1 MiB",
    policy: Annotated[
        str, typer.Option(help="Who crosses the DDR bus: tiled, fused, weights, compulsory, resident or residency.")
    ] = "tiled",
    weight_bits: arguments.WeightBits = None,
    activation_bits: arguments.ActivationBits = None,
    accumulator_bits: arguments.AccumulatorBits = None,
    sort: arguments.Sort = None,
    top: arguments.Top = None,
    inputs: arguments.Inputs = None,
    values: arguments.Values = None,
    unknown: arguments.Unknown = "error",
    format: arguments.Format = "table",
    output: arguments.Output = None,
) -> None:
    """What every layer of NETWORK moves over the DDR bus under a capacity, and how it is tiled."""
    from costmodel.whatif.movement import ski_slope, traffic

    built = network_of(network, context.args, inputs, values, unknown)
    capacities = [one.strip() for one in sram.split(",") if one.strip()]
    if not capacities:
        raise FieldError(f"`--sram` (={sram!r}) names no capacity")
    widths: dict[str, Any] = {"weight_bits": weight_bits, "activation_bits": activation_bits, "accumulator_bits": accumulator_bits}
    if len(capacities) > 1 and policy != "tiled":
        raise FieldError(f"`--policy` (={policy!r}) goes with one capacity; several show the least tiled traffic")
    with numbers_for(built):
        found: Any = ski_slope(built, capacities, **widths) if len(capacities) > 1 else traffic(built, sram=sram, policy=policy, **widths)
        if format == "json":
            return write(found.to_json(), output)
    show(arranged(found.table(), sort, top), format, output)
