"""Sampling at given places, regions, and convolutions at shifted places."""

from __future__ import annotations

from typing import Any

from costmodel._num import floor_div
from costmodel.errors import ReaderError
from costmodel.layers.resize import GridSample
from costmodel.readers._regions import convolve_deformed, regions_aligned, regions_pooled
from costmodel.readers.torch._call import Aten, rule

MODES = ("linear", "nearest", "cubic")
"""The interpolations of grid_sampler, by their number."""


@rule("grid_sampler", "grid_sampler_2d", "grid_sampler_3d", "cudnn_grid_sampler")
def grid_sample(op: Aten) -> Any:
    """A feature map at the places of a grid of shape (batch, ..., 2 or 3)."""
    x = op.maybe("input") or op.tensor("self")
    grid, mode = op.tensor("grid"), op.get("interpolation_mode", 0)
    if mode not in range(len(MODES)):
        raise ReaderError(f"names the interpolation {mode}; there are {len(MODES)}")
    shape = (*x.shape[:2], *grid.shape[1:-1])
    return op.emit(GridSample(shape, MODES[mode], tuple(range(2, len(shape)))), x, grid)


@rule("affine_grid_generator")
def affine_grid(op: Aten) -> Any:
    """The places of a grid by a matrix each: a product of (places, 2 or 3 and 1) with it."""
    return op.move("affine_grid", op.shapes[0], op.tensor("theta"))


@rule("roi_align", "ps_roi_align", domain="torchvision")
def region_align(op: Aten) -> Any:
    """The mean of interpolated places in every cell of a region; position-sensitive, each cell has channels of its own."""
    size = op.get("pooled_height", 1), op.get("pooled_width", 1)
    x, regions = op.tensor("input"), op.tensor("rois")
    if op.kind == "roi_align":
        return regions_aligned(op, x, regions, size, op.get("sampling_ratio", -1))
    own = op.move("channels", (x.shape[0], floor_div(x.shape[1], size[0] * size[1]), *x.shape[2:]), x)
    return [regions_aligned(op, own, regions, size, op.get("sampling_ratio", -1)), None]


@rule("roi_pool", domain="torchvision")
def region_pool(op: Aten) -> Any:
    """The largest number in every cell of a region."""
    y = regions_pooled(op, op.tensor("input"), op.tensor("rois"), (op.get("pooled_height", 1), op.get("pooled_width", 1)))
    return [y, y.like(dtype="int32")]


@rule("deform_conv2d", domain="torchvision")
def deformed(op: Aten) -> Any:
    """A convolution whose taps are read at shifted places."""
    window = {
        field: (op.get(f"{name}_h", default), op.get(f"{name}_w", default))
        for field, name, default in (("stride", "stride", 1), ("padding", "pad", 0), ("dilation", "dilation", 1))
    }
    mask = op.tensor("mask") if op.get("use_mask", False) else None
    groups = op.get("groups", op.get("n_weight_grps", 1))
    return convolve_deformed(op, op.tensor("input"), op.tensor("weight"), op.tensor("offset"), mask, op.maybe("bias"), groups, **window)
