"""Whom the gateway trusts outside, and the files by which programs inside trust the session's authority.

Trusted outside is what this machine and its person trust: the system's bundle, or SSL_CERT_FILE in its place, and
what the variables of other programs add. Programs inside trust the same and the authority. Private keys that lie beside
certificates in such a file are left out.
"""

from __future__ import annotations

import os
import re
import ssl
import warnings

from paddock.plan.trusting import ADDED, BUNDLE, JAVA, JAVA_PASSWORD, SYSTEM_BUNDLES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LONGEST_BUNDLE = 16 << 20
_IN_PLACE = ("SSL_CERT_FILE", "NIX_SSL_CERT_FILE")
_NODE = "NODE_EXTRA_CA_CERTS"
_BESIDE = (_NODE, "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "PIP_CERT", "AWS_CA_BUNDLE")
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")


def certificates(data: bytes) -> tuple[bytes, ...]:
    """The certificates of a PEM file, each as PEM, and nothing else of it."""
    return tuple(dict.fromkeys(match[0].replace(b"\r", b"") + b"\n" for match in _CERTIFICATE.finditer(data)))


def trusted_here(environ: Mapping[str, str]) -> tuple[bytes, ...]:
    """What this machine's person trusts, as PEM."""
    replaced = (environ[name] for name in _IN_PLACE if name in environ)
    default = ssl.get_default_verify_paths().openssl_cafile
    base = next((found for path in (*replaced, default, *SYSTEM_BUNDLES) if (found := _read(path))), ())
    beside = (_read(environ[name]) for name in _BESIDE if name in environ)
    return tuple(dict.fromkeys((*base, *(one for found in beside for one in found))))


def towards_upstreams(trusted: Iterable[bytes]) -> ssl.SSLContext:
    """How the gateway speaks to the services: verified, by name, HTTP/1.1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF  # an end that was not said may be somebody else's cut
    context.set_alpn_protocols(["http/1.1"])
    text = b"".join(trusted).decode("ascii")
    if text:
        context.load_verify_locations(cadata=text)
    return context


def write(directory: str, authority: bytes, trusted: tuple[bytes, ...], environ: Mapping[str, str]) -> None:
    """Write the files that are seen inside into the directory that is mounted there. Raises OSError."""
    node = _read(environ.get(_NODE, ""))
    _put(f"{directory}/{BUNDLE}", b"".join((*trusted, authority)))
    _put(f"{directory}/{ADDED}", b"".join((*node, authority)))
    _put(f"{directory}/{JAVA}", _java_store((*trusted, authority)))


def _java_store(trusted: Iterable[bytes]) -> bytes:
    """A PKCS #12 trust store as `keytool` makes them. Java asks for a password even where nothing is secret."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

    entries = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a system's bundle has old authorities in it that no longer conform
        for number, pem in enumerate(trusted):
            try:
                certificate = x509.load_pem_x509_certificate(pem)
            except ValueError:
                continue  # OpenSSL reads a few that nobody else does
            entries.append(pkcs12.PKCS12Certificate(certificate, f"trusted-{number}".encode()))
    return pkcs12.serialize_java_truststore(entries, BestAvailableEncryption(JAVA_PASSWORD.encode()))


def _put(path: str, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    with open(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o644)  # whatever the umask is: read inside under another uid
        file.write(data)


def _read(path: str) -> tuple[bytes, ...]:
    """The certificates of a file; none where it is not there or is none, as OpenSSL does."""
    if not path or not os.path.isfile(path):
        return ()
    try:
        with open(path, "rb") as file:
            return certificates(file.read(LONGEST_BUNDLE))
    except OSError:
        return ()
