"""A command between two others: what passes, what is held up, what is lost, and what it can do to either side."""

from __future__ import annotations

import array
import fcntl
import os
import select
import socket
import subprocess
import termios
from typing import TYPE_CHECKING

import pytest

from paddock.boundary.base import GAPS
from tests.background import running
from tests.boundary.field import wait_for
from tests.capabilities import IS_ROOT, needs
from tests.real.support import processes_with

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from tests.conftest import Person

NOT_ACCEPTABLE = {"root", "workspace-review", "network-destinations", "published-ports"}
LANDLOCK = (
    *("--boundary", "landlock", "--minimum", "landlock", "--workspace", "live"),
    *(word for gap in GAPS if gap not in NOT_ACCEPTABLE for word in ("--accept", gap)),
)
BOUNDARIES = [pytest.param((), id="bubblewrap")]
BOUNDARIES += [] if IS_ROOT else [pytest.param(LANDLOCK, id="landlock", marks=needs("landlock"))]


def ran(person: Person, repo: Path, script: str, *options: str, **streams: Any) -> subprocess.CompletedProcess[bytes]:
    streams.setdefault("stdin", subprocess.DEVNULL)
    streams.setdefault("stdout", subprocess.PIPE)
    return subprocess.run(
        person.argv("run", "--quiet", *options, "--", "sh", "-c", script), cwd=repo, env=person.environ,
        stderr=streams.pop("stderr", subprocess.PIPE), check=False, timeout=60, **streams,
    )  # fmt: skip


def waiting(pipe: int) -> int:
    count = array.array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, count)
    return count[0]


@needs("bubblewrap", "git")
@pytest.mark.parametrize("boundary", BOUNDARIES)
class TestPipeline:
    def test_everything_arrives_however_slow_the_reader_is(
        self, person: Person, repo: Path, boundary: tuple[str, ...]
    ) -> None:
        script = "head -c 700000 /dev/zero; printf 'last words'; exit 5"
        process = subprocess.Popen(
            person.argv("run", "--quiet", *boundary, "--", "sh", "-c", script), cwd=repo, env=person.environ,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        )  # fmt: skip
        with process:
            assert process.stdout
            seen = b""
            while piece := os.read(process.stdout.fileno(), 1000):
                seen += piece
        assert (process.returncode, seen[-10:], len(seen)) == (5, b"last words", 700_010)

    def test_input_arrives_whole_from_a_pipe_a_file_and_a_connection(
        self, person: Person, repo: Path, tmp_path: Path, boundary: tuple[str, ...]
    ) -> None:
        data = os.urandom(300_000)
        (tmp_path / "file").write_bytes(data)
        piped = subprocess.run(
            person.argv("run", "--quiet", *boundary, "--", "cat"), cwd=repo, env=person.environ, input=data,
            capture_output=True, check=False,
        )  # fmt: skip
        assert piped.stdout == data
        with open(tmp_path / "file", "rb") as file:
            assert ran(person, repo, "cat", *boundary, stdin=file).stdout == data
        here, there = socket.socketpair()
        with here, there:
            process = subprocess.Popen(
                person.argv("run", "--quiet", *boundary, "--", "cat"),
                cwd=repo,
                env=person.environ,
                stdin=there.fileno(),
                stdout=there.fileno(),
            )
            there.close()
            seen, left = b"", memoryview(data)
            here.setblocking(False)
            while len(seen) < len(data):
                readable, writable, _ = select.select([here], [here] if left else [], [], 60)
                if writable:
                    left = left[here.send(left) :]
                    if not left:
                        here.shutdown(socket.SHUT_WR)
                if readable:
                    seen += here.recv(65536)
            assert process.wait(60) == 0
        assert seen == data

    def test_who_writes_on_in_the_background_holds_nothing_up(
        self, person: Person, repo: Path, boundary: tuple[str, ...]
    ) -> None:
        done = ran(person, repo, "yes & echo over >&2; exit 4", *boundary)
        assert (done.returncode, done.stderr) == (4, b"over\n")

    def test_a_connection_whose_other_side_leaves_ends_the_command(
        self, person: Person, repo: Path, boundary: tuple[str, ...]
    ) -> None:
        here, there = socket.socketpair()
        with here, there:
            process = subprocess.Popen(
                person.argv("run", "--quiet", *boundary, "--", "yes"), cwd=repo, env=person.environ,
                stdin=subprocess.DEVNULL, stdout=there.fileno(),
            )  # fmt: skip
            there.close()
            here.recv(100)
        assert process.wait(60) == 141

    def test_a_full_device_is_told_and_no_success(self, person: Person, repo: Path, boundary: tuple[str, ...]) -> None:
        with open("/dev/full", "w") as full:
            done = ran(person, repo, "echo words", *boundary, stdout=full)
        assert done.returncode == 125
        assert b"standard output could not be written: No space left on device" in done.stderr

    @pytest.mark.parametrize("flags", [os.O_TRUNC, os.O_APPEND], ids=["written", "appended to"])
    def test_output_and_errors_in_one_file_keep_their_order(
        self, person: Person, repo: Path, tmp_path: Path, boundary: tuple[str, ...], flags: int
    ) -> None:
        script = "for n in $(seq 200); do echo out $n; echo err $n >&2; done"
        both = os.open(tmp_path / "both", os.O_WRONLY | os.O_CREAT | flags, 0o600)
        assert ran(person, repo, script, *boundary, stdout=both, stderr=both).returncode == 0
        os.close(both)
        expected = [f"{where} {n}" for n in range(1, 201) for where in ("out", "err")]
        assert (tmp_path / "both").read_text().splitlines() == expected

    def test_a_file_as_output_is_only_written_to(
        self, person: Person, repo: Path, tmp_path: Path, boundary: tuple[str, ...]
    ) -> None:
        """Not executable by set-uid, not older, not shorter, not read back, not overwritten."""
        place = tmp_path / "output"
        place.write_text("of the host\n")
        attack = """
import os
for attempt in (lambda: os.fchmod(1, 0o4755), lambda: os.utime(1, (1, 1)), lambda: os.ftruncate(1, 0),
                lambda: os.pwrite(os.open("/proc/self/fd/1", os.O_RDWR), b"overwritten", 0),
                lambda: os.lseek(1, 0, os.SEEK_SET), lambda: os.set_blocking(1, False)):
    try:
        attempt()
    except OSError:
        pass
print("said")
"""
        with open(place, "a") as output:
            done = ran(person, repo, f"python3 -c '{attack}'", *boundary, stdout=output)
            assert os.get_blocking(output.fileno())
        assert done.returncode == 0, done.stderr
        found = place.stat()
        assert (found.st_mode & 0o7777, found.st_mtime > 1) == (0o644 & ~os.umask(os.umask(0)), True)
        assert place.read_text().startswith("of the host\n")
        assert place.read_text().endswith("said\n")

    def test_pipes_of_the_caller_carry_nothing_the_other_way(
        self, person: Person, repo: Path, boundary: tuple[str, ...]
    ) -> None:
        read, write = os.pipe()
        out_read, out_write = os.pipe()
        os.write(out_write, b"of another program\n")
        attack = """
import os
for number, flags in ((0, os.O_WRONLY), (1, os.O_RDONLY)):
    try:
        end = os.open(f"/proc/self/fd/{number}", flags | os.O_NONBLOCK)
        if number:
            os.write(2, os.read(end, 100))
        else:
            os.write(end, b"injected")
    except OSError:
        pass
"""
        done = ran(person, repo, f"python3 -c '{attack}'", *boundary, stdin=read, stdout=out_write)
        assert (done.returncode, done.stderr, waiting(read)) == (0, b"", 0)
        assert os.read(out_read, 100) == b"of another program\n"
        for descriptor in (read, write, out_read, out_write):
            os.close(descriptor)

    def test_standard_streams_can_be_opened_by_name(
        self, person: Person, repo: Path, tmp_path: Path, boundary: tuple[str, ...]
    ) -> None:
        (tmp_path / "in").write_text("words\n")
        with open(tmp_path / "in") as given, open(tmp_path / "out", "w") as output:
            done = ran(
                person,
                repo,
                "cat /dev/stdin > /dev/stdout; echo e > /dev/stderr",
                *boundary,
                stdin=given,
                stdout=output,
            )
        assert ((tmp_path / "out").read_text(), done.stderr) == ("words\n", b"e\n")

    def test_a_loop_over_a_file_loses_no_line_to_its_commands(
        self, person: Person, repo: Path, tmp_path: Path, boundary: tuple[str, ...]
    ) -> None:
        (tmp_path / "list").write_text("one\ntwo\nthree\n")
        loop = 'while read -r line; do "$@" "$line"; done'
        with open(tmp_path / "list") as lines:
            done = subprocess.run(
                ["/bin/sh", "-c", loop, "sh", *person.argv("run", "--quiet", *boundary, "--", "echo")], cwd=repo,
                env=person.environ, stdin=lines, capture_output=True, text=True, check=False,
            )  # fmt: skip
        assert done.stdout == "one\ntwo\nthree\n"

    @pytest.mark.parametrize("command", ["no-such-program", "/etc"])
    def test_a_command_that_cannot_start_has_read_nothing(
        self, person: Person, repo: Path, boundary: tuple[str, ...], command: str
    ) -> None:
        read, write = os.pipe()
        os.write(write, b"for another")
        process = subprocess.run(
            person.argv("run", *boundary, "--", command), cwd=repo, env=person.environ, stdin=read,
            capture_output=True, check=False,
        )  # fmt: skip
        assert process.returncode in (126, 127)
        assert waiting(read) == len(b"for another")
        os.close(read)
        os.close(write)

    def test_the_callers_open_files_are_as_they_were(
        self, person: Person, repo: Path, boundary: tuple[str, ...]
    ) -> None:
        read, write = os.pipe()
        out_read, out_write = os.pipe()
        os.set_blocking(out_write, False)  # as some callers have it
        before = [os.fstat(end)[:6] for end in (read, out_write)]
        process = subprocess.Popen(
            person.argv("run", "--quiet", *boundary, "--", "sh", "-c", "echo up; cat"), cwd=repo, env=person.environ,
            stdin=read, stdout=out_write,
        )  # fmt: skip
        with process:
            assert os.read(out_read, 3) == b"up\n"
            assert (os.get_blocking(read), os.get_blocking(out_write)) == (True, False)
            assert [os.fstat(end)[:6] for end in (read, out_write)] == before
            os.close(read)
            os.close(write)
        assert process.returncode == 0
        os.close(out_read)
        os.close(out_write)

    def test_an_end_that_was_asked_for_does_not_wait_for_a_reader(
        self, person: Person, repo: Path, tmp_path: Path, boundary: tuple[str, ...]
    ) -> None:
        script, mark = "head -c 120000 /dev/zero; echo over >&2", f"mark-{os.getpid()}-{tmp_path.name}"
        process = subprocess.Popen(
            person.argv("run", "--quiet", *boundary, "--", "sh", "-c", script, mark), cwd=repo, env=person.environ,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        with process:
            assert process.stderr
            assert process.stderr.readline() == b"over\n"
            # Not before the command has ended, which it would reach; and once, since another one would end the last words.
            wait_for(lambda: not [line for line in processes_with(mark) if " run " not in line])
            process.terminate()
            assert b"bytes of standard output were not taken and are lost" in process.stderr.read()


@needs("bubblewrap", "git")
class TestOtherWaysIn:
    def test_exec_has_streams_of_its_own_too(self, person: Person, repo: Path, tmp_path: Path) -> None:
        with running(person, repo, "--name", "it"), open(tmp_path / "out", "w") as output:
            done = subprocess.run(
                person.argv("exec", "it", "--", "sh", "-c", "cat; chmod 4755 /proc/self/fd/1; readlink /proc/self/fd/1 >&2"),
                cwd=repo, env=person.environ, input=b"words\n", stdout=output, stderr=subprocess.PIPE, check=False,
            )  # fmt: skip
        assert (tmp_path / "out").read_text() == "words\n"
        assert (tmp_path / "out").stat().st_mode & 0o7000 == 0
        assert b"\npipe:" in b"\n" + done.stderr

    def test_a_sandbox_that_is_kept_has_said_everything_and_holds_no_pipe(self, person: Person, repo: Path) -> None:
        try:
            done = ran(person, repo, "sleep 600 & head -c 100000 /dev/zero", "--keep", "--name", "kept")
            assert (done.returncode, len(done.stdout)) == (0, 100_000)  # and communicate() saw the end
        finally:
            assert person.call("kill", "--now", "kept", cwd=repo).returncode == 0
