"""What a separable convolution saves: every flavour beside the standard convolution of the same sizes."""

from __future__ import annotations

from typing import Any

from costmodel._num import Num, is_symbolic
from costmodel.api import as_hardware, predict
from costmodel.blocks import FLAVOURS
from costmodel.hardware import Hardware
from costmodel.prediction.views import notes
from costmodel.tables import Column, Table
from costmodel.whatif.formula import convolution

_FIGURES = (
    ("macs", "MACs", ""),
    ("weights", "weights", ""),
    ("ddr_bytes", "DDR", "B"),
    ("time_serial_s", "serial", "s"),
    ("time_overlapped_s", "overlapped", "s"),
)


def speed_up(
    kernel_size: Num | None = None,
    in_channels: Num | None = None,
    out_channels: Num | None = None,
    height: Num | None = None,
    width: Num | None = None,
    *,
    hardware: Hardware | str = "pardhi",
    traffic: str = "compulsory",
    stride: Num = 1,
    **options: Any,
) -> Table:
    """Every flavour of convolution beside the standard one: MACs, weights, bytes, times and how many times less each is.

    Parameters
    ----------
    kernel_size, in_channels, out_channels : int or symbol, optional
        Of the convolution; what is not given is a symbol k, C_in, C_out.
    height, width : int or symbol, optional
        Of the output; what is not given is a symbol H, W. [rows]
    hardware : Hardware or str
        The machine of the times.
    traffic : str
        The policy of the bytes. "compulsory" has every stage read and write its feature maps over the bus.
    stride : int or symbol
        Of the convolution.
    **options
        Of `predict`: `weight_bits`, `activation_bits`, ...

    Returns
    -------
    Table
        One row a flavour. The columns `*_ratio` are its figure over the standard convolution's: below 1 it saves.

    Notes
    -----
    A depthwise separable convolution has ``1/C_out + 1/k**2`` of the MACs and of the weights (Howard et al., arXiv:1704.04861,
    section 3.1). Of the bytes it can have more, because the feature map between its stages moves twice.

    Examples
    --------
    >>> import costmodel as cm
    >>> table = cm.speed_up(3, 512, 512, 14, 14)
    >>> print({row["flavour"]: f"{row['macs_ratio']:.4f}" for row in table.rows}["depthwise_separable"])       # 1/512 + 1/9
    0.1131
    >>> print([row["macs_ratio"] for row in cm.speed_up().rows])
    [1, 1/k + 1/(C_in*k), k**(-2) + 1/C_out, k**(-2) + 2/(C_out*k)]
    """
    machine = as_hardware(hardware)
    found = {}
    for flavour in FLAVOURS:
        network = convolution(
            flavour, kernel_size=kernel_size, in_channels=in_channels, out_channels=out_channels, height=height, width=width, stride=stride
        )  # fmt: skip
        found[flavour] = predict(network, machine, traffic=traffic, **options)
    figures = {name: _figures(prediction) for name, prediction in found.items()}
    reference = figures["standard"]
    rows = [
        {"flavour": name} | own | {f"{key}_ratio": _ratio(own[key], reference[key]) for key, _, _ in _FIGURES}
        for name, own in figures.items()
    ]
    columns = [Column("flavour", "flavour")]
    for key, words, unit in _FIGURES:
        columns += [Column(key, words, unit), Column(f"{key}_ratio", f"{words} / standard", "", _three_digits)]
    sizes = f"{_or(kernel_size, 'k')}x{_or(kernel_size, 'k')}, {_or(in_channels, 'C_in')} to {_or(out_channels, 'C_out')} channels"
    title = f"Convolution {sizes}, output {_or(height, 'H')} x {_or(width, 'W')}, on {machine.name}"
    return Table(columns, rows, title=title, notes=notes(found["standard"]))


def _figures(prediction: Any) -> dict[str, Num]:
    total = prediction.total
    return {"weights": total.parameters["weights"]} | {key: getattr(total, key) for key, _, _ in _FIGURES if key != "weights"}


def _ratio(own: Num, reference: Num) -> Any:
    """A number; of symbols a sum of terms where the denominator is one product, else one fraction."""
    if not (is_symbolic(own) or is_symbolic(reference)):
        return own / reference
    import sympy as sp

    ratio = own / reference
    if ratio.has(sp.Max, sp.Min, sp.Piecewise):
        return ratio
    numerator, denominator = sp.fraction(sp.cancel(ratio))
    return numerator / denominator if denominator.is_Add else sp.expand(numerator / denominator)


def _or(value: Num | None, name: str) -> Any:
    return name if value is None else value


def _three_digits(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, int | float) else str(value)
