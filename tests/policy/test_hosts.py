"""Hosts: one spelling for each, and nothing that could mean another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.policy.hosts import host
from paddock.policy.values import Wrong


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("api.example", ("api.example", 443, False)),
        ("API.Example.", ("api.example", 443, False)),
        ("api.example:8443", ("api.example", 8443, False)),
        ("localhost:80", ("localhost", 80, False)),
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


@pytest.mark.parametrize("written", ["*.example", "*", "*.com", "a*.example", "*:443", {"host": "*.example"}])
def test_wildcards_are_not_available_yet(written):
    with pytest.raises(Wrong, match="not available yet") as caught:
        host(written)
    assert caught.value.coming


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


@given(st.lists(st.from_regex(r"\A[a-z][a-z0-9-]{0,10}[a-z]\Z"), min_size=1, max_size=4), st.integers(1, 65535))
def test_ordinary_names_are_accepted_however_they_are_written(labels, port):
    name = ".".join(labels)
    assert host(f"{name.upper()}.:{port}") == host(f"{name}:{port}") == (name, port, False)
