"""Measured truth: run networks, fit a machine's figures to the times, and say how far predictions are from them."""

from costmodel.calibration.evaluation import Errors
from costmodel.calibration.fit import Calibration, calibrate
from costmodel.calibration.measure import Subject, file_subject, measure
from costmodel.calibration.measurements import Measurement, Measurements
from costmodel.calibration.micro import micro_networks

__all__ = ["Calibration", "Errors", "Measurement", "Measurements", "Subject", "calibrate", "file_subject", "measure", "micro_networks"]
