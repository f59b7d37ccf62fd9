"""Answers that are kept: some forty rules ask the same of one configuration, which may have thousands of mounts."""

from __future__ import annotations

import functools
import operator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Concatenate, ParamSpec, TypeVar

    from paddock.devcontainer.model import Effective

    P = ParamSpec("P")
    T = TypeVar("T")
    Asked = Callable[Concatenate[Effective, P], Iterable[T]]
    Answering = Callable[Concatenate[Effective, P], tuple[T, ...]]


def kept(function: Asked[P, T]) -> Answering[P, T]:
    """Decorator of a pure function of a configuration: it is asked once, and the answer goes with the configuration.

    As with `functools.cached_property`, the value that is asked about is what holds the answer. Further arguments are
    compared as objects: a context has no hash.
    """
    name = f"{function.__module__}.{function.__qualname__}"

    @functools.wraps(function)
    def answer(effective: Effective, *more: P.args, **named: P.kwargs) -> tuple[T, ...]:
        known: list[tuple[tuple[object, ...], tuple[T, ...]]] = vars(effective).setdefault(name, [])
        beside = (*more, *named.values())
        for given, found in known:
            if len(given) == len(beside) and all(map(operator.is_, given, beside)):
                return found
        known.append((beside, tuple(function(effective, *more, **named))))
        return known[-1][1]

    return answer  # type: ignore[return-value] # the checker wants the first argument without a name
