"""Readers of configuration: what they say of real files, and that nothing makes them fail or take long."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.workspace.hazards import catalogue, contents
from paddock.workspace.hazards.formats import READERS, Unreadable, read

RULES = catalogue.load()
TEXTS = st.one_of(
    st.binary(max_size=300),
    st.text(max_size=300).map(str.encode),
    st.text(st.sampled_from("ab[]{}=:\"'\\\n\t #;-&*!<?,.$/|>0"), max_size=200).map(str.encode),
)


@given(st.sampled_from(sorted(READERS)), TEXTS)
def test_nothing_makes_a_reader_fail(name, data):
    try:
        entries = read(name, data)
    except Unreadable:
        return
    assert all(len(entry) == 2 for entry in entries)


@given(st.sampled_from([rule for rule in RULES.rules if rule.patterns]), st.none() | TEXTS, TEXTS)
def test_evidence_is_there_or_not_whatever_the_two_sides_hold(rule, old, new):
    found = contents.evidence(rule, old, new)
    assert found is None or all(len(line) <= contents.LONGEST_LINE + 1 for line in found)
    assert contents.evidence(rule, new, new) is None


MANY = 2 << 20
HOSTILE = [
    b"[" * MANY, b"{" * MANY, b'{"a":' * (MANY // 5), b"a." * (MANY // 2) + b"a = 1", b"[" + b"a." * (MANY // 2) + b"a]", b"- " * (MANY // 2), b'"' * MANY,
    b"a: " * (MANY // 3), b"{a:" * (MANY // 3), b"\\" * MANY, b"\\\n" * (MANY // 2), b"=" * MANY, b"\n" * MANY, b"a" * MANY, b"resolved" * (MANY // 8),
    b"x://" * (MANY // 4), b"url " + b"a" * MANY, b'{"a": ' + b"9" * MANY + b"}", b"# " * (MANY // 2), b" " * MANY, b"/*" * (MANY // 2), b"git@" * (MANY // 4),
    b"!!x " * (MANY // 4) + b"a: b", b'"hasInstallScript": true\n' * (MANY // 25), b"".join(b"%d = 1\n" % n for n in range(200_000)),
    b"{" + b",".join(b'"a":1' for _ in range(200_000)) + b"}", b"{" + b",".join(b'"%d":1' % (n % 60_000) for n in range(99_999)) + b"}",
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(READERS))
def test_nothing_makes_a_reader_slow(name):
    """In quadratic time this would not end."""
    for data in HOSTILE:
        with suppress(Unreadable):
            read(name, data)


@pytest.mark.parametrize(
    ("name", "text", "entries"),
    [
        ("json", '{"a": {"b": [1, {"c": "d"}]}, "e": []}', [("a.b.*", "1"), ("a.b.*.c", '"d"'), ("e", "[]")]),
        ("json", "", []),
        ("json", '// c\n{"a": true,}', [("a", "true")]),
        ("toml", "[a]\nb.c = 'd'\n[[e]]\nf = 1\n", [("a.b.c", '"d"'), ("e.*.f", "1")]),
        ("ini", "[A b]\nC = d\n  e\n# no\nf: g\nh\n", [("a b.c", "d"), ("a b.c", "e"), ("a b.f", "g"), ("a b.h", "")]),
        ("gitconfig", '[core] a = b\n[Remote "x y"]\n\tUrl = \\\nz\n[bool]\nq\n', [("core.a", "b"), ("remote.x.y.url", "z"), ("bool.q", "")]),
        ("environment", "# x\nexport A = 1\nB: 2\nC=$(d)\n. ./e\n", [("A", "1"), ("B", "2"), ("C", "$(d)"), ("a command", "$(d)"), ("a command", ". ./e")]),
        ("yaml", "a:\n  - b: c\n    d:\n      - e\n", [("a", ""), ("a.b", "c"), ("a.d", ""), ("a.d", "e")]),
        ("yaml", 'a: {b: c, "d": [e]}\n!!str f: g\n? h\n: i\n', [("a", '{b: c, "d": [e]}'), ("a.b", '{b: c, "d": [e]}'), ("a.d", '{b: c, "d": [e]}'), ("f", "g"), ("h", ""), ("h", ": i")]),
        ("lock", 'source = "registry+https://r.example.test/x"\nurl = "http://u.example.test:80/y"\nhome https://no.example.test\n',
         [("source from", "registry+https://r.example.test"), ("url from", "http://u.example.test:80")]),
        ("lock", '{"lockfileVersion": 3,\n "node_modules/a": {\n  "resolved": "git+ssh://git@g.example.test/a",\n  "hasInstallScript": true\n }}',
         [("resolved from", "git+ssh://git@g.example.test"), ("runs a script when it is installed", "node_modules/a")]),
    ],
)  # fmt: skip
def test_entries(name, text, entries):
    assert read(name, text.encode()) == entries


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("json", "{"),
        ("json", '{"a": 1} x'),
        ("json", "[" * 100_000),
        ("toml", "a"),
        ("toml", "a = [" + "[" * 1000),
        ("yaml", '"privi\\x6ceged": true\n'),
    ],
)
def test_what_cannot_be_read_says_so(name, text):
    with pytest.raises(Unreadable):
        read(name, text.encode())


def test_a_name_that_is_written_twice_is_an_entry():
    assert ("a", "written twice") in read("json", b'{"a": 1, "a": 2}')
    assert ("a.b", "written twice") in read("json", b'{"a": {"b": 1, "b": 2,}}')


def rule(name: str):
    return next(rule for rule in RULES.rules if rule.name == name)


@pytest.mark.parametrize(
    "line",
    [
        "privileged: true",
        '"privileged": true',
        "'privileged' : true",
        "&x privileged: true",
        "!!str privileged: true",
        "build: {privileged: true}",
        "<<: *evil",
    ],
)
def test_ways_to_write_a_name_in_yaml(line):
    old = b"services:\n  a:\n    restart: always\n"
    assert contents.evidence(rule("container-compose"), old, old + b"    " + line.encode() + b"\n")


@pytest.mark.parametrize(
    ("value", "is_address"),
    [("^1.2.3", False), ("*", False), ("workspace:*", False), ("catalog:", False), ("latest", False), ("git+ssh://g.example.test/a", True), ("file:../evil", True),
     ("npm:evil@1", True), ("user/repository", True), ("https://u.example.test/a.tgz", True), ("link:./x", True)],
)  # fmt: skip
def test_a_dependency_is_a_hazard_where_it_is_an_address(value, is_address):
    new = json.dumps({"dependencies": {"a": value}}).encode()
    assert bool(contents.evidence(rule("build-npm"), b"{}", new)) == is_address


def test_values_in_another_order_are_shown_and_values_that_are_gone_are_not():
    old = {"scripts": {"a": "1", "b": "2"}}
    swapped = {"scripts": {"b": "2", "a": "1"}}
    assert (
        contents.evidence(rule("build-npm"), json.dumps(old).encode(), json.dumps({"scripts": {"a": "1"}}).encode())
        is None
    )
    found = contents.evidence(rule("build-npm"), json.dumps(old).encode(), json.dumps(swapped).encode())
    assert found
    assert found[0].startswith("in another order: ")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [("a:\n\tb\n", "a:\n\tb\n# c\n", None), ("a:\n\tb\n", "a:\n\tb\n\t# c\n", "\t# c"), ("a:\n\tb\n", "a:\n\tb\n#\\\n\tevil\n", "\tevil"),
     ("a:\n\tb \\\n\tc\n", "a:\n\tb \\\n# x\n\tc\n", "# x"), ("a:\n\tb\n\tc\n", "a:\n\tb\n", "taken away: \tc"), ("a:\n\tb\n", "a:\n\tc\n", "\tc")],
)  # fmt: skip
def test_recipes_and_comments_of_a_makefile(old, new, said):
    found = contents.evidence(rule("build-make"), old.encode(), new.encode())
    assert (found is None) == (said is None)
    assert said is None or said in (found or ())
