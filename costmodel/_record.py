"""Frozen, validated records: layers, machines and traffic policies are made of them.

A subclass is written as plain annotated fields; each annotation carries its one validator::

    class Pool(Record):
        kernel_size: Annotated[Any, positive] = 2
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable
from typing import Any, ClassVar, Self, dataclass_transform, get_type_hints

from costmodel.errors import CostModelError, FieldError

Validator = Callable[[Any], Any]
"""Returns the value to store, or raises ValueError saying what it must be."""


@dataclass_transform(frozen_default=True)
class Record:
    """A frozen dataclass whose fields are checked by the validators in their annotations."""

    _validators: ClassVar[tuple[tuple[str, Validator], ...]] = ()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if hasattr(cls, "__dataclass_fields__") and all("ClassVar" in str(a) for a in inspect.get_annotations(cls).values()):
            return  # no field of its own: the parent's are ready
        dataclasses.dataclass(frozen=True, repr=False)(cls)
        hints = get_type_hints(cls, include_extras=True)
        cls._validators = tuple(
            (field.name, validator)
            for field in dataclasses.fields(cls)  # type: ignore[arg-type]
            for validator in getattr(hints[field.name], "__metadata__", ())
        )
        make = cls.__init__
        names = tuple(field.name for field in dataclasses.fields(cls))  # type: ignore[arg-type]
        known = frozenset(names)
        defaults = {f.name: f.default for f in dataclasses.fields(cls) if f.default is not dataclasses.MISSING}  # type: ignore[arg-type]

        @functools.wraps(make)
        def __init__(self: Any, *args: Any, **fields: Any) -> None:
            values = {**defaults, **dict(zip(names, args, strict=False)), **fields}
            if values.keys() != known or len(args) > len(names) or (args and fields and not fields.keys().isdisjoint(names[: len(args)])):
                _refuse(self, make, args, fields)
            for name, validate in cls._validators:
                try:
                    values[name] = validate(values[name])
                except CostModelError as error:
                    raise type(error)(f"{type(self).__name__}: `{name}`: {error}") from None
                except ValueError as error:
                    raise FieldError(f"{type(self).__name__}: `{name}` (={values[name]!r}) {error}") from None
            self.__dict__.update(values)

        cls.__init__ = __init__  # type: ignore[method-assign]

    def fields(self) -> dict[str, Any]:
        """The fields by name, in order."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}  # type: ignore[arg-type]

    def replace(self, **changes: Any) -> Self:
        """A copy with some fields changed, checked again."""
        return type(self)(**{**self.fields(), **changes})

    def __repr__(self) -> str:
        changed = (
            f"{f.name}={getattr(self, f.name)!r}"
            for f in dataclasses.fields(self)  # type: ignore[arg-type]
            if getattr(self, f.name) is not f.default and getattr(self, f.name) != f.default
        )
        return f"{type(self).__name__}({', '.join(changed)})"


def _refuse(record: Any, make: Any, args: tuple[Any, ...], fields: dict[str, Any]) -> None:
    """Fields that are missing, unknown or given twice: what Python says of them, and what would be right."""
    try:
        make(record, *args, **fields)
    except TypeError as error:
        given = f"{len(args)} in order and {', '.join(fields) or 'none'} by name"
        known = ", ".join(f.name for f in dataclasses.fields(record))
        reason = str(error).split("() ")[-1]
        raise FieldError(f"{type(record).__name__} {reason} (fields given: {given}; fields are: {known or 'none'})") from None
    raise AssertionError("the fields were refused, but Python takes them")
