"""A repository on the host, a ground beside it, and somebody who judges by the catalogue."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from paddock.workspace.hazards import catalogue, named
from paddock.workspace.hazards.judging import Judge
from paddock.workspace.live import ground
from paddock.workspace.live.clearing import Clearing
from paddock.workspace.live.mounted import Mounted
from paddock.workspace.live.standing import Standing
from paddock.workspace.live.survey import survey
from paddock.workspace.live.sweep import Sweep

if TYPE_CHECKING:
    from pathlib import Path

    from paddock.workspace.live.ground import Ground
    from paddock.workspace.live.survey import Survey

RULES = catalogue.load()
STANDING = Standing(RULES)
DEFAULT_CONFIG = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n"
HOSTILE_CONFIG = "[core]\n\tfsmonitor = ./x\n"


def judges(upper: int, lower: int) -> Judge:
    return Judge(RULES, upper, lower)


def write(path: Path, text: str = "content\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def looked(repository: Path, *, mounts: bool = True) -> Survey:
    return survey(str(repository), STANDING, mounts=mounts)


class Run:
    """A live run without a sandbox: what a test writes after it was made is what the sandbox wrote."""

    def __init__(self, repository: Path, *, mounts: bool = True) -> None:
        self.repository = repository
        self.rules = catalogue.load(named=named.read(str(repository)))
        self.standing = Standing(self.rules)
        self.survey = survey(str(repository), self.standing, mounts=mounts)
        self.ground, self.beginning = ground.create("run", self.survey)
        self.root = os.open(repository, os.O_RDONLY | os.O_DIRECTORY)

    def judges(self, upper: int, lower: int) -> Judge:
        return Judge(self.rules, upper, lower)

    def clearing(self) -> Clearing:
        return Clearing(self.ground, self.beginning, (self.standing, self.judges))

    def sweep(self) -> Sweep:
        mounted = Mounted(str(self.repository), ())  # nothing is held, since there is no sandbox
        return Sweep(self.root, self.ground, self.beginning, mounted, (self.standing, self.judges))

    def dangers(self) -> dict[str, list[str]]:
        """What the last look finds: paths and names of hazards."""
        return {danger.path: [one.name for one in danger.hazards] for danger in self.sweep().everything()}

    def now(self) -> set[str]:
        """What a look while the run lasts finds."""
        sweep, found = self.sweep(), set()
        for directory, directories, names in os.walk(self.repository):
            place = os.open(directory, os.O_RDONLY)
            path = "" if directory == str(self.repository) else os.path.relpath(directory, self.repository)
            found |= {danger.path for danger in sweep.at(path, place, [*names, *directories])}
            os.close(place)
        return found

    def close(self) -> None:
        os.close(self.root)
        self.ground.close()


def kept(place: Ground) -> list[str]:
    """The files that were moved to a ground."""
    base = f"{place.path}/upper"
    return sorted(os.path.relpath(os.path.join(at, name), base) for at, _, names in os.walk(base) for name in names)
