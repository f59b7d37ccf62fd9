from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from paddock.checking import rule, whole
from paddock.checking.reading import Reader
from paddock.checking.search import of_file, of_folder
from paddock.devcontainer.labels import Image, NotKnown
from tests.checking.made import TODAY

if TYPE_CHECKING:
    from pathlib import Path

    from paddock.checking.report import Report

CONFIGURATION = ".devcontainer/devcontainer.json"


def nobody(name: str) -> NotKnown:
    return NotKnown(name, "no engine was asked")


def put(top: Path, **texts: str) -> None:
    for name, text in texts.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text)


def read(top: Path, folder: Path | None = None, ask: object = nobody) -> whole.Subject | whole.Unread:
    reader = Reader(str(top), ask=ask)  # type: ignore[arg-type]
    return reader.read(of_folder(str(folder or top)), CONFIGURATION)


def check(*subjects: whole.Subject | whole.Unread) -> Report:
    return whole.check(subjects, whole.Wanted(rule.load(), rule.functions(), TODAY))


def lines(report: Report, *rules: str) -> list[tuple[str, str, int]]:
    return [(it.finding.rule, it.place.file, it.place.line) for it in report.rows if it.finding.rule in rules]


def test_a_project_below_the_top_has_names_relative_to_the_top(tmp_path: Path) -> None:
    put(tmp_path, **{f"a/b/{CONFIGURATION}": '{\n"image": "i",\n"privileged": true\n}', ".git/HEAD": ""})
    subject = read(tmp_path, tmp_path / "a/b")
    assert isinstance(subject, whole.Subject)
    assert [file.name for file in subject.files] == [f"a/b/{CONFIGURATION}"]
    report = check(subject)
    assert lines(report, "DC201") == [("DC201", f"a/b/{CONFIGURATION}", 3)]
    assert next(row.finding.edits for row in report.rows if row.finding.rule == "DC201")


def test_compose_files_dockerfiles_and_local_features_are_files_of_the_report(tmp_path: Path) -> None:
    put(
        tmp_path,
        **{
            f"p/{CONFIGURATION}": '{"dockerComposeFile": "../c.yml", "service": "s", "workspaceFolder": "/w", "features": {"./f": {}}}',
            "p/c.yml": "services:\n  s:\n    build: .\n    privileged: true # paddock: ignore DC201 because why\n",
            "p/Dockerfile": "FROM i\nUSER root\n",
            "p/.devcontainer/f/devcontainer-feature.json": '{"id": "f", "version": "1.0.0", "name": "f"}',
            ".git/HEAD": "",
        },
    )
    subject = read(tmp_path, tmp_path / "p")
    assert isinstance(subject, whole.Subject)
    assert sorted((file.name, file.kind) for file in subject.files) == [
        ("p/.devcontainer/devcontainer.json", "json"),
        ("p/.devcontainer/f/devcontainer-feature.json", "json"),
        ("p/Dockerfile", "dockerfile"),
        ("p/c.yml", "compose"),
    ]
    assert all(file.writable for file in subject.files)
    report = check(subject)
    assert lines(report, "DC201") == [("DC201", "p/c.yml", 4)]
    assert [row.state for row in report.rows if row.finding.rule == "DC201"] == ["suppressed"]


def test_what_only_the_label_of_the_image_brings_is_found_at_the_image(tmp_path: Path) -> None:
    put(tmp_path, **{CONFIGURATION: '{\n  "image": "i"\n}'})
    label = '[{"privileged": true, "mounts": ["source=${localEnv:HOME}/.ssh,target=/s,type=bind"]}]'

    def ask(name: str) -> Image:
        return Image(name, "podman", "sha256:0", "root", (), (), (), label)

    assert lines(check(read(tmp_path, ask=ask)), "DC201", "DC103") == [
        ("DC103", CONFIGURATION, 2),
        ("DC201", CONFIGURATION, 2),
    ]


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ('{\n  "a": \n}', 3, ""),
        ("[]", 1, "object"),
        ("", 1, ""),
        ('{"image": "i", "features": {"./f": {}}}', 1, ""),
        ("x" * (1 << 20), 1, "bytes"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(tmp_path: Path, text: str, line: int, why: str) -> None:
    put(tmp_path, **{CONFIGURATION: text, ".devcontainer/f/devcontainer-feature.json": "{"})
    subject = read(tmp_path)
    assert isinstance(subject, whole.Unread)
    assert subject.place.line == line
    assert why in subject.why
    assert subject.file.name in (CONFIGURATION, ".devcontainer/f/devcontainer-feature.json")
    assert [row.finding.rule for row in check(subject).failing] == ["DC001"]


def test_bytes_that_are_no_text_links_that_lead_out_and_fifos_are_told(tmp_path: Path) -> None:
    top, outside = tmp_path / "repository", tmp_path / "outside.json"
    outside.write_text('{"image": "secret"}')
    put(top, **{CONFIGURATION: "{}"})
    path = top / CONFIGURATION
    path.write_bytes(b'{"image": "\xff"}')
    found = [read(top)]
    path.unlink()
    path.symlink_to(outside)
    found.append(read(top))
    path.unlink()
    os.mkfifo(path)
    found.append(read(top))
    for subject in found:
        assert isinstance(subject, whole.Unread)
        assert "secret" not in subject.file.text
        assert check(subject).failing


def test_features_in_a_circle_are_told(tmp_path: Path) -> None:
    put(tmp_path, **{CONFIGURATION: '{"image": "i", "features": {"./a": {}}}'})
    for one, other in ("ab", "ba"):
        text = f'{{"id": "{one}", "version": "1.0.0", "name": "x", "dependsOn": {{"./{other}": {{}}}}}}'
        put(tmp_path, **{f".devcontainer/{one}/devcontainer-feature.json": text})
    subject = read(tmp_path)
    assert isinstance(subject, whole.Unread)


def test_a_file_that_is_named_may_have_any_name(tmp_path: Path) -> None:
    put(tmp_path, **{"x/y.json": '{"image": "i", "privileged": true}'})
    opened = of_file(str(tmp_path / "x/y.json"))
    report = check(Reader(str(tmp_path), ask=nobody).read(opened, "y.json"))
    assert lines(report, "DC201") == [("DC201", "x/y.json", 1)]
