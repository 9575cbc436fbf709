"""What a compiler or a designer changes: each rewrite makes one network of another. Use: ``network.rewrite(FoldNorm())``."""

from costmodel.network.changes import Change, Changes, Left
from costmodel.network.channels import Channels
from costmodel.network.rewrites.base import Rewrite
from costmodel.network.rewrites.bits import Bits
from costmodel.network.rewrites.compression import Huffman, Prune, SharedWeights
from costmodel.network.rewrites.flavours import CombinedSeparable, DepthwiseSeparable, SpatiallySeparable, Standard
from costmodel.network.rewrites.inputs import Batch, Resolution
from costmodel.network.rewrites.kernels import Bottleneck, Kernel
from costmodel.network.rewrites.norms import FoldNorm
from costmodel.network.rewrites.select import Where, selected
from costmodel.network.rewrites.sizes import Sizes
from costmodel.network.rewrites.structure import Drop, FuseActivations, GlobalPooling, Insert
from costmodel.network.rewrites.widths import Classes, KeepChannels, Width

__all__ = [
    "Batch",
    "Bits",
    "Bottleneck",
    "Change",
    "Changes",
    "Channels",
    "Classes",
    "CombinedSeparable",
    "DepthwiseSeparable",
    "Drop",
    "FoldNorm",
    "FuseActivations",
    "GlobalPooling",
    "Huffman",
    "Insert",
    "KeepChannels",
    "Kernel",
    "Left",
    "Prune",
    "Resolution",
    "Rewrite",
    "SharedWeights",
    "Sizes",
    "SpatiallySeparable",
    "Standard",
    "Where",
    "Width",
    "selected",
]
