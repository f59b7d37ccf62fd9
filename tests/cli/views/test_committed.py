"""Commits on the command line: listed, brought, held, and never printed raw."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from paddock.cli.views import committed
from paddock.commits import Taken
from paddock.errors import WorkspaceError
from paddock.workspace.git.bringing import Coming, Left, Report
from paddock.workspace.git.commits import Commit
from paddock.workspace.git.judging import Finding
from paddock.workspace.hazard import Hazard
from tests.capabilities import needs
from tests.workspace.git.repositories import git

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Person

A, B = "a" * 40, "b" * 40
COMMIT = "git -c user.name='An Agent' -c user.email=agent@example.test commit -q"
HAZARD = Hazard("shell-direnv", "shell", "high", "direnv runs it", ("curl \x1b[31mexample.test",))


def coming(**changes: object) -> Coming:
    given: dict[str, object] = {
        "place": "", "label": "main", "branch": "paddock/calm-fern", "tip": A, "old": "", "count": 1,
        "commits": (Commit(A, (B,), "An\x1b[2J Agent", "agent@example.test", 1, "subject \x07", 2, signed=True),),
    }  # fmt: skip
    return Coming(**{**given, **changes})  # type: ignore[arg-type]


def test_a_listing_says_what_comes_and_from_whom_and_is_harmless_to_terminals() -> None:
    text = committed.listing(Report((coming(),)))
    assert text == (
        "main -> paddock/calm-fern (new, 1 commit)\n"
        "  aaaaaaaaaaaa  subject \\x07  (An\\x1b[2J Agent <agent@example.test>, 2 files, signature not verified)\n"
    )


def test_a_listing_says_how_many_it_does_not_show() -> None:
    assert "  … 41 more\n" in committed.listing(Report((coming(count=42),)))


def test_nothing_is_said_to_be_nothing() -> None:
    assert committed.listing(Report()) == committed.NOTHING


def test_what_came_is_one_line_for_each_branch() -> None:
    report = Report((coming(), coming(place="lib/sub", branch="paddock/calm-fern+x", count=3)))
    assert committed.text(Taken(None, report, remaining=False), dry=False) == (
        "1 commit of main came as branch paddock/calm-fern\n"
        "3 commits of lib/sub: main came as branch paddock/calm-fern+x\n"
    )
    assert "would come" in committed.text(Taken(None, report, remaining=True), dry=True)
    assert committed.exit_code(Taken(None, report, remaining=False)) == 0


def test_hazards_are_shown_with_their_lines_and_how_to_agree() -> None:
    taken = Taken(None, Report((coming(findings=(Finding(A, ".envrc", (HAZARD,)),)),)), remaining=True)
    text = committed.text(taken, dry=False)
    assert "hazard  .envrc  in commit aaaaaaaaaaaa\n" in text
    assert "direnv runs it" in text
    assert "--hazards=shell" in text
    assert "\x1b" not in text
    assert committed.exit_code(taken) == 2


def test_refusals_and_what_is_left_say_why_and_what_next() -> None:
    refusal = WorkspaceError("branch 'x' has\x07 commits", why="it would", next_step="paddock apply --branch OTHER")
    report = Report((coming(refusal=refusal),), (Left("sub", "v1\x1b", "a tag"),))
    text = committed.text(Taken(None, report, remaining=True), dry=False)
    assert text == (
        "held  branch paddock/calm-fern: branch 'x' has\\x07 commits\n"
        "  it would\n"
        "  next: paddock apply --branch OTHER\n"
        "held  sub: v1\\x1b: a tag\n"
    )
    assert committed.exit_code(Taken(None, report, remaining=True)) == 1


def test_commits_that_could_not_be_read_and_those_that_wait_are_told() -> None:
    text = committed.text(Taken(None, None, remaining=True, refusal=WorkspaceError("odd", why="why")), dry=False)
    assert text == "commits  odd\n  why\n"
    waiting = tuple(f"b{number}" for number in range(7))
    text = committed.text(Taken(None, None, remaining=True, waiting=waiting), dry=False)
    assert text == "commits are held too: b0, b1, b2, b3, b4 and 2 more; paddock apply --as branch\n"


def run(person: Person, where: Path, script: str) -> None:
    done = person.call("run", "--quiet", "--", "sh", "-euc", script, cwd=where)
    assert done.returncode == 0, done.stderr


@needs("bubblewrap", "overlay", "git")
def test_the_whole_way_on_the_command_line(person: Person, repo: Path) -> None:
    run(person, repo, f"echo new > new; git add new; {COMMIT} -m one; echo more > more; git add more; {COMMIT} -m two")
    listed = person.call("diff", "--commits", cwd=repo)
    assert listed.returncode == 0, listed.stderr
    first, two, one = listed.stdout.splitlines()
    assert first.endswith("(new, 2 commits)")
    assert "two  (An Agent <agent@example.test>, 1 file)" in two
    assert "one  (An Agent <agent@example.test>, 1 file)" in one
    data = json.loads(person.call("diff", "--commits", "--json", cwd=repo).stdout)
    assert (data["schema"], [commit["subject"] for commit in data["branches"][0]["commits"]]) == (1, ["two", "one"])
    done = person.call("apply", "--yes", cwd=repo)
    assert done.returncode == 0, done.stderr
    branch = data["branches"][0]["branch"]
    assert done.stdout.splitlines() == [
        f"2 commits of {data['branches'][0]['label']} came as branch {branch}",
        "2 changes applied",
        "to take it back: paddock undo",
    ]
    assert git(repo, "log", "--format=%s", branch).split() == ["two", "one", "first"]
    assert person.call("diff", "--commits", cwd=repo).stdout == ""


@needs("bubblewrap", "overlay", "git")
def test_a_hazard_holds_the_branch_and_the_good_files_come(person: Person, repo: Path) -> None:
    run(person, repo, f"echo evil > .envrc; echo good > good; git add .; {COMMIT} -m mixed")
    done = person.call("apply", "--yes", cwd=repo)
    assert done.returncode == 2
    assert "stays held; to take it: paddock apply --hazards=shell" in done.stdout
    assert sorted(path.name for path in repo.iterdir()) == [".git", "good", "hello.txt"]
    assert len(git(repo, "branch", "--list").splitlines()) == 1
    done = person.call("apply", "--yes", "--hazards", "shell", "--json", cwd=repo)
    data = json.loads(done.stdout)
    assert (done.returncode, data["applied"], data["remaining"]) == (0, [".envrc"], False)
    assert [one["count"] for one in data["commits"]["branches"]] == [1]


@needs("bubblewrap", "overlay", "git")
def test_parts_mean_files_and_the_commits_wait(person: Person, repo: Path) -> None:
    run(person, repo, f"echo new > new; git add .; {COMMIT} -m one")
    done = person.call("apply", "new", cwd=repo)
    assert (done.returncode, "commits are held too: " in done.stdout) == (0, True)
    done = person.call("apply", "--as", "branch", "--branch", "mine", "--yes", cwd=repo)
    assert done.stdout.startswith("1 commit of ")
    assert "mine" in git(repo, "branch", "--list")
    assert person.call("diff", "--commits", cwd=repo).stdout == ""


@needs("bubblewrap", "overlay", "git")
def test_what_was_tampered_with_is_named_when_it_is_dropped(person: Person, repo: Path) -> None:
    run(person, repo, "printf '#!/bin/sh\\n' > .git/hooks/pre-commit; git config core.fsmonitor ./evil; echo x > x")
    done = person.call("apply", "--yes", cwd=repo)
    assert done.returncode == 0, done.stdout
    assert "dropped  .git: git's own data never comes over" in done.stdout
    assert "git-hooks" in done.stdout
    assert "fsmonitor" in done.stdout
    assert not (repo / ".git/hooks/pre-commit").exists()
    assert person.call("changes", cwd=repo).stdout.strip() in ("", "no changes are held")


@needs("bubblewrap", "overlay")
@pytest.mark.parametrize("words", [("hello.txt",), ("--stat",), ("--hazards",)])
def test_a_list_of_commits_is_of_whole_ones(person: Person, repo: Path, words: tuple[str, ...]) -> None:
    run(person, repo, "echo x > x")
    assert person.call("diff", "--commits", *words, cwd=repo).returncode == 125


@pytest.mark.parametrize(
    "words", [("--as", "both", "--branch"), ("--as", "else"), ("--as", "tree", "--branch", "x"),
              ("--as", "branch", "hello.txt"), ("hello.txt", "--branch", "x")]
)  # fmt: skip
def test_what_makes_no_sense_is_refused(person: Person, repo: Path, words: tuple[str, ...]) -> None:
    assert person.call("apply", *words, cwd=repo).returncode == 125
