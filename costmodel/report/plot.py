"""Plots: `cm.plot.NAME(...)` takes a table and returns an Altair chart; `cm.plot.save` writes it.

`lines` and `bars` draw any table and take titles and units from its columns. The others know which columns of which table
tell the story. Needs ``pip install 'costmodel[plot]'``.
"""

from costmodel.report.capacity import arena, ski_slope
from costmodel.report.charts import bars, lines
from costmodel.report.flavours import balance, flavours, kernel_sweep
from costmodel.report.questions import pareto, regimes, tornado
from costmodel.report.saving import save

__all__ = ["arena", "balance", "bars", "flavours", "kernel_sweep", "lines", "pareto", "regimes", "save", "ski_slope", "tornado"]
