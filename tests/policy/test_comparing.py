"""Which of two values is looser."""

from __future__ import annotations

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.policy.comparing import covers, looseness
from paddock.policy.credentials import is_secret_name
from paddock.policy.model import BUILT_IN, Allowed, Assignment, Origin, Text


@pytest.mark.parametrize(
    ("key", "from_tight_to_loose"),
    [
        ("workspace.mode", ["readonly", "scratch", "review", "live"]),
        ("boundary.minimum", ["microvm", "gvisor", "podman", "bubblewrap", "landlock"]),
        ("boundary.use", ["microvm", "gvisor", "podman", "bubblewrap", "landlock"]),
        ("boundary.syscalls", ["default", "debug"]),
        ("network.mode", ["off", "allow"]),
        ("limits.memory", [1, 2.5, 10**12, None]),
        ("limits.cpus", [0.1, 1, 64, None]),
    ],
)
def test_the_order_of_every_kind_of_value(key, from_tight_to_loose):
    ranks = [looseness(key, value) for value in from_tight_to_loose]
    assert ranks == sorted(ranks)
    assert len(set(ranks)) == len(ranks)


@pytest.mark.parametrize(
    ("minimum", "same_as"),
    [("landlock", "bubblewrap"), ("bubblewrap", "bubblewrap"), ("podman", "podman"), ("microvm", "microvm")],
)
def test_auto_counts_as_bubblewrap_or_as_a_stronger_minimum(minimum, same_as):
    assert looseness("boundary.use", "auto", minimum) == looseness("boundary.use", same_as)


def allowed(host: str = "a.example", port: int = 443, *, private: bool = False) -> Allowed:
    return Allowed(host, port, private, BUILT_IN)


def test_hosts_cover_only_themselves_and_private_covers_public():
    assert covers("network.allow", allowed(), [allowed()])
    assert covers("network.allow", allowed(), [allowed(private=True)])
    assert not covers("network.allow", allowed(private=True), [allowed()])
    assert not covers("network.allow", allowed(port=80), [allowed()])
    assert not covers("network.allow", allowed("b.a.example"), [allowed()])
    assert not covers("network.allow", allowed(), [])


def test_a_variable_is_covered_only_with_the_same_value():
    one = Assignment("A", "1", BUILT_IN)
    assert covers("environment.set", one, [Assignment("A", "1", Origin("flag"))])
    assert not covers("environment.set", one, [Assignment("A", "2", BUILT_IN)])


def test_masks_are_always_covered_and_paths_only_by_the_same_path():
    assert covers("workspace.mask", Text("x", BUILT_IN), [])
    assert covers("workspace.read", Text("/opt", BUILT_IN), [Text("/opt", BUILT_IN)])
    # /opt/x may be a link to anywhere, which /opt alone would not have shown
    assert not covers("workspace.read", Text("/opt/x", BUILT_IN), [Text("/opt", BUILT_IN)])


@pytest.mark.parametrize(
    ("name", "bound", "covered"),
    [("LC_ALL", "LC_*", True), ("LC_ALL", "LC_ALL", True), ("LC_*", "LC_*", True), ("LC_A*", "LC_*", True), ("L*", "LC_*", False), ("*", "LC_*", False), ("*", "*", True),
     ("GH_TOKEN", "GH_*", False), ("GH_TOKEN", "*", False), ("GH_TOKEN", "GH_TOKEN", True), ("GH_TOKEN*", "GH_*", True), ("A*B", "A*", True), ("A*B", "*B", True), ("A*", "A*B", False),
     ("LC_*", "LC_ALL", False)],
)  # fmt: skip
def test_patterns_of_variables_never_cover_a_secret_by_name(name, bound, covered):
    assert covers("environment.pass", Text(name, BUILT_IN), [Text(bound, BUILT_IN)]) is covered


names = st.text(st.sampled_from("AB_"), max_size=6)
patterns = st.text(st.sampled_from("AB_*"), max_size=5)


@given(patterns, patterns, names)
def test_what_a_covered_pattern_passes_the_covering_one_passes(inner, outer, name):
    if covers("environment.pass", Text(inner, BUILT_IN), [Text(outer, BUILT_IN)]) and passes(inner, name):
        assert passes(outer, name)


def passes(pattern: str, name: str) -> bool:
    if "*" not in pattern:
        return pattern == name
    return fnmatch.fnmatchcase(name, pattern) and not is_secret_name(name)
