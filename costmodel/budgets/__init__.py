"""Limits on what a network costs, kept in a file and checked at every change."""

from costmodel.budgets.budget import Budget
from costmodel.budgets.checking import BudgetReport, check
from costmodel.budgets.findings import Cause, Finding

__all__ = ["Budget", "BudgetReport", "Cause", "Finding", "check"]
