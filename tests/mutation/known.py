"""What is known of mutants that no probe notices: equivalents with their reasons, and the score that was reached."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

HERE = Path(__file__).parent
USER = "root" if os.geteuid() == 0 else "user"


@dataclass(frozen=True)
class Equivalent:
    """Mutants that take nothing away, since another layer holds: `reason` names it.

    `together` are mutants that take that layer away: with them a probe notices, and each run shows it.
    """

    mutants: tuple[str, ...]
    reason: str
    together: tuple[str, ...] = ()
    by: str = ""  # "root" or "user", where it holds for that one only
    on: str = ""  # the one boundary where it holds, if it does not on each that has such mutants

    def means(self, name: str) -> bool:
        """Whether a mutant is one of these. In a name `*` stands for any text, and nothing else does."""
        return any(fnmatchcase(name, pattern.replace("[", "[[]").replace("?", "[?]")) for pattern in self.mutants)


def equivalents(user: str = USER) -> tuple[Equivalent, ...]:
    """Those that hold for this user."""
    entries = tomllib.loads((HERE / "equivalents.toml").read_text("utf-8"))["equivalent"]
    found = [
        Equivalent(
            tuple(it["mutants"]), it["reason"], tuple(it.get("together", ())), it.get("by", ""), it.get("on", "")
        )
        for it in entries
    ]
    return tuple(it for it in found if it.by in ("", user))


def of(boundary: str, name: str, known: Iterable[Equivalent]) -> Equivalent | None:
    """What is known of a mutant."""
    return next((it for it in known if it.on in ("", boundary) and it.means(name)), None)


def kept(user: str = USER) -> Mapping[str, float]:
    """The score in percent below which no boundary may fall, for this user."""
    scores: Mapping[str, float] = tomllib.loads((HERE / "kept.toml").read_text("utf-8"))[user]
    return scores
