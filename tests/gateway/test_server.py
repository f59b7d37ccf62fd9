"""A gateway's life: started, stopped, killed, orphaned; and what is never reachable through it."""

from __future__ import annotations

import os
import select
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from paddock.errors import PaddockError, PolicyError
from paddock.frozen import replace
from paddock.gateway import server
from paddock.gateway.server import Summary
from paddock.plan.model import Network, Rule
from paddock.policy.model import Origin
from paddock.record import anchors
from paddock.record.logs import Log
from paddock.record.verifying import verify
from paddock.record.writer import open_to_append
from tests.gateway.conftest import BOTH_WAYS
from tests.gateway.signs import SIGN, at_the_sign

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.gateway.conftest import Allow, Sandbox, Upstreams

    MakeRule = Callable[..., Rule]

ORIGIN = Origin("flag")
WEB = "web.example.test"
SOURCE = str(Path(server.__file__).parents[2])
FETCH = f"print(urlopen('http://{WEB}/big/3', timeout=20).read())"


def descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@BOTH_WAYS
def test_after_stop_nothing_is_left(sandbox: Sandbox, allow: Allow, upstreams: Upstreams, rule: MakeRule) -> None:
    before = descriptors()
    gateway = allow(rule(WEB, 80, upstreams.http))
    assert sandbox.python(FETCH).strip() == "b'xxx'"
    states = [gateway.is_alive]
    gateway.stop()
    assert [*states, gateway.is_alive] == [True, False]
    assert is_gone(gateway.pid)
    assert descriptors() == before
    code = "with socket.socket() as s: print(s.connect_ex(('198.18.1.1', 80)))"
    assert sandbox.python(code).strip() == "111"


def test_one_that_ends_is_gone_at_once_however_much_it_has_to_say(
    sandbox: Sandbox, allow: Allow, rule: MakeRule, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = server.Summary(
        refusals=tuple(server.Refusal("dns", f"{n}.example.test", 53, "x" * 99, n) for n in range(4096))
    )
    monkeypatch.setattr("paddock.gateway.serving.serve", lambda *_: said)
    gateway = allow(rule("api.example.test", 443, 1))
    assert select.select([gateway.descriptor], [], [], 20)[0]
    assert not gateway.is_alive
    code = """
try: socket.create_connection(("198.18.0.1", 53), 5)
except OSError as error: print(type(error).__name__)
"""
    assert sandbox.python(code) == "ConnectionRefusedError\n"
    assert gateway.stop() == said


@BOTH_WAYS
def test_a_gateway_can_follow_another(sandbox: Sandbox, allow: Allow, upstreams: Upstreams, rule: MakeRule) -> None:
    for _ in range(3):
        gateway = allow(rule(WEB, 80, upstreams.http))
        assert sandbox.python(FETCH).strip() == "b'xxx'"
        gateway.stop()


@BOTH_WAYS
def test_the_summary_counts_what_happened(sandbox: Sandbox, allow: Allow, upstreams: Upstreams, rule: MakeRule) -> None:
    gateway = allow(rule(WEB, 80, upstreams.http))
    sandbox.python(FETCH)
    sandbox.python(f"talk('{WEB}', 80, b'SSH-2.0-x\\r\\n')")
    sandbox.python("try: socket.getaddrinfo('evil.test', 80, socket.AF_INET)\nexcept socket.gaierror: pass")
    summary = gateway.stop()
    assert (summary.connections, summary.refused, summary.failed, summary.ended) == (1, 1, 0, "")
    assert summary.bytes_up > 50
    assert summary.bytes_down > 50
    assert [(r.kind, r.name, r.port, r.reason) for r in summary.refusals] == [
        ("refused", WEB, 80, "not-tls-or-http"),
        ("dns", "evil.test", 53, "not-allowed"),
    ]
    assert gateway.stop() is summary


@BOTH_WAYS
def test_stopping_at_any_moment_of_the_beginning_is_no_failure(allow: Allow) -> None:
    for number in range(30):
        gateway = allow(Rule(WEB, 80, ORIGIN))
        select.select([], [], [], number / 1000)  # any moment: no outcome depends on which
        assert replace(gateway.stop(), lines=0, head="") == Summary()
    states = {verify(Log(str(path), str(path))).state for path in allow.record.parent.glob("*.jsonl")}
    assert states == {"whole"}


@BOTH_WAYS
def test_one_that_stands_still_is_woken_to_end(allow: Allow) -> None:
    gateway = allow(Rule(WEB, 80, ORIGIN))
    allow.wait_for(kind="session")
    os.kill(gateway.pid, signal.SIGSTOP)
    os.waitid(os.P_PID, gateway.pid, os.WSTOPPED)
    assert gateway.stop().ended == ""
    assert verify(Log("record", str(allow.record))).state == "whole"


def test_one_that_does_not_end_is_killed_and_said_to_be(allow: Allow, monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(*arguments: Any) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        arguments[3].begin()
        while True:
            signal.pause()

    monkeypatch.setattr("paddock.gateway.serving.serve", hang)
    monkeypatch.setattr(server, "_STOP_TIMEOUT_S", 0.05)
    gateway = allow(Rule(WEB, 80, ORIGIN))
    allow.wait_for(kind="session")
    assert gateway.stop().ended == "the gateway did not end when it was told to, and was killed"
    assert is_gone(gateway.pid)
    assert verify(Log("record", str(allow.record))).state == "open"


@BOTH_WAYS
def test_connections_that_are_open_at_the_end_are_recorded(
    sandbox: Sandbox, allow: Allow, upstreams: Upstreams, rule: MakeRule
) -> None:
    """The client holds its connection until the gateway is stopped under it."""
    gateway = allow(rule(WEB, 80, upstreams.http))
    code = f"""
s = socket.create_connection((name, 80), timeout=60)
s.sendall(b"GET /big/3 HTTP/1.1\\r\\nHost: " + name.encode() + b"\\r\\n\\r\\n")
said = b""
while not said.endswith(b"xxx"): said += s.recv(65536)
{SIGN}
read_all(s)
print("over")
"""
    with at_the_sign(allow, lambda: os.kill(gateway.pid, signal.SIGTERM)):
        assert sandbox.python(code, name=WEB).strip() == "over"
    summary = gateway.stop()
    assert summary.connections == 1
    assert allow.lines()[-2]["verdict"] == "allowed"


def test_a_gateway_that_is_killed_leaves_no_network_and_not_an_open_one(
    sandbox: Sandbox, allow: Allow, upstreams: Upstreams, rule: MakeRule
) -> None:
    gateway = allow(rule(WEB, 80, upstreams.http))
    assert sandbox.python(FETCH).strip() == "b'xxx'"
    os.kill(gateway.pid, signal.SIGKILL)
    code = """
import errno
while True:
    with socket.socket() as s: number = s.connect_ex(("198.18.1.1", 80))
    if number not in (0, errno.ECONNRESET): break  # reset: in the queue of the listener when that went
print(errno.errorcode[number])
for name in ("web.example.test", "localhost.example.test"):
    try: print(socket.getaddrinfo(name, 80))
    except socket.gaierror as error: print("unresolved")
for where in (("1.1.1.1", 443), ("127.0.0.1", host_port)):
    with socket.socket() as s: print(errno.errorcode[s.connect_ex(where)])
"""
    out = sandbox.python(code, host_port=upstreams.http).split()
    assert out == ["ECONNREFUSED", "unresolved", "unresolved", "ENETUNREACH", "ECONNREFUSED"]
    assert select.select([gateway.descriptor], [], [], 60)[0]
    assert not gateway.is_alive
    assert gateway.stop().ended == "the gateway died (signal 9)"


def test_a_gateway_dies_with_its_parent(sandbox: Sandbox, upstreams: Upstreams, tmp_path: Path) -> None:
    """`kill -9` of Paddock: the pipe that only the gateway still holds comes to its end."""
    record = tmp_path / "record.jsonl"
    fields = {name: getattr(sandbox.namespaces, name) for name in sandbox.namespaces.__fields__}  # type: ignore[attr-defined]
    script = f"""
import sys
sys.path.insert(0, {SOURCE!r})
from paddock.gateway import server
from paddock.kernel.namespaces import Namespaces
from paddock.plan.model import Network, Rule
from paddock.policy.model import Origin
rule = Rule({WEB!r}, 80, Origin("flag"), private=True, upstream="127.0.0.1:{upstreams.http}")
gateway = server.start(Network("allow", (rule,), Origin("flag")), Namespaces(**{fields!r}), record_path={str(record)!r}, drop_to=None)
print(gateway.pid, flush=True)
sys.stdin.read()
"""
    argv = [sys.executable, "-I", "-c", script]
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=list(fields.values())
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        process = os.pidfd_open(pid)
        try:
            assert sandbox.python(FETCH).strip() == "b'xxx'"
            parent.kill()
            assert select.select([process], [], [], 20)[0], "the gateway outlived its parent"
        finally:
            os.close(process)
    assert '"kind":"connect"' in record.read_text()


@pytest.fixture
def host_listeners() -> Iterator[dict[str, int]]:
    """What must not be reachable: listeners of the host, on loopback and on everything."""
    listeners = {
        "127.0.0.1": socket.create_server(("127.0.0.1", 0)),
        "0.0.0.0": socket.create_server(("0.0.0.0", 0)),
        "::1": socket.create_server(("::1", 0), family=socket.AF_INET6),
    }
    yield {name: listener.getsockname()[1] for name, listener in listeners.items()}
    for listener in listeners.values():
        listener.close()


def test_addresses_lead_nowhere(sandbox: Sandbox, allow: Allow, host_listeners: dict[str, int]) -> None:
    allow(Rule(WEB, 80, ORIGIN))
    code = """
import errno
def attempt(host, port):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as s:
        s.settimeout(20)
        return errno.errorcode.get(s.connect_ex((host, port)), "connected")
places = [("1.1.1.1", 443), ("169.254.169.254", 80), ("10.0.0.1", 80), ("192.168.0.1", 80), ("2606:4700::1111", 443)]
places += [("127.0.0.1", listeners["127.0.0.1"]), ("127.0.0.1", listeners["0.0.0.0"]), ("::1", listeners["::1"])]
places += [("198.18.0.1", listeners["0.0.0.0"]), ("198.18.1.1", listeners["0.0.0.0"]), ("::ffff:1.1.1.1", 443)]
print(*(attempt(*place) for place in places))
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    for where in (("8.8.8.8", 53), ("1.1.1.1", 443)):
        try: print(s.sendto(b"x", where))
        except OSError as error: print(errno.errorcode[error.errno])
"""
    found = sandbox.python(code, listeners=host_listeners).split()
    assert found == ["ENETUNREACH"] * 5 + ["ECONNREFUSED"] * 5 + ["ENETUNREACH"] + ["ENETUNREACH"] * 2


def test_three_hundred_rules_are_more_than_one_message_carries(
    sandbox: Sandbox, allow: Allow, upstreams: Upstreams, rule: MakeRule
) -> None:
    allow(*(rule(f"h{number}.example.test", 80, upstreams.http) for number in range(320)))
    code = """
for number in (0, 1, 252, 253, 254, 319):
    print(urlopen(f"http://h{number}.example.test/big/{number}", timeout=20).read() == b"x" * number)
print(socket.gethostbyname("h319.example.test"))
"""
    assert sandbox.python(code).split() == ["True"] * 6 + ["198.18.2.64"]


def test_a_rule_for_an_address_opens_that_address_and_port_only(
    sandbox: Sandbox, allow: Allow, upstreams: Upstreams
) -> None:
    """Two on this machine: written as addresses, they may be this machine itself, which no name may."""
    allow(
        Rule("127.0.0.1", upstreams.http, ORIGIN, private=True),
        Rule("203.0.113.9", 80, ORIGIN, upstream=f"127.0.0.1:{upstreams.http}"),
    )
    code = """
print(urlopen(f"http://127.0.0.1:{port}/big/3", timeout=20).read())
print(urlopen(f"http://203.0.113.9/big/4", timeout=20).read())
import errno
for where in (("203.0.113.9", 81), ("203.0.113.8", 80), ("127.0.0.1", port + 1)):
    with socket.socket() as s: print(errno.errorcode[s.connect_ex(where)])
"""
    out = sandbox.python(code, port=upstreams.http).split()
    assert out == ["b'xxx'", "b'xxxx'", "ECONNREFUSED", "ENETUNREACH", "ECONNREFUSED"]


def test_an_address_of_a_metadata_service_stays_shut(sandbox: Sandbox, allow: Allow) -> None:
    allow(Rule("169.254.169.254", 80, ORIGIN, private=True))
    code = """
try: urlopen("http://169.254.169.254/latest/meta-data/", timeout=20)
except HTTPError as error: print(error.code, error.headers["X-Paddock-Reason"])
"""
    assert sandbox.python(code).split() == ["403", "address-metadata"]


def test_the_record_is_for_its_owner_and_closed_with_an_anchor(sandbox: Sandbox, allow: Allow) -> None:
    gateway = allow(Rule(WEB, 80, ORIGIN))
    allow.wait_for(kind="session")
    summary = gateway.stop()
    assert [line["kind"] for line in allow.lines()] == ["session", "closed"]
    assert stat.S_IMODE(allow.record.stat().st_mode) == 0o600
    assert anchors.read(str(allow.record)) == anchors.Anchor(2, summary.head)
    assert verify(Log("record", str(allow.record))).state == "whole"


def test_a_gateway_that_is_killed_leaves_a_record_that_says_so(
    sandbox: Sandbox, upstreams: Upstreams, allow: Allow, rule: MakeRule
) -> None:
    gateway = allow(rule(WEB, 80, upstreams.http))
    assert sandbox.python(FETCH).strip() == "b'xxx'"
    allow.wait_for(kind="connect")
    log = Log("record", str(allow.record))
    assert verify(log).state == "live"
    os.kill(gateway.pid, signal.SIGKILL)
    gateway.stop()
    found = verify(log)
    assert found.state == "open"
    assert found.count == len(allow.lines()) >= 3
    assert anchors.read(log.path) is None


def test_a_record_that_another_gateway_writes_is_not_written_too(allow: Allow, tmp_path: Path) -> None:
    held = open_to_append(str(allow.record))
    with pytest.raises(PaddockError, match="record cannot be opened"):
        allow(Rule(WEB, 80, ORIGIN))
    os.close(held)


def test_a_record_that_is_a_link_is_not_followed(allow: Allow, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").touch()
    allow.record.symlink_to(tmp_path / "elsewhere")
    before = descriptors()
    with pytest.raises(PaddockError, match="record cannot be opened"):
        allow(Rule(WEB, 80, ORIGIN))
    assert descriptors() == before


def test_rules_that_cannot_be_kept_start_nothing(allow: Allow) -> None:
    before = descriptors()
    with pytest.raises(PolicyError):
        allow(Rule("127.1", 80, ORIGIN))
    assert descriptors() == before
    assert not allow.record.exists()


@BOTH_WAYS
def test_sockets_that_cannot_be_made_are_an_error_and_nothing_is_left(allow: Allow) -> None:
    allow(Rule(WEB, 80, ORIGIN))
    before = descriptors()
    with pytest.raises(PaddockError) as caught:
        allow(Rule(WEB, 80, ORIGIN))
    assert "198.18.0.1:53 inside" in caught.value.why
    assert descriptors() == before


def test_the_signal_mask_of_the_caller_is_as_before(allow: Allow) -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    allow(Rule(WEB, 80, ORIGIN))
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before


def test_a_network_without_rules_answers_nothing(sandbox: Sandbox, allow: Allow) -> None:
    server.start(Network("allow", (), ORIGIN), sandbox.namespaces, record_path=str(allow.record), drop_to=None).stop()


def test_the_starting_process_imports_nothing_heavy() -> None:
    code = (
        f"import sys; sys.path.insert(0, {SOURCE!r}); import socket, signal; before = set(sys.modules)\n"
        "import paddock.gateway.server\nprint(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    heavy = {
        "asyncio",
        "h11",
        "json",
        "typing",
        "ipaddress",
        "subprocess",
        "logging",
        "concurrent",
        "ssl",
        "dataclasses",
    }
    assert not heavy & {name.split(".")[0] for name in done.stdout.split()}
    assert "paddock.gateway.engine" not in done.stdout.split()
