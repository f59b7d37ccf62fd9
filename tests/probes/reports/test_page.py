from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from paddock.frozen import replace
from paddock.probes.catalogue.reading import LAYERS
from paddock.probes.reports import page
from tests.probes.proofs import NASTY, SUBJECT, any_proofs, proof, row

if TYPE_CHECKING:
    from paddock.probes.proof import Proof

VOID = {"meta", "input", "br"}
TAGS = {
    "html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "fieldset", "legend", "label", "input", "main",
    "section", "p", "ul", "li", "table", "caption", "tr", "th", "td", "details", "summary", "b", "span", "code", "br",
    "div", "dl", "dt", "dd",
}  # fmt: skip
ATTRIBUTES = {"lang", "charset", "http-equiv", "content", "name", "type", "id", "checked", "class", "open", "scope"}


class Reader(HTMLParser):
    """Reads a page as a browser does; a tag that is closed out of order, or not ours, is a mistake."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.texts: list[str] = []
        self.ids: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS
        self.attributes += [(tag, name, value) for name, value in attrs]
        assert {name for name, _ in attrs} <= ATTRIBUTES
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(data)


MADE = proof(
    row("FS-02", controlled=True),
    row("FS-03", "breached", evidence=("read ../other/.env", NASTY), source="CVE-2025-54794"),
    row("NW-01", "unproven", reason="its control was not run", promise="network"),
    row("NW-02", promise="network"),
    facts={"seccomp": "filter"},
)


def test_a_page_says_the_verdict_the_rows_and_the_facts() -> None:
    said = "".join(Reader(page.write([MADE])).texts)
    for text in ("Not contained: 1 attack got through.", "read ../other/.env", "CVE-2025-54794", "SECURITY.md",
                 "its control was not run", "broken 1/2", "filter", "6.1.0", "only what is not as it should be"):  # fmt: skip
        assert text in said


def test_nothing_is_loaded() -> None:
    """No tag and no attribute that could is one of ours; what is left are the style and the policy."""
    text = page.write([MADE])
    assert "default-src 'none'" in text
    style = text.partition("<style>")[2].partition("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style


def test_the_policy_of_the_page_allows_its_own_style_only() -> None:
    text = page.write([MADE])
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in text


def test_each_layer_that_is_there_can_be_chosen_and_no_other() -> None:
    text = page.write([MADE])
    chosen = {value for tag, name, value in Reader(text).attributes if (tag, name) == ("input", "id")}
    assert chosen == {"show-all", "show-files", "show-network", "show-trouble"}
    for layer in LAYERS:
        assert f"body:has(#show-{layer}:checked) .layer:not(.layer-{layer})" in text


def test_a_layer_where_something_is_wrong_is_open() -> None:
    found = Reader(page.write([proof(row("FS-02"), row("NW-01", "breached"))])).attributes
    names = [
        (name, value) for tag, name, value in found if tag == "details" and (name == "open" or "layer" in str(value))
    ]
    assert names == [("class", "layer layer-files"), ("class", "layer layer-network"), ("open", None)]


def test_several_proofs_share_a_page_without_sharing_an_id() -> None:
    other = replace(MADE, subject=replace(SUBJECT, boundary="landlock"))
    found = Reader(page.write([MADE, other]))
    ids = [value for _, name, value in found.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    assert {"bubblewrap", "landlock"} <= set(found.texts)


@given(st.lists(any_proofs, min_size=1, max_size=2))
def test_any_proof_is_a_page_of_our_own_tags_alone(made: list[Proof]) -> None:
    text = page.write(made)
    assert text.encode()
    assert all(character.isprintable() or character == "\n" for character in text)
    Reader(text)
