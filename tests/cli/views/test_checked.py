from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.checking import baseline, fixing
from paddock.checking.findings import Hit
from paddock.checking.rule import load
from paddock.cli.views import checked
from paddock.devcontainer.document import Place
from paddock.devcontainer.source import Source
from tests.checking.made import FILE, NASTY, check
from tests.probes.proofs import texts

TEXT = '{\n\t"a": "bad", // paddock: ignore DC301 because why\n  "b": "odd"\n}'


@pytest.fixture(autouse=True)
def without_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")


def test_a_finding_has_its_line_a_caret_and_what_to_do() -> None:
    assert checked.text(check(TEXT), 80) == (
        f"critical DC201 slug-201  {FILE}:2:7\n"
        "  it is bad\n"
        '    2 |  "a": "bad", // paddock: ignore DC301 because why\n'
        "      |       ^^^^^\n"
        "  fix: mend it\n"
        "\n"
        f"medium DC301 slug-301  {FILE}:3:8\n"
        "  it is odd\n"
        '    3 |   "b": "odd"\n'
        "      |        ^^^^^\n"
        "  fix: mend it\n"
        "\n"
        f"info DC003 suppression-unused  {FILE}:2:14\n"
        "  DC301 finds nothing on line 2\n"
        '    2 |  "a": "bad", // paddock: ignore DC301 because why\n'
        "      |              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
        "  fix: remove the comment\n"
        "\n"
        "1 critical, 1 medium, 1 info in 1 configuration\n"
        "1 can be fixed: paddock check --diff shows how, --fix does it\n"
        "next: paddock check --explain DC201\n"
    )


def test_what_an_image_brings_says_so() -> None:
    hit = Hit("m", Source("label", "i", ("mounts", 0)), also=(Source("feature", "f", ("privileged",)),))
    text = checked.text(check('{"image": "i"}', hits={"DC201": [hit]}), 80)
    assert "  from label i mounts[0]\n" in text
    assert "  also feature f privileged\n" in text


def test_what_does_not_count_is_counted() -> None:
    entries = baseline.parsed(baseline.written(check('{"a": "bad", "gone": "odd"}').counting), "b")
    text = checked.text(
        check('{"a": "bad",\n"n": "note" // paddock: ignore DC901 because why\n}', baseline=entries), 80
    )
    assert text == (
        "nothing found in 1 configuration\n1 suppressed by comments\n1 known to the baseline\n"
        "1 of the baseline are gone: --write-baseline forgets them\n"
    )


def test_a_secret_is_starred_in_every_excerpt() -> None:
    text = checked.text(check('{"a": "bad", "b": "hunter2", "c": "odd"}', hits={}), 120)
    assert 'hunter2"' not in text
    assert text.count('"b": "*******"') == 3


def test_there_is_an_end_to_it() -> None:
    text = checked.text(check("[" + '"odd",' * 500 + "1]"), 80)
    assert text.count("fix: ") == 200
    assert "... and 300 more: --format json has all of them" in text
    long = checked.text(check("{}", hits={"DC201": [Hit("x" * 100_000, Source("file", FILE), fix="y" * 100_000)]}), 80)
    assert len(long) < 2_000


@given(texts, texts, st.integers(0, 30), st.integers(0, 30))
def test_an_excerpt_prints_on_its_lines_and_within_the_width(left: str, right: str, start: int, length: int) -> None:
    text = f"{left}{NASTY}{right}\n{right}"
    offset = min(start, len(text) - 1)
    place = Place("f", 1, 1, offset, min(offset + length, len(text)))
    lines = list(checked.excerpt(text, place, 60))
    assert len(lines) == 2
    assert all(
        len(line) <= 60 and not any(ord(one) < 0x20 or 0x7F <= ord(one) < 0xA0 for one in line) for line in lines
    )
    assert lines[1].strip(" |^") == ""
    assert "^" in lines[1]


@pytest.mark.parametrize("at", [0, 7, 500, 999])
def test_of_a_long_line_the_part_around_the_caret_is_shown(at: int) -> None:
    text = "x" * at + "HERE" + "x" * (1000 - at)
    line, carets = checked.excerpt(text, Place("f", 1, at + 1, at, at + 4), 80)
    column = carets.index("^")
    assert line[column : column + carets.count("^")] == "HERE"
    assert len(line) <= 80


@given(texts)
def test_no_text_of_a_file_reaches_the_terminal_raw(said: str) -> None:
    hit = Hit(said + NASTY, Source("label", said + NASTY, (NASTY,)), fix=NASTY + said)
    text = checked.text(check('{"a": "bad"}', hits={"DC201": [hit]}, name=f"{said}{NASTY}"), 80)
    assert not any(ord(one) < 0x20 or 0x7F <= ord(one) < 0xA0 or one == "\u202e" for one in text.replace("\n", ""))


def test_every_rule_is_listed_and_can_be_explained() -> None:
    every = load()
    text = checked.listed(every, 80)
    assert all(f"{one.id} {one.severity}" in text for one in every)
    assert f"{len(every)} rules: " in text
    assert max(map(len, text.splitlines())) <= 100
    for one in every:
        said = " ".join(checked.explained([one], 80).split())
        assert " ".join(one.why.split()) in said
        assert one.references[0].split()[0] in said
        assert f"paddock: ignore {one.id}" in said


def test_what_was_fixed_is_said() -> None:
    report = check(TEXT)
    fixes = fixing.plan([row.finding for row in report.rows], report.files)
    assert checked.fixed(fixes) == f"fixed {FILE}\n\n"
    left = fixing.Fixes({}, (), (report.rows[0].finding,))
    assert checked.fixed(left) == (
        "nothing could safely be fixed\n1 fixes of the same lines are left: paddock check --fix\n\n"
    )


@pytest.mark.parametrize("said", ["::error::x", "a ##[error]x", "x " * 38 + "::stop-commands::y"])
def test_no_line_is_a_command_to_a_runner_that_reads_the_log(said: str) -> None:
    """As GitHub's runner looks for them: actions/runner, src/Runner.Worker/ActionCommand.cs."""
    text = checked.text(check('{"a": "bad"} /*\n ::error::x */', hits={"DC201": [Hit(said, Source("file", FILE))]}), 80)
    assert "\\" in text
    assert not any(line.strip().startswith("::") or "##[" in line for line in text.splitlines())
    assert not any(line.strip(" +-").startswith("::") for line in checked.inert(" ::a\n+::b\n-\t::c\n::d").splitlines())
