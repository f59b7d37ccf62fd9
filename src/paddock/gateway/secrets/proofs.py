"""How a request proves who asks: what a client sent for that is taken off, and a credential's own is put on."""

from __future__ import annotations

import binascii
from urllib.parse import unquote_to_bytes

from paddock.credentials.brokered import SHORTEST, SIGV4, parts
from paddock.gateway.http.requests import Request
from paddock.gateway.secrets import swapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from paddock.credentials.brokered import Brokered

# By which a client may say who it is, to one service or another. Where a credential is bound, the client is who the
# credential says and nobody else: with a stranger's key it could hand what it has read to the stranger.
HEADERS = frozenset(
    b"""
    authorization x-api-key api-key apikey x-goog-api-key x-goog-iam-authorization-token x-auth-token x-auth-key
    x-access-token x-amz-security-token private-token job-token deploy-token x-gitlab-token x-github-token x-vault-token
    openai-organization openai-project cookie
    """.split()
)
PARAMETERS = frozenset(b"access_token api_key apikey api-key auth_token private_token job_token".split())
_GOOGLE, _GOOGLE_PARAMETER = b"x-goog-api-key", b"key"


def is_signing(one: Brokered) -> bool:
    """Whether a credential signs requests instead of going with them."""
    return one.credential.shape == SIGV4


def header(one: Brokered) -> bytes:
    """The header in which a credential goes, in small letters."""
    shape = one.credential.shape
    return shape.removeprefix("header:").lower().encode() if shape.startswith("header:") else b"authorization"


def in_query(target: bytes, bound: Collection[Brokered]) -> bool:
    """Whether a target says in its query who asks. There it comes into logs; and a stranger's key can be there."""
    forbidden = PARAMETERS | ({_GOOGLE_PARAMETER} if any(header(one) == _GOOGLE for one in bound) else set())
    names = (part.partition(b"=")[0] for part in target.partition(b"?")[2].replace(b";", b"&").split(b"&"))
    return any(unquote_to_bytes(name).lower() in forbidden for name in names)


def without(request: Request, bound: Collection[Brokered]) -> Request:
    """The request without what proves who asks."""
    own = HEADERS.union(header(one) for one in bound)
    kept = tuple(field for field in request.headers if field[0].lower() not in own)
    return Request(request.method, request.target, kept)


def choose(bound: Collection[Brokered], shown: Collection[str], *, is_signed: bool) -> Brokered | None:
    """The credential for a request: whose placeholder the client showed, else the only one that there is.

    One that signs is for requests that a client has signed.
    """
    fitting = [one for one in bound if is_signing(one) is is_signed]
    presented = [one for one in fitting if one.credential.name in shown]
    if presented:
        return presented[0]
    return fitting[0] if len(fitting) == 1 else None


def proof(one: Brokered, request: Request) -> tuple[bytes, bytes]:
    """The header that a credential goes in. `request` is the client's, for the user name that it may have said."""
    secret = one.secret.encode()
    if one.credential.shape == "basic":
        user = one.credential.user.encode() or _user(request)
        return b"Authorization", b"Basic " + binascii.b2a_base64(user + b":" + secret, newline=False)
    if one.credential.shape == "bearer":
        return b"Authorization", b"Bearer " + secret
    return header(one), secret


def _user(request: Request) -> bytes:
    """The name in the client's own Basic header (RFC 7617), or one that services that know tokens take for any."""
    for name, value in request.headers:
        scheme, _, coded = value.partition(b" ")
        if name.lower() == b"authorization" and scheme.lower() == b"basic":
            try:
                user = binascii.a2b_base64(coded.strip()).partition(b":")[0]
            except ValueError:
                continue
            if user:
                return user
    return b"x-access-token"


def echoes(one: Brokered) -> tuple[swapping.Pair, ...]:
    """What an answer may hold of a credential that was sent, each with what is to be read instead."""
    if is_signing(one):  # it was not sent, but for a session token
        tokens = (parts(one.secret)[2:], parts(one.placeholder)[2:])
        return tuple(
            pair for real, fake in zip(*tokens, strict=False) for pair in swapping.forms(real.encode(), fake.encode())
        )
    if len(one.secret) < SHORTEST:
        return ()  # it stands everywhere, and is not it
    return swapping.forms(one.secret.encode(), one.placeholder.encode())
