"""Plots and pages of what is predicted."""
