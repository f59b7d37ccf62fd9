"""A field to try the landlock boundary on: a workspace, what lies outside, and hostile Python inside."""

from __future__ import annotations

import json
import os
import subprocess
import textwrap
import time
from typing import TYPE_CHECKING

from paddock.boundary import landlock
from paddock.boundary.confined import LandlockSandbox
from paddock.boundary.landlock_trial import facts_here
from paddock.frozen import replace
from paddock.plan.model import BoundaryChoice, File, Mount, Network, Person, Plan, Variable, Workspace
from paddock.policy.model import BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import Any

    from paddock.kernel.reports import Joined, Report
    from paddock.kernel.streams import Kinds

SHOWN = ("/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime")
PYTHON = "/usr/bin/python3"
NOTHING: Kinds = ("null", "null", "null")


class Field:
    """A workspace, what lies outside, and a way to run Python inside."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.workspace, self.outside, self.own = base / "work", base / "outside", base / "own"
        for directory in (self.workspace, self.outside, self.own):
            directory.mkdir()
        (self.outside / "secret").write_text("secret")
        self.sandboxes: list[LandlockSandbox] = []

    def plan(self, *command: str, mode: Any = "live", accept: Sequence[str] = (), **changes: Any) -> Plan:
        mounts = [Mount(p, p, "read", BUILT_IN) for p in ("/usr", *SHOWN) if os.path.exists(p)]
        mounts += [
            Mount(p, p, "read", BUILT_IN)
            for p in ("/bin", "/lib", "/lib64")
            if os.path.isdir(p) and not os.path.islink(p)
        ]
        plan = Plan(
            command=command,
            cwd=str(self.workspace),
            terminal=False,
            person=Person(os.getuid(), os.getgid(), "someone", str(self.base / "home")),
            environment=(Variable("PATH", "/usr/bin:/bin", BUILT_IN),),
            workspace=Workspace(str(self.workspace), mode, (), BUILT_IN),
            mounts=tuple(mounts),
            links=(),
            files=(File("/etc/passwd", ""), File(str(self.base / "home/.config/x"), "shown\n")),
            private=(),
            network=Network("off", (), BUILT_IN),
            limits=(),
            boundary=BoundaryChoice("landlock", "landlock", tuple(accept), BUILT_IN),
        )
        return replace(plan, **changes)

    def start(self, plan: Plan, kinds: Kinds = NOTHING) -> Joined:
        own = self.own / str(len(self.sandboxes))
        own.mkdir()
        sandbox = LandlockSandbox(landlock.compile(plan, facts_here(), str(own)))
        self.sandboxes.append(sandbox)
        return sandbox.exec(kinds)

    def script(self, source: str, *arguments: object) -> tuple[str, ...]:
        """A command that runs `source`; its `say(value)` leaves JSON in the workspace."""
        head = f"""
            import ctypes, errno, json, os, signal, socket, struct, sys, time
            def say(value): open({str(self.workspace / "said")!r}, "w").write(json.dumps(value))
            def attempt(task):
                try: task()
                except OSError as error: return errno.errorcode[error.errno]
                return "ok"
            libc = ctypes.CDLL(None, use_errno=True)
            def call(number, *arguments):
                if libc.syscall(ctypes.c_long(number), *arguments) < 0:
                    raise OSError(ctypes.get_errno(), "")
        """
        return (PYTHON, "-I", "-c", textwrap.dedent(head) + textwrap.dedent(source), *map(str, arguments))

    def said(self) -> Any:
        return json.loads((self.workspace / "said").read_text())

    def inside(self, source: str, *arguments: object, **options: Any) -> Any:
        """Run Python inside to its end; what it said."""
        assert end(self.start(self.plan(*self.script(source, *arguments), **options))).number == 0
        return self.said()

    def unconfined(self, source: str, *arguments: object) -> Any:
        """The same without a boundary: what an attempt gives that nothing stops."""
        subprocess.run(self.script(source, *arguments), cwd=self.workspace, check=True)
        return self.said()

    def stop(self) -> None:
        for sandbox in self.sandboxes:
            sandbox.stop()


def reports(joined: Joined) -> Iterator[Report]:
    while report := joined.receive():
        yield report
        if report.kind in ("exited", "killed", "failed"):
            return


def end(joined: Joined) -> Report:
    return list(reports(joined))[-1]


def alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):  # reaped before it was opened, or before it was read: proc(5)
        return False


def wait_for(condition: Any) -> None:
    deadline = time.monotonic() + 90
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
