"""Immutable records that cost next to nothing to define.

``dataclass(frozen=True, slots=True)`` compiles seven functions and makes the class twice, a
millisecond for each class: the forty of them that a walk-through needs took a sixth of the time
in which the command line starts. Here the functions are shared by all records, so that an
instance takes a little longer to make and a class a twentieth.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Self, dataclass_transform


class _RecordType(type):
    """Makes a slot of each annotation, and keeps the default values beside them."""

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> _RecordType:
        own = tuple(f for f in namespace.get("__annotations__", ()) if not f.startswith("_"))
        defaults = {field: namespace.pop(field) for field in own if field in namespace}
        return super().__new__(
            cls,
            name,
            bases,
            {
                **namespace,
                "__slots__": own,
                "__match_args__": own,
                "_fields": own,
                "_defaults": defaults,
            },
        )


@dataclass_transform(frozen_default=True)
class Record(metaclass=_RecordType):
    """Fields by annotation, compared and hashed by value, as of a frozen dataclass.

    A subclass of a record adds no fields.

    >>> class Point(Record):
    ...     x: int
    ...     y: int = 0
    >>> Point(1), Point(1) == Point(x=1, y=0), Point(1).replaced(y=2)
    (Point(x=1, y=0), True, Point(x=1, y=2))
    """

    _fields: ClassVar[tuple[str, ...]]
    _defaults: ClassVar[dict[str, Any]]

    def __init__(self, *args: Any, **named: Any) -> None:
        fields = self._fields
        if len(args) > len(fields):
            raise TypeError(f"{type(self).__name__} takes {len(fields)} values, not {len(args)}")
        for field, value in zip(fields, args, strict=False):
            _set(self, field, value)
        for field in fields[len(args) :]:
            if field in named:
                _set(self, field, named.pop(field))
            elif field in self._defaults:
                _set(self, field, self._defaults[field])
            else:
                raise TypeError(f"{type(self).__name__} needs a value for {field!r}")
        if named:
            raise TypeError(f"{type(self).__name__} takes no {', '.join(named)}")

    def replaced(self, **changes: Any) -> Self:
        """The same with other values for some fields."""
        kept = {field: getattr(self, field) for field in self._fields}
        return type(self)(**kept | changes)

    def _values(self) -> tuple[Any, ...]:
        return tuple([getattr(self, field) for field in self._fields])

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash((type(self), self._values()))

    def __repr__(self) -> str:
        pairs = zip(self._fields, self._values(), strict=True)
        return f"{type(self).__qualname__}({', '.join(f'{f}={value!r}' for f, value in pairs)})"

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"cannot set {name!r}: a {type(self).__name__} is immutable")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"cannot delete {name!r}: a {type(self).__name__} is immutable")

    def __reduce__(self) -> tuple[Callable[..., Self], tuple[Any, ...]]:
        return type(self), self._values()


_set = object.__setattr__
