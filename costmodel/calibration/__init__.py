"""Measured truth: run networks, fit a machine's figures to the times, and say how far predictions are from them."""

from costmodel.calibration.evaluation import Errors
from costmodel.calibration.fit import Calibration, calibrate
from costmodel.calibration.measure import Subject, file_subject, measure
from costmodel.calibration.measurements import Measurement, Measurements
from costmodel.calibration.micro import micro_networks
from costmodel.calibration.runtime import OnnxRuntime
from costmodel.calibration.torch_runtime import TorchRuntime

__all__ = [
    "Calibration", "Errors", "Measurement", "Measurements", "OnnxRuntime", "Subject", "TorchRuntime", "calibrate", "file_subject",
    "measure", "micro_networks",
]  # fmt: skip
