"""What a compiler or a designer changes: each rewrite makes one network of another. Use: ``network.rewrite(FoldNorm())``."""

from costmodel.network.rewrites.base import Rewrite
from costmodel.network.rewrites.norms import FoldNorm

__all__ = ["FoldNorm", "Rewrite"]
