"""The application that the commands join, and what runs it: bad input ends with one message and exit code 2."""

from __future__ import annotations

import io
import sys
from typing import Annotated

from costmodel import __version__
from costmodel.errors import CostModelError, MissingExtraError

try:
    import typer
except ImportError:
    raise MissingExtraError.of("typer", "cli", "the shell command") from None

app: typer.Typer = typer.Typer(
    help="Predict what a neural network costs on a machine.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    rich_markup_mode=None,
)  # fmt: skip

BUILDER_OPTIONS: dict[str, bool] = {"allow_extra_args": True, "ignore_unknown_options": True}
"""Of commands that pass options on to the builder of a zoo network."""


def main() -> None:
    """Run the shell command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that knows no µ shows ? rather than a traceback
    try:
        app(prog_name="costmodel")
    except CostModelError as error:
        print(f"costmodel: {error}", file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        print(f"costmodel: {error.strerror or error}" + (f": {error.filename}" if error.filename else ""), file=sys.stderr)
        sys.exit(2)


@app.callback(invoke_without_command=True)
def _options(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        print(__version__)
        raise typer.Exit
