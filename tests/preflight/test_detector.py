"""The parent's side: order, death, time, nonsense. What is done to the process here it does to itself on a bad day."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from paddock.preflight import detector, examiner
from paddock.preflight.cache import Secret, Seen
from paddock.preflight.detector import Detector, Item, OutOfTime, Unavailable
from tests.preflight.made_up import compiled_rules, token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def started() -> Iterator[Callable[..., Detector]]:
    made: list[Detector] = []

    def start(**how: float) -> Detector:
        made.append(Detector(str(compiled_rules()), **how))
        return made[-1]

    yield start
    for one in made:
        one.close()


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch, started: Callable[..., Detector]) -> Callable[..., Detector]:
    """A detector that does what the file says."""

    def examined(_: object, path: bytes, data: bytes) -> object:
        if data == b"die":
            os.kill(os.getpid(), signal.SIGKILL)
        if data == b"hang":
            time.sleep(1000)
        if data == b"nonsense":
            return [[1, 2, 3, 4, 5, 6]]
        if data == b"much":
            return ["x" * (1 << 17)]
        if data == b"panic":
            raise SystemExit(3)
        return None if data == b"too much" else [[1, path.decode(), len(data), "high"]]

    def start(**how: float) -> Detector:
        monkeypatch.setattr(examiner, "_load", lambda _: (None, "0"))
        monkeypatch.setattr(examiner, "_examined", examined)
        return started(**how)

    return start


def play(one: Detector, *contents: bytes) -> list[tuple[bytes, bool]]:
    """The answers to some files: each key, and whether the file was looked into."""
    answers: list[tuple[Item, Seen | None]] = []
    for number, data in enumerate(contents):
        answers += one.look(Item(b"%d" % number, f"file{number}", data))
    answers += one.rest()
    return [(item.key, seen is not None) for item, seen in answers]


def test_a_secret_is_found_with_its_line_and_length_and_not_given_back(started: Callable[..., Detector]) -> None:
    one, made_up = started(), token()
    (answer,) = [*one.look(Item(b"key", "config.json", f'\n\n{{"t": "{made_up}"}}\n'.encode())), *one.rest()]
    assert answer[1] == Seen((Secret(3, "github-pat", len(made_up), "high"),))
    assert made_up[4:] not in repr(answer[1])


def test_answers_come_in_order_however_many_and_large_the_files(started: Callable[..., Detector]) -> None:
    contents = [b"x" * size for size in (0, 1, 1 << 20, 5, 2 << 20, 70_000, *range(100))]
    assert play(started(), *contents) == [(b"%d" % number, True) for number in range(len(contents))]


def test_a_file_on_which_it_dies_is_given_up_and_the_next_is_looked_into(scripted: Callable[..., Detector]) -> None:
    assert play(scripted(), b"a", b"die", b"b", b"c") == [(b"0", True), (b"1", False), (b"2", True), (b"3", True)]


@pytest.mark.parametrize("bad", [b"nonsense", b"much", b"panic"])
def test_one_that_talks_nonsense_is_replaced(scripted: Callable[..., Detector], bad: bytes) -> None:
    assert play(scripted(), b"a", bad, b"b") == [(b"0", True), (b"1", False), (b"2", True)]


def test_a_file_on_which_it_hangs_is_given_up(
    scripted: Callable[..., Detector], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = scripted()
    with monkeypatch.context() as impatient:
        impatient.setattr(detector, "HANG_TIMEOUT_S", 0.3)
        assert play(one, b"hang") == [(b"0", False)]
    assert play(one, b"a", b"b") == [(b"0", True), (b"1", True)]


def test_a_file_that_is_too_much_is_given_up_without_a_new_process(scripted: Callable[..., Detector]) -> None:
    one = scripted()
    pid = one._pid
    assert play(one, b"too much", b"b") == [(b"0", False), (b"1", True)]
    assert one._pid == pid


def test_one_that_dies_again_and_again_is_not_there(scripted: Callable[..., Detector]) -> None:
    with pytest.raises(Unavailable, match="again and again"):
        play(scripted(), *[b"die"] * 10)


def test_it_begins_with_no_signal_let_through(
    scripted: Callable[..., Detector], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C goes to all processes at the terminal; the new one must not answer it with the handlers of the old one."""
    fork, blocked = os.fork, list[set[int]]()

    def forked() -> int:
        blocked.append(set(signal.pthread_sigmask(signal.SIG_BLOCK, [])))
        return fork()

    monkeypatch.setattr(os, "fork", forked)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    assert play(scripted(), b"a") == [(b"0", True)]
    assert {signal.SIGINT, signal.SIGTERM, signal.SIGHUP} <= blocked[0]
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before


def test_ctrl_c_while_it_begins_leaves_no_process(
    scripted: Callable[..., Detector], monkeypatch: pytest.MonkeyPatch
) -> None:
    fork, begun = os.fork, list[int]()

    def forked() -> int:
        begun.append(fork())
        if begun[0]:
            signal.raise_signal(signal.SIGINT)
        return begun[0]

    monkeypatch.setattr(os, "fork", forked)
    with pytest.raises(KeyboardInterrupt):
        scripted()
    with pytest.raises(ProcessLookupError):
        os.kill(begun[0], 0)


def test_the_callers_time_is_kept_while_rules_are_compiled(scripted: Callable[..., Detector]) -> None:
    with pytest.raises(OutOfTime):
        play(scripted(until=time.monotonic() + 0.2), b"hang")


def test_without_the_package_it_says_so(started: Callable[..., Detector], monkeypatch: pytest.MonkeyPatch) -> None:
    def load(_: str) -> tuple[object, str]:
        raise ModuleNotFoundError(name="kingfisher_sdk")

    monkeypatch.setattr(examiner, "_load", load)
    with pytest.raises(Unavailable, match="kingfisher-secret-scanner is not there"):
        play(started(), b"a")
    gone = started()
    os.waitid(os.P_PID, gone._pid, os.WEXITED | os.WNOWAIT)
    with pytest.raises(Unavailable, match="kingfisher-secret-scanner is not there"):
        play(gone, b"a")


def test_it_is_gone_when_it_is_closed_and_closing_again_does_nothing(started: Callable[..., Detector]) -> None:
    one = started()
    pid = one._pid
    one.close()
    one.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_no_descriptor_is_left() -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        one = Detector(str(compiled_rules()))
        list(one.look(Item(b"", "x", b"x")))
        one.close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_the_version_is_that_of_the_package() -> None:
    import kingfisher_sdk

    assert detector.version() == kingfisher_sdk.__version__
