"""The exceptions of costmodel.

::

    CostModelError
    ├── FieldError            an argument that a layer, machine or policy can't take   (also ValueError)
    ├── QuantityError         "1 MB/s junk": a figure with a wrong or missing unit     (also ValueError)
    ├── ShapeError            shapes that don't fit a layer                            (also ValueError)
    ├── NetworkError          a graph that is no network: a cycle, a dangling input    (also ValueError)
    ├── UnknownNameError      no such network, layer, device, policy, table            (also LookupError)
    ├── UnknownLayerError     an operator without a cost rule                          (also LookupError)
    ├── ReaderError           a model file that can't be read                          (also ValueError)
    │   └── ArgumentError     an input or value that doesn't fit the file              (also FieldError)
    ├── SymbolicError         a symbol or array where plain numbers are needed         (also TypeError)
    └── MissingExtraError     an optional dependency that isn't installed              (also ImportError)

Catch `CostModelError` for all of them.
"""

import difflib
from collections.abc import Iterable


class CostModelError(Exception):
    """Whatever costmodel raises on purpose.

    Examples
    --------
    >>> import costmodel as cm
    >>> try:
    ...     cm.predict("mobilenet_v1", "pardi")
    ... except cm.CostModelError as error:
    ...     print(f"{type(error).__name__}: {error}")
    UnknownNameError: unknown hardware 'pardi'; did you mean pardhi?; or give a path that ends in .toml
    """


class FieldError(CostModelError, ValueError):
    """An argument that a layer, machine or policy can't take.

    Examples
    --------
    >>> import costmodel as cm
    >>> cm.layers.Conv2d(16, 3, stride=0)
    Traceback (most recent call last):
        ...
    costmodel.errors.FieldError: Conv2d: `stride` (=0) must be a positive integer or a symbol
    """


class QuantityError(CostModelError, ValueError):
    """A figure with a wrong or missing unit, or one that is not finite and positive.

    Examples
    --------
    >>> import costmodel as cm
    >>> cm.Hardware.load("pardhi").replace(sram="1 Mb")
    Traceback (most recent call last):
        ...
    costmodel.errors.QuantityError: Hardware: `sram_bytes`: '1 Mb' is in bits, where bytes are meant; divide by 8 and write B (e.g. MB, MiB)
    """


class ShapeError(CostModelError, ValueError):
    """Shapes that don't fit a layer.

    Examples
    --------
    >>> import costmodel as cm
    >>> cm.layers.Conv2d(16, 3)(cm.Input((1, 64)), name="conv")
    Traceback (most recent call last):
        ...
    costmodel.errors.ShapeError: needs an input of shape (batch, channels, height, width), got (1, 64); layer 'conv' (conv2d)
    """


class NetworkError(CostModelError, ValueError):
    """A graph that is no network: a cycle, a dangling input, a name used twice.

    Examples
    --------
    >>> import costmodel as cm
    >>> cm.Network("empty", [], [])
    Traceback (most recent call last):
        ...
    costmodel.errors.NetworkError: network 'empty' has no output
    """


class UnknownNameError(CostModelError, LookupError):
    """No such network, layer kind, device, traffic policy or published table.

    Examples
    --------
    >>> import costmodel as cm
    >>> cm.Hardware.load("pardi")
    Traceback (most recent call last):
        ...
    costmodel.errors.UnknownNameError: unknown hardware 'pardi'; did you mean pardhi?; or give a path that ends in .toml
    """

    @classmethod
    def of(cls, what: str, name: object, known: Iterable[str]) -> "UnknownNameError":
        """The error for `name`, with the nearest known names, or all of them where none is near."""
        names = sorted(known)
        near = difflib.get_close_matches(str(name), names, n=3) or [known for known in names if name and known.startswith(str(name))]
        hint = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(names) or 'none'}"
        return cls(f"unknown {what} {name!r}; {hint}")


class UnknownLayerError(CostModelError, LookupError):
    """An operator without a cost rule.

    Examples
    --------
    >>> import costmodel as cm
    >>> layers = [{"class_name": "InputLayer", "config": {"name": "x", "batch_shape": [1, 8]}},
    ...           {"class_name": "Mine", "config": {"name": "mine"}}]
    >>> try:
    ...     cm.read({"class_name": "Sequential", "config": {"name": "n", "layers": layers}})
    ... except cm.errors.UnknownLayerError as error:
    ...     print(str(error)[:29])
    unknown Keras operator 'Mine'
    """


class ReaderError(CostModelError, ValueError):
    """A model file that can't be read.

    Examples
    --------
    >>> import costmodel as cm
    >>> try:
    ...     cm.read("model.pt")
    ... except cm.errors.ReaderError as error:
    ...     print(str(error).partition(";")[0])
    'model.pt' is a pickle, which can run any code when it is loaded
    """


class ArgumentError(ReaderError, FieldError):
    """An input or a value, given for a model file, that doesn't fit it.

    Examples
    --------
    >>> import costmodel as cm
    >>> layers = [{"class_name": "InputLayer", "config": {"name": "x", "batch_shape": [1, 8]}},
    ...           {"class_name": "Dense", "config": {"name": "fc", "units": 4}}]
    >>> try:
    ...     cm.read({"class_name": "Sequential", "config": {"name": "n", "layers": layers}}, inputs={"x": (1, 3, 8)})
    ... except cm.errors.ArgumentError as error:
    ...     print(str(error).partition(";")[0])
    `inputs['x']` (=(1, 3, 8)) must have 2 sizes, as the file declares (1, 8)
    """


class SymbolicError(CostModelError, TypeError):
    """A symbol or an array where plain numbers are needed, or both in one prediction.

    Examples
    --------
    >>> import costmodel as cm
    >>> cm.predict(cm.zoo.mobilenet_v1(resolution=cm.symbols("R", multiple_of=32))).to_json()
    Traceback (most recent call last):
        ...
    costmodel.errors.SymbolicError: JSON holds plain numbers, got the symbolic value R; use to_latex, to_dataframe or to_dataset
    """


class MissingExtraError(CostModelError, ImportError):
    """An optional dependency that isn't installed; the message has the line that installs it.

    Examples
    --------
    >>> print(MissingExtraError.of("onnx", "onnx", "reading ONNX files"))
    reading ONNX files needs onnx; install it with: pip install 'costmodel[onnx]'
    """

    @classmethod
    def of(cls, package: str, extra: str, purpose: str) -> "MissingExtraError":
        """The error for a missing `package`, naming what it was for and how to get it."""
        return cls(f"{purpose} needs {package}; install it with: pip install 'costmodel[{extra}]'")
