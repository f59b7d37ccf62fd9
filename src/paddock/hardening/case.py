"""What is to be hardened, as one value: the configuration, what the rules find in it, and what the person decided."""

from __future__ import annotations

from paddock.checking.facts import base
from paddock.checking.findings import SEVERITIES
from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    from paddock.checking.findings import Finding
    from paddock.checking.rule import Rule
    from paddock.devcontainer.model import Configuration, Effective
    from paddock.devcontainer.source import Path, Source
    from paddock.hardening.changes import Keep

    Engine = Literal["podman", "docker"]
    Kind = Literal["folder", "file", ""]  # what stands there, "" for nothing

NUMERIC_USER = "1000"  # the first ordinary user of most images; it needs no entry in /etc/passwd


@frozen
class Limits:
    """What the container may take, as run flags have it."""

    memory: str = "4g"
    processes: str = "512"
    cpus: str = "2"


@frozen
class Case:
    """One configuration to harden. Paths are relative to the opened folder.

    `own`: the text was written by `paddock harden` before. `git` is what the opened folder has as `.git`, `git_above`
    what the root of its repository has; `guarded` are the files and folders that decide about dev containers. `digest`
    is what the image is called for ever, where a local engine knows it. `without` are Features that are left out,
    `user` who runs inside where nobody says it.
    """

    effective: Effective
    findings: tuple[Finding, ...]
    rules: Mapping[str, Rule]
    source: str
    target: str
    keeps: tuple[Keep, ...] = ()
    without: tuple[str, ...] = ()
    user: str = ""
    engine: Engine = "podman"
    git: Kind = ""
    git_above: Kind = ""
    guarded: tuple[str, ...] = ()
    digest: str = ""
    limits: Limits = Limits()
    own: bool = False
    command: str = "paddock harden"

    @property
    def file(self) -> Configuration:
        """The file itself, the highest layer."""
        return base.own(self.effective)

    @property
    def composed(self) -> bool:
        """Whether compose makes the container, for which run flags do nothing."""
        return self.effective.kind == "compose"

    def kept(self, *rules: str) -> bool:
        """Whether the person keeps what one of these rules finds."""
        return any(one.rule in rules for one in self.keeps)

    def at(self, source: Source) -> Finding | None:
        """The worst that is found at a source and is not kept."""
        found = [one for one in self.findings if one.source == source and not self.kept(one.rule)]
        return min(found, key=lambda one: SEVERITIES.index(one.severity), default=None)

    def of(self, path: Path) -> tuple[Finding, ...]:
        """All that is found at a path of the file, kept or not."""
        return tuple(
            one for one in self.findings if one.source.path == path and one.source.layer in ("file", "override")
        )

    def has(self, rule: str) -> bool:
        """Whether a rule finds something, and the person does not keep it."""
        return not self.kept(rule) and any(one.rule == rule for one in self.findings)
