from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from paddock.kernel import cgroups
from paddock.kernel.cgroups import Site
from paddock.probes.planting.place import Place, abandoned, sweep

if TYPE_CHECKING:
    from pathlib import Path


def old(path: Path) -> None:
    before = time.time() - 3600
    os.utime(path, (before, before))


def test_it_is_gone_afterwards_with_whatever_modes(tmp_path: Path) -> None:
    with Place(str(tmp_path)) as base:
        os.makedirs(f"{base}/a/b")
        os.symlink("/", f"{base}/a/link")
        os.chmod(f"{base}/a/b", 0)
        os.chmod(f"{base}/a", 0)
    assert os.listdir(tmp_path) == []
    assert os.path.isdir("/etc")


def test_what_a_killed_proof_left_is_removed_by_the_next(tmp_path: Path) -> None:
    script = "import sys; from paddock.probes.planting.place import Place; Place(sys.argv[1]); import os; os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    (left,) = tmp_path.iterdir()
    old(left)
    with Place(str(tmp_path)):
        assert not left.exists()


def test_what_somebody_holds_stays_and_so_does_what_is_new(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    with Place(str(tmp_path)) as base:
        old(tmp_path / os.path.basename(base))
        assert abandoned(str(tmp_path)) == sweep(str(tmp_path)) == []
        assert os.path.isdir(base)


def test_what_goes_while_somebody_looks_is_not_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opened while a proof held it, locked when that had removed it."""
    ground, real = tmp_path / "ground", fcntl.flock
    ground.mkdir()
    old(ground)

    def flock(held: int, how: int) -> None:
        ground.rmdir()
        real(held, how)

    monkeypatch.setattr("fcntl.flock", flock)
    assert abandoned(str(tmp_path)) == []


def test_links_and_files_there_are_left_alone(tmp_path: Path) -> None:
    above, elsewhere = tmp_path / "above", tmp_path / "elsewhere"
    above.mkdir()
    elsewhere.mkdir()
    old(elsewhere)
    (above / "link").symlink_to(elsewhere)
    (above / "file").write_text("x")
    assert abandoned(str(above)) == sweep(str(above)) == []
    assert elsewhere.is_dir()


@pytest.mark.parametrize("through_a_link", [False, True])
def test_control_groups_of_killed_sandboxes_go_with_the_ground_and_others_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, through_a_link: bool
) -> None:
    above, groups, persons = (tmp_path / name for name in ("above", "groups", "persons"))
    for made in (above, groups, persons / "paddock/live"):
        made.mkdir(parents=True)
    monkeypatch.setattr(cgroups, "find", lambda: Site(2, {"memory": str(groups)}))
    monkeypatch.setattr(cgroups.Cgroup, "processes", lambda _: set())
    with Place(str(above)) as base:
        home = f"{base}/0-held/home"
        os.makedirs(home)
        if through_a_link:
            os.symlink(persons, f"{home}/runtime")
        else:
            os.makedirs(f"{home}/runtime/paddock/live")
        for live in (persons / "paddock/live", f"{home}/runtime/paddock/live"):
            (groups / f"paddock-{cgroups.owned(str(live), 'field')}").mkdir(exist_ok=True)
    assert os.listdir(groups) == [f"paddock-{cgroups.owned(str(persons / 'paddock/live'), 'field')}"]


def killed(above: Path, more: str) -> Path:
    """The place of a proof that had planted a ground, done more and was killed."""
    script = f"""
import os, sys
from paddock.probes.planting.ground import Ground
from paddock.probes.planting.place import Place
base = Place(sys.argv[1]).base
ground = Ground(base + "/0").__enter__()
print(*[ground.given[name] for name in ("tmp", "var tmp", "run", "shm") if name in ground.given])
print(*ground.given["sockets"]["NW-39 host-tmp-socket"], *ground.given["sockets"]["NW-40 editor-sockets"], flush=True)
{more}
os.kill(os.getpid(), 9)
"""
    done = subprocess.run([sys.executable, "-c", script, str(above)], capture_output=True, text=True, check=False)
    (above.parent / "said").write_text(done.stdout)
    (left,) = above.iterdir()
    old(left)
    return left


def test_what_it_planted_elsewhere_goes_with_it(tmp_path: Path) -> None:
    (tmp_path / "above").mkdir()
    left = killed(tmp_path / "above", "")
    outside = (tmp_path / "said").read_text().split()
    assert len(outside) > 4
    assert all(map(os.path.exists, outside))
    assert abandoned(f"{tmp_path}/above") == sweep(f"{tmp_path}/above") == [str(left)]
    assert not any(map(os.path.exists, outside))


@pytest.mark.parametrize(
    "name",
    ["{0}/kept", "/tmp/../{0}/kept", "/tmp/paddock-kept-{1}", "/tmp/paddock-probe-{1}/x", "/tmp/paddock-probe-{1}"],
)
def test_a_note_that_an_attack_wrote_removes_nothing_else(tmp_path: Path, name: str) -> None:
    (tmp_path / "above").mkdir()
    path = name.format(tmp_path, os.path.basename(tmp_path))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "x"):
        pass
    try:
        killed(tmp_path / "above", f"open(base + '/0/.planted-outside', 'a').write({path!r} + '\\n')")
        assert len(sweep(f"{tmp_path}/above")) == 1
        assert os.path.exists(path)
        assert not any(map(os.path.exists, (tmp_path / "said").read_text().split()))
    finally:
        os.unlink(path)
        if path.endswith("/x"):
            os.rmdir(os.path.dirname(path))
