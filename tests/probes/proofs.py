"""Proofs to test with: made by hand, and any at all."""

from __future__ import annotations

from hypothesis import strategies as st

from paddock.frozen import replace
from paddock.probes.catalogue.reading import LAYERS, SEVERITIES
from paddock.probes.expectations import PROMISES
from paddock.probes.proof import VERDICTS, Proof, Row, Subject

# What breaks careless writers: markup, controls, direction marks, bytes that are no UTF-8, ends of CDATA and comments.
NASTY = "<script>alert(1)</script>&\"']]>--><![CDATA[\x00\x07\x1b[2J\x1b]0;x\x07\u202e\u2028\udc80\ufffe\r\n\t|`{}"
SUBJECT = Subject(
    "bubblewrap", "", "aa", "bb", (), "0.1.0", "0123456789abcdef", {"python": "3.11.2"}, "6.1.0", "x86_64", "root"
)


def row(name: str, verdict: str = "held", **more: object) -> Row:
    """A row of a layer that its name tells."""
    layer = next((layer for layer, letters in LAYERS.items() if name.startswith(letters)), "files")
    kind = "work" if layer == "work" else "boundary"
    given = {"title": f"the title of {name}", "kind": kind, "severity": "high", "promise": "outside"}
    return replace(Row(id=name, layer=layer, verdict=verdict, **given), **more)  # type: ignore[arg-type]


def proof(*rows: Row, **more: object) -> Proof:
    """A proof with these rows."""
    return replace(Proof(SUBJECT, "2026-11-21T09:00:00Z", 0.7, rows, {}, complete=True), **more)


# One row for each of the three musts, so that nothing is left out.
MUSTS = (row("FS-90"), row("NW-90", promise="network"), row("PE-90", promise="later"))

texts = st.text(st.characters(), max_size=12) | st.just(NASTY)
mappings = st.dictionaries(texts, texts, max_size=2)
any_rows = st.builds(
    Row,
    texts,
    st.sampled_from([*LAYERS]) | texts,
    texts,
    texts,
    st.sampled_from(SEVERITIES) | texts,
    st.sampled_from([*PROMISES]) | texts,
    st.sampled_from(VERDICTS),
    texts,
    st.lists(texts, max_size=2).map(tuple),
    texts,
    texts,
    st.booleans(),
)
subjects = st.builds(
    Subject,
    texts,
    texts,
    texts,
    texts,
    st.lists(texts, max_size=2).map(tuple),
    texts,
    texts,
    mappings,
    texts,
    texts,
    texts,
    added=texts,
)
any_proofs = st.builds(
    Proof,
    subjects,
    texts,
    st.floats(0, 1e6),
    st.lists(any_rows, max_size=4, unique_by=lambda row: row.id).map(tuple),
    mappings,
    st.booleans(),
    st.lists(texts, max_size=2).map(tuple),
)
