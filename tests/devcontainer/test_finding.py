"""Which file counts, in which order, and what is said where none does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paddock.devcontainer import finding
from paddock.errors import PaddockError

if TYPE_CHECKING:
    from pathlib import Path

IN_FOLDER, ALONE = finding.FIRST


def put(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("{}")


def test_the_folder_comes_before_the_file_alone_and_the_rest_is_offered(tmp_path: Path) -> None:
    put(tmp_path, ALONE, IN_FOLDER, ".devcontainer/b/devcontainer.json", ".devcontainer/a/devcontainer.json")
    found = finding.find(str(tmp_path))
    assert (found.file, found.content, found.overridden) == (IN_FOLDER, IN_FOLDER, False)
    assert found.others == (ALONE, ".devcontainer/a/devcontainer.json", ".devcontainer/b/devcontainer.json")
    assert found.path == f"{tmp_path}/{IN_FOLDER}"
    (tmp_path / IN_FOLDER).unlink()
    assert finding.find(str(tmp_path)).file == ALONE


def test_folders_are_looked_at_one_level_deep(tmp_path: Path) -> None:
    put(tmp_path, ALONE, ".devcontainer/a/b/devcontainer.json", ".devcontainer/devcontainer.json.bak")
    assert finding.configurations(str(tmp_path)) == (ALONE,)


def test_where_there_is_none_it_says_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(PaddockError, match=r"has no devcontainer.json") as caught:
        finding.find(str(tmp_path))
    assert caught.value.code == "no-devcontainer"
    assert IN_FOLDER in caught.value.why


def test_where_tools_would_ask_which_one_the_person_is_asked_too(tmp_path: Path) -> None:
    put(tmp_path, ".devcontainer/a/devcontainer.json", ".devcontainer/b/devcontainer.json")
    with pytest.raises(PaddockError, match="several configurations") as caught:
        finding.find(str(tmp_path))
    assert caught.value.why.splitlines() == [".devcontainer/a/devcontainer.json", ".devcontainer/b/devcontainer.json"]
    named = finding.find(str(tmp_path), config=f"{tmp_path}/.devcontainer/b/devcontainer.json")
    assert (named.file, named.others) == (".devcontainer/b/devcontainer.json", (".devcontainer/a/devcontainer.json",))


def test_a_named_file_is_found_from_where_the_person_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "repo/.devcontainer/a/devcontainer.json", "elsewhere/devcontainer.json")
    monkeypatch.chdir(tmp_path / "repo" / ".devcontainer")
    repo = str(tmp_path / "repo")
    assert finding.find(repo, config="a/devcontainer.json").file == ".devcontainer/a/devcontainer.json"
    assert (
        finding.find(repo, config="../../elsewhere/devcontainer.json").file == f"{tmp_path}/elsewhere/devcontainer.json"
    )


def test_other_names_and_missing_files_are_refused(tmp_path: Path) -> None:
    put(tmp_path, "mine.json")
    with pytest.raises(PaddockError, match="is not named devcontainer") as caught:
        finding.find(str(tmp_path), config=f"{tmp_path}/mine.json")
    assert "--override-config" in caught.value.next_step
    with pytest.raises(PaddockError, match="is no file"):
        finding.find(str(tmp_path), config=f"{tmp_path}/devcontainer.json")


def test_an_override_replaces_the_text_and_not_the_place(tmp_path: Path) -> None:
    put(tmp_path, ALONE, "mine.json")
    found = finding.find(str(tmp_path), override=f"{tmp_path}/mine.json")
    assert (found.file, found.content, found.overridden) == (ALONE, f"{tmp_path}/mine.json", True)


def test_an_override_needs_no_file_and_then_stands_at_the_first_place(tmp_path: Path) -> None:
    put(tmp_path, "mine.json")
    assert finding.find(str(tmp_path), override=f"{tmp_path}/mine.json").file == IN_FOLDER


def test_a_link_out_of_the_repository_is_no_configuration(tmp_path: Path) -> None:
    put(tmp_path, "repo/x", "elsewhere/devcontainer.json")
    (tmp_path / "repo" / ".devcontainer").symlink_to("../elsewhere")
    (tmp_path / "repo" / ".devcontainer.json").symlink_to("../elsewhere/devcontainer.json")
    assert finding.configurations(str(tmp_path / "repo")) == ()


def test_the_repository_is_the_nearest_with_git(tmp_path: Path) -> None:
    put(tmp_path, "repo/a/b/x", "repo/a/.git")
    (tmp_path / "repo" / ".git").mkdir()
    assert finding.repository_of(f"{tmp_path}/repo/a/b") == f"{tmp_path}/repo/a"
    assert finding.repository_of(f"{tmp_path}/repo") == f"{tmp_path}/repo"
    assert finding.find(f"{tmp_path}/repo/a/b", override=f"{tmp_path}/repo/a/b/x").repository == f"{tmp_path}/repo/a"
