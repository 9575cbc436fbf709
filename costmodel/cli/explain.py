"""`costmodel explain`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from costmodel.api import predict
from costmodel.cli import arguments
from costmodel.cli.shell import BUILDER_OPTIONS, app
from costmodel.cli.subjects import machine_of, network_of, numbers_for
from costmodel.cli.written import show, write
from costmodel.errors import UnknownNameError

_FORMATS = {"text": "to_text", "markdown": "to_markdown", "latex": "to_latex"}
_TABLES = ("table", "csv", "html")


@app.command("explain", context_settings=BUILDER_OPTIONS)
def _explain(
    context: typer.Context,
    network: arguments.NetworkName,
    layer: Annotated[str | None, typer.Argument(help="A layer; without one, the totals.")] = None,
    figure: Annotated[str | None, typer.Option(help="Only this figure: macs, ddr_bytes, time_serial_s, ...")] = None,
    inputs: arguments.Inputs = None,
    values: arguments.Values = None,
    unknown: arguments.Unknown = "error",
    hardware: arguments.Machine = "pardhi",
    set_: arguments.Changes = None,
    traffic: arguments.Traffic = "resident",
    order: arguments.Order = "given",
    weight_bits: arguments.WeightBits = None,
    activation_bits: arguments.ActivationBits = None,
    parameters: arguments.Parameters = "weights",
    format: Annotated[
        str, typer.Option("--format", "-f", help="text, markdown, latex or json; a row a figure: table, csv or html.")
    ] = "text",
    output: arguments.Output = None,
) -> None:
    """Tell how each figure of a LAYER came about: formula, values, result, source."""
    if format not in (known := (*_FORMATS, "json", *_TABLES)):
        raise UnknownNameError.of("format of an explanation", format, known)
    extra = list(context.args)
    if layer is not None and layer.startswith("--"):  # an option of the network's builder where a layer might stand
        extra, layer = [layer, *extra], None
    machine = machine_of(hardware, set_, "one prediction is explained")
    built = network_of(network, extra, inputs, values, unknown)
    prediction = predict(
        built, machine, traffic=traffic, order=order, weight_bits=weight_bits, activation_bits=activation_bits, parameters=parameters
    )  # fmt: skip
    explanation = prediction.explain(layer)
    told: Any = explanation if figure is None else explanation[figure]
    if format == "json":
        from costmodel.tables.table import to_json

        with numbers_for(built):
            return write(to_json(told.to_dict()), output)
    if format in _TABLES:
        return show(told.table(exact=format == "csv"), format, output)
    write(getattr(told, _FORMATS[format])(), output)
