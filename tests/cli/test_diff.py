from __future__ import annotations

import json
import os
import subprocess

import pytest

from tests.capabilities import needs
from tests.cli.answering import seen
from tests.cli.change_sets import hold, whiteout


@pytest.fixture
def held(monkeypatch, person, repo):
    (repo / "gone.txt").write_text("gone\n")
    (repo / "sub").mkdir()

    def work(upper) -> None:
        (upper / "hello.txt").write_text("hello\nworld\n")
        whiteout(upper / "gone.txt")
        (upper / "sub").mkdir()
        (upper / "sub" / "new.md").write_text("new\n")
        (upper / "sub" / "bin").write_bytes(b"\0\1")

    return hold(monkeypatch, person, repo, work)


def test_the_whole_difference_is_printed(person, repo, held) -> None:
    done = person.call("diff", cwd=repo)
    assert (done.returncode, done.stderr) == (0, "")
    assert "-gone\n" in done.stdout
    assert "+world\n" in done.stdout
    assert "Binary files /dev/null and b/sub/bin differ\n" in done.stdout


@needs("git")
def test_git_takes_it_over_from_a_pipe_whatever_the_bytes(monkeypatch, person, repo) -> None:
    name, text = b"\xff\x1b[31m\n.txt", b"\xfe\x1b[2J\r\n\xe2\x80\xae\n"

    def work(upper) -> None:
        with open(os.fsencode(upper) + b"/" + name, "wb") as file:
            file.write(text)
        (upper / "hello.txt").write_bytes(text)

    hold(monkeypatch, person, repo, work)
    patch = subprocess.run(person.argv("diff"), cwd=repo, env=person.environ, capture_output=True, check=True).stdout
    subprocess.run(["git", "apply", "--whitespace=nowarn"], cwd=repo, input=patch, check=True, env=person.environ)
    with open(os.fsencode(repo) + b"/" + name, "rb") as file:
        assert file.read() == text
    assert (repo / "hello.txt").read_bytes() == text


def test_a_terminal_gets_colours_and_no_control_characters_from_inside(monkeypatch, person, repo) -> None:
    evil = "\x1b]0;title\x07\x1b[2J\u202e\tx\r\n"
    hold(monkeypatch, person, repo, lambda upper: [(upper / name).write_text(evil) for name in ("a", "b\x1b[31m")])
    shown = seen(person, repo, "diff")
    assert "\x1b[32m+" in shown
    assert "\tx\\r" in shown
    assert "\\u202e" in shown
    for sign in ("\x1b]", "\x1b[2J", "\u202e", "\x07", "\x1b[31m"):
        assert sign not in shown
    plain = seen(person, repo, "diff", NO_COLOR="1")
    assert "\x1b" not in plain
    for other in ("--stat", "--name-only"):
        assert "\x1b[31m" not in seen(person, repo, "diff", other, NO_COLOR="1")


def test_paths_are_taken_from_where_one_is(person, repo, held) -> None:
    assert person.call("diff", "--name-only", "new.md", cwd=repo / "sub").stdout == "sub/new.md\n"
    assert person.call("diff", "--name-only", "*.md", cwd=repo).stdout == "sub/new.md\n"
    assert person.call("diff", "--name-only", "sub", cwd=repo).stdout == "sub/bin\nsub/new.md\n"


def test_a_path_without_changes_is_an_error(person, repo, held) -> None:
    done = person.call("diff", "none", cwd=repo)
    assert done.returncode == 125
    assert "no change matches 'none'" in done.stderr


def test_the_summary_counts_lines(person, repo, held) -> None:
    assert person.call("diff", "--stat", cwd=repo).stdout == (
        " gone.txt   | 1 -\n"
        " hello.txt  | 1 +\n"
        " sub/bin    | Bin 0 -> 2 bytes\n"
        " sub/new.md | 1 +\n"
        " 4 changes, 2(+), 1(-)\n"
    )


def test_json_says_everything(person, repo, held) -> None:
    data = json.loads(person.call("diff", "--json", cwd=repo).stdout)
    assert (data["schema"], data["name"], data["repository"]) == (1, held.name, str(repo))
    assert {change["path"]: (change["kind"], change["type"]) for change in data["changes"]} == {
        "gone.txt": ("deleted", "file"),
        "hello.txt": ("modified", "file"),
        "sub/bin": ("added", "file"),
        "sub/new.md": ("added", "file"),
    }
    assert all(change["hazards"] == [] for change in data["changes"])


def test_nothing_held_is_nothing_to_show(person, repo) -> None:
    done = person.call("diff", cwd=repo)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert json.loads(person.call("diff", "--json", cwd=repo).stdout)["changes"] == []
    assert seen(person, repo, "diff") == "no changes are held\n"


def test_another_one_is_shown_by_name(monkeypatch, person, repo, held) -> None:
    hold(monkeypatch, person, repo, lambda upper: (upper / "other").write_text("x\n"), name="other")
    assert person.call("diff", "--name-only", cwd=repo).stdout == "other\n"
    assert "hello.txt\n" in person.call("diff", "--name-only", "--name", held.name, cwd=repo).stdout
    missing = person.call("diff", "--name", "none", cwd=repo)
    assert (missing.returncode, "no change set 'none'" in missing.stderr) == (125, True)


@pytest.fixture
def dangerous(monkeypatch, person, repo):
    def work(upper) -> None:
        (upper / "Makefile").write_text("all: ; x\n")
        (upper / "notes").write_text("n\n")

    return hold(monkeypatch, person, repo, work)


def test_hazards_are_shown_above_their_change_with_the_line_that_matters(person, repo, dangerous) -> None:
    lines = person.call("diff", cwd=repo).stdout.splitlines()
    assert lines[0].startswith("# hazard build-make (medium): Makefile: ")
    assert lines[1:3] == ["#   | all: ; x", "diff --git a/Makefile b/Makefile"]
    assert " Makefile | 1 +  hazard: build\n" in person.call("diff", "--stat", cwd=repo).stdout


def test_only_hazards_where_only_they_are_asked_for(person, repo, dangerous) -> None:
    assert person.call("diff", "--hazards", "--name-only", cwd=repo).stdout == "Makefile\n"
    assert "notes" not in person.call("diff", "--hazards", cwd=repo).stdout
    (change,) = json.loads(person.call("diff", "--hazards", "--json", cwd=repo).stdout)["changes"]
    assert [(hazard["name"], hazard["family"]) for hazard in change["hazards"]] == [("build-make", "build")]


def test_an_untrusted_policy_of_the_sandbox_s_cannot_hide_a_hazard(monkeypatch, person, repo) -> None:
    """INVARIANT PE-21: the rules are the host's."""

    def work(upper) -> None:
        (upper / "Makefile").write_text("all: ; x\n")
        (upper / "paddock.toml").write_text('[hazards]\nallow = ["build-make", "policy-paddock"]\n')

    hold(monkeypatch, person, repo, work)
    shown = person.call("diff", "--hazards", "--name-only", cwd=repo).stdout
    assert shown == "Makefile\npaddock.toml\n"


def test_colours_are_a_choice(person, repo, held) -> None:
    assert "\x1b" not in person.call("diff", cwd=repo).stdout
    assert "\x1b[32m+world" in person.call("diff", "--color", "always", cwd=repo, NO_COLOR="1").stdout
    assert "\x1b" not in seen(person, repo, "diff", "--color=never")
    done = person.call("diff", "--color", "some", cwd=repo)
    assert (done.returncode, "expected auto, always, never" in done.stderr) == (125, True)


def test_what_is_coloured_for_a_pager_is_harmless_too(monkeypatch, person, repo) -> None:
    hold(monkeypatch, person, repo, lambda upper: (upper / "a").write_text("\x1b]0;title\x07\n"))
    assert "\x1b]" not in person.call("diff", "--color", "always", cwd=repo).stdout


@pytest.mark.parametrize("pair", [("--stat", "--name-only"), ("--json", "--open"), ("--conflicts", "--stat")])
def test_two_shapes_at_once_are_refused(person, repo, held, pair) -> None:
    done = person.call("diff", *pair, cwd=repo)
    assert (done.returncode, "cannot stand together" in (done.stderr + done.stdout)) == (125, True)


def test_a_broken_policy_is_told_and_nothing_is_shown_unjudged(person, repo, held) -> None:
    (repo / "paddock.toml").write_text("[hazards]\nallow = 3\n")
    done = person.call("diff", cwd=repo)
    assert (done.returncode, done.stdout) == (126, "")


def test_json_of_nothing_chosen_is_one_object_too(person, repo, held) -> None:
    data = json.loads(person.call("diff", "--json", "--hazards", "--", "hello.txt", cwd=repo).stdout)
    assert data["changes"] == []
