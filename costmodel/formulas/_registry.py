"""The list of formulas and the declared domains of their arguments."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable
from contextvars import copy_context
from types import FrameType, FunctionType
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

    @property
    def math(self) -> str:
        """What its docstring prints of it, as LaTeX."""
        found = re.search(r"\.\. math:: (.*?)\n\n", inspect.getdoc(self.function) or "", re.DOTALL)
        return " ".join(found[1].split()) if found else ""

    @property
    def references(self) -> str:
        """Where it is from."""
        found = re.search(r"\nReferences\n-+\n(.*?)(\n\n|\Z)", inspect.getdoc(self.function) or "", re.DOTALL)
        return " ".join(found[1].split()) if found else ""


def _domain(formula_name: str, argument: str, hint: Any) -> Domain:
    for mark in getattr(hint, "__metadata__", ()):
        if isinstance(mark, Domain):
            return mark
    raise TypeError(f"formula {formula_name}: argument `{argument}` declares no domain; annotate it with Size, Rate, ...")


FORMULAS: dict[str, Formula] = {}


F = TypeVar("F", bound=Callable[..., Num])
T = TypeVar("T")


class Call(NamedTuple):
    """A formula at work: its arguments by name, and what it gave."""

    formula: Formula
    arguments: dict[str, Any]
    result: Num


def recorded(work: Callable[[], T]) -> tuple[T, list[Call]]:
    """What `work` gives, and the formulas that it calls, but for those that other formulas call.

    Python's own profiling hook finds them, so that formulas cost nothing more where nobody asks. The hook is one of a thread's, so
    the work is done in a thread of its own, and a profiler that is running stays as it is.

    Examples
    --------
    >>> from costmodel.formulas import time
    >>> seconds, calls = recorded(lambda: time.mac(500, 1000))
    >>> [(call.formula.name, call.arguments, call.result) for call in calls]
    [('time.mac', {'macs': 500, 'mac_flops_per_s': 1000}, 1.0)]
    """
    calls: list[Call] = []
    codes = {entry.function.__code__: entry for entry in FORMULAS.values() if isinstance(entry.function, FunctionType)}
    running: list[tuple[FrameType, Formula, dict[str, Any]]] = []

    def watch(frame: FrameType, event: str, result: Any) -> None:
        if event == "call" and not running and (entry := codes.get(frame.f_code)) is not None:
            running.append((frame, entry, dict(frame.f_locals)))
        elif event == "return" and running and running[0][0] is frame:
            _, entry, arguments = running.pop()
            calls.append(Call(entry, arguments, result))

    def watched() -> T:
        sys.setprofile(watch)
        try:
            return work()
        finally:
            sys.setprofile(None)

    from concurrent.futures import ThreadPoolExecutor  # of no use to anything else here, and slow to import

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(copy_context().run, watched).result(), calls


def formula(function: F) -> F:
    """Register a formula under ``topic.function``."""
    name = f"{function.__module__.rpartition('.')[2]}.{function.__name__}"
    if name in FORMULAS:
        raise TypeError(f"formula {name!r} is registered twice")
    FORMULAS[name] = Formula(name, function)
    return function
