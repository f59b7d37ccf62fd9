from __future__ import annotations

import itertools
import os
import resource
import signal
import sys
import time
from typing import TYPE_CHECKING

import pytest

from paddock.errors import PaddockError
from paddock.process import SYSTEM_PATH, Finished, feed, find, run, start

if TYPE_CHECKING:
    from pathlib import Path


def test_output_status_and_input_are_handed_over_as_bytes() -> None:
    done = run(("/bin/sh", "-c", "cat; echo oops >&2; exit 3"), environment={}, stdin=b"\xff\x00hello")
    assert done == Finished(3, b"\xff\x00hello", b"oops\n")


def test_a_signal_is_a_negative_status() -> None:
    done = run(("/bin/sh", "-c", "kill -TERM $$"), environment={})
    assert done.status == -signal.SIGTERM


def test_the_environment_is_exactly_what_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY_TOKEN", "canary")
    done = run(("/usr/bin/env",), environment={"ONLY": "this"})
    assert done.stdout == b"ONLY=this\n"


def test_no_descriptor_is_inherited() -> None:
    read, write = os.pipe()
    try:
        os.set_inheritable(read, True)
        done = run(("/bin/sh", "-c", "ls /proc/$$/fd"), environment={"PATH": "/bin"})
        assert str(read).encode() not in done.stdout.split()
    finally:
        os.close(read)
        os.close(write)


def test_a_program_must_be_absolute() -> None:
    with pytest.raises(ValueError, match="not an absolute program: 'true'"):
        run(("true",), environment={"PATH": "/bin"})


def test_a_missing_program_is_an_error_that_names_it() -> None:
    with pytest.raises(PaddockError, match="/nowhere/true could not be started") as caught:
        run(("/nowhere/true",), environment={})
    assert "No such file" in caught.value.why


def test_a_program_that_hangs_is_ended_and_named() -> None:
    with pytest.raises(PaddockError, match=r"/bin/sleep did not end within 0\.1 s"):
        run(("/bin/sleep", "60"), environment={}, timeout_s=0.1)


def test_programs_are_never_found_through_the_callers_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bwrap-of-the-repository").write_text("#!/bin/sh\n")
    (tmp_path / "bwrap-of-the-repository").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find("bwrap-of-the-repository") is None
    assert find("sh") in {f"{directory}/sh" for directory in SYSTEM_PATH}


def test_only_an_executable_file_is_a_program(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("")
    (tmp_path / "directory").mkdir()
    (tmp_path / "tool").write_text("#!/bin/sh\n")
    (tmp_path / "tool").chmod(0o755)
    places = (str(tmp_path),)
    assert find("notes", places) is None
    assert find("directory", places) is None
    assert find("tool", places) == f"{tmp_path}/tool"


def test_descriptors_are_used_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"some\0bytes")
    with open(tmp_path / "in", "rb") as source, open(tmp_path / "out", "wb") as target:
        done = run(("/bin/cat",), environment={}, stdin=source.fileno(), stdout=target.fileno())
    assert done == Finished(0, b"", b"")
    assert (tmp_path / "out").read_bytes() == b"some\0bytes"


def test_a_limit_binds_the_program(tmp_path: Path) -> None:
    with open(tmp_path / "out", "wb") as target:
        done = run(
            ("/bin/sh", "-c", "read begin; exec head -c 100000 /dev/zero"),
            environment={"PATH": "/bin:/usr/bin"},
            stdin=b"now\n",
            stdout=target.fileno(),
            limits={resource.RLIMIT_FSIZE: 1000},
        )
    assert done.status in (-signal.SIGXFSZ, 1)
    assert (tmp_path / "out").stat().st_size <= 1000


@pytest.mark.root
def test_root_runs_a_program_as_its_owner_without_groups_of_its_own() -> None:
    done = run(("/usr/bin/id",), environment={"LC_ALL": "C"}, owner=(12345, 23456))
    assert done.stdout == b"uid=12345 gid=23456 groups=23456\n"


def test_what_is_fed_arrives_as_it_was_made(tmp_path: Path) -> None:
    feed(
        ("/bin/sh", "-c", 'cat > "$OUT"'),
        (f"{number}\n".encode() for number in range(3)),
        environment={"PATH": "/bin:/usr/bin", "OUT": str(tmp_path / "out")},
    )
    assert (tmp_path / "out").read_bytes() == b"0\n1\n2\n"


def test_a_program_need_not_take_all_that_it_could() -> None:
    endless = itertools.repeat(b"x" * 65536)
    feed(("/bin/true",), endless, environment={})


def test_what_breaks_the_feeding_is_raised_when_the_program_has_ended(tmp_path: Path) -> None:
    def pieces():
        yield b"first"
        raise PaddockError("broken")

    with pytest.raises(PaddockError, match="broken"):
        feed(("/bin/sh", "-c", 'cat > "$OUT"'), pieces(), environment={"OUT": f"{tmp_path}/out", "PATH": "/bin"})
    assert (tmp_path / "out").read_bytes() == b"first"


def test_an_interrupt_is_for_the_program_that_is_fed() -> None:
    def pieces():
        signal.raise_signal(signal.SIGINT)
        yield b"x"

    feed(("/bin/cat",), pieces(), environment={})
    assert signal.getsignal(signal.SIGINT) == signal.default_int_handler


def test_only_an_absolute_program_that_is_there_is_fed() -> None:
    with pytest.raises(ValueError, match="not an absolute program"):
        feed(("cat",), (), environment={})
    with pytest.raises(PaddockError, match="/nowhere/cat could not be started"):
        feed(("/nowhere/cat",), (), environment={})


def test_a_program_beside_us_is_spoken_to_by_lines() -> None:
    started = start(("/bin/cat",), environment={})
    started.write(b"hello\nmore")
    assert started.read_line() == b"hello\n"
    assert started.wait(0) is None
    assert started.end(60) == 0


def test_a_program_that_does_not_end_is_killed_with_what_it_started() -> None:
    started = start(("/bin/sh", "-c", "sleep 600 & echo $!; trap '' TERM; exec sleep 600"), environment={})
    child = int(started.read_line())
    assert started.end(0) == -signal.SIGKILL
    deadline = time.monotonic() + 60
    while _lives(child):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _lives(pid: int) -> bool:
    """Not waited for by us: who is dead may stay as a zombie for a while."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # reaped before it was opened, or before it was read: proc(5)
        return False


def test_what_it_said_and_nobody_read_can_be_asked_for_without_waiting() -> None:
    started = start(("/bin/cat",), environment={})
    assert started.read_waiting() == b""
    started.write(b"x")
    while not (said := started.read_waiting()):
        pass
    assert said == b"x"
    started.end()


def test_it_gets_the_streams_and_descriptors_that_are_passed_and_no_others(tmp_path: Path) -> None:
    here, there = os.pipe()
    _, unused = pipe = os.pipe()
    os.set_inheritable(unused, True)
    null = os.open(os.devnull, os.O_RDWR)
    script = f"import os; os.write({there}, b'through'); os.fstat({unused})"
    argv, streams = (sys.executable, "-c", script), (null, null, null)
    started = start(argv, environment={}, streams=streams, passed=(there,), cwd=str(tmp_path))
    assert started.end(60) == 1  # `unused` is not there
    assert os.read(here, 100) == b"through"
    for descriptor in (here, there, *pipe, null):
        os.close(descriptor)


def test_a_program_that_cannot_start_beside_us_says_so() -> None:
    with pytest.raises(PaddockError, match="could not be started"):
        start(("/nonexistent/program",), environment={})
    with pytest.raises(ValueError, match="not an absolute"):
        start(("cat",), environment={})
