"""`paddock apply -p` on a real terminal, hazards, conflicts and merges on the command line."""

from __future__ import annotations

import json
import os
import stat

import pytest

from tests.cli.answering import dialogue
from tests.cli.change_sets import hold

OLD = "".join(f"line {number}\n" for number in range(1, 31))
NEW = OLD.replace("line 2\n", "two\n").replace("line 29\n", "twenty-nine\n")
EVIL = "\x1b]0;owned\x07\x1b[2J\u202egnp.exe\n"


@pytest.fixture
def text(monkeypatch, person, repo):
    (repo / "file").write_text(OLD)
    return hold(monkeypatch, person, repo, lambda upper: (upper / "file").write_text(NEW))


def test_hunks_are_asked_about_on_a_terminal(person, repo, text) -> None:
    code, said = dialogue(person, repo, ["?", "n", "y"], "apply", "-p", NO_COLOR="1")
    assert code == 0
    assert "(1/2) Apply this hunk [y,n,a,d,e,q,?]? " in said
    assert "e - edit it by hand, and apply it" in said
    assert "-line 2\n+two\n" in said
    assert "the rest is held" in said
    assert (repo / "file").read_text() == OLD.replace("line 29\n", "twenty-nine\n")


def test_the_end_of_the_input_quits_and_applies_what_was_taken(person, repo, text) -> None:
    code, _ = dialogue(person, repo, ["y"], "apply", "--interactive")
    assert code == 0
    assert (repo / "file").read_text() == OLD.replace("line 2\n", "two\n")


def test_a_hunk_is_edited_in_the_persons_editor(person, repo, text, tmp_path) -> None:
    script = tmp_path / "my editor"
    script.write_text('#!/bin/sh\npwd > "$PLACE"\nhead -1 "$2"\ntail -1 "$2"\nsed -i "s/^+two/+$1/" "$2"\n')
    script.chmod(0o755)
    code, said = dialogue(
        person, repo, ["e", "n"], "apply", "-p", EDITOR=f"'{script}' zwei", PLACE=str(tmp_path / "place"), VISUAL=""
    )
    assert code == 0
    assert (repo / "file").read_text() == OLD.replace("line 2\n", "zwei\n")
    assert "# Edit this hunk" in said
    assert not (tmp_path / "place").read_text().startswith(str(repo)), "not where the repository could give orders"
    assert not os.path.exists((tmp_path / "place").read_text().strip()), "nothing is left of it"


@pytest.mark.parametrize("editor", ["false", "./planted", "not-there", "'"])
def test_an_editor_that_fails_or_is_not_there_asks_again(person, repo, text, editor) -> None:
    (repo / "planted").write_text("#!/bin/sh\ntouch ran\n")
    (repo / "planted").chmod(0o755)
    code, said = dialogue(
        person, repo, ["e", "n", "n"], "apply", "-p", EDITOR=editor, PATH=f".:{person.environ['PATH']}"
    )
    assert code == 0
    assert said.count("(1/2)") == 2
    assert not (repo / "ran").exists()


def test_content_from_inside_never_reaches_the_terminal_raw(monkeypatch, person, repo) -> None:
    (repo / "file").write_text("old\n")

    def work(upper) -> None:
        (upper / "file").write_text(EVIL)
        (upper / "\x1b[31m\n").write_text(EVIL)
        (upper / ".envrc").write_text(f"export {EVIL}")

    hold(monkeypatch, person, repo, work)
    code, said = dialogue(person, repo, ["n", "n", "n"], "apply", "-p", NO_COLOR="1")
    assert code == 0
    assert "\\x1b]0;owned\\x07" in said
    assert '"\\033[31m\\n"' in said
    for raw in ("\x1b", "\x07", "\u202e"):
        assert raw not in said
    done = person.call("apply", "--json", cwd=repo)
    assert done.returncode == 2
    assert "\x1b" not in done.stdout
    done = person.call("apply", cwd=repo)
    assert "\x1b" not in done.stdout


def test_without_a_terminal_nobody_is_asked_and_nothing_applied(person, repo, text) -> None:
    done = person.call("apply", "-p", cwd=repo)
    assert (done.returncode, "nobody to ask" in done.stderr) == (125, True)
    assert person.call("apply", "-p", "--yes", cwd=repo).returncode == 125
    assert (repo / "file").read_text() == OLD


@pytest.fixture
def hazardous(monkeypatch, person, repo):
    def work(upper) -> None:
        (upper / ".envrc").write_text("export PATH=/evil\n")
        (upper / ".vscode").mkdir(0o755)
        (upper / ".vscode" / "tasks.json").write_text('{"tasks": [{"command": "evil"}]}')
        (upper / "good").write_text("good\n")

    return hold(monkeypatch, person, repo, work)


def test_hazards_are_named_and_not_written_and_the_rest_is(person, repo, hazardous) -> None:
    done = person.call("apply", cwd=repo)
    assert done.returncode == 2
    assert sorted(os.listdir(repo)) == [".git", ".vscode", "good", "hello.txt"]
    assert os.listdir(repo / ".vscode") == []
    for part in ("hazard  .envrc\n", "    shell (", "export PATH=/evil", "paddock apply --hazards=editor,shell"):
        assert part in done.stdout


def test_a_class_a_rule_or_all_of_them_can_be_taken(person, repo, hazardous) -> None:
    data = json.loads(person.call("apply", "--hazards=shell", "--json", cwd=repo).stdout)
    assert ".envrc" in data["applied"]
    found = {problem["path"]: problem for problem in data["problems"]}
    assert set(found) == {".vscode/tasks.json"}
    hazard = found[".vscode/tasks.json"]["hazards"][0]
    assert (found[".vscode/tasks.json"]["kind"], hazard["family"]) == ("hazard", "editor")
    assert person.call("apply", f"--hazards={hazard['name']}", cwd=repo).returncode == 0
    assert (repo / ".vscode" / "tasks.json").exists()


@pytest.mark.parametrize("words", [["--hazards"], ["--hazards=all"], ["--hazards", "all"], ["--yes", "--hazards"]])
def test_all_hazards_can_be_taken_at_once(person, repo, hazardous, words) -> None:
    assert person.call("apply", *words, cwd=repo).returncode == 0
    assert (repo / ".envrc").exists()


def test_a_class_that_is_none_is_told_and_nothing_applied(person, repo, hazardous) -> None:
    for word in ("--hazards=editors", "--hazards="):
        done = person.call("apply", word, cwd=repo)
        assert (done.returncode, "the classes are agent, build" in done.stderr) == (125, True)
    assert not (repo / "good").exists()


def test_a_hazard_is_taken_after_its_reasons_were_read(person, repo, hazardous) -> None:
    code, said = dialogue(person, repo, ["y", "n", "y"], "apply", "-p", NO_COLOR="1")
    assert code == 0
    assert said.index("hazard  .envrc") < said.index("Add this")
    assert (repo / ".envrc").exists()
    assert not (repo / ".vscode").exists()


def test_the_question_says_that_hazards_stay(person, repo, hazardous) -> None:
    code, said = dialogue(person, repo, ["y"], "apply", NO_COLOR="1")
    assert (code, "Hazards stay held." in said) == (2, True)


def test_a_link_that_leads_out_waits_for_a_word(monkeypatch, person, repo) -> None:
    hold(monkeypatch, person, repo, lambda upper: (upper / "out").symlink_to("/etc"))
    assert person.call("apply", cwd=repo).returncode == 2
    assert person.call("apply", "--links", cwd=repo).returncode == 0


@pytest.fixture
def both(monkeypatch, person, repo):
    (repo / "file").write_text(OLD)
    found = hold(monkeypatch, person, repo, lambda upper: (upper / "file").write_text(NEW))
    (repo / "file").write_text(OLD.replace("line 15", "mine"))
    return found


def test_a_conflict_that_merges_says_so_and_merges_on_request(person, repo, both) -> None:
    done = person.call("apply", cwd=repo)
    assert (done.returncode, "1 of them merges cleanly: paddock apply --merge" in done.stdout) == (1, True)
    data = json.loads(person.call("apply", "--merge", "--json", cwd=repo).stdout)
    assert (data["applied"], data["merged"], data["remaining"]) == (["file"], ["file"], False)
    assert (repo / "file").read_text() == NEW.replace("line 15", "mine")


def test_a_conflict_is_shown_with_all_sides(person, repo, both) -> None:
    (repo / "file").write_text(OLD.replace("line 2\n", EVIL))
    code, said = dialogue(person, repo, [], "diff", "--conflicts", NO_COLOR="1")
    assert code == 0
    for line in ("<<<<<<< host, now", "||||||| before", "line 2", "two", ">>>>>>> sandbox"):
        assert f"{line}\n" in said
    assert "\x1b" not in said
    data = json.loads(person.call("diff", "--conflicts", "--json", cwd=repo).stdout)
    assert [(problem["path"], problem["mergeable"]) for problem in data["conflicts"]] == [("file", False)]
    (repo / "file").write_text(OLD)
    assert person.call("diff", "--conflicts", cwd=repo).stdout == "no conflicts\n"


def test_a_policy_that_cannot_be_read_applies_nothing(person, repo, text) -> None:
    place = person.home / ".config" / "paddock"
    place.mkdir(mode=0o700)
    (place / "policy.toml").write_text("[hazards]\nallow = 7\n")
    done = person.call("apply", cwd=repo)
    assert done.returncode == 126
    assert (repo / "file").read_text() == OLD


def test_a_new_executable_of_the_sandboxs_keeps_its_mode_when_it_is_taken(monkeypatch, person, repo) -> None:
    def work(upper) -> None:
        (upper / "tool").write_text("#!/bin/sh\n")
        (upper / "tool").chmod(0o755)

    hold(monkeypatch, person, repo, work)
    dialogue(person, repo, ["y"], "apply", "-p")
    assert stat.S_IMODE((repo / "tool").stat().st_mode) == 0o755
