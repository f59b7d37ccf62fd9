"""Mode live from end to end: what the agent may do, what is refused, and what is out of the repository at the end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from paddock import watching
from tests.background import running
from tests.capabilities import IS_ROOT, needs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.conftest import Person

pytestmark = needs("bubblewrap", "git")
LIVE = ("--workspace", "live", "--accept", "live-hazards-window")
LANDLOCK_GAPS = (
    "live-protection", "process-visibility", "metadata", "survivors", "private-paths", "host-signals", "process-total",
    "memory-total", "cpu-total", "masked-files",
)  # fmt: skip
LANDLOCK = ("--boundary", "landlock", "--minimum", "landlock", *(w for gap in LANDLOCK_GAPS for w in ("--accept", gap)))
BOUNDARIES = [pytest.param((), id="bubblewrap")]
BOUNDARIES += [] if IS_ROOT else [pytest.param(LANDLOCK, id="landlock", marks=needs("landlock"))]
SETTLED = "while [ -e {0} ] || [ -L {0} ]; do sleep 0.01; done"  # the watcher has seen it

EXISTING = {
    ".git/hooks/pre-commit": "#!/bin/sh\n", ".git/config": None, ".git/info/exclude": None,
    ".vscode/settings.json": "{}", ".idea/x.xml": "<x/>", ".zed/settings.json": "{}", ".envrc": "x\n",
    ".claude/settings.json": "{}", ".mcp.json": "{}", ".devcontainer/devcontainer.json": "{}", ".gitmodules": "",
    ".gitattributes": "", ".github/workflows/ci.yml": "x: 1\n", ".pre-commit-config.yaml": "x: 1\n",
    ".husky/pre-commit": "x\n", "paddock.toml": "", "AGENTS.md": "x\n", ".tool-versions": "x\n",
    ".venv/bin/python": "x\n", "sub/.envrc": "x\n", "inner/.git/config": "[core]\n\tbare = false\n",
    "inner/.git/hooks/post-checkout": "x\n", "inner/.git/HEAD": "ref: refs/heads/main\n",
    "tree/.git": "gitdir: ../inner/.git\n",
}  # fmt: skip
WRITABLE = {"Makefile": "all:\n\techo old\n", "package.json": '{"name": "x"}\n', "conftest.py": "import os\n"}


def plant(repo: Path, files: dict[str, str | None]) -> None:
    for name, text in files.items():
        (repo / name).parent.mkdir(parents=True, exist_ok=True)
        if text is not None:
            (repo / name).write_text(text)


def contents(repo: Path, names: Sequence[str]) -> dict[str, str]:
    return {name: (repo / name).read_text() if (repo / name).exists() else "missing" for name in names}


def call(person: Person, repo: Path, script: str, *options: str) -> subprocess.CompletedProcess[str]:
    return person.call("run", *LIVE, *options, "--", "sh", "-c", script, cwd=repo)


def held(person: Person, repo: Path, name: str) -> set[str]:
    upper = next((person.home / ".local/state/paddock/changes").glob(f"*/{name}/upper"))
    return {os.path.relpath(os.path.join(at, one), upper) for at, _, names in os.walk(upper) for one in names}


def test_the_window_is_a_gap_that_has_to_be_accepted_and_names_the_next_step(person: Person, repo: Path) -> None:
    done = person.call("run", "--workspace", "live", "--", "touch", "ran", cwd=repo)
    assert done.returncode == 126
    assert (
        "live-hazards-window: no program of yours meets a dangerous change before you have reviewed it" in done.stderr
    )
    assert "paddock run --accept live-hazards-window … goes without; or: --workspace review" in done.stderr
    assert not (repo / "ran").exists()


def test_the_policy_can_accept_it(person: Person, repo: Path) -> None:
    place = person.home / ".config/paddock"
    place.mkdir()
    (place / "policy.toml").write_text('[workspace]\nmode = "live"\n[boundary]\naccept = ["live-hazards-window"]\n')
    done = person.call("run", "--", "touch", "ran", cwd=repo)
    assert done.returncode == 0, done.stderr
    assert (repo / "ran").exists()


def test_what_is_there_can_neither_be_written_nor_replaced_nor_renamed(person: Person, repo: Path) -> None:
    """PE-01, PE-02, PE-06, PE-08 … PE-11, PE-13 … PE-15, FS-38."""
    plant(repo, EXISTING)
    held = [name for name in EXISTING if not name.endswith("HEAD")]
    before = contents(repo, held)
    script = """
for path in "$@"; do
  (echo evil >> "$path") 2>/dev/null && echo "wrote $path"
  rm -f "$path" 2>/dev/null && echo "removed $path"
  mv "$path" "$path.away" 2>/dev/null && echo "renamed $path"
  (echo evil > new-one && mv -f new-one "$path") 2>/dev/null && echo "replaced $path"
  ln -sf ../elsewhere "$path" 2>/dev/null && echo "linked $path"
done
for directory in .git .git/hooks .vscode .claude .github .husky .venv .idea inner/.git inner/.git/hooks; do
  mv "$directory" "$directory.away" 2>/dev/null && echo "renamed $directory"
  (echo evil > "$directory/created") 2>/dev/null && [ "$directory" != .git ] && [ "$directory" != inner/.git ] \
    && echo "created in $directory"
done
true"""
    done = person.call("run", *LIVE, "--", "sh", "-c", script, "sh", *held, cwd=repo)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert contents(repo, held) == before


NEW = {
    "PE-01": ".git/hooks/post-merge", "PE-03": ".git/config.worktree", "PE-04": ".git/commondir",
    "PE-08": "sub/.git", "PE-09": ".vscode/tasks.json", "PE-09 workspace": "x.code-workspace",
    "PE-10": ".idea/x.xml", "PE-10 vim": ".exrc", "PE-11": ".claude/settings.json", "PE-11 hooks": ".claude/hooks/x.sh",
    "PE-11 mcp": ".mcp.json", "PE-13": ".devcontainer/devcontainer.json", "PE-14": ".envrc",
    "PE-14 virtualenv": ".venv/bin/python", "PE-14 site": "sitecustomize.py", "PE-15": ".github/workflows/x.yml",
    "PE-15 pre-commit": ".pre-commit-config.yaml", "FS-39": "paddock.toml",
}  # fmt: skip


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_what_is_created_late_is_gone_while_the_sandbox_runs_and_held(
    person: Person, repo: Path, boundary: tuple[str, ...]
) -> None:
    (repo / ".git/hooks").rename(repo.parent / "no-hooks")  # so that it has to be created
    lines = []
    for path in NEW.values():
        text = "[core]\\n\\tfsmonitor = ./x\\n" if "config" in path else "evil\\n"
        lines += [f"mkdir -p $(dirname {path})", f"printf '{text}' > {path}", SETTLED.format(path), f"echo gone {path}"]
    done = person.call("run", *LIVE, *boundary, "--name", "late", "--", "sh", "-ec", "\n".join(lines), cwd=repo)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [word for path in NEW.values() for word in ("gone", path)]
    assert not [path for path in NEW.values() if os.path.lexists(repo / path)]
    assert held(person, repo, "late") == set(NEW.values())
    assert f"{len(NEW)} dangerous changes moved out of the repository, and held as late" in done.stderr


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_what_builds_and_tests_run_can_be_used_inside_and_is_put_back_at_the_end(
    person: Person, repo: Path, boundary: tuple[str, ...]
) -> None:
    plant(repo, dict(WRITABLE))
    script = """
printf 'all:\\n\\techo evil\\n' > Makefile
printf '{"name": "x", "scripts": {"postinstall": "./x"}}' > package.json
echo 'import sys' > conftest.py
echo 'import os' > setup.py
echo kept > code.txt
sleep 0.2; cat Makefile conftest.py setup.py"""
    done = call(person, repo, script, "--name", "builds", *boundary)
    assert done.stdout == "all:\n\techo evil\nimport sys\nimport os\n", done.stderr
    assert contents(repo, list(WRITABLE)) == WRITABLE
    assert not (repo / "setup.py").exists()
    assert (repo / "code.txt").read_text() == "kept\n"
    assert held(person, repo, "builds") == {"Makefile", "package.json", "conftest.py", "setup.py"}


@pytest.mark.user
@needs("landlock")
def test_without_mounts_what_was_changed_is_put_back(person: Person, repo: Path) -> None:
    plant(repo, EXISTING)
    before = contents(repo, list(EXISTING))
    script = 'for path in "$@"; do echo evil > new-one && mv -f new-one "$path"; done; mv .vscode .v; mv .claude .c'
    done = person.call("run", *LIVE, *LANDLOCK, "--", "sh", "-c", script, "sh", *EXISTING, cwd=repo)
    assert done.returncode == 0, done.stderr
    harmless = ("inner/.git/HEAD", ".gitattributes", ".git/info/exclude")  # evil, it says, and names no program
    after = contents(repo, [name for name in EXISTING if not name.startswith((".vscode", ".claude", *harmless))])
    assert after.items() <= before.items()


def test_a_swapped_parent_brings_nothing_in(person: Person, repo: Path) -> None:
    """FS-38: the file moves along read-only, and what takes its place is put back as it was."""
    plant(repo, {"sub/.envrc": "old\n"})
    script = """
mv sub sub2 && mkdir sub && echo evil > sub/.envrc
(echo evil > sub2/.envrc) 2>/dev/null && echo wrote
while [ "$(cat sub/.envrc)" != old ]; do sleep 0.01; done; echo back"""
    done = call(person, repo, script)
    assert done.stdout == "back\n", done.stderr
    assert contents(repo, ["sub/.envrc", "sub2/.envrc"]) == {"sub/.envrc": "old\n", "sub2/.envrc": "old\n"}


def test_the_agent_commits_as_ever(person: Person, repo: Path) -> None:
    identity = "-c user.name=A -c user.email=a@example.test"
    script = f"""
git switch -q -c topic && echo more >> hello.txt && git add . && git {identity} commit -q -m second
git tag v1 && git {identity} stash list && git switch -q main && git {identity} merge -q --no-ff -m merged topic
git {identity} rebase -q --root && git gc -q && git log --oneline | wc -l"""
    done = call(person, repo, script)
    assert done.stdout.strip() == "2", done.stderr
    assert "dangerous" not in done.stderr
    log = subprocess.run(
        ["git", "log", "--format=%s", "topic"], cwd=repo, env=person.environ, capture_output=True, text=True, check=True
    )
    assert log.stdout.split() == ["second", "first"]


def test_the_hosts_git_runs_nothing_that_was_planted(person: Person, repo: Path) -> None:
    """PE-07, PE-01, PE-02: real git on the host, after a run and with nothing neutralised."""
    evil = "#!/bin/sh\\ntouch $0.ran; touch /tmp/paddock-live-ran-$PPID; touch ../ran ran\\n"
    script = f"""
printf '{evil}' > x && chmod +x x && cp x .git/hooks/post-checkout 2>/dev/null
mkdir -p a && cd a && git init -q . && git config core.fsmonitor ../x && cp ../x .git/hooks/post-checkout && cd ..
git init -q --bare b && git -C b config core.fsmonitor ../x && git -C b config core.bare false
git -C b config core.worktree . ; echo ../a/.git > .git/commondir
printf '[core]\\n\\tfsmonitor = ./x\\n' > .git/config.worktree
true"""
    done = call(person, repo, script)
    assert done.returncode == 0, done.stderr
    for place in (repo, repo / "a", repo / "b"):
        subprocess.run(["git", "status"], cwd=place, env=person.environ, capture_output=True, check=False)
        subprocess.run(["git", "checkout", "-q", "."], cwd=place, env=person.environ, capture_output=True, check=False)
    assert not [path for path in repo.parent.rglob("*ran") if path.name in ("ran", "x.ran")]


def test_what_the_person_changes_meanwhile_where_the_sandbox_cannot_write_stays(person: Person, repo: Path) -> None:
    plant(repo, {".vscode/settings.json": "{}", ".envrc": "old\n"})
    with running(person, repo, *LIVE, command=("sh", "-c", "echo up; read line")) as process:
        (repo / ".vscode/tasks.json").write_text('{"tasks": []}')
        (repo / ".vscode/settings.json.new").write_text('{"x": 1}')
        (repo / ".vscode/settings.json.new").rename(repo / ".vscode/settings.json")
        (repo / ".envrc").write_text("mine\n")
        said = process.communicate("\n")
    assert process.returncode == 0, said
    assert (repo / ".vscode/tasks.json").exists()
    assert (repo / ".vscode/settings.json").read_text() == '{"x": 1}'
    assert (repo / ".envrc").read_text() == "mine\n"


def test_what_the_policy_allows_stays(person: Person, repo: Path) -> None:
    place = person.home / ".config/paddock"
    place.mkdir()
    (place / "policy.toml").write_text('[hazards]\nallow = ["build-make", "shell-direnv:/sub/.envrc"]\n')
    done = call(person, repo, "mkdir sub; echo x > sub/.envrc; echo x > .envrc; printf 'a:\\n\\tb\\n' > Makefile")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in repo.iterdir() if path.is_file()) == ["Makefile", "hello.txt"]
    assert (repo / "sub/.envrc").exists()


def test_what_was_moved_can_be_taken_with_consent(person: Person, repo: Path) -> None:
    plant(repo, {"Makefile": "all:\n\techo old\n"})
    done = call(person, repo, "printf 'all:\\n\\techo new\\n' > Makefile; echo x > .envrc", "--name", "work", "--json")
    assert json.loads(done.stdout)["change_set"] == "work"
    person.call("apply", "--name", "work", cwd=repo)
    assert (repo / "Makefile").read_text() == "all:\n\techo old\n"
    done = person.call("apply", "--name", "work", "--hazards", cwd=repo)
    assert done.returncode == 0, done.stderr
    assert (repo / "Makefile").read_text() == "all:\n\techo new\n"
    assert (repo / ".envrc").read_text() == "x\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_killed_at_any_moment_nothing_dangerous_is_left(person: Person, repo: Path, number: int) -> None:
    plant(repo, dict(WRITABLE))
    script = "printf 'all:\\n\\tevil\\n' > Makefile; echo up; while :; do echo x > .envrc; echo x > conftest.py; done"
    with running(person, repo, *LIVE, command=("sh", "-c", script)) as process:
        process.send_signal(number)
        process.wait(60)
    live = person.home / ".local/state/paddock/live"
    deadline = time.monotonic() + 90
    while os.listdir(live):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert contents(repo, [*WRITABLE, ".envrc"]) == {**WRITABLE, ".envrc": "missing"}
    assert not [name for name in os.listdir(repo) if name.startswith(".paddock")]


def test_killed_together_with_its_watcher_it_is_cleared_by_clean(person: Person, repo: Path) -> None:
    plant(repo, dict(WRITABLE))
    script = "printf 'all:\\n\\tevil\\n' > Makefile; echo up; read line"
    with running(person, repo, *LIVE, command=("sh", "-c", script)) as process:
        children = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=True)
        for pid in (process.pid, *map(int, children.stdout.split())):
            os.kill(pid, signal.SIGSTOP)
        for pid in (*map(int, children.stdout.split()), process.pid):
            os.kill(pid, signal.SIGKILL)
        process.wait(60)
    assert "evil" in (repo / "Makefile").read_text()
    done = person.call("clean", cwd=repo)
    assert done.returncode == 0, done.stderr
    assert "live run" in done.stdout
    assert contents(repo, list(WRITABLE)) == WRITABLE
    assert person.call("clean", "--json", cwd=repo).stdout.count("live run") == 0


def test_earlier_runs_are_recovered_before_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert watching.recover() == []
    assert watching.left() == []
