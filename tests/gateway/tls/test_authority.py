"""The session's authority: believed for its names by OpenSSL, and for no others."""

from __future__ import annotations

import os
import ssl

import pytest
from cryptography import x509

from paddock.gateway.tls import authority
from paddock.gateway.tls.authority import Authority


def shake_hands(made: Authority, host: str, *, served: str = "") -> str:
    """A handshake in memory with a client that knows the authority alone; what the certificate's name was."""
    trusting = ssl.create_default_context(cadata=made.certificate.decode())
    trusting.verify_flags |= ssl.VERIFY_X509_STRICT
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trusting.wrap_bio(to_client, to_server, server_hostname=host)
    server = made.context(served or host).wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    certificate = client.getpeercert()
    assert certificate
    return str(certificate["subjectAltName"])


def test_it_is_believed_for_its_names_and_those_below() -> None:
    made = Authority(["api.example.test", "example.org"])
    assert "api.example.test" in shake_hands(made, "api.example.test")
    assert "a.b.example.org" in shake_hands(made, "a.b.example.org")


@pytest.mark.parametrize("host", ["example.test", "other.example.test", "notapi.example.test", "192.0.2.1"])
def test_it_is_believed_for_nothing_else(host: str) -> None:
    made = Authority(["api.example.test"])
    assert not made.covers(host)
    with pytest.raises(ssl.SSLCertVerificationError, match=r"permitted subtree|excluded subtree"):
        shake_hands(made, host)


def test_for_addresses_it_vouches_for_these_alone() -> None:
    made = Authority([], ["192.0.2.1"])
    assert made.covers("192.0.2.1")
    shake_hands(made, "192.0.2.1")
    for host in ("192.0.2.2", "example.test"):
        with pytest.raises(ssl.SSLCertVerificationError):
            shake_hands(made, host)


def test_a_certificate_is_for_one_host() -> None:
    made = Authority(["example.test"])
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        shake_hands(made, "a.example.test", served="b.example.test")


def test_two_sessions_have_nothing_in_common() -> None:
    one, other = Authority(["example.test"]), Authority(["example.test"])
    assert one.certificate != other.certificate
    trusting = ssl.create_default_context(cadata=other.certificate.decode())
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trusting.wrap_bio(to_client, to_server, server_hostname="example.test")
    server = one.context("example.test").wrap_bio(to_server, to_client, server_side=True)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    with pytest.raises(ssl.SSLWantReadError):
        server.do_handshake()
    with pytest.raises(ssl.SSLCertVerificationError):
        client.do_handshake()


def test_the_certificate_says_what_it_is_for() -> None:
    own = x509.load_pem_x509_certificate(Authority(["example.test"]).certificate)
    basic = own.extensions.get_extension_for_class(x509.BasicConstraints)
    assert basic.critical
    assert (basic.value.ca, basic.value.path_length) == (True, 0)
    usage = own.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.key_cert_sign
    assert not usage.digital_signature
    assert own.extensions.get_extension_for_class(x509.NameConstraints).critical
    assert (own.not_valid_after_utc - own.not_valid_before_utc).days <= 398


def test_a_key_is_never_in_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is opened for writing would be seen here; memory has no name."""
    opened: list[tuple[object, ...]] = []
    monkeypatch.setattr(os, "open", lambda *more: opened.append(more))
    Authority(["example.test"]).context("a.example.test")
    assert opened == []


def test_contexts_are_kept_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authority, "MOST_CONTEXTS", 3)
    made = Authority(["example.test"])
    first = made.context("a.example.test")
    assert made.context("a.example.test") is first
    for letter in "bcdef":
        made.context(f"{letter}.example.test")
    assert len(made._contexts) <= 3
    assert made.context("a.example.test") is not first


def test_a_context_does_not_remember_clients_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authority, "MOST_SESSIONS", 5)
    made = Authority(["example.test"])
    assert len({id(made.context("example.test")) for _ in range(20)}) >= 2
