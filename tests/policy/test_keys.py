"""The table of keys."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.boundary.base import STRENGTH
from paddock.policy.checking import scalar
from paddock.policy.keys import COMING, KEYS, LIMITS, LISTS, SECTIONS, names_in, nearest, written


def test_every_key_has_a_section_a_sentence_and_a_default_of_its_kind():
    for full, key in KEYS.items():
        assert full == f"{key.section}.{key.name}"
        assert key.section in SECTIONS
        assert key.doc[0].isalpha()
        assert not key.doc.endswith(".")
        assert key.looser
        if key.kind == "word":
            assert key.default in key.choices
        assert isinstance(key.default, tuple) == (key.kind in LISTS)
        assert not key.largest or 0 < int(str(key.default)) <= key.largest


def test_boundaries_are_ranked_as_the_boundaries_say():
    assert tuple(reversed(KEYS["boundary.minimum"].choices)) == STRENGTH
    assert set(KEYS["boundary.use"].choices) == {"auto", *STRENGTH}


def test_what_is_coming_is_not_there():
    assert not set(COMING) & {*KEYS, *SECTIONS}


@pytest.mark.parametrize(
    ("word", "near"), [("memry", "memory"), ("wal", "wall"), ("zzzz", ""), ("", ""), ("MEMORY", "memory")]
)
def test_the_nearest_word(word, near):
    assert nearest(word, names_in("limits")) == near


@pytest.mark.parametrize(
    ("full", "value", "text"),
    [("limits.memory", 4 * 2**30, '"4GiB"'), ("limits.memory", 1000, "1000"), ("limits.memory", 1536, "1536"), ("limits.wall", 14400, '"4h"'), ("limits.wall", 90, '"90s"'),
     ("limits.wall", 5400.0, '"90m"'), ("limits.cpus", 0.5, "0.5"), ("limits.cpus", 2.0, "2"), ("limits.file_size", None, '"none"'), ("network.mode", "off", '"off"'),
     ("workspace.mask", ("a", "b"), '["a", "b"]'), ("limits.processes", 123456789, "123456789")],
)  # fmt: skip
def test_values_are_written_as_a_file_would_say_them(full, value, text):
    assert written(KEYS[full], value) == text


@given(st.sampled_from([key for key in KEYS.values() if key.kind in LIMITS]), st.integers(1, 2**50))
def test_written_limits_read_back_as_the_same(key, value):
    value = min(value, key.largest or value)
    read = tomllib.loads(f"x = {written(key, value)}")["x"]
    assert scalar(key, read) == value
