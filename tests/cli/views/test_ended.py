from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from paddock.cli.views import ended
from paddock.cli.views.ended import Commits, Look
from paddock.session import Ended
from paddock.workspace.hazard import Hazard
from paddock.workspace.summary import Dangerous, Summary
from tests.capabilities import needs
from tests.cli.answering import seen

if TYPE_CHECKING:
    from pathlib import Path

NEXT = "paddock diff, paddock apply, paddock discard"
BUILD, GIT = Hazard("build-make", "build", "high", "why"), Hazard("git-hooks", "git", "high", "why")
SUMMARY = Summary(2, True, (("added", 1), ("deleted", 1)), False, ())
PLANTS = "echo x > notes; echo 'all: ; x' > Makefile; mkdir .vscode; echo '{\"tasks\": []}' > .vscode/tasks.json"


def own_lines(said: str) -> list[str]:
    """Without what a machine without control groups has to say before the start."""
    return [line for line in said.splitlines() if "control group" not in line]


def told(summary: Summary, commits: tuple[Commits, ...] = (), problem: str = "") -> list[str]:
    return list(ended.full(Ended(0, "x", (), "name", 12), Look(summary, commits, problem)))


class TestLines:
    def test_a_person_reads_files_and_what_to_type_next(self) -> None:
        assert told(SUMMARY) == ["12 changes held as name: 1 added, 1 deleted", f"next: {NEXT}"]

    def test_four_lines_are_the_most_there_are(self) -> None:
        dangerous = (Dangerous("Makefile", (BUILD,)), Dangerous(".git", (GIT, BUILD)))
        summary = Summary(2, True, (("mode", 1),), True, dangerous)
        commits = (Commits("main", 2), Commits("topic", 1), Commits("odd", None))
        assert told(summary, commits) == [
            "12 changes held as name: 1 with another mode, git's own data",
            "2 commits on main, 1 commit on topic, commits on odd",
            "hazards: build Makefile; git .git",
            "next: paddock diff --hazards, paddock apply, paddock discard",
        ]

    def test_of_many_hazards_some_are_named_and_all_are_counted(self) -> None:
        dangerous = tuple(Dangerous(f"d/Makefile{number}", (BUILD,)) for number in range(7))
        (_, line, _) = told(Summary(7, True, (("added", 7),), False, dangerous))
        assert line == f"hazards: build {', '.join(f'd/Makefile{number}' for number in range(5))} and 2 more"

    def test_every_class_is_named_however_many_there_are(self) -> None:
        families = ("git", "editor", "agent", "shell", "build", "ci", "container")
        dangerous = tuple(Dangerous(f"f{name}", (Hazard("x", name, "low", "why"),)) for name in families for _ in "12")
        (_, line, _) = told(Summary(14, True, (), False, dangerous))
        assert all(f"{name} f{name}" in line for name in families)
        assert line.endswith(" and 7 more")

    def test_what_was_not_looked_at_is_said(self) -> None:
        assert told(Summary(10_000, False, (("added", 10_000),), False, ()))[:2] == [
            "12 changes held as name: 10,000 added of the first 10,000",
            "no hazards in the first 10,000 changes, the rest was not looked at",
        ]
        dangerous = (Dangerous("Makefile", (BUILD,)),)
        line = told(Summary(10_000, False, (("added", 10_000),), False, dangerous))[1]
        assert line == "hazards in the first 10,000 changes, the rest was not looked at: build Makefile"

    def test_why_hazards_are_not_known_is_said(self) -> None:
        assert told(SUMMARY, problem="hazards were not looked for: x")[1] == "hazards were not looked for: x"

    def test_names_are_quoted_and_never_fill_the_screen(self) -> None:
        dangerous = (Dangerous("a\x1b[2J\nb", (BUILD,)), Dangerous("x/" * 2000 + "Makefile", (BUILD,)))
        line = told(Summary(2, True, (), False, dangerous))[1]
        assert '"a\\033[2J\\nb"' in line
        assert line.endswith("x/Makefile")
        assert len(line) < 120


@needs("bubblewrap", "git")
class TestRuns:
    def test_without_a_terminal_it_is_one_line(self, person, repo: Path) -> None:
        done = person.call("run", "--name", "one", "--", "touch", "a", cwd=repo)
        assert own_lines(done.stderr) == [f"paddock: 1 change held as one: {NEXT}"]

    def test_and_one_more_for_hazards(self, person, repo: Path) -> None:
        done = person.call("run", "--name", "one", "--", "sh", "-c", PLANTS, cwd=repo)
        assert own_lines(done.stderr) == [
            f"paddock: 4 changes held as one: {NEXT}",
            "paddock: hazards: editor .vscode/tasks.json; build Makefile",
        ]

    def test_a_terminal_gets_four(self, person, repo: Path) -> None:
        commit = "git -c user.name=A -c user.email=a@example.test commit -qm second"
        shown = seen(
            person, repo, "run", "--name", "one", "--", "sh", "-c", f"{PLANTS}; rm hello.txt; git add -u; {commit}"
        )
        assert shown.splitlines()[-4:] == [
            "paddock: 6 changes held as one: 4 added, 1 deleted, git's own data",
            "paddock: 1 commit on main",
            "paddock: hazards: editor .vscode/tasks.json; build Makefile",
            "paddock: next: paddock diff --hazards, paddock apply, paddock discard",
        ]

    @pytest.mark.parametrize("command", [("true",), ("touch", "a")], ids=["nothing changed", "something"])
    def test_quiet_is_quiet(self, person, repo: Path, command: tuple[str, ...]) -> None:
        assert seen(person, repo, "run", "--quiet", "--", *command) == ""
        assert person.call("run", "--quiet", "--", *command, cwd=repo).stderr == ""

    def test_json_carries_the_same(self, person, repo: Path) -> None:
        data = json.loads(person.call("run", "--json", "--name", "one", "--", "sh", "-c", PLANTS, cwd=repo).stdout)
        assert (data["schema"], data["exit_code"], data["change_set"], data["changes"]) == (1, 0, "one", 4)
        assert (data["kinds"], data["commits"], data["complete"]) == ({"added": 4}, [], True)
        assert [(one["family"], one["path"], one["name"]) for one in data["hazards"]] == [
            ("editor", ".vscode/tasks.json", "editor-vscode-tasks"),
            ("build", "Makefile", "build-make"),
        ]

    def test_json_of_a_run_that_changed_nothing_has_the_same_shape(self, person, repo: Path) -> None:
        data = json.loads(person.call("run", "--json", "--", "true", cwd=repo).stdout)
        assert (data["change_set"], data["changes"], data["kinds"], data["commits"]) == (None, 0, {}, [])
        assert (data["hazards"], data["looked_at"], data["complete"]) == ([], 0, True)

    def test_names_of_the_sandbox_s_do_nothing_to_a_terminal(self, person, repo: Path) -> None:
        evil = "mkdir -p \"$(printf 'a\\033]0;x\\007\\nb')\"; echo 'all: ; x' > \"$(printf 'a\\033]0;x\\007\\nb')/Makefile\""
        shown = seen(person, repo, "run", "--name", "one", "--", "sh", "-c", evil)
        assert "Makefile" in shown
        assert "\x1b]" not in shown
        assert "\x07" not in shown

    def test_a_policy_that_broke_meanwhile_changes_no_exit_code(self, person, repo: Path, tmp_path: Path) -> None:
        policy = person.home / ".config/paddock/policy.toml"
        policy.parent.mkdir(parents=True)
        script = (
            "import subprocess, sys, pathlib; p = subprocess.Popen(sys.argv[2:], stdin=subprocess.PIPE, "
            "stdout=subprocess.PIPE, stderr=subprocess.PIPE); p.stdout.readline(); "
            "pathlib.Path(sys.argv[1]).write_text('nonsense = 1'); "
            "print(p.communicate(b'go')[1].decode(), p.returncode)"
        )
        inner = "touch a; echo ready; read line; exit 7"
        argv = [sys.executable, "-c", script, str(policy), *person.argv("run", "--", "sh", "-c", inner)]
        done = subprocess.run(argv, cwd=repo, env=person.environ, capture_output=True, text=True, check=True)
        assert "1 change held as" in done.stdout
        assert "hazards were not looked for: " in done.stdout
        assert done.stdout.endswith(" 7\n")


def test_nothing_of_this_is_loaded_where_nothing_changed(person, repo: Path) -> None:
    from tests.capabilities import require

    require("bubblewrap")
    environ = {**person.environ, "PYTHONPROFILEIMPORTTIME": "1"}
    for options in ((), ("--json",)):
        argv = person.argv("run", *options, "--", "true")
        done = subprocess.run(argv, cwd=repo, env=environ, capture_output=True, text=True, check=True)
        assert "paddock.session" in done.stderr
        for module in ("paddock.cli.views.ended", "paddock.workspace.summary", "paddock.workspace.hazards", "tomllib"):
            assert module not in done.stderr
