"""What the gateway alone has: the session's authority, whom it trusts outside, the secrets, and what was spent.

Made in the gateway's process, before it gives up its files. What is not needed is not there: an authority only where
TLS is terminated. Nothing of it is ever written or sent but towards the place that a credential is bound to.
"""

from __future__ import annotations

from paddock.credentials.brokered import SHORTEST, SIGV4, parts
from paddock.errors import PolicyError
from paddock.frozen import replace
from paddock.gateway.budget import Uploads
from paddock.gateway.secrets.leaks import Needle, Needles
from paddock.plan import trusting
from paddock.plan.matching import allows_request
from paddock.policy.matching import fits
from paddock.policy.names import is_ipv4

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Iterator, Mapping

    from paddock.credentials.brokered import Brokered
    from paddock.credentials.canaries import Canary
    from paddock.credentials.renewals import Renewed
    from paddock.gateway.rules import Endpoint
    from paddock.gateway.tls.authority import Authority
    from paddock.plan.model import Network

MOST_OLD = 64  # secrets of before a renewal that are still looked for in what goes out


class Custody:
    """One for each gateway."""

    def __init__(
        self,
        brokered: Iterable[Brokered] = (),
        canaries: Iterable[Canary] = (),
        authority: Authority | None = None,
        upstreams: ssl.SSLContext | None = None,
    ) -> None:
        self.authority = authority
        self.upstreams = upstreams  # how the gateway speaks TLS outside
        self.uploads = Uploads()
        self.brokered = tuple(brokered)
        self.needles = Needles([*_needles(self.brokered), *_marks(canaries)])

    @property
    def certificate(self) -> bytes:
        """The authority's own, as PEM; nothing where there is none."""
        return self.authority.certificate if self.authority else b""

    def bound(self, endpoint: Endpoint, method: bytes, target: bytes) -> tuple[Brokered, ...]:
        """The credentials for a request to an endpoint, in the policy's order."""
        # The place that a person wrote, and the one that is dialled: for an agent's endpoint on 127.0.0.1 these differ.
        places = {(endpoint.name, endpoint.port), (endpoint.target, endpoint.target_port)}
        return tuple(
            one
            for one in self.brokered
            if any(
                port == bound.port and fits(bound.host, host) and allows_request(bound, method, target)
                for bound in one.credential.bound
                for host, port in places
            )
        )

    def canary_in(self, name: str) -> str:
        """The canary that a name which was looked up spells, or nothing. Dots part it anywhere."""
        return next((one.name for one in self.needles.in_name(name) if one.kind == "canary"), "")

    def without_secret(self, name: str) -> str:
        """A name as it may be written down: of one that spells a secret only whose it is, "*.example.test"."""
        held = self.needles.in_name(name)
        if not any(one.kind == "secret" for one in held):
            return name
        labels = name.split(".")
        below, owner = ".".join(labels[:-2]), ".".join(labels[-2:])
        return f"*.{owner}" if self.needles.in_name(below) == held and not self.needles.in_name(owner) else "*"

    def renew(self, renewed: Renewed) -> str:
        """Take a credential's new secret; the old one may still be good, so it must not go out either.

        Returns why the old one stays, or nothing.
        """
        if renewed.secret is None:
            return renewed.why
        brokered = tuple(
            replace(one, secret=renewed.secret) if one.credential.name == renewed.name else one for one in self.brokered
        )
        try:
            check(brokered)
        except PolicyError as error:
            return error.what
        self.brokered = brokered
        self.needles = Needles(_with_old([*_needles(brokered)], self.needles.all))
        return ""


def _with_old(current: list[Needle], before: Iterable[Needle]) -> list[Needle]:
    """What is looked for now, and what was before, of which the newest come first."""
    others = [needle for needle in before if needle not in current]
    forgotten = [needle for needle in others if needle.kind == "secret"][MOST_OLD:]
    return [*current, *(needle for needle in others if needle not in forgotten)]


def check(brokered: Iterable[Brokered]) -> None:
    """Refuse a secret that could not be looked for in what goes out. Raises PolicyError.

    But for an agent's own key: servers of models on one's own machine take any word for one.
    """
    for one in brokered:
        if one.credential.origin.kind != "agent" and any(len(secret) < SHORTEST for _, secret in hidden_parts(one)):
            raise PolicyError(
                f"the credential {one.credential.name} is shorter than {SHORTEST} characters",
                why=f"anything may look like it, so nothing could be kept from going out ({one.credential.origin})",
                next_step="use a longer token or password",
                code="credential",
            )


def hidden_parts(one: Brokered) -> tuple[tuple[str, str], ...]:
    """Placeholder and secret, for each part of a credential that must not be seen. An access key's id may be."""
    if one.credential.shape != SIGV4:
        return ((one.placeholder, one.secret),)
    return tuple(zip(parts(one.placeholder), parts(one.secret), strict=False))[1:]


def _needles(brokered: Iterable[Brokered]) -> Iterator[Needle]:
    for one in brokered:
        for placeholder, secret in hidden_parts(one):
            if len(secret) >= SHORTEST:
                yield Needle(one.credential.name, "secret", secret.encode())
            yield Needle(one.credential.name, "placeholder", placeholder.encode())


def _marks(canaries: Iterable[Canary]) -> Iterator[Needle]:
    return (Needle(canary.name, "canary", mark) for canary in canaries for mark in canary.marks)


def prepare(
    network: Network,
    brokered: tuple[Brokered, ...],
    canaries: tuple[Canary, ...],
    directory: str,
    environ: Mapping[str, str],
) -> Custody:
    """Make what the plan needs. Raises OSError.

    In `directory`, which is seen inside, appear the files of `trusting`.
    """
    trusted = trusted_for(network, brokered, directory, environ)
    made = make(network, brokered, canaries, trusted, vouches=bool(directory))
    install(directory, made.certificate, trusted, environ)
    return made


def trusted_for(
    network: Network, brokered: Iterable[Brokered], directory: str, environ: Mapping[str, str]
) -> tuple[bytes, ...] | None:
    """Whom the gateway is to trust outside, as PEM; None where it speaks no TLS of its own."""
    if not (_terminated(network, brokered) or directory) and not any(
        rule.upstream.startswith("https://") for rule in network.rules
    ):
        return None
    from paddock.gateway.tls import roots

    return roots.trusted_here(environ)


def make(
    network: Network,
    brokered: tuple[Brokered, ...],
    canaries: tuple[Canary, ...],
    trusted: tuple[bytes, ...] | None,
    *,
    vouches: bool,
) -> Custody:
    """The custody of a plan. With `vouches`, programs inside will be told to trust its authority."""
    if trusted is None:
        return Custody(brokered, canaries)
    from paddock.gateway.tls import roots

    "loaded.test".encode("idna")  # a codec is a module: the ssl module asks for this one with every name
    hosts = _terminated(network, brokered)
    authority = _authority(hosts) if hosts and vouches else None
    return Custody(brokered, canaries, authority, roots.towards_upstreams(trusted))


def install(directory: str, certificate: bytes, trusted: tuple[bytes, ...] | None, environ: Mapping[str, str]) -> None:
    """Write whom programs inside are to trust. Raises OSError."""
    if not directory or trusted is None:
        return
    from paddock.gateway.tls import roots

    # Also where a credential has no secret today, and so nothing is terminated: the variables lead there.
    roots.write(directory, certificate, trusted, environ)


def _terminated(network: Network, brokered: Iterable[Brokered]) -> tuple[str, ...]:
    return trusting.terminated(network, (one.credential for one in brokered))


def _authority(hosts: Iterable[str]) -> Authority:
    from paddock.gateway.tls.authority import Authority

    names = [host.removeprefix("*.") for host in hosts if not is_ipv4(host)]
    return Authority(names, [host for host in hosts if is_ipv4(host)])
