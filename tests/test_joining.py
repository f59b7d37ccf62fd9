"""A command that joins a sandbox is one of its processes: the same files, the same bounds."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any

import pytest

from paddock import joining, live
from paddock.errors import SessionError
from paddock.kernel.join import join
from tests.background import one_message, running
from tests.capabilities import needs
from tests.forked import forked

if TYPE_CHECKING:
    from pathlib import Path

    from paddock.kernel.reports import Joined
    from tests.conftest import Person

BOUNDS = "grep -E '^(Cap|Seccomp|NoNewPrivs|Uid|Gid|Groups)' /proc/self/status; ulimit -n; ulimit -u; ulimit -c"
SPACES = "for name in user pid net mnt ipc uts cgroup; do readlink /proc/self/ns/$name; done"


@needs("bubblewrap", "git")
def test_it_is_bound_exactly_as_the_first_command(person: Person, repo: Path) -> None:
    script = f"({BOUNDS}; {SPACES}) > bounds; echo up; exec sleep 600"
    with running(person, repo, "--name", "it", command=("sh", "-c", script)):
        first = person.call("exec", "it", "--", "cat", "bounds", cwd=repo).stdout
        second = person.call("exec", "it", "--", "sh", "-c", f"{BOUNDS}; {SPACES}", cwd=repo).stdout
    assert first == second
    assert "Seccomp:\t2\n" in second
    assert "NoNewPrivs:\t1\n" in second
    assert "CapEff:\t0000000000000000\n" in second
    assert "CapBnd:\t0000000000000000\n" in second


@needs("bubblewrap", "git", "unshare")
def test_it_makes_no_user_namespace_either(person: Person, repo: Path) -> None:
    with running(person, repo, "--name", "it"):
        assert person.call("exec", "it", "--", "unshare", "--user", "true", cwd=repo).returncode == 1


@needs("bubblewrap", "git")
def test_it_sees_the_same_files_and_processes(person: Person, repo: Path) -> None:
    with running(person, repo, "--name", "it", command=("sh", "-c", "echo 1 > first; echo up; exec sleep 600")):
        done = person.call("exec", "it", "--", "sh", "-c", "cat first; echo 2 > second; echo 3 > /tmp/third", cwd=repo)
        assert done.stdout == "1\n"
        done = person.call("exec", "it", "--", "sh", "-c", "cat second /tmp/third; cat /proc/*/comm", cwd=repo)
        assert done.stdout.startswith("2\n3\n")
        assert "sleep" in done.stdout.split()
        assert not (repo / "first").exists()
        assert not (repo / "second").exists()


@needs("bubblewrap", "git")
def test_a_signal_before_the_command_is_supervised_reaches_it(
    person: Person, repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else `exec` ends alone, and the command stays in the sandbox."""
    for name, value in person.environ.items():
        monkeypatch.setenv(name, value)

    def join_and_hear(*start: Any) -> Joined:
        joined = join(*start)
        signal.raise_signal(signal.SIGTERM)
        return joined

    monkeypatch.setattr(joining, "join", join_and_hear)
    with running(person, repo, "--name", "it"):
        assert forked(lambda: joining.execute("it", ["sleep", "600"])) == 128 + signal.SIGTERM


def test_a_name_that_nobody_has_is_said_with_the_names_there_are(person: Person, repo: Path) -> None:
    done = person.call("exec", "--json", "ghost", "--", "true", cwd=repo)
    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["code"], error["why"]) == (125, "no-such-sandbox", "none is live")


@needs("bubblewrap", "git")
@pytest.mark.parametrize("name", ["ghost", "", "../it", "it/", "."])
def test_an_odd_name_is_no_sandbox(person: Person, repo: Path, name: str) -> None:
    with running(person, repo, "--name", "it"):
        done = person.call("exec", name, "--", "true", cwd=repo)
    assert done.returncode == 125
    assert "no live sandbox named" in one_message(done.stderr)
    assert "live now: it" in done.stderr


def held(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, data: dict[str, object]) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    found = live.Entry("it", str(tmp_path), 1)
    monkeypatch.setattr(live, "find", lambda _: found)
    (tmp_path / "session").write_text(ascii(data))


@pytest.mark.parametrize(
    ("data", "what"),
    [
        ({}, "it is still starting"),
        ({"init_pid": 0}, "it runs under landlock, which nothing can be added to"),
        ({"init_pid": 2**22 + 1}, "it has just ended"),  # above the kernel's largest pid
    ],
)
def test_a_sandbox_that_cannot_be_entered_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: dict[str, object], what: str
) -> None:
    held(monkeypatch, tmp_path, data)
    with pytest.raises(SessionError) as caught:
        joining.execute("it", ["true"])
    assert caught.value.what == what
    assert caught.value.next_step
