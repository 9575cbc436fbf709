"""The shell: `costmodel check`. Exit code 0 where every limit is kept, 1 where one is exceeded, 2 where the question is wrong."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from costmodel import cli
from costmodel.errors import FieldError


@cli.app.command("check", context_settings=cli._BUILDER_OPTIONS)
def _check(
    context: typer.Context,
    network: cli.NetworkName,
    budget: Annotated[Path, typer.Option("--budget", "-b", help="The limits, as TOML.")],
    baseline: Annotated[Path | None, typer.Option(help="The JSON of an older prediction, in place of the budget's.")] = None,
    inputs: cli.Inputs = None,
    values: cli.Values = None,
    unknown: cli.Unknown = "error",
    hardware: Annotated[str | None, typer.Option("--hardware", "-m", help="NAME or FILE.toml, in place of the budget's.")] = None,
    set_: cli.Changes = None,
    traffic: Annotated[str | None, typer.Option(help="Who crosses the DDR bus, in place of the budget's.")] = None,
    weight_bits: Annotated[int | None, typer.Option(help="Width of weights.")] = None,
    activation_bits: Annotated[int | None, typer.Option(help="Width of feature maps.")] = None,
    format: Annotated[str, typer.Option("--format", "-f", help="text, json, junit or github.")] = "text",
    output: cli.Output = None,
) -> None:
    """Check NETWORK against a budget. Exit code 0: all limits kept; 1: one is exceeded; 2: the budget or the network can't be read."""
    from costmodel.budgets import Budget, check

    plan = Budget.of(budget)
    machine = hardware if hardware is not None else str(plan.settings.get("hardware", "pardhi"))
    (machine_found, *others) = cli._machines(machine, set_)
    if others:
        raise FieldError(f"`--hardware` (={machine!r}) names several machines; a budget is checked on one")
    given = {"traffic": traffic, "weight_bits": weight_bits, "activation_bits": activation_bits}
    built = cli._network(network, context.args, inputs, values, unknown)
    with cli._numbers_for(built):
        report = check(
            built, plan, machine_found, baseline=baseline, **{name: value for name, value in given.items() if value is not None}
        )  # fmt: skip
    cli._write(report.render(format), output)
    if output is not None and not report.passed:
        print(report.verdict, file=sys.stderr)
    if not report.passed:
        raise typer.Exit(1)
