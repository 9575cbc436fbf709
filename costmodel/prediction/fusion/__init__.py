"""Depth-first fusion: layers run together in row stripes, so that the maps between them never leave the chip."""

from costmodel.prediction.fusion.patches import PatchPlan, patch_plan
from costmodel.prediction.fusion.plan import FusedGroup, FusedPlan, fused_plan
from costmodel.prediction.fusion.policy import Fused
from costmodel.prediction.fusion.tasks import Tasks

__all__ = ["Fused", "FusedGroup", "FusedPlan", "PatchPlan", "Tasks", "fused_plan", "patch_plan"]
