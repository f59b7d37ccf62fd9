"""One process for many sandboxes: each has its own rules, secrets, record, limits and end."""

from __future__ import annotations

import os
import select
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from paddock.credentials.brokered import Brokered, Secret
from paddock.credentials.canaries import Canary
from paddock.gateway.server import Entrusted
from paddock.gateway.shared import hosting, process
from paddock.gateway.shared.tenant import ENDED, SMALLEST_SHARE, Tenant
from paddock.gateway.table import Asked, Table
from paddock.plan.model import Bound, Credential, Rule
from paddock.policy.model import Origin
from paddock.record import chain
from paddock.record.logs import Log
from paddock.record.verifying import verify
from tests import capabilities
from tests.boundary.field import wait_for
from tests.gateway.conftest import STAND_IN, Allow, Sandbox, to_host
from tests.gateway.secure import Service, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from paddock.gateway.server import Gateway
    from tests.gateway.conftest import Upstreams

ORIGIN = Origin("person", "policy.toml:1")
PORT = 18080
MANY = 20
SHOW = """
def show(url, token):
    try: return urlopen(Request(url, headers={"Authorization": f"Bearer {token}"}), timeout=20).status
    except HTTPError as error: return error.code
def resolves(name):
    try: return bool(socket.getaddrinfo(name, 80, socket.AF_INET))
    except socket.gaierror: return False
"""
# The kernel closes what a killed process had one after the other.
UNTIL_GONE = """
while True:
    with socket.socket() as s: number = s.connect_ex(("198.18.1.1", 80))
    if number == 111: break
print("gone")
"""


class Neighbour:
    """A sandbox with a name, a secret and a record that no other one has."""

    def __init__(self, number: int, sandbox: Sandbox, directory: Path, web: int, bound: int) -> None:
        self.name, self.fake, self.real = (
            f"n{number}.example.test",
            f"fake-token-{number:04}",
            f"real-token-{number:04}",
        )
        self.sandbox = sandbox
        self.allow = Allow(sandbox, directory / f"{number}.jsonl")
        credential = Credential("one", "env:KEY", "bearer", (Bound("127.0.0.1", bound),), ("KEY",), ORIGIN)
        loopback = Rule("127.0.0.1", PORT, ORIGIN, private=True, upstream=f"127.0.0.1:{bound}", loopback=True)
        self.rules: tuple[Rule, ...] = (to_host(self.name, 80, web), loopback)
        self.entrusted = Entrusted(
            (Brokered(credential, self.fake, Secret(self.real)),),
            (Canary("canary-env", ".env", (f"canaryworth{number:04}".encode(),)),),
        )

    def start(self, connections: int = 0) -> Gateway:
        return self.allow(*self.rules, entrusted=self.entrusted, connections=connections)

    def fetch(self) -> str:
        return self.sandbox.python(f"print(urlopen('http://{self.name}/big/3', timeout=20).read())").strip()

    @property
    def log(self) -> Log:
        return Log("record", str(self.allow.record))


if TYPE_CHECKING:
    Make = Callable[[int], list[Neighbour]]


@pytest.fixture(scope="module")
def sandboxes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Sandbox]]:
    capabilities.require("bubblewrap")
    made = [Sandbox(tmp_path_factory.mktemp("neighbour")) for _ in range(MANY)]
    yield made
    for sandbox in made:
        sandbox.close()


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[hosting.Host]:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    made = hosting.begin(STAND_IN if capabilities.IS_ROOT else None)
    yield made
    made.stop()


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """Where the credentials are bound to."""
    with serving(None) as made:
        yield made


@pytest.fixture
def idle(
    host: hosting.Host, sandboxes: list[Sandbox], tmp_path: Path, upstreams: Upstreams, service: Service
) -> Iterator[Make]:
    """`idle(n)`: that many sandboxes, without a gateway yet; `host` serves those that are started."""
    made: list[Neighbour] = []

    def make(count: int) -> list[Neighbour]:
        made.extend(
            Neighbour(number, sandboxes[number], tmp_path, upstreams.http, service.port) for number in range(count)
        )
        return made

    yield make
    for each in made:
        for gateway in each.allow.gateways:
            gateway.stop()


@pytest.fixture
def neighbours(idle: Make) -> Make:
    """The same, each with a gateway."""

    def make(count: int) -> list[Neighbour]:
        made = idle(count)
        for each in made:
            each.start()
        return made

    return make


def gateways_of(pid: int) -> set[int]:
    return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()}


@pytest.mark.parametrize("count", [2, MANY])
def test_each_sandbox_has_its_own_rules_secrets_and_record(neighbours: Make, service: Service, count: int) -> None:
    all_of_them = neighbours(count)
    for number, each in enumerate(all_of_them):
        other = all_of_them[number - 1]
        code = SHOW + "print(show(bound, own), show(plain, own), show(plain, foreign), resolves(other))"
        bound, plain = f"http://127.0.0.1:{PORT}/", f"http://{each.name}/"
        given = {"bound": bound, "plain": plain, "own": each.fake, "foreign": other.fake, "other": other.name}
        # Its own placeholder is known, and refused where it is not bound; another's is a word like any other.
        assert each.sandbox.python(code, **given) == "200 403 200 False\n"
        assert service.headers()["authorization"] == f"Bearer {each.real}"
    for each in all_of_them:
        (gateway,) = each.allow.gateways
        summary = gateway.stop()
        refused = [(one.kind, one.reason) for one in summary.refusals]
        assert (summary.ended, refused) == ("", [("refused", "placeholder-elsewhere"), ("dns", "not-allowed")])
        assert verify(each.log).state == "whole"
        first, *lines = each.allow.lines()
        assert first["gateway"] == "shared"
        assert {line["name"] for line in lines if line.get("verdict") == "allowed"} == {each.name, "127.0.0.1"}


def test_it_is_one_process_and_forks_none(host: hosting.Host, neighbours: Make) -> None:
    makers = {each.allow.gateways[0].pid for each in neighbours(3)}
    assert gateways_of(host.pid) == set()
    assert makers <= gateways_of(os.getpid())


def test_the_end_of_one_is_not_the_others(neighbours: Make) -> None:
    first, second = neighbours(2)
    first.allow.gateways[0].stop()
    code = "with socket.socket() as s: print(s.connect_ex(('198.18.1.1', 80)))"
    assert first.sandbox.python(code).strip() == "111"
    assert second.fetch() == "b'xxx'"
    assert verify(first.log).state == "whole"
    assert verify(second.log).state == "live"


def test_an_alarm_in_one_ends_that_one(neighbours: Make) -> None:
    first, second = neighbours(2)
    # Another sandbox's canary is a name like any other.
    lookup = "try: socket.getaddrinfo(f'{mark}.example.test', 80)\nexcept socket.gaierror: print('no')"
    assert second.sandbox.python(lookup, mark="canaryworth0000") == "no\n"
    first.sandbox.python(lookup, mark="canaryworth0000")
    (ended,), (living,) = first.allow.gateways, second.allow.gateways
    assert select.select([ended.descriptor], [], [], 20)[0]
    assert ended.has_alarmed()
    assert living.is_alive
    assert second.fetch() == "b'xxx'"
    assert living.stop().ended == ""


def test_a_fault_in_one_ends_that_one(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    ask = Table.asked

    def asked(table: Table, name: str) -> Asked:
        if name == "fault.example.test":
            raise SystemExit("a fault")
        return ask(table, name)

    monkeypatch.setattr(Table, "asked", asked)  # the process is forked from here
    first, second = request.getfixturevalue("neighbours")(2)
    first.sandbox.python("try: socket.getaddrinfo('fault.example.test', 80)\nexcept socket.gaierror: pass")
    (ended,), (living,) = first.allow.gateways, second.allow.gateways
    assert select.select([ended.descriptor], [], [], 20)[0]
    assert not ended.has_alarmed()
    assert ended.stop().ended == "SystemExit: a fault"
    assert second.fetch() == "b'xxx'"
    assert living.is_alive


def test_a_paddock_that_is_killed_takes_its_own_sandbox_along(idle: Make) -> None:
    living, orphan = idle(2)
    living.start()
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(writing, orphan.start().pid.to_bytes(4, "big"))
            signal.pause()
        finally:
            os._exit(1)
    os.close(writing)
    os.read(reading, 4)
    os.close(reading)
    assert orphan.fetch() == "b'xxx'"
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert orphan.sandbox.python(UNTIL_GONE) == "gone\n"
    assert living.fetch() == "b'xxx'"
    wait_for(lambda: verify(orphan.log).count > 0 and verify(orphan.log).state != "live")
    assert orphan.allow.record.read_text("ascii").splitlines()[-1].count('"closed"') == 1


def test_when_the_process_is_killed_all_have_no_network_and_a_new_one_has_its_own(
    host: hosting.Host, neighbours: Make
) -> None:
    all_of_them = neighbours(2)
    for each in all_of_them:
        assert each.fetch() == "b'xxx'"
    os.kill(host.pid, signal.SIGKILL)
    for each in all_of_them:
        (gateway,) = each.allow.gateways
        assert select.select([gateway.descriptor], [], [], 20)[0]
        assert not gateway.has_alarmed()
        assert gateway.stop().ended == "the gateway died (signal 9)"
        wait_for(lambda each=each: verify(each.log).state == "open")
        assert each.sandbox.python(UNTIL_GONE) == "gone\n"
    first = all_of_them[0]
    first.start()
    assert first.fetch() == "b'xxx'"
    assert [line.get("gateway") for line in first.allow.lines() if line["kind"] == chain.FIRST] == ["shared", None]


def test_when_it_is_ended_each_session_is_told_and_each_record_is_whole(host: hosting.Host, neighbours: Make) -> None:
    all_of_them = neighbours(2)
    assert all_of_them[0].fetch() == "b'xxx'"
    assert host.stop() == (2, 0)
    for each in all_of_them:
        (gateway,) = each.allow.gateways
        assert select.select([gateway.descriptor], [], [], 20)[0]
        assert gateway.stop().ended == ENDED
        assert verify(each.log).state == "whole"


def test_one_that_was_taken_in_just_before_the_end_is_waited_for(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve = Tenant._serve

    def late(tenant: Tenant, *admitted: Any) -> None:
        while not tenant._is_to_end:
            time.sleep(0.001)
        serve(tenant, *admitted)

    monkeypatch.setattr(Tenant, "_serve", late)  # the process is forked from here
    (only,) = request.getfixturevalue("neighbours")(1)
    host: hosting.Host = request.getfixturevalue("host")
    assert host.stop() == (1, 0)
    assert only.allow.gateways[0].stop().ended == ENDED
    assert verify(only.log).state == "whole"


def test_what_one_uses_up_is_its_own(idle: Make) -> None:
    greedy, modest = idle(2)
    greedy.start(connections=20)
    modest.start()
    code = """
held = [socket.create_connection((name, 80), timeout=20) for _ in range(40)]
for s in held:
    try: s.sendall(b"GET /big/1 HTTP/1.1\\r\\nHost: " + name.encode() + b"\\r\\n\\r\\n")
    except OSError: pass
def answered(s):
    try: return s.recv(65536)[9:12] == b"200"
    except ConnectionResetError: return False
print(sum(map(answered, held)))
sys.stdout.flush()
"""
    assert greedy.sandbox.python(code, name=greedy.name).strip() == "20"
    assert modest.fetch() == "b'xxx'"
    assert [refusal.reason for refusal in greedy.allow.gateways[0].stop().refusals] == ["too-many-connections"]
    assert modest.allow.gateways[0].stop().refusals == ()


def test_what_needs_more_than_a_share_has_a_process_of_its_own(idle: Make) -> None:
    (wide,) = idle(1)
    wide.rules += tuple(Rule(f"host{number}.example.test", 443, ORIGIN) for number in range(SMALLEST_SHARE))
    wide.start()
    assert wide.fetch() == "b'xxx'"
    wide.allow.gateways[0].stop()
    assert "gateway" not in wide.allow.lines()[0]


def test_it_has_nothing_of_a_sandbox_that_has_ended(host: hosting.Host, neighbours: Make) -> None:
    if not capabilities.IS_ROOT:
        with pytest.raises(PermissionError):  # nobody without privileges may look
            os.listdir(f"/proc/{host.pid}/fd")
        return
    before = sorted(os.listdir(f"/proc/{host.pid}/fd"))
    all_of_them = neighbours(3)
    hold = "held = [socket.create_connection((name, 80), timeout=20) for _ in range(5)]"
    for each in all_of_them:
        assert each.fetch() == "b'xxx'"
        each.sandbox.python(hold, name=each.name)
    assert len(os.listdir(f"/proc/{host.pid}/fd")) > len(before) + 3 * 8
    for each in all_of_them:
        each.allow.gateways[0].stop()
    wait_for(lambda: sorted(os.listdir(f"/proc/{host.pid}/fd")) == before)
    wait_for(lambda: len(os.listdir(f"/proc/{host.pid}/task")) == 1)


def test_it_has_no_privilege_and_starts_nothing(host: hosting.Host) -> None:
    lines = Path(f"/proc/{host.pid}/status").read_text("ascii").splitlines()
    found = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    assert (found["NoNewPrivs"], found["Seccomp"]) == ("1", "2")
    assert {found[name].strip("0") for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {""}
    assert int(found["Uid"].split()[0]) == (STAND_IN[0] if capabilities.IS_ROOT else os.getuid())
    assert process.MOST_TENANTS >= MANY
