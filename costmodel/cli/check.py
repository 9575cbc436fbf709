"""`costmodel check`. Exit code 0 where every limit is kept, 1 where one is exceeded, 2 where the question is wrong."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from costmodel.cli import arguments
from costmodel.cli.shell import BUILDER_OPTIONS, app
from costmodel.cli.subjects import machine_of, network_of, numbers_for
from costmodel.cli.written import write


@app.command("check", context_settings=BUILDER_OPTIONS)
def _check(
    context: typer.Context,
    network: arguments.NetworkName,
    budget: Annotated[Path, typer.Option("--budget", "-b", help="The limits, as TOML.")],
    baseline: Annotated[Path | None, typer.Option(help="The JSON of an older prediction, in place of the budget's.")] = None,
    inputs: arguments.Inputs = None,
    values: arguments.Values = None,
    unknown: arguments.Unknown = "error",
    hardware: Annotated[str | None, typer.Option("--hardware", "-m", help="NAME or FILE.toml, in place of the budget's.")] = None,
    set_: arguments.Changes = None,
    traffic: Annotated[str | None, typer.Option(help="Who crosses the DDR bus, in place of the budget's.")] = None,
    weight_bits: arguments.WeightBits = None,
    activation_bits: arguments.ActivationBits = None,
    format: Annotated[str, typer.Option("--format", "-f", help="text, json, junit or github; markdown, latex, csv or html.")] = "text",
    output: arguments.Output = None,
) -> None:
    """Check NETWORK against a budget. Exit code 0: all limits kept; 1: one is exceeded; 2: the budget or the network can't be read."""
    from costmodel.budgets import Budget, check

    plan = Budget.of(budget)
    machine_name = str(plan.settings.get("hardware", "pardhi")) if hardware is None else hardware
    machine = machine_of(machine_name, set_, "a budget is checked on one")
    given = {"traffic": traffic, "weight_bits": weight_bits, "activation_bits": activation_bits}
    built = network_of(network, context.args, inputs, values, unknown)
    with numbers_for(built):
        report = check(
            built, plan, machine, baseline=baseline, **{name: value for name, value in given.items() if value is not None}
        )  # fmt: skip
    write(report.render(format), output)
    if output is not None and not report.passed:
        print(report.verdict, file=sys.stderr)
    if not report.passed:
        raise typer.Exit(1)
