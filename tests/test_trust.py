"""Trust is in exact bytes at one exact path, and in nothing that somebody else could have written."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from paddock import state, trust
from paddock.errors import PaddockError
from paddock.frozen import replace
from paddock.sources import Document

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENT = Document("repository", "/r/a b/paddock.toml", "paddock.toml", b'[network]\nmode = "allow"\n')


@pytest.fixture
def environ(tmp_path):
    return {"HOME": str(tmp_path)}


def pin_file(environ: dict[str, str]) -> Path:
    from pathlib import Path

    (path,) = Path(state.state_directory(environ), "trust").glob("*.json")
    return path


def test_nothing_is_trusted_at_first(environ):
    assert not trust.is_trusted(DOCUMENT, environ)
    assert not trust.is_trusted(None, environ)
    assert trust.pins(environ) == ()
    assert not trust.revoke(DOCUMENT.path, environ)


def test_trust_holds_for_these_bytes_at_this_path_only(environ):
    pin = trust.trust(DOCUMENT, environ)
    assert trust.is_trusted(DOCUMENT, environ)
    assert trust.pins(environ) == (pin,)
    assert (pin.path, pin.sha256) == (DOCUMENT.path, trust.digest(DOCUMENT.raw))
    for other in (
        replace(DOCUMENT, raw=DOCUMENT.raw + b"\n"),
        replace(DOCUMENT, raw=DOCUMENT.raw.replace(b"\n", b"\r\n")),
        replace(DOCUMENT, raw=b""),
        replace(DOCUMENT, path="/r/a b/.devcontainer.json"),
        replace(DOCUMENT, path="/elsewhere/paddock.toml"),
    ):
        assert not trust.is_trusted(other, environ)


def test_trust_comes_back_with_the_same_content_and_goes_with_revoke(environ):
    trust.trust(DOCUMENT, environ)
    trust.trust(replace(DOCUMENT, raw=b"new"), environ)
    assert not trust.is_trusted(DOCUMENT, environ)
    assert len(trust.pins(environ)) == 1
    assert trust.revoke(DOCUMENT.path, environ)
    assert not trust.is_trusted(replace(DOCUMENT, raw=b"new"), environ)


def test_the_store_is_private_whatever_the_umask(environ):
    old = os.umask(0)
    try:
        trust.trust(DOCUMENT, environ)
    finally:
        os.umask(old)
    path = pin_file(environ)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [child.name for child in path.parent.iterdir()] == [path.name], "nothing temporary is left"
    assert json.loads(path.read_text())["schema"] == 1


def test_what_is_doubtful_is_not_trusted_even_if_it_was_pinned(environ):
    trust.trust(DOCUMENT, environ)
    assert not trust.is_trusted(replace(DOCUMENT, doubt="everybody may write it"), environ)
    with pytest.raises(PaddockError, match="cannot be trusted") as caught:
        trust.trust(replace(DOCUMENT, doubt="everybody may write it"), environ)
    assert caught.value.why == "everybody may write it"


def test_a_path_that_is_not_text_is_kept_exactly(environ):
    odd = replace(DOCUMENT, path="/r/\udcff\n\u202e/paddock.toml")
    trust.trust(odd, environ)
    assert trust.is_trusted(odd, environ)
    assert trust.pins(environ)[0].path == odd.path
    assert not trust.is_trusted(replace(odd, path="/r/\udcfe\n\u202e/paddock.toml"), environ)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"1",
        b"[" * 60_000,
        b"\xff",
        b'{"schema": 1}',
        b'{"schema": 1, "path": 1, "sha256": 2, "since": 3}',
        b"{}" + b" " * 70_000,
    ],
)
def test_a_damaged_pin_counts_for_nothing(environ, content):
    trust.trust(DOCUMENT, environ)
    pin_file(environ).write_bytes(content)
    assert not trust.is_trusted(DOCUMENT, environ)
    assert trust.pins(environ) == ()


def test_a_pin_of_another_version_or_under_another_name_counts_for_nothing(environ):
    trust.trust(DOCUMENT, environ)
    path = pin_file(environ)
    data = json.loads(path.read_text())
    path.write_text(json.dumps({**data, "schema": 2}))
    assert not trust.is_trusted(DOCUMENT, environ)
    path.write_text(json.dumps(data))
    assert trust.is_trusted(DOCUMENT, environ)
    path.rename(path.with_name("other.json"))
    assert trust.pins(environ) == ()


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_pin_that_others_may_write_counts_for_nothing(environ, mode):
    trust.trust(DOCUMENT, environ)
    pin_file(environ).chmod(mode)
    assert not trust.is_trusted(DOCUMENT, environ)


def test_a_store_that_others_may_write_counts_for_nothing_until_it_is_private_again(environ):
    trust.trust(DOCUMENT, environ)
    folder = pin_file(environ).parent
    folder.chmod(0o777)
    assert not trust.is_trusted(DOCUMENT, environ)
    assert trust.pins(environ) == ()


def test_a_pin_that_is_a_link_or_a_fifo_counts_for_nothing(environ, tmp_path):
    trust.trust(DOCUMENT, environ)
    path = pin_file(environ)
    moved = path.rename(tmp_path / "moved.json")
    path.symlink_to(moved)
    assert not trust.is_trusted(DOCUMENT, environ)
    path.unlink()
    os.mkfifo(path)
    assert not trust.is_trusted(DOCUMENT, environ)
    trust.trust(DOCUMENT, environ)
    assert trust.is_trusted(DOCUMENT, environ)


@pytest.mark.root
def test_a_pin_of_another_user_counts_for_nothing(environ):
    trust.trust(DOCUMENT, environ)
    os.chown(pin_file(environ), 1234, -1)
    assert not trust.is_trusted(DOCUMENT, environ)


def test_a_store_that_cannot_be_written_is_an_error_and_leaves_nothing(environ):
    trust.trust(DOCUMENT, environ)
    path = pin_file(environ)
    path.unlink()
    path.mkdir()
    with pytest.raises(PaddockError, match="trust cannot be kept"):
        trust.trust(DOCUMENT, environ)
    assert [child.name for child in path.parent.iterdir()] == [path.name]
