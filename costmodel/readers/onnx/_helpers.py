"""What the rules of every format share, by the names that the rules of ONNX use."""

from costmodel.readers._helpers import (
    FAR, axes_of, axis_of, bounded, clipped, known_or_refuse, pair, reshape, sized, with_axis,
)  # fmt: skip

__all__ = ["FAR", "axes_of", "axis_of", "bounded", "clipped", "known_or_refuse", "pair", "reshape", "sized", "with_axis"]
