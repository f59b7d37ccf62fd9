"""A rootless podman with a store of its own, one small image in it, and the reference CLI."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from paddock import pausing
from paddock.frozen import frozen
from tests import capabilities
from tests.conftest import PATIENCE_S

# `reference` runs it for what it says, `reference_program` is its place
from tests.devcontainer.conftest import reference_program as reference_program  # noqa: PLC0414 - a fixture

if TYPE_CHECKING:
    from collections.abc import Iterator

IMAGE = "localhost/base:1"
# The names that real configurations have for their ordinary user. All are the person who runs the tests.
NAMES = ("vscode", "node", "dev", "inspect", "code", "sleeper")
_LIBRARIES = "/bin/busybox", "/usr/bin/busybox"


@frozen
class Engine:
    """Podman, and what leads to its store."""

    environ: dict[str, str]
    home: Path

    def run(self, *argv: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            argv, env={**os.environ, **self.environ, **more}, capture_output=True, text=True, check=False,
            stdin=subprocess.DEVNULL, timeout=PATIENCE_S,
        )  # fmt: skip


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """Podman with one image: a shell and its tools from Debian's busybox, and ordinary users."""
    capabilities.require("podman")
    place = Path(tempfile.mkdtemp(prefix="ph-"))  # short: sockets are made in it
    (place / "run").mkdir(mode=0o700)
    (place / "storage.conf").write_text(
        f'[storage]\ndriver = "overlay"\ngraphroot = "{place}/graph"\nrunroot = "{place}/run/store"\n'
    )
    # crun 1.8 refuses hybrid control groups; rootful, runc may not raise limits without CAP_SYS_RESOURCE
    (place / "containers.conf").write_text(
        '[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n'
        '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]\n'
    )
    environ = {
        "CONTAINERS_STORAGE_CONF": f"{place}/storage.conf",
        "CONTAINERS_CONF": f"{place}/containers.conf",
        "XDG_RUNTIME_DIR": f"{place}/run",
        "TMPDIR": str(place),
        "HOME": str(place),
    }
    made = Engine(environ, place)
    done = made.run(
        "sh", "-ec", 'tar -C "$1" --owner 0 --group 0 -c . | podman import - "$2"', "sh", _root(place), IMAGE
    )
    assert done.returncode == 0, done.stderr
    yield made
    made.run("podman", "rm", "--all", "--force", "--time", "0")
    # rootless, a process keeps the namespaces in which the store's files can be removed
    own = ["podman", "unshare"] if os.geteuid() else []
    made.run(*own, "rm", "-rf", f"{place}/graph", f"{place}/.local")
    pausing.end(f"{place}/run")
    shutil.rmtree(place, ignore_errors=True)


def _root(place: Path) -> Path:
    """A root directory with busybox, the libraries that it names, and users."""
    root = place / "root"
    for name in ("bin", "etc", "tmp", "home", "root", "proc", "sys", "dev", "run", "var"):
        (root / name).mkdir(parents=True)
    (root / "tmp").chmod(0o1777)
    busybox = shutil.which("busybox")
    assert busybox
    shutil.copy2(busybox, root / "bin/busybox")
    said = subprocess.run(["ldd", busybox], capture_output=True, text=True, check=False).stdout
    for word in said.split():
        if word.startswith("/"):
            (root / word[1:]).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(word, root / word[1:])
    listed = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split()
    for name in listed:
        if not (root / "bin" / name).exists():
            (root / "bin" / name).symlink_to("busybox")
    (root / "etc/os-release").write_text("ID=example\n")
    uid = os.geteuid() or 1000
    users = [("root", 0), *((name, uid) for name in NAMES), ("first", 1000)]
    (root / "etc/passwd").write_text("".join(f"{name}:x:{of}:{of}::/home/{name}:/bin/sh\n" for name, of in users))
    (root / "etc/group").write_text("".join(f"{name}:x:{of}:\n" for name, of in users))
    return root
