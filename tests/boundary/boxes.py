"""A bubblewrap sandbox from a small plan, without a session around it."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from paddock import starting
from paddock.boundary import bubblewrap
from paddock.boundary.build import Build
from paddock.boundary.facts import facts_for
from paddock.boundary.sandbox import Sandbox
from paddock.boundary.steps import Overlay
from paddock.frozen import replace
from paddock.kernel import seccomp
from paddock.kernel.join import Start
from paddock.plan.model import File, Link, Mask, Mount, Person, Plan, Private, Workspace
from paddock.policy.model import BUILT_IN
from paddock.process import find
from tests.boundary.field import end
from tests.boundary.plans import changed
from tests.capabilities import IS_ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

    from paddock.boundary.bubblewrap import Compiled
    from paddock.kernel.reports import Joined

TOP = ("/bin", "/sbin", "/lib", "/lib64")


class Box:
    """A workspace with a secret, layers, and sandboxes that are stopped at the end."""

    def __init__(self, base: Path) -> None:
        self.workspace, self.layers = base / "work space", base / "layers"
        for directory in (self.workspace, self.layers, self.layers / "upper", self.layers / "work"):
            directory.mkdir()
        (self.workspace / "file").write_text("of the host\n")
        (self.workspace / ".env").write_text("SECRET=1\n")
        (self.workspace / "secrets").mkdir()
        (self.workspace / "secrets/key").write_text("secret\n")
        self.above: tuple[str, ...] = ()  # further lower layers of the workspace
        self.others: tuple[Overlay, ...] = ()
        self._made: list[Sandbox | Build] = []
        self._joined: list[Joined] = []

    def plan(self, script: str, mode: Any = "review", *, masked: bool = True, **changes: Any) -> Plan:
        where = str(self.workspace)
        masks = (Mask(f"{where}/.env", False, BUILT_IN), Mask(f"{where}/secrets", True, BUILT_IN)) if masked else ()
        top = [path for path in TOP if os.path.exists(path)]
        plan = changed(
            command=("/bin/sh", "-c", script),
            cwd=where,
            person=Person(1000, 1000, "ada", "/home/ada") if IS_ROOT else _caller(),
            workspace=Workspace(where, mode, masks, BUILT_IN),
            mounts=tuple(Mount(path, path, "read", BUILT_IN) for path in ("/usr", *top) if not os.path.islink(path)),
            links=tuple(Link(path, os.readlink(path)) for path in top if os.path.islink(path)),
            files=(File("/etc/passwd", "ada:x:1000:1000::/home/ada:/bin/sh\n"),),
            private=(Private("/home/ada", 1 << 20), Private("/tmp", 1 << 20), Private("/run", 1 << 20)),
        )
        return replace(plan, **changes)

    def compiled(self, plan: Plan) -> Compiled:
        return bubblewrap.compile(plan, facts_for(plan), self.overlays(plan))

    def overlays(self, plan: Plan) -> tuple[Overlay, ...]:
        if plan.workspace.mode not in ("review", "scratch"):
            return ()
        where = plan.workspace.source
        return (Overlay(where, (*self.above, where), f"{self.layers}/upper", f"{self.layers}/work"), *self.others)

    def build(self, plan: Plan) -> Build:
        build = Build(find("bwrap") or "", self.compiled(plan), stand_in=IS_ROOT)
        self._made.append(build)
        return build

    def sandbox(self, plan: Plan) -> Sandbox:
        sandbox = Sandbox(self.build(plan))
        self._made.append(sandbox)
        return sandbox

    def start(self, plan: Plan) -> tuple[Sandbox, Joined]:
        """A sandbox whose command exists."""
        sandbox = self.sandbox(plan)
        joined = sandbox.start(start_of(plan))
        self._joined.append(joined)
        return sandbox, joined

    def said(self, script: str, mode: Any = "review", **options: Any) -> str:
        """Run a script that writes to `out` in the workspace; what it wrote."""
        plan = self.plan(f"exec > out 2>&1; {script}", mode, **options)
        _, joined = self.start(plan)
        assert end(joined).kind == "exited"
        where = self.workspace if mode == "live" else self.layers / "upper"
        return (where / "out").read_text()

    def release(self) -> None:
        """End every command and let go of it: PID 1 cannot end before its joiner has reaped it."""
        for joined in self._joined:
            with suppress(ProcessLookupError):
                os.kill(joined.first[0].number if joined.first else joined.joiner, signal.SIGKILL)
            joined.release()
        self._joined.clear()

    def stop(self) -> None:
        """End all."""
        self.release()
        for made in reversed(self._made):
            if isinstance(made, Build):
                made.kill()
            else:
                made.stop()


def _caller() -> Person:
    return Person(os.getuid(), os.getgid(), "ada", "/home/ada")


def start_of(plan: Plan) -> Start:
    return Start(
        argv=plan.command,
        cwd=plan.cwd,
        environment={"PATH": "/usr/bin:/bin"},
        uid=plan.person.uid,
        gid=plan.person.gid,
        limits={},
        filter=seccomp.program("default", starting.machine(), sockets="all"),
        streams=("null", "null", "null"),
    )


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@contextmanager
def nothing_left_open() -> Iterator[None]:
    """No descriptor of ours is open at the end that was not at the beginning.

    A number that is smaller says nothing: a thread that an earlier test left may be closing its own meanwhile.
    """
    before = _opened()
    yield
    assert _opened() - before == set()


def _opened() -> set[tuple[str, str]]:
    """Each of our descriptors with what it leads to."""
    found = set()
    for number in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):  # that of the list itself
            found.add((number, os.readlink(f"/proc/self/fd/{number}")))
    return found
