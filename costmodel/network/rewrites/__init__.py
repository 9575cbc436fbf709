"""What a compiler or a designer changes: each rewrite makes one network of another. Use: ``network.rewrite(FoldNorm())``."""

from costmodel.network.changes import Change, Changes, Left
from costmodel.network.rewrites.base import Rewrite
from costmodel.network.rewrites.norms import FoldNorm
from costmodel.network.rewrites.select import selected

__all__ = ["Change", "Changes", "FoldNorm", "Left", "Rewrite", "selected"]
