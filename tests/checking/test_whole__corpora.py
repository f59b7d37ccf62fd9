"""Real configurations, and damaged ones, through the whole check: read, judged, reported, fixed."""

from __future__ import annotations

import json
import os
import random
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from paddock.checking import fixing, rule, whole
from paddock.checking.reading import Reader
from paddock.checking.reports import data, github, junit, sarif
from paddock.checking.search import of_folder
from paddock.cli.views import checked
from paddock.devcontainer import jsonc
from paddock.devcontainer.labels import NotKnown

if TYPE_CHECKING:
    from paddock.checking.report import Report

DATA = os.environ.get("PADDOCK_DATA", "")
FILES = sorted(Path(DATA, "devcontainers").glob("*.json")) if DATA else []
CONFIGURATION = ".devcontainer/devcontainer.json"
WANTED = whole.Wanted(rule.load(), rule.functions(), "2026-11-21")
pytestmark = pytest.mark.skipif(not FILES, reason="PADDOCK_DATA does not name the folder of shared data")


def checked_whole(top: Path, raw: bytes) -> Report:
    path = top / CONFIGURATION
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(raw)
    reader = Reader(str(top), ask=lambda name: NotKnown(name, "no engine was asked"))
    return whole.check([reader.read(of_folder(str(top)), CONFIGURATION)], WANTED)


def written_everywhere(report: Report) -> None:
    log = json.loads(sarif.write(report))
    assert len(log["runs"][0]["results"]) == len(report.rows)
    assert ET.fromstring(junit.write(report)).get("tests")
    assert github.write(report).count("\n") == len(report.counting)
    assert len(json.loads(json.dumps(data.data(report)))["findings"]) == len(report.rows)
    assert all(ord(one) >= 0x20 for one in re.sub(r"\n|\x1b\[[0-9;]*m", "", checked.text(report, 80)))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_real_file_is_judged_and_what_is_fixed_stays_fixed(file: Path, tmp_path: Path) -> None:
    raw = file.read_bytes()
    report = checked_whole(tmp_path, raw)
    written_everywhere(report)
    fixes = fixing.plan([row.finding for row in report.counting], report.files)
    assert fixes.left == ()
    fixing.write(fixes, report.files, str(tmp_path))
    after = (tmp_path / CONFIGURATION).read_bytes()
    assert (after == raw) == (not fixes.texts)
    if raw.count(b"\r\n") == raw.count(b"\n"):
        assert after.count(b"\r\n") == after.count(b"\n")
    if fixes.texts:
        before, now = (jsonc.parse("f", jsonc.decode("f", one)) for one in (raw, after))
        comments = [comment.text for comment in before.comments]
        assert all(comment.text in comments for comment in now.comments)
        again = checked_whole(tmp_path, after)
        fixed = {(one.rule, one.message) for one in fixes.fixed}
        assert not fixed & {(row.finding.rule, row.finding.message) for row in again.counting}


@pytest.mark.parametrize("file", FILES[::4], ids=lambda file: file.stem)
def test_a_damaged_file_is_judged_or_refused_with_a_place(file: Path, tmp_path: Path) -> None:
    chance = random.Random(file.stem)
    raw = file.read_bytes()
    for number in range(3):
        start = chance.randrange(len(raw))
        end = min(len(raw), start + chance.randrange(1, 40))
        other = bytes(chance.choice(b'{}[],:"\\/\n\0\xff\x1b$-=1a') for _ in range(chance.randrange(4)))
        report = checked_whole(tmp_path / str(number), raw[:start] + other + raw[end:])
        written_everywhere(report)
        fixing.plan([row.finding for row in report.counting], report.files)
