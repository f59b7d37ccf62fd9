"""One protection of Paddock's taken away: a mutant. What the families below find in the code, and how each is put in.

Nothing here is part of the package: a switch of the product that weakens a sandbox would itself be a hole. A mutant
lives in a process of its own (`launcher`), for as long as that runs.
"""

from __future__ import annotations

import importlib
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Where protections are found: what a boundary's compiler emits, the tables of what is refused, the statements of
# the ways in and out. Each module has `mutants()` and `install(key)`.
FAMILIES = (
    "arguments", "filters", "landlocked", "ceilings", "statements", "ranges", "hands", "engines", "guests",
)  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """`key` says to its family what is taken away, and reads as that; `setting` is the sandbox that shows it.

    `scenarios` are the beginnings of the ids of those probes with a run of their own that may notice it; without `pack`
    only these are tried.
    """

    family: str
    key: str
    boundary: str
    setting: str
    scenarios: tuple[str, ...] = ()
    pack: bool = True

    @property
    def name(self) -> str:
        """By which the tables of what is equivalent name it."""
        return f"{self.family}: {self.key}"


# A key that takes nothing away: the family tells what it could, where that is known only while a sandbox is made.
TELL = "?"
TOLD = "mutants.json"


def tell(keys: Iterable[str]) -> None:
    """Leave the keys in the home of the ground."""
    with open(f"{os.environ['HOME']}/{TOLD}", "w", encoding="utf-8") as file:
        json.dump(list(dict.fromkeys(keys)), file)


def split(name: str) -> tuple[str, str]:
    """Family and key of a name."""
    family, _, key = name.partition(": ")
    return family, key


def install(name: str) -> None:
    """Put a mutant into this process. To be called before anything of Paddock's is imported."""
    family, key = split(name)
    if family not in FAMILIES:
        raise KeyError(name)
    importlib.import_module(f"tests.mutation.{family}").install(key)


def everything() -> Iterator[Mutant]:
    """All mutants that this machine and this user can show."""
    for family in FAMILIES:
        yield from importlib.import_module(f"tests.mutation.{family}").mutants()
