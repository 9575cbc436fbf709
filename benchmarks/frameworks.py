"""PyTorch and Keras models in memory: do MACs by class and parameters by role agree with counts established independently?

    python benchmarks/frameworks.py [MODEL ...]

Needs the packages that make the models: torch, torchvision, timm, facenet-pytorch, torchcrepe, keras. What is not installed is said.
The counts in tests/data/framework_corpus.json were taken from the modules' hooks and layers' weights by hand-written formulas, and
agree with torch.utils.flop_counter.FlopCounterMode, fvcore, torchinfo and Keras' count_params. Counters of batch norms are left out.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import costmodel as cm

MODELS = json.loads((Path(__file__).parent.parent / "tests" / "data" / "framework_corpus.json").read_text())
SIZES = ((1, 224, 224), (2, 160, 192), (3, 97, 65))


def made(entry: dict[str, Any]) -> Any:
    """The model of an entry."""
    module, _, name = entry["function"].rpartition(".")
    options = {key: tuple(value) if isinstance(value, list) else value for key, value in entry["options"].items()}
    return getattr(importlib.import_module(module), name)(*entry["arguments"], **options)


def by_class(network: cm.Network) -> dict[str, int]:
    """MACs by the classes of the counts."""
    found: Counter[str] = Counter()
    for name, node in network.nodes.items():
        layer, kind = node.layer, node.layer.kind
        if kind.startswith("depthwise"):
            label = "depthwise"
        elif kind.startswith("conv"):
            ones = set(layer.per_axis("kernel_size")) == {1}
            label = "conv_grouped" if layer.groups > 1 else "pointwise" if ones else "conv"
        else:
            label = "dense" if kind == "dense" else "matmul"
        found[label] += network.counts[name].macs
    return {label: macs for label, macs in found.items() if macs}


def compare(entry: dict[str, Any]) -> str:
    """A row of the table."""
    try:
        model = made(entry)
    except ImportError as error:
        return f"skipped: {error}"
    start = time.perf_counter()
    network = cm.read(model, inputs={"x": tuple(entry["input"])})
    seconds = time.perf_counter() - start
    parameters = {role: count for role, count in network.totals.parameters().items() if count}
    wrong = [
        f"{found} instead of {wanted}"
        for found, wanted in ((by_class(network), entry["macs"]), (parameters, entry["parameters"]))
        if found != wanted
    ]
    return f"{network.macs:>14,} MACs {network.totals.all:>12,} parameters {seconds:6.2f} s  {'; '.join(wrong) or 'equal'}"


def dynamic() -> None:
    """A MobileNet with open batch, height and width: its closed forms beside readings at fixed sizes."""
    from torchvision.models import mobilenet_v2

    model = mobilenet_v2(weights=None)
    network = cm.read(model, inputs={"x": ("N", 3, "H", "W")})
    peak = cm.predict(network, activation_bits=8).total.peak_live_bytes
    for n, h, w in SIZES:
        at = {"N": n, "H": h, "W": w}
        fixed = cm.read(model, inputs={"x": (n, 3, h, w)})
        figures = fixed.macs, cm.predict(fixed, activation_bits=8).total.peak_live_bytes
        forms = cm.evaluate(network.macs, at), cm.evaluate(peak, at)
        verdict = "equal" if forms == figures else f"instead of {figures}"
        print(f"mobilenet_v2 at {n}x3x{h}x{w}: {forms[0]:,} MACs, peak {forms[1]:,} B  {verdict}")


def main(wanted: list[str]) -> None:
    """Print the table."""
    for entry in MODELS:
        if not wanted or any(word in entry["id"] for word in wanted):
            print(f"{entry['id']:<28} {compare(entry)}", flush=True)
    if not wanted:
        dynamic()


if __name__ == "__main__":
    main(sys.argv[1:])
