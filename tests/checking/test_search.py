from __future__ import annotations

import os
from typing import TYPE_CHECKING

from paddock.checking import search

if TYPE_CHECKING:
    from pathlib import Path


def put(top: Path, *names: str) -> None:
    for name in names:
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text("{}")


def test_the_one_that_tools_take_by_themselves_comes_first(tmp_path: Path) -> None:
    names = (".devcontainer/b/devcontainer.json", ".devcontainer/a/devcontainer.json", ".devcontainer.json")
    put(tmp_path, *names, ".devcontainer/devcontainer.json", ".devcontainer/a/deeper/devcontainer.json")
    assert search.of_folder(str(tmp_path)).configurations == (
        ".devcontainer/devcontainer.json",
        ".devcontainer.json",
        ".devcontainer/a/devcontainer.json",
        ".devcontainer/b/devcontainer.json",
    )


def test_what_is_no_file_is_found_too_for_a_reader_to_refuse(tmp_path: Path) -> None:
    (tmp_path / ".devcontainer").mkdir()
    os.mkfifo(tmp_path / ".devcontainer/devcontainer.json")
    (tmp_path / ".devcontainer.json").symlink_to("/nowhere")
    assert len(search.of_folder(str(tmp_path)).configurations) == 2


def test_projects_below_are_found_but_not_those_of_installed_packages(tmp_path: Path) -> None:
    put(tmp_path, ".devcontainer.json", "a/b/.devcontainer/devcontainer.json", "node_modules/x/.devcontainer.json")
    put(tmp_path, ".git/.devcontainer.json", "c/.devcontainer/other.json")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    found, complete = search.below(str(tmp_path))
    assert [(os.path.relpath(it.folder, tmp_path), it.configurations) for it in found] == [
        (".", (".devcontainer.json",)),
        ("a/b", (".devcontainer/devcontainer.json",)),
    ]
    assert complete


def test_what_is_too_deep_is_not_passed_over_in_silence(tmp_path: Path) -> None:
    put(tmp_path, "1/2/3/4/5/6/7/8/9/.devcontainer.json")
    assert search.below(str(tmp_path)) == ((), False)


def test_the_folder_of_a_file_is_the_one_that_would_be_opened(tmp_path: Path) -> None:
    top = str(tmp_path)
    for name in (
        ".devcontainer/devcontainer.json",
        ".devcontainer/x/devcontainer.json",
        ".devcontainer.json",
        "y.json",
    ):
        assert search.of_file(f"{top}/{name}") == search.Opened(top, (name,))


def test_names_around_are_those_of_the_first_levels_and_of_all_of_devcontainer(tmp_path: Path) -> None:
    put(tmp_path, "a", "b/c", "b/d/e", "b/d/f/g", ".devcontainer/1/2/3/4", "node_modules/x/y", ".git/config")
    names, complete = search.around(str(tmp_path))
    assert {"a", "b/c", "b/d/e", "b/d/f/", ".devcontainer/1/2/3/4", "node_modules/", ".git/"} <= names
    assert not {"b/d/f/g", "node_modules/x/", ".git/config"} & names
    assert not complete
    (tmp_path / "b/d/f/g").unlink()
    (tmp_path / "b/d/f").rmdir()
    assert search.around(str(tmp_path))[1]
    assert search.around(str(tmp_path), most=3)[1] is False
