"""Running a model in PyTorch, eagerly: one function of PyTorch for each ONNX operator, called one after another."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from costmodel.calibration.measurements import BITS
from costmodel.calibration.runtime import WARM_UP_RUNS, Timing, checked_threads, machine, repeated
from costmodel.errors import CostModelError, FieldError, MissingExtraError, UnknownLayerError

LEAST_OPSET = 13
"""Operators of older sets mean something else by the same name."""

Function = Callable[..., Any]
Maker = Callable[..., Function]
OPERATORS: dict[str, Maker] = {}
"""What makes the function of an operator's tensors, given PyTorch and the attributes. An attribute that it doesn't name is refused."""


class TorchRuntime:
    """PyTorch in eager mode, one operator after another: what `torch.nn.functional` does, without modules.

    Parameters
    ----------
    threads : int
        That share an operator's work on the CPU.
    device : str
        "cpu", "cuda" or "cuda:NUMBER". A card is timed by its own events.
    dtype : str
        "float32" or "float16", of weights, feature maps and sums as PyTorch keeps them.

    Raises
    ------
    MissingExtraError
        Where PyTorch isn't installed, or ONNX, in which models are handed over.
    FieldError
        A device that isn't there, or another argument that can't be taken.

    Notes
    -----
    Inputs and weights are on the device before the clock starts. A feature map is let go after its last use, as in a module's `forward`.
    A sigmoid times its own input is one call, `silu`. Where a card's convolutions may round to TF32, as PyTorch lets them unless told
    otherwise, the name says so.

    Examples
    --------
    >>> from costmodel.calibration import TorchRuntime
    >>> TorchRuntime(dtype="int8")
    Traceback (most recent call last):
    ...
    costmodel.errors.FieldError: `dtype` (='int8') must be float32 or float16
    """

    def __init__(self, threads: int = 1, device: str = "cpu", dtype: str = "float32") -> None:
        if dtype not in BITS:
            raise FieldError(f"`dtype` (={dtype!r}) must be {' or '.join(BITS)}")
        self.threads = checked_threads(threads)
        try:
            import torch
        except ImportError:
            raise MissingExtraError("measuring in PyTorch needs torch; install it with: pip install torch") from None
        try:
            import onnx  # noqa: F401
        except ImportError:
            raise MissingExtraError.of("onnx", "measure", "measuring") from None
        self._torch, self.dtype = torch, dtype
        self.name = f"torch {torch.__version__}"
        if device == "cpu":
            self.machine = machine()
            self._mark, self._seconds = time.perf_counter, _between
        else:
            self.machine = self._card(device)
            self._mark, self._seconds = self._event, _between_events
            tf32 = ", TF32" if dtype == "float32" and torch.backends.cudnn.allow_tf32 else ""
            self.name += f", cuDNN {torch.backends.cudnn.version()}{tf32}"
        self.device = torch.device(device)

    def _card(self, device: str) -> str:
        """The name of a card that is there."""
        cards = [self._torch.cuda.get_device_name(number) for number in range(self._torch.cuda.device_count())]
        known = {"cuda": 0} | {f"cuda:{number}": number for number in range(len(cards))}
        if device not in known or not cards:
            here = f"PyTorch finds {len(cards)} CUDA cards here"
            raise FieldError(f"`device` (={device!r}) must be cpu, cuda or cuda:NUMBER of a card; {here}")
        return str(cards[known[device]])

    def _event(self) -> Any:
        event = self._torch.cuda.Event(enable_timing=True)
        event.record(self._torch.cuda.current_stream(self.device))
        return event

    def whole(self, model: bytes | str, inputs: Mapping[str, Any], runs: int, seconds: float) -> Timing:
        """The time of a run."""
        calls, tensors, _ = self._program(model, inputs)
        with self._set():
            return repeated(lambda: self._run(calls, dict(tensors), each=False)[0], runs, seconds)

    def operators(self, model: bytes | str, inputs: Mapping[str, Any], runs: int) -> dict[str, tuple[str, Timing]]:
        """The type and the time of every operator, by its name."""
        calls, tensors, _ = self._program(model, inputs)
        with self._set():
            found = [self._run(calls, dict(tensors), each=True) for _ in range(WARM_UP_RUNS + runs)][WARM_UP_RUNS:]
        return {call.name: (call.operator, Timing.of(list(times))) for call, times in zip(calls, zip(*found, strict=True), strict=True)}

    def outputs(self, model: bytes | str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """The outputs of one run as arrays, by name."""
        calls, tensors, names = self._program(model, inputs)
        with self._set():
            self._run(calls, tensors, each=False)
            return {name: tensors[name].cpu().numpy() for name in names}

    @contextmanager
    def _set(self) -> Iterator[None]:
        """Within, PyTorch has this number of threads and keeps nothing for gradients."""
        before = self._torch.get_num_threads()
        self._torch.set_num_threads(self.threads)
        try:
            with self._torch.inference_mode():
                yield
        finally:
            self._torch.set_num_threads(before)

    def _run(self, calls: Sequence[_Call], tensors: dict[str, Any], each: bool) -> list[float]:
        """The time of each call, or of all together; `tensors` then has the outputs."""
        marks = [self._mark()]
        for call in calls:
            try:
                tensors[call.output] = call.function(*[tensors[name] for name in call.inputs])
            except Exception as error:  # PyTorch has a class for every reason
                said = (str(error).splitlines() or [type(error).__name__])[0]
                raise CostModelError(f"PyTorch doesn't run operator {call.name!r} ({call.operator}): {said}") from None
            for name in call.done:
                del tensors[name]
            if each:
                marks.append(self._mark())
        return self._seconds(marks if each else [*marks, self._mark()])

    def _program(self, model: bytes | str, inputs: Mapping[str, Any]) -> tuple[list[_Call], dict[str, Any], list[str]]:
        """The calls, the tensors that are there before the first one, and the names of the outputs."""
        import onnx

        proto = onnx.load(model) if isinstance(model, str) else onnx.load_model_from_string(model)
        opset = next((one.version for one in proto.opset_import if one.domain in ("", "ai.onnx")), LEAST_OPSET)
        if opset < LEAST_OPSET:
            raise CostModelError(f"the model has operator set {opset}; PyTorch's equivalents are of {LEAST_OPSET} or newer: convert it")
        tensors: dict[str, Any] = {"": None}
        for tensor in proto.graph.initializer:
            array = onnx.numpy_helper.to_array(tensor)
            plain = array.ndim == 0 or array.dtype.kind in "iu"  # bounds, shapes: PyTorch takes them as numbers
            tensors[tensor.name] = array.tolist() if plain else self._tensor(array)
        outputs = [info.name for info in proto.graph.output]
        for name, array in inputs.items():
            tensors[name] = self._tensor(array)
        return _freeing(_calls(self._torch, proto.graph.node), {*outputs, *tensors}), tensors, outputs

    def _tensor(self, array: Any) -> Any:
        tensor = self._torch.tensor(array, device=self.device)
        return tensor.to(getattr(self._torch, self.dtype)) if tensor.is_floating_point() else tensor


def _between(marks: Sequence[float]) -> list[float]:
    return [after - before for before, after in itertools.pairwise(marks)]


def _between_events(marks: Sequence[Any]) -> list[float]:
    marks[-1].synchronize()
    return [before.elapsed_time(after) / 1e3 for before, after in itertools.pairwise(marks)]


class _Call(NamedTuple):
    """A function that is called on tensors."""

    name: str
    operator: str
    function: Function
    inputs: Sequence[str]
    output: str
    done: Sequence[str] = ()
    """Tensors that nothing needs after it."""


def _calls(torch: Any, nodes: Sequence[Any]) -> list[_Call]:
    import onnx

    uses = Counter(name for node in nodes for name in node.input)
    found: dict[str, _Call] = {}
    for number, node in enumerate(nodes):
        name = node.name or f"operator_{number}"
        inputs, operator = list(node.input), node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}.{node.op_type}"
        if operator not in OPERATORS:
            raise UnknownLayerError(
                f"operator {name!r} ({operator}) has no equivalent in PyTorch here; those that have are {', '.join(sorted(OPERATORS))}"
            )
        values = ((one.name, onnx.helper.get_attribute_value(one)) for one in node.attribute)
        attributes = {key: value.decode() if isinstance(value, bytes) else value for key, value in values}
        try:
            function = OPERATORS[operator](torch, **attributes)
        except TypeError:
            said = ", ".join(f"{key}={value!r}" for key, value in attributes.items())
            raise UnknownLayerError(f"operator {name!r} ({operator}) has no equivalent in PyTorch here with {said}") from None
        gate = found.get(inputs[-1]) if operator == "Mul" else None
        if gate and gate.operator == "Sigmoid" and list(gate.inputs) == inputs[:1] and uses[gate.output] == 1:
            operator, function, inputs = "SiLU", torch.nn.functional.silu, inputs[:1]
            del found[gate.output]
        found[node.output[0]] = _Call(name, operator, function, inputs, node.output[0])
    return list(found.values())


def _freeing(calls: Sequence[_Call], kept: set[str]) -> list[_Call]:
    """The calls, each with the tensors that it is the last to need."""
    last = {name: number for number, call in enumerate(calls) for name in (call.output, *call.inputs) if name not in kept}
    done: dict[int, list[str]] = {}
    for name, number in last.items():
        done.setdefault(number, []).append(name)
    return [call._replace(done=done.get(number, ())) for number, call in enumerate(calls)]


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
