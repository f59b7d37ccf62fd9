from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from paddock.errors import WorkspaceError
from paddock.workspace import shelf
from paddock.workspace.git import refs
from paddock.workspace.git.merged import Merged
from paddock.workspace.git.refs import Ref, Refs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

A, B, C = "a" * 40, "b" * 40, "c" * 64


@pytest.fixture
def read(tmp_path: Path) -> Callable[[dict[str, str], dict[str, str]], Refs]:
    """Read refs from two directories that are given as texts by paths."""

    def read_them(ours: dict[str, str], theirs: dict[str, str]) -> Refs:
        for name, files in (("upper", ours), ("lower", theirs)):
            for path, text in files.items():
                place = tmp_path / name / path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(os.fsencode(text))
            (tmp_path / name).mkdir(exist_ok=True)
        with shelf.opened(str(tmp_path / "upper")) as upper, shelf.opened(str(tmp_path / "lower")) as lower:
            return refs.read(Merged(upper, lower))

    return read_them


HOST = {"HEAD": "ref: refs/heads/main\n", "refs/heads/main": f"{A}\n"}


def test_nothing_moved(read: Callable[..., Refs]) -> None:
    assert read({}, HOST) == Refs("refs/heads/main", "", ())
    assert read({"refs/heads/main": f"{A}\n"}, HOST).changed == ()


def test_a_branch_that_moved_and_one_that_is_new(read: Callable[..., Refs]) -> None:
    found = read({"refs/heads/main": f"{B}\n", "refs/heads/x/y": f"{A}\n"}, HOST)
    assert found.branches == (Ref("refs/heads/main", B, A), Ref("refs/heads/x/y", A))


def test_loose_refs_win_over_packed_ones_on_both_sides(read: Callable[..., Refs]) -> None:
    packed = f"# pack-refs with: peeled fully-peeled sorted \n{B} refs/heads/main\n{B} refs/tags/v1\n^{A}\n"
    assert read({"refs/heads/main": A, "packed-refs": packed}, HOST).changed == (Ref("refs/tags/v1", B),)
    assert read({}, {"packed-refs": packed}).changed == ()


def test_a_detached_head_counts_where_the_host_is_elsewhere(read: Callable[..., Refs]) -> None:
    assert read({"HEAD": f"{B}\n"}, HOST) == Refs("", B, ())
    assert read({"HEAD": f"{B}\n"}, {"HEAD": f"{B}\n"}) == Refs("", "", ())


def test_ids_of_sha256(read: Callable[..., Refs]) -> None:
    assert read({"refs/heads/main": f"{C}\n"}, {}).branches[0].value == C


def test_tags_and_the_stash_are_others_and_what_git_keeps_for_itself_is_not(read: Callable[..., Refs]) -> None:
    names = ("refs/tags/v1", "refs/stash", "refs/remotes/origin/main", "refs/bisect/bad", "refs/notes/commits")
    found = read(dict.fromkeys(names, B), HOST)
    assert [ref.name for ref in found.others] == ["refs/notes/commits", "refs/stash", "refs/tags/v1"]


@pytest.mark.parametrize("text", ["", "x", f"ref: refs/heads/{A}", f"{A}{A}", f"{A}\n{B}\n", "0" * 40, f"{A} x"])
def test_what_is_no_id_moves_nothing(read: Callable[..., Refs], text: str) -> None:
    assert read({"refs/heads/odd": text}, HOST).changed == ()


@pytest.mark.parametrize("text", ["ref: ../../etc/passwd", "ref: refs/heads/../x", "nonsense", f"ref: refs/heads/-{A}"])
def test_a_head_that_leads_nowhere_is_refused(read: Callable[..., Refs], text: str) -> None:
    with pytest.raises(WorkspaceError, match="cannot be read"):
        read({"HEAD": text}, HOST)


def test_a_lock_that_a_killed_git_left_is_no_ref(read: Callable[..., Refs]) -> None:
    assert read({"refs/heads/main.lock": f"{B}\n"}, HOST) == Refs("refs/heads/main", "", ())


def test_names_of_any_bytes(read: Callable[..., Refs]) -> None:
    assert read({"refs/heads/\udcff": B}, HOST).branches[0].name == "refs/heads/\udcff"
