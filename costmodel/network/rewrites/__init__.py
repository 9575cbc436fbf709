"""What a compiler or a designer changes: each rewrite makes one network of another. Use: ``network.rewrite(FoldNorm())``."""

from costmodel.network.changes import Change, Changes, Left
from costmodel.network.channels import Channels
from costmodel.network.rewrites.base import Rewrite
from costmodel.network.rewrites.kernels import Bottleneck, Kernel
from costmodel.network.rewrites.norms import FoldNorm
from costmodel.network.rewrites.select import Where, selected
from costmodel.network.rewrites.widths import Classes, KeepChannels, Width

__all__ = [
    "Bottleneck",
    "Change",
    "Changes",
    "Channels",
    "Classes",
    "FoldNorm",
    "KeepChannels",
    "Kernel",
    "Left",
    "Rewrite",
    "Where",
    "Width",
    "selected",
]
