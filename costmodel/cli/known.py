"""`costmodel list`, `costmodel formula` and `costmodel published`: what is known without a question."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from costmodel.cli import arguments
from costmodel.cli.shell import BUILDER_OPTIONS, app
from costmodel.cli.words import assignments, value_of
from costmodel.cli.written import show, write


@app.command("list")
def _list(
    what: Annotated[str, typer.Argument(help="networks, hardware, layers, formulas, published or tools.")],
    format: arguments.Format = "table",
    output: arguments.Output = None,
) -> None:
    """List what is known."""
    from costmodel.listing import listing

    show(listing(what), format, output)


@app.command("formula", context_settings=BUILDER_OPTIONS)
def _formula(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="conv for a convolution flavour, or a zoo network.")],
    flavour: Annotated[str, typer.Option(help="standard, spatially_separable, depthwise_separable, ...")] = "standard",
    metric: Annotated[str, typer.Option(help="macs, weights, trainable, ddr_bytes, time_serial_s, ...")] = "macs",
    format: Annotated[str, typer.Option("--format", "-f", help="text, latex or python; table, markdown, csv, json or html.")] = "text",
    output: arguments.Output = None,
) -> None:
    """Print a closed form, derived from the layers."""
    from costmodel.whatif.formula import formula

    options = {k: value_of(v) for k, v in assignments(context.args, "option", dashes=True).items()}
    if name == "conv" or flavour != "standard":
        options["flavour"] = flavour
    form = formula(name, metric=metric, **options)
    write(form.render(format).rstrip("\n") + "\n", output)
    if form.conditions:
        print("where " + ", ".join(form.conditions), file=sys.stderr)


@app.command("published")
def _published(
    name: Annotated[
        str | None, typer.Argument(help="A document: baiev, bobiev, pardhi or slides. Without a name the figures of all papers.")
    ] = None,
    corrections: Annotated[str | None, typer.Option(help="Recompute the tables with errata corrected: none, all, or E1,E3.")] = None,
    view: Annotated[str | None, typer.Option(help="One of the views that `costmodel list published` shows.")] = None,
    format: arguments.Format = "table",
    output: arguments.Output = None,
) -> None:
    """Reproduce a document's tables from the network, and show where they break their own rules."""
    from costmodel import published

    tables = published.show(name, view=view, corrections=corrections, exact=format in ("csv", "json"))
    show(tables, format, output)
