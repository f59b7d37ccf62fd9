"""Clients as they are, with no proxy and nothing said to them: to an allowed name, and what each says when refused.

What they print is part of docs/how-to/network.md, which a test here compares. To the registries that the host's own
clients are set up for go the tests in `test_registries.py`.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import tarfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import capabilities
from tests.capabilities import needs
from tests.real.internet import API, CRATES, ELSEWHERE, MODERN
from tests.real.support import quietly

if TYPE_CHECKING:
    import subprocess

    from tests.conftest import Person
    from tests.real.internet import Internet, Resident

pytestmark = needs("bubblewrap", "internet")

SOURCES = Path(__file__).with_name("clients")
PAGE = Path(__file__).parents[2] / "docs/how-to/network.md"
GIT = "/git/project.git"


@dataclass(frozen=True)
class Client:
    """A client, and what it says: of a name that is not allowed, of a port that is not, of a service that is gone."""

    name: str
    argv: tuple[str, ...]
    no_name: str
    no_port: str
    no_service: str
    path: str = "/hello"
    greeting: str = f"hello from {API}"
    needs: tuple[str, ...] = ()

    def at(self, host: str, path: str = "") -> list[str]:
        """The command for a URL on a host."""
        return [*self.argv, f"https://{host}{path or self.path}"]


_JAVA = (
    "-Djavax.net.ssl.trustStore={built}/trust.p12",
    "-Djavax.net.ssl.trustStorePassword=changeit",
    "-cp",
    "{built}",
)
CLIENTS = (
    Client(
        "curl", ("curl", "-sSL"), f"Could not resolve host: {ELSEWHERE}", "Couldn't connect to server",
        "tlsv1 alert internal error", needs=("curl",),
    ),
    Client(
        "git", ("git", "clone", "--quiet"), f"Could not resolve host: {ELSEWHERE}", "Couldn't connect to server",
        "gnutls_handshake() failed: Internal error", path=GIT, greeting="",
    ),
    Client(
        "Node's fetch", ("node", "{sources}/fetch.mjs"), f"getaddrinfo ENOTFOUND {ELSEWHERE}", "ECONNREFUSED",
        "tlsv1 alert internal error", needs=("node",),
    ),
    Client(
        "Node's https", ("node", "{sources}/https.mjs"), f"getaddrinfo ENOTFOUND {ELSEWHERE}", "ECONNREFUSED",
        "tlsv1 alert internal error", needs=("node",),
    ),
    Client(
        "Python's urllib", ("/usr/bin/python3", "{sources}/urllib_client.py"), "Name or service not known",
        "Connection refused", "tlsv1 alert internal error",
    ),
    Client(
        "requests", ("{python}", "{sources}/requests_client.py"), "Name or service not known",
        "Connection refused", "tlsv1 alert internal error",
    ),
    Client(
        "Go", ("{built}/go-client",), "no such host", "connect: connection refused",
        "remote error: tls: internal error", needs=("go",),
    ),
    Client(
        "Java", ("java", *_JAVA, "Client"), "UnresolvedAddressException", "java.net.ConnectException",
        "Received fatal alert: internal_error", needs=("java",),
    ),
)  # fmt: skip
EACH = pytest.mark.parametrize(
    "client", [pytest.param(client, id=client.name, marks=needs(*client.needs)) for client in CLIENTS]
)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, the_internet: Internet) -> Path:
    """The clients that are compiled, as far as this machine can; the rest fail or skip by name."""
    place = tmp_path_factory.mktemp("built")
    environ = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(place), "GOFLAGS": "-mod=mod"}
    if not capabilities.missing("go"):
        quietly("go", "build", "-o", place / "go-client", SOURCES / "client.go", cwd=place, environ=environ)
        shutil.rmtree(place / ".cache")
    if not capabilities.missing("rust"):
        quietly("rustc", "-o", place / "rust-client", SOURCES / "client.rs", cwd=place, environ=environ)
    if not capabilities.missing("java"):
        quietly("javac", "-d", place, SOURCES / "Client.java", cwd=place, environ=environ)
        store = ("-keystore", "trust.p12", "-storetype", "PKCS12", "-storepass", "changeit")
        given = ("-noprompt", "-alias", "tests", "-file", the_internet.authority)
        quietly("keytool", "-importcert", *given, *store, cwd=place, environ=environ)
    return place


@dataclass(frozen=True)
class Sandboxed:
    """Runs clients in a sandbox of the person's, with names allowed."""

    resident: Resident
    repo: Path
    built: Path

    def permit(self, rule: str) -> None:
        """Write a rule into the person's own policy."""
        file = self.resident.home / ".config/paddock/policy.toml"
        file.parent.mkdir(mode=0o700)
        file.write_text(f'[network]\nmode = "allow"\nallow = [{rule}]\n')
        file.chmod(0o600)

    def __call__(self, *argv: str, allow: tuple[str, ...] = (API,)) -> subprocess.CompletedProcess[str]:
        places = {"built": self.built, "sources": SOURCES, "python": "/usr/bin/python3"}
        allowed = [word for name in allow for word in ("--allow", name)]
        shown = ("--read", str(self.built), "--read", str(SOURCES))
        command = [word.format(**places) if "{" in word else word for word in argv]
        return self.resident.call("run", "--workspace", "scratch", *shown, *allowed, "--", *command, cwd=self.repo)


@pytest.fixture
def inside(resident: Resident, repo: Path, built: Path, the_internet: Internet) -> Sandboxed:
    if not (the_internet.repositories / "project.git").exists():
        the_internet.repository("project", {"README": "hello\n"}, resident.environ)
    return Sandboxed(resident, repo, built)


@EACH
def test_it_reaches_an_allowed_name_as_if_nothing_were_between(
    client: Client, inside: Sandboxed, internet: Internet
) -> None:
    done = inside(*client.at(API))
    assert done.returncode == 0, done.stderr
    assert client.greeting in done.stdout
    assert internet.requests(API)
    assert "refused" not in done.stderr


@EACH
def test_it_is_refused_any_other_name_in_its_own_words(client: Client, inside: Sandboxed, internet: Internet) -> None:
    done = inside(*client.at(ELSEWHERE))
    assert done.returncode != 0
    assert client.no_name in done.stdout + done.stderr
    assert f"refused {ELSEWHERE}" in done.stderr.splitlines()[-1]  # to the person, after the command
    assert not internet.requests()


@EACH
def test_it_is_refused_another_port_of_an_allowed_name(client: Client, inside: Sandboxed, internet: Internet) -> None:
    done = inside(*client.at(f"{MODERN}:8443"), allow=(MODERN,))
    assert done.returncode != 0
    assert client.no_port in done.stdout + done.stderr
    assert not internet.requests()


@EACH
def test_it_says_so_when_the_service_itself_is_gone(client: Client, inside: Sandboxed) -> None:
    done = inside(*client.at(f"{API}:444"), allow=(f"{API}:444",))
    assert done.returncode != 0
    assert client.no_service in done.stdout + done.stderr


@pytest.mark.parametrize("client", [one for one in CLIENTS if one.name in ("curl", "Python's urllib", "git")], ids=str)
def test_a_redirect_leads_only_to_names_that_are_allowed_too(
    client: Client, inside: Sandboxed, internet: Internet
) -> None:
    away = f"/to/{ELSEWHERE}{client.path}"
    done = inside(*client.at(API, away))
    assert done.returncode != 0
    assert client.no_name in done.stdout + done.stderr
    assert not internet.requests(ELSEWHERE)
    followed = inside(*client.at(API, away), allow=(API, ELSEWHERE))
    assert followed.returncode == 0, followed.stderr
    assert internet.requests(ELSEWHERE)


REASON = "the rule allows this host, but not this method or path"


@EACH
def test_it_trusts_the_gateway_where_requests_are_judged_and_is_told_why_one_is_refused(
    client: Client, inside: Sandboxed, internet: Internet
) -> None:
    """For these hosts TLS ends in the gateway, and nobody has told the client."""
    inside.permit(f'{{ host = "{API}", methods = ["GET", "POST"], paths = ["/hello", "/git/*"] }}')
    own = replace(client, argv=tuple(word for word in client.argv if not word.startswith("-Djavax")))
    done = inside(*own.at(API), allow=())
    assert done.returncode == 0, done.stderr
    assert client.greeting in done.stdout
    internet.forget()
    refused = inside(*own.at(API, "/elsewhere"), allow=())
    assert REASON in refused.stdout + "".join(refused.stderr.splitlines(keepends=True)[:-1])
    assert f"refused {API}:443 ({REASON})" in refused.stderr.splitlines()[-1]
    assert not internet.requests()


@needs("rust")
def test_a_program_with_nothing_but_rusts_library(inside: Sandboxed, internet: Internet) -> None:
    done = inside("{built}/rust-client", f"http://{API}/hello", allow=(f"{API}:80",))
    assert done.returncode == 0, done.stderr
    assert f"hello from {API}" in done.stdout
    refused = inside("{built}/rust-client", f"http://{ELSEWHERE}/hello", allow=(f"{API}:80",))
    assert refused.returncode != 0
    assert "Name or service not known" in refused.stderr
    assert not internet.requests(ELSEWHERE)


@needs("java")
def test_java_asks_for_http_2_without_tls_and_gets_http_1(inside: Sandboxed, internet: Internet) -> None:
    done = inside(*CLIENTS[-1].argv, f"http://{API}/hello", allow=(f"{API}:80",))
    assert done.returncode == 0, done.stderr
    assert f"hello from {API}" in done.stdout
    (request,) = internet.requests(API)
    assert not {"upgrade", "http2-settings"} & request["headers"].keys()


def test_no_client_is_told_of_a_proxy(inside: Sandboxed) -> None:
    done = inside("env")
    assert done.returncode == 0
    assert not re.findall(r"(?im)^\w*proxy\w*=", done.stdout)


@needs("cargo", "rust")
def test_cargo_builds_with_a_crate_of_a_registry(inside: Sandboxed, internet: Internet, resident: Resident) -> None:
    host, package = CRATES, inside.repo
    _registry(internet, resident)
    (package / "src").mkdir()
    (package / "src/main.rs").write_text('fn main() { println!("{}", greeting::WORD); }\n')
    (package / ".cargo").mkdir()
    manifest = (
        '[package]\nname = "example"\nversion = "1.0.0"\nedition = "2021"\n'
        '[dependencies]\ngreeting = { version = "1", registry = "tests" }\n'
    )
    (package / "Cargo.toml").write_text(manifest)
    settings = f'[registries.tests]\nindex = "https://{host}/git/index.git"\n'
    (package / ".cargo/config.toml").write_text(settings)
    done = inside("cargo", "run", "--quiet", allow=(CRATES,))
    assert done.returncode == 0, done.stderr
    assert "hello from a crate" in done.stdout
    (package / ".cargo/config.toml").write_text(settings.replace(host, ELSEWHERE))
    refused = inside("cargo", "run", "--quiet", allow=(CRATES,))
    assert refused.returncode != 0
    assert re.search(f"failed to resolve address for {ELSEWHERE}|Could not resolve host", refused.stderr)
    assert f"refused {ELSEWHERE}" in refused.stderr


def _registry(internet: Internet, person: Person) -> None:
    """A registry of crates with one: its index in git, which every cargo understands, its files beside it."""
    content = {
        "greeting-1.0.0/Cargo.toml": b'[package]\nname = "greeting"\nversion = "1.0.0"\nedition = "2021"\n',
        "greeting-1.0.0/src/lib.rs": b'pub const WORD: &str = "hello from a crate";\n',
    }
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for path, data in content.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(data), 0o644
            archive.addfile(entry, io.BytesIO(data))
    files = internet.repositories / "files"
    files.mkdir(exist_ok=True)
    (files / "greeting-1.0.0.crate").write_bytes(packed.getvalue())
    checksum = hashlib.sha256(packed.getvalue()).hexdigest()
    line = {"name": "greeting", "vers": "1.0.0", "deps": [], "cksum": checksum, "features": {}, "yanked": False}
    settings = {"dl": f"https://{CRATES}/files/{{crate}}-{{version}}.crate"}
    index = {"config.json": json.dumps(settings), "gr/ee/greeting": json.dumps(line) + "\n"}
    internet.repository("index", index, person.environ)


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_the_page_for_people_says_what_the_client_says(client: Client) -> None:
    page = PAGE.read_text("utf-8")
    said = (client.no_name.replace(ELSEWHERE, "HOST"), client.no_port, client.no_service)
    row = next(line for line in page.splitlines() if line.startswith(f"| {client.name} |"))
    assert [phrase for phrase in said if phrase not in row] == []
