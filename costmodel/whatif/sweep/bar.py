"""A progress bar on the terminal, after a second, and nothing where the errors go elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from costmodel.prediction.progress import PATIENCE_S


@contextmanager
def bar(total: int, done: int = 0) -> Iterator[Callable[[], None]]:
    """A function to call whenever a part is finished."""
    shown: Any = None
    task: Any = None
    begun = time.monotonic()

    def advance() -> None:
        nonlocal shown, task, done
        done += 1
        if shown is not None:
            shown.update(task, completed=done)
        elif time.monotonic() - begun >= PATIENCE_S and sys.stderr and sys.stderr.isatty():
            try:
                from rich.console import Console
                from rich.progress import Progress
            except ImportError:
                return
            shown = Progress(console=Console(stderr=True), transient=True)
            task = shown.add_task("sweep", total=total, completed=done)
            shown.start()

    try:
        yield advance
    finally:
        if shown is not None:
            shown.stop()
