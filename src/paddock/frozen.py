"""Frozen value objects for the start path: what `dataclass(frozen=True)` gives, without its import.

`import dataclasses` costs about as much as the whole interpreter start (it pulls in `inspect`, `ast`
and `tokenize`), and each decorated class compiles source text again. `paddock run` would spend half of
its budget there. To the type checker these classes *are* frozen dataclasses (PEP 681).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, TypeVar, dataclass_transform

    T = TypeVar("T")
else:  # `typing` is as heavy as `dataclasses`

    def dataclass_transform(**_: object) -> Callable[[T], T]:
        return lambda function: function


@dataclass_transform(frozen_default=True, eq_default=True)
def frozen(cls: type[T]) -> type[T]:
    """Give a class `__init__`, equality, hash and repr from its annotations, and forbid assignment."""
    names = tuple(cls.__annotations__)
    defaults = {name: cls.__dict__[name] for name in names if name in cls.__dict__}

    count = len(names)

    def __init__(self: object, *values: object, **named: object) -> None:
        if len(values) == count and not named:  # the way of tables, which hold hundreds
            self.__dict__.update(zip(names, values, strict=True))
            return
        if len(values) > count:
            message = f"{cls.__name__} takes {count} values, not {len(values)}"
            raise TypeError(message)
        given = {**defaults, **dict(zip(names, values, strict=False))}
        for name in named:
            if name not in names or name in names[: len(values)]:
                message = f"{cls.__name__} got an unexpected or repeated {name!r}"
                raise TypeError(message)
        given.update(named)
        for name in names:
            if name not in given:
                message = f"{cls.__name__} needs {name!r}"
                raise TypeError(message)
        self.__dict__.update(given)

    def __setattr__(self: object, name: str, value: object) -> None:
        message = f"cannot assign to field {name!r} of a frozen {cls.__name__}"
        raise AttributeError(message)

    def __delattr__(self: object, name: str) -> None:
        message = f"cannot delete field {name!r} of a frozen {cls.__name__}"
        raise AttributeError(message)

    def __eq__(self: object, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return values_of(self) == values_of(other)

    def __hash__(self: object) -> int:
        return hash((cls.__name__, values_of(self)))

    def __repr__(self: object) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{cls.__name__}({shown})"

    for method in (__init__, __setattr__, __delattr__, __eq__, __hash__):
        setattr(cls, method.__name__, method)
    if "__repr__" not in cls.__dict__:  # what holds a secret has its own
        setattr(cls, "__repr__", __repr__)  # noqa: B010 - the type checker would take it for an assignment
    type.__setattr__(cls, "__match_args__", names)
    type.__setattr__(cls, "__fields__", names)
    return cls


def fields(thing: object) -> tuple[str, ...]:
    """The field names of a frozen class or of an instance, in their order."""
    names: tuple[str, ...] = thing.__fields__  # type: ignore[attr-defined]
    return names


def values_of(thing: object) -> tuple[object, ...]:
    """The field values of an instance, in their order."""
    return tuple(getattr(thing, name) for name in fields(thing))


def replace(thing: T, **changes: object) -> T:
    """A copy of `thing` with some fields changed."""
    given: Mapping[str, object] = {name: getattr(thing, name) for name in fields(thing)}
    return type(thing)(**{**given, **changes})


def as_data(thing: Any) -> Any:
    """Plain dicts, lists and scalars of a frozen tree, ready for JSON."""
    if hasattr(type(thing), "__fields__"):
        return {name: as_data(getattr(thing, name)) for name in fields(thing)}
    if isinstance(thing, tuple | list):
        return [as_data(item) for item in thing]
    if isinstance(thing, dict):
        return {key: as_data(value) for key, value in thing.items()}
    return thing
