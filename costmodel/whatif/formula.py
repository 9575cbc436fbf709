"""What is the closed form? Derived from the layers: build with symbols, predict, read the figure."""

from __future__ import annotations

import inspect
import math
from typing import Any, NamedTuple

from costmodel import zoo
from costmodel._num import Num, is_symbolic
from costmodel._symbols import symbols
from costmodel.api import predict
from costmodel.blocks import flavour as flavour_block
from costmodel.errors import FieldError, UnknownNameError
from costmodel.hardware import Hardware
from costmodel.network import PARAMETER_TOTALS, Input, Network
from costmodel.prediction import Total
from costmodel.tables import FORMATS, Column, Table
from costmodel.tables.table import to_json

METRICS = ("macs", "other_ops", "flops", *PARAMETER_TOTALS, "biases", "norm_affine", "norm_statistics", "weight_bytes",
           "peak_live_bytes", "ddr_bytes", "ddr_time_s", "mac_time_s", "other_time_s", "time_serial_s", "time_overlapped_s",
           "time_best_s")  # fmt: skip
"""What has a closed form."""

_WIDTH_STEP, _RESOLUTION_STEP = "1/32", 32


_BARE = ("text", "latex", "python")
"""The languages in which an expression stands alone."""


class ClosedForm(NamedTuple):
    """A figure as an expression."""

    name: str
    metric: str
    expression: Any
    conditions: tuple[str, ...] = ()
    """What must hold of its symbols."""

    def render(self, format: str = "text") -> str:
        """The expression as "text", "latex" or "python"; or as a table, with what it is of, in any form that a table has."""
        if format not in (*_BARE, *FORMATS):
            raise UnknownNameError.of("format of a formula", format, (*_BARE, *FORMATS))
        if format not in _BARE:
            return to_json(self.to_dict()) if format == "json" else self.table().render(format)
        if not is_symbolic(self.expression):
            return str(self.expression)
        import sympy as sp

        if format == "latex":
            return str(sp.latex(self.expression))
        if format == "text":
            return str(self.expression)
        names = sorted(map(str, self.expression.free_symbols))
        body = sp.pycode(self.expression, fully_qualified_modules=True)
        lines = [f"def {self.metric}({', '.join(names)}):", f"    return {body}"]
        return "\n".join((["import math", "", ""] if "math." in body else []) + lines)

    def table(self) -> Table:
        """One row: what it is of, the expression, and its conditions."""
        columns = [Column(key, key) for key in ("name", "metric", "formula", "conditions")]
        return Table(columns, [self.to_dict() | {"conditions": "; ".join(self.conditions)}])

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, the expression as text in three languages."""
        names = sorted(map(str, getattr(self.expression, "free_symbols", ())))
        said = {"formula": self.render("text"), "latex": self.render("latex"), "python": self.render("python")}
        return {"schema": 1, "name": self.name, "metric": self.metric, **said, "symbols": names, "conditions": list(self.conditions)}

    def _repr_latex_(self) -> str:
        return f"${self.render('latex')}$"

    def __str__(self) -> str:
        return self.render()


def formula(name: str, *, metric: str = "macs", **options: Any) -> ClosedForm:
    """The closed form of a figure, derived from the layers.

    Parameters
    ----------
    name : str
        "conv" for one convolution of a flavour, or a zoo network, whose width_multiplier is alpha and whose resolution is R.
    metric : str
        A count ("macs", "weights", "trainable", ...), bytes ("ddr_bytes", "peak_live_bytes") or a time ("time_serial_s"). Times
        are on a machine with the bandwidth `beta` [B/s], `pi` [FLOP/s] for MACs and `omega` [operation/s] for the rest.
    **options
        Of "conv": `flavour`, `reading`, `stride`, `padding` ("same": sizes H, W are those of the output; "valid" likewise), `norm`,
        `activation`, `bias` and `kernel_size`, `in_channels`, `out_channels`, `height`, `width` in place of the symbols k, C_in,
        C_out, H, W. Of a network: its builder's arguments in place of the symbols.

    Returns
    -------
    ClosedForm

    Raises
    ------
    UnknownNameError
        No such formula, metric or flavour.

    Examples
    --------
    >>> import costmodel as cm
    >>> print(cm.formula("conv", flavour="depthwise_separable"))
    C_in*H*W*(C_out + k**2)
    >>> print(cm.formula("conv", flavour="depthwise_spatially_separable", metric="weights"))
    C_in*(C_out + 2*k)
    >>> print(cm.formula("mobilenet_v1"))
    10752*R**2*alpha**2 + 1125*R**2*alpha/2 + 1024000*alpha
    """
    if metric not in METRICS:
        raise UnknownNameError.of("metric", metric, METRICS)
    network = convolution(**options) if name == "conv" else _zoo_network(name, options)
    beta, pi, omega, sram = symbols("beta pi omega S")
    hardware = Hardware(name="symbolic", sram=sram, ddr=beta, macs=pi, other=omega)
    policy = "compulsory" if name == "conv" else "resident"
    prediction = predict(network, hardware, traffic=policy)
    expression = _tidy(figure(prediction.total, metric), factor=name == "conv")
    return ClosedForm(name, metric, expression, tuple(prediction.assumptions.get("conditions", ())))


def figure(total: Total, metric: str) -> Num:
    """A figure of `METRICS`, read from a prediction's totals."""
    parameters = total.parameters
    return parameters[metric] if metric in parameters else getattr(total, metric)


def _tidy(expression: Num, factor: bool) -> Num:
    """Expanded, or factored where that is wanted and shorter; case distinctions stay as they are."""
    if not is_symbolic(expression):
        return expression
    import sympy as sp

    if expression.has(sp.Piecewise, sp.Max, sp.Min, sp.floor, sp.ceiling):
        return expression
    expanded = sp.expand(expression)
    return min((expanded, sp.factor(expanded)) if factor else (expanded,), key=lambda e: (sp.count_ops(e), str(e)))


def convolution(
    flavour: str = "standard",
    *,
    kernel_size: Num | None = None,
    in_channels: Num | None = None,
    out_channels: Num | None = None,
    height: Num | None = None,
    width: Num | None = None,
    stride: Num = 1,
    padding: str = "same",
    **options: Any,
) -> Network:
    """One convolution of a flavour whose output is `height` x `width`; what is not given is a symbol."""
    block = flavour_block(flavour)
    k = _or_symbol(kernel_size, "k")
    c_in, c_out = _or_symbol(in_channels, "C_in"), _or_symbol(out_channels, "C_out")
    h, w = _or_symbol(height, "H"), _or_symbol(width, "W")
    known = inspect.signature(block).parameters
    if unknown := [o for o in options if o not in known]:
        raise FieldError(f"flavour {flavour!r} has no option `{unknown[0]}`; it takes {', '.join(list(known)[1:])}")
    sizes = (h * stride, w * stride) if padding == "same" else ((h - 1) * stride + k, (w - 1) * stride + k)
    x = Input((1, c_in, *sizes))
    return Network.of(block(x, c_out, k, stride, padding=padding, **{"norm": None, "activation": None} | options), name=flavour)


def _or_symbol(value: Num | None, name: str) -> Num:
    return symbols(name, integer=True) if value is None else value


def _zoo_network(name: str, options: dict[str, Any]) -> Network:
    make = zoo.builder(name, None)
    if make is None:
        raise UnknownNameError.of("formula", name, ["conv", *zoo.NETWORKS])
    known = inspect.signature(make).parameters
    free: dict[str, Num] = {}
    if "width_multiplier" in known.keys() - options.keys():
        free["width_multiplier"] = symbols("alpha", multiple_of=_WIDTH_STEP)
    if "resolution" in known.keys() - options.keys():
        step = math.gcd(known["resolution"].default or 1, _RESOLUTION_STEP)  # where it hangs on a variant any size will do
        free["resolution"] = symbols("R", integer=True) if step == 1 else symbols("R", multiple_of=step)
    return zoo.build(name, **free, **options)
