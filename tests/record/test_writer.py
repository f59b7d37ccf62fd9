from __future__ import annotations

import fcntl
import json
import os
import random
import resource
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from paddock.errors import PaddockError
from paddock.record import anchors, chain, logs, reading, verifying, writer
from paddock.record.writer import Writer
from tests.forked import forked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from paddock.record.logs import Log

    from .conftest import Session


def lines_of(log: Log) -> list[bytes]:
    return Path(log.path).read_bytes().split(b"\n")[:-1]


def test_a_log_is_written_line_by_line_with_what_every_line_has(session: Callable[..., Session]) -> None:
    log = session(events=1).close()
    first, event, last = map(json.loads, lines_of(log))
    assert first["repository"] == "/home/person/a repo"
    assert first["schema"] == chain.SCHEMA
    assert event == {
        "seq": 1, "t": event["t"], "kind": "connect", "sandbox": "amber-fern", "plan": "ab" * 32,
        "prev": chain.digest(lines_of(log)[0]), "name": "0.example.test", "port": 443, "verdict": "allowed",
    }  # fmt: skip
    assert abs(event["t"] / 1000 - time.time()) < 3600
    assert last["kind"] == "closed"


def test_names_of_any_bytes_stay_on_their_line(session: Callable[..., Session]) -> None:
    made = session(events=0)
    odd = ["\n", '"}\n{"kind":"x"}', "\u2028", "\udcff\udc80", "\0", "\x1b[2J", "\U0001f600", ""]
    for name in odd:
        made.writer.append("dns", name=name)
    log = made.close()
    assert [json.loads(line)["name"] for line in lines_of(log)[1:-1]] == odd
    assert verifying.verify(log).state == "whole"


def test_what_every_line_has_cannot_be_given_otherwise(session: Callable[..., Session]) -> None:
    made = session(events=0)
    made.writer.append("dns", seq=9, prev="x", plan="x", sandbox="x", t=1)
    assert verifying.verify(made.close()).state == "whole"


def test_long_text_is_cut_so_that_every_line_can_be_read(session: Callable[..., Session]) -> None:
    made = session(events=0)
    made.writer.append("grant", reason="\U0001f600" * 100_000)
    log = made.close()
    assert len(lines_of(log)[1]) <= chain.LONGEST
    assert verifying.verify(log).state == "whole"


def test_a_full_log_is_closed_with_the_reason(session: Callable[..., Session]) -> None:
    made = session(events=0, limit_bytes=6000)
    for _ in range(100):
        made.writer.append("connect", name="x" * 100)
    assert made.broken == ["yes"]
    assert made.writer.broken == "the record is full"
    anchor = made.writer.close(ended=made.writer.broken)
    made.let_go()
    anchors.write(made.log.path, anchor)
    assert Path(made.log.path).stat().st_size <= 6000
    assert json.loads(lines_of(made.log)[-1])["ended"] == "the record is full"
    assert verifying.verify(made.log).state == "whole"


def test_nothing_is_written_behind_the_last_line(session: Callable[..., Session]) -> None:
    made = session()
    made.writer.close()
    before = Path(made.log.path).read_bytes()
    made.writer.append("dns", name="late.test")
    assert Path(made.log.path).read_bytes() == before
    made.let_go()


def test_a_device_that_takes_nothing_breaks_the_writer() -> None:
    broken: list[bool] = []
    with open("/dev/full", "wb") as full:
        made = Writer(full.fileno(), "s", "p", limit_bytes=1 << 20, on_broken=lambda: broken.append(True))
        made.begin()
        made.append("dns", name="x")
    assert broken == [True]
    assert "No space left" in made.broken
    assert made.anchor.count == 0


def test_a_line_that_could_not_be_written_in_full_is_the_last_thing_in_the_file(
    session: Callable[..., Session],
) -> None:
    made = session(events=2)
    whole = Path(made.log.path).read_bytes()

    def fill() -> tuple[str, int]:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + 50, len(whole) + 50))
        made.writer.append("dns", name="one.test")
        made.writer.append("dns", name="two.test")
        anchor = made.writer.close()
        return made.writer.broken, anchor.count

    assert forked(fill) == ("the record could not be written in full", 3)
    made.let_go()
    assert Path(made.log.path).read_bytes()[: len(whole)] == whole
    found = verifying.verify(made.log)
    assert (found.state, found.count, found.line) == ("open", 3, 4)
    assert "line 4 was not written in full (50 bytes)" in found.what


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", place], check=True)
    yield place
    subprocess.run(["umount", place], check=True)


@pytest.mark.root
def test_a_full_disk_ends_the_log_and_what_was_written_before_is_whole(small_disk: Path) -> None:
    path = str(small_disk / "20261121T000000Z-full.jsonl")
    descriptor = writer.open_to_append(path)
    made = Writer(descriptor, "full", "p", limit_bytes=1 << 20, on_broken=lambda: None)
    made.begin()
    for number in range(1000):
        made.append("dns", name=f"{number}.example.test" + "x" * number)
    assert made.broken
    made.close()
    os.close(descriptor)
    found = verifying.verify(logs.Log("full", path))
    assert found.state == "open"
    assert found.count == made.anchor.count > 50
    with pytest.raises((OSError, PaddockError)):
        anchors.write(path, made.anchor)
    assert anchors.read(path) is None


def test_a_writer_that_is_killed_at_any_moment_leaves_a_chain(state: Path) -> None:
    """Killed between two instructions, twenty times."""
    rolls = random.Random(4)
    for _ in range(20):
        path = logs.create("killed")
        pid = os.fork()
        if pid == 0:
            made = Writer(writer.open_to_append(path), "killed", "p", limit_bytes=1 << 28, on_broken=lambda: None)
            made.begin()
            while True:
                made.append("dns", name="x" * rolls.randrange(1500))
        while not Path(path).stat().st_size:
            time.sleep(0.001)
        time.sleep(rolls.random() * 0.01)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        found = verifying.verify(logs.find())
        assert found.state == "open", found
        assert found.count >= 1
        assert "not closed" in found.what
        os.unlink(path)
    assert state.exists()


def test_a_log_is_live_as_long_as_anybody_holds_its_descriptor(session: Callable[..., Session]) -> None:
    made = session()
    reader = logs.open_to_read(made.log.path)
    stop, begun = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(begun)
        os.read(stop, 1)
        os._exit(0)
    os.close(stop)
    made.let_go()
    assert logs.is_live(reader)  # the child has it
    os.close(begun)
    os.waitpid(pid, 0)
    assert not logs.is_live(reader)
    os.close(reader)


def test_whoever_looks_at_a_log_keeps_no_writer_out(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session opens its log just while another Paddock, at any point of it, asks whether somebody writes there."""
    path = logs.create("amber-fern")
    reader, opened = logs.open_to_read(path), list[int]()
    for module, name in ((fcntl, "flock"), (fcntl, "fcntl")):
        ask = getattr(module, name)

        def asked(*arguments: object, ask: Callable[..., object] = ask) -> object:
            answer = ask(*arguments)
            if arguments[0] == reader and not opened:
                opened.append(writer.open_to_append(path))
            return answer

        monkeypatch.setattr(module, name, asked)
    assert not logs.is_live(reader)
    assert len(opened) == 1
    assert logs.is_live(reader)
    for descriptor in (*opened, reader):
        os.close(descriptor)


def test_a_link_in_the_log_s_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("")
    (tmp_path / "log.jsonl").symlink_to("there")
    with pytest.raises(OSError):
        writer.open_to_append(str(tmp_path / "log.jsonl"))


def test_writing_needs_no_file_after_preloading(session: Callable[..., Session]) -> None:
    """The gateway cannot open any when it begins to write."""
    made = session(events=0)
    descriptor = made.descriptor

    def write() -> int:
        writer.preload()
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
        own = Writer(descriptor, "amber-fern", "ab" * 32, limit_bytes=1 << 20, on_broken=lambda: None)
        own.append("dns", name="\u20ac")
        return own.anchor.count

    assert forked(write) == 1
    made.let_go()
    assert sum(1 for line in reading.events(made.log) if line) == 2
