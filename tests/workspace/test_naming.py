from __future__ import annotations

import pytest

from paddock.errors import Usage
from paddock.workspace import naming


@pytest.mark.parametrize("name", ["a", "fix-login", "0", "a" * 41, "a-"])
def test_plain_names_are_taken(name) -> None:
    naming.validate(name)


@pytest.mark.parametrize("name", ["", "-a", ".x", "..", "a/b", "A", "a_b", "a" * 42, "a\n", "é", "a b", "\x1b[0m"])
def test_other_names_are_refused_and_never_printed_raw(name) -> None:
    with pytest.raises(Usage) as caught:
        naming.validate(name)
    assert caught.value.what.isprintable()


def test_invented_names_are_valid_and_free() -> None:
    taken: set[str] = set()
    for _ in range(3000):  # more than there are pairs
        name = naming.invent(taken)
        naming.validate(name)
        assert name not in taken
        taken.add(name)
