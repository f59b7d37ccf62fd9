"""Contents behind pointers. No git-lfs is needed: the format is text and a directory of hashes."""

from __future__ import annotations

import os
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.workspace.git import lfs
from paddock.workspace.git.lfs import Pointer, parsed
from tests.capabilities import needs
from tests.workspace.git.repositories import commit

if TYPE_CHECKING:
    from pathlib import Path

    from tests.workspace.git.repositories import GitLaboratory

DATA = b"large\0content\n" * 1000
DIGEST = sha256(DATA).hexdigest()


def pointer(digest: str = DIGEST, size: int = len(DATA)) -> str:
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {size}\n"


def stored(where: Path, digest: str = DIGEST) -> Path:
    return where / ".git/lfs/objects" / digest[:2] / digest[2:4] / digest


def store(inside: Path, data: bytes = DATA, digest: str = DIGEST) -> None:
    """What git-lfs does when a file is added."""
    place = stored(inside, digest)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)


def test_a_pointer_is_parsed() -> None:
    assert parsed(pointer().encode()) == Pointer(DIGEST, len(DATA))
    extended = pointer().replace("oid", "ext-0-foo sha256:00\noid")
    assert parsed(extended.encode()) == Pointer(DIGEST, len(DATA))


@pytest.mark.parametrize(
    "text",
    ["", "x", pointer("../../../../etc/passwd"), pointer(DIGEST[:-1]), pointer(DIGEST.upper()), pointer() + "x" * 1000,
     pointer().replace("sha256", "md5"), pointer().replace("size ", "size -"), pointer(size=10**17)],
)  # fmt: skip
def test_what_is_none(text: str) -> None:
    assert parsed(text.encode()) is None


@given(st.binary(max_size=200))
def test_any_bytes_are_a_pointer_or_not(data: bytes) -> None:
    found = parsed(b"version https://git-lfs.github.com/spec/v1\n" + data)
    assert found is None or len(found.path) == len("lfs/objects/aa/bb/") + 64


@needs("overlay", "git", "bubblewrap")
def test_contents_that_commits_name_come_with_them_and_nothing_else_does(rig: GitLaboratory) -> None:
    other = sha256(b"other").hexdigest()

    def work(inside: Path) -> None:
        store(inside)
        store(inside, b"other", other)
        (inside / ".git/lfs/tmp").mkdir()
        (inside / ".git/lfs/tmp/x").write_text("x")
        commit(inside, big=pointer())

    rig.run(work)
    assert rig.bring().complete
    assert stored(rig.host).read_bytes() == DATA
    assert not stored(rig.host, other).exists()
    assert sorted(os.listdir(rig.host / ".git/lfs")) == ["objects"]


@needs("overlay", "git", "bubblewrap")
@pytest.mark.parametrize("data", [DATA[:-1] + b"!", DATA[:-1], b""])
def test_a_content_that_is_not_what_its_name_says_stays_and_is_told(rig: GitLaboratory, data: bytes) -> None:
    def work(inside: Path) -> None:
        store(inside, data)
        commit(inside, big=pointer())

    rig.run(work)
    report = rig.bring()
    assert [left.label for left in report.left] == [f"lfs/objects/{DIGEST[:2]}/{DIGEST[2:4]}/{DIGEST}"]
    assert not stored(rig.host).exists()
    assert len(report.coming) == 1


@needs("overlay", "git", "bubblewrap")
def test_a_link_in_the_place_of_a_content_brings_nothing(rig: GitLaboratory) -> None:
    secret = rig.lab.base / "secret"
    secret.write_bytes(DATA)

    def work(inside: Path) -> None:
        stored(inside).parent.mkdir(parents=True)
        stored(inside).symlink_to(secret)
        commit(inside, big=pointer())

    rig.run(work)
    assert len(rig.bring().left) == 1
    assert not stored(rig.host).exists()


@needs("overlay", "git", "bubblewrap")
def test_a_content_that_the_host_has_or_nobody_has_is_left_alone(rig: GitLaboratory) -> None:
    store(rig.host)
    before = stored(rig.host).stat()

    def work(inside: Path) -> None:
        store(inside, b"", sha256(b"").hexdigest())
        commit(inside, big=pointer(), bigger=pointer("0" * 64))

    rig.run(work)
    assert rig.bring().complete
    assert stored(rig.host).stat().st_ino == before.st_ino
    assert lfs.OBJECTS == "lfs/objects"
