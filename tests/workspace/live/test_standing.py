"""What is done about a hazard follows from how soon a program of the host would meet it."""

from __future__ import annotations

import pytest

from paddock.policy.model import Origin, Text
from paddock.workspace.hazard import Hazard
from paddock.workspace.hazards import catalogue
from paddock.workspace.hazards.named import Named
from paddock.workspace.live.standing import Standing, acts

STANDING = Standing(catalogue.load())


@pytest.mark.parametrize(
    "path",
    [".envrc", "sub/.envrc", ".mcp.json", ".gitmodules", ".gitattributes", "paddock.toml", "AGENTS.md",
     ".claude/settings.json", ".idea/workspace.xml", ".github/workflows/ci.yml", ".pre-commit-config.yaml",
     ".devcontainer.json", ".gitlab-ci.yml", ".vscode/tasks.json", ".husky/pre-commit", ".venv/bin/python",
     "node_modules/.bin/eslint", ".ENVRC", "x.code-workspace"],
)  # fmt: skip
def test_what_runs_by_itself_or_at_an_everyday_act_is_read_only(path: str) -> None:
    assert STANDING.of(path, directory=False) == "read-only"


@pytest.mark.parametrize(
    "path", ["package.json", "web/package.json", "Makefile", "conftest.py", "pyproject.toml", "Dockerfile", "setup.py"]
)
def test_what_agents_edit_for_their_work_stays_writable_and_is_watched(path: str) -> None:
    assert STANDING.of(path, directory=False) == "watched"


@pytest.mark.parametrize(
    "path", ["src/main.py", "README.md", "node_modules/x/package.json", "__pycache__/x.pyc", "docs/a.txt"]
)
def test_the_rest_is_left_alone(path: str) -> None:
    assert STANDING.of(path, directory=False) == ""


@pytest.mark.parametrize(
    "path",
    [
        ".claude",
        ".idea",
        "sub/.cursor",
        ".vscode",
        ".github",
        ".husky",
        ".devcontainer",
        ".venv",
        "node_modules/.bin",
        ".codex",
    ],
)
def test_a_directory_of_nothing_else_is_read_only_as_a_whole(path: str) -> None:
    assert STANDING.of(path, directory=True) == "read-only"


@pytest.mark.parametrize("path", ["src", "tests", "node_modules", ".config", "docs", "a/b"])
def test_an_ordinary_directory_is_not(path: str) -> None:
    assert STANDING.of(path, directory=True) != "read-only"


def test_what_the_policy_allows_is_neither_held_nor_watched() -> None:
    allowed = [
        Text(name, Origin("flag", "test"))
        for name in ("editor-vscode-tasks", "editor-vscode-settings", "agent-mcp", "build-make")
    ]
    standing = Standing(catalogue.load(allowed=allowed))
    assert standing.of(".vscode/tasks.json", directory=False) == ""
    assert standing.of(".vscode", directory=True) == ""
    assert standing.of("Makefile", directory=False) == ""


def test_every_rule_concerns_also_those_for_what_is_not_listed_before() -> None:
    for path in ("__pycache__/x.pyc", "Makefile", ".envrc"):
        assert STANDING.concerns(path, link=False)
    assert not STANDING.concerns("src/main.py", link=True)
    assert STANDING.concerns(".claude", link=True)


def hazard(severity: str, family: str = "build", name: str = "build-x") -> Hazard:
    return Hazard(name, family, severity, "why")  # type: ignore[arg-type]


def test_what_runs_by_itself_leaves_at_once_and_the_rest_when_the_run_ends() -> None:
    assert [acts(hazard(severity), "x", ended=False) for severity in ("high", "medium", "low")] == [True, False, False]
    assert [acts(hazard(severity), "x", ended=True) for severity in ("high", "medium", "low")] == [True, True, False]


def test_packages_of_others_are_no_build_of_ours() -> None:
    assert not acts(hazard("medium"), "node_modules/x/package.json", ended=True)
    assert acts(hazard("medium"), "node_modules", ended=True)
    assert acts(hazard("high"), "node_modules/.bin/x", ended=False)


def test_of_shapes_only_those_act_that_need_nobody_to_look() -> None:
    for name, expected in (
        ("shape-set-id", True),
        ("shape-link-out", True),
        ("shape-named", True),
        ("shape-executable", False),
        ("text-bidi", False),
    ):
        assert acts(hazard("high", "shape", name), "x", ended=True) is expected


def test_what_the_hosts_configuration_names_is_held_unless_the_policy_lets_it_pass() -> None:
    names = Named({"bin/clean": ".git/config"}, {"tools": ".git/config"})
    standing = Standing(catalogue.load(named=names))
    assert standing.of("tools/pre-commit", directory=False) == "read-only"
    assert standing.of("tools", directory=True) == "read-only"
    assert standing.of("bin/clean", directory=False) == "read-only"
    assert standing.concerns("tools/pre-push", link=False)
    assert standing.of("bin", directory=True) == standing.of("bin/other", directory=False) == ""
    allowed = Standing(catalogue.load(allowed=[Text("shape-named", Origin("flag", "test"))], named=names))
    assert allowed.of("tools", directory=True) == allowed.of("tools/pre-commit", directory=False) == ""
