"""The small /etc of a sandbox: files that are written for it, and the few of the host that programs need.

Left out on purpose: `npmrc`, `pip.conf`, `gitconfig`, `gemrc`, `maven/settings.xml` (may hold tokens), `profile`
(resets PATH), `machine-id` (an identifier), `ssl/private`, `pki/tls/private` (keys), everything about daemons.
"""

from __future__ import annotations

from paddock.plan.model import File

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.plan.host import Host
    from paddock.plan.model import Person

HOSTNAME = "paddock"
GATEWAY_ADDRESS = "198.18.0.1"
_NOBODY = 65534

# Shown read-only where they exist, with what fails without them.
SHOWN: tuple[tuple[str, str], ...] = (
    ("ld.so.cache", "libraries outside /usr/lib, such as /usr/local/lib and the multiarch directories"),
    ("ld.so.conf", "linking against such libraries"),
    ("ld.so.conf.d", "linking against such libraries"),
    ("ssl/certs", "TLS"),
    ("ssl/openssl.cnf", "openssl(1)"),
    ("ssl/cert.pem", "TLS (Alpine, Arch)"),
    ("ca-certificates/extracted", "TLS (Arch)"),
    ("pki/ca-trust", "TLS (Fedora)"),
    ("pki/tls/certs", "TLS (Fedora)"),
    ("pki/tls/cert.pem", "TLS (Fedora)"),
    ("pki/tls/openssl.cnf", "openssl(1) (Fedora)"),
    ("crypto-policies", "TLS (Fedora)"),
    ("static/ssl", "TLS (NixOS)"),
    ("alternatives", "awk, editor, java, cc: links of /usr/bin lead through it (Debian, Fedora)"),
    ("localtime", "local time"),
    ("timezone", "local time (Debian)"),
    ("os-release", "telling the distribution"),
    ("mime.types", "types of files"),
    ("services", "names of ports"),
    ("protocols", "names of protocols"),
    ("fonts", "drawing text: headless browsers, matplotlib"),
    ("terminfo", "terminals that the administrator added"),
    ("inputrc", "keys in shells"),
    ("vim", "vim (Debian)"),
    ("manpath.config", "man(1) (Debian)"),
    ("python3", "Debian's python"),
    ("perl", "perl (Debian)"),
    ("R", "R (Debian)"),
    ("maven/m2.conf", "mvn (Debian)"),
    ("maven/logging", "mvn (Debian)"),
)
# The same, for names that carry a version: what they begin with.
SHOWN_VERSIONS = ("java-", "python3.")
# The bundle is sometimes a link that leaves the directory of certificates.
BUNDLES = ("ssl/certs/ca-certificates.crt", "ssl/certs/ca-bundle.crt")

NSSWITCH = "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nservices: files\nprotocols: files\n"
HOSTS = f"127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n127.0.1.1 {HOSTNAME}\n"


def shown(host: Host) -> list[str]:
    """The host's files and directories below /etc that the sandbox sees, as far as they may exist."""
    versions = [name for name in host.listdir("/etc") if name.startswith(SHOWN_VERSIONS)]
    return [f"/etc/{name}" for name in (*(name for name, _ in SHOWN), *versions, *BUNDLES)]


def files(person: Person, shell: str, *, network: bool) -> tuple[File, ...]:
    """The files that are written for the sandbox."""
    content = {
        "group": group(person),
        "host.conf": "multi on\n",
        "hostname": HOSTNAME + "\n",
        "hosts": HOSTS,
        "nsswitch.conf": NSSWITCH,
        "passwd": passwd(person, shell),
        "resolv.conf": resolver(network=network),
        "shells": "/bin/sh\n" if shell == "/bin/sh" else f"/bin/sh\n{shell}\n",
    }
    return tuple(File(f"/etc/{name}", text) for name, text in content.items())


def names(*, network: bool, services: tuple[str, ...] = ()) -> tuple[File, ...]:
    """Those of them that say how names are found, for a root that has its own of all others."""
    hosts = HOSTS + "".join(f"127.0.0.1\t{name}\n" for name in services)
    return (File("/etc/hosts", hosts), File("/etc/resolv.conf", resolver(network=network)))


def passwd(person: Person, shell: str) -> str:
    """The users: root, the person, nobody."""
    lines = ["root:x:0:0:root:/:/bin/sh", f"{person.name}:x:{person.uid}:{person.gid}::{person.home}:{shell}"]
    if person.uid != _NOBODY:
        lines.append(f"nobody:x:{_NOBODY}:{_NOBODY}:nobody:/:/usr/sbin/nologin")
    return "\n".join(lines) + "\n"


def group(person: Person) -> str:
    """The groups: root, tty (devpts gives terminals to it), the person's group, nogroup."""
    lines = ["root:x:0:", "tty:x:5:", f"{person.name}:x:{person.gid}:"]
    if person.gid != _NOBODY:
        lines.append(f"nogroup:x:{_NOBODY}:")
    return "\n".join(lines) + "\n"


def resolver(*, network: bool) -> str:
    """resolv.conf(5): the gateway alone, or nobody.

    No search list: each entry, "." too, makes the C library ask for every refused name once more. (It derives one
    from a host name with a dot: the sandbox's has none.)
    """
    if not network:
        return "# no network\n"
    return f"nameserver {GATEWAY_ADDRESS}\noptions timeout:2 attempts:2\n"
