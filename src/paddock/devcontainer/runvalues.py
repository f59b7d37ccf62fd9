"""What the values of run flags mean: volumes, capabilities, security options, devices, ports.

The grammars are those of podman-run(1) and of the Docker CLI; where the two differ, what either would do is read.
Compose files have the same short forms.
"""

from __future__ import annotations

import re

from paddock.devcontainer.model import Mount, Port, Text
from paddock.devcontainer.runflags import TRUE
from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.devcontainer.source import Source

# A colon in a variable parts nothing. None is that long: without an end, each would be looked for to the text's end.
_PART = re.compile(r"(?:\$\{[^}]{0,400}\}|\\:|[^:])*")
# Nor does one after a drive's letter. `v:/x` is a volume called v: after a drive's path the target follows.
_DRIVE = re.compile(r"[A-Za-z]:(?:\\|/(?=[^:$]*(?:\$\{[^}]{0,400}\}[^:$]*)*:[\\/]))")
# What begins as a path does, or with a variable that may be one: an id or a folder's name never is.
_BOUND = re.compile(r"(/|\.{1,2}(/|$)|~|\$[A-Za-z_]|\$\{(?!devcontainerId\}|\w+FolderBasename\})|[A-Za-z]:[\\/]|\\\\)")


@frozen
class SecurityOption:
    """One `--security-opt`: `seccomp=unconfined`, `no-new-privileges`, `label=disable`. A bare one has the value ""."""

    name: str
    value: str
    raw: str
    origin: Source

    @property
    def no_new_privileges(self) -> bool:
        """Whether it forbids set-user-ID programs to gain anything."""
        return self.name == "no-new-privileges" and self.value in ("", *TRUE)


@frozen
class Device:
    """A device of the host that the container gets; `target` and `access` (r, w, m) as written, or empty."""

    source: str
    target: str
    access: str
    origin: Source


def parts(text: str) -> list[str]:
    r"""Split at colons, but not in a variable such as `${localEnv:HOME}`, nor after a drive's letter, nor at `\:`."""
    found, at = [], 0
    while at <= len(text):
        drive = _DRIVE.match(text, at)
        piece = _PART.match(text, drive.end() if drive else at)
        end = piece.end() if piece else len(text)
        found.append(text[at:end].replace("\\:", ":"))
        at = end + 1
    return found


def volume(text: str, origin: Source) -> Mount:
    """`-v [SOURCE:]TARGET[:OPTIONS]`. A source that is no path is a volume's name; without one it is anonymous."""
    split = parts(text)
    source, target = ("", split[0]) if len(split) == 1 else (split[0], split[1])
    options = _options(":".join(split[2:]))
    read_only = any(name in ("ro", "readonly") for name, _ in options)
    kind = "bind" if is_path(source) else "volume"
    return Mount(kind, source, target, read_only, read_only, options, text, origin)


def is_path(source: str) -> bool:
    """Whether a mount's source is a path of the host, and no volume's name."""
    return _BOUND.match(source) is not None


def tmpfs(text: str, origin: Source) -> Mount:
    """`--tmpfs TARGET[:OPTIONS]`."""
    split = parts(text)
    options = _options(":".join(split[1:]))
    read_only = any(name == "ro" for name, _ in options)
    return Mount("tmpfs", "", split[0], read_only, read_only, options, text, origin)


def _options(text: str) -> tuple[tuple[str, str], ...]:
    pairs = (one.partition("=") for one in text.split(",") if one)
    return tuple((name, value) for name, _, value in pairs)


def capabilities(text: str, origin: Source, raw: str = "") -> tuple[Text, ...]:
    """`sys_admin,CAP_NET_ADMIN` as names without prefix, in capitals (capabilities(7)); `ALL` is one of them."""
    names = [one.strip().upper().removeprefix("CAP_") for one in text.split(",")]
    return tuple(Text(name, origin, raw or text) for name in names if name)


def security_option(text: str, origin: Source) -> SecurityOption:
    """`NAME=VALUE`, or `NAME:VALUE` as it was written once; whichever comes first parts them."""
    found = re.match(r"([^=:]*)(?:[=:](.*))?", text, re.DOTALL)
    name, value = found.groups() if found else (text, None)
    return SecurityOption(name.strip().lower(), (value or "").strip(), text, origin)


def device(text: str, origin: Source) -> Device:
    """`--device SOURCE[:TARGET][:rwm]`."""
    source, *rest = parts(text)
    access = rest.pop() if rest and re.fullmatch(r"[rwm]{1,3}", rest[-1]) else ""
    return Device(source, rest[0] if rest else "", access, origin)


def published(text: str, origin: Source) -> Port:
    """`-p [[ADDRESS:]OUTSIDE:]INSIDE[/PROTOCOL]`. Without an address the port is open on all of the host's."""
    address, ports = "", text
    bracket = re.match(r"\[([^\]]*)\]:(.*)", text, re.DOTALL)
    if bracket:
        address, ports = bracket.groups()
    elif text.count(":") > 1:
        address, _, ports = text.partition(":")
    outside, colon, inside = ports.rpartition(":")
    return Port("publish", inside if colon else ports, outside, address, text, origin)
