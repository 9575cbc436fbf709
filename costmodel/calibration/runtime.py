"""Running a model in ONNX Runtime: how long a run takes, and how long each operator in it."""

from __future__ import annotations

import json
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from costmodel.errors import CostModelError, FieldError, MissingExtraError

WARM_UP_RUNS = 2
LEAST_RUNS = 5


class Timing(NamedTuple):
    """Times of several runs. [s]"""

    median_s: float
    minimum_s: float
    spread_s: float
    runs: int

    @classmethod
    def of(cls, seconds: list[float]) -> Timing:
        """The summary of some times."""
        if len(seconds) < 2:
            return cls(seconds[0], seconds[0], 0.0, len(seconds))
        first, median, last = statistics.quantiles(seconds, n=4)
        return cls(median, min(seconds), last - first, len(seconds))


class Runtime(Protocol):
    """What runs models."""

    name: str
    """The program and its version."""
    threads: int
    machine: str
    """The processor or the card."""
    dtype: str
    """Of weights and feature maps."""

    def whole(self, model: bytes | str, inputs: Mapping[str, Any], runs: int, seconds: float) -> Timing:
        """The time of a run."""
        ...

    def operators(self, model: bytes | str, inputs: Mapping[str, Any], runs: int) -> dict[str, tuple[str, Timing]]:
        """The type and the time of every operator, by its name."""
        ...


def checked_threads(threads: int) -> int:
    """A number of threads, or a `FieldError`."""
    if type(threads) is not int or threads < 1:
        raise FieldError(f"`threads` (={threads!r}) must be an integer of at least 1")
    return threads


def repeated(run: Callable[[], float], runs: int, seconds: float) -> Timing:
    """The time of a run: of `runs` runs, of fewer once they take `seconds`, of at least five, after two that warm up."""
    for _ in range(WARM_UP_RUNS):
        run()
    found: list[float] = []
    begun = time.perf_counter()
    while len(found) < runs and (len(found) < LEAST_RUNS or time.perf_counter() - begun < seconds):
        found.append(run())
    return Timing.of(found)


class OnnxRuntime:
    """ONNX Runtime on the CPU, one operator after another.

    Parameters
    ----------
    threads : int
        That share an operator's work.
    device : str
        "cpu".
    dtype : str
        "float32".

    Examples
    --------
    >>> from costmodel.calibration import OnnxRuntime
    >>> OnnxRuntime(threads=1).dtype
    'float32'
    """

    def __init__(self, threads: int = 1, device: str = "cpu", dtype: str = "float32") -> None:
        try:
            import onnxruntime
        except ImportError:
            raise MissingExtraError.of("onnxruntime", "measure", "measuring") from None
        if (device, dtype) != ("cpu", "float32"):
            asked = f"`device` (={device!r}) and `dtype` (={dtype!r})"
            raise FieldError(f"ONNX Runtime is timed on cpu in float32, got {asked}; PyTorch takes others")
        self.threads = checked_threads(threads)
        self.name = f"onnxruntime {onnxruntime.__version__}"
        self.machine = machine()
        self.dtype = dtype

    def _session(self, model: bytes | str, profile: str = "") -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        if profile:
            options.enable_profiling = True
            options.profile_file_prefix = profile
        try:
            return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the runtime has a class for every reason
            raise CostModelError(f"ONNX Runtime doesn't take the model: {str(error).splitlines()[0]}") from None

    def whole(self, model: bytes | str, inputs: Mapping[str, Any], runs: int, seconds: float) -> Timing:
        """The time of a run."""
        session, feeds = self._session(model), dict(inputs)

        def run() -> float:
            start = time.perf_counter()
            session.run(None, feeds)
            return time.perf_counter() - start

        return repeated(run, runs, seconds)

    def operators(self, model: bytes | str, inputs: Mapping[str, Any], runs: int) -> dict[str, tuple[str, Timing]]:
        """For every operator that the runtime executes its type and its time, by its name; names are the runtime's own after fusing."""
        with tempfile.TemporaryDirectory() as folder:
            session = self._session(model, str(Path(folder) / "profile"))
            feeds = dict(inputs)
            for _ in range(WARM_UP_RUNS + runs):
                session.run(None, feeds)
            events = json.loads(Path(session.end_profiling()).read_text())
        found: dict[tuple[str, str], list[float]] = {}
        for event in events:
            if event.get("cat") == "Node" and event["name"].endswith("_kernel_time"):
                key = event["name"].removesuffix("_kernel_time"), event["args"].get("op_name", "")
                found.setdefault(key, []).append(event["dur"] * 1e-6)
        return {name: (operator, Timing.of(times[WARM_UP_RUNS:])) for (name, operator), times in found.items() if len(times) > WARM_UP_RUNS}


def machine() -> str:
    """The processor that this runs on, as the system names it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
