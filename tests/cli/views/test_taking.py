from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from paddock.cli.views import taking
from tests.capabilities import needs
from tests.cli.answering import dialogue
from tests.cli.views.test_ended import own_lines

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = needs("bubblewrap", "git")
GOOD = "echo new > new; echo more >> hello.txt"
BAD = "echo 'all: ; x' > Makefile"


def shell(*words: str) -> tuple[str, ...]:
    return ("--", "sh", "-c", "; ".join(words))


@pytest.mark.parametrize("wanted", ["safe", "all"])
def test_what_is_safe_is_taken_and_nothing_is_left_to_say_no_to(person, repo: Path, wanted: str) -> None:
    done = person.call("run", "--apply", wanted, *shell(GOOD), cwd=repo)
    assert (done.returncode, done.stdout) == (0, "")
    assert own_lines(done.stderr) == ["paddock: 2 changes applied; to take it back: paddock undo"]
    assert ((repo / "new").read_text(), (repo / "hello.txt").read_text()) == ("new\n", "hello\nmore\n")
    assert person.call("changes", cwd=repo).stdout == "no changes are held\n"


def test_a_hazard_stays_and_the_exit_code_tells(person, repo: Path) -> None:
    done = person.call("run", "--apply=safe", "--name", "one", *shell(GOOD, BAD), cwd=repo)
    assert done.returncode == taking.HELD
    assert own_lines(done.stderr) == [
        "paddock: 2 changes applied; to take it back: paddock undo",
        "paddock: the rest is held as one: hazard Makefile",
        "paddock: next: paddock diff, paddock apply, paddock discard",
    ]
    assert (repo / "new").exists()
    assert not (repo / "Makefile").exists()
    assert person.call("diff", "--name-only", cwd=repo).stdout == "Makefile\n"


def test_all_takes_hazards_too(person, repo: Path) -> None:
    done = person.call("run", "--apply", "all", *shell(GOOD, BAD, "ln -s /etc out"), cwd=repo)
    assert done.returncode == 0, done.stderr
    assert (repo / "Makefile").exists()
    assert os.readlink(repo / "out") == "/etc"


@pytest.mark.parametrize("wanted", ["safe", "all"])
def test_a_conflict_is_never_overwritten(person, repo: Path, wanted: str) -> None:
    person.call("run", "--name", "one", *shell("echo inside > hello.txt"), cwd=repo)
    (repo / "hello.txt").write_text("the person's\n")
    done = person.call("run", "--apply", wanted, *shell("touch new"), cwd=repo)
    assert (done.returncode, "conflict hello.txt" in done.stderr) == (taking.HELD, True)
    assert (repo / "hello.txt").read_text() == "the person's\n"
    assert (repo / "new").exists()


def test_sockets_and_the_like_stay_held_whatever_was_asked(person, repo: Path) -> None:
    done = person.call("run", "--apply", "all", *shell("mkfifo fifo", "touch new"), cwd=repo)
    assert done.returncode == taking.HELD
    assert not (repo / "fifo").exists()
    assert (repo / "new").exists()


@pytest.mark.parametrize("code", [1, 42, 123])
def test_after_a_failure_nothing_is_taken(person, repo: Path, code: int) -> None:
    done = person.call("run", "--apply", "all", *shell(GOOD, f"exit {code}"), cwd=repo)
    assert done.returncode == code
    assert f"paddock: the command ended with {code}, so nothing was applied\n" in done.stderr
    assert "2 changes held as" in done.stderr
    assert (repo / "hello.txt").read_text() == "hello\n"


def test_commits_come_as_a_branch(person, repo: Path) -> None:
    commit = "git -c user.name=A -c user.email=a@example.test commit -qam second"
    done = person.call(
        "run", "--apply", "safe", "--name", "one", *shell(GOOD, commit, "git rm -q --cached new || :"), cwd=repo
    )
    assert "1 commit as branch paddock/one" in done.stderr, done.stderr
    log = subprocess.run(
        ["git", "log", "--format=%s", "paddock/one"],
        cwd=repo,
        env=person.environ,
        capture_output=True,
        text=True,
        check=True,
    )
    assert log.stdout == "second\nfirst\n"


def test_a_hook_goes_with_git_s_own_data_and_that_is_said(person, repo: Path) -> None:
    hook = "printf '#!/bin/sh\\n' > .git/hooks/pre-commit; chmod +x .git/hooks/pre-commit"
    done = person.call("run", "--apply", "safe", *shell(GOOD, hook), cwd=repo)
    assert not (repo / ".git/hooks/pre-commit").exists()
    assert (repo / "new").exists()
    assert ".git" in done.stderr.partition("applied")[2], done.stderr


def test_a_run_beside_it_keeps_the_change_set_to_itself(person, repo: Path) -> None:
    """Two at once never share one: each takes what is its own."""
    done = person.call("run", "--apply", "safe", "--name", "one", *shell("touch one"), cwd=repo)
    other = person.call("run", "--apply", "safe", "--name", "two", *shell("touch two", "test -e one"), cwd=repo)
    assert (done.returncode, other.returncode) == (0, 0), other.stderr


def test_json_has_the_report(person, repo: Path) -> None:
    done = person.call("run", "--json", "--apply", "safe", *shell(GOOD, BAD), cwd=repo)
    data = json.loads(done.stdout)
    assert (data["exit_code"], data["apply"]["remaining"]) == (taking.HELD, True)
    assert sorted(data["apply"]["applied"]) == ["hello.txt", "new"]
    (problem,) = data["apply"]["problems"]
    assert (problem["path"], problem["kind"], problem["hazards"][0]["family"]) == ("Makefile", "hazard", "build")
    assert [one["path"] for one in data["hazards"]] == ["Makefile"]


@pytest.mark.parametrize(("words", "code"), [(("true",), 0), (("false",), 1)])
def test_json_of_nothing_to_take_has_the_same_shape(person, repo: Path, words: tuple[str, ...], code: int) -> None:
    data = json.loads(person.call("run", "--json", "--apply", "safe", "--", *words, cwd=repo).stdout)
    assert (data["exit_code"], data["apply"]["applied"], data["apply"]["remaining"]) == (code, [], False)


def test_quiet_speaks_only_of_what_stays(person, repo: Path) -> None:
    assert person.call("run", "--quiet", "--apply", "safe", *shell("touch a"), cwd=repo).stderr == ""
    done = person.call("run", "--quiet", "--apply", "safe", *shell(BAD), cwd=repo)
    assert "the rest is held as" in done.stderr


def test_none_is_what_happens_anyway(person, repo: Path) -> None:
    done = person.call("run", "--apply", "none", *shell(BAD), cwd=repo)
    assert (done.returncode, "1 change held as" in done.stderr) == (0, True)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--apply", "some"), 125, "expected safe, all or none"),
        (("--apply", "safe", "--keep"), 125, "a sandbox that stays goes on changing"),
        (("--ask", "--keep"), 125, "--ask and --keep cannot stand together"),
        (("--ask", "--apply", "safe"), 125, "--ask and --apply cannot stand together"),
        (("--ask",), 125, "--ask needs a terminal"),
        (("--apply", "safe", "--workspace", "scratch"), 126, "for workspace mode review"),
        (("--apply", "all", "--workspace", "readonly"), 126, "the mode is readonly (flag --workspace)"),
        (("--apply", "all", "--workspace", "live"), 126, "the mode is live"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_starts(person, repo: Path, words, code, said) -> None:
    done = person.call("run", *words, *shell(GOOD), cwd=repo)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    assert (repo / "hello.txt").read_text() == "hello\n"
    assert person.call("changes", cwd=repo).stdout == "no changes are held\n"


class TestAsking:
    def test_each_change_is_asked_about_at_once(self, person, repo: Path) -> None:
        code, shown = dialogue(person, repo, ["n", "y"], "run", "--quiet", "--ask", *shell("touch a", "touch b"))
        assert code == 0, shown
        assert "1 change applied" in shown
        assert sorted(os.listdir(repo)) == [".git", "b", "hello.txt"]

    def test_the_code_is_the_command_s_own(self, person, repo: Path) -> None:
        code, shown = dialogue(person, repo, ["y"], "run", "--quiet", "--ask", *shell("touch a", "exit 3"))
        assert (code, (repo / "a").exists()) == (3, True), shown

    def test_where_nothing_changed_nobody_is_asked(self, person, repo: Path) -> None:
        code, shown = dialogue(person, repo, [], "run", "--quiet", "--ask", "--", "true")
        assert (code, shown) == (0, "")

    def test_commits_are_not_asked_about_and_not_forgotten(self, person, repo: Path) -> None:
        commit = "echo x > hello.txt; git -c user.name=A -c user.email=a@example.test commit -qam second"
        code, shown = dialogue(person, repo, ["y"], "run", "--quiet", "--ask", *shell(commit))
        assert (code, (repo / "hello.txt").read_text()) == (0, "x\n"), shown
        assert "commits are held (paddock apply --as branch)" in shown
