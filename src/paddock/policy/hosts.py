"""Which hosts a policy may name: names in one spelling, wildcards below one owner, a port, addresses on purpose only.

What is matched later is what is written here after normalising: lower case, no dot at the end, ASCII only.
Probes NW-19, NW-22 and NW-23 try the other spellings.
"""

from __future__ import annotations

from paddock.policy.model import Allowed, Denial, Publication
from paddock.policy.names import canonical, ends_in_number
from paddock.policy.values import Wrong, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.policy.model import Origin

HTTPS = 443
THIS_MACHINE = "host"  # the word for services on this machine's own loopback
_LAST_PORT = 65535
_LONGEST_SHOWN_NAME = 60


def allowed(value: object, origin: Origin) -> tuple[Allowed, ...]:
    """An entry of `network.allow`, one value for each port. Raises Wrong."""
    if isinstance(value, dict):
        from paddock.policy.allowances import table

        return table(value, origin)
    if not isinstance(value, str):
        raise Wrong(f'expected "host", "host:port" or a table {{ host, port, private }}, not {shown(value)}')
    text, port_given = split_port(value)
    name = reachable_name(text, private=False)
    if name != THIS_MACHINE:
        return (Allowed(name, port_given or HTTPS, private=False, origin=origin),)
    if not port_given:
        raise Wrong('"host" is this machine: name the port of its service, as in "host:5432"')
    return (Allowed(name, port_given, private=True, origin=origin, raw=True),)


def denied(value: object, origin: Origin) -> Denial:
    """An entry of `network.deny`: "host", "host:port", or with "*." before it. Raises Wrong."""
    if not isinstance(value, str):
        raise Wrong(f'expected "host", "host:port" or "*.domain", not {shown(value)}')
    text, port_given = split_port(value)
    if text == "*":
        raise Wrong('to deny every host, write mode = "off"')
    if text.startswith("*."):
        return Denial(f"*.{_domain(text)}", port_given, origin)
    return Denial(host_name(text, private=True), port_given, origin)


def published(value: object, origin: Origin) -> Publication:
    """An entry of `network.publish`: a port inside, or "OUTSIDE:INSIDE". Raises Wrong."""
    outside, colon, inside = value.partition(":") if isinstance(value, str) else (value, "", value)
    try:
        first, last = (port(_number(each) if isinstance(each, str) else each) for each in (outside, inside or outside))
    except Wrong:
        first = last = 0
    if not last or (colon and not inside):
        raise Wrong(
            f'expected a port such as 3000, or "8080:3000" for port 3000 inside at 8080 here, not {shown(value)}'
        )
    return Publication(inside=last, outside=first, origin=origin)


def port(value: object) -> int:
    """A port's number. Raises Wrong."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _LAST_PORT:
        raise Wrong(f"expected a port from 1 to {_LAST_PORT}, not {shown(value)}")
    return value


def split_port(text: str) -> tuple[str, int]:
    """What stands before the port, and the port; 0 where none is given. Raises Wrong."""
    if "://" in text:
        rest = text.partition("://")[2].partition("/")[0]
        raise Wrong(f"expected a host name, not an address: write {shown(rest.rpartition('@')[2])}")
    if text.startswith("["):
        name, closed, after = text[1:].partition("]")
        if not closed or (after and not after.startswith(":")):
            raise Wrong(f"expected [address]:port, not {shown(text)}")
    elif text.count(":") > 1:
        return text, 0  # an IPv6 address, refused or taken as such
    else:
        name, colon, after = text.partition(":")
        after = colon + after
    number = _number(after[1:])
    if after and not number:
        raise Wrong(f"expected host:port with a port from 1 to {_LAST_PORT}, not {shown(text)}")
    return name, port(number) if after else 0


def _number(digits: str) -> int:
    """A port's digits as a number; 0 for anything else."""
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= len(str(_LAST_PORT)) else 0


def host_name(text: str, *, private: bool) -> str:
    """A name in its one spelling, or `*.` and a name: lower case, no dot at the end, ASCII (RFC 5890 names as xn--).

    With `private` it may also be an address. Raises Wrong.
    """
    if "*" in text:
        return _wildcard(text)
    if not text.isascii():
        raise Wrong(_in_ascii(text))
    name = text.lower().removesuffix(".")
    if ":" in name or ends_in_number(name.rpartition(".")[2]):
        return _address(name, private=private)
    found = canonical(text)
    if found is None:
        raise Wrong(f'expected a host name such as "api.example", not {shown(text)}')
    return found


def reachable_name(text: str, *, private: bool) -> str:
    """The same for an entry that allows. Raises Wrong also for names that never leave the sandbox."""
    name = host_name(text, private=private)
    # RFC 6761 §6.3: resolvers and clients take these for their own machine, so the gateway would never hear of them.
    if name == "localhost" or name.endswith(".localhost"):
        raise Wrong(
            f'inside, {shown(name)} is the sandbox itself; a service of this machine is "host", as in "host:5432"'
        )
    return name


def _in_ascii(text: str) -> str:
    """What to write instead of a name with other letters: two alphabets have letters that look the same."""
    found = canonical(text) if len(text) <= _LONGEST_SHOWN_NAME else None
    instead = f"write {shown(found)}, if that is what you mean by {shown(text)}" if found else f"not {shown(text)}"
    return f"expected a host name in ASCII: {instead}"


def _wildcard(text: str) -> str:
    if text == "*":
        raise Wrong(
            '"*" would allow every host, which is no rule: name the hosts that are needed, or all below a domain '
            'that one owner holds, as in "*.example.com"'
        )
    domain = _domain(text)
    from paddock.policy.suffixes import why_shared

    why = why_shared(domain)
    if why:
        raise Wrong(f"{shown(f'*.{domain}')} would take in hosts of strangers: {why}")
    return f"*.{domain}"


def _domain(text: str) -> str:
    """The canonical name behind `*.`."""
    rest = text.removeprefix("*.")
    if rest == text or "*" in rest:
        raise Wrong(f'a * stands for whole labels, once and in front: "*.example.com", not {shown(text)}')
    if not rest.isascii():
        raise Wrong(_in_ascii(rest))
    name = rest.lower().removesuffix(".")
    if ":" in name or ends_in_number(name.rpartition(".")[2]):
        raise Wrong(f"{shown(text)}: there are no names below an address")
    found = canonical(rest)
    if found is None:
        raise Wrong(f'expected "*." and a name, such as "*.example.com", not {shown(text)}')
    return found


def _address(text: str, *, private: bool) -> str:
    if not private:
        raise Wrong(
            f"{shown(text)} is an address, not a name; names are what a rule can check. "
            "If it must be: { host = …, port = …, private = true }"
        )
    import ipaddress

    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise Wrong(f"expected an address in its full form, such as 192.0.2.7, not {shown(text)}") from None
    mapped = getattr(address, "ipv4_mapped", None)
    if "%" in text or mapped or address.is_multicast or address.is_unspecified or text == "255.255.255.255":
        raise Wrong(f"{shown(text)} is not the address of one host" + (f"; write {mapped}" if mapped else ""))
    return str(address)
