"""Checks of the arguments that zoo functions share."""

from __future__ import annotations

import math
from typing import Any

from costmodel._num import Num, is_array, is_symbolic
from costmodel.errors import FieldError


def multiplier(value: Any, name: str = "width_multiplier") -> Num:
    """A positive finite number or a symbol."""
    if is_symbolic(value):
        return value
    if isinstance(value, bool) or not hasattr(value, "__float__") or is_array(value):
        raise FieldError(f"`{name}` (={value!r}) must be a positive number or a symbol")
    if not (math.isfinite(value) and value > 0):
        raise FieldError(f"`{name}` (={value!r}) must be finite and positive")
    return value
