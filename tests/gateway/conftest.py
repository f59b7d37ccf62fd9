"""A real sandbox with an empty network, services on the host's loopback, and gateways between them."""

from __future__ import annotations

import base64
import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from paddock.gateway import server
from paddock.gateway.inside.addresses import INTERNAL_NAME
from paddock.gateway.shared import hosting, place
from paddock.gateway.table import Table
from paddock.kernel.namespaces import Namespaces, namespaces_of
from paddock.plan.etc import resolver
from paddock.plan.model import Network, Rule
from paddock.policy.model import Origin
from tests import capabilities

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from paddock.gateway.rules import Endpoint

ORIGIN = Origin("flag", "--allow")
STAND_IN = (70001, 70001)

# Runs inside: the keeper of the namespaces, and the one who starts clients there.
AGENT = r"""
import base64, json, subprocess, sys
print("ready", flush=True)
for line in sys.stdin:
    ask = json.loads(line)
    try:
        done = subprocess.run(ask["argv"], input=base64.b64decode(ask["stdin"]), capture_output=True, timeout=100)
        code, out, err = done.returncode, done.stdout, done.stderr
    except subprocess.TimeoutExpired as error:
        code, out, err = 124, error.stdout or b"", error.stderr or b""
    answer = {"code": code, "out": base64.b64encode(out).decode(), "err": base64.b64encode(err).decode()}
    print(json.dumps(answer), flush=True)
"""

# What client snippets find ready to use.
PRELUDE = r"""
import socket, sys, time, os, select, struct
from urllib.request import urlopen, Request
from urllib.error import HTTPError, URLError
def read_all(s):
    data = bytearray()  # bytes would be copied with every piece
    while True:
        try: more = s.recv(65536)
        except ConnectionResetError: return bytes(data) + b"<reset>"
        if not more: return bytes(data)
        data += more
def talk(host, port, data=b"", end=False):
    s = socket.create_connection((host, port), timeout=20)
    if data: s.sendall(data)
    if end: s.shutdown(socket.SHUT_WR)
    return read_all(s)
"""


class Finished:
    """How a client inside ended."""

    def __init__(self, code: int, out: bytes, err: bytes) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def text(self) -> str:
        return self.out.decode()


class Sandbox:
    """Namespaces made by bubblewrap, and a way to run clients in them."""

    def __init__(self, directory: Path) -> None:
        resolv = directory / "resolv.conf"
        resolv.write_text(resolver(network=True))
        status, tell = os.pipe()
        self._process = subprocess.Popen(
            [
                *("bwrap", "--unshare-all", "--unshare-user", "--ro-bind", "/", "/"),
                *("--dev", "/dev", "--proc", "/proc"),
                *("--ro-bind", str(resolv), os.path.realpath("/etc/resolv.conf")),
                *("--die-with-parent", "--cap-drop", "ALL", "--json-status-fd", str(tell)),
                *("--", sys.executable, "-I", "-S", "-c", AGENT),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=[tell],
            cwd="/",
        )
        os.close(tell)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"
        self.namespaces: Namespaces = namespaces_of(json.loads(os.read(status, 4096).split(b"\n")[0])["child-pid"])
        os.close(status)

    def run(self, *argv: str, stdin: bytes = b"") -> Finished:
        """Run a program inside to its end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        ask = {"argv": argv, "stdin": base64.b64encode(stdin).decode()}
        self._process.stdin.write(json.dumps(ask).encode() + b"\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        return Finished(answer["code"], base64.b64decode(answer["out"]), base64.b64decode(answer["err"]))

    def python(self, code: str, **values: object) -> str:
        """Run Python code inside, with `values` as names; its output. Fails the test when it fails."""
        given = "".join(f"{name} = {value!r}\n" for name, value in values.items())
        done = self.run(sys.executable, "-I", "-S", "-c", PRELUDE + given + code)
        assert done.code == 0, done.err.decode()
        return done.text

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()
        self.namespaces.close()


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One sandbox for all tests here; each test has its own gateway for it."""
    capabilities.require("bubblewrap")
    made = Sandbox(tmp_path_factory.mktemp("sandbox"))
    yield made
    made.close()


class Allow:
    """Starts gateways and remembers them."""

    def __init__(self, sandbox: Sandbox, record: Path) -> None:
        self._sandbox = sandbox
        self.record = record
        self._records: list[Path] = []
        self.gateways: list[server.Gateway] = []

    def __call__(
        self, *rules: Rule, directory: str = "", entrusted: server.Entrusted | None = None, **more: Any
    ) -> server.Gateway:
        network = Network("allow", rules, ORIGIN, **more)
        drop_to = STAND_IN if capabilities.IS_ROOT else None
        # Each has a record of its own; `record` is the first one's.
        record = self.record.with_suffix(f".{len(self.gateways)}.jsonl") if self.gateways else self.record
        gateway = server.start(
            network,
            self._sandbox.namespaces,
            record_path=str(record),
            drop_to=drop_to,
            directory=directory,
            entrusted=entrusted or server.Entrusted(),
        )
        self._records.append(record)
        self.gateways.append(gateway)
        return gateway

    def lines(self) -> list[dict[str, Any]]:
        """What is recorded so far, in whole lines: one that is being written may be seen in two steps."""
        return [json.loads(line) for record in self._records for line in record.read_text("ascii").split("\n")[:-1]]

    def wait_for(self, **wanted: object) -> dict[str, Any]:
        """The first line of the record with these values, waiting for it to be written."""
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            for line in self.lines():
                if wanted.items() <= line.items():
                    return line
            select.select([], [], [], 0.01)
        raise AssertionError(f"no line with {wanted} in {self.lines()}")


BOTH_WAYS = pytest.mark.parametrize("way", ["own", "shared"], indirect=True)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests of a module that says `IN_BOTH_WAYS` with a gateway of their own, and with one for many."""
    if "allow" in metafunc.fixturenames and getattr(metafunc.module, "IN_BOTH_WAYS", False):
        metafunc.parametrize("way", ["own", "shared"], indirect=True)


@pytest.fixture
def way(request: pytest.FixtureRequest) -> str:
    """Whose process gateways are: each one's own, or one for all."""
    wanted = str(getattr(request, "param", "own"))
    if wanted == "shared":
        request.getfixturevalue("shared_process")
        patch: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
        patch.setenv("XDG_RUNTIME_DIR", request.getfixturevalue("shared_runtime"))
        patch.setattr(place, "_GREETING_TIMEOUT_S", 60.0)  # a busy machine may be late; then it would be no shared one
    return wanted


@pytest.fixture(scope="session")
def shared_runtime(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The runtime directory of `shared_process`."""
    return str(tmp_path_factory.mktemp("runtime"))


@pytest.fixture(scope="session")
def shared_process(shared_runtime: str) -> Iterator[hosting.Host]:
    """One process for the gateways of all tests for `BOTH_WAYS`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", shared_runtime)
        host = hosting.begin(STAND_IN if capabilities.IS_ROOT else None)
    yield host
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", shared_runtime)
        host.stop()


@pytest.fixture
def allow(sandbox: Sandbox, tmp_path: Path, way: str) -> Iterator[Allow]:
    """`allow(rule, …)` starts a gateway with these rules; it is stopped at the end."""
    made = Allow(sandbox, tmp_path / "record.jsonl")
    yield made
    for gateway in made.gateways:
        gateway.stop()


def to_host(name: str, port: int, upstream_port: int, **more: Any) -> Rule:
    """A rule whose upstream is a service on the host's loopback."""
    return Rule(name, port, ORIGIN, private=True, upstream=f"127.0.0.1:{upstream_port}", **more)


@pytest.fixture
def rule() -> Callable[..., Rule]:
    """`rule(name, port, upstream_port)`: see `to_host`."""
    return to_host


class Upstreams:
    """The ports of the services in `upstreams.py`."""

    def __init__(self, directory: Path) -> None:
        capabilities.require("openssl")
        self.certificate = directory / "certificate.pem"
        key = directory / "key.pem"
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
                *("-subj", "/CN=api.example.test", "-addext", "subjectAltName=DNS:api.example.test,DNS:localhost"),
                *("-days", "2", "-keyout", str(key), "-out", str(self.certificate)),
            ],
            check=True,
            capture_output=True,
        )
        script = Path(__file__).with_name("upstreams.py")
        self.process = subprocess.Popen(
            [sys.executable, "-I", str(script), str(self.certificate), str(key)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        ports = json.loads(self.process.stdout.readline())
        self.http: int = ports["http"]
        self.tls: int = ports["tls"]
        self.echo: int = ports["echo"]
        self.flood: int = ports["flood"]
        self.raw: int = ports["raw"]
        for path in (directory, self.certificate):
            path.chmod(0o755)


@pytest.fixture(scope="session")
def upstreams(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstreams]:
    """Services on the host's loopback."""
    made = Upstreams(tmp_path_factory.mktemp("upstreams"))
    yield made
    made.process.kill()
    made.process.communicate()


def endpoint_of(rule: Rule) -> Endpoint:
    """Where a rule for an exact name, an address or loopback leads."""
    table = Table(Network("allow", (rule,), ORIGIN))
    for address, port in table.open():
        arrived = table.arrived(address, port)
        if arrived.endpoint and arrived.endpoint.name != INTERNAL_NAME:
            return arrived.endpoint
    raise AssertionError(rule)


def client_hello(server_name: str | None) -> bytes:
    """A ClientHello as OpenSSL writes it."""
    import ssl

    context = ssl.create_default_context()
    context.check_hostname = False
    outgoing = ssl.MemoryBIO()
    connection = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=server_name)
    with pytest.raises(ssl.SSLWantReadError):
        connection.do_handshake()
    return outgoing.read()


@pytest.fixture(scope="session")
def make_hello() -> Callable[[str | None], bytes]:
    """`make_hello(server_name)`: see `client_hello`."""
    return client_hello
