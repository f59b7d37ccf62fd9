"""What became dangerous since the start is found, however it came there; what did not, is not."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.capabilities import needs
from tests.workspace.live.trees import DEFAULT_CONFIG, HOSTILE_CONFIG, Run, looked, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Begin = Callable[[], Run]


def test_an_untouched_repository_has_no_dangers_also_where_it_had_some_before(run: Begin, repository: Path) -> None:
    write(repository / "sub/.git/config", HOSTILE_CONFIG)
    write(repository / "bare/HEAD")
    for name in ("objects/x", "refs/x", "hooks/post-checkout"):
        write(repository / "bare" / name)
    write(repository / "bare/config", HOSTILE_CONFIG)
    (repository / "out").symlink_to("/etc")
    began = run()
    assert began.dangers() == {}
    assert began.now() == set()


AT_ONCE = {
    "PE-01 hook": ".git/hooks/pre-commit",
    "PE-04 commondir": ".git/commondir",
    "PE-08 hook of a submodule": ".git/modules/a/hooks/post-checkout",
    "PE-08 submodules": ".gitmodules",
    "PE-08 pointer": "src/.git",
    "attributes": ".git/info/attributes",
    "PE-09 tasks": ".vscode/tasks.json",
    "PE-09 workspace": "x.code-workspace",
    "PE-10 jetbrains": ".idea/workspace.xml",
    "PE-10 zed": ".zed/settings.json",
    "PE-10 vim": ".nvim.lua",
    "PE-10 emacs": ".dir-locals.el",
    "PE-11 settings": ".claude/settings.json",
    "PE-11 local settings": ".claude/settings.local.json",
    "PE-11 command": ".claude/commands/x.md",
    "PE-11 skill": ".claude/skills/x/SKILL.md",
    "PE-11 codex": ".codex/config.toml",
    "PE-11 mcp": ".mcp.json",
    "PE-13 devcontainer": ".devcontainer/devcontainer.json",
    "PE-13 file": ".devcontainer.json",
    "PE-14 direnv": ".envrc.local",
    "PE-14 tools": ".tool-versions",
    "PE-14 node": ".nvmrc",
    "PE-14 virtualenv": ".venv/bin/python",
    "PE-14 python": "sitecustomize.py",
    "PE-14 pth": "x.pth",
    "PE-15 workflow": ".github/workflows/ci.yml",
    "PE-15 gitlab": ".gitlab-ci.yml",
    "PE-15 pre-commit": ".pre-commit-config.yaml",
    "PE-15 husky": ".husky/pre-commit",
    "FS-39 policy": "paddock.toml",
    "instructions": "sub/AGENTS.md",
    "FS-35 another case": ".VSCode/tasks.json",
    "node programs": "node_modules/.bin/eslint",
}


@pytest.mark.parametrize("path", AT_ONCE.values(), ids=AT_ONCE.keys())
def test_what_runs_by_itself_is_found_at_once(run: Begin, repository: Path, path: str) -> None:
    if "/modules/" in path:
        write(repository / ".git/modules/a/HEAD")
        for name in ("objects/x", "refs/x"):
            write(repository / ".git/modules/a" / name)
    began = run()
    write(repository / path, "gitdir: elsewhere\n" if path.endswith("/.git") else '{"tasks": ["x"]}\n')
    assert path in began.now()
    assert path in began.dangers()


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("package.json", '{"scripts": {"postinstall": "./x"}}'),
        ("Makefile", "all:\n\techo new\n"),
        ("conftest.py", "import os\n"),
        ("sub/setup.py", "import os\n"),
        ("Dockerfile", "FROM x\n"),
        ("src/x.pyc", "x"),
    ],
)
def test_what_runs_at_the_next_build_is_found_when_the_run_ends(
    run: Begin, repository: Path, path: str, text: str
) -> None:
    began = run()
    write(repository / path, text)
    assert path not in began.now()
    assert path in began.dangers()


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("src/new.py", "print()\n"),
        ("src/main.py", "print()\n"),
        ("package.json", '{"name": "x", "version": "1.0.0"}'),
        ("node_modules/x/package.json", '{"scripts": {"postinstall": "./x"}}'),
        (".git/index", "x"),
        (".git/refs/heads/topic", "x"),
        (".git/logs/HEAD", "x"),
        (".git/COMMIT_EDITMSG", "x"),
        (".git/refs/heads/hooks/x", "x"),
        (".git/refs/heads/config", "x"),
        (".git/.envrc", "nobody looks for it there"),
        ("build/config", HOSTILE_CONFIG),
        ("hooks/pre-commit", "no repository is around it"),
        ("Makefile", "all:\n\techo old\n"),
        (".envrc", "old\n"),
    ],
)
def test_ordinary_work_is_no_danger(run: Begin, repository: Path, path: str, text: str) -> None:
    began = run()
    write(repository / path, text)
    assert began.dangers() == {}


def test_a_repository_that_is_made_inside_is_judged_by_its_configuration(run: Begin, repository: Path) -> None:
    began = run()
    for place in ("new/.git", "bare.git"):
        for name in ("HEAD", "objects/x", "refs/x", "hooks/x.sample", "info/exclude"):
            write(repository / place / name)
        write(repository / place / "config", DEFAULT_CONFIG)
    assert began.dangers() == {}
    write(repository / "new/.git/config", HOSTILE_CONFIG)
    write(repository / "bare.git/config", HOSTILE_CONFIG)
    write(repository / "bare.git/hooks/post-checkout")
    assert began.now() == {"new/.git/config", "bare.git/config", "bare.git/hooks/post-checkout"}


def test_a_configuration_for_worktrees_is_judged_likewise(run: Begin, repository: Path) -> None:
    """PE-03."""
    began = run()
    write(repository / ".git/config.worktree", DEFAULT_CONFIG)
    assert began.dangers() == {}
    write(repository / ".git/config.worktree", HOSTILE_CONFIG)
    assert began.dangers() == {".git/config.worktree": ["git-config"]}


def test_an_old_configuration_becomes_one_when_a_repository_grows_around_it(run: Begin, repository: Path) -> None:
    write(repository / "fixture/config", HOSTILE_CONFIG)
    write(repository / "fixture/hooks/post-checkout")
    before = (repository / "fixture/hooks/post-checkout").stat().st_ctime_ns
    while looked(repository).begun_ns <= before:  # these have times of before the start
        pass
    began = run()
    for name in ("HEAD", "objects/x", "refs/x"):
        write(repository / "fixture" / name)
    assert set(began.dangers()) == {"fixture/config", "fixture/hooks/post-checkout"}


def test_a_directory_that_is_called_hooks_and_a_link_elsewhere_is_one(run: Begin, repository: Path) -> None:
    shutil.rmtree(repository / ".git/hooks")
    began = run()
    (repository / ".git/hooks").symlink_to("../src")
    (repository / "sub").mkdir()
    (repository / "sub/.git").symlink_to("../src")
    assert {".git/hooks", "sub/.git"} <= set(began.dangers())


def test_a_link_in_the_place_of_a_dangerous_directory_is_one(run: Begin, repository: Path) -> None:
    began = run()
    write(repository / "innocent/settings.json")
    (repository / ".claude").symlink_to("innocent")
    (repository / "away").symlink_to("/etc")
    assert {".claude", "away"} <= began.now()


def test_what_another_name_makes_dangerous_is_found_under_its_own(run: Begin, repository: Path) -> None:
    write(repository / "docs/build.txt", "all:\n\techo old\n")
    (repository / "Makefile").unlink()
    (repository / "Makefile").symlink_to("docs/build.txt")
    began = run()
    write(repository / "docs/build.txt", "all:\n\techo new\n")
    write(repository / "docs/other.txt", "all:\n\techo new\n")
    assert set(began.dangers()) == {"docs/build.txt"}


@pytest.mark.user
@pytest.mark.parametrize("mode", [0o000, 0o100, 0o311])
def test_a_directory_that_cannot_be_listed_is_no_hiding_place(run: Begin, repository: Path, mode: int) -> None:
    """Who knows the name can open a file in a directory that can only be entered."""
    began = run()
    write(repository / "closed/.envrc")
    (repository / "closed").chmod(mode)
    assert set(began.dangers()) == {"closed/.envrc"}
    assert (repository / "closed").stat().st_mode & 0o777 == mode
    (repository / "closed").chmod(0o700)


def test_what_only_gets_a_new_name_is_found_though_its_own_times_are_old(run: Begin, repository: Path) -> None:
    """FS-38: renaming a directory changes nothing of the files in it."""
    write(repository / "harmless/tasks.json")
    write(repository / "plain/config", HOSTILE_CONFIG)
    began = run()
    shutil.rmtree(repository / ".vscode")
    (repository / "harmless").rename(repository / ".vscode")
    (repository / "sub").mkdir()
    (repository / "plain").rename(repository / "sub/.git")
    assert began.now() == {".vscode/tasks.json", "sub/.git/config"}


def test_what_moves_along_with_its_parent_stays_and_what_takes_its_place_is_found(run: Begin, repository: Path) -> None:
    write(repository / "sub/.vscode/tasks.json", "old")
    began = run()
    (repository / "sub").rename(repository / "sub2")
    assert began.dangers() == {}
    write(repository / "sub/.vscode/tasks.json", "new")
    assert set(began.dangers()) == {"sub/.vscode/tasks.json"}


def test_an_old_file_under_a_dangerous_name_is_found(run: Begin, repository: Path) -> None:
    write(repository / "sample", "evil\n")
    began = run()
    os.link(repository / "sample", repository / ".tool-versions")
    os.replace(repository / "sample", repository / "Makefile")
    assert set(began.dangers()) == {".tool-versions", "Makefile"}


def test_times_that_were_set_back_deceive_nobody(run: Begin, repository: Path) -> None:
    before = (repository / "Makefile").stat()
    began = run()
    (repository / "Makefile").write_text("all:\n\techo bad\n")
    os.utime(repository / "Makefile", ns=(before.st_atime_ns, before.st_mtime_ns))
    write(repository / ".mcp.json")
    os.utime(repository / ".mcp.json", (0, 0))
    assert set(began.dangers()) == {"Makefile", ".mcp.json"}


def test_set_id_bits_are_found_on_any_file(run: Begin, repository: Path) -> None:
    began = run()
    (repository / "src/main.py").chmod(0o4755)
    assert began.dangers() == {"src/main.py": ["shape-set-id"]}


def test_sockets_pipes_and_directories_are_left_alone(run: Begin, repository: Path) -> None:
    began = run()
    os.mkfifo(repository / ".mcp.json")
    (repository / ".claude").mkdir()
    assert began.dangers() == {}


def test_what_was_changed_later_is_somebody_elses(run: Begin, repository: Path) -> None:
    began = run()
    write(repository / ".mcp.json")
    changed_ns = (repository / ".mcp.json").stat().st_ctime_ns
    assert [danger.path for danger in began.sweep().everything(changed_ns)] == [".mcp.json"]
    assert list(began.sweep().everything(changed_ns - 1)) == []


def test_the_steps_of_a_rebase_wait_until_the_run_ends(run: Begin, repository: Path) -> None:
    began = run()
    write(repository / ".git/rebase-merge/git-rebase-todo", "pick 1 x\nexec ./evil\n")
    assert began.now() == set()
    assert began.dangers() == {".git/rebase-merge/git-rebase-todo": ["git-sequence"]}
    write(repository / ".git/rebase-merge/git-rebase-todo", "pick 1 x\n")
    assert began.dangers() == {}


@needs("git")
def test_real_work_with_git_is_no_danger(run: Begin, repository: Path) -> None:
    shutil.rmtree(repository / ".git")
    environ = {"PATH": os.environ["PATH"], "HOME": str(repository.parent), "GIT_CONFIG_NOSYSTEM": "1"}

    def git(*words: str) -> None:
        identity = ("-c", "user.name=A Person", "-c", "user.email=person@example.test")
        subprocess.run(["git", *identity, *words], cwd=repository, env=environ, check=True, capture_output=True)

    git("init", "-q", "-b", "main")
    git("add", "src", "Makefile")
    git("commit", "-q", "-m", "first")
    git("clone", "-q", ".", "../copy")
    began = run()
    (repository.parent / "copy/.git").rename(repository / "copy.git")
    git("checkout", "-q", "-b", "topic")
    write(repository / "src/new.py")
    git("add", "src")
    git("commit", "-q", "-m", "second")
    git("stash", "list")
    git("checkout", "-q", "main")
    git("merge", "-q", "--no-ff", "-m", "merge", "topic")
    git("tag", "v1")
    git("rebase", "-q", "--root")
    git("gc", "-q")
    git("init", "-q", "inner")
    git("init", "-q", "--bare", "fixture.git")
    assert began.now() == set()
    assert {path for path in began.dangers() if ".git" in path} == set()


def test_what_the_hosts_configuration_names_is_read_only_and_leaves_where_it_is_new(
    run: Begin, repository: Path
) -> None:
    write(repository / ".git/config", f"{DEFAULT_CONFIG}\thooksPath = tools\n[alias]\n\tx = !bin/x\n")
    write(repository / "tools/pre-commit")
    began = run()
    assert "tools" in began.survey.read_only
    assert "src/main.py" not in began.survey.known
    write(repository / "tools/pre-push")
    write(repository / "bin/x")
    write(repository / "bin/y")
    assert began.now() == {"tools/pre-push", "bin/x"}
    assert set(began.dangers()) == {"tools/pre-push", "bin/x"}
