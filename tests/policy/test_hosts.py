"""Hosts: one spelling for each, and nothing that could mean another."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from paddock.policy.hosts import allowed, denied, published
from paddock.policy.model import BUILT_IN, Allowed
from paddock.policy.values import Wrong


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("api.example", ("api.example", 443, False)),
        ("API.Example.", ("api.example", 443, False)),
        ("api.example:8443", ("api.example", 8443, False)),
        ("localhost.example:80", ("localhost.example", 80, False)),
        ("xn--bcher-kva.example", ("xn--bcher-kva.example", 443, False)),
        ("_dmarc.example", ("_dmarc.example", 443, False)),
        ({"host": "db.example"}, ("db.example", 443, False)),
        ({"host": "db.example", "port": 5432, "private": True}, ("db.example", 5432, True)),
        ({"host": "10.0.0.7", "port": 1, "private": True}, ("10.0.0.7", 1, True)),
        ({"host": "::1", "port": 65535, "private": True}, ("::1", 65535, True)),
        ({"host": "FE80:0::1", "private": True}, ("fe80::1", 443, True)),
    ],
)
def test_hosts(written, read):
    assert host(written) == read


def host(written):
    (found,) = allowed(written, BUILT_IN)
    return found.host, found.port, found.private


@pytest.mark.parametrize(
    "written",
    ["localhost", "LOCALHOST.:8080", "app.localhost:80", "*.app.localhost", {"host": "localhost", "private": True}],
)
def test_a_name_of_the_sandbox_itself_is_refused_with_the_one_of_this_machine(written):
    with pytest.raises(Wrong, match=r'localhost" is the sandbox itself; a service of this machine is "host", as in "h'):
        allowed(written, BUILT_IN)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("*.example.test", ("*.example.test", 443, False)),
        ("*.EXAMPLE.Test.:8443", ("*.example.test", 8443, False)),
        ("*.a.b.example.test", ("*.a.b.example.test", 443, False)),
        ("*.xn--bcher-kva.example", ("*.xn--bcher-kva.example", 443, False)),
        ({"host": "*.corp.example.test", "port": 80, "private": True}, ("*.corp.example.test", 80, True)),
    ],
)
def test_a_wildcard_stands_below_one_owners_name(written, read):
    assert host(written) == read


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("*", "would allow every host, which is no rule: name the hosts"),
        ("*:443", "would allow every host"),
        ({"host": "*"}, "would allow every host"),
        ("*.com", r"com is a top-level domain; write \"\*\.name\.com\""),
        ("*.COM.", "com is a top-level domain"),
        ("*.co.uk", r"co\.uk is a public suffix, below which anybody can get a name"),
        ("*.github.io", "strangers: github.io is a public suffix"),
        ("*.test", "test is a top-level domain"),
        ("*.localhost", "top-level domain"),
        ("*.xn--p1ai", "top-level domain"),
        ("a*.example.test", "whole labels, once and in front"),
        ("a.*.example.test", "whole labels, once and in front"),
        ("*.*.example.test", "whole labels, once and in front"),
        ("*example.test", "whole labels, once and in front"),
        ("*.", "such as"),
        ("*..test", "such as"),
        ("*.10.0.0.1", "no names below an address"),
        ("*.::1", "no names below an address"),
        ("*.example.123", "no names below an address"),
        ("*.bücher.example", r'write "xn--bcher-kva\.example", if that is what you mean'),
        ("*.a b.test", "such as"),
        ("https://*.example.test/", r'write "\*\.example\.test"'),
    ],
)
def test_a_wildcard_over_strangers_is_refused_with_the_reason(written, why):
    with pytest.raises(Wrong, match=why):
        host(written)


def test_a_name_in_other_letters_is_shown_as_it_would_be_asked_for():
    with pytest.raises(Wrong, match=r'write "xn--pi-6kc\.example", if that is what you mean by ".pi\.example"'):
        host("\u0430pi.example")  # a Cyrillic letter


def test_the_word_host_is_a_service_of_this_machine():
    assert allowed("HOST.:5432", BUILT_IN) == (Allowed("host", 5432, True, BUILT_IN, raw=True),)
    assert allowed({"host": "host", "port": 1}, BUILT_IN) == (Allowed("host", 1, True, BUILT_IN, raw=True),)
    bounded = allowed({"host": "host", "port": 1, "methods": ["GET"]}, BUILT_IN)
    assert [(entry.raw, entry.private) for entry in bounded] == [(False, True)]


@pytest.mark.parametrize("written", ["host", {"host": "host"}, "HOST"])
def test_this_machine_needs_a_port(written):
    with pytest.raises(Wrong, match="name the port of its service"):
        host(written)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("a.example", ("a.example", 0)),
        ("A.Example.:80", ("a.example", 80)),
        ("*.example.test", ("*.example.test", 0)),
        ("*.com:25", ("*.com", 25)),
        ("192.0.2.7", ("192.0.2.7", 0)),
        ("[::1]:80", ("::1", 80)),
        ("::1", ("::1", 0)),
        ("host", ("host", 0)),
    ],
)
def test_denials_name_also_what_could_not_be_allowed(written, read):
    found = denied(written, BUILT_IN)
    assert (found.host, found.port) == read


@pytest.mark.parametrize(
    "written", ["", "*", "a*.test", "*.1.2.3.4", "127.1", "a b", "a.test:0", 1, None, {"host": "a.test"}, "*.é.test"]
)
def test_a_broken_denial_is_refused(written):
    with pytest.raises(Wrong):
        denied(written, BUILT_IN)


@pytest.mark.parametrize(
    ("written", "read"),
    [(3000, (3000, 3000)), ("3000", (3000, 3000)), ("8080:3000", (3000, 8080)), ("1:65535", (65535, 1))],
)
def test_a_published_port_may_be_another_outside(written, read):
    found = published(written, BUILT_IN)
    assert (found.inside, found.outside) == read


@pytest.mark.parametrize(
    "written",
    [
        0,
        65536,
        -1,
        True,
        1.5,
        None,
        "",
        ":",
        "1:",
        ":1",
        "1:2:3",
        "a",
        "0:1",
        "1:0",
        "+1",
        " 1",
        "٣",
        "127.0.0.1:80:80",
        [],
        {},
    ],
)
def test_a_broken_port_is_refused(written):
    with pytest.raises(Wrong, match="expected a port such as 3000"):
        published(written, BUILT_IN)


@pytest.mark.parametrize("written", ["192.0.2.7", "192.0.2.7:80", "127.1", "2130706433", "0x7f.1", "0x7f000001", "0177.0.0.1", "[::1]:80", "::1", "1.2.3.4.",
                                     "fe80::1%eth0", "example.123", "example.0x1f", {"host": "10.0.0.1"}, {"host": "10.0.0.1", "private": False}])  # fmt: skip
def test_addresses_are_refused_with_the_reason(written):
    with pytest.raises(Wrong, match="is an address, not a name"):
        host(written)


@pytest.mark.parametrize("name", ["127.1", "0x7f.1", "0177.0.0.1", "010.0.0.1", "256.1.1.1", "224.0.0.1", "0.0.0.0", "::", "255.255.255.255", "::ffff:10.0.0.1",
                                  "fe80::1%eth0", "ff02::1", "1.2.3.4.5"])  # fmt: skip
def test_addresses_must_be_exact_also_on_purpose(name):
    with pytest.raises(Wrong):
        host({"host": name, "private": True})


@pytest.mark.parametrize(
    "written",
    ["", ".", "..", "a..b", "-a.example", "a-.example", "a b", "a\0.example", "evil\0.api.example", "a\n", "a.example\r\n", "\uff41pi.example", "api。example", "bücher.example",
     "user@api.example", "api.example/path", "api.example#x", "api.example?x", "a%2eexample", "a" * 64 + ".example", "a." * 127 + "example", "api.example:", "api.example:0",
     "api.example:65536", "api.example:-1", "api.example:+1", "api.example: 443", "api.example:٣", "api.example:443:1x", "[::1", "[::1]x", ":443", "api.example:99999999999",
     "a,b", "a\\b", 443, None, True, [], {"port": 1}, {"host": 1}, {"host": "a.example", "port": "443"}, {"host": "a.example", "port": True},
     {"host": "a.example", "port": 0}, {"host": "a.example", "private": "yes"}, {"host": "a.example", "prvate": True}, {"host": "a.example:443"}],
)  # fmt: skip
def test_everything_else_is_refused(written):
    with pytest.raises(Wrong):
        host(written)


def test_a_page_address_says_what_to_write():
    with pytest.raises(Wrong, match=r'write "api\.example:8443"'):
        host("https://user:secret@api.example:8443/v1?x")


@given(
    st.one_of(
        st.text(),
        st.dictionaries(
            st.sampled_from(["host", "port", "private", "x"]), st.one_of(st.text(), st.integers(), st.booleans())
        ),
    )
)
def test_what_is_accepted_is_canonical(written):
    try:
        name, port, private = host(written)
    except Wrong:
        return
    assert name.isascii()
    assert name == name.lower()
    assert not name.endswith(".")
    assert 1 <= port <= 65535
    assert host({"host": name, "port": port, "private": private}) == (name, port, private)


@given(st.text(st.sampled_from("*.a:1-test"), max_size=12))
def test_a_star_is_accepted_in_front_of_two_labels_or_more_only(written):
    try:
        name, _, _ = host(written)
    except Wrong:
        return
    assert "*" not in name.removeprefix("*.")
    assert not name.startswith("*.") or name.count(".") >= 2


@given(st.lists(st.from_regex(r"\A[a-z][a-z0-9-]{0,10}[a-z]\Z"), min_size=1, max_size=4), st.integers(1, 65535))
def test_ordinary_names_are_accepted_however_they_are_written(labels, port):
    name = ".".join(labels)
    assume(name != "host")
    assert host(f"{name.upper()}.:{port}") == host(f"{name}:{port}") == (name, port, False)
