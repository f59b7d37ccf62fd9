"""Hosts that serve strangers too."""

from __future__ import annotations

import pytest

from paddock.policy.names import canonical
from paddock.policy.tenants import SHARED, shared


@pytest.mark.parametrize(
    ("pattern", "sort"),
    [
        ("github.com", "code"),
        ("api.github.com", "code"),
        ("mybucket.s3.eu-west-1.amazonaws.com", "store"),
        ("*.eu-west-1.amazonaws.com", "store"),
        ("*.windows.net", "store"),  # takes in a store
        ("*.google.com", "store"),
        ("abc.ngrok-free.app", "tunnel"),
        ("webhook.site", "catcher"),
        ("gist.github.com", "paste"),
        ("hooks.slack.com", "chat"),
        ("dns.google", "resolver"),
    ],
)
def test_a_known_host_has_its_sort(pattern, sort):
    found = shared(pattern)
    assert found is not None
    assert found.sort == sort


@pytest.mark.parametrize(
    "pattern", ["example.test", "notgithub.com", "github.com.example.test", "*.example.com", "host", "192.0.2.7", "com"]
)
def test_others_have_none(pattern):
    assert shared(pattern) is None


def test_every_domain_is_canonical_and_stands_once():
    domains = [domain for each in SHARED for domain in each.domains]
    assert len(domains) == len(set(domains))
    assert all(canonical(domain) == domain and "." in domain for domain in domains)
    assert all(each.why[0].islower() and not each.why.endswith(".") for each in SHARED)
