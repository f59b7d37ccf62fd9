"""Credentials that open nothing, planted where thieves look; whoever sends one out gives himself away.

Their values are new in every session and of the real shapes. Nothing legitimate has a reason to send them, so the
gateway ends the session when it sees one, wherever it goes. Inside they are ordinary files: the private home's, and
what is seen in place of a masked `.env`.
"""

from __future__ import annotations

import os

from paddock.credentials.chance import DIGITS, LETTERS, UPPER, text
from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.plan.model import Plan, Planted

_KEY_ID = UPPER + "234567"  # Base32, as the numbers in real ids
_KEY = LETTERS + DIGITS + "/+"
_TOKEN = LETTERS + DIGITS
_LINE = 70  # characters of a private key's line, as ssh-keygen writes it
_BLOCK = 8  # bytes to which an unencrypted key is padded


@frozen
class Canary:
    """What must not go out: `name` for people, `place` where it was planted, `marks` by which it is known."""

    name: str
    place: str
    marks: tuple[bytes, ...]


@frozen
class Planting:
    """The canaries of a session, and the files (place, content) in which they are."""

    canaries: tuple[Canary, ...] = ()
    files: tuple[tuple[str, str], ...] = ()


def plant(plan: Plan) -> Planting:
    """New canaries for a session; none without a network, where nothing could see them go."""
    if plan.network.mode == "off":
        return Planting()
    made = [_MAKERS[each.kind](each) for each in plan.canaries]
    return Planting(tuple(canary for canary, _ in made), tuple((canary.place, content) for canary, content in made))


def _aws(planted: Planted) -> tuple[Canary, str]:
    key_id, key = "AKIA" + text(16, _KEY_ID), text(40, _KEY)
    content = f"[default]\naws_access_key_id = {key_id}\naws_secret_access_key = {key}\n"
    return Canary("canary-aws", planted.target, (key_id.encode(), key.encode())), content


def _env(planted: Planted) -> tuple[Canary, str]:
    token = "sk_live_" + text(99, _TOKEN)
    return Canary("canary-env", planted.target, (token.encode(),)), f"STRIPE_SECRET_KEY={token}\n"


def _ssh(planted: Planted) -> tuple[Canary, str]:
    """An Ed25519 key in OpenSSH's own format (PROTOCOL.key). No public key belongs to it: it opens nothing.

    It is known by its seed, and by the whole lines of its text, for whoever encodes that once more.
    """
    public, seed = os.urandom(32), os.urandom(32)
    kind = b"ssh-ed25519"
    check = os.urandom(4)
    private = check * 2 + _string(kind) + _string(public) + _string(seed + public) + _string(b"")
    private += bytes(range(1, 1 + -len(private) % _BLOCK))
    blob = b"openssh-key-v1\0" + _string(b"none") * 2 + _string(b"") + (1).to_bytes(4, "big")
    blob += _string(_string(kind) + _string(public)) + _string(private)
    content = _armoured(blob)
    lines = [line.encode() for line in content.split("\n")[2:] if len(line) == _LINE]  # the first is no secret
    return Canary("canary-ssh", planted.target, (seed, *lines)), content


def _armoured(blob: bytes) -> str:
    import base64

    text = base64.b64encode(blob).decode()
    lines = [text[at : at + _LINE] for at in range(0, len(text), _LINE)]
    return "\n".join(["-----BEGIN OPENSSH PRIVATE KEY-----", *lines, "-----END OPENSSH PRIVATE KEY-----", ""])


def _string(data: bytes) -> bytes:
    """A string of the SSH protocols: its length, then itself (RFC 4251 §5)."""
    return len(data).to_bytes(4, "big") + data


_MAKERS = {"aws": _aws, "env": _env, "ssh": _ssh}
