"""The session's certificate authority: it vouches, inside one sandbox, for the names whose TLS ends in the gateway.

Its key is made in the gateway's process, is never written, and dies with it. Its certificate says for which names
it may be used (RFC 5280 §4.2.1.10), and only this sandbox is told to trust it. Threat C7.

`cryptography` is imported when an authority is made: where nothing is terminated nobody pays for it. All that is
needed of it later is loaded then, since the process gives up its files.
"""

from __future__ import annotations

import os
import ssl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey

ALPN = "http/1.1"
DAYS = 365  # more than 398 is refused by some clients; the key does not live so long
MOST_CONTEXTS = 1024
# OpenSSL remembers a TLS 1.2 session of every client of a context, and Python has no way to say that it should not.
MOST_SESSIONS = 1000


class Authority:
    """Vouches for `names` and all names below them, and for `addresses`."""

    def __init__(self, names: Iterable[str], addresses: Iterable[str] = ()) -> None:
        from cryptography.hazmat.primitives.asymmetric import ec

        self._names, self._addresses = tuple(sorted(set(names))), tuple(sorted(set(addresses)))
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._leaf_key = ec.generate_private_key(ec.SECP256R1())
        self._own = self._certify_itself()
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._uses: dict[str, int] = {}
        self.certificate = _pem(self._own)
        for host in (*self._names[:1], *self._addresses[:1]):
            self.context(host)  # what is imported on the way is imported now

    def covers(self, host: str) -> bool:
        """Whether it was made for that host; rules that came later are not among its names."""
        return host in self._addresses or any(host == name or host.endswith(f".{name}") for name in self._names)

    def context(self, host: str) -> ssl.SSLContext:
        """How the gateway speaks to clients that believe it is that host."""
        known = self._contexts.get(host)
        self._uses[host] = self._uses.get(host, 0) + 1
        if known is None or self._uses[host] > MOST_SESSIONS:
            if len(self._contexts) >= MOST_CONTEXTS:
                oldest = next(iter(self._contexts))
                del self._contexts[oldest], self._uses[oldest]
            known = self._contexts[host] = _serving(_pem(self._certify(host)) + _key_pem(self._leaf_key))
            self._uses[host] = 1
        return known

    def _certify_itself(self) -> x509.Certificate:
        from cryptography import x509
        from cryptography.x509.oid import ExtendedKeyUsageOID

        public = self._key.public_key()
        builder = _builder(_subject("Paddock session authority"), _subject("Paddock session authority"), public)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        builder = builder.add_extension(_constraints(self._names, self._addresses), critical=True)
        return _signed(builder, self._key)

    def _certify(self, host: str) -> x509.Certificate:
        from cryptography import x509
        from cryptography.x509.oid import ExtendedKeyUsageOID

        public = self._leaf_key.public_key()
        builder = _builder(_subject("Paddock"), self._own.subject, public)
        builder = builder.add_extension(x509.SubjectAlternativeName([_general_name(host)]), critical=False)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return _signed(builder.add_extension(issuer, critical=False), self._key)


def _constraints(names: tuple[str, ...], addresses: tuple[str, ...]) -> x509.NameConstraints:
    """Only these names and addresses. A kind of name that is not constrained would be free, so both always are."""
    import ipaddress

    from cryptography import x509

    networks = [ipaddress.ip_network(address) for address in addresses]
    permitted: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
    permitted += [x509.IPAddress(network) for network in networks]
    excluded: list[x509.GeneralName] = [] if names else [x509.DNSName("")]
    if not any(network.version == 4 for network in networks):
        excluded.append(x509.IPAddress(ipaddress.ip_network("0.0.0.0/0")))
    excluded.append(x509.IPAddress(ipaddress.ip_network("::/0")))
    return x509.NameConstraints(permitted or None, excluded)


def _general_name(host: str) -> x509.GeneralName:
    import ipaddress

    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.IPv4Address(host))
    except ValueError:
        return x509.DNSName(host)


def _subject(name: str) -> x509.Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, name)])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not signs_certificates, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=signs_certificates, crl_sign=signs_certificates,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _builder(subject: x509.Name, issuer: x509.Name, public: EllipticCurvePublicKey) -> x509.CertificateBuilder:
    import datetime as dt

    from cryptography import x509

    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder(issuer_name=issuer, subject_name=subject, public_key=public)
    builder = builder.serial_number(x509.random_serial_number())
    # A little in the past, for clocks inside a container that lag behind.
    return builder.not_valid_before(now - dt.timedelta(hours=1)).not_valid_after(now + dt.timedelta(days=DAYS))


def _signed(builder: x509.CertificateBuilder, key: EllipticCurvePrivateKey) -> x509.Certificate:
    from cryptography.hazmat.primitives import hashes

    return builder.sign(key, hashes.SHA256())


def _pem(certificate: x509.Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM)


def _key_pem(key: EllipticCurvePrivateKey) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _serving(chain_and_key: bytes) -> ssl.SSLContext:
    """A server's context: TLS 1.2 and later, HTTP/1.1, each handshake a full one, never a second one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF  # an end that was not said may be somebody else's cut
    context.num_tickets = 0
    context.set_alpn_protocols([ALPN])
    # The ssl module takes a path and nothing else; this one is a piece of memory (memfd_create(2)).
    memory = os.memfd_create("leaf", os.MFD_CLOEXEC)
    try:
        os.write(memory, chain_and_key)
        context.load_cert_chain(f"/proc/self/fd/{memory}")
    finally:
        os.close(memory)
    return context
