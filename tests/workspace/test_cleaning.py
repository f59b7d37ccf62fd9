from __future__ import annotations

from paddock.workspace import cleaning, store
from tests.workspace.test_shelf import change


def test_clearing_up_does_not_change_which_change_set_is_next(lab) -> None:
    repository = str(lab.repository)
    for name in ("z", "a", "m"):
        held = store.claim(repository, name=name)
        change(held)
        store.release(held)
    before = store.listing(repository)
    assert [held.directory.name for held in before] == ["m", "a", "z"]

    assert cleaning.clean() == []

    assert store.listing(repository) == before
