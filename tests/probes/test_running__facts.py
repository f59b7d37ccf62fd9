"""Facts come from inside: short texts, so many, and never a reason to trust the rest."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from paddock.probes.running import read, read_facts

WORD = "paddock-word"


def line(facts: object) -> bytes:
    return f"\n{WORD} {json.dumps({'facts': facts})}\n".encode()


def test_the_first_facts_count() -> None:
    text = b"noise\n" + line({"kernel": "Linux", "mounts": 54}) + line({"kernel": "another"})
    assert read_facts(text, WORD) == {"kernel": "Linux", "mounts": "54"}


def test_facts_are_no_answers_and_no_trouble() -> None:
    text = line({"kernel": "Linux"}) + f'\n{WORD} {{"end": 0}}\n'.encode()
    assert read(text, WORD, []) == ({}, ())


def test_facts_are_bounded() -> None:
    found = read_facts(line({f"{number} {'n' * 100}": "v" * 10_000 for number in range(1000)}), WORD)
    assert len(found) == 40
    assert all(len(name) <= 40 and len(value) <= 200 for name, value in found.items())


@given(
    st.binary(), st.recursive(st.none() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
)
def test_whatever_is_said_gives_texts(noise: bytes, facts: object) -> None:
    for text in (noise, line(facts), f'{WORD} {{"facts"'.encode() + noise):
        found = read_facts(text, WORD)
        assert all(isinstance(part, str) for pair in found.items() for part in pair)
