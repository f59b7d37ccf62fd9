from __future__ import annotations

import xml.etree.ElementTree as ET

from hypothesis import given

from paddock.checking import whole
from paddock.checking.files import File
from paddock.checking.findings import Hit
from paddock.checking.reports import junit
from paddock.devcontainer.document import Place
from paddock.devcontainer.source import Source
from tests.checking.made import FILE, NASTY, RULES, TODAY, check
from tests.probes.proofs import texts


def counts(element: ET.Element) -> tuple[str | None, ...]:
    return tuple(element.get(name) for name in ("tests", "failures", "errors", "skipped"))


def test_what_fails_the_check_is_a_failure_and_what_is_milder_is_said() -> None:
    text = '{\n  "a": "bad",\n  "b": "odd",\n  "c": "worse" // paddock: ignore DC202 because why\n}'
    root = ET.fromstring(junit.write(check(text)))
    (suite,) = root
    assert suite.get("name") == FILE
    assert counts(suite) == counts(root) == (str(len(RULES)), "1", "0", "1")
    cases = {str(case.get("name")): case for case in suite}
    failed = cases[f"DC201 slug-201: {FILE}:2:8"].find("failure")
    assert failed is not None
    assert (failed.get("type"), failed.get("message")) == ("critical", "it is bad")
    assert "fix: mend it" in str(failed.text)
    assert "it is odd" in str(cases[f"DC301 slug-301: {FILE}:3:8"].findtext("system-out"))
    skipped = cases[f"DC202 slug-202: {FILE}:4:8"].find("skipped")
    assert skipped is not None
    assert skipped.get("message") == "suppressed: why"
    assert list(cases["DC901 slug-901"]) == []


def test_nothing_passes_in_a_file_that_could_not_be_read() -> None:
    file = File("x.json", "json", b"{", "{")
    broken = whole.Unread(file, "it ends", Place("x.json", 1, 1, 0, 1))
    (suite,) = ET.fromstring(junit.write(whole.check([broken], whole.Wanted(RULES, {}, TODAY))))
    assert counts(suite) == ("1", "1", "0", "0")


@given(texts)
def test_no_text_of_a_file_breaks_out(said: str) -> None:
    hit = Hit(said + NASTY, Source("label", said + NASTY, (NASTY,)), fix=NASTY + said)
    root = ET.fromstring(junit.write(check("{}", hits={"DC201": [hit]}, name=f"{said}\x1b<")))
    assert counts(root)[1] == "1"
    assert "\x1b" not in "".join(root.itertext())
