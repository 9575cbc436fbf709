"""The shell: `costmodel explain`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from costmodel import cli
from costmodel.api import predict
from costmodel.errors import FieldError, UnknownNameError

_FORMATS = {"text": "to_text", "markdown": "to_markdown", "latex": "to_latex"}


@cli.app.command("explain", context_settings=cli._BUILDER_OPTIONS)
def _explain(
    context: typer.Context,
    network: cli.NetworkName,
    layer: Annotated[str | None, typer.Argument(help="A layer; without one, the totals.")] = None,
    figure: Annotated[str | None, typer.Option(help="Only this figure: macs, ddr_bytes, time_serial_s, ...")] = None,
    inputs: cli.Inputs = None,
    values: cli.Values = None,
    unknown: cli.Unknown = "error",
    hardware: Annotated[str, typer.Option("--hardware", "-m", help="NAME or FILE.toml.")] = "pardhi",
    set_: cli.Changes = None,
    traffic: Annotated[str, typer.Option(help="Who crosses the DDR bus.")] = "resident",
    order: Annotated[str, typer.Option(help="given: as the network stands; best: the order of least peak.")] = "given",
    weight_bits: Annotated[int | None, typer.Option(help="Width of weights.")] = None,
    activation_bits: Annotated[int | None, typer.Option(help="Width of feature maps.")] = None,
    parameters: Annotated[str, typer.Option(help="Which parameters move: weights, trainable, all or folded.")] = "weights",
    format: Annotated[str, typer.Option("--format", "-f", help="text, markdown, latex or json.")] = "text",
    output: cli.Output = None,
) -> None:
    """Tell how each figure of a LAYER came about: formula, values, result, source."""
    if format not in (*_FORMATS, "json"):
        raise UnknownNameError.of("format of an explanation", format, (*_FORMATS, "json"))
    extra = list(context.args)
    if layer is not None and layer.startswith("--"):  # an option of the network's builder where a layer might stand
        extra, layer = [layer, *extra], None
    machine, *others = cli._machines(hardware, set_)
    if others:
        raise FieldError(f"`--hardware` (={hardware!r}) names several machines; one prediction is explained")
    built = cli._network(network, extra, inputs, values, unknown)
    prediction = predict(
        built, machine, traffic=traffic, order=order, weight_bits=weight_bits, activation_bits=activation_bits, parameters=parameters
    )  # fmt: skip
    explanation = prediction.explain(layer)
    told: Any = explanation if figure is None else explanation[figure]
    if format == "json":
        from costmodel.tables.table import to_json

        with cli._numbers_for(built):
            return cli._write(to_json(told.to_dict()), output)
    cli._write(getattr(told, _FORMATS[format])(), output)
