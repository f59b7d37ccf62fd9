"""First words of TLS clients that two readers could read differently. Each has the allowed name in it.

A gateway that passes TLS on unread has to know for certain which name a server will find in it. Of what could be found
twice, or behind the end of something, nobody knows that.
"""

from __future__ import annotations

import secrets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from paddock.probes.scenarios.requests import Form

_RECORD, _CHANGE_CIPHER_SPEC, _ALERT, _APPLICATION_DATA, _UNKNOWN = 0x16, 0x14, 0x15, 0x17, 0x18
_CLIENT_HELLO, _SERVER_HELLO = 1, 2
_SERVER_NAME, _PADDING, _HOST_NAME = 0, 21, 0
_CIPHERS = b"\x13\x01"
_LONGEST = 1 << 14  # bytes of a record (RFC 8446 §5.1)
_BOUND = 4096  # records before the server has answered, as the gateway counts them


def forms(host: str) -> dict[str, Form]:
    """What is sent, by what is wrong with it."""
    name = _server_name(host)
    whole = _message(_body(_RANDOM, [name]))
    half = 48  # behind what it is known by
    sent = {
        "another kind of message": _record(_message(_body(_RANDOM, [name]), _SERVER_HELLO)),
        "a second message in its record": _record(whole + _message(b"")),
        "a piece in another kind of record": _record(whole[:half]) + _record(whole[half:], _ALERT),
        "an empty record between its pieces": _record(whole[:half]) + _record(b"") + _record(whole[half:]),
        "a longer record than there is": _record(_message(_body(_RANDOM, [name, _extension(_PADDING, bytes(17_000))]))),
        "a name that is shorter than it says": _hello([_server_name(host, said=200)]),
        "a longer session's name than there is": _hello([name], session=bytes(33)),
        "bytes behind its extensions": _hello([name], behind=b"\0\0"),
        "half a cipher": _hello([name], ciphers=_CIPHERS + b"\x13"),
        "two extensions with a name": _hello([_server_name("other.example.test"), name]),
        "a name of another kind": _hello([_server_name(host, kind=1)]),
        "two names": _hello([_server_name(host, behind=_name("other.example.test"))]),
        "a record that no client sends behind it": _record(whole) + _record(bytes(9), _UNKNOWN),
    }
    return {what: _known(form) for what, form in sent.items()}


def endless(host: str) -> dict[str, Form]:
    """A beginning that is in order, and behind it records of which each is allowed (RFC 8446 §5)."""
    before = _hello([_server_name(host)]) + _record(b"\1", _CHANGE_CIPHER_SPEC) * _BOUND
    return {"more records than a client has to send": _known(before + _record(b"the last", _APPLICATION_DATA))}


# Stands for 32 bytes that no two of them have in common.
_RANDOM = b"\xff" * 32


def well_formed(host: str) -> Form:
    """One that nothing is wrong with."""
    return _known(_hello([_server_name(host)]))


def followed(host: str, size: int) -> bytes:
    """The same, and so many bytes of a session behind it, which nobody but the service can read."""
    return well_formed(host)[0] + _record(bytes(_LONGEST), _APPLICATION_DATA) * (size // _LONGEST)


def _known(form: bytes) -> Form:
    """Known by its random, and by its last bytes, since a beginning alone is no hello."""
    mark = secrets.token_bytes(32)
    sent = form.replace(_RANDOM, mark)
    return sent, (mark, sent[-8:])


def _hello(
    extensions: Iterable[bytes], *, session: bytes = b"", ciphers: bytes = _CIPHERS, behind: bytes = b""
) -> bytes:
    return _record(_message(_body(_RANDOM, extensions, session, ciphers) + behind))


def _body(random: bytes, extensions: Iterable[bytes], session: bytes = b"", ciphers: bytes = _CIPHERS) -> bytes:
    """RFC 8446 §4.1.2."""
    said = _vector(session, 1) + _vector(ciphers, 2) + _vector(b"\0", 1) + _vector(b"".join(extensions), 2)
    return b"\x03\x03" + random + said


def _server_name(host: str, *, kind: int = _HOST_NAME, said: int = -1, behind: bytes = b"") -> bytes:
    """RFC 6066 §3."""
    return _extension(_SERVER_NAME, _vector(_name(host, kind, said) + behind, 2))


def _name(host: str, kind: int = _HOST_NAME, said: int = -1) -> bytes:
    length = len(host) if said < 0 else said
    return bytes([kind]) + length.to_bytes(2, "big") + host.encode()


def _extension(kind: int, content: bytes) -> bytes:
    return kind.to_bytes(2, "big") + _vector(content, 2)


def _message(body: bytes, kind: int = _CLIENT_HELLO) -> bytes:
    return bytes([kind]) + _vector(body, 3)


def _record(content: bytes, kind: int = _RECORD) -> bytes:
    return bytes([kind, 3, 1]) + _vector(content, 2)


def _vector(content: bytes, size: int) -> bytes:
    return len(content).to_bytes(size, "big") + content
