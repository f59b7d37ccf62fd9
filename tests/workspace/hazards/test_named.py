"""What the host's own configuration runs by name."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from paddock.workspace.hazards import catalogue, named
from paddock.workspace.hazards.judging import Judge
from tests.capabilities import needs

if TYPE_CHECKING:
    from pathlib import Path


def write(root: Path, **files: str) -> Path:
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person without a configuration of git."""
    place = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(place))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return place


CONFIG = """[core]
	bare = false
	hooksPath = tools/hooks
[alias]
	st = !sh ./scripts/st.sh --all
[filter "x"]
	clean = bin/clean %f
[include]
	path = ../team.gitconfig
[branch "main"]
	merge = refs/heads/main
"""


def test_what_git_is_told_to_run(tmp_path):
    found = named.read(str(write(tmp_path, **{".git__config": CONFIG})))
    assert found.by("tools/hooks/pre-commit") == ".git/config"
    assert found.by("tools/hooks/lib/x")
    assert found.by("scripts/st.sh")
    assert found.by("bin/clean")
    assert found.by("team.gitconfig")
    assert found.by("tools", is_link=True), "a link that would put other hooks there"
    assert not any(map(found.by, ("tools/x", "scripts/other.sh", "refs/heads/main", "tools/hooksx", "README.md")))


def test_a_worktree_has_the_configuration_of_its_repository(tmp_path):
    write(tmp_path, **{"main__.git__config": CONFIG, "main__.git__worktrees__a__commondir": "../..\n"})
    write(tmp_path, **{"a__.git": f"gitdir: {tmp_path}/main/.git/worktrees/a\n"})
    assert named.read(str(tmp_path / "a")).by("tools/hooks/pre-commit")


@pytest.mark.parametrize(
    ("name", "text", "path"),
    [
        (".envrc", "source scripts/env.sh\n", "scripts/env.sh"),
        (".envrc", 'source_env "$PWD/env/dev"\n', "env/dev"),
        (".envrc", ". $(pwd)/env/dev\n", "env/dev"),
        (".vscode__tasks.json", '{"tasks": [{"command": "${workspaceFolder}/scripts/x.sh"}]}', "scripts/x.sh"),
        (".claude__settings.json", '{"command": "\\"$CLAUDE_PROJECT_DIR\\"/scripts/x.sh"}', "scripts/x.sh"),
        (".mcp.json", '{"args": ["server/main.js"]}', "server/main.js"),
        (".husky__pre-commit", "node ./scripts/check.mjs\n", "scripts/check.mjs"),
    ],
)
def test_what_other_configurations_start(tmp_path, name, text, path):
    assert named.read(str(write(tmp_path, **{name: text}))).by(path) == name.replace("__", "/")


def test_what_direnv_only_watches_is_not_run(tmp_path):
    assert not named.read(str(write(tmp_path, **{".envrc": "watch_file pyproject.toml\n# see a/b.md\n"}))).by("a/b.md")


def test_odd_files_name_nothing(tmp_path):
    os.mkfifo(tmp_path / ".envrc")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/config").write_bytes(b"\xff\xfe[core" + b"\0" * 100)
    (tmp_path / ".mcp.json").write_bytes(b"x" * (named.LARGEST_BYTES + 1))
    assert named.read(str(tmp_path)) == named.Named()
    assert named.read(str(tmp_path / "gone")) == named.Named()


@needs("overlay")
def test_a_change_of_it_is_a_hazard_in_a_change_set(lab):
    lab.write(**{".git__config": CONFIG, "tools__hooks__pre-commit": "true\n", "a.txt": "a\n"})
    rules = catalogue.load(named=named.read(str(lab.repository)))

    def work(root: Path) -> None:
        (root / "tools/hooks/pre-commit").write_text("evil\n")
        (root / "a.txt").write_text("b\n")

    lab.run(work)
    with lab.trees() as (upper, lower):
        found = {
            one.path: [each.name for each in one.hazards] for one in Judge(rules, upper, lower).judged(lab.changes())
        }
    assert found == {"a.txt": [], "tools/hooks/pre-commit": ["shape-named"]}


@needs("overlay")
def test_a_link_in_the_place_of_its_directory_is_one_too(lab):
    lab.write(**{".git__config": CONFIG, "other__pre-commit": "true\n"})
    rules = catalogue.load(named=named.read(str(lab.repository)))
    lab.run(lambda root: (root / "tools").symlink_to("other"))
    with lab.trees() as (upper, lower):
        (found,) = Judge(rules, upper, lower).judged(lab.changes())
    assert "shape-named" in [one.name for one in found.hazards]


@pytest.mark.parametrize("file", [".gitconfig", ".config/git/config"])
@pytest.mark.parametrize("hooks", [".githooks", "./.githooks/", "{top}/.githooks", '"~/a repo/.githooks"', "link"])
def test_what_the_persons_own_configuration_of_git_names(home, file, hooks):
    top = home / "a repo"
    write(top, **{".githooks__pre-commit": ""})
    (top / "link").symlink_to(".githooks")
    (home / file).parent.mkdir(parents=True, exist_ok=True)
    (home / file).write_text(f"[core]\n\thooksPath = {hooks.format(top=top)}\n")
    found = named.read(str(top))
    assert found.by(".githooks/pre-commit")
    assert found.by(".githooks/post-checkout")
    assert not found.by("githooks/pre-commit")


def test_programs_that_it_names_in_the_repository_count_and_others_elsewhere_do_not(home, tmp_path):
    top = tmp_path / "repo"
    (home / ".gitconfig").write_text(f"[core]\n\tfsmonitor = {top}/bin/watch\n\thooksPath = /elsewhere/hooks\n")
    found = named.read(str(top))
    assert found.by("bin/watch") == "~/.gitconfig"
    assert not found.by("hooks/pre-commit")
