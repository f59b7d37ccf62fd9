"""The container engine of this machine: where it is, which runtime it gets, what its complaints mean.

Podman; or Docker, where that is all there is (`boundary.docker`).
"""

from __future__ import annotations

import os

from paddock.boundary.base import Gap
from paddock.boundary.packages import install
from paddock.errors import BoundaryUnavailable, PaddockError
from paddock.frozen import frozen
from paddock.process import SYSTEM_PATH, find, run
from paddock.state import home, state_directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# catatonit(1) waits as PID 1 and reaps, needs nothing of the image, and comes with podman as its `--init`.
_KEEPERS = ("/usr/libexec/podman/catatonit", "/usr/lib/podman/catatonit", "/usr/bin/catatonit")
_DOCKERS_KEEPER = "docker/keeper"  # below Paddock's state: a program of ours (`docker.prepare`)
OLDEST, _OLDEST_DOCKER = (4, 3), (20, 10)
CHOICE = "PADDOCK_ENGINE"  # podman or docker, where both are here
_ASK_TIMEOUT_S = 20.0
_LONGEST_SOCKET = 107
# What an engine asks of its caller: whose storage, and where systemd is.
_PASSED = ("XDG_RUNTIME_DIR", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "DBUS_SESSION_BUS_ADDRESS", "CONTAINERS_STORAGE_CONF")


@frozen
class Engine:
    """An engine, as it is called here."""

    program: str
    keeper: str
    runtime: str = ""  # "" for the engine's own choice
    daemon: str = ""  # where Docker's daemon listens; "" for podman, which has none

    @property
    def name(self) -> str:
        """What people call it."""
        return "docker" if self.daemon else "podman"


def find_engine(environ: Mapping[str, str] = os.environ) -> Engine:
    """The engine of this machine, or the one that the caller chose of two. Raises BoundaryUnavailable."""
    wanted = environ.get(CHOICE, "")
    if wanted not in ("", "podman", "docker"):
        raise BoundaryUnavailable(f"{CHOICE}={wanted!a} is no engine", why="it is podman or docker", code="engine")
    if by_docker(environ):
        from paddock.boundary import docker_daemon

        own = f"{state_directory(environ)}/{_DOCKERS_KEEPER}"
        return Engine(find("docker") or "", own, daemon=docker_daemon.address(environ))
    if wanted == "docker":
        raise BoundaryUnavailable(
            "docker is not installed",
            why=f"{CHOICE} asks for it; no program docker of its own in the system's directories",
            next_step=f"unset {CHOICE}, or install it",
            code="docker-missing",
        )
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


def by_docker(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether it is Docker that makes containers here, whether its daemon runs or not."""
    wanted = environ.get(CHOICE, "")
    return wanted != "podman" and (wanted == "docker" or find("podman") is None) and is_docker(find("docker"))


def handed_on(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables by which somebody with an environment of their own comes to the caller's engine."""
    if not by_docker(environ):
        return {}
    from paddock.boundary import docker_daemon

    try:
        return {CHOICE: "docker", "DOCKER_HOST": docker_daemon.address(environ)}
    except BoundaryUnavailable:
        return {}


def _no_podman() -> BoundaryUnavailable:
    why, next_step = "no program podman in the system's directories", install("podman")
    return BoundaryUnavailable("podman is not installed", why=why, next_step=next_step, code="podman-missing")


def has_docker() -> bool:
    """Whether the caller has Docker's own program somewhere, for what they may type."""
    return is_docker(find("docker", os.get_exec_path()))


def is_docker(program: str | None) -> bool:
    """Whether that is Docker's own program, and not podman's of that name (podman-docker), which is a script."""
    try:
        with open(program or os.devnull, "rb") as file:
            return file.read(2) not in (b"", b"#!")
    except OSError:
        return False


def words(found: Engine) -> tuple[str, ...]:
    """How the engine is called, up to what it is to do."""
    if not found.daemon:
        return (found.program,)
    # With nothing of the person's configuration, in which there are proxies and programs for Docker's client.
    return (found.program, "--host", found.daemon, "--config", settings())


def removal(found: Engine, name: str) -> tuple[str, ...]:
    """What removes a container, with the volumes that were made for it. Docker's fails where there is none."""
    patience = () if found.daemon else ("--time", "0", "--ignore")
    return (*words(found), "rm", "--force", "--volumes", *patience, name)


@frozen
class Version:
    """What the engine says of itself, and the two numbers of that; (0, 0) where it says none."""

    text: str
    number: tuple[int, int]


def version(found: Engine) -> Version:
    """Ask the engine. Raises PaddockError where it cannot be started."""
    import re

    question = ("version", "--format", "Docker {{.Server.Version}}") if found.daemon else ("--version",)
    said = run((*words(found), *question), environment=environment(settings()), timeout_s=_ASK_TIMEOUT_S).stdout
    text = said.decode("utf-8", "replace").partition("\n")[0].strip()
    numbers = re.search(r"(\d+)\.(\d+)", text)
    return Version(text, (int(numbers[1]), int(numbers[2])) if numbers else (0, 0))


def too_old(found: Engine, has: Version) -> BoundaryUnavailable | None:
    """The error for an engine that lacks what a container of ours is made with."""
    if not (0, 0) < has.number < (_OLDEST_DOCKER if found.daemon else OLDEST):
        return None
    if found.daemon:
        return BoundaryUnavailable(
            "Docker is too old",
            why=f"{has.text}; 20.10 brings --cgroupns, without which a container sees the machine's control groups",
            next_step="install Docker 20.10 or later, or: paddock run --boundary bubblewrap …",
            code="docker-too-old",
        )
    return BoundaryUnavailable(
        "podman is too old",
        why=f"{has.text}; 4.3 brings --userns keep-id:uid=,gid=, by which you are yourself in a container",
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


_NOISE = ("is not a shared mount", "run --help")  # what stands behind or beside the reason
# What an engine says (both texts), and what a person can do about it. The first that is found counts.
_MORE_KEYS = "sudo sysctl kernel.keys.maxkeys=2000 kernel.keys.maxbytes=200000"
_MORE_IDS = "sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $USER; podman system migrate"
_KNOWN = (
    ("no subuid ranges", "", "a container needs ids of its own", _MORE_IDS),
    ("insufficient UIDs or GIDs", "", "a container needs 65,536 ids of its own", _MORE_IDS),
    ("newuidmap", "executable file not found", "rootless podman needs newuidmap", install("newuidmap")),
    ("Cannot connect to the Docker daemon", "", "Docker's daemon does not answer", "docker info"),
    ("image not known", "", "the image is not in your storage", "podman pull IMAGE, then run again"),
    ("no such image", "", "the image is not in your storage", "podman pull IMAGE, then run again"),
    ("no space left on device", "", "the storage is full", "podman system prune, or make room"),
    ("invalid internal status", "", "podman's pause process is gone", "podman system migrate"),
    ("cgroups in hybrid mode", "", "crun does not run on control groups of both versions", install("runc")),
    # keyrings(7): runc makes one for each container, and kernels give what that took back late, or never.
    ("unable to create session key", "quota exceeded", "the kernel keeps no more keys for you", _MORE_KEYS),
    ("database configuration mismatch", "", "podman was set up with other directories", "podman system migrate"),
)  # fmt: skip


def failure(complaint: str, found: Engine | None = None) -> BoundaryUnavailable:
    """The error for what the engine said when it could not start a container; `found` is asked for its version."""
    name = found.name if found else "podman"
    lines = [line for line in complaint.splitlines() if line.strip() and not any(word in line for word in _NOISE)]
    said = lines[-1].strip() if lines else "it ended without a word"
    for first, second, why, next_step in _KNOWN:
        if first in complaint and second in complaint:
            return _failed(f"{why} ({said})", next_step, name)
    if found:
        try:
            old = too_old(found, version(found))
        except PaddockError as error:
            return _failed(f"{said}; {error.what}", install(name), name)
        if old:
            return old
    return _failed(said, "paddock doctor --boundary podman", name)


def revive(found: Engine) -> str:
    """What to type where an engine hangs."""
    first = "docker info" if found.daemon else "podman system migrate"
    return f"{first}, then: paddock doctor --boundary podman"


def _failed(why: str, next_step: str, name: str) -> BoundaryUnavailable:
    return BoundaryUnavailable(f"{name} could not start the container", why=why, next_step=next_step, code="podman")
