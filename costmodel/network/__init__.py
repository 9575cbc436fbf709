"""The layer graph: built by calling layers on tensors, checked as it is built, to and from JSON."""

from costmodel.network.builder import Input, Tensor, sequential
from costmodel.network.graph import PARAMETER_TOTALS, Network, Node, TensorRef

__all__ = ["PARAMETER_TOTALS", "Input", "Network", "Node", "Tensor", "TensorRef", "sequential"]
