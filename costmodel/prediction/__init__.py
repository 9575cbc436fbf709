"""Network x hardware -> Prediction."""

from costmodel.prediction.fusion import Fused, FusedGroup, FusedPlan, fused_plan
from costmodel.prediction.prediction import Prediction
from costmodel.prediction.rows import Row, Total
from costmodel.prediction.traffic import POLICIES, Compulsory, Policy, Resident, Traffic, Weights, policy
from costmodel.prediction.widths import Widths
from costmodel.prediction.workload import FeatureMap, Step, Workload

__all__ = [
    "POLICIES", "Compulsory", "FeatureMap", "Fused", "FusedGroup", "FusedPlan", "Policy", "Prediction", "Resident", "Row", "Step", "Total", "Traffic", "Weights",
    "Widths", "Workload", "fused_plan", "policy",
]  # fmt: skip
