"""How programs inside come to trust the session's authority, where the gateway ends TLS to read what is asked.

The files are made when the sandbox starts; here is what they are called inside, and the variables that lead every
known kind of client to them. Where nothing is terminated there is neither.
"""

from __future__ import annotations

from paddock.frozen import replace
from paddock.plan.model import Variable
from paddock.policy.matching import takes_in
from paddock.policy.model import BUILT_IN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from paddock.plan.model import Bound, Credential, Network, Rule

PLACE = "/run/paddock/trust"
BUNDLE = "bundle.pem"  # what the host trusts, and the authority
ADDED = "added.pem"  # the authority alone, and what the host's own variable adds for Node
JAVA = "java.p12"
# Where programs look that follow no variable: GnuTLS (wget, apt), and what was built with a path of its own.
SYSTEM_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch, Alpine, Gentoo
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
JAVA_PASSWORD = "changeit"  # noqa: S105 - Java's own default; nothing in the store is secret

# SSL_CERT_FILE: OpenSSL, Go, Ruby, uv and what uses rustls-native-certs. SSL_CERT_DIR stays as it is.
_TO_BUNDLE = """
SSL_CERT_FILE REQUESTS_CA_BUNDLE CURL_CA_BUNDLE GIT_SSL_CAINFO CARGO_HTTP_CAINFO PIP_CERT AWS_CA_BUNDLE
NIX_SSL_CERT_FILE GRPC_DEFAULT_SSL_ROOTS_FILE_PATH HTTPLIB2_CA_CERTS CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE
"""
_TO_ADDED = "NODE_EXTRA_CA_CERTS DENO_CERT"  # these add to what is built into the program
_JAVA_OPTIONS = "JAVA_TOOL_OPTIONS"


def terminated(network: Network, credentials: Iterable[Credential]) -> tuple[str, ...]:
    """The hosts whose TLS ends in the gateway, `*.` as in rules: those with bounded requests, and those bound to.

    Not those that an agent reaches by an endpoint on 127.0.0.1, which is spoken to without TLS.
    """
    if network.mode == "off":
        return ()
    rules = [rule for rule in network.rules if not rule.loopback and not rule.raw]
    hosts = [rule.host for rule in rules if rule.methods or rule.paths]
    bounds = [bound for credential in credentials for bound in credential.bound]
    hosts += [bound.host for bound in bounds if any(_meet(rule, bound) for rule in rules)]
    return tuple(sorted(set(hosts)))


def _meet(rule: Rule, bound: Bound) -> bool:
    """Whether a host may fit both."""
    return rule.port == bound.port and (takes_in(rule.host, bound.host) or takes_in(bound.host, rule.host))


def with_trust(environment: tuple[Variable, ...], notes: list[str]) -> tuple[Variable, ...]:
    """The environment with the variables that lead clients to the files.

    What the caller's environment brought is replaced, since the bundle has it too. What somebody wrote in a policy
    stays, and is told: such a program will not believe the gateway.
    """
    found = {variable.name: variable for variable in environment}
    for name, value in _values(found.get(_JAVA_OPTIONS)).items():
        known = found.get(name)
        if known and not known.passed and known.origin != BUILT_IN and name != _JAVA_OPTIONS:
            notes.append(
                f"{name} is set ({known.origin}): programs that follow it do not trust the gateway's authority"
            )
        elif known:
            found[name] = replace(known, value=value, passed=False)
        else:
            found[name] = Variable(name, value, BUILT_IN)
    return tuple(found[name] for name in sorted(found))


def _values(java: Variable | None) -> dict[str, str]:
    values = dict.fromkeys(_TO_BUNDLE.split(), f"{PLACE}/{BUNDLE}")
    values |= dict.fromkeys(_TO_ADDED.split(), f"{PLACE}/{ADDED}")
    store = f"-Djavax.net.ssl.trustStore={PLACE}/{JAVA} -Djavax.net.ssl.trustStorePassword={JAVA_PASSWORD}"
    values[_JAVA_OPTIONS] = f"{java.value} {store}" if java and java.value else store
    return values
