"""What does each flavour of convolution cost, over kernel sizes and activations, against the standard convolution?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from costmodel import api, layers
from costmodel._num import Num, ratio
from costmodel.blocks import FLAVOURS, flavour
from costmodel.errors import FieldError, UnknownNameError
from costmodel.hardware import Hardware
from costmodel.network import Input, Network
from costmodel.tables import Column, Table

COLUMNS = (
    Column("hardware", "machine"),
    Column("activation", "activation"),
    Column("flavour", "flavour"),
    Column("kernel_size", "kernel size", ""),
    Column("macs", "MACs", ""),
    Column("other_ops", "other ops", "", rank=3),
    Column("parameters", "parameters", ""),
    Column("ddr_bytes", "DDR", "B"),
    Column("time_serial_s", "serial time", "s"),
    Column("time_overlapped_s", "overlapped time", "s", rank=1),
    Column("bound_by", "binds", rank=2),
    Column("relative_macs", "MACs / standard's", "", "{:.3f}".format, rank=4),
    Column("relative_ddr_bytes", "DDR / standard's", "", "{:.3f}".format, rank=4),
    Column("relative_time", "serial time / standard's", "", "{:.3f}".format),
    Column("relative_time_overlapped", "overlapped time / standard's", "", "{:.3f}".format, rank=4),
    Column("time_per_area_s", "serial time / kernel area", "s", rank=4),
)
"""What the study says of a point."""

_RELATIVE = {"relative_macs": "macs", "relative_ddr_bytes": "ddr_bytes", "relative_time": "time_serial_s",
             "relative_time_overlapped": "time_overlapped_s"}  # fmt: skip
_POINT = ("hardware", "activation", "kernel_size")

Machine = Hardware | str | Path


def flavour_study(
    *,
    in_channels: int = 64,
    out_channels: int = 64,
    size: tuple[int, int] = (56, 56),
    kernel_sizes: Iterable[int] = range(1, 10),
    activations: Sequence[str] = ("elu", "relu", "tanh"),
    hardware: Machine | Sequence[Machine] = "pardhi",
    traffic: str = "resident",
    reading: str = "rank_1",
    activation_after: str = "last",
    bias: bool = False,
    **options: Any,
) -> Table:
    """Every flavour of convolution with every activation, at every kernel size, on every machine.

    Parameters
    ----------
    in_channels, out_channels : int
        Of the convolution.
    size : (int, int)
        Height and width of the input and of the output: stride 1, padding "same".
    kernel_sizes : iterable of int
        Heights and widths of the square kernel.
    activations : sequence of str
        Kinds of layers, e.g. "relu".
    hardware : Hardware, str or Path, or a sequence of them
        One machine or several.
    traffic : str
        The traffic policy.
    reading : str
        Of the spatially separable flavour: "rank_1" or "full".
    activation_after : str
        "last": one activation, after the flavour's last convolution; "each": one after each of its convolutions.
    bias : bool
        Whether every convolution has biases.
    **options
        Options of `predict`, e.g. ``weight_bits=32, activation_bits=32``.

    Returns
    -------
    Table
        A row a point. `relative_*` divide by the figure of the standard convolution of the same machine, activation and kernel
        size; `time_per_area_s` divides the serial time by the kernel's area.

    Raises
    ------
    UnknownNameError
        No such machine, policy, activation, reading or place of the activation.
    FieldError
        An argument that can't be taken.

    Notes
    -----
    Every convolution is a layer of its own, so what lies between two of them is a feature map. Under "compulsory" it crosses
    the bus twice; under "resident" it stays on chip where the SRAM holds it.

    Examples
    --------
    >>> import costmodel as cm
    >>> study = cm.flavour_study(kernel_sizes=[3], activations=["relu"])
    >>> for row in study.rows:
    ...     print(row["flavour"], row["macs"], row["parameters"], round(row["relative_time"], 3))
    standard 115605504 36864 1.0
    spatially_separable 39137280 12480 0.743
    depthwise_separable 14651392 4672 0.661
    depthwise_spatially_separable 14049280 4480 0.658
    """
    machines = [hardware] if isinstance(hardware, Hardware | str | Path) else list(hardware)
    sizes = list(kernel_sizes)
    if not (machines and sizes and activations):
        raise FieldError("`hardware`, `kernel_sizes` and `activations` must each hold at least one")
    rows = []
    for machine in map(api.as_hardware, machines):
        for activation in activations:
            for k in sizes:
                for name in FLAVOURS:
                    network = _network(name, k, in_channels, out_channels, size, activation, reading, activation_after, bias)
                    total = api.predict(network, machine, traffic=traffic, **options).total
                    rows.append(
                        {"hardware": machine.name, "activation": activation, "flavour": name, "kernel_size": k, "macs": total.macs,
                         "other_ops": total.other_ops, "parameters": total.parameters["trainable"], "ddr_bytes": total.ddr_bytes,
                         "time_serial_s": total.time_serial_s, "time_overlapped_s": total.time_overlapped_s,
                         "bound_by": total.bound_by, "time_per_area_s": total.time_serial_s / k**2}
                    )  # fmt: skip
    notes = [
        f"{in_channels} to {out_channels} channels, {size[0]} x {size[1]}, stride 1, padding same; traffic {traffic}"
        + "".join(f", {option} {value}" for option, value in options.items()),
        f"spatially separable: reading {reading}; activation after "
        + ("the last convolution" if activation_after == "last" else "each convolution"),
    ]
    return Table(COLUMNS, against_standard(rows, _RELATIVE), notes=notes)


def against_standard(rows: Iterable[Mapping[str, Any]], figures: Mapping[str, str]) -> list[dict[str, Any]]:
    """The rows with figures divided by those of the standard convolution of the same machine, activation and kernel size.

    Parameters
    ----------
    rows : iterable of mappings
        Each with hardware, activation, flavour, kernel_size and the figures: predicted or measured.
    figures : mapping
        New key to the key of the figure to divide.

    Examples
    --------
    >>> point = {"hardware": "mine", "activation": "relu", "kernel_size": 3}
    >>> rows = [point | {"flavour": "standard", "time_s": 8.0}, point | {"flavour": "depthwise_separable", "time_s": 2.0}]
    >>> against_standard(rows, {"relative_time": "time_s"})[1]["relative_time"]
    0.25
    """
    rows = list(rows)
    standards = {tuple(row[key] for key in _POINT): row for row in rows if row["flavour"] == "standard"}
    found = []
    for row in rows:
        point = tuple(row[key] for key in _POINT)
        if point not in standards:
            raise FieldError(f"no standard convolution beside {row['flavour']!r} at " + ", ".join(map(str, point)))
        found.append({**row, **{new: ratio(row[old], standards[point][old]) for new, old in figures.items()}})
    return found


def reading_of(name: str, reading: str) -> dict[str, str]:
    """The option `reading` for the one flavour that has it."""
    return {"reading": reading} if name == "spatially_separable" else {}


def _network(
    name: str, k: Num, in_channels: Num, out_channels: Num, size: tuple[Num, Num], activation: str, reading: str, after: str, bias: bool
) -> Network:
    if after not in ("last", "each"):
        raise UnknownNameError.of("place of the activation", after, ("last", "each"))
    act = layers.layer_class(activation)()
    each = act if after == "each" else None
    x = Input((1, in_channels, *size))
    y = flavour(name)(x, out_channels, k, norm=None, activation=each, bias=bias, **reading_of(name, reading))
    return Network.of(y if after == "each" else act(y, name="act"), name)
