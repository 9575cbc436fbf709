"""Network x hardware -> Prediction."""

from costmodel.prediction.fusion import Fused, FusedGroup, FusedPlan, PatchPlan, Tasks, fused_plan, patch_plan
from costmodel.prediction.prediction import Prediction
from costmodel.prediction.residency import Residency, ResidencyPlan
from costmodel.prediction.rows import Row
from costmodel.prediction.tiled import Tiled
from costmodel.prediction.totals import Total
from costmodel.prediction.traffic import POLICIES, Compulsory, Policy, Resident, Traffic, Weights, policy
from costmodel.prediction.widths import Widths
from costmodel.prediction.workload import FeatureMap, Step, Workload

__all__ = [
    "POLICIES", "Compulsory", "FeatureMap", "Fused", "FusedGroup", "FusedPlan", "PatchPlan", "Policy", "Prediction",
    "Residency", "ResidencyPlan", "Resident", "Row", "Step",
    "Tasks", "Tiled", "Total", "Traffic", "Weights", "Widths", "Workload", "fused_plan", "patch_plan", "policy",
]  # fmt: skip
