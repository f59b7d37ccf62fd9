"""A small image that is made here, of a static busybox: programs, a person, something in their home."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from tests import capabilities, podman
from tests.conftest import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Person

IMAGE = "localhost/paddock-test-busybox:1"
_CONTAINERFILE = """\
FROM scratch
COPY root /
COPY --chown=1000:1000 home /home
COPY --chown=0:0 tmp /tmp
ENV PATH=/bin EDITION=first
USER {user}
"""
_PASSWD = "root:x:0:0:root:/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\nbob:x:1001:1001::/home/bob:/bin/sh\n"


def lay_out(place: Path, user: str = "ann") -> None:
    """The files that such an image is built from."""
    program = shutil.which("busybox", path="/bin:/usr/bin")
    assert program, "the package busybox-static"
    names = subprocess.run([program, "--list"], capture_output=True, text=True, check=True).stdout.split()
    for directory in ("root/bin", "root/etc", "root/workspaces", "home/ann", "tmp"):
        (place / directory).mkdir(parents=True)
    shutil.copy(program, place / "root/bin/busybox")
    for name in names:
        if name != "busybox":
            (place / "root/bin" / name).symlink_to("busybox")
    (place / "root/etc/passwd").write_text(_PASSWD)
    (place / "root/etc/group").write_text("root:x:0:\nann:x:1000:\n")
    (place / "home/ann/.profile").write_text("# of the image\n")
    (place / "tmp").chmod(0o1777)
    (place / "Containerfile").write_text(_CONTAINERFILE.format(user=user))


def build(person: Person, place: Path, name: str = IMAGE, user: str = "ann") -> str:
    """The image in the person's storage; its name."""
    capabilities.require("podman", "busybox")
    lay_out(place, user)
    subprocess.run(
        ["podman", "build", "--quiet", "--tag", name, str(place)],
        env=person.environ, check=True, capture_output=True, timeout=PATIENCE_S,
    )  # fmt: skip
    return name


def person_with_it(base: Path) -> Iterator[Person]:
    """A person who has rootless Podman, and that image in their storage."""
    for person in podman.person_of(base / "home"):
        build(person, base / "image")
        yield person
