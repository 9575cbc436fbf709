"""The sentences of the slides on neural networks for mobile platforms, each as a computed table.

The slides print no figures of their own: dense layers are bigger in megabytes, convolutions take much more time; height and
width of a feature map drive the time, its depth the size of the model; an application of more than 100 MB needs WiFi; the
device must hold the feature maps of at least one layer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from costmodel import zoo
from costmodel._symbols import evaluate, symbols
from costmodel.api import predict
from costmodel.hardware import Hardware
from costmodel.prediction import Prediction
from costmodel.prediction.views import percent
from costmodel.tables import Column, Table
from costmodel.whatif.elasticity import elasticity
from costmodel.whatif.formula import formula

NETWORKS = ("alexnet", "vgg16", "vgg19", "nin_imagenet", "googlenet", "inception_v3", "inception_v4", "resnet50", "resnet152")
"""The networks of 2012 to 2016 that the slides speak of."""

DOWNLOAD_LIMIT_BYTES = 100 * 10**6
"""An application of more than 100 MB could be downloaded over WiFi alone."""

MACHINES = ("pardhi", "pixel_1_cpu", "raspberry_pi_4_core")
_FLOAT: Mapping[str, Any] = {"weight_bits": 32, "activation_bits": 32}


def dense_against_convolution() -> Table:
    """Dense layers against convolutions: bytes of weights, and serial time on three machines, all in fp32."""
    rows = []
    for name in NETWORKS:
        network = zoo.build(name)
        row: dict[str, Any] = {"network": name}
        for machine in MACHINES:
            prediction = predict(network, machine, **_FLOAT)
            for what in ("weight_bytes", "time_serial_s"):
                dense, whole = _dense(prediction, what), getattr(prediction.total, what)
                row |= {f"{machine}_{what}": dense / whole} if what != "weight_bytes" else {"dense_bytes": dense, "bytes": dense / whole}
        row["macs"] = _dense(predict(network), "macs") / network.macs
        rows.append(row)
    columns = [
        Column("network", "network"), Column("dense_bytes", "dense weights", "B"), Column("bytes", "of all weights", "", percent),
        Column("macs", "of all MACs", "", percent), *(Column(f"{m}_time_serial_s", f"of the time on {m}", "", percent) for m in MACHINES),
    ]  # fmt: skip
    return Table(columns, rows, title="Dense layers: their share in bytes, MACs and serial time", notes=_notes())


def _dense(prediction: Prediction, what: str) -> Any:
    return sum(getattr(row, what) for row in prediction if row.kind == "dense")


def _notes() -> list[str]:
    return [f"{m}: {Hardware.load(m).describe()}" for m in MACHINES] + ["32-bit weights and feature maps, traffic resident, batch 1"]


def elasticities() -> Table:
    """What one per cent more of a feature map's height, width or depth does to MACs, time and model size of a convolution."""
    rows = []
    depth = symbols("D", integer=True)
    forms = {metric: formula("conv", metric=metric, in_channels=depth, out_channels=depth).expression for metric in _METRICS}
    for words, grows in (("height", "H"), ("width", "W"), ("depth (channels in and out)", "D"), ("kernel size", "k")):
        rows.append({"grows": words} | {metric: elasticity(form, grows) for metric, form in forms.items()})
    notes = [
        "a k x k convolution of D to D channels with an output of H x W; serial time with bus beta, MACs at pi, each map read and written"
    ]
    return Table([Column("grows", "grows"), *_metric_columns()], rows, title="Elasticities of a convolution", notes=notes)


_METRICS = {"macs": "MACs", "weights": "model size", "time_serial_s": "serial time"}


def _metric_columns() -> list[Column]:
    return [Column(metric, words, "", _two_places) for metric, words in _METRICS.items()]


def _two_places(value: Any) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)


_STEPS: Mapping[str, int | str] = {"resolution": 32, "width_multiplier": "1/32"}
_WHOLE: Mapping[str, Mapping[str, Any]] = {
    "mobilenet_v1": {"width_multiplier": 1, "resolution": 224},
    "mobilenet_v2": {"resolution": 224},
    "resnet50": {"resolution": 224},
    "vgg16": {"resolution": 224},
    "squeezenet_1_1": {"resolution": 224},
}


def network_elasticities() -> Table:
    """What one per cent more resolution or width does to whole networks, at the sizes of their papers."""
    rows = []
    for name, sizes in _WHOLE.items():
        arguments = {key: symbols(key, multiple_of=_STEPS[key]) for key in sizes}
        prediction = predict(zoo.build(name, **arguments), "pardhi", traffic="compulsory", **_FLOAT)
        total = prediction.total
        figures = {"macs": total.macs, "weights": total.parameters["weights"], "time_serial_s": total.time_serial_s}
        for key in sizes:
            values = {metric: float(evaluate(elasticity(figure, key), sizes)) for metric, figure in figures.items()}
            rows.append({"network": name, "grows": key.replace("_", " ")} | values)
    columns = [Column("network", "network"), Column("grows", "grows"), *_metric_columns()]
    notes = ["at width 1 and resolution 224, in fp32 on pardhi, each feature map read and written (traffic compulsory)"]
    return Table(columns, rows, title="Elasticities of networks", notes=notes)


def download() -> Table:
    """Which networks pass the limit of a download over a mobile network, in 32 and in 8 bits."""
    rows = []
    for name in zoo.NETWORKS:
        parameters = zoo.build(name).parameters["all"]
        sizes = {f"bytes_{bits}": parameters * bits // 8 for bits in (32, 8)}
        rows.append(
            {"network": name, "parameters": parameters}
            | sizes
            | {f"fits_{b}": sizes[f"bytes_{b}"] <= DOWNLOAD_LIMIT_BYTES for b in (32, 8)}
        )
    rows.sort(key=lambda row: -row["bytes_32"])
    columns = [
        Column("network", "network"), Column("parameters", "parameters", ""), Column("bytes_32", "fp32", "", _megabytes),
        Column("fits_32", "fp32 within 100 MB"), Column("bytes_8", "8 bits", "", _megabytes), Column("fits_8", "8 bits within 100 MB"),
    ]  # fmt: skip
    return Table(
        columns, rows, title="Model size against the download limit of 100 MB", notes=["all parameters, statistics included; MB = 10^6 B"]
    )


def _megabytes(value: float) -> str:
    return f"{value / 1e6:.1f} MB"


def ram() -> Table:
    """Feature maps that the device must hold for at least one layer: the largest input and output together, in fp32."""
    rows = []
    for name in zoo.NETWORKS:
        prediction = predict(zoo.build(name), "pardhi", **_FLOAT)
        largest = max(prediction, key=lambda row: row.input_bytes + row.output_bytes)
        rows.append(
            {"network": name, "layer": largest.name, "one_layer": largest.input_bytes + largest.output_bytes,
             "peak": prediction.total.peak_live_bytes}
        )  # fmt: skip
    columns = [
        Column("network", "network"),
        Column("layer", "largest layer"),
        Column("one_layer", "in + out", "B"),
        Column("peak", "peak live", "B"),
    ]
    notes = ["32 bits; in + out of the layer alone, beside what its other branches keep alive (peak live)"]
    return Table(columns, rows, title="RAM for at least one layer", notes=notes)
