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
    """Whatever costmodel raises on purpose."""


class FieldError(CostModelError, ValueError):
    """An argument that a layer, machine or policy can't take."""


class QuantityError(CostModelError, ValueError):
    """A figure with a wrong or missing unit, or one that is not finite and positive."""


class ShapeError(CostModelError, ValueError):
    """Shapes that don't fit a layer."""


class NetworkError(CostModelError, ValueError):
    """A graph that is no network: a cycle, a dangling input, a name used twice."""


class UnknownNameError(CostModelError, LookupError):
    """No such network, layer kind, device, traffic policy or published table."""

    @classmethod
    def of(cls, what: str, name: object, known: Iterable[str]) -> "UnknownNameError":
        """The error for `name`, with the nearest known names, or all of them where none is near."""
        names = sorted(known)
        near = difflib.get_close_matches(str(name), names, n=3) or [known for known in names if name and known.startswith(str(name))]
        hint = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(names) or 'none'}"
        return cls(f"unknown {what} {name!r}; {hint}")


class UnknownLayerError(CostModelError, LookupError):
    """An operator without a cost rule."""


class ReaderError(CostModelError, ValueError):
    """A model file that can't be read."""


class ArgumentError(ReaderError, FieldError):
    """An input or a value, given for a model file, that doesn't fit it."""


class SymbolicError(CostModelError, TypeError):
    """A symbol or an array where plain numbers are needed, or both in one prediction."""


class MissingExtraError(CostModelError, ImportError):
    """An optional dependency that isn't installed; the message has the line that installs it."""

    @classmethod
    def of(cls, package: str, extra: str, purpose: str) -> "MissingExtraError":
        """The error for a missing `package`, naming what it was for and how to get it."""
        return cls(f"{purpose} needs {package}; install it with: pip install 'costmodel[{extra}]'")
