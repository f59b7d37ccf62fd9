"""Containers beside the person's own: services of a compose project, in the sandbox's network and nowhere else.

Each has ids that are nobody's outside, its own image and what that keeps, nothing of the workspace, and the network
namespace of the person's container, whose owner it is not. So a port inside is a port of 127.0.0.1 for all of them, and
the gateway the only way out. The engine's own filter holds them; their start as the root of their image may change to
another user of that image.
"""

from __future__ import annotations

import os
import select
import time

from paddock.boundary import container, engine
from paddock.boundary.base import Gap
from paddock.boundary.guard import Commands, Guard
from paddock.boundary.podman import ID_COUNT
from paddock.boundary.steps import STAND_IN
from paddock.errors import PaddockError
from paddock.kernel.signals import HeldBack
from paddock.remarks import complain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from paddock.boundary.container import Container
    from paddock.boundary.engine import Engine
    from paddock.plan.model import Plan, Service

# What images need to give their directories to a user of theirs and to become that one.
_CAPABILITIES = "CHOWN,DAC_OVERRIDE,FOWNER,SETGID,SETUID"
_RLIMITS = {"processes": "nproc", "open_files": "nofile", "file_size": "fsize", "memory": "data"}
_TOGETHER = {"memory": "memory-total", "processes": "process-total", "cpus": "cpu-total"}
_SHARED = ("/etc/hosts", "/etc/resolv.conf")  # of the person's container
_FIRST_AS_ROOT = STAND_IN + 0x30000  # neither the gateway's nor those of the person's container
_START_TIMEOUT_S = 120.0
_SETTLE_S = 0.2
_WORDS_S, _LOOK_EVERY_S = 1.0, 0.02  # the engine's monitor writes down what was said, and may be behind the end of it
_LOG_BYTES, _LINES = 1 << 20, 5


def words(service: Service, plan: Plan, network: str, here: str, *, as_root: bool) -> tuple[str, ...]:
    """What the engine is told of one service, behind `run`. Pure. `here` has its files."""
    first, count = (_FIRST_AS_ROOT, ID_COUNT) if as_root else (1, ID_COUNT - 1)  # 0 would be the caller
    found = [
        "--network", network, "--pid", "private", "--ipc", "private", "--uts", "private", "--cgroupns", "private",
        "--uidmap", f"0:{first}:{count}", "--gidmap", f"0:{first}:{count}",
        "--cap-drop", "all", "--cap-add", _CAPABILITIES, "--security-opt", "no-new-privileges",
        "--no-hosts", "--http-proxy=false", "--no-healthcheck", "--systemd", "false", "--stop-timeout", "0",
        "--hostname", service.name, "--pull", "never",
        "--log-driver", "k8s-file", "--log-opt", f"path={here}/log", "--log-opt", f"max-size={_LOG_BYTES}",
        "--mount", "type=tmpfs,dst=/sys,tmpfs-size=4096,tmpfs-mode=755,notmpcopyup",
    ]  # fmt: skip
    for file in plan.files:
        if file.target in _SHARED:
            found += ["--mount", f"type=bind,src={here}/{os.path.basename(file.target)},dst={file.target},ro=true"]
    for place in service.scratch:
        found += ["--volume", place]
    for name, value in service.environment:
        found += ["--env", f"{name}={value}"]
    if service.user:
        found += ["--user", service.user]
    if service.folder:
        found += ["--workdir", service.folder]
    if service.entrypoint is not None:
        import json

        found += ["--entrypoint", json.dumps(list(service.entrypoint))]
    return (*found, service.image, *(service.command or ()))


def limits(per_process: Mapping[str, int]) -> list[str]:
    """What each process of a service may use, as each of the person's may."""
    least = dict(one.split("=") for one in container.limits()[1::2])
    for name, flag in _RLIMITS.items():
        if name in per_process:
            value = min(per_process[name], int(least.get(flag, "").partition(":")[0] or per_process[name]))
            least[flag] = f"{value}:{value}"
    return [word for flag, value in sorted(least.items()) for word in ("--ulimit", f"{flag}={value}")]


def gaps(plan: Plan, runtime: str, together: Mapping[str, float]) -> tuple[Gap, ...]:
    """Limits that do not hold for all together: runc moves what it starts for root to a control group of its own."""
    if not plan.services or not runtime or os.geteuid() != 0:
        return ()
    written = {limit.name for limit in plan.limits if limit.origin.kind != "built-in"}
    return tuple(
        Gap(
            name=gap,
            promise=f"limits.{name} holds for all processes together",
            why=f"{runtime} takes the services beside a dev container out of the sandbox's control group",
            instead="run paddock as an ordinary user",
        )
        for name, gap in _TOGETHER.items()
        if name in written and name in together
    )


class Services:
    """The services of a sandbox that is there, started one after the other. Raises BoundaryUnavailable."""

    def __init__(
        self, found: Engine, plan: Plan, made: Container, per_process: Mapping[str, int], before: Callable[[], None]
    ) -> None:
        """Beside `made`, the person's container, which is complete. `before` runs in the engine (control groups).

        On a failure those that were started are still there: `stop`.
        """
        self._found = found
        self._network = f"ns:/proc/{made.first}/ns/net"
        self._here = made.beside
        self._lock = made.lock
        self._limits = limits(per_process)
        self._before = before
        self._guards: list[tuple[str, Guard, int]] = []
        os.mkdir(self._here)
        os.chmod(self._here, 0o711)  # noqa: S103 - to be passed through by ids that are nobody's, not to be looked at
        self._plan = plan

    def start(self) -> None:
        """Start them in their order; who has ended right away is told with what they said."""
        for service in self._plan.services:
            self._start(service)
        for name, _, handle in self._guards:
            if handle < 0 or select.select([handle], [], [], _SETTLE_S)[0]:
                complain(f"the service {name} has ended: {self._said(name) or 'without a word'}")

    def _start(self, service: Service) -> None:
        here = f"{self._here}/{service.name}"
        os.mkdir(here)
        os.chmod(here, 0o711)  # noqa: S103 - as above
        for file in self._plan.files:
            if file.target in _SHARED:
                _write(f"{here}/{os.path.basename(file.target)}", file.content)
        settings = engine.settings()
        name = f"paddock-{service.name}-{os.urandom(8).hex()}"
        # Where the runtime can do without, the control group is the sandbox's own.
        groups = () if self._found.runtime else ("--cgroups", "disabled")
        told = words(service, self._plan, self._network, here, as_root=os.geteuid() == 0)
        run = (
            *container.command(self._found, settings), "--detach", *groups,
            *("--name", name, "--label", f"{container.LABEL}={name}", "--pidfile", f"{here}/pid"),
            *self._limits, *told,
        )  # fmt: skip
        _write(f"{here}/{container.NAME}", name)
        remove = engine.removal(self._found, name)
        complaints = os.open(f"{here}/complaints", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            commands = Commands(run, remove, engine.environment(settings), f"{here}/pid", self._lock)
            guard = Guard(commands, complaints, self._before)
        finally:
            os.close(complaints)
        self._guards.append((service.name, guard, -1))
        if _ended(guard) != 0:
            raise _failed(service.name, here, self._found)
        handle = _handle(f"{here}/pid")
        if handle >= 0:
            guard.is_up()
        self._guards[-1] = (service.name, guard, handle)

    def _said(self, name: str) -> str:
        lines: list[str] = []
        deadline = time.monotonic() + _WORDS_S
        while not lines and time.monotonic() < deadline:
            try:
                with open(f"{self._here}/{name}/log", encoding="utf-8", errors="replace") as file:
                    lines = file.read(_LOG_BYTES).splitlines()[-_LINES:]
            except OSError:
                return ""
            time.sleep(0 if lines else _LOOK_EVERY_S)
        return " / ".join(line.split(" ", 3)[-1] for line in lines)  # each begins with a time, a stream and a mark

    def stop(self) -> None:
        """End them all."""
        while self._guards:
            _, guard, handle = self._guards.pop()
            guard.release(gone=False)  # also one that has ended: not every engine clears up (`engine.clears_up`)
            if handle >= 0:
                os.close(handle)


def _ended(guard: Guard) -> int | None:
    """How the engine ended; None where it hangs. A signal that asked for the end, and is held back, ends the wait."""
    deadline = time.monotonic() + _START_TIMEOUT_S
    while (status := guard.status(_LOOK_EVERY_S)) is None and time.monotonic() < deadline:
        HeldBack().leave_if_asked()
    return status


def _handle(pid_file: str) -> int:
    """The first process of a service, or -1 where it is gone already."""
    try:
        with open(pid_file, encoding="ascii") as file:
            return os.pidfd_open(int(file.read()))
    except (OSError, ValueError):
        return -1


def _write(path: str, content: str) -> None:
    with open(path, "wb") as file:
        file.write(os.fsencode(content))
        os.fchmod(file.fileno(), 0o444)


def _failed(name: str, here: str, found: Engine) -> PaddockError:
    with open(f"{here}/complaints", encoding="utf-8", errors="replace") as file:
        failure = engine.failure(file.read(), found)
    return PaddockError(
        f"the service {name} could not be started",
        why=failure.why,
        next_step="paddock devcontainer show --effective   says what it is; or: paddock doctor --boundary podman",
        code="service",
    )
