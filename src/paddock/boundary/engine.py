"""The container engine of this machine: where it is, which runtime it gets, what its complaints mean."""

from __future__ import annotations

import os

from paddock.boundary.base import Gap
from paddock.boundary.packages import install
from paddock.errors import BoundaryUnavailable, PaddockError
from paddock.frozen import frozen
from paddock.process import SYSTEM_PATH, find, run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# catatonit(1) waits as PID 1 and reaps, needs nothing of the image, and comes with podman as its `--init`.
_KEEPERS = ("/usr/libexec/podman/catatonit", "/usr/lib/podman/catatonit", "/usr/bin/catatonit")
OLDEST = (4, 3)
_ASK_TIMEOUT_S = 20.0
_LONGEST_SOCKET = 107
# What an engine asks of its caller: whose storage, and where systemd is.
_PASSED = ("XDG_RUNTIME_DIR", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "DBUS_SESSION_BUS_ADDRESS", "CONTAINERS_STORAGE_CONF")


@frozen
class Engine:
    """Podman, as it is called here."""

    program: str
    keeper: str
    runtime: str  # "" for the engine's own choice


def find_engine() -> Engine:
    """The engine of this machine. Raises BoundaryUnavailable."""
    program = find("podman")
    if program is None:
        raise _no_podman()
    keeper = next((path for path in _KEEPERS if os.access(path, os.X_OK)), None)
    if keeper is None:
        raise BoundaryUnavailable(
            "catatonit is not installed",
            why="podman's own --init: it waits as the first process of a container",
            next_step=install("catatonit"),
            code="catatonit-missing",
        )
    if os.geteuid() != 0 and find("newuidmap") is None:
        raise BoundaryUnavailable(
            "newuidmap is not installed",
            why="podman needs it to give a container of an ordinary user's ids of its own",
            next_step=install("newuidmap"),
            code="newuidmap-missing",
        )
    return Engine(program, keeper, _runtime())


def _no_podman() -> BoundaryUnavailable:
    why, next_step = "no program podman in the system's directories", install("podman")
    if has_docker():
        why += (
            "; Docker is here, whose daemon is root and takes containers from whoever can ask it: Paddock starts none"
        )
        next_step += "   or, for Docker itself, a safer devcontainer.json: paddock harden --engine docker"
    return BoundaryUnavailable("podman is not installed", why=why, next_step=next_step, code="podman-missing")


def has_docker() -> bool:
    """Whether the caller has Docker's own program, which is named in what they may type and is never run.

    Not podman's of that name (podman-docker), which is a script.
    """
    program = find("docker", os.get_exec_path())
    try:
        with open(program or os.devnull, "rb") as file:
            return file.read(2) not in (b"", b"#!")
    except OSError:
        return False


@frozen
class Version:
    """What the engine says of itself, and the two numbers of that; (0, 0) where it says none."""

    text: str
    number: tuple[int, int]


def version(program: str) -> Version:
    """Ask the engine. Raises PaddockError where it cannot be started."""
    import re

    said = run((program, "--version"), environment=environment(settings()), timeout_s=_ASK_TIMEOUT_S).stdout
    text = said.decode("utf-8", "replace").partition("\n")[0].strip()
    found = re.search(r"(\d+)\.(\d+)", text)
    return Version(text, (int(found[1]), int(found[2])) if found else (0, 0))


def too_old(found: Version) -> BoundaryUnavailable:
    """The error for an engine that lacks what a container of ours is made with."""
    return BoundaryUnavailable(
        "podman is too old",
        why=f"{found.text or 'it names no version'}; 4.3 brings --userns keep-id:uid=,gid=, by which you are yourself "
        "in a container",
        next_step="install podman 4.3 or later, or: paddock run --boundary bubblewrap …",
        code="podman-too-old",
    )


def gaps(*, as_root: bool) -> tuple[Gap, ...]:
    """What an engine cannot keep here, whatever the plan is."""
    if not as_root:
        return ()
    return (
        Gap(
            name="rootful",
            promise="nothing of Paddock's own has more rights than you need to give",
            why="run by root, the engine, its runtime and its monitor are root on this machine; the container is not",
            instead="run paddock as an ordinary user",
        ),
    )


def _runtime() -> str:
    """Crun refuses where control groups are mounted in both versions ("hybrid mode"); runc works there."""
    if not os.path.ismount("/sys/fs/cgroup/unified"):
        return ""
    found = find("runc")
    if found is None:
        raise BoundaryUnavailable(
            "runc is not installed",
            why="crun does not run on control groups of both versions, which this machine has",
            next_step=install("runc"),
            code="runc-missing",
        )
    return found


def settings() -> str:
    """The directory with the engine's configuration and no hooks.

    It is part of Paddock: the engine's monitor reads it again when a container has ended, and whoever asked for that,
    with all their directories, may be gone then.
    """
    return f"{os.path.dirname(os.path.abspath(__file__))}/settings"


def environment(place: str, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """For the engine, with its settings in `place`: who calls, and nothing else of the caller's."""
    from paddock.state import home

    passed = {name: environ[name] for name in _PASSED if name in environ}
    return {
        "PATH": ":".join(SYSTEM_PATH),
        "HOME": home(),
        "LANG": "C.UTF-8",
        "CONTAINERS_CONF": f"{place}/containers.conf",
        **passed,
    }


def clears_up(found: Mapping[str, str]) -> bool:
    """Whether the engine's monitor removes a container that has ended; `found` is the engine's environment.

    Conmon 2.1 does not where the path of its socket is longer than unix(7) lets it be.
    """
    if os.geteuid() == 0:
        return True
    runtime = found.get("XDG_RUNTIME_DIR") or f"/run/user/{os.geteuid()}"
    return len(os.fsencode(f"{runtime}/libpod/tmp/socket/{'0' * 64}/attach")) <= _LONGEST_SOCKET


# What an engine says (both texts), and what a person can do about it. The first that is found counts.
_MORE_IDS = "sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $USER; podman system migrate"
_KNOWN = (
    ("no subuid ranges", "", "a container needs ids of its own", _MORE_IDS),
    ("insufficient UIDs or GIDs", "", "a container needs 65,536 ids of its own", _MORE_IDS),
    ("newuidmap", "executable file not found", "rootless podman needs newuidmap", install("newuidmap")),
    ("image not known", "", "the image is not in your storage", "podman pull IMAGE, then run again"),
    ("no such image", "", "the image is not in your storage", "podman pull IMAGE, then run again"),
    ("no space left on device", "", "the storage is full", "podman system prune, or make room"),
    ("invalid internal status", "", "podman's pause process is gone", "podman system migrate"),
    ("cgroups in hybrid mode", "", "crun does not run on control groups of both versions", install("runc")),
    ("database configuration mismatch", "", "podman was set up with other directories", "podman system migrate"),
)  # fmt: skip


def failure(complaint: str, program: str = "") -> BoundaryUnavailable:
    """The error for what the engine said when it could not start a container; `program` is asked for its version."""
    lines = [line for line in complaint.splitlines() if line.strip() and "is not a shared mount" not in line]
    said = lines[-1].strip() if lines else "it ended without a word"
    for first, second, why, next_step in _KNOWN:
        if first in complaint and second in complaint:
            return _failed(f"{why} ({said})", next_step)
    if program:
        try:
            found = version(program)
        except PaddockError as error:
            return _failed(f"{said}; {error.what}", install("podman"))
        if (0, 0) < found.number < OLDEST:
            return too_old(found)
    return _failed(said, "paddock doctor --boundary podman")


def _failed(why: str, next_step: str) -> BoundaryUnavailable:
    return BoundaryUnavailable("podman could not start the container", why=why, next_step=next_step, code="podman")
