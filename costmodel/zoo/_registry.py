"""The list of zoo networks, filled module by module as they are asked for."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any, TypeVar

from costmodel.errors import CostModelError, FieldError, UnknownNameError
from costmodel.network import Network

Builder = TypeVar("Builder", bound=Callable[..., Network])

_FOUND: dict[str, Callable[..., Network]] = {}
_RAISE: Any = object()
_PACKAGE = __name__.rpartition(".")[0]


def network(builder: Builder) -> Builder:
    """Register a zoo function under its name.

    Examples
    --------
    >>> import costmodel as cm
    >>> @network
    ... def one_dense(classes=10):
    ...     return cm.sequential((1, 64), [cm.layers.Dense(classes)], name="one_dense")
    >>> cm.zoo.build("one_dense", classes=5).macs
    320
    >>> del _FOUND["one_dense"]
    """
    if builder.__name__ in _FOUND:
        raise CostModelError(f"zoo network {builder.__name__!r} is already registered by {_FOUND[builder.__name__].__module__}")
    _FOUND[builder.__name__] = builder
    return builder


@cache
def _modules() -> tuple[str, ...]:
    return tuple(m.name for m in pkgutil.iter_modules(sys.modules[_PACKAGE].__path__) if not m.name.startswith("_"))


def _load(module: str) -> None:
    importlib.import_module(f"{_PACKAGE}.{module}")


class Zoo(ModuleType):
    """The package itself: a network wins over the module of its name, e.g. `zoo.alexnet`."""

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, _FOUND.get(name, value) if isinstance(value, ModuleType) else value)

    def __reduce__(self) -> tuple[Any, ...]:
        return importlib.import_module, (self.__name__,)  # a function that uses the zoo may travel to other processes


def builders() -> dict[str, Callable[..., Network]]:
    """Every zoo function by its name."""
    for module in _modules():
        _load(module)
    return dict(sorted(_FOUND.items()))


def builder(name: str, default: Any = _RAISE) -> Any:
    """The zoo function of that name; modules whose name begins it are searched first.

    Examples
    --------
    >>> import costmodel as cm
    >>> builder("mobilenet_v1") is cm.zoo.mobilenet_v1
    True
    """
    for module in sorted(_modules(), key=lambda module: not str(name).startswith(module)):
        if name in _FOUND:
            break
        _load(module)
    if name in _FOUND:
        return _FOUND[name]
    if default is _RAISE:
        raise UnknownNameError.of("network", name, _FOUND)
    return default


def build(name: str, **arguments: Any) -> Network:
    """The zoo network `name` with these arguments of its builder.

    Examples
    --------
    >>> import costmodel as cm
    >>> cm.zoo.build("mobilenet_cifar", width_multiplier=0.75).macs
    255576000
    """
    make: Callable[..., Network] = builder(name)
    known = inspect.signature(make).parameters
    if unknown := [k for k in arguments if k not in known]:
        raise FieldError(f"network {name!r} has no argument `{unknown[0]}`; its arguments are {', '.join(known) or 'none'}")
    return make(**arguments)
