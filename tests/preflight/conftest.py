"""A person who has scanned before, and files that count as old although a test just wrote them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.preflight import made_up

if TYPE_CHECKING:
    from tests.conftest import Person


@pytest.fixture
def environ(person: Person) -> dict[str, str]:
    return made_up.have_scanned_before(person)


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Times of the last seconds say nothing about what comes next; the tests write nothing in between."""
    monkeypatch.setattr("paddock.preflight.reading._SETTLED_NS", -(10**18))
