"""What of a sandbox is alive or left on the host: processes, control groups, mounts and containers."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress

from paddock import process
from paddock.probes.inside.effects import Skipped
from paddock.probes.scenarios.scene import NotApplicable, by_engine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TypeVar

    from paddock.probes.scenarios.scene import Finding, Scene

    _T = TypeVar("_T")

_NAMED = {"podman": "{{.Name}} {{.Config.CreateCommand}}", "docker": "{{.Name}} {{json .HostConfig.Mounts}}"}
# How long a kernel may take to end what is to end, on a busy machine; and an engine, which starts programs for that.
_PATIENCE_S, _ENGINES_S = 6.0, 30.0
LIFE_S = 60  # of what would stay: longer than both, so that patience shows no sandbox in a better light
_PAUSE_S = 0.02
# For a shell whose `$0` is a mark: a process that wants to stay, with a session of its own, deaf to what ends others.
# It ends by itself all the same. The shell goes on when it is there: in the middle of execve(2) a process has no words.
_DEAF = f'trap "" TERM HUP INT; echo; exec >/dev/null; sleep {LIFE_S}; true'
STAY = f"(setsid sh -c '{_DEAF}' \"$0\" 2>/dev/null </dev/null &) | read -r up"


def new_mark(scene: Scene) -> str:
    """A word for the command line of what must not stay; what carries it at the end is killed, with what it began."""
    import secrets

    mark = f"paddock-mark-{secrets.token_hex(8)}"
    scene.ground.undo.callback(_end, mark)
    return mark


def left(scene: Scene, *marks: str) -> list[str]:
    """What still carries one of these marks after a moment of patience, which the control does not need."""
    alive = _wait(lambda: [pid for mark in marks for pid in marked(mark)], 0 if scene.bare else _patience_s(scene))
    return [f"ran on: {_words(pid)}" for pid in alive]


def gone(scene: Scene, pids: Iterable[int]) -> list[str]:
    """Which of these processes are still there after a moment of patience."""
    known = tuple(pids)
    return [
        f"ran on: {_words(pid)}" for pid in _wait(lambda: [pid for pid in known if _words(pid)], _patience_s(scene))
    ]


def marked(mark: str) -> list[int]:
    """Processes with a mark among their words. One that has ended has none, whether or not it was waited for."""
    return [pid for pid in _processes() if pid != os.getpid() and mark in _words(pid)]


def below(pid: int) -> list[int]:
    """A process and all that descend from it, as far as they did not lose their parents."""
    parents = {one: _parent(one) for one in _processes()}
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def control_groups(pids: Iterable[int]) -> set[str]:
    """The directories of the control groups that these are in."""
    found = set()
    for pid in pids:
        for line in _read(f"/proc/{pid}/cgroup").splitlines():
            _, controllers, path = line.split(":", 2)
            name = controllers.removeprefix("name=")
            found.add(f"/sys/fs/cgroup{f'/{name}' if name else ''}{path}".rstrip("/"))
    return found


def mounts(base: str) -> set[str]:
    """What is mounted from or below a directory, in our own namespace."""
    spelled = base.replace(" ", "\\040")
    return {line for line in _read("/proc/self/mountinfo").splitlines() if spelled in line}


def containers(scene: Scene) -> list[str]:
    """The names of the engine's containers that are about the ground of a scene; root has one storage for all."""
    program = "docker" if scene.ground.engine else "podman"
    if process.find(program) is None or (scene.plan and not by_engine(scene.plan)):
        return []
    every = _asked(scene, program, "ps", "--all", "--quiet", "--no-trunc").split()
    told = (
        _asked(scene, program, "inspect", "--type", "container", "--format", _NAMED[program], *every) if every else ""
    )
    lines = (line.partition(" ") for line in told.splitlines())
    return [name for name, _, words in lines if scene.ground.base in words]


def removed(scene: Scene, names: list[str]) -> Finding:
    """Which of these containers are still there after a moment of patience, which an engine needs to clear up."""
    if not names and scene.plan and by_engine(scene.plan):
        return Skipped("the engine does not say which container this is")
    if not names:
        return NotApplicable("no container of an engine's was made")
    return [
        f"left the container {name}" for name in _wait(lambda: containers(scene), _patience_s(scene)) if name in names
    ]


def _asked(scene: Scene, *words: str) -> str:
    return scene.host("/usr/bin/env", *words).stdout.decode(errors="replace")


def _patience_s(scene: Scene) -> float:
    return _ENGINES_S if scene.plan and by_engine(scene.plan) else _PATIENCE_S


def _wait(look: Callable[[], list[_T]], patience_s: float) -> list[_T]:
    deadline = time.monotonic() + patience_s
    while (found := look()) and time.monotonic() < deadline:
        time.sleep(_PAUSE_S)
    return found


def _end(mark: str) -> None:
    for pid in {each: None for one in marked(mark) for each in below(one)}:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _processes() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _words(pid: int) -> str:
    return _read(f"/proc/{pid}/cmdline").replace("\0", " ").strip()


def _parent(pid: int) -> int:
    after = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return int(after[1]) if after else 0


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:  # it has ended meanwhile
        return ""
