"""Where credentials lie, and which names of variables look like secrets.

A table (`locations`), not a search: an entry there is never mounted into a sandbox by `read`, nor is anything below it,
nor a directory that contains it. Pure: the caller resolves symbolic links. Probes CR-01 to CR-22 and
CR-30 plant canaries at these places.
"""

from __future__ import annotations

from paddock.frozen import frozen
from paddock.policy.locations import ABSOLUTE, HOME, MOVED, XDG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


@frozen
class Location:
    """A place that holds something worth stealing. A `*` in `path` stands for one whole or part component."""

    path: str
    reason: str


_OTHER_HOMES = ("/root", "/home/*")


def locations(
    home: str, environ: Mapping[str, str] | None = None, resolve: Callable[[str], str] | None = None
) -> tuple[Location, ...]:
    """Every known place for a person with this home directory; the more specific come first.

    `environ` adds the places that variables such as GNUPGHOME or XDG_CONFIG_HOME moved. `resolve`
    (`os.path.realpath`) adds where a place really lies, when ~/.ssh or the home itself is a symbolic link.
    """
    found = [Location(f"{home.rstrip('/')}/{place}", reason) for reason, place in _each(HOME)]
    found += _moved(environ or {})
    found += [Location(place, reason) for reason, place in _each(ABSOLUTE)]
    if home.rstrip("/") != "/root":
        found.append(Location("/root", "the administrator's home directory"))
    for other in _OTHER_HOMES:
        found += [Location(f"{other}/{place}", reason) for reason, place in _each(HOME)]
    if resolve is None:
        return tuple(found)
    # Glob-like entries do not name one file. A place that leads to / or to a home would forbid everything.
    exact = [(place, resolve(place.path)) for place in found if "*" not in place.path]
    moved = [Location(real, f"{place.reason}: {place.path} leads there") for place, real in exact if real != place.path]
    return (*found, *(place for place in moved if _parts(place.path)))


def places(home: str, environ: Mapping[str, str] | None = None) -> list[str]:
    """The paths of `locations` without the reasons, and without those that another one covers: for an index."""
    home = home.rstrip("/")
    found = [place.path for place in _moved(environ or {})]
    found += [place for _, place in _each(ABSOLUTE)]
    found += ["/root"] if home != "/root" else []
    covered = home.rpartition("/")[0] == "/home"
    for base in ("/home/*",) if covered else (home, "/home/*"):
        found += [f"{base}/{place}" for _, place in _each(HOME)]
    return found


def refusal(path: str, real: str, home: str, known: Sequence[Location] | None = None) -> str | None:
    """Why `path` must not be shown to a sandbox, or None.

    `path` is lexical and absolute, `real` is where it leads. Both are judged: the place itself, everything
    below it, and every directory that contains it. `known` defaults to `locations(home)`.
    """
    if not path.startswith("/") or not real.startswith("/") or "\0" in path + real:
        return "it is not an absolute path"
    known = locations(home) if known is None else known
    for candidate in dict.fromkeys((path, real)):
        arrow = "" if candidate == path else f"it leads to {candidate}, and "
        parts = _parts(candidate)
        for place in known:
            relation = _relation(parts, _parts(place.path))
            if relation:
                return f"{arrow}it {relation} {place.path} ({place.reason})"
    return None


def _relation(parts: tuple[str, ...], place: tuple[str, ...]) -> str:
    if not all(_same(part, pattern) for part, pattern in zip(parts, place, strict=False)):
        return ""
    if len(parts) < len(place):
        return "contains"
    return "is" if len(parts) == len(place) else "lies in"


def _same(part: str, pattern: str) -> bool:
    if "*" not in pattern:
        return part == pattern
    before, _, after = pattern.partition("*")
    return len(part) >= len(before) + len(after) and part.startswith(before) and part.endswith(after)


def _parts(path: str) -> tuple[str, ...]:
    """The components of a path, with `.`, `..` and doubled slashes resolved in the text."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return tuple(parts)


def _each(table: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    return [(reason, place) for reason, places in table for place in places.split()]


def _moved(environ: Mapping[str, str]) -> list[Location]:
    found = [
        Location(place, f"{reason}, by {name}")
        for reason, name in _each(MOVED)
        for place in environ.get(name, "").removeprefix("FILE:").split(":")
        if _parts(place) and place.startswith("/")
    ]
    for name, prefix in XDG:
        base = environ.get(name, "").rstrip("/")
        if base.startswith("/"):
            found += [
                Location(f"{base}/{place.removeprefix(prefix)}", f"{reason}, by {name}")
                for reason, place in _each(HOME)
                if place.startswith(prefix)
            ]
    return found


# Whole words of a name, and parts that are telling even inside a word. Compared in upper case.
_WORDS = """
TOKEN TOKENS KEY KEYS APIKEY SECRET SECRETS PASSWORD PASSWORDS PASSWD PASS PASSPHRASE PWD CREDENTIAL CREDENTIALS CRED
CREDS AUTH PAT DSN COOKIE COOKIES JWT BEARER SESSION CERT PRIVATE ASKPASS SOCK SOCKET SIGNING PIN OTP TOTP NETRC WEBHOOK
"""
_PARTS = "SECRET PASSWORD PASSWD PASSPHRASE CREDENTIAL APIKEY AUTHTOKEN ACCESSTOKEN"
# Addresses may carry a user and a password.
_ENDS = """
TOKEN KEY PASS _PROXY _URI DATABASE_URL INDEX_URL REDIS_URL AMQP_URL BROKER_URL CONNECTION_STRING
"""
_STARTS = """
AWS_ AZURE_ ARM_ GOOGLE_ GCP_ CLOUDSDK_ VAULT_ OP_ DBUS_ DOCKER_ KUBE TF_VAR_ GPG_ SSH_ GIT_CONFIG_ SUDO_ SYSTEMD_
ACTIONS_ID_TOKEN_ ACTIONS_RUNTIME_ TWINE_ CI_JOB_
"""
_EXACT = """
GNUPGHOME CONTAINER_HOST PODMAN_HOST PGPASSFILE XAUTHORITY ICEAUTHORITY DISPLAY WAYLAND_DISPLAY NOTIFY_SOCKET LISTEN_FDS
KRB5CCNAME TMUX STY VSCODE_IPC_HOOK_CLI NVIM HISTFILE XDG_RUNTIME_DIR
"""
# These contain a telling word and are harmless.
_PLAIN = "PWD OLDPWD TOKENIZERS_PARALLELISM GIT_CONFIG_NOSYSTEM XDG_SESSION_TYPE XDG_SESSION_CLASS"

SECRET_WORDS = frozenset(_WORDS.split())
SECRET_PARTS = tuple(_PARTS.split())
SECRET_ENDS = tuple(_ENDS.split())
SECRET_STARTS = tuple(_STARTS.split())
SECRET_NAMES = frozenset(_EXACT.split())
HARMLESS_NAMES = frozenset(_PLAIN.split())


def is_secret_name(name: str) -> bool:
    """Whether a variable's name says that its value is a secret, or the way to one (an agent's socket).

    Errs towards yes: such a variable can still be passed by its exact name, only never by a pattern.
    """
    upper = name.upper()
    if upper in HARMLESS_NAMES:
        return False
    if upper in SECRET_NAMES or upper.startswith(SECRET_STARTS) or upper.endswith(SECRET_ENDS):
        return True
    if any(part in upper for part in SECRET_PARTS):
        return True
    words = "".join(c if c.isalnum() else " " for c in upper).split()
    return not SECRET_WORDS.isdisjoint(word.rstrip("0123456789") or word for word in words)
