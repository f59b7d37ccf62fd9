"""Which hosts a policy may name: exact names in one spelling, a port, and addresses only on purpose.

What is matched later is what is written here after normalising: lower case, no dot at the end, ASCII only.
Probes NW-19, NW-22 and NW-23 try the other spellings.
"""

from __future__ import annotations

from paddock.policy.names import canonical, ends_in_number
from paddock.policy.values import Wrong, shown

HTTPS = 443
_LAST_PORT = 65535


def host(value: object) -> tuple[str, int, bool]:
    """A host name, its port, and whether it may be private; from "host", "host:port" or a table."""
    if isinstance(value, dict):
        return _host_table(value)
    if not isinstance(value, str):
        raise Wrong(f'expected "host", "host:port" or a table {{ host, port, private }}, not {shown(value)}')
    name, port = _split_port(value)
    return host_name(name, private=False), port, False


def _host_table(table: dict[object, object]) -> tuple[str, int, bool]:
    for key in table:
        if key not in ("host", "port", "private"):
            raise Wrong(f"unknown key {shown(key)} in a host; it has host, port and private")
    name, port, private = table.get("host"), table.get("port", HTTPS), table.get("private", False)
    if not isinstance(name, str):
        raise Wrong('expected the host\'s name, as in { host = "api.example", port = 443 }')
    if not isinstance(private, bool):
        raise Wrong(f"expected true or false for private, not {shown(private)}")
    return host_name(name, private=private), _port(port), private


def _port(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _LAST_PORT:
        raise Wrong(f"expected a port from 1 to {_LAST_PORT}, not {shown(value)}")
    return value


def _split_port(text: str) -> tuple[str, int]:
    if "://" in text:
        rest = text.partition("://")[2].partition("/")[0]
        raise Wrong(f"expected a host name, not an address: write {shown(rest.rpartition('@')[2])}")
    if text.startswith("["):
        name, closed, after = text[1:].partition("]")
        if not closed or (after and not after.startswith(":")):
            raise Wrong(f"expected [address]:port, not {shown(text)}")
    elif text.count(":") > 1:
        return text, HTTPS  # an IPv6 address, refused or taken as such
    else:
        name, colon, after = text.partition(":")
        after = colon + after
    digits = after[1:]
    if after and not (digits.isascii() and digits.isdigit() and len(digits) <= len(str(_LAST_PORT))):
        raise Wrong(f"expected host:port with a port from 1 to {_LAST_PORT}, not {shown(text)}")
    return name, _port(int(digits)) if after else HTTPS


def host_name(text: str, *, private: bool) -> str:
    """An exact name in its one spelling: lower case, no dot at the end, ASCII (RFC 5890 names as xn--)."""
    if "*" in text:
        raise Wrong(f"wildcards are not available yet: name each host instead of {shown(text)}", coming=True)
    if not text.isascii():
        raise Wrong(f"expected a host name in ASCII; write {shown(text)} in its xn-- form")
    name = text.lower().removesuffix(".")
    if ":" in name or ends_in_number(name.rpartition(".")[2]):
        return _address(name, private=private)
    found = canonical(text)
    if found is None:
        raise Wrong(f'expected a host name such as "api.example", not {shown(text)}')
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
