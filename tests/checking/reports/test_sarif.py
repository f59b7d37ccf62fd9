from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from hypothesis import given
from hypothesis import strategies as st

from paddock.checking import baseline
from paddock.checking.editing import Change, made
from paddock.checking.files import File
from paddock.checking.findings import Hit
from paddock.checking.reports import sarif
from paddock.devcontainer.document import Place
from paddock.devcontainer.lines import lines_of
from paddock.devcontainer.source import Source
from tests.checking.made import FILE, NASTY, RULES, check, json_file
from tests.probes.proofs import texts

if TYPE_CHECKING:
    from paddock.checking.report import Report

TEXT = '{\n  "a": "bad", // why\n  "b": {\n    "c": "odd"\n  }\n}\n'


def offset(text: str, line: int, column: int) -> int:
    lines = text.split("\n")
    return sum(len(one) + 1 for one in lines[: line - 1]) + column - 1 + (line == 1 and text[:1] == "\ufeff")


def checked(report: Report) -> dict[str, Any]:
    """The run, after what the schema of SARIF 2.1.0 and code hosts ask for was looked at by hand."""
    text = sarif.write(report)
    assert text.isascii()
    log = json.loads(text)
    assert log.keys() == {"$schema", "version", "runs"}
    (run,) = log["runs"]
    assert run.keys() == {"tool", "automationDetails", "invocations", "columnKind", "results"}
    assert run["columnKind"] == "unicodeCodePoints"
    driver = run["tool"]["driver"]
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", driver["semanticVersion"])
    rules = driver["rules"]
    assert len({one["id"] for one in rules}) == len(rules)
    for rule in rules:
        assert rule.keys() == {
            "id", "name", "shortDescription", "fullDescription", "help", "defaultConfiguration", "properties"
        }  # fmt: skip
        assert re.fullmatch(r"\w+", rule["name"])
        assert all(isinstance(rule[name]["text"], str) for name in ("shortDescription", "fullDescription", "help"))
        assert rule["defaultConfiguration"]["level"] in ("note", "warning", "error")
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("note", "warning", "error")
        assert result["message"]["text"].isprintable()
        assert all(isinstance(value, str) for value in result["partialFingerprints"].values())
        assert result.get("baselineState", "new") in ("new", "unchanged", "updated", "absent")
        assert all(one["kind"] in ("inSource", "external") for one in result.get("suppressions", ()))
        assert len(result["locations"]) == 1
        for location in (*result["locations"], *result.get("relatedLocations", ())):
            physical(location["physicalLocation"], report)
        for fix in result.get("fixes", ()):
            assert fix["description"]["text"]
            for change in fix["artifactChanges"]:
                for one in change["replacements"]:
                    assert one.keys() == {"deletedRegion", "insertedContent"}
                    span(one["deletedRegion"], report.files[unquote(change["artifactLocation"]["uri"])].text)
    return dict(run)


def physical(location: dict[str, Any], report: Report) -> None:
    uri = location["artifactLocation"]["uri"]
    assert re.fullmatch(r"[\w./%~-]+", uri)  # a relative reference without scheme, query or fragment
    assert not uri.startswith("//")
    span(location["region"], report.files[unquote(uri)].text)


def span(region: dict[str, int], text: str) -> tuple[int, int]:
    assert region.keys() == {"startLine", "startColumn", "endLine", "endColumn"}
    assert min(region.values()) >= 1
    start = offset(text, region["startLine"], region["startColumn"])
    end = offset(text, region["endLine"], region["endColumn"])
    assert 0 <= start <= end <= len(text)
    return start, end


def test_results_are_where_the_findings_are() -> None:
    first, second = checked(check(TEXT))["results"]
    assert (first["ruleId"], first["level"], second["ruleId"], second["level"]) == (
        "DC201",
        "error",
        "DC301",
        "warning",
    )
    assert first["message"]["text"] == "it is bad. Mend it."
    place = first["locations"][0]
    assert place["physicalLocation"]["artifactLocation"]["uri"] == FILE
    assert place["physicalLocation"]["region"] == {"startLine": 2, "startColumn": 8, "endLine": 2, "endColumn": 13}
    assert place["logicalLocations"] == [{"fullyQualifiedName": f"file {FILE} a"}]


def test_a_fix_is_the_replacement_that_fix_would_make() -> None:
    report = check(TEXT)
    (fix,) = checked(report)["results"][0]["fixes"]
    (change,) = fix["artifactChanges"]
    changes = [Change(*span(it["deletedRegion"], TEXT), it["insertedContent"]["text"]) for it in change["replacements"]]
    assert made(TEXT, changes) == '{\n  "b": {\n    "c": "odd"\n  }\n}\n'


def test_of_a_whole_object_the_first_line_is_marked() -> None:
    file = json_file(TEXT)
    assert file.document
    node = file.document.root.at("b")
    assert node
    report = check(TEXT, hits={"DC901": [Hit("m", Source("file", FILE, ("b",), node.place))]})
    region = checked(report)["results"][-1]["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 3, "startColumn": 8, "endLine": 3, "endColumn": 9}


def test_what_is_suppressed_or_known_is_told_as_such() -> None:
    text = TEXT.replace("// why", "// paddock: ignore DC201 because why")
    first, second = checked(check(text, baseline=()))["results"]
    assert (first["suppressions"], first["baselineState"]) == ([{"kind": "inSource", "justification": "why"}], "new")
    assert "suppressions" not in second
    entries = baseline.parsed(baseline.written(check(TEXT).counting), "b")
    states = [it["baselineState"] for it in checked(check(TEXT.replace("odd", "note"), baseline=entries))["results"]]
    assert states == ["unchanged", "new"]
    assert "baselineState" not in checked(check(TEXT))["results"][0]


def test_other_places_of_the_same_fact_are_related() -> None:
    also = Source("file", FILE, ("b",), Place(FILE, 3, 3, 25, 28))
    elsewhere = Source("label", "i", ("a",), Place("label of i", 1, 1, 0, 1))
    report = check(TEXT, hits={"DC901": [Hit("m", also, also=(also, elsewhere))]})
    (related,) = checked(report)["results"][-1]["relatedLocations"]
    assert (related["id"], related["message"]["text"]) == (1, f"file {FILE} b")


def test_a_run_that_could_not_read_everything_was_no_success() -> None:
    assert checked(check(TEXT))["invocations"] == [{"executionSuccessful": True}]
    hit = Hit("m", Source("file", FILE))
    rules = {"DC201": [hit]}
    report = check("{}", hits=rules)
    from paddock.frozen import replace

    row = replace(report.rows[0], finding=replace(report.rows[0].finding, rule="DC001"))
    assert checked(replace(report, rows=(row,)))["invocations"] == [{"executionSuccessful": False}]


@given(st.lists(texts, min_size=4, max_size=4), st.sampled_from(RULES[4:]), st.sampled_from(["", "\ufeff"]))
def test_no_text_of_a_file_breaks_out(said: list[str], rule: Any, mark: str) -> None:
    text = f"{mark}{said[3]}\r\n{NASTY}"
    name = f"a b?#:{said[0]}".replace("/", "").encode("utf-8", "replace").decode()
    other = File(name, "dockerfile", text.encode("utf-8", "surrogatepass"), text)
    place = lines_of(name, text).place(len(mark), len(text))
    source = Source("dockerfile", said[1], (said[2], 1), place)
    checked(check("{}", others=[other], hits={rule.id: [Hit(said[0] + NASTY, source, fix=said[1], also=(source,))]}))
