"""What the host's own table of processes says of those inside."""

from __future__ import annotations

import os
import sys

from paddock.probes.inside.effects import Skipped
from paddock.probes.scenarios.scene import scenario

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.probes.scenarios.scene import Findings, Scene

GROUPS = ("0", "4")  # root, and whoever may read logs
_SHELL = "/bin/sh"
_SCRIPT = "echo up; read line"


def alive(mark: str) -> dict[int, list[bytes]]:
    """The processes of this machine that have a mark as one of their arguments, and what these are."""
    found = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
        except OSError:
            continue
        if mark.encode() in words:
            found[int(name)] = words
    return found


def with_groups() -> tuple[str, ...]:
    """Words before a command of root's, who often has no groups but its own: there must be some that could stay."""
    if os.geteuid() != 0:
        return ()
    script = f"import os, sys; os.setgroups([{', '.join(GROUPS)}]); os.execv(sys.argv[1], sys.argv[1:])"
    return (sys.executable, "-I", "-c", script)


def status(pid: int) -> dict[str, str]:
    """What proc(5) says of a process in /proc/PID/status, by the names there."""
    with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file:
        return {name: value.strip() for name, _, value in (line.partition(":") for line in file)}


@scenario("PK-11 host-side", "PK-32 own-session")
def identity(scene: Scene) -> Findings:
    """Who a process inside is, whatever it is called there, and whose terminal is its own."""
    mark = f"paddock-probe-{scene.ground.mark}"
    started = scene.start(_SHELL, "-c", _SCRIPT, mark, word="up", through=with_groups())
    command = [word.encode() for word in (_SHELL, "-c", _SCRIPT)]
    inside = [pid for pid, words in alive(mark).items() if words[:3] == command]  # not the sandbox's own program
    if not inside:
        raise Skipped("the processes of this sandbox cannot be seen from here")
    ours = bool(scene.paddock) and os.geteuid() == 0
    return {
        "PK-11 host-side": sorted({what for pid in inside for what in _rights(pid, as_nobody=ours)}),
        # Ours is the leader of the session that it was started in, as a shell on a terminal is.
        "PK-32 own-session": ["it is in the caller's session"]
        if any(os.getsid(pid) == started.pid for pid in inside)
        else [],
    }


def _rights(pid: int, *, as_nobody: bool) -> list[str]:
    """What the host sees of a process. Paddock has ids of nobody's for it, where it is run by root."""
    lines = status(pid)
    known = _accounts() if as_nobody else {"Uid": {0}, "Gid": {0}}
    ids = sorted((name, number) for name in known for number in {*map(int, lines[name].split())} & known[name])
    found = [f"it is {name.lower()} {number} of the host" for name, number in ids]
    if os.geteuid() == 0:
        found += [f"it is in group {group} of the host" for group in GROUPS if group in lines["Groups"].split()]
    return found + [f"{name} {lines[name]}" for name in ("CapPrm", "CapEff") if int(lines[name], 16)]


def _accounts() -> dict[str, set[int]]:
    """The users and groups of this machine."""
    import grp
    import pwd

    return {"Uid": {it.pw_uid for it in pwd.getpwall()}, "Gid": {it.gr_gid for it in grp.getgrall()}}
