"""Plots: `cm.plot.NAME(...)` takes a table and returns an Altair chart; `cm.plot.save` writes it.

`lines` and `bars` draw any table and take titles and units from its columns. The others know which columns of which table
tell the story. Needs ``pip install 'costmodel[plot]'``.
"""

from costmodel.report.capacity import arena, live_memory, ski_slope
from costmodel.report.charts import bars, lines
from costmodel.report.flavours import balance, flavours, kernel_sweep
from costmodel.report.graph import graph
from costmodel.report.parts import errata, shares
from costmodel.report.questions import pareto, regimes, tornado
from costmodel.report.saving import save
from costmodel.report.timing import layer_times, roofline

__all__ = [
    "arena", "balance", "bars", "errata", "flavours", "graph", "kernel_sweep", "layer_times", "lines", "live_memory", "pareto", "regimes",
    "roofline", "save", "shares", "ski_slope", "tornado",
]  # fmt: skip
