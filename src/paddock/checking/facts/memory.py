"""Answers that are kept: some forty rules ask the same of one configuration, which may have thousands of mounts."""

from __future__ import annotations

import functools

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TypeVar

    from paddock.devcontainer.model import Effective

    T = TypeVar("T")


def kept(function: Callable[[Effective], Iterable[T]]) -> Callable[[Effective], tuple[T, ...]]:
    """Decorator of a pure function of a configuration: it is asked once, and the answer goes with the configuration.

    As with `functools.cached_property`, the value that is asked about is what holds the answer.
    """
    name = f"{function.__module__}.{function.__qualname__}"

    @functools.wraps(function)
    def answer(effective: Effective) -> tuple[T, ...]:
        known = vars(effective)
        if name not in known:
            known[name] = tuple(function(effective))
        found: tuple[T, ...] = known[name]
        return found

    return answer
