"""Frozen, validated records: layers, machines and traffic policies are made of them.

A subclass is written as plain annotated fields; each annotation carries its one validator::

    class Pool(Record):
        kernel_size: Annotated[Any, positive] = 2
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import partial
from inspect import get_annotations
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self, dataclass_transform, get_type_hints

from costmodel.errors import CostModelError, FieldError

if TYPE_CHECKING:
    import inspect

Validator = Callable[[Any], Any]
"""Returns the value to store, or raises ValueError saying what it must be. One with a method `of` gives the validator for a class."""

_MISSING: Any = object()


class _Signature:
    """What `inspect.signature` says of a class: made when it is asked."""

    def __get__(self, record: Any, cls: type[Record]) -> inspect.Signature:
        from inspect import Parameter, Signature, signature

        if not hasattr(cls.__init__, "of_fields"):  # the class has written its own
            written: Any = cls.__init__
            return signature(partial(written, None))
        hints = get_type_hints(cls)
        defaults = ((name, default) for name, default in cls._defaults().items())
        kind = Parameter.POSITIONAL_OR_KEYWORD
        return Signature([Parameter(n, kind, default=Parameter.empty if d is _MISSING else d, annotation=hints[n]) for n, d in defaults])


@dataclass_transform(frozen_default=True)
class Record:
    """A frozen class of fields that are checked by the validators in their annotations; compares and hashes by them.

    What `dataclasses` would write for every class is written here when the first object of a class is made: a process that reads
    one file makes few of the classes that it imports.
    """

    _names: ClassVar[tuple[str, ...]] = ()
    _key: ClassVar[Any] = staticmethod(lambda record: ())
    __signature__: ClassVar[Any] = _Signature()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        own = [name for name, said in get_annotations(cls).items() if "ClassVar" not in str(said)]
        if own:
            cls._names = tuple(dict.fromkeys((*cls._names, *own)))
            cls._key = operator.attrgetter(*cls._names)
        if "__init__" in cls.__dict__ or not (own or (cls._names and hasattr(cls.__init__, "of_fields"))):
            return

        def __init__(self: Any, *args: Any, **fields: Any) -> None:
            written: Any = _initializer(cls)
            cls.__init__ = written  # type: ignore[method-assign]
            written(self, *args, **fields)

        __init__.of_fields = True  # type: ignore[attr-defined]
        cls.__init__ = __init__  # type: ignore[method-assign]

    def __init__(self, *rest: Any, **unknown: Any) -> None:
        """Of a class without fields."""
        if rest or unknown:
            _refuse(self, {}, rest, unknown)

    __init__.of_fields = True  # type: ignore[attr-defined]

    @classmethod
    def _defaults(cls) -> dict[str, Any]:
        return {name: getattr(cls, name, _MISSING) for name in cls._names}

    def fields(self) -> dict[str, Any]:
        """The fields by name, in order."""
        return {name: getattr(self, name) for name in self._names}

    def replace(self, **changes: Any) -> Self:
        """A copy with some fields changed, checked again."""
        make: Any = type(self)
        changed: Self = make(**{**self.fields(), **changes})
        return changed

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} can't be changed; `replace({name}=...)` makes a changed copy")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} can't be changed")

    def __eq__(self, other: object) -> bool:
        return self is other or (type(other) is type(self) and bool(self._key(self) == self._key(other)))

    def __hash__(self) -> int:
        return hash((type(self), self._key(self)))

    def __repr__(self) -> str:
        changed = [
            f"{name}={value!r}"
            for (name, default), value in zip(self._defaults().items(), self.fields().values(), strict=True)
            if value is not default and value != default
        ]
        return f"{type(self).__name__}({', '.join(changed)})"


def _initializer(cls: type[Record]) -> Callable[..., None]:
    """An `__init__` that validates, its code written out for the fields as `dataclasses` does: records are made on the hot path."""
    hints = get_type_hints(cls, include_extras=True)
    said = {name: validate for name in cls._names for validate in getattr(hints[name], "__metadata__", ())}
    validators = {name: getattr(validate, "of", lambda _, validate=validate: validate)(cls) for name, validate in said.items()}
    defaults = cls._defaults()
    names = {f"_default_{name}": default for name, default in defaults.items()}
    names |= {f"_validate_{name}": validate for name, validate in validators.items()}
    names |= {"_MISSING": _MISSING, "_refuse": _refuse, "_explain": _explain, "CostModelError": CostModelError}
    given = "{" + ", ".join(f"{name!r}: {name}" for name in defaults) + "}"
    required = [f"{name} is _MISSING" for name, default in defaults.items() if default is _MISSING]
    code = [
        f"def __init__(self, {''.join(f'{name}=_default_{name}, ' for name in defaults)}*_rest, **_unknown):",
        f"    if {' or '.join(['_rest', '_unknown', *required])}:",
        f"        _refuse(self, {given}, _rest, _unknown)",
        "    values = self.__dict__",
        "    try:",
        *(f"        values[{name!r}] = " + (f"_validate_{name}({name})" if name in validators else name) for name in defaults),
        "        pass",
        "    except (CostModelError, ValueError) as error:",
        f"        raise _explain(self, error, {given}) from None",
    ]
    exec("\n".join(code), names)
    made: Callable[..., None] = names["__init__"]
    made.of_fields = True  # type: ignore[attr-defined]
    made.__qualname__ = f"{cls.__name__}.__init__"
    return made


def _explain(record: Any, error: Exception, given: dict[str, Any]) -> Exception:
    """The error of a field, with its name: the first that is not there yet."""
    name = next(name for name in given if name not in record.__dict__)
    if isinstance(error, CostModelError):
        return type(error)(f"{type(record).__name__}: `{name}`: {error}")
    return FieldError(f"{type(record).__name__}: `{name}` (={given[name]!r}) {error}")


def _refuse(record: Any, given: dict[str, Any], rest: tuple[Any, ...], unknown: dict[str, Any]) -> NoReturn:
    """Fields that are missing or unknown, and what would be right."""
    missing = [f"`{name}`" for name, value in given.items() if value is _MISSING]
    if unknown:
        reason = f"has no field `{next(iter(unknown))}`"
    elif rest:
        reason = f"takes {len(given)} fields, got {len(given) + len(rest)}"
    else:
        reason = f"needs {' and '.join(missing)}"
    raise FieldError(f"{type(record).__name__} {reason}; its fields are: {', '.join(given) or 'none'}")
