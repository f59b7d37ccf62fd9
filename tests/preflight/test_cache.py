from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.preflight import cache
from paddock.preflight.cache import BINARY, NOTHING, Secret, Seen, load, save

if TYPE_CHECKING:
    from pathlib import Path

KEYS = st.binary(min_size=16, max_size=16)
SECRETS = st.builds(
    Secret,
    st.integers(0, 10**6),
    st.text(max_size=20),
    st.integers(0, 10**6),
    st.sampled_from(["high", "medium", "low"]),
)
SEEN = st.one_of(
    st.just(NOTHING), st.just(BINARY), st.builds(Seen, st.lists(SECRETS, min_size=1, max_size=3).map(tuple))
)


@given(known=st.dictionaries(KEYS, SEEN))
def test_what_was_saved_is_loaded(tmp_path_factory: pytest.TempPathFactory, known: dict[bytes, Seen]) -> None:
    place = str(tmp_path_factory.mktemp("cache"))
    save(place, "1.0", known)
    assert load(place, "1.0") == known
    assert os.listdir(place) == [cache.NAME]


@given(st.integers(0, 400), st.integers(1, 255), st.booleans())
def test_damage_is_noticed_wherever_it_is(
    tmp_path_factory: pytest.TempPathFactory, at: int, difference: int, cut: bool
) -> None:
    place = tmp_path_factory.mktemp("cache")
    save(str(place), "1.0", {bytes(16): Seen((Secret(1, "rule", 9, "high"),)), bytes(range(16)): NOTHING})
    raw = bytearray((place / cache.NAME).read_bytes())
    at %= len(raw)
    raw = raw[:at] if cut else raw
    if not cut:
        raw[at] ^= difference
    (place / cache.NAME).write_bytes(raw)
    assert load(str(place), "1.0") == {}


@given(st.binary(max_size=200))
def test_nonsense_counts_for_nothing_also_with_a_checksum(
    tmp_path_factory: pytest.TempPathFactory, body: bytes
) -> None:
    import hashlib

    place = tmp_path_factory.mktemp("cache")
    (place / cache.NAME).write_bytes(cache._head("1.0", hashlib.sha256(body).hexdigest()) + b"\n" + body)
    (place / cache.NAME).chmod(0o600)
    load(str(place), "1.0")


def test_another_detector_knows_nothing(tmp_path: Path) -> None:
    save(str(tmp_path), "1.0", {bytes(16): NOTHING})
    assert load(str(tmp_path), "1.1") == {}


def test_what_others_may_write_counts_for_nothing(tmp_path: Path) -> None:
    save(str(tmp_path), "1.0", {bytes(16): NOTHING})
    (tmp_path / cache.NAME).chmod(0o666)
    assert load(str(tmp_path), "1.0") == {}


@pytest.mark.parametrize("kind", ["link", "directory", "fifo", "large"])
def test_what_is_no_cache_counts_for_nothing(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    save(str(tmp_path), "1.0", {bytes(16): NOTHING})
    path = tmp_path / cache.NAME
    if kind == "large":
        monkeypatch.setattr(cache, "LARGEST_BYTES", 10)
    else:
        path.rename(tmp_path / "real")
        {"link": lambda: path.symlink_to("real"), "directory": path.mkdir, "fifo": lambda: os.mkfifo(path)}[kind]()
    assert load(str(tmp_path), "1.0") == {}


def test_a_save_that_fails_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(str(tmp_path), "1.0", {bytes(16): NOTHING})
    monkeypatch.setattr("os.rename", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(OSError, match="full"):
        save(str(tmp_path), "1.0", {})
    assert load(str(tmp_path), "1.0") == {bytes(16): NOTHING}
    assert os.listdir(tmp_path) == [cache.NAME]
