"""Poolings, norms and resizing."""

from __future__ import annotations

from typing import Any

from costmodel._num import whole
from costmodel.errors import UnknownLayerError
from costmodel.layers import normalisation as norm
from costmodel.layers import pooling as pool
from costmodel.layers.elementwise import Elementwise
from costmodel.layers.resize import Resize
from costmodel.readers._helpers import reshape, sized
from costmodel.readers._values import Value
from costmodel.readers.torch._call import Aten, rule

POOLINGS: dict[str, Any] = {
    **{f"max_pool{r}d": layer for r, layer in enumerate((pool.MaxPool1d, pool.MaxPool2d, pool.MaxPool3d), 1)},
    **{f"max_pool{r}d_with_indices": layer for r, layer in enumerate((pool.MaxPool1d, pool.MaxPool2d, pool.MaxPool3d), 1)},
    **{f"avg_pool{r}d": layer for r, layer in enumerate((pool.AvgPool1d, pool.AvgPool2d, pool.AvgPool3d), 1)},
}


def _batched(op: Aten, x: Value, rank: int) -> Value:
    """The input with a batch axis."""
    return x if len(x.shape) > rank + 1 else reshape(op, x, (1, *x.shape))


def _as_given(op: Aten, y: Value, x: Value) -> Value:
    """The output with as many axes as the input has."""
    return y if len(y.shape) == len(x.shape) else reshape(op, y, y.shape[1:])


@rule(*POOLINGS)
def pooling(op: Aten) -> Any:
    """A window that slides; the stride is the kernel where none is given."""
    x, layer = op.tensor("self"), POOLINGS[op.kind]
    rank = layer.rank
    kernel = op.per_axis("kernel_size", rank, 1)
    stride = op.per_axis("stride", rank, 1) if op.get("stride") else kernel
    y = op.emit(
        layer(
            kernel, stride, padding=op.per_axis("padding", rank, 0), dilation=op.per_axis("dilation", rank, 1),
            ceil_mode=bool(op.get("ceil_mode", False)),
        ),
        _batched(op, x, rank),
    )  # fmt: skip
    y = _as_given(op, y, x)
    return [y, y.like(dtype="int64")]


@rule(*(f"{prefix}adaptive_{name}_pool{rank}d" for prefix in ("", "_") for name in ("avg", "max") for rank in (1, 2, 3)))
def adaptive_pooling(op: Aten) -> Any:
    """Pooling to a given output size."""
    x, rank, average = op.tensor("self"), int(op.kind[-2]), "avg" in op.kind
    batched = _batched(op, x, rank)
    size = tuple([n if m is None else m for n, m in zip(batched.shape[2:], op.per_axis("output_size", rank, 1), strict=True)])
    layer: Any
    if all(type(m) is int and m == 1 for m in size):
        layer = pool.GlobalAvgPool() if average else pool.GlobalMaxPool()
    elif rank == 2:
        layer = pool.AdaptiveAvgPool2d(size) if average else pool.AdaptiveMaxPool2d(size)
    elif rank == 1:
        layer = pool.AdaptiveAvgPool2d((1, *size)) if average else pool.AdaptiveMaxPool2d((1, *size))
        flat = reshape(op, batched, (*batched.shape[:2], 1, *batched.shape[2:]))
        made = op.emit(layer, flat)
        y = _as_given(op, reshape(op, made, (*made.shape[:2], *made.shape[3:])), x)
        return [y, y.like(dtype="int64")]
    else:
        pairs = list(zip(batched.shape[2:], size, strict=True))
        if any(type(n) is not int or n % m for n, m in pairs):
            raise UnknownLayerError(f"{op.kind} has a cost rule where the output size {size} divides the input's {batched.shape[2:]}")
        layer = POOLINGS[f"{'avg' if average else 'max'}_pool{rank}d"](tuple([n // m for n, m in pairs]))
    y = _as_given(op, op.emit(layer, batched), x)
    return [y, y.like(dtype="int64")]


@rule(
    "batch_norm",
    "_native_batch_norm_legit_no_training",
    "_batch_norm_no_update",
    "cudnn_batch_norm",
    "native_batch_norm",
    "_native_batch_norm_legit",
)
def batch_norm(op: Aten) -> Any:
    """At inference with stored statistics; where none are stored they are computed."""
    x, gain, offset = op.tensor("input"), op.maybe("weight"), op.maybe("bias")
    mean, variance = op.maybe("running_mean"), op.maybe("running_var")
    layer: Any = norm.BatchNorm(gain is not None, offset is not None) if mean is not None else norm.InstanceNorm(gain is not None)
    y: Value = op.emit(layer, x, norm_affine=[gain, offset], norm_statistics=[mean, variance])
    return [y, *(y.like(shape, dtype) for shape, dtype in zip(op.shapes[1:], op.dtypes[1:], strict=True))]


@rule("instance_norm")
def instance_norm(op: Aten) -> Any:
    """Every channel of every picture by itself."""
    gain = op.maybe("weight")
    statistics = [op.maybe("running_mean"), op.maybe("running_var")]
    layer = norm.InstanceNorm(gain is not None)
    return op.emit(layer, op.tensor("input"), norm_affine=[gain, op.maybe("bias")], norm_statistics=statistics)


@rule("group_norm", "native_group_norm")
def group_norm(op: Aten) -> Any:
    """Groups of channels."""
    gain = op.maybe("weight")
    groups = op.get("num_groups") or op.get("group", 1)
    y = op.emit(norm.GroupNorm(gain is not None, groups), op.tensor("input"), norm_affine=[gain, op.maybe("bias")])
    return [y, *(y.like(shape, dtype) for shape, dtype in zip(op.shapes[1:], op.dtypes[1:], strict=True))]


@rule("layer_norm", "native_layer_norm", "rms_norm", "_fused_rms_norm")
def layer_norm(op: Aten) -> Any:
    """The last axes."""
    x, gain = op.tensor("input"), op.maybe("weight")
    kind: Any = norm.RMSNorm if "rms" in op.kind else norm.LayerNorm
    layer = kind(gain is not None) if len(x.shape) > 1 else Elementwise("normalise")
    y = op.emit(layer, x, norm_affine=[gain, op.maybe("bias")])
    return [y, *(y.like(shape, dtype) for shape, dtype in zip(op.shapes[1:], op.dtypes[1:], strict=True))]


UPSAMPLINGS = {
    **{f"{prefix}upsample_nearest{exact}{r}d": ("nearest", r) for prefix, exact in (("", ""), ("_", "_exact")) for r in (1, 2, 3)},
    "upsample_linear1d": ("linear", 1), "upsample_bilinear2d": ("linear", 2), "upsample_trilinear3d": ("linear", 3),
    "upsample_bicubic2d": ("cubic", 2), "_upsample_bilinear2d_aa": ("linear", 2), "_upsample_bicubic2d_aa": ("cubic", 2),
}  # fmt: skip


@rule(*UPSAMPLINGS)
def upsampling(op: Aten) -> Any:
    """To given sizes, or by factors."""
    x = op.maybe("input") or op.tensor("self")
    mode, rank = UPSAMPLINGS[op.kind]
    sizes, factors = op.get("output_size"), op.get("scale_factors")
    if sizes is None and factors is None:
        raise UnknownLayerError("resizing without sizes and factors has no cost rule")
    if sizes is None:
        sizes = [whole(n * (int(f) if f == int(f) else f)) for n, f in zip(x.shape[2:], factors, strict=True)]
    shape = sized((*x.shape[:2], *sizes))
    changed = tuple([axis for axis in range(2, rank + 2) if shape[axis] != x.shape[axis]])
    return op.emit(Resize(shape, mode, changed), x)
