from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from hypothesis import given

from paddock.reporting.text import in_markdown, visible
from tests.probes.proofs import NASTY, texts


@given(texts)
def test_all_of_it_prints_and_can_be_written(text: str) -> None:
    shown = visible(text)
    assert shown.isprintable()
    assert shown.encode().decode() == shown


@given(texts)
def test_xml_takes_all_of_it(text: str) -> None:
    element = ET.Element("it", of=visible(text))
    element.text = visible(text)
    again = ET.fromstring(ET.tostring(element))
    assert (again.text or "", again.get("of")) == (visible(text), visible(text))


def test_what_prints_stays_and_what_does_not_can_be_read() -> None:
    assert visible("Grüße, 日本 <&>") == "Grüße, 日本 <&>"
    assert visible("\x1b[2J\u202e\udc80\n") == "\\x1b[2J\\u202e\\udc80\\n"
    assert "\x00" not in visible(NASTY)


@given(texts)
def test_markdown_takes_all_of_it_as_it_stands(text: str) -> None:
    escaped = in_markdown(text)
    assert re.sub(r"\\([\\`*_<\[|])", r"\1", escaped) == text
    assert not re.search(r"(?<!\\)(\\\\)*[`*_<\[|]", escaped)
