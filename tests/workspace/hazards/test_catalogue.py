"""Every rule of the catalogue by example, the forty checks of the peers' survey, and what a policy says of rules."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from paddock.errors import PaddockError, PolicyError
from paddock.policy.model import Added, Origin, Text
from paddock.workspace.hazards import catalogue, contents, hidden, names, repositories, shapes

RULES = catalogue.load()
NAMED = [rule for rule in RULES.rules if rule.patterns]
EXAMPLES = tomllib.loads((Path(__file__).parent / "examples.toml").read_text("utf-8"))


def found(path: str) -> set[str]:
    return {rule.name for rule in RULES.matching(path)}


@pytest.mark.parametrize("rule", NAMED, ids=lambda rule: rule.name)
def test_a_rule_says_why_and_has_examples(rule):
    assert rule.why[0].islower() or rule.why.split()[0].isupper() or rule.why.split()[0] in proper_names()
    assert not rule.why.endswith(".")
    assert rule.reference
    example = EXAMPLES[rule.name]
    assert example["matches"]
    assert example["others"]
    assert ("same" in example) == (rule.content != "any"), "where content matters, one change that does not"


def proper_names() -> set[str]:
    return {"Python", "FIFOs", "HEAD,", "MSBuild", "initializeCommand", "HEAD"}


def test_no_example_is_of_a_rule_that_is_gone():
    assert set(EXAMPLES) == {rule.name for rule in NAMED}


@pytest.mark.parametrize(
    ("name", "path"), [(name, path) for name, example in EXAMPLES.items() for path in example["matches"]]
)
def test_an_example_path_is_found(name, path):
    assert name in found(path)


@pytest.mark.parametrize(
    ("name", "path"), [(name, path) for name, example in EXAMPLES.items() for path in example["others"]]
)
def test_a_path_that_only_looks_like_it_is_not(name, path):
    assert name not in found(path)


def sample(pattern: str) -> str:
    """A path that a pattern means."""
    text = re.sub(r"\[(.).*?\]", r"\1", pattern.replace("**", "deep/down")).replace("*", "x").replace("?", "y")
    return text.strip("/") + ("/inner/file" if pattern.endswith("/") else "")


@pytest.mark.parametrize("rule", NAMED, ids=lambda rule: rule.name)
def test_every_pattern_matches_what_it_says(rule):
    for pattern in rule.patterns:
        assert rule.name in found(sample(pattern)), pattern
        assert rule.name in found(sample(pattern).upper()), pattern
        deep = f"a/b/{sample(pattern)}"
        assert (rule.name in found(deep)) == (not pattern.startswith("/")) or RULES.matching(deep), pattern


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_dangerous_content_is_found_and_shown(name):
    example, rule = EXAMPLES[name], next(rule for rule in NAMED if rule.name == name)
    old = example["old"].encode() if "old" in example else None
    evidence = contents.evidence(rule, old, example["new"].encode())
    assert evidence
    assert example["said"] in "\n".join(evidence)
    fresh = contents.evidence(rule, None, example["new"].encode())
    assert fresh, "in a new file it is as dangerous"


@pytest.mark.parametrize("name", sorted(name for name, example in EXAMPLES.items() if "same" in example))
def test_harmless_content_is_not(name):
    example, rule = EXAMPLES[name], next(rule for rule in NAMED if rule.name == name)
    assert contents.evidence(rule, example["old"].encode(), example["same"].encode()) is None
    assert contents.evidence(rule, example["old"].encode(), example["old"].encode()) is None


# process-isolation.md §7: every one of these was left open by most sandboxes that were measured.
FORTY = {
    ".git/hooks/pre-commit": "git-hooks",  # an existing one changed, and
    ".git/hooks/post-merge": "git-hooks",  # a new one
    ".git/config": "git-config",
    ".git/info/attributes": "git-attributes",
    ".gitattributes": "git-attributes",
    ".git/modules/lib/config": "git-config",
    ".gitmodules": "git-modules",
    "vendor/lib/.git/hooks/pre-commit": "git-hooks",
    "vendor/lib/.git/config": "git-config",
    ".bashrc": "shell-startup",
    ".profile": "shell-startup",
    ".envrc": "shell-direnv",
    ".vscode/tasks.json": "editor-vscode-tasks",
    ".vscode/settings.json": "editor-vscode-settings",
    ".idea/workspace.xml": "editor-jetbrains",
    ".mcp.json": "agent-mcp",
    ".cursor/mcp.json": "agent-mcp",
    ".claude/settings.json": "agent-configuration",
    ".claude/settings.local.json": "agent-configuration",
    ".claude/hooks/x.sh": "agent-configuration",
    ".claude/commands/x.md": "agent-configuration",
    ".claude/agents/x.md": "agent-configuration",
    ".codex/config.toml": "agent-configuration",
    "opencode.json": "agent-configuration",
    ".gemini/settings.json": "agent-configuration",
    "CLAUDE.md": "agent-instructions",
    "AGENTS.md": "agent-instructions",
    ".devcontainer/devcontainer.json": "container-devcontainer",
    ".github/workflows/ci.yml": "ci-github",
    ".pre-commit-config.yaml": "build-git-hooks",
    ".husky/pre-commit": "build-git-hooks",
    "package.json": "build-npm",
    "Makefile": "build-make",
    "conftest.py": "build-python-code",
    ".venv/bin/python": "shell-virtualenv",
    "node_modules/.bin/eslint": "shell-node-bin",
}
# The other checks are no names: `.git`, `.git/hooks`, a nested repository's parent or `.vscode` moved away and replaced
# (test_judging), and a bare repository's shape.
SAME_CLASS = {
    ".git/commondir": "git-elsewhere", ".git/worktrees/x/config.worktree": "git-config", "a.pth": "shell-python-path",
    "sitecustomize.py": "shell-python-path", "setup.py": "build-python-code", ".npmrc": "build-npm-configuration",
    ".yarnrc.yml": "build-npm-configuration", "build.rs": "build-rust", ".cargo/config.toml": "build-rust",
    "mise.toml": "shell-toolchain", ".gitlab-ci.yml": "ci-others", "Dockerfile": "container-build",
    "compose.yml": "container-compose", "x.code-workspace": "editor-vscode-tasks", ".gdbinit": "shell-programs",
    ".exrc": "editor-others", ".cursor/rules/x.mdc": "agent-configuration", ".nvmrc": "shell-toolchain",
    ".github/copilot-instructions.md": "agent-instructions", "pyvenv.cfg": "shell-virtualenv", ".env": "shell-environment",
    "paddock.toml": "policy-paddock", ".zed/settings.json": "editor-others", ".nvim.lua": "editor-others",
    ".dir-locals.el": "editor-others", ".cursorrules": "agent-instructions", "Jenkinsfile": "ci-others",
}  # fmt: skip


@pytest.mark.parametrize(("path", "name"), [*FORTY.items(), *SAME_CLASS.items()])
def test_what_the_survey_names_is_in_the_catalogue(path, name):
    assert name in found(path)


ORDINARY = (
    "README.md", "LICENSE", "src/main.py", "src/app/models.py", "lib/index.js", "web/src/App.tsx", "tests/test_app.py",
    "docs/guide.md", ".editorconfig", ".gitignore", ".dockerignore", ".prettierignore", "CHANGELOG.md", "src/lib.rs",
    "cmd/server/main_test.c", "assets/logo.png", "data/users.csv", "templates/index.html", "src/config/settings.py",
    "app/git/hooks.py", "src/package.ts", "include/config.h", "migrations/0001_initial.py", "public/robots.txt",
)  # fmt: skip


@pytest.mark.parametrize("path", ORDINARY)
def test_ordinary_names_are_no_hazard(path):
    assert found(path) == set()


def test_every_shape_that_the_code_finds_is_explained_and_the_other_way_round():
    sources = [Path(str(module.__file__)).read_text("utf-8") for module in (shapes, names, hidden, repositories)]
    said = set(re.findall(r'"((?:shape|name|text|git)-[a-z-]+)"', "\n".join(sources)))
    assert said | {"shape-unreadable"} == set(RULES.shapes)


def test_the_catalogue_is_in_the_package():
    assert Path(catalogue.FILE).parent == Path(catalogue.__file__).parent


GOOD = {"name": "git-x", "severity": "high", "patterns": ["a"], "why": "b"}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"rules": []}, "expected [[rule]] alone"),
        ({"rule": [{**GOOD, "why": ""}]}, "git-x: why is not"),
        ({"rule": [{**GOOD, "patterns": "a"}]}, "git-x: patterns is not"),
        ({"rule": [{**GOOD, "patterns": [1]}]}, "git-x: patterns is not"),
        ({"rule": [{**GOOD, "colour": "red"}]}, "git-x: colour is not"),
        ({"rule": [{**GOOD, "name": "odd-x"}]}, "expected family to be one of git"),
        ({"rule": [{**GOOD, "severity": "bad"}]}, "expected severity to be one of high"),
        ({"rule": [{**GOOD, "content": "xml"}]}, "expected content to be one of any"),
        ({"rule": [GOOD, GOOD]}, "two rules are called git-x"),
    ],
)
def test_a_broken_catalogue_says_where_and_what_was_expected(data, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        catalogue.parse(data)


def test_a_catalogue_that_cannot_be_read_is_a_broken_installation(monkeypatch, tmp_path):
    monkeypatch.setattr(catalogue, "FILE", str(tmp_path / "catalogue.toml"))
    with pytest.raises(PaddockError, match="catalogue of hazards"):
        catalogue.load()


def added(pattern: str, kind: str = "person") -> Added:
    return Added(pattern, "ci", "it deploys", "high", Origin(kind, "p.toml:3"))  # type: ignore[arg-type]


def allowed(value: str, kind: str = "person") -> Text:
    return Text(value, Origin(kind, "p.toml:4"))  # type: ignore[arg-type]


def test_a_policy_adds_rules_that_say_who_added_them():
    rules = catalogue.load([added("deploy/*.sh")])
    (rule,) = rules.matching("ops/Deploy/now.sh")
    assert (rule.name, rule.family, rule.content) == ("added", "ci", "any")
    assert "p.toml:3" in rule.why


def test_an_allowance_takes_out_a_rule_or_some_files_of_it_as_they_are_spelt():
    rules = catalogue.load(allowed=[allowed("build-make:/Makefile"), allowed("shell-direnv"), allowed("build-c:docs/")])
    assert rules.matching("Makefile") == ()
    assert rules.matching("lib/Makefile") != ()
    assert rules.matching("makefile") != ()
    assert rules.matching("x/.envrc") == ()
    assert rules.matching("docs/CMakeLists.txt") == ()


def test_what_the_floor_adds_only_the_floor_allows():
    floor = [added("deploy/", "floor")]
    assert catalogue.load(floor, [allowed("added")]).matching("deploy/x") != ()
    assert catalogue.load(floor, [allowed("added:deploy/docs/", "floor")]).matching("deploy/docs/x") == ()
    assert catalogue.load([added("deploy/")], [allowed("added")]).matching("deploy/x") == ()


def test_an_allowance_of_nothing_is_an_error_with_its_line_and_the_nearest_name():
    with pytest.raises(PolicyError) as caught:
        catalogue.load(allowed=[allowed("build-mkae")])
    assert caught.value.what.startswith("p.toml:4: ")
    assert "build-make" in caught.value.why
