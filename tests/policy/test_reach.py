"""What an allowance lets be reached: covering is sound, and the narrowest entry decides."""

from __future__ import annotations

import fnmatch
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.policy.matching import fits
from paddock.policy.model import BUILT_IN, Allowed, Denial, Publication
from paddock.policy.reach import bounds, contradiction, covers, deciding, described, is_covered

paths = st.lists(st.sampled_from(("/", "/*", "/v1/*", "/v1/a", "/*/a", "/v*a")), max_size=2).map(tuple)
methods = st.lists(st.sampled_from(("GET", "POST")), max_size=2, unique=True).map(tuple)
hosts = st.sampled_from(("a.test", "x.a.test", "*.a.test", "*.x.a.test", "*.b.test"))
entries = st.builds(
    Allowed,
    hosts,
    st.sampled_from((80, 443)),
    st.booleans(),
    st.just(BUILT_IN),
    methods,
    paths,
    st.sampled_from((0, 1, 9)),
    st.booleans(),
)
requests = st.tuples(
    st.sampled_from(("a.test", "x.a.test", "q.x.a.test", "b.test", "z.b.test")),
    st.sampled_from((80, 443)),
    st.sampled_from(("GET", "POST", "PUT")),
    st.sampled_from(("/", "/v1/a", "/v1/b", "/v2/a", "*")),
    st.sampled_from((1, 5, 10)),
    st.booleans(),
    st.booleans(),
)


def allows(entry: Allowed, request: tuple[Any, ...]) -> bool:
    name, port, method, path, upload, private, raw = request
    return (
        fits(entry.host, name)
        and entry.port == port
        and (not entry.methods or method in entry.methods)
        and (not entry.paths or any(fnmatch.fnmatchcase(path, each) for each in entry.paths))
        and (not entry.upload or upload <= entry.upload)
        and (entry.private or not private)
        and (entry.raw or not raw)
    )


@given(entries, entries, requests)
def test_what_a_covered_entry_allows_the_covering_one_allows(one, other, request):
    if covers(one, other) and allows(other, request):
        assert allows(one, request)


@given(entries)
def test_an_entry_covers_itself(entry):
    assert covers(entry, entry)


@given(entries, entries, entries)
def test_covering_is_transitive(one, two, three):
    if covers(one, two) and covers(two, three):
        assert covers(one, three)


@given(st.lists(entries, max_size=4, unique_by=lambda entry: (entry.host, entry.port)), entries, requests)
def test_adding_a_covered_entry_allows_nothing_new(listed, entry, request):
    """With the narrowest entry deciding, as it does in a plan."""
    if not is_covered(entry, listed):
        return
    merged = [each for each in listed if (each.host, each.port) != (entry.host, entry.port)] + [entry]
    if any(allows(each, request) for each in deciding(merged, *request[:2])):
        assert any(allows(each, request) for each in deciding(listed, *request[:2]))


def allowed(host: str = "a.test", **more: Any) -> Allowed:
    return Allowed(host, more.pop("port", 443), more.pop("private", False), BUILT_IN, **more)


def test_the_narrowest_entry_decides_also_against_a_wider_one():
    listed = [allowed("*.test"), allowed("*.a.test", methods=("GET",))]
    assert deciding(listed, "x.a.test", 443) == (listed[1],)
    assert not is_covered(allowed("x.a.test"), listed)
    assert is_covered(allowed("x.b.test"), listed)
    assert is_covered(allowed("x.a.test", methods=("GET",)), listed)


def test_no_bound_is_wider_than_any():
    assert not covers(allowed(upload=10), allowed())
    assert covers(allowed(), allowed(upload=10))
    assert not covers(allowed(paths=("/*",)), allowed())
    assert not covers(allowed(methods=("GET",)), allowed())


def test_two_bounds_contradict_unless_one_takes_in_the_other():
    get, post, wide = allowed(methods=("GET",)), allowed(methods=("POST",)), allowed()
    assert contradiction([get, post])
    assert contradiction([get, allowed("b.test"), allowed(port=80)]) == ""
    assert contradiction([get, wide, post]) == ""
    assert contradiction([wide, get, post]) == ""


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        (allowed(), "a.test:443"),
        (allowed("::1", private=True), "[::1]:443 (also on a private address)"),
        (allowed(methods=("GET", "PUT"), paths=("/a", "/b*")), "a.test:443 (GET PUT, /a /b*)"),
        (allowed(upload=10 * 2**20), "a.test:443 (uploads up to 10 MiB)"),
        (allowed(upload=1000, raw=True), "a.test:443 (uploads up to 1000 bytes, any protocol)"),
        (Denial("*.test", 0, BUILT_IN), "*.test (every port)"),
        (Denial("*.test", 25, BUILT_IN), "*.test:25"),
        (Publication(3000, 8080, BUILT_IN), "port 3000 inside, at 127.0.0.1:8080 of this machine"),
    ],
)
def test_entries_are_described_in_full(entry, text):
    assert described(entry) == text


def test_everything_that_widens_or_bounds_is_said():
    full = allowed(private=True, methods=("GET",), paths=("/x",), upload=5, raw=True)
    assert len(bounds(full)) == 5
