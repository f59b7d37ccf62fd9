from __future__ import annotations

import pytest

from paddock.workspace import holding


@pytest.mark.parametrize("name", [".git", ".GIT", ".Git", ".gIt"])
def test_git_is_known_in_every_letter_case(name) -> None:
    assert holding.is_git(name)


@pytest.mark.parametrize("name", [".gitignore", ".gitmodules", "git", "x.git", ".github", "", ".gi", "..git"])
def test_other_names_are_not_git(name) -> None:
    assert not holding.is_git(name)


@pytest.mark.parametrize(
    ("path", "target", "out"),
    [
        ("link", "file", False),
        ("link", "dir/file", False),
        ("link", ".", False),
        ("link", "..", True),
        ("link", "../x", True),
        ("a/link", "../x", False),
        ("a/link", "..", False),
        ("a/link", "../..", True),
        ("a/b/link", "../../x", False),
        ("a/b/link", "./.././../x", False),
        ("a/b/link", "../../../x", True),
        ("link", "/etc/passwd", True),
        ("link", "/", True),
        ("link", "dir/../file", True),  # dir may be a link itself
        ("a/link", "../b/../../x", True),
        ("link", "...", False),
        ("link", "..x/y", False),
    ],
)
def test_links_are_judged_by_their_text(path, target, out) -> None:
    assert holding.leads_out(path, target) == out
