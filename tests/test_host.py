from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paddock.errors import PaddockError
from paddock.host import Machine
from paddock.plan.resolve import Request, resolve
from paddock.policy import credentials
from paddock.policy.layering import merge
from tests.capabilities import needs

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Person


@pytest.fixture
def machine(person: Person) -> Machine:
    return Machine(person.environ)


def test_what_is_at_a_path(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d/f").write_text("x")
    (tmp_path / "d/f").chmod(0o754)
    (tmp_path / "l").symlink_to("d/../d/./f")
    (tmp_path / "dangling").symlink_to("none/x")
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
    base = os.path.realpath(tmp_path)
    found = machine.look(f"{base}/l")
    assert (found.kind, found.real, found.target) == ("link", f"{base}/d/f", "d/../d/./f")
    file = machine.look(f"{base}/d/f")
    assert (file.kind, file.mode, file.uid) == ("file", 0o754, os.getuid())
    kinds = {
        name: machine.look(f"{base}/{name}").kind for name in ("d", "fifo", "s", "none", "none/x", "d/f/x", "dangling")
    }
    assert kinds == {
        "d": "dir",
        "fifo": "other",
        "s": "socket",
        "none": "missing",
        "none/x": "missing",
        "d/f/x": "missing",
        "dangling": "link",
    }
    assert machine.look(f"{base}/dangling").real == f"{base}/none/x"
    loop = machine.look(f"{base}/loop")
    assert machine.look(loop.real).kind in ("link", "missing")


names = st.sampled_from(["a", "b", "..", ".", "", "l", "up", "abs", "loop", "odd\n\udcff [x]"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(st.lists(names, max_size=7))
def test_where_a_path_leads_is_where_the_kernel_goes(tmp_path: Path, parts: list[str]) -> None:
    base = os.path.realpath(tmp_path)
    if not os.path.exists(f"{base}/a"):
        os.makedirs(f"{base}/a/b/odd\n\udcff [x]")
        for path, target in (
            ("l", "a/b"),
            ("a/up", ".."),
            ("a/b/abs", f"{base}/a"),
            ("a/loop", "loop"),
            ("up", "a/b/../../a"),
            ("abs", "/../.." + base),
        ):
            os.symlink(target, f"{base}/{path}")
    path = "/".join([base, *parts])
    found = Machine({"HOME": base}).look(path)
    try:
        stat = os.stat(path)
    except OSError:
        return
    assert os.path.samestat(stat, os.lstat(found.real))
    assert found.real == os.path.realpath(path)


def test_absurd_paths_count_as_missing(machine: Machine, tmp_path: Path) -> None:
    for number in range(200):
        (tmp_path / f"l{number}").symlink_to(f"l{number + 1}/.")
    for path in ("/x" * 3000, "/" + "y" * 5000, "/a\0b", "/..", "//", f"{tmp_path}/l0", "/proc/self/root/" * 200):
        machine.look(path)
    assert machine.look("/x" * 3000).kind == "missing"
    assert machine.look("/a\0b").kind == "missing"
    assert machine.look("/..").real == "/"


def test_answers_stay_the_same(machine: Machine, tmp_path: Path) -> None:
    assert machine.look(f"{tmp_path}/x").kind == "missing"
    (tmp_path / "x").write_text("")
    assert machine.look(f"{tmp_path}/x").kind == "missing"
    assert Machine({"HOME": "/"}).look(f"{tmp_path}/x").kind == "file"


def test_only_the_beginning_of_regular_files_is_read(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"ab\xff" * 100)
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "to-fifo").symlink_to("fifo")
    (tmp_path / "to-f").symlink_to("f")
    assert machine.read_text(f"{tmp_path}/f", 4) == "ab\udcffa"
    assert machine.read_text(f"{tmp_path}/to-f") == "ab\udcff" * 100
    for path in (
        f"{tmp_path}/fifo",
        f"{tmp_path}/to-fifo",
        "/dev/zero",
        "/dev/tty",
        str(tmp_path),
        f"{tmp_path}/none",
        "/a\0b",
    ):
        assert machine.read_text(path) == "", path


def test_names_in_a_directory(machine: Machine, tmp_path: Path) -> None:
    directory = tmp_path / "d"
    directory.mkdir()
    for name in ("b", "a\n", "\udcff"):
        (directory / name).touch()
    (directory / "l").symlink_to("b")
    assert machine.listdir(str(directory)) == ("a\n", "b", "l", "\udcff")
    assert machine.linked(str(directory)) == {"l"}
    assert (machine.listdir("/none"), machine.linked("/none")) == ((), frozenset())


def test_nobody_is_root_inside(machine: Machine) -> None:
    person = machine.person
    assert person.uid != 0
    assert person.gid != 0
    assert person.name not in ("root", "")
    assert person.home == machine.home
    if os.getuid() == 0:
        assert (person.uid, person.gid) == (1000, 1000)
    else:
        assert person.uid == os.getuid()


@pytest.mark.parametrize("home", ["/", "/usr/x", "/tmp", "/a:b"])
def test_a_home_that_cannot_be_private_gets_another_name(home: str) -> None:
    person = Machine({"HOME": home}).person
    assert person.home == f"/home/{person.name}"


def test_an_unreadable_directory(machine: Machine, tmp_path: Path) -> None:
    assert machine.readable(str(tmp_path))
    assert not machine.readable(f"{tmp_path}/none")


@pytest.mark.user
def test_a_directory_that_may_not_be_entered(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "shut").mkdir(0o000)
    assert not machine.readable(f"{tmp_path}/shut")
    assert machine.look(f"{tmp_path}/shut/x").kind == "missing"


# -- identity ---------------------------------------------------------------------------------------


def write(person: Person, path: str, text: str) -> None:
    target = person.home / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)


def test_the_identity_comes_from_both_files_and_the_home_wins(person: Person) -> None:
    assert Machine(person.environ).identity() == ("", "")
    write(person, ".config/git/config", "[user]\n name = X\n email = x@example.test\n")
    write(person, ".gitconfig", "[user]\n name = Ann\n")
    assert Machine(person.environ).identity() == ("Ann", "x@example.test")


@needs("git")
def test_git_is_asked_where_the_file_is_not_simple(person: Person) -> None:
    write(person, "more", '[user]\n email = "q\\"q@example.test"\n')
    write(person, ".gitconfig", '[user]\n name = "A # B"\n[include]\n path = more\n[alias]\n x = !touch pwned\n')
    assert Machine(person.environ).identity() == ("A # B", 'q"q@example.test')


@needs("git")
def test_a_broken_configuration_gives_no_identity(person: Person) -> None:
    write(person, ".gitconfig", "[user\n name = x\n[include]\npath=~/.gitconfig\n")
    assert Machine(person.environ).identity() == ("", "")


def test_a_configuration_that_is_a_fifo_does_not_hang(person: Person) -> None:
    os.mkfifo(person.home / ".gitconfig")
    assert Machine(person.environ).identity() == ("", "")


# -- this very machine ------------------------------------------------------------------------------


def test_a_real_plan_shows_no_credential_location(tmp_path: Path) -> None:
    environ = dict(os.environ)
    machine = Machine(environ)
    known = credentials.locations(machine.home, environ, os.path.realpath)
    repository = os.path.realpath(tmp_path)
    plan = resolve(merge([], trusted=False), Request(("python3",), repository, repository, terminal=False), machine)
    for mount in plan.mounts:
        assert os.path.realpath(mount.source) == mount.source
        assert os.path.exists(mount.source)
        assert mount.source == "/usr" or credentials.refusal(mount.source, mount.source, machine.home, known) is None
    for link in plan.links:
        if link.target != "/etc/mtab":
            assert os.readlink(link.target) == link.to
    assert {"/usr"} <= {mount.target for mount in plan.mounts}


def test_dangerous_names_in_a_real_home_are_refused(person: Person, tmp_path: Path) -> None:
    (person.home / ".ssh").mkdir()
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo/sneaky").symlink_to(person.home / ".ssh")
    repository = os.path.realpath(tmp_path / "repo")
    machine = Machine({**person.environ, "PATH": f"{repository}/sneaky:{person.home}/.ssh:{person.home}"})
    plan = resolve(merge([], trusted=False), Request(("x",), repository, repository, terminal=False), machine)
    assert not [mount for mount in plan.mounts if mount.source.startswith(str(person.home))]
    with pytest.raises(PaddockError):
        resolve(
            merge([], trusted=False), Request((), f"{person.home}/.ssh", f"{person.home}/.ssh", terminal=False), machine
        )
