"""What deserves a second thought."""

from __future__ import annotations

import pytest

from paddock.policy.cautions import cautions
from paddock.policy.checking import layer_from
from paddock.policy.layering import merge


def said(**network: object) -> tuple[str, ...]:
    return cautions(merge([layer_from({"network": network}, {}, "person", "policy.toml")], trusted=False))


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ("*.example.test", "policy.toml:1: *.example.test:443 is a wildcard"),
        ({"host": "*.example.test", "private": True}, "any private address"),
        ("api.github.com", "api.github.com:443 serves others too: whoever has an account"),
        ({"host": "api.github.com", "methods": ["GET"]}, "serves others too"),
        ("host:5432", "host:5432 is a service of this machine"),
        ({"host": "db.example.test", "port": 5432, "raw": True}, "every protocol pass, unread"),
        ({"host": "a.example.test", "paths": ["/v1/*"]}, "TLS ends at the gateway there"),
        ({"host": "a.example.test", "methods": ["GET"]}, "TLS ends at the gateway there"),
    ],
)
def test_a_doubt_names_the_line_the_host_and_the_reason(entry, text):
    found = said(allow=[entry])
    assert any(text in line for line in found)
    assert all(line.startswith("policy.toml:1: ") for line in found)


@pytest.mark.parametrize("entry", ["a.example.test", {"host": "a.example.test", "private": True, "upload": "1MiB"}])
def test_a_plain_host_gives_no_reason_for_doubt(entry):
    assert said(allow=[entry], publish=[3000]) == ()


def test_paths_are_the_answer_to_other_tenants():
    assert not any("others" in line for line in said(allow=[{"host": "api.github.com", "paths": ["/repos/me/*"]}]))


@pytest.mark.parametrize("denied", ["*.example.test", "x.example.test", "x.example.test:443"])
def test_an_entry_that_is_denied_does_nothing(denied):
    assert said(allow=["x.example.test"], deny=[denied]) == (
        "policy.toml:1: x.example.test:443 is denied by policy.toml:1: the entry does nothing",
    )


def test_a_denial_of_a_part_is_no_doubt_about_the_whole():
    assert all(
        "does nothing" not in line
        for line in said(allow=["*.example.test"], deny=["x.example.test", "*.example.test:80"])
    )


def test_a_port_of_roots_is_named_with_another():
    assert said(publish=[80]) == (
        'policy.toml:1: port 80 of this machine is root\'s; write "8080:80" for one that is not',
    )
