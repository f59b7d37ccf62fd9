"""A container as it is made, held and ended: what `build` is for bubblewrap.

The engine starts it detached and goes away. A guard (`boundary.guard`) removes it when Paddock dies, however that
happens: nothing else ends a container whose caller is gone.
"""

from __future__ import annotations

import os
import select
import time

from paddock.boundary import engine
from paddock.boundary.guard import Commands, Guard
from paddock.boundary.sheet import HERE, KEEPER
from paddock.errors import BoundaryUnavailable, Refused
from paddock.kernel.signals import HeldBack
from paddock.remarks import complain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.boundary.engine import Engine
    from paddock.boundary.sheet import Compiled
    from paddock.kernel.namespaces import Namespaces

LABEL = "paddock.sandbox"
# As root the container's ids are nobody's, and must come through to its root; the directories of live sandboxes are
# closed to them.
ROOTS_PLACE = "/run/paddock-containers"
# Below a container's place: what it is called, the sandbox that it belongs to, and what its guards hold.
NAME, _LIVE, _GUARDS = "name", "live", "guards"
BESIDE = "services"  # the same of each service, where its name is that of its container
_START_TIMEOUT_S = 120.0
_LOOK_EVERY_S = 0.002
_MOST, _FEWEST_FILES = 20000, 64


class Container:
    """A container and what belongs to it on the host, below `here`, a directory of its own."""

    def __init__(
        self, found: Engine, compiled: Compiled, here: str, name: str, *, owner: int | None, live: str = ""
    ) -> None:
        """Begin to make it. `owner` is who the person inside is on the host, where that is not the caller.

        `live` is the directory of the sandbox that it belongs to, for whoever finds it without its Paddock.
        """
        _refuse_odd(compiled.arguments)
        _refuse_few_files()
        self.compiled = compiled
        self._engine = found
        self._name = name
        self._owner = owner
        self._here = here
        self._init = -1
        self.first = 0  # its first process in our numbering, once it is complete
        self.beside = f"{here}/{BESIDE}"  # a place for what belongs to services; not made yet
        self.lock = lock(here)
        lay_out(compiled, here, found.keeper, owner)
        if live:
            os.symlink(live, f"{here}/{_LIVE}")
        _write(f"{here}/{NAME}", name.encode(), 0o400, None)
        settings = engine.settings()
        environment = engine.environment(settings)
        self._clears_up = bool(found.daemon) or engine.clears_up(environment)
        run = (
            *command(found, settings), "--detach", "--name", name, "--label", f"{LABEL}={name}",
            *(() if found.daemon else ("--pidfile", f"{here}/pid")),
            *limits(), *(word.replace(HERE, here) for word in compiled.arguments),
        )  # fmt: skip
        remove = engine.removal(found, name)
        complaints = os.open(f"{here}/complaints", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            commands = Commands(run, remove, environment, f"{here}/pid", self.lock)
            self._guard = Guard(commands, complaints)
        finally:
            os.close(complaints)

    def wait_until_complete(self) -> int:
        """PID 1 of the container, in our numbering, once it is the keeper. Raises BoundaryUnavailable.

        The engine goes on for a while after that, and is not waited for.
        """
        deadline = time.monotonic() + _START_TIMEOUT_S
        while time.monotonic() < deadline:
            status = self._guard.status(_LOOK_EVERY_S)
            if status:
                raise engine.failure(self.kill(), self._engine)
            if status == 0 and self._engine.daemon and self._init < 0:
                self._ask_for_pid()
            pid = self._keeper(patient=status is None)
            if pid:
                return pid
            HeldBack().leave_if_asked()  # it may last: nobody should have to wait for it
        self.kill()
        raise BoundaryUnavailable(
            f"{self._engine.name} did not start the container in {_START_TIMEOUT_S:g} seconds",
            why="it is still at work, or hangs",
            next_step=engine.revive(self._engine),
            code="podman-hangs",
        )

    def _ask_for_pid(self) -> None:
        """Write the file that podman writes by itself."""
        from paddock.boundary import docker

        _write(f"{self._here}/pid", str(docker.first_process(self._engine, self._name)).encode(), 0o400, None)

    def settle(self, namespaces: Namespaces) -> Namespaces:
        """With a user namespace for commands: podman has made one for the container, Docker none at all.

        Raises BoundaryUnavailable.
        """
        if not self._engine.daemon:
            return namespaces
        from paddock.kernel import userns

        try:
            return userns.below(namespaces, self.compiled.person, self._owner or 0)
        except OSError as error:
            raise BoundaryUnavailable(
                "no user namespace could be made below that of Docker's containers",
                why=f"{error.strerror}: this machine allows none to whoever is root in one",
                next_step="paddock doctor --boundary podman",
                code="docker-user-namespace",
            ) from error

    def _keeper(self, *, patient: bool) -> int:
        """PID 1 where it is the keeper, 0 where it is not yet. Until then it is the runtime, with more rights."""
        try:
            with open(f"{self._here}/pid", encoding="ascii") as file:
                pid = int(file.read())
            if self._init < 0:
                self._init = os.pidfd_open(pid)
            with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
                if file.read() == f"{os.path.basename(KEEPER)}\n":
                    self._guard.is_up()
                    self.first = pid
                    return pid
        except (OSError, ValueError) as error:
            if not patient:
                raise engine.failure(self.kill() or f"the container's first process has ended ({error})") from error
        return 0

    def wait(self, timeout_s: float) -> None:
        """Nothing to wait for: the engine's monitor removes a container whose first process is gone."""

    def kill(self) -> str:
        """Let go of it: whatever is left is removed. What the engine complained about."""
        gone = self._init >= 0 and bool(select.select([self._init], [], [], 0)[0])
        self._guard.release(gone=gone and self._clears_up)
        if self._guard.stays and not self._engine.daemon:  # Docker's removal fails, too, where its --rm was faster
            # Nothing finds it again: what was laid out for it, and with that its name, goes with the sandbox.
            complain(f"{self._engine.name} left a container behind: {self._engine.name} rm --force {self._name}")
        if self._init >= 0:
            os.close(self._init)
            self._init = -1
        with open(f"{self._here}/complaints", encoding="utf-8", errors="replace") as file:
            return file.read()


def command(found: Engine, settings: str) -> tuple[str, ...]:
    """The engine's words up to `run`."""
    if found.daemon:
        return (*engine.words(found), "run", "--rm")
    runtime = ("--runtime", found.runtime) if found.runtime else ()
    # No hooks, no mounts.conf: in the person's own there may be programs and host paths for every container. The file
    # for the latter has an option (a hidden one), and no setting.
    nothing = ("--hooks-dir", settings, "--default-mounts-file", os.devnull)
    return (found.program, *runtime, *nothing, "run", "--rm")


def place(own: str) -> str:
    """Where the container of a live sandbox, whose directory is `own`, has what it needs; not made yet."""
    if os.geteuid() != 0:
        return f"{own}/container"
    os.makedirs(ROOTS_PLACE, mode=0o711, exist_ok=True)
    os.chmod(ROOTS_PLACE, 0o711)  # noqa: S103 - to be passed through, not to be looked at
    return f"{ROOTS_PLACE}/{os.path.basename(own)}-{os.urandom(8).hex()}"


def lock(place: str) -> str:
    """The file that guards of containers at that place hold while they are at work."""
    return f"{place}/{_GUARDS}"


def live_directory_of(place: str) -> str:
    """The directory of the live sandbox that a container belongs to; empty where it is not known."""
    try:
        return os.readlink(f"{place}/{_LIVE}")
    except OSError:
        return ""


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


def _refuse_few_files() -> None:
    """With fewer open files than that an engine fails in its middle, or hangs."""
    import resource

    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if most < _FEWEST_FILES:
        raise BoundaryUnavailable(
            "too few open files for a container engine",
            why=f"the limit is {most}, and it needs {_FEWEST_FILES}",
            next_step="raise the limit: ulimit -n 4096",
            code="few-files",
        )


def lay_out(compiled: Compiled, here: str, keeper: str, owner: int | None) -> None:
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


def limits() -> list[str]:
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
