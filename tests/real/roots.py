"""Images made of this machine's own programs and libraries: a shell, git, and agents where a test wants them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.conftest import Person

PROGRAMS = ("bash", "cat", "env", "git", "grep", "id", "ls", "mkdir", "rm", "sed", "tail", "tr", "uname")
# What images of a distribution with glibc have, whatever is in them; and the C++ library, as most do.
_LIBRARIES = ("libdl.so.2", "libgcc_s.so.1", "libm.so.6", "libpthread.so.0", "librt.so.1", "libstdc++.so.6")
_PASSWD = "root:x:0:0:root:/root:/bin/bash\nann:x:1000:1000::/home/ann:/bin/bash\n"
_CONTAINERFILE = """\
FROM scratch
COPY root /
COPY --chown=1000:1000 home /home
COPY --chown=0:0 tmp /tmp
ENV PATH=/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8
USER ann
"""


def lay_out(place: Path, programs: Iterable[str] = PROGRAMS) -> None:
    """The files that such an image is built from."""
    for directory in ("root/etc", "root/usr/bin", "root/usr/local/bin", "root/workspaces", "home/ann", "tmp"):
        (place / directory).mkdir(parents=True)
    for name in programs:
        found = _found(name)
        _copy(os.path.realpath(found), place / "root/usr/bin" / name)
        for library in _libraries(found):
            _copy(os.path.realpath(library), place / f"root{library}")
    beside = os.path.dirname(next(path for path in _libraries(_found("bash")) if "/libc.so" in path))
    for name in _LIBRARIES:
        shown = next(path for path in (f"{beside}/{name}", f"/usr{beside}/{name}") if os.path.exists(path))
        _copy(os.path.realpath(shown), place / f"root{beside}/{name}")
    (place / "root/usr/bin/sh").symlink_to("bash")
    (place / "root/bin").symlink_to("usr/bin")
    (place / "root/etc/passwd").write_text(_PASSWD)
    (place / "root/etc/group").write_text("root:x:0:\nann:x:1000:\n")
    (place / "tmp").chmod(0o1777)
    (place / "Containerfile").write_text(_CONTAINERFILE)


def _found(program: str) -> str:
    path = shutil.which(program, path="/usr/bin:/bin")
    assert path, program
    return path


def _libraries(program: str) -> list[str]:
    """What a program is loaded with, by the names under which it is looked for (ldd(1))."""
    said = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    return re.findall(r"(?:=> |^\s+)(/\S+) \(0x", said, re.MULTILINE)


def _copy(source: str, target: Path) -> None:
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copy(source, target)


def build(person: Person, place: Path, name: str) -> str:
    """The image in the person's storage; its name."""
    subprocess.run(
        ["podman", "build", "--quiet", "--tag", name, str(place)],
        env=person.environ, check=True, capture_output=True, timeout=300,
    )  # fmt: skip
    return name


def add(person: Person, program: str, place: Path, name: str, *, on: str) -> str:
    """An image with one more program in /usr/local/bin, called as on this machine; its name."""
    place.mkdir()
    _copy(program, place / "program")
    (place / "Containerfile").write_text(f"FROM {on}\nCOPY --chmod=755 program /usr/local/bin/claude\n")
    return build(person, place, name)
