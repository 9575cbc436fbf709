"""The list of formulas and the declared domains of their arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, NamedTuple, TypeVar, get_type_hints

from costmodel._num import Num


class Domain(NamedTuple):
    """The values that an argument is drawn from when the carriers are compared."""

    low: int = 1
    high: int = 64
    axes: int = 0
    """0 for one number, else how many entries the tuple has."""
    carried: bool = True
    """Whether it may be an array or a symbol; otherwise it is always a plain int."""
    whole: bool = True
    """Whether it counts something; otherwise it is a rate."""


Size = Annotated[Num, Domain()]
"""A positive count."""
Sizes = Annotated[tuple[Num, ...], Domain(axes=2)]
"""One positive count for every spatial axis."""
Extent = Annotated[Num, Domain(low=0, high=8)]
"""A padding."""
Step = Annotated[Num, Domain(high=5)]
"""A stride, dilation or kernel size."""
Steps = Annotated[tuple[Num, ...], Domain(high=5, axes=2)]
"""One stride, dilation or kernel size for every spatial axis."""
Plain = Annotated[int, Domain(high=9, carried=False)]
"""A plain int, never an array or symbol."""
Amount = Annotated[Num, Domain(low=0, high=10**6)]
"""Bytes, MACs or operations, possibly none."""
Rate = Annotated[Num, Domain(low=1, high=10**9, whole=False)]
"""Something a second."""
Length = Annotated[Num, Domain(low=1, high=10**6, whole=False)]
"""Bytes of a run or a burst; what follows from it is a share."""
Share = Annotated[Num, Domain(low=1, high=1, whole=False)]
"""A fraction above 0 and at most 1."""
Seconds = Annotated[Num, Domain(low=0, high=10**3, whole=False)]
"""A time."""

Joules = Annotated[Num, Domain(low=0, high=10**3, whole=False)]
"""An energy, or one for each of something."""


class Formula(NamedTuple):
    """A formula and where it stands."""

    name: str
    function: Callable[..., Num]

    @property
    def domains(self) -> dict[str, Domain]:
        """The declared domain of every argument."""
        hints = get_type_hints(self.function, include_extras=True)
        hints.pop("return", None)
        return {name: _domain(self.name, name, hint) for name, hint in hints.items()}


def _domain(formula_name: str, argument: str, hint: Any) -> Domain:
    for mark in getattr(hint, "__metadata__", ()):
        if isinstance(mark, Domain):
            return mark
    raise TypeError(f"formula {formula_name}: argument `{argument}` declares no domain; annotate it with Size, Rate, ...")


FORMULAS: dict[str, Formula] = {}


F = TypeVar("F", bound=Callable[..., Num])


def formula(function: F) -> F:
    """Register a formula under ``topic.function``."""
    name = f"{function.__module__.rpartition('.')[2]}.{function.__name__}"
    if name in FORMULAS:
        raise TypeError(f"formula {name!r} is registered twice")
    FORMULAS[name] = Formula(name, function)
    return function
