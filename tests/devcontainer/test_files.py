"""Reading what others wrote: nothing outside of the repository, nothing endless, nothing that is no file."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from paddock.devcontainer.files import Files, Unread

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def place(tmp_path: Path) -> Path:
    root = tmp_path / "repo"
    (root / "sub" / "deep").mkdir(parents=True)
    (root / "sub" / "file").write_text("inside")
    (tmp_path / "secret").write_text("outside")
    return root


@pytest.mark.parametrize("path", ["sub/file", "./sub/../sub/file", "sub/deep/../file"])
def test_a_file_is_read_by_any_of_its_names(place: Path, path: str) -> None:
    assert Files(str(place)).raw(path) == b"inside"
    assert Files(str(place)).raw(f"{place}/{path}") == b"inside"
    assert Files(str(place), f"{place}/sub").raw(f"../{path}") == b"inside"


def test_links_that_stay_inside_are_followed(place: Path) -> None:
    (place / "link").symlink_to("sub/file")
    (place / "folder").symlink_to(place / "sub")
    files = Files(str(place))
    assert files.raw("link") == files.raw("folder/file") == b"inside"
    assert files.inside("link")


def test_nothing_outside_is_read_by_whatever_way(place: Path) -> None:
    (place / "link").symlink_to("../secret")
    (place / "folder").symlink_to("..")
    files = Files(str(place))
    for path in ("link", "folder/secret", "../secret", "sub/../../secret", f"{place.parent}/secret"):
        with pytest.raises(Unread, match="cannot be read") as caught:
            files.raw(path)
        assert f"outside of {place}" in caught.value.why
        assert not files.inside(path)
        assert files.text(path) == ("", f"it is outside of {place}")


def test_a_repository_beside_with_a_longer_name_is_outside(place: Path) -> None:
    other = place.with_name("repo-two")
    other.mkdir()
    (other / "file").write_text("x")
    assert not Files(str(place)).inside(f"{other}/file")


def test_what_is_no_regular_file_is_refused_and_never_waited_for(place: Path) -> None:
    os.mkfifo(place / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"{place}/socket")
        for name in ("pipe", "sub", "socket"):
            with pytest.raises(Unread):
                Files(str(place)).raw(name)
    with pytest.raises(Unread, match="nothing cannot be read") as caught:
        Files(str(place)).raw("nothing")
    assert caught.value.missing
    with pytest.raises(Unread) as caught:
        Files(str(place)).raw("sub/file/below")
    assert caught.value.missing


@pytest.mark.parametrize("path", ["a\0b", "sub/file\0", "x" * 5000, "x/" * 3000, "", ".", "/"])
def test_odd_paths_are_no_files(place: Path, path: str) -> None:
    files = Files(str(place))
    with pytest.raises(Unread):
        files.raw(path)
    assert not files.is_file(path)
    files.shown(path)


def test_links_in_a_circle_end(place: Path) -> None:
    (place / "a").symlink_to("b")
    (place / "b").symlink_to("a")
    with pytest.raises(Unread):
        Files(str(place)).raw("a")


def test_no_more_is_read_than_is_wanted(place: Path) -> None:
    (place / "large").write_bytes(b"x" * 11)
    assert Files(str(place)).raw("large", 11) == b"x" * 11
    with pytest.raises(Unread) as caught:
        Files(str(place)).raw("large", 10)
    assert caught.value.why == "it has more than 10 bytes"


def test_bytes_that_are_no_text_hide_nothing(place: Path) -> None:
    (place / "bytes").write_bytes(b"\xff")
    assert Files(str(place)).text("bytes") == ("\ufffd", "")
    assert Files(str(place)).text("sub/file") == ("inside", "")


def test_paths_are_shown_from_the_folder(place: Path) -> None:
    files = Files(str(place), f"{place}/sub")
    assert files.shown(f"{place}/sub/file") == "file"
    assert files.shown("../x") == "../x"
    assert files.shown("/etc/hosts") == "/etc/hosts"


def test_a_repository_that_is_reached_by_a_link_is_the_one_it_leads_to(place: Path) -> None:
    link = place.with_name("link")
    link.symlink_to(place)
    assert Files(str(link)).raw(f"{link}/sub/file") == b"inside"
