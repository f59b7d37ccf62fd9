"""Docker of one's own: root's where the tests run as root, else a rootless one. It listens where nobody else looks."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.capabilities import IS_ROOT, require
from tests.conftest import PATIENCE_S, Person, make_home

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GAPS = ["docker", "rootful"] if IS_ROOT else ["docker"]
# No bridge and no rules of a firewall: what would be left on this machine, and no sandbox is in it.
_ALONE = ("--iptables=false", "--ip-forward=false", "--bridge=none")
# As dockerd-rootless.sh does it, in the network that is there.
_OWN = ("--net=host", "--copy-up=/etc", "--copy-up=/run", "--propagation=rslave")
_CLEARED = 'rm -f /run/docker /run/containerd /run/xtables.lock; exec "$@"'


@dataclass(frozen=True)
class Daemon:
    """A daemon that listens."""

    address: str

    @property
    def handed_on(self) -> dict[str, str]:
        """The variables by which Paddock comes to it, although podman is here too."""
        return {"PADDOCK_ENGINE": "docker", "DOCKER_HOST": self.address}

    def call(self, *words: str) -> str:
        """What Docker says."""
        done = subprocess.run(
            ["docker", "--host", self.address, *words], capture_output=True, text=True, check=True, timeout=PATIENCE_S
        )
        return done.stdout

    def containers(self) -> list[str]:
        """All that there are, by name."""
        return self.call("ps", "--all", "--format", "{{.Names}}").split()

    def left(self) -> list[str]:
        """Those that are still there when it has had time to clear up behind us, volumes included."""
        deadline = time.monotonic() + PATIENCE_S
        while (found := self.containers()) and time.monotonic() < deadline:
            time.sleep(0.1)
        return found + self.call("volume", "ls", "--quiet").split()


@contextmanager
def daemon() -> Iterator[Daemon]:
    """A daemon, and nothing of it afterwards."""
    require("docker")
    place = tempfile.mkdtemp(prefix="paddock-docker-")
    own = () if IS_ROOT else ("rootlesskit", f"--state-dir={place}/kit", *_OWN, "sh", "-c", _CLEARED, "sh")
    rootless = () if IS_ROOT else ("--rootless",)
    address = f"unix://{place}/socket"
    words = (
        *own, "dockerd", *rootless, *_ALONE, "--host", address,
        "--data-root", f"{place}/data", "--exec-root", f"{place}/exec", "--pidfile", f"{place}/pid",
    )  # fmt: skip
    with open(f"{place}/log", "wb") as log:
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        _wait(process, address, f"{place}/log")
        yield Daemon(address)
    finally:
        process.terminate()
        process.wait(PATIENCE_S)
        # Of a rootless one there are files of ids that are the caller's, but not them.
        remove = () if IS_ROOT else ("rootlesskit",)
        subprocess.run([*remove, "rm", "-rf", f"{place}/data", f"{place}/exec"], check=False, capture_output=True)
        shutil.rmtree(place, ignore_errors=True)


def _wait(process: subprocess.Popen[bytes], address: str, log: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while subprocess.run(["docker", "--host", address, "version"], check=False, capture_output=True).returncode:
        if process.poll() is not None or time.monotonic() > deadline:
            with open(log, encoding="utf-8", errors="replace") as file:
                message = f"dockerd does not listen: {file.read()[-2000:]}"
            raise RuntimeError(message)
        time.sleep(0.1)


def person_of(home: Path, found: Daemon) -> Person:
    """Somebody who has nothing but Docker, and accepts what that does not keep."""
    directory = make_home(home) / ".config/paddock"
    directory.mkdir(mode=0o700)
    names = ", ".join(f'"{name}"' for name in GAPS)
    (directory / "policy.toml").write_text(f'[boundary]\nuse = "podman"\naccept = [{names}]\n')
    return Person(home, extra=found.handed_on)
