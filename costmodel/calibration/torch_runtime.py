"""Running a model in PyTorch, eagerly: one function of PyTorch for each ONNX operator, called one after another."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from costmodel.calibration.measurements import BITS
from costmodel.calibration.runtime import WARM_UP_RUNS, Timing, checked_threads, machine, repeated
from costmodel.calibration.torch_operators import OPERATORS, Function
from costmodel.errors import CostModelError, FieldError, MissingExtraError, UnknownLayerError

LEAST_OPSET = 13
"""Operators of older sets mean something else by the same name."""


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
