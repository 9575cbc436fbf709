"""Measured truth: run networks, fit a machine's figures to the times, and say how far predictions are from them."""

from costmodel.calibration.measurements import Measurement, Measurements

__all__ = ["Measurement", "Measurements"]
