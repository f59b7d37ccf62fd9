"""Rootless podman's pause process, played by a program of that name."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from paddock import pausing


def pid_file(runtime: Path, content: str) -> None:
    directory = runtime / "libpod/tmp"
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "pause.pid").write_text(content)


@pytest.mark.parametrize("name", ["catatonit", "podman"])
def test_the_one_of_that_runtime_directory_is_ended(tmp_path: Path, name: str) -> None:
    (tmp_path / name).symlink_to("/usr/bin/sleep")
    with subprocess.Popen([tmp_path / name, "600"]) as process:
        # execve(2) lets the caller of vfork(2) go on a moment before the new program has its name.
        while not Path(f"/proc/{process.pid}/cmdline").read_bytes().startswith(os.fsencode(tmp_path)):
            assert process.poll() is None
        pid_file(tmp_path, str(process.pid))
        pausing.end(str(tmp_path))
        try:
            assert process.wait(30) == -9
        finally:
            process.kill()


def test_a_pid_file_that_names_somebody_else_hurts_nobody(tmp_path: Path) -> None:
    pausing.end(str(tmp_path))
    with subprocess.Popen(["/usr/bin/sleep", "600"]) as process:
        for content in (str(process.pid), str(os.getpid()), "0", "-1", "nonsense", "", str(2**40)):
            pid_file(tmp_path, content)
            pausing.end(str(tmp_path))
        assert process.poll() is None
        process.kill()
