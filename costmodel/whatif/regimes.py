"""Which resource binds where? Exact borders between bus, MACs and other operations, and the balance of a machine for a network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from costmodel import quantities
from costmodel._num import Num, is_open
from costmodel.api import as_hardware
from costmodel.errors import FieldError
from costmodel.formulas.traffic import compute_bound_sram
from costmodel.hardware import Hardware
from costmodel.hardware.machine import SHORT
from costmodel.network import Network
from costmodel.prediction.views import notes
from costmodel.tables import Column, Shown, Table
from costmodel.whatif.break_even import balance as machine_balance
from costmodel.whatif.formula import ClosedForm
from costmodel.whatif.question import SYMBOLS, Question, Variable, knees

PLANES = (("sram", "ddr"), ("ddr", "macs"))
"""What regimes are drawn over."""


class Border(NamedTuple):
    """A line in the plane: on one side of it one resource binds, on the other another."""

    above: str
    """What binds above the line."""
    below: str
    formula: ClosedForm
    """The second axis as a formula of the first."""
    first: Num
    """From where on the first axis it holds."""
    last: Num | None
    """To where; None without end."""


class Balance(NamedTuple):
    """Where bus and core of a machine take the same time for a network, one figure changed at a time; None where none does it."""

    machine_macs_per_byte: float
    """MACs that the machine does while one byte crosses its bus."""
    network_macs_per_byte: float | None
    """MACs that the network has for each byte that crosses; None where none does."""
    ddr_bytes_per_s: float
    """The bandwidth at which the bus takes as long as the core. [B/s]"""
    mac_flops_per_s: float | None
    """The MAC rate at which the core takes as long as the bus; None where other operations alone take longer. [FLOP/s]"""
    sram_bytes: int | None
    """The least SRAM from which the bus takes no longer than the core; None where none does. [B]"""
    compute_bound_sram_bytes: float
    """The least SRAM under which a large pointwise or dense layer, alone, can be bound by its MACs. [B]"""


class Regimes(Shown):
    """What binds over a plane of two figures of the machine. Made by `costmodel.regimes`.

    Attributes
    ----------
    over : tuple of str
        The two figures: "sram" and "ddr", or "ddr" and "macs".
    borders : tuple of Border
        Exact, the second figure as a formula of the first.
    balance : Balance
    bound_by : str
        What binds on the machine as it is.
    """

    def __init__(self, question: Question, over: tuple[str, str]) -> None:
        self.over = over
        self._question = question
        self.across, self.up = (question.variable(f"hardware.{SHORT[short]}") for short in over)
        self.borders = tuple(_of_sram(question) if over[0] == "sram" else _of_rates(question))
        self.balance = _balance(question)
        self.bound_by = question.base.total.bound_by

    def at(self, x: Any, y: Any) -> Any:
        """What binds at a value of each figure, or at arrays of them, as `predict` says."""
        figures = {self.across.key: x, self.up.key: y}
        return self._question.base.on(self._question.hardware.replace(**figures)).total.bound_by

    def table(self) -> Table:
        """The borders, one row each; the balance behind."""
        unit, other = self.across.unit, self.up.unit
        columns = [
            Column("first", f"{self.across.name} from", unit),
            Column("last", "to", unit),
            Column("formula", self.up.name, None, lambda form: _shown(form, other)),
            Column("below", "binds below"),
            Column("above", "binds above"),
        ]
        rows = [border._asdict() for border in self.borders]
        b = self.balance
        own = "-" if b.network_macs_per_byte is None else f"{b.network_macs_per_byte:.4g}"
        said = [
            f"binds now: {self.bound_by}",
            f"machine {b.machine_macs_per_byte:.4g} MAC/B, network {own} MAC/B",
            f"bus and core are even at {quantities.show(b.ddr_bytes_per_s, 'B/s')}, or {quantities.show(b.mac_flops_per_s, 'FLOPS')}, "
            f"or an SRAM of {quantities.show(b.sram_bytes, 'B')}",
            f"a large pointwise layer alone can be bound by MACs from {quantities.show(b.compute_bound_sram_bytes, 'B')} of SRAM on",
        ]
        title = f"{self._question.base.network.name} on {self._question.hardware.name}: what binds over {self.over[0]} and {self.over[1]}"
        return Table(columns, rows, title=title, notes=[*said, *notes(self._question.base)])

    def layers(self) -> Table:
        """One row a layer: what binds it, and the bandwidth at which its bus and its core are even."""
        rows = []
        for row in self._question.base.rows:
            bus, mac, other = row.times[:3]
            rate = None if not mac + other else bus * self._question.hardware.ddr_bytes_per_s / (mac + other)
            rows.append(
                {
                    "name": row.name,
                    "kind": row.kind,
                    "bound_by": row.bound_by,
                    "ddr_bytes_per_s": rate,
                    "time_overlapped_s": max(bus, mac + other),
                }
            )
        columns = [
            Column("name", "layer"), Column("kind", "kind"), Column("bound_by", "binds"),
            Column("ddr_bytes_per_s", "even at", "B/s"), Column("time_overlapped_s", "overlapped", "s"),
        ]  # fmt: skip
        title = f"{self._question.base.network.name} on {self._question.hardware.name}: what binds each layer"
        return Table(columns, rows, title=title, notes=notes(self._question.base))

    def grid(self, points: int = 48, spread: float = 16) -> Table:
        """What binds on a grid around the machine, from `spread` times less to `spread` times more of either figure, by equal factors."""
        if not isinstance(points, int) or points < 2 or not spread > 1:
            raise FieldError(f"`points` (={points!r}) must be an integer of at least 2, `spread` (={spread!r}) above 1")
        import numpy as np

        xs, ys = (_around(variable, points, spread) for variable in (self.across, self.up))
        found = np.broadcast_to(self.at(xs[:, None], ys[None, :]), (len(xs), points))
        columns = [Column("x", self.across.name, self.across.unit), Column("y", self.up.name, self.up.unit), Column("bound_by", "binds")]
        rows = [{"x": x.item(), "y": y.item(), "bound_by": str(found[i, j])} for i, x in enumerate(xs) for j, y in enumerate(ys)]
        return Table(columns, rows, title=self.table().title, notes=notes(self._question.base))


def regimes(
    network: Network | str | Path, hardware: Hardware | str | Path = "pardhi", over: Sequence[str] = ("ddr", "macs"), **options: Any
) -> Regimes:
    r"""Which resource binds a network, over two figures of the machine.

    The bus binds where it takes at least as long as the core; else the larger of MACs and other operations:

    .. math:: \frac{Q}{\beta} \ge \frac{2 M}{\pi} + \frac{O}{\omega}

    Parameters
    ----------
    network : Network, str or Path
    hardware : Hardware, str or Path
        A machine with DDR; its other figures stay. An overhead that it has for every layer is left out.
    over : ("ddr", "macs") or ("sram", "ddr")
    **options
        Of `predict`. Over the SRAM the traffic policy must be one whose steps are known: "resident", "tiled", "compulsory", "weights".

    Returns
    -------
    Regimes

    Raises
    ------
    FieldError
        A plane that is not known, a machine without DDR, or a policy without known steps.

    Examples
    --------
    >>> import costmodel as cm
    >>> found = cm.regimes("mobilenet_v1", "pardhi")
    >>> for border in found.borders:
    ...     print(border.formula, "|", border.below, "|", border.above)
    1137480704/(-189803/125000000 + 6769064/beta) | macs | ddr
    1137480704/(-189803/125000000 + 6769064/beta) | other | ddr
    142185088000000000/189803 | macs | other
    >>> found.balance.compute_bound_sram_bytes
    1000000.0
    """
    asked = tuple(name.removeprefix("hardware.") for name in over) if not isinstance(over, str) else (over,)
    if asked not in PLANES:
        raise FieldError(f"`over` (={over!r}) must be one of {', '.join(map(str, PLANES))}")
    question = Question(network, as_hardware(hardware).replace(overhead_s=0), options)
    if question.hardware.weights_in_flash:
        raise FieldError(f"`hardware` {question.hardware.name!r} has no DDR; regimes are drawn over its bandwidth")
    return Regimes(question, (asked[0], asked[1]))


def _of_rates(question: Question) -> list[Border]:
    """Bus against core, and within the core MACs against other operations."""
    import sympy as sp

    from costmodel._symbols import symbols

    beta, pi = symbols(f"{SYMBOLS['ddr_bytes_per_s']} {SYMBOLS['mac_flops_per_s']}")
    bus, mac, other = question.base.on(question.hardware.replace(ddr=beta, macs=pi)).total.times[:3]
    bus, mac, other = (sp.nsimplify(part, rational=True) for part in (bus, mac, other))
    name = "hardware.mac_flops_per_s"
    if mac == 0:
        return []
    work = sp.simplify(mac * pi)
    rising = ClosedForm(name, "bus = core", work / (bus - other)) if bus != 0 else None
    if other == 0:
        return [Border("ddr", "macs", rising, 0, None)] if rising else []
    level = ClosedForm(name, "MACs = other", work / other)
    if rising is None:
        return [Border("other", "macs", level, 0, None)]
    moved = sp.simplify(bus * beta)
    corner, last = (float(moved / (share * other)) for share in (2, 1))
    return [
        Border("ddr", "macs", rising, 0, corner),
        Border("ddr", "other", rising, corner, last),
        Border("other", "macs", level, corner, None),
    ]


def _of_sram(question: Question) -> list[Border]:
    """The bandwidth from which the core is the slower, for every step of the SRAM."""
    import numpy as np

    steps = knees(question.base)
    if steps is None:
        raise FieldError(f"the steps of the SRAM under traffic {question.base.policy.name!r} are not known; take 'resident' or 'tiled'")
    _, mac, other = question.base.total.times[:3]
    if not mac + other:
        return []
    rate = question.hardware.ddr_bytes_per_s
    moved = np.broadcast_to(question.predict({"hardware.sram_bytes": np.array(steps)}).total.ddr_time_s, (len(steps),)).tolist()
    found: list[Border] = []
    for index, (first, bus_s) in enumerate(zip(steps, moved, strict=True)):
        last = steps[index + 1] if index + 1 < len(steps) else None
        if found and found[-1].formula.expression == bus_s * rate / (mac + other):
            found[-1] = found[-1]._replace(last=last)
        else:
            form = ClosedForm("hardware.ddr_bytes_per_s", "bus = core", bus_s * rate / (mac + other))
            found.append(Border("macs" if mac >= other else "other", "ddr", form, first, last))
    return found


def _balance(question: Question) -> Balance:
    total, hardware = question.base.total, question.hardware
    core, rate = total.mac_time_s + total.other_time_s, hardware.ddr_bytes_per_s
    moved = total.ddr_time_s * rate
    left = total.ddr_time_s - total.other_time_s
    steps = knees(question.base)
    least = None
    if steps is not None:
        import numpy as np

        times = np.broadcast_to(question.predict({"hardware.sram_bytes": np.array(steps)}).total.ddr_time_s, (len(steps),))
        enough = np.flatnonzero(times <= core)
        least = steps[enough[0]] if len(enough) else None
    element = question.base.widths.operand(question.base.network) / 8
    return Balance(
        float(machine_balance(hardware)),
        None if not moved else float(total.macs / total.bus_bytes),
        float(moved / core) if core else float("inf"),
        float(total.mac_time_s * hardware.mac_flops_per_s / left) if left > 0 and total.macs else None,
        least,
        float(compute_bound_sram(hardware.mac_flops_per_s, hardware.ddr_bytes_per_s, 1, element)),
    )


def _around(variable: Variable, points: int, spread: float) -> Any:
    import numpy as np

    found = variable.value * np.geomspace(1 / spread, spread, points)
    return np.unique(np.maximum(np.rint(found), 1).astype(np.int64)) if variable.whole else found


def _shown(form: ClosedForm, unit: str) -> str:
    return str(form) if is_open(form.expression) else quantities.show(float(form.expression), unit)
