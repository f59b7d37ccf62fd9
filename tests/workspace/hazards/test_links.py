"""Other names of files: links at the top and in dotted directories."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from paddock.workspace.hazards.links import MOST, Aliases

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def opened(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def test_links_that_stay_in_the_tree_name_their_targets_and_what_is_below(tmp_path):
    (tmp_path / ".github").mkdir()
    (tmp_path / "src").mkdir()
    for name, target in {
        "CLAUDE.md": "docs/ai.md", "out": "../x", "absolute": "/etc", "self": ".", ".github/workflows": "../ci", "src/deep": "../docs",
        ".vscode": "./tools//vs/", "again.md": "docs/ai.md",
    }.items():  # fmt: skip
        (tmp_path / name).symlink_to(target)
    with opened(tmp_path) as root:
        aliases = Aliases(root, root)
        assert sorted(aliases.of("docs/ai.md")) == ["CLAUDE.md", "again.md"]
        assert aliases.of("ci/x/y.yml") == [".github/workflows/x/y.yml"]
        assert aliases.of("tools/vs/tasks.json") == [".vscode/tasks.json"]
        assert aliases.of("tools/vsx") == []
        assert aliases.of("etc/passwd") == []


def test_a_flood_of_links_is_bounded(tmp_path):
    for number in range(MOST + 50):
        (tmp_path / f"l{number}").symlink_to("target")
    with opened(tmp_path) as root:
        assert len(Aliases(root).of("target")) == MOST
