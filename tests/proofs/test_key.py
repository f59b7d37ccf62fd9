"""The machine's key: made once, private, and refused where it is not."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest

from paddock.errors import PaddockError
from paddock.proofs import key

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Person


def place(person: Person) -> Path:
    return person.home / ".local/state/paddock/proofs/key"


def test_it_is_made_at_its_first_use_with_mode_0600_and_stays(person: Person) -> None:
    assert key.public_key(person.environ) == ""
    assert not place(person).parent.exists()
    own = key.written(key.private_key(person.environ))
    assert len(bytes.fromhex(own)) == 32
    assert (place(person).stat().st_mode & 0o777, place(person).parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert key.public_key(person.environ) == own == key.written(key.private_key(person.environ))


def test_two_people_have_two_keys(person: Person, tmp_path: Path) -> None:
    other = {**person.environ, "XDG_STATE_HOME": str(tmp_path / "other")}
    assert key.written(key.private_key(person.environ)) != key.written(key.private_key(other))


def test_many_that_make_it_at_the_same_time_get_the_same_one(person: Person) -> None:
    found: set[str] = set()
    together = threading.Barrier(8)

    def make() -> None:
        together.wait()
        found.add(key.written(key.private_key(person.environ)))

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {key.public_key(person.environ)}
    assert os.listdir(place(person).parent) == ["key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o777])
def test_one_that_others_can_read_is_refused(person: Person, mode: int) -> None:
    key.private_key(person.environ)
    place(person).chmod(mode)
    for use in (key.private_key, key.public_key):
        with pytest.raises(PaddockError) as caught:
            use(person.environ)
        assert caught.value.code == "proof-key"
        assert "others can read" in caught.value.why
        assert str(place(person)) in caught.value.next_step


@pytest.mark.parametrize("content", [b"", b"x" * 31, b"x" * 33, b"x" * 100_000])
def test_a_damaged_one_is_refused_and_never_replaced(person: Person, content: bytes) -> None:
    key.private_key(person.environ)
    place(person).write_bytes(content)
    with pytest.raises(PaddockError, match="cannot be used"):
        key.private_key(person.environ)
    assert place(person).read_bytes() == content


def test_a_link_a_pipe_and_a_directory_are_none(person: Person, tmp_path: Path) -> None:
    key.private_key(person.environ)
    elsewhere = tmp_path / "elsewhere"
    place(person).rename(elsewhere)
    for make in (
        lambda: place(person).symlink_to(elsewhere),
        lambda: os.mkfifo(place(person), 0o600),
        lambda: place(person).mkdir(),
    ):
        make()
        with pytest.raises(PaddockError, match="cannot be used"):
            key.private_key(person.environ)
        (place(person).rmdir if place(person).is_dir() and not place(person).is_symlink() else place(person).unlink)()
