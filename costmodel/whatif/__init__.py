"""Questions asked of predictions."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from costmodel.whatif.break_even import balance, break_even_balance, break_even_kernel, speed_up_by_balance
    from costmodel.whatif.flavours import against_standard, flavour_study
    from costmodel.whatif.formula import ClosedForm

__all__ = ["ClosedForm", "against_standard", "balance", "break_even_balance", "break_even_kernel", "flavour_study", "speed_up_by_balance"]

_ON_DEMAND = {
    "ClosedForm": "formula",
    "against_standard": "flavours",
    "balance": "break_even",
    "break_even_balance": "break_even",
    "break_even_kernel": "break_even",
    "flavour_study": "flavours",
    "speed_up_by_balance": "break_even",
}
"""Names and the modules they come from: a sweep of numbers alone needs no SymPy, which takes longer to import than it does."""


def __getattr__(name: str) -> Any:
    if name not in _ON_DEMAND:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_ON_DEMAND[name]}"), name)
