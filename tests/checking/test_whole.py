from __future__ import annotations

from typing import TYPE_CHECKING, cast

from paddock.checking import whole
from paddock.checking.context import Context
from paddock.checking.files import File
from paddock.checking.findings import Edit, Hit
from paddock.devcontainer.document import Place
from paddock.devcontainer.source import Source
from tests.checking.made import FILE, RULES, TODAY, check, json_file, rule, told

if TYPE_CHECKING:
    from paddock.devcontainer.model import Effective

NOTHING = cast("Effective", None)


def subject(*files: File, names: dict[str, str] | None = None) -> whole.Subject:
    return whole.Subject(files, names or {}, NOTHING, Context("/r", files[0].name))


def test_findings_count_and_those_as_bad_as_the_threshold_fail() -> None:
    report = check('{"a": "bad", "b": "odd", "c": "note"}', fail_on="medium")
    assert [row.finding.rule for row in report.counting] == ["DC201", "DC301", "DC901"]
    assert [row.finding.rule for row in report.failing] == ["DC201", "DC301"]
    assert report.counted() == {"critical": 1, "high": 0, "medium": 1, "low": 0, "info": 1}
    assert check('{"a": "bad"}', fail_on="none").failing == ()


def test_what_could_not_be_read_is_a_finding_at_its_place() -> None:
    file = File("broken.json", "json", b"{", "{")
    report = whole.check(
        [whole.Unread(file, "it ends too early", Place("broken.json", 1, 2, 1, 1)), subject(json_file("{}"))],
        whole.Wanted(RULES, {}, TODAY),
    )
    assert told(report) == [("DC001", 1)]
    assert report.failing[0].finding.message == "it ends too early"
    assert report.configurations == ("broken.json", FILE)


def test_a_file_that_two_configurations_share_is_told_once() -> None:
    shared = File("compose.yml", "compose", b"a: b\n", "a: b\n")
    hit = Hit("m", Source("compose", "s", (), Place("compose.yml", 1, 1, 0, 1)))
    own = Hit("n", Source("label", "i"))
    wanted = whole.Wanted(RULES, {"DC301": (lambda _, __: [hit, own],)}, TODAY)
    report = whole.check([subject(json_file("{}", name), shared) for name in ("a.json", "b.json")], wanted)
    assert [(row.finding.message, row.place.file) for row in report.rows] == [
        ("n", "a.json"), ("n", "b.json"), ("m", "compose.yml")
    ]  # fmt: skip


def test_names_in_places_and_edits_become_those_of_the_report() -> None:
    file = json_file('{"a": 1}', "sub/.devcontainer.json")
    place = Place(".devcontainer.json", 1, 7, 6, 7)
    source = Source("file", ".devcontainer.json", ("a",), place)
    hit = Hit("m", source, edits=(Edit(".devcontainer.json", "remove", ("a",)),), also=(source,))
    wanted = whole.Wanted(RULES, {"DC301": (lambda _, __: [hit],)}, TODAY)
    report = whole.check([subject(file, names={".devcontainer.json": file.name})], wanted)
    finding = report.rows[0].finding
    assert {report.rows[0].place.file, finding.source.name, finding.edits[0].file, finding.also[0].name} == {file.name}


def test_edits_that_cannot_be_made_are_not_promised() -> None:
    source = Source("file", FILE)
    for edit in (Edit(FILE, "remove", ("b",)), Edit("other", "remove", ("a",))):
        report = check('{"a": 1}', hits={"DC301": [Hit("m", source, edits=(edit,))]})
        assert report.rows[0].finding.edits == ()


def test_the_value_of_a_secret_is_shown_to_nobody() -> None:
    report = check('{"a": "hunter2", "b": ["bad"]}')
    assert report.shown(FILE) == '{"a": "*******", "b": ["bad"]}'


def test_a_rule_that_was_not_asked_makes_no_comment_unused() -> None:
    text = '{"a": 1} // paddock: ignore DC555 because why'
    rules = (*RULES, rule("DC555"))
    assert [
        row.finding.rule for row in whole.check([subject(json_file(text))], whole.Wanted(rules, {}, TODAY)).rows
    ] == []
    asked = whole.Wanted(rules, {"DC555": ()}, TODAY)
    assert [row.finding.rule for row in whole.check([subject(json_file(text))], asked).rows] == ["DC003"]
