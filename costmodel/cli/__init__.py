"""The shell: `costmodel predict mobilenet_v1`. One topic a file; what commands share has files of its own."""

import importlib

from costmodel.cli.shell import app, main

__all__ = ["app", "main"]

for _module in ("predictions", "questions", "held", "known", "check", "explain", "explore", "measured", "sweep"):
    importlib.import_module(f"{__name__}.{_module}")  # its commands join `app`, and stand in the help in this order
