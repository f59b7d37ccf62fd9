from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from paddock.workspace.git import commits
from paddock.workspace.git.commits import Edit, parsed
from paddock.workspace.git.program import Git
from tests.capabilities import needs
from tests.workspace.git.repositories import commit, git

if TYPE_CHECKING:
    from pathlib import Path

ID, TREE = "a" * 40, "b" * 40


def written(message: bytes, author: bytes = b"A <a@example.test> 1767323045 +0100", *more: bytes) -> bytes:
    lines = (b"tree " + TREE.encode(), b"parent " + ID.encode(), b"author " + author, b"committer x <y> 1 +0000", *more)
    return b"\n".join(lines) + b"\n\n" + message


def test_a_commit_is_parsed_from_its_object() -> None:
    found = parsed(ID, written(b"subject\n\nbody\n", b"An Agent <agent@example.test> 1767323045 +0000"), 3)
    assert (found.author, found.email, found.time_s) == ("An Agent", "agent@example.test", 1767323045)
    assert (found.subject, found.parents, found.files, found.signed) == ("subject", (ID,), 3, False)


def test_a_signature_is_named_and_what_looks_like_one_in_the_message_is_not() -> None:
    assert parsed(ID, written(b"x", b"A <a> 1 +0", b"gpgsig -----BEGIN PGP SIGNATURE-----\n x"), 0).signed
    assert not parsed(ID, written(b"gpgsig x\n"), 0).signed


def test_a_message_cannot_pretend_to_be_a_header() -> None:
    found = parsed(ID, written(b"author B <b@example.test> 5 +0000\n\nparent x"), 0)
    assert (found.author, found.subject, len(found.parents)) == ("A", "author B <b@example.test> 5 +0000", 1)


@given(st.binary(max_size=300))
def test_any_bytes_give_a_commit(data: bytes) -> None:
    assert parsed(ID, data, 0).id == ID
    assert parsed(ID, written(data, data.replace(b"\n", b"")), 0).id == ID


@needs("git")
def test_what_a_commit_changes_is_told_for_every_kind_of_change(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    commit(tmp_path, a="a\n", mode="m\n", gone="g\n")
    (tmp_path / "gone").unlink()
    (tmp_path / "mode").chmod(0o755)
    (tmp_path / "a").write_text("b\n")
    (tmp_path / "odd\n\x1b:name").symlink_to("a")
    tip = commit(tmp_path)
    found = {edit.path: (edit.old_mode, edit.new_mode) for edit in commits.edits(Git(f"{tmp_path}/.git"), [tip])}
    assert found == {
        "a": (0o100644, 0o100644),
        "gone": (0o100644, 0),
        "mode": (0o100644, 0o100755),
        "odd\n\x1b:name": (0, 0o120000),
    }


@needs("git")
def test_what_differs_from_nothing_is_everything(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    tip = commit(tmp_path, d__a="a\n", b="b\n")
    found = list(commits.between(Git(f"{tmp_path}/.git"), "", tip))
    assert [(edit.path, edit.old) for edit in found] == [("b", ""), ("d/a", "")]
    assert list(commits.between(Git(f"{tmp_path}/.git"), tip, tip)) == []


def test_a_submodules_commit_is_known_by_its_mode() -> None:
    assert Edit(ID, "sub", 0, 0o160000, "", ID).is_submodule
    assert not Edit(ID, "a", 0o100644, 0o100755, ID, ID).is_submodule
