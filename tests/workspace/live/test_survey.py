"""Before a live run, one walk finds what leads out, what is to be held, and of what a copy is kept."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

from paddock.workspace.live import survey as surveys
from tests.workspace.live.trees import looked, write

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_git_is_pinned_and_what_it_obeys_is_read_only(repository: Path) -> None:
    found = looked(repository)
    assert found.pinned == (".git",)
    assert set(found.read_only) == {".envrc", ".vscode", ".git/config", ".git/hooks", ".git/info"}
    assert found.open == ()


def test_those_above_come_first_so_that_mounts_lie_in_each_other(repository: Path) -> None:
    for name in ("HEAD", "config", "hooks/x"):
        write(repository / "sub/.git" / name)
    found = looked(repository)
    assert found.pinned == (".git", "sub/.git")
    assert [path.count("/") for path in found.read_only] == sorted(path.count("/") for path in found.read_only)
    assert {"sub/.git/config", "sub/.git/hooks"} <= set(found.read_only)


def test_submodules_and_bare_repositories_are_held_like_others(repository: Path) -> None:
    for place in (".git/modules/a", "fixtures/bare.git"):
        for name in ("HEAD", "config", "hooks/post-checkout", "objects/x", "refs/x"):
            write(repository / place / name)
    assert {
        ".git/modules/a/config", ".git/modules/a/hooks", "fixtures/bare.git/config", "fixtures/bare.git/hooks"
    } <= set(looked(repository).read_only)  # fmt: skip


def test_a_pointer_to_git_data_is_read_only(repository: Path) -> None:
    write(repository / "tree/.git", "gitdir: /elsewhere\n")
    assert "tree/.git" in looked(repository).read_only


def test_a_link_is_watched_since_a_mount_would_follow_it(repository: Path, tmp_path: Path) -> None:
    (repository / ".mcp.json").symlink_to("src/main.py")
    (repository / ".claude").symlink_to(tmp_path)
    (repository / "away").symlink_to("/etc")
    found = looked(repository)
    assert not {".mcp.json", ".claude", "away"} & {*found.read_only, *found.pinned}
    assert {".mcp.json", "away"} <= set(found.copied)


def test_what_a_dangerous_name_leads_to_is_held_like_it(repository: Path) -> None:
    write(repository / "docs/agents.md")
    write(repository / "docs/build.txt")
    write(repository / "config/claude/settings.json")
    (repository / "CLAUDE.md").symlink_to("docs/agents.md")
    (repository / "Makefile").unlink()
    (repository / "Makefile").symlink_to("docs/build.txt")
    (repository / ".claude").symlink_to("config/claude")
    (repository / ".mcp.json").symlink_to("missing")
    found = looked(repository)
    assert {"docs/agents.md", "config/claude"} <= set(found.read_only)
    assert {"docs/agents.md", "docs/build.txt", "CLAUDE.md"} <= set(found.copied)


def test_what_is_inside_a_directory_that_is_held_needs_no_mount_of_its_own(repository: Path) -> None:
    write(repository / ".claude/hooks/x")
    write(repository / ".claude/settings.json")
    found = looked(repository)
    assert [path for path in found.read_only if path.startswith(".claude")] == [".claude"]
    assert ".claude/settings.json" in found.known


def test_what_agents_may_edit_is_copied_and_not_held(repository: Path) -> None:
    found = looked(repository)
    assert "Makefile" in found.copied
    assert "Makefile" not in found.read_only


def test_without_mounts_everything_is_copied(repository: Path) -> None:
    found = looked(repository, mounts=False)
    assert (found.pinned, found.read_only) == ((), ())
    assert {".git/config", ".envrc", ".vscode/settings.json", "Makefile"} <= set(found.copied)


def test_what_there_is_no_room_for_is_named_the_deepest_first(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(10):
        write(repository / f"deep/er/{number}/.envrc")
        write(repository / f"deep/er/{number}/Makefile")
    monkeypatch.setattr(surveys, "MOST_COVERED", 8)
    monkeypatch.setattr(surveys, "MOST_COPIED", 6)
    found = looked(repository)
    assert len(found.pinned) + len(found.read_only) == 8
    assert {".git/config", ".envrc"} <= set(found.read_only)
    assert len(found.copied) == 6
    assert found.copied[0] == "Makefile"
    assert sum(path.endswith(".envrc") for path in found.open) == 8
    assert sum(path.endswith("Makefile") for path in found.open) == 5


def test_a_large_file_is_not_copied_and_said_to_be_open(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surveys, "LARGEST_COPY", 5)
    found = looked(repository)
    assert "Makefile" not in found.copied
    assert found.open == ("Makefile",)


def test_a_large_directory_that_is_held_is_neither_copied_nor_open(repository: Path) -> None:
    for number in range(50):
        write(repository / f".venv/lib/{number}.py")
    found = looked(repository)
    assert ".venv" in found.read_only
    assert not [path for path in (*found.copied, *found.open) if path.startswith(".venv")]


def test_a_hard_link_with_a_name_outside_leads_out(repository: Path, tmp_path: Path) -> None:
    write(tmp_path / "outside")
    os.link(tmp_path / "outside", repository / "inside")
    os.link(repository / "src/main.py", repository / "src/twin.py")
    assert looked(repository).hard_links == ("inside",)


def test_gits_objects_may_be_shared_between_clones(repository: Path, tmp_path: Path) -> None:
    write(tmp_path / "outside")
    os.link(tmp_path / "outside", repository / ".git/objects/aa/cc")
    assert looked(repository).hard_links == ()


def test_a_socket_leads_out(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository / "src")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("service")
        assert looked(repository).sockets == ("src/service",)


def test_odd_names_are_paths_like_others(repository: Path) -> None:
    write(repository / "odd\udcff\n/.envrc")
    assert "odd\udcff\n/.envrc" in looked(repository).read_only
