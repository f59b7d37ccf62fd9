"""Where a run can happen: every name of a directory works, and what cannot be a workspace is told in one message."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from paddock.probes.planting.files import fingerprint
from tests.background import one_message
from tests.capabilities import IS_ROOT, needs

if TYPE_CHECKING:
    from tests.conftest import Person

pytestmark = needs("bubblewrap", "git")
# A mount namespace of the test's own, as the same user, and the way back from the capabilities that it takes.
PRIVATE = ("unshare", "--mount") if IS_ROOT else ("unshare", "--map-current-user", "--keep-caps", "--mount")
LIVE_TOO = ("--accept", "live-hazards-window")
UNPRIVILEGED = "" if IS_ROOT else "setpriv --ambient-caps=-all --inh-caps=-all"


def _named(base: Path, name: bytes) -> Path:
    path = os.fsencode(base) + b"/" + name
    os.makedirs(path)
    return Path(os.fsdecode(path))


class TestRepositories:
    NAMES = (
        b"with space", b"new\nline", b"caf\xc3\xa9", b"not utf-8 \xff\xfe", b"back\\slash", b"comma,colon:percent%",
        b"-dash", b"quote'\"$(true)", b"\\040", b"{descriptor:0}", b"*?[x]", b"\x1b[31mred", b"a" * 200,
    )  # fmt: skip

    @pytest.mark.parametrize("mode", ["review", "scratch", "readonly", "live"])
    @pytest.mark.parametrize("name", NAMES)
    def test_every_name_of_a_directory_works(self, person: Person, tmp_path: Path, name: bytes, mode: str) -> None:
        repo = _named(tmp_path, name)
        (repo / "paddock.toml").write_text("")
        (repo / ".env").write_text("SECRET=1\n")
        script = "pwd; cat .env; echo new > file 2>/dev/null; cat file 2>/dev/null || true"
        done = subprocess.run(
            person.argv("run", *LIVE_TOO, "--workspace", mode, "--", "sh", "-c", script), cwd=repo, env=person.environ,
            stdin=subprocess.DEVNULL, capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        wrote = b"" if mode == "readonly" else b"new\n"
        assert done.stdout == os.fsencode(repo) + b"\n" + wrote
        assert (repo / "file").exists() == (mode == "live")

    @needs("unshare")
    def test_a_repository_in_memory(self, person: Person, repo: Path) -> None:
        script = f"""
mount -t tmpfs tmpfs '{repo}'
cd '{repo}'
echo kept > kept
{UNPRIVILEGED} "$@" && cat kept
"""
        done = subprocess.run(
            [*PRIVATE, "sh", "-c", script, "sh", *person.argv("run", "--", "sh", "-c", "cat kept; rm kept; ls -A")],
            cwd=repo, env=person.environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (0, "kept\nkept\n"), done.stderr

    def test_a_subdirectory_is_where_the_command_starts(self, person: Person, repo: Path) -> None:
        (repo / "deep/er").mkdir(parents=True)
        done = person.call("run", "--", "sh", "-c", "pwd; ls ../../hello.txt", cwd=repo / "deep/er")
        assert done.stdout.splitlines() == [str(repo / "deep/er"), "../../hello.txt"]

    @pytest.mark.parametrize("where", ["/", "/usr", "/tmp", "home", "/etc", "/proc/self", "/dev/shm"])
    def test_what_cannot_be_a_workspace_is_refused(self, person: Person, where: str) -> None:
        done = person.call("run", "--", "true", cwd=person.home if where == "home" else where)
        assert done.returncode == 126
        assert "cannot be the workspace" in one_message(done.stderr)

    @pytest.mark.user
    def test_a_repository_that_cannot_be_read_is_refused(self, person: Person, repo: Path) -> None:
        os.chmod(repo, 0o300)
        try:
            done = person.call("run", "--", "true", cwd=repo)
        finally:
            os.chmod(repo, 0o700)
        assert done.returncode == 126
        assert "cannot be read" in one_message(done.stderr)

    def test_a_directory_that_was_removed_is_told(self, person: Person, tmp_path: Path) -> None:
        gone = tmp_path / "gone"
        gone.mkdir()
        script = 'rmdir "$PWD"; exec "$@"'
        done = subprocess.run(
            ["/bin/sh", "-c", script, "sh", *person.argv("run", "--", "true")], cwd=gone, env=person.environ,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode in (125, 126)
        one_message(done.stderr)

    def test_a_loop_of_links_in_the_repository_harms_nothing(self, person: Person, repo: Path) -> None:
        os.symlink("loop", repo / "loop")
        os.symlink(".", repo / ".env")
        done = person.call("run", "--", "ls", cwd=repo)
        assert done.returncode in (0, 126)
        assert "Traceback" not in done.stderr

    @needs("unshare")
    def test_a_full_disk_is_one_message_and_changes_nothing(self, person: Person, repo: Path) -> None:
        state = person.home / ".local/state"
        before = fingerprint(repo)
        script = f"""
mount -t tmpfs -o size=16k tmpfs '{state}'
mkdir -m 700 '{state}/paddock'
cat /dev/zero > '{state}/paddock/full' 2>/dev/null
exec {UNPRIVILEGED} "$@"
"""
        done = subprocess.run(
            [*PRIVATE, "sh", "-c", script, "sh", *person.argv("run", "--", "touch", "made")], cwd=repo,
            env={**person.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 125, done.stderr
        assert "No space left" in done.stderr
        one_message(done.stderr)
        assert fingerprint(repo) == before

    @needs("unshare")
    def test_a_missing_bubblewrap_is_told_with_the_command_that_installs_it(self, person: Person, repo: Path) -> None:
        script = 'mount --bind /dev/null "$(command -v bwrap)"; exec "$@"'
        user = () if IS_ROOT else ("--user", "--map-root-user")
        done = subprocess.run(
            ["unshare", *user, "--mount", "sh", "-c", script, "sh", *person.argv("run", "--", "touch", "made")],
            cwd=repo, env=person.environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 125
        assert one_message(done.stderr) == "paddock: bubblewrap is not installed"
        assert "install -y bubblewrap" in done.stderr
        assert not (repo / "made").exists()
