"""The list of zoo networks."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from costmodel.errors import CostModelError, FieldError, UnknownNameError
from costmodel.network import Network

Builder = TypeVar("Builder", bound=Callable[..., Network])

NETWORKS: dict[str, Callable[..., Network]] = {}
"""Every zoo function by its name."""


def network(builder: Builder) -> Builder:
    """Register a zoo function under its name."""
    if builder.__name__ in NETWORKS:
        raise CostModelError(f"zoo network {builder.__name__!r} is already registered by {NETWORKS[builder.__name__].__module__}")
    NETWORKS[builder.__name__] = builder
    return builder


def build(name: str, **arguments: Any) -> Network:
    """The zoo network `name` with these arguments of its builder.

    Examples
    --------
    >>> import costmodel as cm
    >>> cm.zoo.build("mobilenet_cifar", width_multiplier=0.75).macs
    255576000
    """
    if name not in NETWORKS:
        raise UnknownNameError.of("network", name, NETWORKS)
    known = inspect.signature(NETWORKS[name]).parameters
    if unknown := [k for k in arguments if k not in known]:
        raise FieldError(f"network {name!r} has no argument `{unknown[0]}`; its arguments are {', '.join(known) or 'none'}")
    return NETWORKS[name](**arguments)
