"""The rules: how an operator of a file becomes layers, by domain and name. Users add their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from costmodel.errors import CostModelError, FieldError, UnknownLayerError, UnknownNameError
from costmodel.readers._importer import Operator, Rule

Fold = Callable[..., Any]
"""Computes the numbers of an operator's output from those of its inputs; None where it can't."""


class Entry(NamedTuple):
    """What is known of an operator."""

    rule: Rule
    fold: Fold | None = None


class Rules:
    """The rules of one format."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.entries: dict[tuple[str, str], Entry] = {}

    def __call__(self, *kinds: str, domain: str = "", fold: Fold | None = None) -> Callable[[Rule], Rule]:
        """Decorate the rule of some operators."""

        def add(rule: Rule) -> Rule:
            for kind in kinds:
                if (domain, kind) in self.entries:
                    raise CostModelError(f"{self.name} operator {kind!r} has a rule already")
                self.entries[domain, kind] = Entry(rule, fold)
            return rule

        return add

    def find(self, domain: str, kind: str) -> Entry | None:
        """The rule of an operator; a user's own rule comes first."""
        key = domain, kind
        return (CUSTOM.get(key) if CUSTOM else None) or self.entries.get(key)

    def unknown(self, operator: Operator) -> UnknownLayerError:
        """The error for an operator without a rule."""
        names = sorted({kind for _, kind in (*self.entries, *CUSTOM)})
        said = str(UnknownNameError.of(f"{self.name} operator", operator.kind, names)).partition("; known are")[0]
        domain = f" (domain {operator.domain!r})" if operator.domain else ""
        return UnknownLayerError(
            f"{said}{domain}; it has no cost rule: add one with costmodel.readers.register, or read with unknown='count'"
        )


CUSTOM: dict[tuple[str, str], Entry] = {}
"""The rules of users, for custom operators of any format."""


def register(kind: str, domain: str = "") -> Callable[[Rule], Rule]:
    """Add a rule for an operator: an ONNX operator of your own domain, or a TFLite custom operator.

    The rule gets the operator, adds layers with `emit`, and returns its outputs. It wins over a rule that costmodel has.

    Parameters
    ----------
    kind : str
        What the file calls the operator.
    domain : str
        Its ONNX domain; empty for the operators of ONNX itself and for TFLite.

    Returns
    -------
    callable
        Decorates the rule, a function of one `Operator`.

    Examples
    --------
    A dense layer with clipped outputs, its weights of shape (out, in):

    >>> import costmodel as cm
    >>> @cm.readers.register("ClippedDense", domain="com.example")
    ... def clipped_dense(op):
    ...     x, w, b = op.inputs
    ...     y = op.emit(cm.layers.Dense(w.shape[0]), x, weights=[w], biases=[b])
    ...     return op.emit(cm.layers.ReLU6(), y)
    """
    if not isinstance(kind, str) or not kind or not isinstance(domain, str):
        raise FieldError(f"`kind` (={kind!r}) and `domain` (={domain!r}) must be texts")

    def add(rule: Rule) -> Rule:
        CUSTOM[domain, kind] = Entry(rule)
        return rule

    return add
