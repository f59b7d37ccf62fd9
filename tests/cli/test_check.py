from __future__ import annotations

import json
import os
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from paddock import trust
from paddock.cli import check
from paddock.cli.parser import parse
from paddock.devcontainer import labels
from paddock.errors import PaddockError, Usage
from paddock.kernel import cgroups
from paddock.sources import Document

if TYPE_CHECKING:
    from paddock.cli.outcome import Outcome

CONFIGURATION = ".devcontainer/devcontainer.json"
BAD = """{
  // the image of the team
  "image": "registry.example.test/team/image:1",
  "privileged": true, // for the tests
  "runArgs": ["--network=none"]
}
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(labels, "ask", lambda name: labels.NotKnown(name, "no engine was asked"))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    put(tmp_path / "here", BAD)
    (tmp_path / "here/.git").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


def put(folder: Path, text: str, name: str = CONFIGURATION) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def perform(*words: str) -> Outcome:
    options = parse("check", check, words)
    return check.perform(options)


def found(*words: str) -> set[tuple[str, str]]:
    outcome = perform(*words)
    assert outcome.data
    rows = outcome.data["findings"]
    assert isinstance(rows, list)
    return {(row["rule"], row["file"]) for row in rows if row["state"] == "counts"}


class TestWhatIsChecked:
    def test_the_directory_with_all_that_is_below_it(self, here: Path) -> None:
        put(here / "a/b", BAD, ".devcontainer.json")
        put(here, BAD, ".devcontainer/other/devcontainer.json")
        files = {file for rule, file in found() if rule == "DC201"}
        assert files == {CONFIGURATION, "a/b/.devcontainer.json", ".devcontainer/other/devcontainer.json"}
        assert {file for _, file in found("a")} == {"a/b/.devcontainer.json"}

    def test_one_file_by_either_way(self, here: Path) -> None:
        put(here / "a", BAD, ".devcontainer.json")
        for words in (("a/.devcontainer.json",), ("--config", "a/.devcontainer.json")):
            assert {file for _, file in found(*words)} == {"a/.devcontainer.json"}

    def test_nothing_to_check_is_no_success(self, here: Path, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        for words, what in ((("../empty",), "no dev container"), (("nowhere",), "does not exist")):
            with pytest.raises(PaddockError, match=what):
                perform(*words)

    def test_a_broken_file_fails_and_the_others_are_checked(self, here: Path) -> None:
        put(here / "a", '{\n "image": }', ".devcontainer.json")
        assert {("DC001", "a/.devcontainer.json"), ("DC201", CONFIGURATION)} <= found()
        assert perform("a", "--fail-on", "high").exit_code == 1

    def test_a_directory_that_is_too_deep_is_refused_by_name(self, here: Path) -> None:
        (here / "1/2/3/4/5/6/7/8/9").mkdir(parents=True)
        with pytest.raises(PaddockError, match="too deep"):
            perform()


class TestExitCode:
    @pytest.mark.parametrize(("threshold", "code"), [("critical", 1), ("high", 1), ("info", 1), ("none", 0)])
    def test_it_is_one_where_something_is_as_bad_as_the_threshold(self, threshold: str, code: int) -> None:
        assert perform("--only", "DC201", "--fail-on", threshold).exit_code == code

    def test_it_is_zero_where_all_is_milder(self, here: Path) -> None:
        put(here, BAD.replace("true", "false"))
        assert perform("--only", "DC501", "--fail-on", "high").exit_code == 0
        assert perform("--only", "DC501", "--fail-on", "low").exit_code == 1

    def test_every_format_has_it(self) -> None:
        assert {perform("--format", name).exit_code for name in check.FORMATS} == {1}


class TestRules:
    def test_only_and_skip_choose(self) -> None:
        assert {rule for rule, _ in found("--only", "DC201,DC5")} >= {"DC201", "DC501"}
        assert {rule[:3] for rule, _ in found("--only", "DC201,DC5")} == {"DC2", "DC5"}
        assert "DC201" not in {rule for rule, _ in found("--skip", "privileged")}
        assert {rule for rule, _ in found("--only", "DC2", "--skip", "DC20,DC21")} == set()

    def test_they_are_listed_and_explained(self) -> None:
        assert "DC201 critical" in perform("--list").text
        assert "DC101" not in perform("--list", "--only", "DC2").text
        assert perform("--explain", "privileged").text.startswith("DC201 privileged\n")
        data = perform("--explain", "DC201").data
        assert data
        assert [rule["id"] for rule in data["rules"]] == ["DC201"]  # type: ignore[attr-defined]

    @pytest.mark.parametrize("words", [("--only", "DC999"), ("--skip", "nothing"), ("--explain", "DC9999")])
    def test_one_that_is_not_there_is_refused(self, words: tuple[str, ...]) -> None:
        with pytest.raises(PaddockError, match="no rule is called"):
            perform(*words)


@pytest.mark.parametrize(
    "words",
    [
        ("--fix", "--diff"),
        ("--list", "--fix"),
        ("--explain", "DC201", "--list"),
        ("--explain", "DC201", "."),
        ("--config", "x", "."),
        ("--write-baseline",),
        ("--write-baseline", "--baseline", "b", "--fix"),
        ("--json", "--format", "sarif"),
        ("--format", "html"),
        ("--fail-on", "grave"),
    ],
)
def test_options_that_nobody_would_read_are_refused(words: tuple[str, ...]) -> None:
    with pytest.raises(Usage):
        perform(*words)


class TestFormats:
    def test_each_is_what_it_says(self) -> None:
        assert json.loads(perform("--format", "json").text) == perform().data
        assert json.loads(perform("--format", "sarif").text)["version"] == "2.1.0"
        assert ET.fromstring(perform("--format", "junit").text).tag == "testsuites"
        assert perform("--format", "github").text.startswith("::error file=.devcontainer/devcontainer.json,line=4,")
        assert perform().text.startswith("critical DC201 privileged  .devcontainer/devcontainer.json:4:17\n")

    @pytest.mark.parametrize("format_", check.FORMATS)
    def test_none_holds_a_command_to_a_runner_but_the_one_that_is_made_of_them(self, here: Path, format_: str) -> None:
        put(here, '{\n"a::b\\n::error::c##[error]d": 1, /*\n::error::e\n##[error]f */ "image": "##[error]::g"\n}')
        text = perform("--format", format_, "--fail-on", "none").text
        assert "error]" in text
        lines = [line for line in text.splitlines() if not (format_ == "github" and line.startswith("::"))]
        assert not any(line.strip().startswith("::") or "##[" in line for line in lines)
        if format_ in ("json", "sarif"):
            assert "##[error]" in repr(json.loads(text))


class TestFix:
    def test_the_safe_changes_are_made_and_the_rest_is_told(self, here: Path) -> None:
        outcome = perform("--fix", "--only", "DC201,DC501")
        assert (here / CONFIGURATION).read_text() == BAD.replace('  "privileged": true, // for the tests\n', "")
        assert outcome.text.startswith(f"fixed {CONFIGURATION}\n\n")
        assert "DC201" not in outcome.text
        assert "DC501" in outcome.text
        assert outcome.data
        assert (outcome.exit_code, outcome.data["fixed"]) == (0, [CONFIGURATION])

    def test_what_is_safe_only_afterwards_is_changed_too_and_the_diff_shows_it(self, here: Path) -> None:
        put(here, BAD.replace('"privileged"', '"remoteUser": "dev",\n  "privileged"'))
        diff = perform("--diff").text
        perform("--fix")
        text = (here / CONFIGURATION).read_text()
        assert "privileged" not in text
        assert '"runArgs": ["--network=none", "--cap-drop=ALL"]' in text
        assert '+  "securityOpt": ["no-new-privileges"]\n' in diff
        added = [line[1:] for line in diff.splitlines() if line[:1] == "+" and line[:3] != "+++"]
        assert added == [
            line for line in text.splitlines() if line not in BAD.splitlines() and "remoteUser" not in line
        ]
        assert perform("--diff").text == "there is nothing that could safely be changed\n"

    def test_a_second_time_changes_nothing(self, here: Path) -> None:
        perform("--fix")
        before = (here / CONFIGURATION).read_bytes(), os.stat(here / CONFIGURATION).st_ino
        perform("--fix")
        assert ((here / CONFIGURATION).read_bytes(), os.stat(here / CONFIGURATION).st_ino) == before

    def test_the_diff_shows_it_and_writes_nothing(self, here: Path) -> None:
        outcome = perform("--diff", "--only", "DC201")
        assert '-  "privileged": true, // for the tests\n' in outcome.text
        assert outcome.exit_code == 0
        assert (here / CONFIGURATION).read_text() == BAD
        put(here, '{"image": "\x1b[2J", "privileged": true}')
        assert "\x1b" not in perform("--diff").text

    def test_what_is_suppressed_or_known_is_not_fixed(self, here: Path) -> None:
        text = BAD.replace("// for the tests", "// paddock: ignore DC201 because why")
        put(here, text)
        perform("--fix", "--only", "DC201")
        assert (here / CONFIGURATION).read_text() == text

    def test_nothing_is_written_through_a_link(self, here: Path) -> None:
        (here / CONFIGURATION).rename(here / "real.json")
        (here / CONFIGURATION).symlink_to("../real.json")
        with pytest.raises(PaddockError, match="was changed meanwhile"):
            perform("--fix", "--only", "DC201")
        assert (here / "real.json").read_text() == BAD


class TestBaseline:
    def test_what_is_written_does_not_count_any_more(self, here: Path) -> None:
        outcome = perform("--baseline", "b.json", "--write-baseline")
        assert "b.json knows" in outcome.text
        assert perform("--baseline", "b.json", "--fail-on", "info").exit_code == 0
        put(here, "\n" + BAD.replace("--network=none", "--pid=host"))
        assert {rule for rule, _ in found("--baseline", "b.json")} >= {"DC205"}
        assert "DC201" not in {rule for rule, _ in found("--baseline", "b.json")}

    def test_it_is_written_anew_over_itself_only(self, here: Path) -> None:
        perform("--baseline", "b.json", "--write-baseline", "--only", "DC201")
        perform("--baseline", "b.json", "--write-baseline", "--only", "DC501")
        assert [one["rule"] for one in json.loads((here / "b.json").read_text())["findings"]] == ["DC501"]
        for name in (CONFIGURATION, "b"):
            (here / "b").write_text("x")
            with pytest.raises(PaddockError, match="is no baseline"):
                perform("--baseline", name, "--write-baseline")
        assert (here / CONFIGURATION).read_text() == BAD

    def test_one_that_cannot_be_read_is_refused(self, here: Path) -> None:
        os.mkfifo(here / "fifo")
        for name in ("nowhere", "fifo", ".git"):
            with pytest.raises(PaddockError):
                perform("--baseline", name)


def test_rootful_is_judged_more_sternly(here: Path) -> None:
    put(here, BAD.replace('"privileged": true', '"remoteUser": "root", "containerUser": "root"'))

    assert severities("--only", "DC207") == {"low"}
    assert severities("--only", "DC207", "--rootful") == {"high"}


def severities(*words: str) -> set[str]:
    outcome = perform(*words)
    assert outcome.data
    return {row["severity"] for row in outcome.data["findings"]}  # type: ignore[attr-defined]


def test_what_a_person_trusts_in_exactly_this_form_weighs_less(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    path = put(here, BAD.replace('"privileged": true', '"initializeCommand": "make"'))
    assert severities("--only", "DC401") == {"critical"}
    trust.trust(Document("repository", str(path), "devcontainer.json", path.read_bytes()))
    assert severities("--only", "DC401") == {"high"}
    put(here, path.read_text() + "\n")
    assert severities("--only", "DC401") == {"critical"}


@pytest.mark.parametrize(("version", "ignored"), [(0, set()), (1, {"DC805"}), (2, set())])
def test_limits_that_this_machine_ignores_are_told(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: int, ignored: set[str]
) -> None:
    root = tmp_path / "cgroup"
    if version:
        root.mkdir()
    if version == 2:
        (root / "cgroup.controllers").touch()
    monkeypatch.setattr(cgroups, "ROOT", str(root))
    put(here, BAD.replace("--network=none", "--memory=4g"))
    assert {rule for rule, _ in found("--only", "DC805")} - {"DC002"} == ignored
    assert {rule for rule, _ in found("--only", "DC805", "--rootful")} == set()


def test_this_machine_has_the_control_groups_that_it_says() -> None:
    lines = Path("/proc/mounts").read_text().splitlines()
    kinds = {line.split()[2] for line in lines if line.split()[1].startswith(cgroups.ROOT)}
    assert check._cgroups() == (1 if "cgroup" in kinds else 2 if "cgroup2" in kinds else check._cgroups())
