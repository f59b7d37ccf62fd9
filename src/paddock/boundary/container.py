"""A container as it is made, held and ended: what `build` is for bubblewrap.

The engine starts it detached and goes away. A guard, a process of ours that only waits, removes it when Paddock dies
however that happens: nothing else ends a container whose caller is gone.
"""

from __future__ import annotations

import os
import select

from paddock.boundary import engine
from paddock.boundary.podman import HERE
from paddock.errors import BoundaryUnavailable, Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from paddock.boundary.engine import Engine
    from paddock.boundary.podman import Compiled
    from paddock.process import Started

LABEL = "paddock.sandbox"
# As root the container's ids are nobody's, and must come through to its root; the directories of live sandboxes are
# closed to them.
_ROOTS_PLACE = "/run/paddock-containers"
_START_TIMEOUT_S = 120.0
_MOST = 20000


class Container:
    """A container and what belongs to it on the host, below `here`, a directory of its own."""

    def __init__(self, found: Engine, compiled: Compiled, here: str, name: str, *, owner: int | None) -> None:
        """Begin to make it. `owner` is who the person inside is on the host, where that is not the caller."""
        _refuse_odd(compiled.arguments)
        self.compiled = compiled
        self._engine = found
        self._here = here
        self._name = name
        self._settings = engine.settings()
        self._environment = engine.environment(self._settings)
        _lay_out(compiled, here, found.keeper, owner)
        self._hold = _guard((found.program, "rm", "--force", "--time", "0", "--ignore", name), self._environment)
        self._started: Started | None = self._start()

    def _start(self) -> Started:
        from paddock.process import start

        runtime = ("--runtime", self._engine.runtime) if self._engine.runtime else ()
        # No hooks: a directory of the person's may hold programs for every container.
        words = (self._engine.program, *runtime, "--hooks-dir", f"{self._settings}/hooks", "run", "--detach", "--rm")
        own = ("--name", self._name, "--label", f"{LABEL}={self._name}", "--pidfile", f"{self._here}/pid")
        filled = (word.replace(HERE, self._here) for word in self.compiled.arguments)
        null = os.open(os.devnull, os.O_RDWR)
        complaints = os.open(f"{self._here}/complaints", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            return start(
                (*words, *own, *_limits(), *filled), environment=self._environment, streams=(null, null, complaints)
            )
        finally:
            os.close(null)
            os.close(complaints)

    def wait_until_complete(self) -> int:
        """PID 1 of the container, in our numbering, once it runs. Raises BoundaryUnavailable."""
        assert self._started is not None  # noqa: S101 - asked once, before `kill`
        status = self._started.wait(_START_TIMEOUT_S)
        if status is None:
            raise BoundaryUnavailable(
                "podman did not start the container in two minutes", next_step="paddock doctor --boundary podman"
            )
        if status:
            raise engine.failure(self.kill())
        with open(f"{self._here}/pid", encoding="ascii") as file:
            return int(file.read())

    def wait(self, timeout_s: float) -> None:
        """Nothing to wait for: the engine's monitor removes a container whose first process is gone."""

    def kill(self) -> str:
        """Let go of it: whatever is left is removed. What the engine complained about."""
        if self._started is None:
            return ""
        begun = self._started.wait(0) is not None
        if not begun:
            self._started.end(0)
        self._started = None
        os.write(self._hold, b"!" if begun and self._is_gone() else b"?")
        os.close(self._hold)
        with open(f"{self._here}/complaints", encoding="utf-8", errors="replace") as file:
            return file.read()

    def _is_gone(self) -> bool:
        """Whether the first process has ended: then the engine's monitor does the rest."""
        try:
            with open(f"{self._here}/pid", encoding="ascii") as file:
                pid = os.pidfd_open(int(file.read()))
        except (OSError, ValueError):
            return True
        ended = bool(select.select([pid], [], [], 0)[0])
        os.close(pid)
        return ended


def place(own: str) -> str:
    """Where the container of a live sandbox, whose directory is `own`, has what it needs; not made yet."""
    if os.geteuid() != 0:
        return f"{own}/container"
    os.makedirs(_ROOTS_PLACE, mode=0o711, exist_ok=True)
    os.chmod(_ROOTS_PLACE, 0o711)  # noqa: S103 - to be passed through, not to be looked at
    return f"{_ROOTS_PLACE}/{os.path.basename(own)}-{os.urandom(8).hex()}"


def _refuse_odd(words: tuple[str, ...]) -> None:
    for word in words:
        try:
            word.encode()
        except UnicodeEncodeError as error:
            raise Refused(
                "a container engine cannot be told of this path",
                why=f"{word!a} is not UTF-8",
                next_step="paddock run --boundary bubblewrap …, or rename it",
                code="path-not-text",
            ) from error


def _lay_out(compiled: Compiled, here: str, keeper: str, owner: int | None) -> None:
    """Write the skeleton of the root and the small files."""
    for name in ("", "/files", "/sources", "/root"):
        os.mkdir(here + name)
        # The container's ids must come through, with no right to look around; the last one is the root inside.
        os.chmod(here + name, 0o755 if name == "/root" else 0o711)
    os.symlink(keeper, f"{here}/keeper")
    for number, source in enumerate(compiled.sources):
        os.symlink(source, f"{here}/sources/{number}")
    for number, placed in enumerate(compiled.files):
        _write(f"{here}/files/{number}", placed.content, placed.mode, owner)
    for target, content in compiled.root:
        path = f"{here}/root{target}"
        if isinstance(content, int):
            os.mkdir(path)
            os.chmod(path, content)
        elif isinstance(content, str):
            os.symlink(content, path)
        else:
            _write(path, content, 0o444, owner)


def _limits() -> list[str]:
    """Limits for the keeper that we may set: the engine's own take CAP_SYS_RESOURCE, which a root may lack.

    Commands do not inherit them.
    """
    import resource

    words: list[str] = []
    for name, number in (("nofile", resource.RLIMIT_NOFILE), ("nproc", resource.RLIMIT_NPROC)):
        hard = resource.getrlimit(number)[1]
        value = _MOST if hard == resource.RLIM_INFINITY else min(hard, _MOST)
        words += ["--ulimit", f"{name}={value}:{value}"]
    return words


def _write(path: str, content: bytes, mode: int, owner: int | None) -> None:
    with open(path, "wb") as file:
        file.write(content)
        if owner is not None:
            os.fchown(file.fileno(), owner, owner)
        os.fchmod(file.fileno(), mode)


def _guard(remove: tuple[str, ...], environment: dict[str, str]) -> int:
    """Start the guard; what to write to, "!" where nothing is left to do.

    It becomes the engine that removes the container when its caller is gone. Not our child: nobody waits for it.
    """
    waiting, hold = os.pipe()
    pid = os.fork()
    if pid == 0:
        if os.fork():
            os._exit(0)
        _wait_and_remove(waiting, remove, environment)
    os.waitpid(pid, 0)
    os.close(waiting)
    return hold


def _wait_and_remove(waiting: int, remove: tuple[str, ...], environment: dict[str, str]) -> NoReturn:
    from paddock.kernel.confine import close_all_but

    try:
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        close_all_but(waiting)
        if os.read(waiting, 1) != b"!":
            os.set_inheritable(waiting, False)  # noqa: FBT003
            os.execve(remove[0], remove, environment)
    finally:
        os._exit(0)
