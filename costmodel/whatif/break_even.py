"""Where does a flavour of convolution stop paying? In closed form, from the costs that the layers give."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sympy as sp

from costmodel._num import Num
from costmodel._symbols import symbols
from costmodel.api import as_hardware, predict
from costmodel.blocks import FLAVOURS
from costmodel.errors import FieldError, UnknownNameError
from costmodel.hardware import Hardware
from costmodel.tables import Column, Table
from costmodel.whatif.flavours import Machine, reading_of
from costmodel.whatif.formula import METRICS, ClosedForm, convolution, figure

_WIDTHS = ("weight_bits", "activation_bits")
_BALANCES = tuple(10 ** (i / 10) for i in range(-10, 41))


def break_even_kernel(
    flavour: str,
    *,
    metric: str = "macs",
    hardware: Machine | None = None,
    traffic: str = "compulsory",
    reading: str = "rank_1",
    **options: Any,
) -> ClosedForm:
    r"""The kernel size at which a flavour costs what the standard convolution costs; above it the flavour pays.

    The standard figure minus the flavour's is a polynomial in the kernel size,

    .. math:: a k^2 + b k + c = 0,

    and the larger root is the break-even: below it every separable form costs more, at 1 x 1 always.

    Parameters
    ----------
    flavour : str
        A flavour other than "standard".
    metric : str
        What `formula` knows and is a polynomial in the kernel size: "macs", "weights", "ddr_bytes", "time_serial_s", ...
    hardware : Hardware, str or Path, optional
        The machine of a time; None keeps the symbols `beta` [B/s], `pi` [FLOP/s] and `omega` [operation/s].
    traffic : str
        The traffic policy: "compulsory" (every map crosses the bus) or "weights" (none does).
    reading : str
        Of the spatially separable flavour: "rank_1" or "full".
    **options
        Widths (`weight_bits`, `activation_bits`) and what `formula("conv")` takes: `in_channels`, `out_channels`, `height`,
        `width` in place of the symbols C_in, C_out, H, W; `activation`, `bias`, ...

    Returns
    -------
    ClosedForm
        Infinity where the flavour never pays. Its conditions say where a > 0: elsewhere the flavour never pays.

    Raises
    ------
    FieldError
        A metric that is no polynomial of second degree in the kernel size.
    UnknownNameError
        No such flavour or metric.

    Examples
    --------
    >>> import costmodel as cm
    >>> print(cm.break_even_kernel("spatially_separable"))
    1 + 1/C_in
    >>> form = cm.break_even_kernel("depthwise_separable")
    >>> print(form, form.conditions)
    sqrt(C_out)/sqrt(C_out - 1) ('C_out - 1 > 0',)
    """
    if metric not in METRICS:
        raise UnknownNameError.of("metric", metric, METRICS)
    k = symbols("k")
    standard, separable = _pair(flavour, reading, hardware, traffic, options | {"kernel_size": k})
    saved = sp.expand(figure(standard, metric) - figure(separable, metric))
    if not saved.is_polynomial(k) or sp.degree(saved, k) > 2:
        raise FieldError(f"`metric` (={metric!r}) under {traffic!r} is no polynomial of second degree in the kernel size")
    a, b, c = (sp.factor(saved.coeff(k, n)) for n in (2, 1, 0))
    if a.is_nonpositive:
        return ClosedForm(flavour, metric, sp.oo)
    conditions = tuple(f"{factor} > 0" for factor in sp.Mul.make_args(a) if not factor.is_positive)
    return ClosedForm(flavour, metric, _larger_root(a, b, c), conditions)


def break_even_balance(
    flavour: str, *, speed_up: Num = 1, traffic: str = "compulsory", reading: str = "rank_1", **options: Any
) -> ClosedForm:
    r"""The machine balance at which a flavour is `speed_up` times as fast as the standard convolution.

    A machine of balance B [MAC/B] moves one byte in the time of B MACs. Its serial times stand as

    .. math:: \frac{\text{MACs}_s + B\,\text{bytes}_s}{\text{MACs}_f + B\,\text{bytes}_f} = r
        \quad\Rightarrow\quad B = \frac{\text{MACs}_s - r\,\text{MACs}_f}{r\,\text{bytes}_f - \text{bytes}_s}

    so the speed-up r lies between the ratio of MACs (B = 0) and that of bytes (B without bound). Other operations are left out.

    Parameters
    ----------
    flavour : str
        A flavour other than "standard".
    speed_up : number
        r: the standard convolution's serial time over the flavour's.
    traffic, reading, **options
        As in `break_even_kernel`; `kernel_size` in place of the symbol k.

    Returns
    -------
    ClosedForm
        [MAC/B]; negative where no machine has this speed-up.

    Examples
    --------
    >>> import costmodel as cm
    >>> sizes = {"kernel_size": 3, "in_channels": 64, "out_channels": 64, "height": 56, "width": 56}
    >>> form = cm.break_even_balance("depthwise_separable", speed_up=3, **sizes)
    >>> round(float(form.expression), 2)
    36.11
    """
    standard, separable = _pair(flavour, reading, None, traffic, options)
    r = sp.nsimplify(speed_up)
    macs, moved = standard.macs - r * separable.macs, r * separable.ddr_bytes - standard.ddr_bytes
    return ClosedForm(flavour, "balance", sp.factor(macs / moved))


def speed_up_by_balance(
    *, balances: Iterable[float] = _BALANCES, traffic: str = "compulsory", reading: str = "rank_1", kernel_size: int = 3,
    in_channels: int = 64, out_channels: int = 64, size: tuple[int, int] = (56, 56), **options: Any,
) -> Table:  # fmt: skip
    """Every separable flavour's speed-up over the standard convolution, by the balance of the machine.

    Parameters
    ----------
    balances : iterable of float
        MACs that a machine does in the time of one byte. [MAC/B]
    traffic, reading, **options
        As in `break_even_kernel`.
    kernel_size, in_channels, out_channels : int
        Of the convolution.
    size : (int, int)
        Height and width of the map.

    Returns
    -------
    Table
        A row a flavour and balance: serial times, other operations left out.

    Examples
    --------
    >>> import costmodel as cm
    >>> table = cm.speed_up_by_balance(balances=[6.4]).where(flavour="depthwise_separable")
    >>> round(table.rows[0]["speed_up"], 3)
    5.974
    """
    sizes = {"kernel_size": kernel_size, "in_channels": in_channels, "out_channels": out_channels, "height": size[0], "width": size[1]}
    points = list(balances)
    rows = []
    for name in FLAVOURS:
        if name == "standard":
            continue
        s, f = _pair(name, reading, None, traffic, options | sizes)
        rows += [
            {"flavour": name, "balance": point, "speed_up": float((s.macs + point * s.ddr_bytes) / (f.macs + point * f.ddr_bytes))}
            for point in points
        ]
    columns = [
        Column("flavour", "flavour"),
        Column("balance", "machine balance (MAC/B)", ""),
        Column("speed_up", "speed-up", "", "{:.3f}".format),
    ]
    notes = [
        f"kernel {kernel_size}, {in_channels} to {out_channels} channels, {size[0]} x {size[1]}; traffic {traffic}; no other operations"
    ]
    return Table(columns, rows, notes=notes)


def balance(hardware: Machine) -> Num:
    """MACs that a machine does in the time that one byte takes on its bus. [MAC/B]

    Examples
    --------
    >>> balance("pardhi")
    500.0
    """
    machine = as_hardware(hardware)
    return machine.mac_flops_per_s / 2 / machine.weight_bytes_per_s


def _pair(flavour: str, reading: str, hardware: Machine | None, traffic: str, options: dict[str, Any]) -> tuple[Any, Any]:
    """The totals of the standard convolution and of the flavour."""
    separable = [name for name in FLAVOURS if name != "standard"]
    if flavour not in separable:
        raise UnknownNameError.of("separable flavour", flavour, separable)
    beta, pi, omega, sram = symbols("beta pi omega S")
    machine = Hardware(name="symbolic", sram=sram, ddr=beta, macs=pi, other=omega) if hardware is None else as_hardware(hardware)
    widths = {key: options[key] for key in _WIDTHS if key in options}
    shape = {key: value for key, value in options.items() if key not in _WIDTHS}
    networks = (convolution("standard", **shape), convolution(flavour, **shape, **reading_of(flavour, reading)))
    standard, found = (predict(network, machine, traffic=traffic, **widths).total for network in networks)
    return standard, found


def _larger_root(a: Any, b: Any, c: Any) -> Any:
    if c == 0:
        return sp.expand(sp.cancel(-b / a))
    if b == 0:
        return sp.sqrt(sp.cancel(-c / a))
    half, rest = sp.cancel(-b / (2 * a)), sp.cancel(-c / a)
    return sp.simplify(half + sp.sqrt(sp.factor(half**2 + rest)))
