"""The functions of PyTorch that do what ONNX operators do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Function = Callable[..., Any]
Maker = Callable[..., Function]
OPERATORS: dict[str, Maker] = {}
"""What makes the function of an operator's tensors, given PyTorch and the attributes. An attribute that it doesn't name is refused."""


def operator(*types: str) -> Callable[[Maker], Maker]:
    """Decorate the maker of some operators' functions."""

    def add(make: Maker) -> Maker:
        OPERATORS.update(dict.fromkeys(types, make))
        return make

    return add


def _padding(torch: Any, pads: Sequence[int], value: float = 0.0) -> tuple[list[int], Function | None]:
    """Padding alike on both sides, which PyTorch's windows take, and what pads before them where it isn't."""
    before, after = pads[: len(pads) // 2], pads[len(pads) // 2 :]
    if before == after:
        return list(before), None
    sides = [n for pair in reversed(list(zip(before, after, strict=True))) for n in pair]  # the last axis first
    return [0] * len(before), lambda x: torch.nn.functional.pad(x, sides, value=value)


@operator("Conv")
def _conv(
    torch: Any, kernel_shape: Sequence[int], group: int = 1, strides: Any = None, dilations: Any = None, pads: Any = None
) -> Function:
    ones = [1] * len(kernel_shape)
    sides, pad = _padding(torch, pads or [0, 0] * len(ones))
    fixed = strides or ones, sides, dilations or ones, False, [0] * len(ones), group
    if pad is None:
        return lambda x, weight, bias=None: torch.convolution(x, weight, bias, *fixed)
    return lambda x, weight, bias=None: torch.convolution(pad(x), weight, bias, *fixed)


@operator("ConvTranspose")
def _transposed(
    torch: Any, kernel_shape: Sequence[int], group: int = 1, strides: Any = None, dilations: Any = None, pads: Any = None,
    output_padding: Any = None,
) -> Function:  # fmt: skip
    ones = [1] * len(kernel_shape)
    sides, pad = _padding(torch, [-n for n in pads or [0, 0] * len(ones)])  # what is cut off the output
    fixed = strides or ones, [-n for n in sides], dilations or ones, True, output_padding or [0] * len(ones), group
    if pad is None:
        return lambda x, weight, bias=None: torch.convolution(x, weight, bias, *fixed)
    return lambda x, weight, bias=None: pad(torch.convolution(x, weight, bias, *fixed))


@operator("MaxPool")
def _max_pool(
    torch: Any, kernel_shape: Sequence[int], strides: Any = None, dilations: Any = None, pads: Any = None, ceil_mode: int = 0
) -> Function:
    ones = [1] * len(kernel_shape)
    sides, pad = _padding(torch, pads or [0, 0] * len(ones), float("-inf"))
    pool = getattr(torch.nn.functional, f"max_pool{len(ones)}d")
    fixed = kernel_shape, strides or ones, sides, dilations or ones, bool(ceil_mode)
    return (lambda x: pool(x, *fixed)) if pad is None else (lambda x: pool(pad(x), *fixed))


@operator("AveragePool")
def _average_pool(
    torch: Any, kernel_shape: Sequence[int], strides: Any = None, pads: Any = None, ceil_mode: int = 0, count_include_pad: int = 0
) -> Function:
    ones = [1] * len(kernel_shape)
    sides, pad = _padding(torch, pads or [0, 0] * len(ones))
    pool = getattr(torch.nn.functional, f"avg_pool{len(ones)}d")
    fixed = kernel_shape, strides or ones, sides, bool(ceil_mode), bool(count_include_pad)
    if pad is None:
        return lambda x: pool(x, *fixed)
    shares: list[Any] = []

    def padded(x: Any) -> Any:
        if not shares:  # of each window, how much is no padding; found in the first run, which warms up
            shares.append(pool(pad(torch.ones_like(x[:1, :1])), *fixed) if not count_include_pad else 1)
        return pool(pad(x), *fixed) / shares[0]

    return padded


@operator("Gemm")
def _gemm(torch: Any, alpha: float = 1.0, beta: float = 1.0, transA: int = 0, transB: int = 0) -> Function:  # noqa: N803
    def call(first: Any, second: Any, bias: Any = None) -> Any:
        first, second = first.t() if transA else first, second.t() if transB else second
        if bias is not None:
            return torch.addmm(bias, first, second, alpha=alpha, beta=beta)
        return torch.mm(first, second) if alpha == 1 else torch.mm(first, second) * alpha

    return call


@operator("BatchNormalization")
def _batch_norm(torch: Any, epsilon: float = 1e-5, momentum: float = 0.9) -> Function:
    norm = torch.nn.functional.batch_norm
    return lambda x, scale, offset, mean, variance: norm(x, mean, variance, scale, offset, eps=epsilon)


@operator("LRN")
def _lrn(torch: Any, size: int, alpha: float = 1e-4, beta: float = 0.75, bias: float = 1.0) -> Function:
    return lambda x: torch.nn.functional.local_response_norm(x, size, alpha, beta, bias)


@operator("HardSigmoid")
def _hard_sigmoid(torch: Any, alpha: float = 0.2, beta: float = 0.5) -> Function:
    if abs(alpha - 1 / 6) < 1e-6 and beta == 0.5:
        return torch.nn.functional.hardsigmoid  # type: ignore[no-any-return]
    return lambda x: torch.clamp(x * alpha + beta, 0, 1)


@operator("PRelu")
def _prelu(torch: Any) -> Function:
    def call(x: Any, slope: Any) -> Any:
        by_channel = slope.numel() == 1 or (slope.dim() == x.dim() - 1 and slope.numel() == slope.shape[0])
        return torch.nn.functional.prelu(x, slope.flatten()) if by_channel else torch.where(x < 0, x * slope, x)

    return call


@operator("Resize")
def _resize(torch: Any, mode: str = "nearest") -> Function:
    def call(x: Any, _region: Any, _scales: Any, sizes: Sequence[int]) -> Any:
        ways = {"nearest": "nearest-exact", "linear": {3: "linear", 4: "bilinear", 5: "trilinear"}[x.dim()]}
        return torch.nn.functional.interpolate(x, size=sizes[2:], mode=ways[mode])

    return call


@operator("Pad")
def _pad(torch: Any) -> Function:
    def call(x: Any, pads: Sequence[int], value: float = 0.0) -> Any:
        pairs = zip(pads[: len(pads) // 2], pads[len(pads) // 2 :], strict=True)
        return torch.nn.functional.pad(x, [n for pair in reversed(list(pairs)) for n in pair], value=value)

    return call


@operator("Reshape")
def _reshape(torch: Any) -> Function:
    return lambda x, shape: x.reshape([size or x.shape[axis] for axis, size in enumerate(shape)])


@operator("Flatten")
def _flatten(torch: Any, axis: int = 1) -> Function:
    return lambda x: x.reshape([x.shape[:axis].numel(), -1])


@operator("Transpose")
def _transpose(torch: Any, perm: Sequence[int]) -> Function:
    return lambda x: x.permute(perm)


@operator("Concat")
def _concat(torch: Any, axis: int) -> Function:
    return lambda *tensors: torch.cat(tensors, axis)


@operator("Softmax")
def _softmax(torch: Any, axis: int = -1) -> Function:
    return lambda x: torch.softmax(x, axis)


@operator("Elu")
def _elu(torch: Any, alpha: float = 1.0) -> Function:
    return lambda x: torch.nn.functional.elu(x, alpha)


@operator("LeakyRelu")
def _leaky_relu(torch: Any, alpha: float = 0.01) -> Function:
    return lambda x: torch.nn.functional.leaky_relu(x, alpha)


@operator("Dropout", "Identity")
def _same(torch: Any) -> Function:
    return lambda x, *_: x


@operator("GlobalAveragePool")
def _global_average(torch: Any) -> Function:
    return lambda x: x.mean(tuple(range(2, x.dim())), keepdim=True)


@operator("GlobalMaxPool")
def _global_max(torch: Any) -> Function:
    return lambda x: x.amax(tuple(range(2, x.dim())), keepdim=True)


def _named(name: str) -> Maker:
    """The maker of a function that has no attributes."""

    def make(torch: Any) -> Function:
        return getattr(torch, name, None) or getattr(torch.nn.functional, name)  # type: ignore[no-any-return]

    return make


for _operator, _function in {
    "Add": "add", "Clip": "clamp", "Div": "div", "HardSwish": "hardswish", "MatMul": "matmul", "Mul": "mul", "Relu": "relu",
    "Sigmoid": "sigmoid", "Softplus": "softplus", "Sub": "sub", "Tanh": "tanh",
}.items():  # fmt: skip
    OPERATORS[_operator] = _named(_function)
