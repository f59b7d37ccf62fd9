"""Images that were made to get around what is put over them. Each is a root that a stranger wrote."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import busybox, podman
from tests.capabilities import needs
from tests.conftest import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import Person

pytestmark = needs("podman", "busybox", "git")


@pytest.fixture(scope="module")
def ann(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    yield from busybox.person_with_it(tmp_path_factory.mktemp("ann"))


@pytest.fixture
def image(ann: Person, tmp_path: Path) -> Iterator[Callable[..., str]]:
    """An image of busybox, with more lines in its Containerfile and the files of `tmp_path / "root"`."""
    name = "localhost/paddock-test-attack:1"
    (tmp_path / "root").mkdir()

    def make(*lines: str, flags: tuple[str, ...] = ()) -> str:
        (tmp_path / "Containerfile").write_text("\n".join((f"FROM {busybox.IMAGE}", "COPY root /", *lines, "")))
        build = ("podman", "build", "--quiet", *flags, "--tag", name, str(tmp_path))
        subprocess.run(build, env=ann.environ, check=True, capture_output=True, timeout=PATIENCE_S)
        return name

    yield make
    podman.left(ann)  # the engine's monitor may still be removing its container
    subprocess.run(["podman", "image", "rm", "--force", name], env=ann.environ, check=True, capture_output=True)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A repository."""
    (tmp_path / "project/.git").mkdir(parents=True)
    return tmp_path / "project"


def test_a_link_above_the_repository_takes_no_mask_away(ann: Person, image: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "root/srv/var").mkdir(parents=True)
    (tmp_path / "root/var").symlink_to("srv/var")
    place = Path(tempfile.mkdtemp(prefix="paddock-test-", dir="/var/tmp"))
    try:
        subprocess.run(["git", "init", "-q", str(place)], check=True)
        (place / ".env").write_text("TOKEN=hunter2\n")
        script = "pwd -P; cat .env && echo read"
        done = ann.call("run", "--boundary", "podman", "--image", image(), "--", "sh", "-c", script, cwd=place)
        assert done.stdout.splitlines() == [f"/srv{place}", "read"], done.stderr
    finally:
        shutil.rmtree(place)


def test_an_image_that_speaks_to_the_runtime_starts_nothing(
    ann: Person, image: Callable[..., str], place: Path, tmp_path: Path
) -> None:
    """crun(1) makes this file as whoever calls it, on the host."""
    name = image(flags=("--annotation", f"run.oci.hooks.stdout={tmp_path}/made"))
    done = ann.call("run", "--boundary", "podman", "--image", name, "--", "true", cwd=place)
    assert done.returncode == 126, done.stderr
    assert "run.oci.hooks.stdout" in done.stderr
    assert not (tmp_path / "made").exists()


def test_a_link_in_an_image_leads_to_the_image(
    ann: Person, image: Callable[..., str], place: Path, tmp_path: Path
) -> None:
    (tmp_path / "root/etc").mkdir()
    (tmp_path / "outside").write_text("eve:x:1000:1000::/home/eve:/bin/sh\n")
    (tmp_path / "root/etc/passwd").symlink_to(f"../../../../../../../../../..{tmp_path}/outside")
    done = ann.call("run", "--boundary", "podman", "--image", image(), "--", "sh", "-c", "echo $USER", cwd=place)
    assert done.stdout == "dev\n", done.stderr
