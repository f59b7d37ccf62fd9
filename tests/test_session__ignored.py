"""What git ignores, in real sandboxes: found again by the next one, kept from the host, and shared by ten at once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.background import running
from tests.capabilities import needs

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Person

pytestmark = [needs("bubblewrap", "overlay", "git")]
INSTALL = "mkdir -p node_modules/one && echo installed > node_modules/one/index.js"
TEN = 10


@pytest.fixture
def project(repo: Path) -> Path:
    (repo / ".gitignore").write_text("node_modules/\n/cache/\n")
    commit(repo)
    return repo


def commit(repo: Path) -> None:
    settings = ("-c", "user.name=a", "-c", "user.email=a@example.test")
    for words in (("add", "--all"), ("commit", "-q", "-m", "state")):
        subprocess.run(["git", *settings, *words], cwd=repo, check=True, capture_output=True)


def inside(person: Person, repo: Path, script: str, *options: str) -> str:
    done = person.call("run", *options, "--", "sh", "-c", script, cwd=repo)
    assert done.returncode == 0, done.stderr
    return done.stdout


def changes(person: Person, repo: Path) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = json.loads(person.call("changes", "--json", cwd=repo).stdout)["changes"]
    return rows


def layers(person: Person) -> list[str]:
    base = person.home / ".local/state/paddock/ignored"
    return sorted(str(path) for path in base.glob("*/[0-9]*"))


def test_an_installation_is_there_for_every_later_sandbox_and_no_change(person: Person, project: Path) -> None:
    done = person.call("run", "--", "sh", "-c", f"{INSTALL}; echo new > hello.txt", cwd=project)
    assert "1 change" in done.stderr
    for options in ((), ("--fresh",), ("--name", "other"), ("--workspace", "scratch")):
        assert inside(person, project, "cat node_modules/one/index.js", *options) == "installed\n"
    assert not (project / "node_modules").exists()
    assert person.call("diff", "--name-only", cwd=project).stdout == "hello.txt\n"
    assert person.call("discard", "--yes", cwd=project).returncode == 0
    assert inside(person, project, "cat node_modules/one/index.js") == "installed\n"
    assert "1 file" in person.call("changes", cwd=project).stdout
    assert person.call("reset", "--yes", cwd=project).returncode == 0
    assert inside(person, project, "ls -A node_modules 2> /dev/null || echo gone") == "gone\n"


def test_scratch_adds_nothing(person: Person, project: Path) -> None:
    inside(person, project, INSTALL)
    (before,) = layers(person)
    inside(person, project, "rm -r node_modules; mkdir cache; touch cache/file; ls -A", "--workspace", "scratch")
    assert layers(person) == [before]
    assert inside(person, project, "ls node_modules; ls -d cache 2> /dev/null || echo none") == "one\nnone\n"


def test_without_git_everything_is_part_of_the_change_set(person: Person, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    (plain / ".gitignore").write_text("node_modules/\n")
    inside(person, plain, INSTALL)
    assert person.call("diff", "--name-only", cwd=plain).stdout.splitlines()[-1] == "node_modules/one/index.js"
    assert layers(person) == []


def test_a_killed_paddock_loses_nothing_and_shows_no_ignored_file(person: Person, project: Path) -> None:
    with running(
        person, project, command=("sh", "-c", f"{INSTALL}; echo new > hello.txt; echo up; sleep 600")
    ) as process:
        process.send_signal(signal.SIGKILL)
        process.wait(60)
    assert person.call("diff", "--name-only", cwd=project).stdout == "hello.txt\n"
    assert inside(person, project, "cat node_modules/one/index.js hello.txt") == "installed\nnew\n"
    assert inside(person, project, "cat node_modules/one/index.js", "--fresh") == "installed\n"


def test_ten_at_once_have_a_change_set_each_and_one_set_of_ignored_files(person: Person, project: Path) -> None:
    inside(person, project, INSTALL)
    script = (
        "cat node_modules/one/index.js; echo $0 > own; echo $0 > hello.txt; mkdir -p cache; echo $0 > cache/$0; "
        "echo $0 >> node_modules/one/index.js; echo up; read go; cat own; ls cache"
    )
    processes = [
        subprocess.Popen(
            person.argv("run", "--", "sh", "-c", script, f"agent-{number}"), cwd=project, env=person.environ, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        for number in range(TEN)
    ]  # fmt: skip
    try:
        for process in processes:
            assert process.stdout
            assert [process.stdout.readline() for _ in range(2)] == ["installed\n", "up\n"]
        held = changes(person, project)
        assert len({row["name"] for row in held}) == TEN
        assert [row["in_use"] for row in held] == [True] * TEN
        assert person.call("reset", "--yes", cwd=project).returncode == 125, "all of them have it mounted"
        said = [process.communicate("go\n", timeout=100) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    for number, (out, complained) in enumerate(said):
        assert out == f"agent-{number}\nagent-{number}\n", complained
    held = changes(person, project)
    assert len(held) == TEN
    assert {(row["changes"], row["in_use"]) for row in held} == {(2, False)}
    seen = inside(person, project, "ls cache; wc -l < node_modules/one/index.js; cat hello.txt", "--fresh").split()
    assert seen[:TEN] == sorted(f"agent-{number}" for number in range(TEN)), "every one's ignored files are there"
    assert seen[TEN] == "2", "of one that all changed there is one, whole"
    assert len(layers(person)) == 1, "when nobody has them mounted, they are one"
    assert person.call("apply", "--yes", "--name", str(held[0]["name"]), cwd=project).returncode == 0
    conflicts = [row["conflicts"] for row in changes(person, project)]
    assert len(conflicts) == TEN - 1
    assert set(conflicts) == {2}, "both files of each are in the way now, and that is told before it is tried"


@pytest.mark.root
def test_in_the_repository_of_another_user_the_files_are_that_users(person: Person, project: Path) -> None:
    for directory, names, files in os.walk(project):
        for name in (".", *names, *files):
            os.chown(os.path.join(directory, name), 1001, 1001, follow_symlinks=False)
    # That user's git must be able to look at it; the directories above are root's alone.
    for above in project.parents:
        if above.stat().st_mode & 0o001 == 0:
            above.chmod(above.stat().st_mode | 0o011)
    inside(person, project, f"{INSTALL}; mkdir cache; touch cache/file")
    assert (
        inside(person, project, "stat -c %u:%g node_modules node_modules/one/index.js cache", "--fresh").split()
        == ["1000:1000"] * 3
    )
    inside(person, project, "echo more >> node_modules/one/index.js; touch node_modules/one/new")
    (layer,) = layers(person)
    for path in (
        "",
        "node_modules",
        "node_modules/one",
        "node_modules/one/index.js",
        "node_modules/one/new",
        "cache/file",
    ):
        found = os.lstat(f"{layer}/{path}")
        assert (found.st_uid, found.st_gid) == (1001, 1001), path
    assert changes(person, project) == []
