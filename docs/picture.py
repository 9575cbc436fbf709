"""Draw the picture of the README: where MobileNet v1 spends its time. Run it where a prediction changes.

python docs/picture.py
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import costmodel as cm
from costmodel.tables import Column, Table

PATH = Path(__file__).parent / "_static" / "mobilenet_v1.svg"
PARTS = {"ddr": "bytes over the bus", "mac": "multiply-accumulates", "other": "other operations"}


def table() -> Table:
    """The three times of each variety of layer, in milliseconds."""
    prediction = cm.predict("mobilenet_v1", "pardhi")
    varieties: dict[str, dict[str, float]] = {}
    for row in prediction:
        times = varieties.setdefault(_words(row), dict.fromkeys(PARTS, 0.0))
        for part in PARTS:
            times[part] += 1e3 * getattr(row, f"{part}_time_s")
    total = prediction.total
    share = total.ddr_time_s / total.time_serial_s
    columns = [Column("layers", "layers"), Column("part", "time for"), Column("time", "time", "ms", _milliseconds)]
    rows = [{"layers": layers, "part": PARTS[part], "time": time} for layers, times in varieties.items() for part, time in times.items()]
    return Table(columns, rows, title=f"MobileNet v1 takes {1e3 * total.time_serial_s:.1f} ms, {share:.0%} of it on the bus")


def _milliseconds(value: float) -> str:
    return f"{value:.2f} ms" if value >= 0.005 else "< 0.01 ms"


def _words(row: Any) -> str:
    variety = row.step.nodes[0].variety()
    return {"standard": "first convolution", "pointwise": "pointwise 1x1", "depthwise": "depthwise 3x3", "dense": "classifier"}.get(
        variety, "pooling, softmax"
    )


if __name__ == "__main__":
    drawn = table()
    chart = cm.plot.bars(drawn, x="time", y="layers", by="part", subtitle=cm.Hardware.load("pardhi").describe(), width=460)
    print(cm.plot.save(chart, PATH))
