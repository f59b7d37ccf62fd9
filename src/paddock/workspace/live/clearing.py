"""One live run's clearing: sweep, move, and at the end hand over what was moved to a change set."""

from __future__ import annotations

import os
import time
from contextlib import suppress

from paddock.errors import PaddockError, SessionError
from paddock.workspace import naming, shelf, store
from paddock.workspace.live.findings import Findings, Found
from paddock.workspace.live.ground import UPPER
from paddock.workspace.live.mounted import Mounted
from paddock.workspace.live.moving import PREFIX, Mover
from paddock.workspace.live.sweep import Sweep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from paddock.workspace.live.ground import Beginning, Ground
    from paddock.workspace.live.sweep import Danger, Rules

MOST_TOLD = 10_000  # paths; a sandbox that makes a million shall not fill our memory
MOST_MOVES = 20  # of one path, while something puts it there again and again
_MOST_SWEEPS = 5
_COARSE = 5  # CLOCK_REALTIME_COARSE
_SEVERITIES = ("high", "medium", "low")


class Clearing:
    """Keeps a repository clear for as long as a run lasts."""

    def __init__(self, ground: Ground, beginning: Beginning, rules: Rules, held: Sequence[str] = ()) -> None:
        """`held` is what the sandbox cannot write. Raises OSError where the repository is not there any more."""
        self._ground = ground
        self._beginning = beginning
        self.root = os.open(beginning.repository, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self.mounted = Mounted(beginning.repository, held)
        self._sweep = Sweep(self.root, ground, beginning, self.mounted, rules)
        self._mover = Mover(self.root, ground)
        self._found: dict[str, Found] = {}
        self._more = 0
        self._moves: dict[str, int] = {}

    def look(self, path: str, directory: int, names: Iterable[str]) -> None:
        """Clear some names of a directory while the sandbox runs."""
        wanted = [name for name in names if not name.startswith(PREFIX)]
        self._move(self._sweep.at(path, directory, wanted), ended=False)

    def finish(self, until_ns: int | None = None) -> Findings:
        """Clear everything once more, when nothing writes any more; with `until_ns` only what is older."""
        self._mover.finish()
        for _ in range(_MOST_SWEEPS):
            if not self._move(self._sweep.everything(until_ns), ended=True):
                break
        found = tuple(self._found[path] for path in sorted(self._found))
        try:
            return Findings(found, hand_over(self._ground, self._beginning), more=self._more)
        except (OSError, PaddockError) as error:
            return Findings(found, problem=str(error), more=self._more)

    def close(self) -> None:
        """Let go of the repository."""
        os.close(self.root)

    def _move(self, dangers: Iterable[Danger], *, ended: bool) -> int:
        """How many were moved. Who makes more and more of them has the rest moved when the run has `ended`."""
        moved = 0
        for danger in dangers:
            if not ended:
                if len(self._moves) >= MOST_TOLD and danger.path not in self._moves:
                    continue
                self._moves[danger.path] = self._moves.get(danger.path, 0) + 1
                if self._moves[danger.path] > MOST_MOVES:
                    continue
            with suppress(OSError):  # gone already, or met again under another name
                result = self._mover.move(danger)
                worst = min(danger.hazards, key=lambda hazard: _SEVERITIES.index(hazard.severity))
                self._note(Found(danger.path, worst.family, worst.name, result.restored, result.problem))
                moved += not result.problem
        return moved

    def _note(self, found: Found) -> None:
        if found.path in self._found or len(self._found) < MOST_TOLD:
            self._found[found.path] = found
        else:
            self._more += 1


def hand_over(ground: Ground, beginning: Beginning) -> str:
    """Make a change set of what was moved; its name, or nothing where there is nothing to hold.

    Its session begins now, when what stood in the repository before is back: nothing there is newer.
    """
    if not os.listdir(ground.upper):
        return ""
    written_ns = time.clock_gettime_ns(_COARSE)
    while time.clock_gettime_ns(_COARSE) <= written_ns:  # a tick of the clock that stamps files
        time.sleep(0.001)
    root = os.stat(beginning.repository)
    if os.geteuid() == 0:
        os.fchown(ground.upper, root.st_uid, root.st_gid)
    os.fchmod(ground.upper, root.st_mode & 0o1777 | 0o700)
    directory = _claim(beginning)
    try:
        os.rename(f"{ground.path}/{UPPER}", directory.upper)
    except OSError:
        store.release(directory)
        raise
    return directory.name if store.release(directory) else ""


def _claim(beginning: Beginning) -> shelf.ChangeSetDirectory:
    """A new change set, of the run's name if that is free."""
    for number in range(1, 1000):
        name = beginning.name if number == 1 else f"{beginning.name[: naming.LONGEST - 4]}-{number}"
        try:
            return store.claim(beginning.repository, name=name, fresh=True, sandbox=False)
        except SessionError:
            continue
    return store.claim(beginning.repository, fresh=True, sandbox=False)
