"""`[credentials.NAME]`: where a secret comes from, which variables hold its placeholder, where it may go, and how.

Pure form, no secret: nothing of a source is read here. Whoever may write one decides which program runs outside and
which host gets the secret, so an untrusted file's are never taken (`tightening`).
"""

from __future__ import annotations

from paddock.frozen import replace
from paddock.policy import hosts, secret_sources, values
from paddock.policy.keys import nearest
from paddock.policy.model import Allowed, Binding
from paddock.policy.secret_sources import AWS, SIGV4_PARTS
from paddock.policy.values import Wrong, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from paddock.policy.model import Origin

    Place = tuple[str | int, ...]
    Report = Callable[[Place, Wrong], None]

FIELDS = ("source", "variables", "hosts", "shape", "user", "ttl")
HEADER = "header:"
MOST_HOSTS = 100
SHORTEST_TTL_S = 10  # each renewal starts a program, and is a line of the record
MOST_VARIABLES = 20
# What every program inside is told by, and Paddock decides.
RESERVED = frozenset(
    """
    HOME LOGNAME PADDOCK PATH SHELL TMPDIR USER TERM LANG XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME XDG_STATE_HOME
    """.split()  # noqa: SIM905 - a table
)
# They frame a message or belong to one hop of its way (RFC 9110 §7.6.1, RFC 9112 §6): none carries a credential.
_NO_CREDENTIAL = frozenset(
    """
    connection content-encoding content-length content-type expect host keep-alive proxy-authenticate
    proxy-authorization proxy-connection te trailer transfer-encoding upgrade
    """.split()  # noqa: SIM905 - a table
)
_TOKEN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~")  # RFC 9110 §5.6.2
_LONGEST_NAME = 64


def read(name: str, table: object, origin: Callable[[Place], Origin], report: Report) -> Binding | None:
    """One credential, or None after `report` was told of every problem with its place below the credential."""
    problems = 0

    def tell(place: Place, error: Wrong) -> None:
        nonlocal problems
        problems += 1
        report(place, error)

    def field(key: str, read_it: Callable[[object], object], default: object) -> object:
        if key not in known:
            return default
        try:
            return read_it(known[key])
        except Wrong as error:
            tell((key,), error)
            return default

    try:
        _check_name(name)
        known = _fields(table)
    except Wrong as error:
        report((), error)
        return None
    origin_here = origin(())
    shape = str(field("shape", _shape, "bearer"))
    where = str(field("source", lambda value: secret_sources.source(value, shape), ""))
    names = field("variables", _variables, _own_variables(where, shape))
    binding = Binding(
        name=name,
        source=where,
        shape=shape,
        hosts=_hosts(known.get("hosts"), origin, tell),
        variables=names if isinstance(names, tuple) else (),
        origin=origin_here,
        user=str(field("user", _user, "")),
        ttl_s=_seconds(field("ttl", values.duration, 0)),
    )
    if not problems:
        for place, message in _together(binding):
            tell(place, Wrong(message))
    return None if problems else binding


def _fields(table: object) -> Mapping[str, object]:
    if not isinstance(table, dict):
        raise Wrong(f"expected a table with {', '.join(FIELDS)}, not {shown(table)}")
    for key in table:
        if key not in FIELDS:
            near = nearest(str(key), FIELDS)
            raise Wrong(
                f"unknown key {shown(key)}; " + (f"did you mean {near}?" if near else f"there are {', '.join(FIELDS)}")
            )
    missing = [key for key in ("source", "hosts") if key not in table]
    if missing:
        raise Wrong(f"expected {' and '.join(missing)}: where the secret comes from and where it may go")
    return table


def is_name(name: str) -> bool:
    """Whether a credential can be called so."""
    plain = all(c.isascii() and (c.islower() or c.isdigit() or c in "-_") for c in name)
    return plain and 0 < len(name) <= _LONGEST_NAME


def _check_name(name: str) -> None:
    if not is_name(name):
        raise Wrong(f'expected a name of small letters, digits, "-" and "_", not {shown(name)}')


def _shape(value: object) -> str:
    if isinstance(value, str) and value in ("bearer", "basic", "sigv4"):
        return value
    if isinstance(value, str) and value.startswith(HEADER):
        name = value.removeprefix(HEADER).lower()
        if name in _NO_CREDENTIAL:
            raise Wrong(f"no credential goes into the header {name}")
        if name and len(name) <= _LONGEST_NAME and set(name) <= _TOKEN:
            return HEADER + name
        raise Wrong(f'expected the name of a header, as in "header:x-api-key", not {shown(value)}')
    raise Wrong(f'expected "bearer", "basic", "sigv4" or "header:NAME", not {shown(value)}')


def _variables(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not 0 < len(value) <= MOST_VARIABLES:
        raise Wrong(f'expected a list of 1 to {MOST_VARIABLES} names, as in ["GITHUB_TOKEN"], not {shown(value)}')
    names = tuple(dict.fromkeys(values.variable(each) for each in value))
    reserved = [name for name in names if name in RESERVED]
    if reserved:
        raise Wrong(f"{reserved[0]} has a value of its own inside and holds no credential")
    return names


def _own_variables(where: str, shape: str) -> tuple[str, ...]:
    """What holds the placeholder where nothing is said: the variable that the secret comes from."""
    if where.startswith("env:"):
        return tuple(where.removeprefix("env:").split(","))
    return AWS if shape == "sigv4" else ()


def _hosts(value: object, origin: Callable[[Place], Origin], tell: Report) -> tuple[Allowed, ...]:
    if not isinstance(value, list) or not 0 < len(value) <= MOST_HOSTS:
        tell(
            ("hosts",), Wrong(f'expected a list of 1 to {MOST_HOSTS} hosts, as in ["api.example"], not {shown(value)}')
        )
        return ()
    found: list[Allowed] = []
    for index, each in enumerate(value):
        place = ("hosts", index)
        try:
            found += _host(each, origin(place))
        except Wrong as error:
            tell(place, error)
    return tuple(found)


def _host(value: object, origin: Origin) -> tuple[Allowed, ...]:
    """As in `network.allow`, but what the gateway cannot read it cannot put a credential in."""
    found = hosts.allowed(value, origin)
    if isinstance(value, dict) and value.get("raw"):
        raise Wrong("raw lets every protocol pass, in which no credential can be put; leave it out")
    return tuple(replace(each, raw=False) for each in found)


def _user(value: object) -> str:
    """RFC 7617 §2: a colon ends the name."""
    if not isinstance(value, str) or not value or not value.isascii() or not value.isprintable() or ":" in value:
        raise Wrong(f"expected a name in ASCII without a colon, not {shown(value)}")
    return value


def _seconds(value: object) -> float:
    return value if isinstance(value, int | float) else 0


def _together(binding: Binding) -> list[tuple[Place, str]]:
    """What is wrong although each part is right."""
    found: list[tuple[Place, str]] = []
    if not binding.variables:
        found.append(((), 'expected variables: what holds the placeholder inside, as in ["GITHUB_TOKEN"]'))
    if RESERVED & set(binding.variables):
        found.append((("source",), "that variable has a value of its own inside: name others in variables"))
    if binding.shape == "sigv4" and len(binding.variables) not in SIGV4_PARTS:
        found.append((("variables",), f"sigv4 needs two or three variables: {', '.join(AWS)}"))
    if (binding.shape == "basic") != bool(binding.user):
        what = "basic needs a user" if not binding.user else "a user belongs to basic only"
        found.append((("user",), f'{what}, as in {{ shape = "basic", user = "x-access-token" }}'))
    if 0 < binding.ttl_s < SHORTEST_TTL_S:
        found.append((("ttl",), f'expected at least "{SHORTEST_TTL_S}s", not "{binding.ttl_s:g}s"'))
    if binding.ttl_s and binding.source.startswith("env:"):
        found.append((("ttl",), "a variable of your environment does not change: ttl is for other sources"))
    return found


def covers(one: Binding, other: Binding) -> bool:
    """Whether `one` already lets everything go where `other` does."""
    from paddock.policy.reach import is_covered

    same = (one.name, one.source, one.shape, one.user) == (other.name, other.source, other.shape, other.user)
    return same and set(other.variables) <= set(one.variables) and all(is_covered(h, one.hosts) for h in other.hosts)


def described(binding: Binding) -> str:
    """A credential in full: what is shown here is what gets trusted. Sources name secrets, they do not hold them."""
    from paddock.policy.reach import described as place

    shape = f"{binding.shape} of {shown(binding.user)}" if binding.user else binding.shape
    parts = [
        f"{binding.name}: {shown(binding.source, len(binding.source))} as {shape}",
        f"to {', '.join(map(place, binding.hosts))}",
        f"in {', '.join(binding.variables)}",
        *([f"anew every {binding.ttl_s:g} s"] if binding.ttl_s else []),
    ]
    return " ".join(parts)
