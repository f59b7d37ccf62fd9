"""Proofs that are kept: one of each policy and boundary, the oldest dropped, damaged ones worth nothing."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from paddock.proofs import store
from paddock.proofs.envelope import seal
from tests.proofs.made_up import HASH, proof

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Person


def folder(person: Person) -> Path:
    return person.home / ".local/state/paddock/proofs"


def keep(person: Person, **changes: object) -> str:
    return store.keep(seal(proof(**changes), person.environ), person.environ)  # type: ignore[arg-type]


def test_the_last_one_of_a_policy_and_boundary_is_found(person: Person) -> None:
    assert store.last(HASH, "bubblewrap", person.environ) is None
    keep(person, begun="2026-11-20T00:00:00Z")
    path = keep(person, begun="2026-11-21T00:00:00Z")
    keep(person, boundary="landlock")
    keep(person, policy_hash="cd" * 32)
    found = store.last(HASH, "bubblewrap", person.environ)
    assert found
    assert found.proof == proof(begun="2026-11-21T00:00:00Z")
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert sorted(os.listdir(folder(person))) == sorted(
        ["key", f"{HASH}-bubblewrap.json", f"{HASH}-landlock.json", f"{'cd' * 32}-bubblewrap.json"]
    )


def test_what_is_damaged_edited_unsigned_or_elsewhere_counts_for_nothing(person: Person, tmp_path: Path) -> None:
    path = folder(person) / f"{HASH}-bubblewrap.json"
    keep(person)
    good = path.read_text()
    for content in (good[:-5], "", good.replace("held", "works"), json.dumps(json.loads(good)["proof"]), "{}"):
        path.write_text(content)
        found = store.last(HASH, "bubblewrap", person.environ)
        assert found
        assert (found.proof, bool(found.why)) == (None, True)
        assert store.newest(person.environ) is None
    path.write_text(good)
    assert store.last(HASH, "bubblewrap", person.environ).proof  # type: ignore[union-attr]
    (folder(person) / f"{'cd' * 32}-bubblewrap.json").write_text(good)
    moved = store.last("cd" * 32, "bubblewrap", person.environ)
    assert moved
    assert (moved.proof, moved.why) == (None, "it is about something else than its name says")
    path.rename(tmp_path / "elsewhere")
    for make in (lambda: path.symlink_to(tmp_path / "elsewhere"), lambda: os.mkfifo(path)):
        make()
        assert store.last(HASH, "bubblewrap", person.environ).proof is None  # type: ignore[union-attr]
        path.unlink()


def test_with_another_key_all_of_them_count_for_nothing(person: Person) -> None:
    keep(person)
    (folder(person) / "key").unlink()
    found = store.last(HASH, "bubblewrap", person.environ)
    assert found
    assert found.proof is None
    assert "another key" in found.why


def test_the_oldest_go_first_and_nothing_else_is_touched(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MOST", 3)
    for number in range(5):
        path = keep(person, policy_hash=f"{number}" * 64)
        os.utime(path, (number, number))
    kept = sorted(name for name in os.listdir(folder(person)) if name.endswith(".json"))
    assert kept == [f"{number}" * 64 + "-bubblewrap.json" for number in (2, 3, 4)]
    assert (folder(person) / "key").exists()
    assert store.newest(person.environ) == proof(policy_hash="4" * 64)


def test_of_two_that_drop_the_oldest_at_once_neither_fails(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MOST", 1)
    for number in range(2):
        os.utime(keep(person, policy_hash=f"{number}" * 64), (number, number))
    real = store._dated

    def dated(place: str) -> list[tuple[int, str]]:
        found = real(place)
        for _, name in sorted(found)[:-1]:
            os.unlink(f"{place}/{name}")  # as the other one does now
        return found

    monkeypatch.setattr(store, "_dated", dated)
    assert os.path.exists(keep(person, policy_hash="2" * 64))


def test_one_that_is_dropped_while_the_newest_is_looked_for_hides_no_other(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(2):
        os.utime(keep(person, policy_hash=f"{number}" * 64), (number, number))
    real = os.lstat

    def lstat(path: str) -> os.stat_result:
        if os.path.basename(path).startswith("0"):
            os.unlink(path)
        return real(path)

    monkeypatch.setattr("os.lstat", lstat)
    assert store.newest(person.environ) == proof(policy_hash="1" * 64)


@pytest.mark.parametrize("name", ["", "../x", "a/b", "."])
def test_no_name_leads_elsewhere(person: Person, name: str) -> None:
    for pair in ((name, "bubblewrap"), (HASH, name)):
        with pytest.raises(ValueError, match=r".*"):
            store.last(*pair, person.environ)
