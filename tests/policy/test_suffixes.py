"""Domains below which anybody can get a name."""

from __future__ import annotations

import subprocess
import sys

import pytest

from paddock.policy import suffixes
from paddock.policy.suffixes import why_shared
from paddock.policy.values import Wrong


@pytest.mark.parametrize(
    "domain", ["com", "co.uk", "kobe.jp", "github.io", "blob.core.windows.net", "test", "xn--p1ai"]
)
def test_a_suffix_is_shared_and_the_reason_names_it(domain):
    assert why_shared(domain).startswith(f"{domain} is a ")
    assert f'"*.name.{domain}"' in why_shared(domain)


@pytest.mark.parametrize("domain", ["kawasaki.jp", "compute.amazonaws.com"])
def test_a_domain_of_which_each_name_is_a_suffix_is_shared_too(domain):
    assert why_shared(domain)


@pytest.mark.parametrize("domain", ["example.com", "city.kobe.jp", "www.ck", "me.github.io", "example.test"])
def test_a_registered_name_has_one_owner(domain):
    assert why_shared(domain) == ""


def test_without_the_list_no_wildcard_is_taken(monkeypatch):
    monkeypatch.setitem(sys.modules, "publicsuffixlist", None)
    monkeypatch.setattr(suffixes, "_ANSWERS", {})
    with pytest.raises(Wrong, match="without the package publicsuffixlist"):
        why_shared("example.com")


def test_the_list_is_read_for_a_wildcard_only():
    script = (
        "import sys; import paddock.cli.run; from paddock.policy.flags import flags_layer\n"
        "for host in ('a.example', '*.a.example'):\n"
        "    flags_layer({'allow': [host], 'deny': ['*.com']}); print('publicsuffixlist' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False", "True"]
