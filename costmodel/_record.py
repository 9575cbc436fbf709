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
        cls.__init__ = _initializer(cls)  # type: ignore[method-assign]

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


_MISSING: Any = object()


def _initializer(cls: type[Any]) -> Callable[..., None]:
    """An `__init__` that validates, its code written out for the fields as `dataclasses` does: records are made on the hot path."""
    fields, validators = dataclasses.fields(cls), dict(cls._validators)
    names = {f"_default_{f.name}": _MISSING if f.default is dataclasses.MISSING else f.default for f in fields}
    names |= {f"_validate_{name}": validate for name, validate in validators.items()}
    names |= {"_MISSING": _MISSING, "_refuse": _refuse, "_explain": _explain, "_make": cls.__init__, "CostModelError": CostModelError}
    given = "{" + ", ".join(f"{f.name!r}: {f.name}" for f in fields) + "}"
    required = [f"{f.name} is _MISSING" for f in fields if f.default is dataclasses.MISSING]
    code = [
        f"def __init__(self, {''.join(f'{f.name}=_default_{f.name}, ' for f in fields)}*_rest, **_unknown):",
        f"    if {' or '.join(['_rest', '_unknown', *required])}:",
        f"        _refuse(self, _make, {given}, _rest, _unknown)",
        "    values = self.__dict__",
        "    try:",
        *(f"        values[{f.name!r}] = " + (f"_validate_{f.name}({f.name})" if f.name in validators else f.name) for f in fields),
        "        pass",
        "    except (CostModelError, ValueError) as error:",
        f"        raise _explain(self, error, {given}) from None",
    ]
    exec("\n".join(code), names)
    made: Callable[..., None] = names["__init__"]
    return functools.wraps(cls.__init__)(made)


def _explain(record: Any, error: Exception, given: dict[str, Any]) -> Exception:
    """The error of a field, with its name: the first that is not there yet."""
    name = next(name for name in given if name not in record.__dict__)
    if isinstance(error, CostModelError):
        return type(error)(f"{type(record).__name__}: `{name}`: {error}")
    return FieldError(f"{type(record).__name__}: `{name}` (={given[name]!r}) {error}")


def _refuse(record: Any, make: Any, given: dict[str, Any], rest: tuple[Any, ...], unknown: dict[str, Any]) -> None:
    """Fields that are missing or unknown: what Python says of them, and what would be right."""
    fields = {name: value for name, value in given.items() if value is not _MISSING}
    try:
        make(record, *fields.values(), *rest, **unknown) if rest else make(record, **fields, **unknown)
    except TypeError as error:
        reason = str(error).split("() ")[-1]
        raise FieldError(f"{type(record).__name__} {reason}; its fields are: {', '.join(given) or 'none'}") from None
    raise AssertionError("the fields were refused, but Python takes them")
