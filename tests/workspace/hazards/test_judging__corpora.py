"""Real files by the hundred: how often an ordinary change is taken for a hazard, and that nothing real is too odd."""

from __future__ import annotations

import json
import os
import shutil
import sysconfig
from pathlib import Path

import pytest

from paddock.workspace.change_set import walk
from paddock.workspace.hazards import catalogue, contents
from paddock.workspace.hazards.judging import Judge

RULES = catalogue.load()
DATA = os.environ.get("PADDOCK_DATA", "")


def judged(upper: Path, lower: Path) -> dict[str, set[str]]:
    flags = os.O_RDONLY | os.O_DIRECTORY
    trees = os.open(upper, flags), os.open(lower, flags)
    try:
        changes = list(Judge(RULES, *trees).judged(walk(*trees)))
    finally:
        for tree in trees:
            os.close(tree)
    return {change.path: {hazard.name for hazard in change.hazards} for change in changes if change.type == "file"}


def test_a_whole_library_of_ordinary_sources_raises_next_to_nothing(tmp_path):
    """Python's own library, as if a sandbox had written it: every hazard among its packages is a true one."""
    library = Path(sysconfig.get_path("stdlib"))
    packages = (
        "asyncio",
        "concurrent",
        "email",
        "encodings",
        "html",
        "http",
        "importlib",
        "json",
        "logging",
        "unittest",
        "urllib",
        "xml",
    )
    upper, lower = tmp_path / "upper", tmp_path / "lower"
    lower.mkdir()
    for package in packages:
        shutil.copytree(library / package, upper / "src" / package, ignore=shutil.ignore_patterns("__pycache__"))
    for path in upper.rglob("*.py"):
        path.chmod(0o644)
    found = judged(upper, lower)
    assert len(found) > 200
    assert {path: names for path, names in found.items() if names} == {}


if DATA:  # a directory of files from elsewhere, which are not ours to hold; without it there is nothing to show

    @pytest.fixture(scope="module")
    def devcontainers() -> list[bytes]:
        files = sorted((Path(DATA) / "devcontainers").glob("*.json"))
        assert len(files) > 100
        return [path.read_bytes() for path in files]

    def test_a_new_devcontainer_is_always_a_hazard_and_its_name_never(devcontainers):
        rule = next(rule for rule in RULES.rules if rule.name == "container-devcontainer")
        readable = 0
        for data in devcontainers:
            assert contents.evidence(rule, None, data)
            assert contents.evidence(rule, data, data) is None
            try:
                table = json.loads(data)
            except ValueError:
                continue
            readable += 1
            renamed = json.dumps({**table, "name": "another", "forwardPorts": [1]}).encode()
            assert contents.evidence(rule, data, renamed) is None
            assert contents.evidence(rule, data, json.dumps({**table, "initializeCommand": "evil"}).encode())
        assert readable > 50

    def test_the_names_of_popular_packages_are_no_hazards_as_directories_or_modules():
        lines = (Path(DATA) / "popular" / "npm-top-download.txt").read_text().split()
        names = [name for name in lines if name.isascii()][:5000]
        taken = [name for name in names if RULES.matching(f"packages/{name}/index.js")]
        assert taken == []
