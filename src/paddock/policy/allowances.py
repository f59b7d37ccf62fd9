"""The table form of an entry in `network.allow`: a host with its ports and what may be asked of it."""

from __future__ import annotations

from paddock.policy.hosts import HTTPS, THIS_MACHINE, port, reachable_name
from paddock.policy.model import Allowed
from paddock.policy.targets import is_plain_path
from paddock.policy.values import Wrong, shown, size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from paddock.policy.model import Origin

FIELDS = ("host", "port", "ports", "private", "methods", "paths", "upload", "raw")
MOST_PORTS = 100
MOST_PATHS = 100
_LONGEST_METHOD = 20
_LONGEST_PATH = 500
_NEVER = {"CONNECT": "it asks for a tunnel", "TRACE": "it sends credentials back"}  # RFC 9110 §9.3.6, §9.3.8


def table(value: Mapping[str, object], origin: Origin) -> tuple[Allowed, ...]:
    """One value for each port. Raises Wrong."""
    for key in value:
        if key not in FIELDS:
            raise Wrong(f"unknown key {shown(key)} in a host; there are {', '.join(FIELDS)}")
    host = value.get("host")
    if not isinstance(host, str):
        raise Wrong('expected the host\'s name, as in { host = "api.example", port = 443 }')
    private = _flag(value, "private", default=False)
    name = reachable_name(host, private=private)
    methods = tuple(dict.fromkeys(_method(each) for each in _list(value, "methods", MOST_PATHS)))
    paths = tuple(dict.fromkeys(_path(each) for each in _list(value, "paths", MOST_PATHS)))
    is_here = name == THIS_MACHINE
    raw = _flag(value, "raw", default=is_here and not (methods or paths))
    if raw and (methods or paths):
        raise Wrong("raw lets every protocol pass, where methods and paths cannot be seen; leave out one or the other")
    upload = int(size(value["upload"])) if "upload" in value else 0
    return tuple(
        Allowed(name, each, private or is_here, origin, methods, paths, upload, raw)
        for each in _ports(value, needed=is_here)
    )


def _ports(value: Mapping[str, object], *, needed: bool) -> list[int]:
    if "port" in value and "ports" in value:
        raise Wrong("expected port or ports, not both")
    if "ports" in value:
        return list(dict.fromkeys(port(each) for each in _list(value, "ports", MOST_PORTS)))
    if needed and "port" not in value:
        raise Wrong('"host" is this machine: name the port of its service, as in { host = "host", port = 5432 }')
    return [port(value.get("port", HTTPS))]


def _list(value: Mapping[str, object], name: str, most: int) -> list[object]:
    if name not in value:
        return []
    found = value[name]
    if not isinstance(found, list) or not 0 < len(found) <= most:
        what = shown(found) if not isinstance(found, list) else "an empty one" if not found else str(len(found))
        raise Wrong(f"expected {name} to be a list of 1 to {most}, not {what}")
    return found


def _flag(value: Mapping[str, object], name: str, *, default: bool) -> bool:
    found = value.get(name, default)
    if not isinstance(found, bool):
        raise Wrong(f"expected true or false for {name}, not {shown(found)}")
    return found


def _method(value: object) -> str:
    if not (isinstance(value, str) and value.isascii() and value.isalpha() and len(value) <= _LONGEST_METHOD):
        raise Wrong(f'expected a method such as "GET", not {shown(value)}')
    method = value.upper()
    if method in _NEVER:
        raise Wrong(f"{method} never passes the gateway: {_NEVER[method]}")
    return method


def _path(value: object) -> str:
    if not isinstance(value, str) or not value.startswith("/") or len(value) > _LONGEST_PATH:
        raise Wrong(f'expected a path such as "/v1/*", which begins with a slash, not {shown(value)}')
    if "?" in value:
        raise Wrong(f"{shown(value)}: a path ends before the ?; queries are not looked at")
    if not value.isascii() or not is_plain_path(value.encode("ascii")):
        raise Wrong(
            f"{shown(value)} could match no request: paths with dot segments, //, \\, %25, %2e, %2f, %5c, spaces or "
            "letters outside ASCII never pass a rule with paths; write other letters as %C3%A4, and * for any text"
        )
    return value
