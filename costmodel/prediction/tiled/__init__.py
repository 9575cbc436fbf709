"""Each layer at the least traffic that a tiling of its loops reaches under a capacity."""

from costmodel.prediction.tiled.nest import Bits, Nest, nest_of
from costmodel.prediction.tiled.policy import Tiled

__all__ = ["Bits", "Nest", "Tiled", "nest_of"]
