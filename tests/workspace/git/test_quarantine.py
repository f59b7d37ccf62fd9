from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from paddock.errors import WorkspaceError
from paddock.workspace import shelf
from paddock.workspace.git import quarantine, repository
from tests.capabilities import needs
from tests.workspace.git.repositories import commit, git

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from paddock.workspace.git.quarantine import Quarantine

pytestmark = needs("git")


@pytest.fixture
def host(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet", "--initial-branch=main", "host")
    commit(tmp_path / "host", a="a\n")
    return tmp_path / "host"


@pytest.fixture
def apart(tmp_path: Path, host: Path) -> Iterator[Quarantine]:
    with shelf.opened(str(tmp_path)) as parent:
        yield quarantine.make(parent, str(tmp_path), repository.look(f"{host}/.git"))


def packed(where: Path, *revisions: str) -> int:
    target = os.memfd_create("pack")
    words = ["git", "pack-objects", "-q", "--revs", "--thin", "--stdout"]
    import subprocess

    subprocess.run(words, cwd=where, input="\n".join(revisions).encode() + b"\n", stdout=target, check=True)
    return target


def test_a_thin_pack_is_taken_in_and_the_host_does_not_notice(tmp_path: Path, host: Path, apart: Quarantine) -> None:
    git(tmp_path, "clone", "--quiet", "host", "other")
    old = git(host, "rev-parse", "main").strip()
    new = commit(tmp_path / "other", a="a\nb\n")
    before = sorted(path.name for path in (host / ".git/objects").rglob("*"))
    pack = packed(tmp_path / "other", new, f"^{old}")
    apart.take_in(pack, 1 << 20)
    os.close(pack)
    assert apart.kinds([new]) == {new: "commit"}
    assert apart.counted(new, [old]) == 1
    apart.demand_connected([new], [old])
    assert apart.commits(new, [old], 10) == (new,)
    assert apart.fork(new, old) == old
    assert sorted(path.name for path in (host / ".git/objects").rglob("*")) == before
    apart.remove()
    assert sorted(os.listdir(tmp_path)) == ["host", "other"]


def test_an_object_without_what_it_names_is_not_sound(tmp_path: Path, apart: Quarantine) -> None:
    git(tmp_path, "init", "--quiet", "other")
    commit(tmp_path / "other", x="x\n")
    new = commit(tmp_path / "other", x="y\n")
    import subprocess

    only = subprocess.run(
        ["git", "pack-objects", "-q", "--stdout"], cwd=tmp_path / "other", input=f"{new}\n".encode(),
        capture_output=True, check=True,
    ).stdout  # fmt: skip
    pack = os.memfd_create("pack")
    os.write(pack, only)
    with pytest.raises(WorkspaceError, match="not sound"):
        apart.take_in(pack, 1 << 20)
    os.close(pack)


@pytest.mark.parametrize("data", [b"", b"PACK", b"PACK\0\0\0\x02\0\0\0\x05", b"nonsense" * 100])
def test_what_is_no_pack_is_not_sound(apart: Quarantine, data: bytes) -> None:
    pack = os.memfd_create("pack")
    os.write(pack, data)
    with pytest.raises(WorkspaceError, match="not sound"):
        apart.take_in(pack, 1 << 20)
    os.close(pack)


def test_an_empty_pack_is_nothing(tmp_path: Path, host: Path, apart: Quarantine) -> None:
    pack = packed(host, "main", "^main")
    assert quarantine.is_empty(pack)
    apart.take_in(pack, 1 << 20)
    os.close(pack)


def test_what_did_not_come_is_missed(apart: Quarantine) -> None:
    with pytest.raises(WorkspaceError, match="not sound"):
        apart.kinds(["0123456789" * 4])


def test_a_pack_beyond_the_limit_is_not_sound(tmp_path: Path, host: Path, apart: Quarantine) -> None:
    commit(host, large=os.urandom(5000).hex())
    pack = packed(host, "main")
    with pytest.raises(WorkspaceError, match="not sound"):
        apart.take_in(pack, 1000)
    os.close(pack)


def test_quarantines_of_a_killed_paddock_are_cleared(tmp_path: Path, apart: Quarantine) -> None:
    with shelf.opened(str(tmp_path)) as parent:
        quarantine.clear_left(parent)
    assert os.listdir(tmp_path) == ["host"]
