"""The table form of a host: every field checked, nothing taken that could not be kept."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.policy.allowances import FIELDS, MOST_PORTS, table
from paddock.policy.layering import merge
from paddock.policy.model import BUILT_IN, Allowed
from paddock.policy.parsing import parse_toml
from paddock.policy.values import Wrong


def test_every_field_has_its_place():
    found = table(
        {
            "host": "*.Example.Test",
            "ports": [443, 8443],
            "private": True,
            "methods": ["get", "POST", "GET"],
            "paths": ["/v1/*", "/v1/*", "/%C3%A4"],
            "upload": "10MiB",
        },
        BUILT_IN,
    )
    bounds = (("GET", "POST"), ("/v1/*", "/%C3%A4"), 10 * 2**20)
    assert found == tuple(Allowed("*.example.test", port, True, BUILT_IN, *bounds) for port in (443, 8443))


def test_what_is_left_out_bounds_nothing_and_opens_nothing():
    assert table({"host": "a.test"}, BUILT_IN) == (Allowed("a.test", 443, False, BUILT_IN),)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"port": 1, "ports": [2]}, "port or ports, not both"),
        ({"ports": []}, "ports to be a list of 1 to 100, not an empty one"),
        ({"ports": list(range(1, MOST_PORTS + 2))}, "list of 1 to 100, not 101"),
        ({"ports": 80}, "ports to be a list"),
        ({"ports": [0]}, "a port from 1"),
        ({"ports": ["80"]}, "a port from 1"),
        ({"methods": []}, "methods to be a list of 1"),
        ({"methods": "GET"}, "methods to be a list"),
        ({"methods": [""]}, "a method such as"),
        ({"methods": ["GET POST"]}, "a method such as"),
        ({"methods": ["*"]}, "a method such as"),
        ({"methods": ["ÄT"]}, "a method such as"),
        ({"methods": ["connect"]}, "CONNECT never passes the gateway: it asks for a tunnel"),
        ({"methods": ["TRACE"]}, "TRACE never passes"),
        ({"paths": []}, "paths to be a list"),
        ({"paths": ["v1"]}, "begins with a slash"),
        ({"paths": ["*"]}, "begins with a slash"),
        ({"paths": [1]}, "begins with a slash"),
        ({"paths": ["/" + "a" * 500]}, "begins with a slash"),
        ({"paths": ["/a?b=1"]}, "queries are not looked at"),
        ({"paths": ["/a/../b"]}, "could match no request"),
        ({"paths": ["//a"]}, "could match no request"),
        ({"paths": ["/a%2fb"]}, "could match no request"),
        ({"paths": ["/a%2"]}, "could match no request"),
        ({"paths": ["/a b"]}, "could match no request"),
        ({"paths": ["/ä"]}, "could match no request"),
        ({"paths": ["/a#b"]}, "could match no request"),
        ({"paths": ["/a\\b"]}, "could match no request"),
        ({"upload": "10M"}, "a size such as"),
        ({"upload": 0}, "a size such as"),
        ({"upload": "none"}, "a size such as"),
        ({"raw": 1}, "true or false for raw"),
        ({"private": "no"}, "true or false for private"),
        ({"raw": True, "methods": ["GET"]}, "raw lets every protocol pass"),
        ({"raw": True, "paths": ["/"]}, "raw lets every protocol pass"),
        ({"hots": 1}, 'unknown key "hots" in a host; there are host, port, ports'),
    ],
)
def test_a_mistake_says_what_is_expected(more, why):
    with pytest.raises(Wrong, match=why):
        table({"host": "a.test", **more}, BUILT_IN)


def test_a_host_with_its_port_in_the_name_is_refused():
    with pytest.raises(Wrong):
        table({"host": "a.test:80"}, BUILT_IN)


values = st.one_of(
    st.none(), st.booleans(), st.integers(-1, 70_000), st.text(max_size=5), st.lists(st.text(max_size=5), max_size=2)
)


@given(
    st.dictionaries(st.sampled_from(FIELDS), values),
    st.sampled_from(["a.test", "*.a.test", "host", "10.0.0.1", "A.Test."]),
)
def test_whatever_is_taken_reads_back_as_the_same(more, host):
    try:
        found = table({**more, "host": host}, BUILT_IN)
    except Wrong:
        return
    for entry in found:
        again = {name: value for name in FIELDS if name != "ports" and (value := getattr(entry, name))}
        again |= {name: list(again[name]) for name in ("methods", "paths") if name in again}
        assert table(again, BUILT_IN) == (entry,)


def test_the_example_in_the_documentation_is_read_as_it_says():
    page = Path(__file__).parents[2] / "docs" / "how-to" / "allow-hosts.md"
    (example,) = re.findall(r"```toml\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    found = merge([parse_toml(example, "policy.toml", "person")], trusted=False)
    assert [(entry.host, entry.port) for entry in found.allow] == [
        ("api.example.com", 443),
        ("git.example.com", 8443),
        ("*.cdn.example.com", 443),
        ("host", 5432),
        ("db.corp.example.com", 5432),
        ("api.github.com", 443),
        ("mirror.example.com", 80),
        ("mirror.example.com", 443),
    ]
    assert (found.allow[5].paths, found.allow[5].upload) == (("/repos/me/*",), 2**20)
    assert (found.deny[0].host, found.deny[0].port) == ("admin.example.com", 0)
    assert [(entry.inside, entry.outside) for entry in found.publish] == [(3000, 3000), (80, 8080)]
