"""Which feature maps and weights stay on chip between layers, by what they spare: the policy `residency`.

A map that stays spares its write, where the network does not return it, and its reads, where it is not the network's input the first
of them; it takes its bytes from its write to its last read. Weights that stay from inference to inference spare their bytes and take
them all the time. What does not stay streams, and takes no room of its own.
"""

from costmodel.prediction.residency.plan import ResidencyPlan
from costmodel.prediction.residency.policy import Residency

__all__ = ["Residency", "ResidencyPlan"]
