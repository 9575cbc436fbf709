"""Progress of long searches: a line on the terminal, and nothing where the errors go elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

PATIENCE_S = 1.0


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """A function that shows a line of text, replaced by the next; silent in the first second."""
    status: Any = None
    begun = time.monotonic()

    def tell(text: str) -> None:
        nonlocal status
        if time.monotonic() - begun < PATIENCE_S or not sys.stderr or not sys.stderr.isatty():
            return
        if status is not None:
            status.update(text)
            return
        try:
            from rich.console import Console
        except ImportError:
            return
        status = Console(stderr=True).status(text)
        status.start()

    try:
        yield tell
    finally:
        if status is not None:
            status.stop()
