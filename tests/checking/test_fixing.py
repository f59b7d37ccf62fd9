from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from paddock.checking import fixing
from paddock.checking.files import File
from paddock.checking.findings import Edit, Finding
from paddock.checking.report import Report, Row
from paddock.devcontainer.document import Place
from paddock.devcontainer.source import Source
from paddock.errors import PaddockError
from tests.checking.made import FILE, json_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TEXT = '{\n  // why\n  "privileged": true,\n  "runArgs": ["--x"]\n}\n'


def finding(*edits: Edit, rule: str = "DC201") -> Finding:
    return Finding(rule, "s", "high", "m", Source("file", FILE), "f", edits)


def remove(*path: str | int) -> Edit:
    return Edit(FILE, "remove", path)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / ".devcontainer").mkdir()
    (tmp_path / FILE).write_text(TEXT)
    return tmp_path


FILES = {FILE: json_file(TEXT)}


def test_edits_of_all_findings_are_made_together() -> None:
    fixes = fixing.plan([finding(remove("privileged")), finding(Edit(FILE, "append", ("runArgs",), "--y"))], FILES)
    assert fixes.texts == {FILE: '{\n  // why\n  "runArgs": ["--x", "--y"]\n}\n'}
    assert (len(fixes.fixed), fixes.left) == (2, ())


def test_of_two_that_contradict_the_worse_is_made_and_the_other_told() -> None:
    one = finding(remove("privileged"))
    other = finding(Edit(FILE, "append", ("runArgs",), "--y"), Edit(FILE, "set", ("privileged",), False))
    fixes = fixing.plan([one, other], FILES)
    assert fixes.texts == {FILE: TEXT.replace('  "privileged": true,\n', "")}
    assert (fixes.fixed, fixes.left) == ((one,), (other,))


def test_edits_that_others_make_safe_are_made_after_them_and_it_ends() -> None:
    """Each round there is one more; a configuration whose fixes never end is left after a few."""
    for limit, rounds in ((3, 3), (100, 9)):
        asked = 0

        def report(text: str, number: int, limit: int = limit) -> Report:
            edit = Edit(FILE, "append", ("runArgs",), f"--{number}")
            rows = (Row(finding(edit), Place(FILE, 1, 1, 0, 0)),) if number < limit else ()
            return Report((FILE,), rows, (), {FILE: json_file(text)})

        def again(texts: Mapping[str, str]) -> Report:
            nonlocal asked
            asked += 1
            return report(texts[FILE], asked)

        fixes = fixing.settle(report(TEXT, 0), again)
        assert len(fixes.fixed) == rounds
        assert [f'"--{number}"' in fixes.texts[FILE] for number in range(limit)].count(True) == rounds


def test_a_file_of_contradictions_is_left_and_not_tried_for_ever() -> None:
    file = json_file('{"a": [' + ", ".join(map(str, range(2000))) + "]}", FILE)
    one = [finding(Edit(FILE, "remove", ("a", number))) for number in range(2000)]
    other = [
        finding(Edit(FILE, "remove", ("a", number)), Edit(FILE, "set", ("a", number), "x")) for number in range(2000)
    ]
    fixes = fixing.plan([*one, *other], {FILE: file})
    assert len(fixes.fixed) + len(fixes.left) == 4000
    assert fixes.left


def test_nothing_is_made_of_what_is_not_at_hand_outside_or_no_text_of_its_own() -> None:
    outside = json_file(TEXT, "../x.json")
    odd = File("odd", "json", b"\xff", TEXT, FILES[FILE].document)
    for file in (None, outside, odd):
        name = file.name if file else "other"
        one = finding(Edit(name, "remove", ("privileged",)))
        assert fixing.plan([one], {file.name: file} if file else {}).left == (one,)


def test_a_text_that_would_not_be_read_again_is_not_written() -> None:
    one = finding(Edit(FILE, "replace", (), "}{", Place(FILE, 1, 1, 0, 1)))
    assert fixing.plan([one], FILES).left == (one,)


def test_files_that_are_no_json_are_changed_by_place() -> None:
    file = File("Dockerfile", "dockerfile", b"FROM a\nUSER root\n", "FROM a\nUSER root\n")
    one = finding(Edit("Dockerfile", "replace", (), "USER dev", Place("Dockerfile", 2, 1, 7, 16)))
    assert fixing.plan([one], {"Dockerfile": file}).texts == {"Dockerfile": "FROM a\nUSER dev\n"}


@pytest.mark.skipif(not shutil.which("patch"), reason="patch(1) is not installed")
@pytest.mark.parametrize("end", ["\n", ""])
def test_the_diff_is_what_patch_takes(repository: Path, end: str) -> None:
    text = TEXT.removesuffix("\n") + end
    (repository / FILE).write_text(text)
    files = {FILE: json_file(text)}
    fixes = fixing.plan([finding(remove("privileged")), finding(Edit(FILE, "set", ("init",), True))], files)
    subprocess.run(["patch", "-p1"], cwd=repository, input=fixing.diff(fixes, files).encode(), check=True)
    assert (repository / FILE).read_text() == fixes.texts[FILE]


def test_files_are_written_whole_and_keep_their_permissions(repository: Path) -> None:
    (repository / FILE).chmod(0o640)
    fixing.write(fixing.plan([finding(remove("privileged"))], FILES), FILES, str(repository))
    assert (repository / FILE).read_text() == TEXT.replace('  "privileged": true,\n', "")
    assert (repository / FILE).stat().st_mode & 0o777 == 0o640
    assert os.listdir(repository / ".devcontainer") == ["devcontainer.json"]


def test_nothing_is_written_where_one_file_was_changed_meanwhile(repository: Path) -> None:
    files = {**FILES, "b.json": json_file(TEXT, "b.json")}
    (repository / "b.json").write_text(TEXT + " ")
    both = [finding(remove("privileged")), finding(Edit("b.json", "remove", ("privileged",)))]
    with pytest.raises(PaddockError, match=r"b\.json was changed meanwhile"):
        fixing.write(fixing.plan(both, files), files, str(repository))
    assert (repository / FILE).read_text() == TEXT


@pytest.mark.parametrize("link", ["folder", "file", "folder inside"])
def test_no_link_is_followed(repository: Path, tmp_path_factory: pytest.TempPathFactory, link: str) -> None:
    victim = tmp_path_factory.mktemp("victim")
    (victim / "devcontainer.json").write_text(TEXT)
    if link == "file":
        (repository / FILE).unlink()
        (repository / FILE).symlink_to(victim / "devcontainer.json")
    else:
        shutil.rmtree(repository / ".devcontainer")
        target = victim if link == "folder" else repository / "inside"
        (repository / "inside").mkdir()
        (repository / "inside/devcontainer.json").write_text(TEXT)
        (repository / ".devcontainer").symlink_to(target)
    with pytest.raises(PaddockError):
        fixing.write(fixing.plan([finding(remove("privileged"))], FILES), FILES, str(repository))
    assert (victim / "devcontainer.json").read_text() == TEXT
