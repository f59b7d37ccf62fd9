"""The table of addresses that no name may lead to (`gateway.outside.guard`), one range less at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.mutation.mutants import Mutant

if TYPE_CHECKING:
    from collections.abc import Iterator


def mutants() -> Iterator[Mutant]:
    """Every range, and every form in which an IPv6 address carries one of version 4."""
    from paddock.gateway.outside import guard

    for kind, text in _ranges(guard._TABLE_4 + guard._TABLE_6):
        yield Mutant("ranges", f"{text}, {kind}", "gateway", "allow", ("NW-25",), pack=False)
    for prefix, _, _ in guard._CARRIERS:
        yield Mutant("ranges", f"{prefix}, carries another", "gateway", "allow", ("NW-25",), pack=False)


def _ranges(table: str) -> Iterator[tuple[str, str]]:
    for line in table.split("\n"):
        kind, *texts = line.split() or [""]
        for text in texts:
            yield kind, text


def install(key: str) -> None:
    """Take a range out of what this process judges by."""
    from paddock.gateway.outside import guard

    text = key.partition(",")[0]
    real, carried = guard._range(text, ""), guard._CARRIED
    if key.endswith("carries another"):
        guard._CARRIED = tuple(it for it in carried if (it[0].length, it[0].value) != (real.length, real.value))
        if len(guard._CARRIED) + 1 != len(carried):
            raise KeyError(key)
        return
    size = 16 if ":" in text else 4
    before = guard._RANGES[size]
    kept = tuple(it for it in before if (it.length, it.value) != (real.length, real.value))
    if len(kept) + 1 != len(before):
        raise KeyError(key)
    guard._RANGES[size] = kept
