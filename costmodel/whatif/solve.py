"""The question turned round: which bandwidth, how much SRAM, which width keeps a condition? Every answer is checked on both sides."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from costmodel import quantities
from costmodel._num import Num
from costmodel.errors import FieldError, UnknownNameError
from costmodel.hardware import Hardware
from costmodel.whatif.conditions import conditions
from costmodel.whatif.formula import ClosedForm
from costmodel.whatif.question import Question, Subject, Variable, knees
from costmodel.whatif.solution import IsoLine, Solution
from costmodel.whatif.solving.asked import Asked
from costmodel.whatif.solving.tried import by_lattice, by_search, by_sizes, by_steps

_BARE = re.compile(r"[\d.eE+\-,:\s]|log|step")
"""What a text of numbers without units consists of."""


def solve(
    network: Subject,
    hardware: Hardware | str | Path,
    condition: str,
    for_: str | Sequence[str],
    *,
    goal: str | None = None,
    lattice: Iterable[Num] | None = None,
    at: Iterable[Num | str] | str | None = None,
    sizes: Mapping[str, int] | None = None,
    **options: Any,
) -> Any:
    """The values of a variable that keep a condition.

    Parameters
    ----------
    network : Network, str, Path or callable
        A network or a file. The name of one in the zoo, or a function that returns a network, can be asked for its arguments too; fix
        others with `functools.partial`.
    hardware : Hardware, str or Path
        A machine of plain figures.
    condition : str
        Figures of the totals and of the machine, e.g. ``"time_serial_s <= 5 ms"``, ``"peak_live_bytes <= 1 MiB and energy_j < 2 mJ"``,
        ``"ddr_bytes within 5 % of ddr_bytes_bound"``, ``"fits_sram"``, ``"time_serial_s <= 5 ms * batch"``: arguments and open sizes too.
    for_ : str, or two of them
        "hardware.ddr" and the other figures of the machine, arguments of the builder ("width_multiplier", "resolution"), sizes that a
        network or a file leaves open ("N"), "weight_bits", "activation_bits". Two give an iso-line: the second for every value of the
        first.
    goal : "smallest" or "largest", optional
        Which end is the answer where both are held by the condition; by default the smallest of a machine, the largest of a network.
    lattice : iterable of numbers, optional
        The values that are tried of an argument or a width. By default widths are multiples of 1/32 up to twice the default,
        resolutions of 32 (of 4 where the default is 28), bits powers of two; other counts are searched from 1 to 2^20.
    at : iterable of numbers or texts, or str, optional
        With two variables the values of the first; or a text as of an axis of `costmodel.sweep`: "1 GB/s:16 GB/s:log5".
    sizes : mapping, optional
        Numbers for other sizes that the network leaves open: ``{"H": 224}``.
    **options
        Of `predict`: `traffic`, `order`, `weight_bits`, ...

    Returns
    -------
    Solution or IsoLine

    Raises
    ------
    FieldError
        A condition or a variable that can't be taken, or a search that meets no clear border.
    QuantityError
        Units that don't go together.
    UnknownNameError
        No such figure or variable.

    Notes
    -----
    Rates and energies are solved exactly: the condition is a fraction of polynomials between corners, whose roots SymPy finds. The SRAM
    acts in steps, and under "resident" and "tiled" each of them is known. Every point of a lattice is predicted. Of an open size the closed
    forms are evaluated at every number up to 4096 that the network can have, then up to 2^20 a thousandth apart and at all about borders.
    Only where none is so (the SRAM under "fused", counts without a lattice, open sizes where plans are searched) a search takes it that
    there is at most one border between two powers of two. Whatever was found is predicted at the answer and just outside of it.

    Examples
    --------
    >>> import costmodel as cm
    >>> found = cm.solve("mobilenet_v1", "pardhi", "time_serial_s <= 5 ms", for_="hardware.ddr")
    >>> found.method, round(found.value / 1e9, 3), [check.holds for check in found.checks]
    ('closed form', 2.888, [True, False])
    >>> cm.solve("mobilenet_v1", "pardhi", "ddr_bytes within 5 % of ddr_bytes_bound", for_="hardware.sram").value
    1204224
    >>> cm.solve("mobilenet_v1", "pardhi", "fits_sram and time_serial_s <= 5 ms", for_="width_multiplier").value
    0.78125
    """
    names = [for_] if isinstance(for_, str) or not isinstance(for_, Sequence) else list(for_)
    question = Question(network, hardware, options, names, {name: size for name, size in (sizes or {}).items() if name not in names})
    wanted = conditions(condition, question.known)
    if goal not in (None, "smallest", "largest"):
        raise UnknownNameError.of("goal", goal, ("smallest", "largest"))
    if len(names) == 1:
        if at is not None:
            raise FieldError("`at` goes with two variables: it has the values of the first")
        return _solved(Asked(question, question.variable(names[0]), wanted, goal), lattice)
    if len(names) != 2 or len(set(names)) != 2:
        raise FieldError(f"`for_` (={for_!r}) must name one variable or two")
    across, variable = (question.variable(name) for name in names)
    asked = Asked(question, variable, wanted, goal)
    points = [(x, _solved(asked._replace(question=question.fixing(across.name, x)), lattice)) for x in _across(question, across, at)]
    return IsoLine(question, across, variable, points, _formula(asked, across))


def _across(question: Question, across: Variable, at: Iterable[Num | str] | str | None) -> list[Num]:
    if at is not None:
        from costmodel.whatif.sweep.axes import dimension
        from costmodel.whatif.sweep.points import points_of

        unit = dimension(across.key) if across.kind == "machine" else None
        if isinstance(at, str):
            at = points_of(across.name, at, unit if _BARE.sub("", at) else None)
        found = [quantities.parse(x, unit) if isinstance(x, str) and unit else quantities.positive(x) for x in at]
    elif across.kind != "machine":
        found = across.lattice or []
    elif across.key == "sram_bytes" and (steps := knees(question.base)) is not None and len(steps) <= 200:
        found = list(steps)
    else:
        found = [across.value * 2 ** (i / 4) for i in range(-12, 13)]
        found = [round(x) for x in found] if across.whole else found
    if not found:
        raise FieldError(f"`at` must hold the values of `{across.name}`, which has no lattice of its own")
    return found


def _solved(asked: Asked, lattice: Iterable[Num] | None) -> Solution:
    variable = asked.variable
    if variable.kind == "machine":
        if lattice is not None:
            raise FieldError(f"`lattice` goes with arguments of a network and with widths; `{variable.name}` is solved over all values")
        if variable.key == "sram_bytes":
            return by_steps(asked)
        if variable.key == "burst_bytes":
            return by_search(asked)
        from costmodel.whatif.solving.roots import by_roots

        return by_roots(asked)
    values = variable.lattice if lattice is None else sorted({quantities.positive(value) for value in lattice})
    if lattice is not None and not values:
        raise FieldError("`lattice` must hold at least one value")
    if values is not None:
        return by_lattice(asked, values)
    return by_sizes(asked) if variable.kind == "size" else by_search(asked)


def _formula(asked: Asked, across: Variable) -> ClosedForm | None:
    """The iso-line as a formula, where the first variable is a rate or an energy."""
    if across.kind != "machine" or across.key == "sram_bytes":
        return None
    from costmodel.whatif.solving.roots import formula_of

    return formula_of(asked, across)
