"""A module as an exported program: `torch.export` follows its `forward` with tensors that have shapes but no numbers."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from costmodel._num import is_symbolic
from costmodel.errors import FieldError, ReaderError, UnknownNameError
from costmodel.readers.torch._exported import dtype_of

EXAMPLES = range(224, 2**31, 32)
"""What stands for open sizes while the module is followed, a different one for each: decisions that depend on them are recorded."""
EXAMPLE_BATCH = 2


def export(module: Any, inputs: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
    """The exported program of a module in evaluation; the module stays as it is.

    Parameters
    ----------
    module : torch.nn.Module
        Its parameters are not read, and nothing is computed with them.
    inputs : mapping
        For parameters of `forward` a tensor, a shape, or a shape and a number format.
    values : mapping
        Numbers, texts and truth values for other parameters of `forward`.
    """
    import torch

    examples = _Examples(torch, module)
    arguments: dict[str, Any] = {}
    dynamic: dict[str, Any] = {}
    for name, given in _named(module, inputs, values).items():
        if name in values:
            arguments[name], dynamic[name] = values[name], None
        else:
            arguments[name], dynamic[name] = examples.make(name, given)
    try:
        with _evaluating(torch, module), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.export.export(module, (), arguments, dynamic_shapes=dynamic, strict=False)
    except Exception as error:  # the module's own code runs here, and may raise anything
        said = str(error).strip().partition("\n")[0]
        raise ReaderError(
            f"torch.export can't follow {type(module).__name__}: {type(error).__name__}: {said}; inputs were "
            f"{', '.join(f'{k} of shape {tuple(v.shape)} and {dtype_of(v.dtype)}' for k, v in arguments.items() if hasattr(v, 'shape'))}; "
            f"integers are given as a tensor or as (shape, 'int64')"
        ) from error


class _Examples:
    """Tensors for the given shapes; the same symbol has the same size everywhere."""

    def __init__(self, torch: Any, module: Any) -> None:
        self.torch = torch
        first = next((t for t in (*module.parameters(), *module.buffers()) if t.is_floating_point()), None)
        self.device = "cpu" if first is None else first.device
        self.dtype = torch.float32 if first is None else first.dtype
        self.sizes: dict[str, int] = {}

    def make(self, name: str, given: Any) -> tuple[Any, dict[int, Any]]:
        """A tensor without numbers, and which of its axes are open."""
        shape, dtype = shape_of(name, given)
        found = self.dtype if dtype is None else getattr(self.torch, dtype, None)
        if not isinstance(found, self.torch.dtype):
            raise FieldError(f"`inputs[{name!r}]` has the number format {dtype!r}, which PyTorch does not know")
        sizes = [self._size(name, axis, size) for axis, size in enumerate(shape)]
        open_axes = {axis: self.torch.export.Dim.AUTO for axis, size in enumerate(shape) if type(size) is not int}
        return self.torch.empty(sizes, dtype=found, device=self.device), open_axes

    def _size(self, name: str, axis: int, size: Any) -> int:
        if type(size) is int:
            return size
        if is_symbolic(size):
            numbers = {symbol: self._example(symbol.name, axis, getattr(symbol, "multiple_of", None)) for symbol in size.free_symbols}
            found = size.xreplace(numbers)
            if not getattr(found, "is_Integer", False) or found < 1:
                raise FieldError(f"`inputs[{name!r}]`: the size {size} must be a positive integer, got {found} for {numbers}")
            return int(found)
        if not isinstance(size, str) or not size:
            raise FieldError(f"`inputs[{name!r}]` must hold integers, symbols or their names, got {size!r}")
        return self._example(size, axis, None)

    def _example(self, symbol: str, axis: int, step: Any) -> int:
        if symbol not in self.sizes:
            least = EXAMPLE_BATCH if axis == 0 else EXAMPLES[len(self.sizes)]
            step = int(step) if step is not None and step.is_Integer else 1
            self.sizes[symbol] = -(-least // step) * step
        return self.sizes[symbol]


def shape_of(name: str, given: Any) -> tuple[tuple[Any, ...], str | None]:
    """The shape and the number format of what stands for an input: a tensor, a shape, or both in a pair."""
    if hasattr(given, "shape") and hasattr(given, "dtype"):
        return tuple(given.shape), dtype_of(given.dtype)
    dtype = None
    if isinstance(given, tuple | list) and len(given) == 2 and isinstance(given[0], tuple | list):
        given, dtype = given[0], dtype_of(given[1])
    if not isinstance(given, tuple | list):
        raise FieldError(
            f"`inputs[{name!r}]` (={given!r}) must be a tensor, a shape such as (1, 3, 224, 224), or a pair of shape and format"
        )
    return tuple(given), dtype


def _named(module: Any, inputs: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """What is given, by the parameters of `forward` in their order."""
    parameters = inspect.signature(module.forward).parameters
    names = [n for n, p in parameters.items() if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    if not any(p.kind == p.VAR_KEYWORD for p in parameters.values()):
        if len(inputs) == 1 and not values and not inputs.keys() & set(names) and names:
            return {names[0]: next(iter(inputs.values()))}
        for name in (*inputs, *values):
            if name not in names:
                raise UnknownNameError.of(f"parameter of {type(module).__name__}.forward", name, names)
    given = {**inputs, **values}
    for name, parameter in parameters.items():
        if name in names and name not in given and parameter.default is parameter.empty:
            raise FieldError(f"`inputs` must have a shape or a tensor for {name!r}, which {type(module).__name__}.forward needs")
    return {name: given[name] for name in (*(n for n in names if n in given), *(n for n in given if n not in names))}


@contextmanager
def _evaluating(torch: Any, module: Any) -> Iterator[None]:
    """The module in evaluation, and attention written out; both as before afterwards."""
    modes = {part: part.training for part in module.modules()}
    fast = torch.backends.mha.get_fastpath_enabled()
    try:
        for part in modes:
            part.training = False
        torch.backends.mha.set_fastpath_enabled(False)
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
        for part, training in modes.items():
            part.training = training
