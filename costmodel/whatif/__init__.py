"""Questions asked of predictions."""

from costmodel.whatif.break_even import balance, break_even_balance, break_even_kernel, speed_up_by_balance
from costmodel.whatif.flavours import against_standard, flavour_study
from costmodel.whatif.formula import ClosedForm, formula

__all__ = ["ClosedForm", "against_standard", "balance", "break_even_balance", "break_even_kernel", "flavour_study", "formula",
           "speed_up_by_balance"]  # fmt: skip
