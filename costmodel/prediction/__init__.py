"""Network x hardware -> Prediction."""

from costmodel.prediction.prediction import Prediction
from costmodel.prediction.rows import Row, Total
from costmodel.prediction.tiled import Tiled
from costmodel.prediction.traffic import POLICIES, Compulsory, Policy, Resident, Traffic, Weights, policy
from costmodel.prediction.widths import Widths
from costmodel.prediction.workload import FeatureMap, Step, Workload

__all__ = [
    "POLICIES", "Compulsory", "FeatureMap", "Policy", "Prediction", "Resident", "Row", "Step", "Tiled", "Total", "Traffic",
    "Weights", "Widths", "Workload", "policy",
]  # fmt: skip
