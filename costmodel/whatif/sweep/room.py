"""Whether a result fits in memory."""

from __future__ import annotations

import os
from pathlib import Path

from costmodel import quantities
from costmodel.errors import FieldError
from costmodel.whatif.sweep.plan import Plan

SHARE = 0.5
"""Of the free memory that a result may take."""


def free_bytes() -> int:
    """Memory that is free or can be freed; all there is where the system does not say."""
    try:
        lines = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines())
        return int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        pass
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 4 * 2**30


def require_room(plan: Plan) -> None:
    """Refuse what would not fit, saying how to chunk."""
    need, free = 8 * plan.size(), free_bytes()
    if need > SHARE * free:
        raise FieldError(
            f"a sweep of {' x '.join(f'{len(axis)} {axis.name}' for axis in plan.axes)} takes {quantities.show(need, 'B')} "
            f'of the {quantities.show(free, "B")} that are free; work in chunks: chunks="auto" gives a lazy Dataset, '
            f'store="sweep.zarr" (in the shell --store sweep.zarr) writes to disk in constant memory'
        )
