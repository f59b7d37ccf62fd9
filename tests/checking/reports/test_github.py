from __future__ import annotations

import re

from hypothesis import given

from paddock.checking.findings import Hit
from paddock.checking.reports import github
from paddock.devcontainer.source import Source
from tests.checking.made import FILE, NASTY, check
from tests.probes.proofs import texts


def unescaped(text: str) -> str:
    """As the runner does it (actions/runner, src/Runner.Worker/ActionCommand.cs)."""
    for escape, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(escape, character)
    return text


COMMAND = re.compile(r"::(error|warning|notice) ([^:]*)::(.*)")


def test_one_command_for_each_finding_that_counts() -> None:
    text = '{\n  "a": "bad",\n  "b": "odd", "c": "note" // paddock: ignore DC301 because why\n}'
    assert github.write(check(text)).splitlines() == [
        f"::error file={FILE},line=2,endLine=2,col=8,endColumn=13,title=DC201 slug-201 (critical)::it is bad. Fix: mend it",
        f"::notice file={FILE},line=3,endLine=3,col=20,endColumn=26,title=DC901 slug-901 (info)::it is note. Fix: mend it",
    ]


@given(texts)
def test_no_text_of_a_file_begins_a_command_or_a_property(said: str) -> None:
    hit = Hit(said + NASTY, Source("file", FILE), fix=NASTY + said)
    name = "a,title=b::c%0A\n::error::" + re.sub(r"[/\0\ud800-\udfff]", "", said)
    lines = github.write(check('{"a": "bad"}', hits={"DC301": [hit]}, name=name)).split("\n")
    assert lines.pop() == ""
    assert len(lines) == 2
    for line in lines:
        assert line.isprintable()
        match = COMMAND.fullmatch(line)
        assert match
        properties = dict(one.split("=", 1) for one in match[2].split(","))
        assert properties.keys() == {"file", "line", "endLine", "col", "endColumn", "title"}
        assert "%0" not in match[3]
        assert "\n" not in unescaped(match[3])
