"""Lock files of Features."""

from __future__ import annotations

import json

import pytest

from paddock.devcontainer import feature_lock
from paddock.devcontainer.document import Broken

NAME = "registry.example.test/team/go:1"
DIGEST = "sha256:" + "0a" * 32


def parse(data: object) -> feature_lock.Lock:
    return feature_lock.parse("devcontainer-lock.json", json.dumps(data))


@pytest.mark.parametrize(
    ("file", "lock"),
    [
        ("/r/.devcontainer/devcontainer.json", "/r/.devcontainer/devcontainer-lock.json"),
        ("/r/.devcontainer.json", "/r/.devcontainer-lock.json"),
        (".devcontainer/a/devcontainer.json", ".devcontainer/a/devcontainer-lock.json"),
    ],
)
def test_it_is_beside_the_configuration(file, lock):
    assert feature_lock.path_of(file) == lock


def test_an_entry_says_the_version_and_the_digest_of_the_contents():
    found = parse({"features": {NAME: {"version": "1.2.3", "resolved": "x", "integrity": DIGEST}}})
    assert not found.flaws
    locked = found.entries[NAME]
    assert (locked.version, locked.digest, locked.place.line) == ("1.2.3", DIGEST, 1)


@pytest.mark.parametrize(
    "entry", [{}, {"version": "1.2.3"}, {"integrity": "sha256:00"}, {"integrity": 1}, [], "x", None]
)
def test_an_entry_without_a_digest_locks_nothing_and_is_a_flaw(entry):
    found = parse({"features": {NAME: entry, "other": {"integrity": DIGEST}}})
    assert set(found.entries) == {"other"}
    assert [flaw.code for flaw in found.flaws] == ["wrong-value"]


@pytest.mark.parametrize("data", [{}, [], {"features": []}, 1])
def test_a_file_without_features_locks_nothing_and_is_a_flaw(data):
    found = parse(data)
    assert not found.entries
    assert "wrong-type" in [flaw.code for flaw in found.flaws]


def test_an_empty_file_locks_nothing_and_a_broken_one_is_refused_with_its_place():
    assert not feature_lock.parse("lock", " \n").entries
    with pytest.raises(Broken) as broken:
        feature_lock.parse("lock", '{"features": {')
    assert broken.value.place.line == 1
