"""What the gateway's process is while it serves, seen from outside in /proc."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import socket
import stat
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from paddock.gateway import serving as serving_module
from paddock.gateway.record import Summary
from paddock.plan.model import Rule
from paddock.policy.model import Origin
from tests import capabilities

if TYPE_CHECKING:
    from pathlib import Path

    from paddock.gateway.server import Gateway
    from tests.gateway.conftest import Allow, Sandbox, Upstreams

MakeRule = Callable[..., Rule]


@pytest.fixture
def serving(sandbox: Sandbox, allow: Allow, upstreams: Upstreams, rule: MakeRule) -> Gateway:
    """A gateway that has answered, so that it is past its beginning."""
    gateway = allow(rule("web.example.test", 80, upstreams.http))
    works(sandbox)
    return gateway


def works(sandbox: Sandbox) -> None:
    assert sandbox.python("print(urlopen('http://web.example.test/big/3', timeout=20).read())").strip() == "b'xxx'"


def status(pid: int) -> dict[str, str]:
    with open(f"/proc/{pid}/status") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def test_it_has_no_privilege_and_cannot_gain_one(serving: Gateway) -> None:
    found = status(serving.pid)
    assert found["NoNewPrivs"] == "1"
    assert {found[name].strip("0") for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {""}
    expected = 70001 if capabilities.IS_ROOT else os.getuid()
    assert {int(number) for name in ("Uid", "Gid") for number in found[name].split()} == {expected}
    if capabilities.IS_ROOT:
        assert found["Groups"].strip() == ""


def test_it_is_outside_of_the_sandbox(serving: Gateway) -> None:
    if not capabilities.IS_ROOT:
        # Non-dumpable: not even its own user may look.
        with pytest.raises(PermissionError):
            os.readlink(f"/proc/{serving.pid}/ns/net")
        return
    for name in ("net", "mnt", "user", "pid"):
        assert os.readlink(f"/proc/{serving.pid}/ns/{name}") == os.readlink(f"/proc/self/ns/{name}")


def test_nobody_without_privileges_may_read_it(serving: Gateway) -> None:
    for name in ("fd", "environ", "mem", "maps"):
        assert os.stat(f"/proc/{serving.pid}/{name}").st_uid == 0


@pytest.mark.root  # the process is closed to its own user, see above
def test_it_holds_sockets_its_record_and_the_places_of_its_words_and_nothing_else(
    serving: Gateway, allow: Allow
) -> None:
    opened = [os.readlink(f"/proc/{serving.pid}/fd/{number}") for number in os.listdir(f"/proc/{serving.pid}/fd")]
    kinds = {name.split(":")[0] for name in opened}
    assert kinds == {"socket", "pipe", "/memfd", "anon_inode", "/dev/null", str(allow.record)}
    assert opened.count("/dev/null") == 3
    assert os.readlink(f"/proc/{serving.pid}/cwd") == "/"


def test_signals_of_a_terminal_are_not_for_it(serving: Gateway, sandbox: Sandbox) -> None:
    assert os.getsid(serving.pid) == serving.pid
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGTTIN, signal.SIGHUP, signal.SIGPIPE):
        os.kill(serving.pid, number)
    works(sandbox)


Attempt = Callable[[Callable[[], object]], str]


@pytest.fixture
def instead(sandbox: Sandbox, allow: Allow, monkeypatch: pytest.MonkeyPatch) -> Attempt:
    """Do something in a gateway's process at the point where it would begin to serve; what came of it."""

    def attempt(what: Callable[[], object]) -> str:
        def serve(*_: object) -> Summary:
            try:
                return Summary(ended=f"{what()}")
            except Exception as error:  # noqa: BLE001 - whatever it is, is the answer
                return Summary(ended=type(error).__name__)

        monkeypatch.setattr(serving_module, "serve", serve)
        gateway = allow(Rule("web.example.test", 80, Origin("flag")))
        process = os.pidfd_open(gateway.pid)
        assert select.select([process], [], [], 20)[0]
        os.close(process)
        return gateway.stop().ended

    return attempt


@pytest.mark.filterwarnings("ignore:sys.meta_path is empty:ImportWarning")
def test_it_can_import_nothing_any_more(instead: Attempt) -> None:
    """A late import would read from the caller's working directory, which may be the agent's."""
    assert instead(lambda: __import__("this")) == "ModuleNotFoundError"


@capabilities.needs("landlock")
def test_it_reads_no_files_of_the_person_and_writes_none(instead: Attempt, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    tmp_path.chmod(0o777)
    (tmp_path / "secret").chmod(0o666)
    assert instead((tmp_path / "secret").read_text) == "PermissionError"
    assert instead(lambda: (tmp_path / "secret").write_text("y")) == "PermissionError"
    assert instead((tmp_path / "new").touch) == "PermissionError"
    assert instead(lambda: os.listdir(os.path.expanduser("~"))) == "PermissionError"


def record_of_this_process() -> int:
    """The one regular file that a gateway has open."""

    def is_file(number: int) -> bool:
        try:
            return stat.S_ISREG(os.fstat(number).st_mode)
        except OSError:
            return False

    return next(filter(is_file, range(3, 100)))


@pytest.mark.parametrize(
    "change",
    [
        lambda record: os.ftruncate(record, 0),
        lambda record: os.pwrite(record, b"x", 0),
        lambda record: fcntl.fcntl(record, fcntl.F_SETFL, 0),
        lambda record: os.open(f"/proc/self/fd/{record}", os.O_RDWR),
    ],
)
def test_it_can_add_to_its_record_and_not_change_it(
    instead: Attempt, allow: Allow, change: Callable[[int], object]
) -> None:
    """Whoever takes the gateway over cannot take back what it has written (threats A9, E21)."""
    assert instead(lambda: change(record_of_this_process())) == "PermissionError"
    assert instead(lambda: os.write(record_of_this_process(), b"more\n")) == "5"
    assert allow.record.with_suffix(".1.jsonl").read_bytes() == b"more\n"


def test_it_starts_no_program_and_no_process(instead: Attempt) -> None:
    assert instead(lambda: os.execv("/bin/true", ["true"])) == "PermissionError"
    assert instead(os.fork) == "PermissionError"


def test_it_resolves_names_all_the_same(instead: Attempt) -> None:
    assert "127.0.0.1" in instead(lambda: socket.getaddrinfo(b"localhost", 80, socket.AF_INET))
