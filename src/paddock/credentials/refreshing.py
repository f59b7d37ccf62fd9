"""Ask an issuer for a new access token (RFC 6749 §6). Outside, with TLS that is verified as the host trusts.

What comes back is bounded in size and time, and nothing of it is ever quoted but the issuer's own word for an error.
"""

from __future__ import annotations

import time

from paddock.credentials import tokens
from paddock.credentials.brokered import Secret
from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from http.client import HTTPResponse

    from paddock.plan.profile import Issuer

TIMEOUT_S = 30.0
_LONGEST = 1 << 18  # bytes of an answer
_OK, _REFUSALS = 200, (400, 401, 403)
_LONGEST_WORD = 60
_MOST_AHEAD_S = 400 * 86400.0


@frozen
class Answer:
    """New tokens. `refresh` is None where the old one stays good."""

    access: Secret
    refresh: Secret | None
    expires: float


class RefreshFailed(Exception):
    """No new token. `over` says that the login itself has ended, so that trying again is of no use."""

    def __init__(self, why: str, *, over: bool) -> None:
        super().__init__(why)
        self.why = why
        self.over = over


def ask(issuer: Issuer, refresh: str | None, sending: Callable[[], None] = lambda: None) -> Answer:
    """One attempt. `sending` is called before the token goes out, which may then be used up. Raises RefreshFailed."""
    if refresh is None:
        raise RefreshFailed("it came without a token to renew it", over=True)
    import http.client
    import ssl
    from urllib.parse import urlsplit

    place = urlsplit(issuer.url)
    body, kind = _request(issuer, refresh)
    deadline = time.monotonic() + TIMEOUT_S
    connection = http.client.HTTPSConnection(
        place.hostname or "", place.port, timeout=TIMEOUT_S, context=ssl.create_default_context()
    )
    try:
        headers = {"Content-Type": kind, "Accept": "application/json", "User-Agent": "paddock"}
        connection.connect()
        sending()
        connection.request("POST", place.path, body, headers)
        with connection.getresponse() as answer:
            content = _read(answer, deadline)
    except (OSError, http.client.HTTPException) as error:
        raise RefreshFailed(f"{place.hostname}: {_said(error)}", over=False) from None
    finally:
        connection.close()
    data = tokens.parsed(content)
    if answer.status != _OK:
        word = _word(data)
        over = answer.status in _REFUSALS and bool(word)
        raise RefreshFailed(f"{place.hostname} answers {answer.status} {word}".rstrip(), over=over)
    return _answer(data, place.hostname or "")


def _request(issuer: Issuer, refresh: str) -> tuple[bytes, str]:
    fields = {"grant_type": "refresh_token", "refresh_token": refresh, "client_id": issuer.client}
    if issuer.form == "json":
        import json

        return json.dumps(fields).encode(), "application/json"
    from urllib.parse import urlencode

    return urlencode(fields).encode(), "application/x-www-form-urlencoded"


def _read(answer: HTTPResponse, deadline: float) -> bytes:
    content = b""
    while piece := answer.read1(1 << 14):
        content += piece
        if len(content) > _LONGEST or time.monotonic() > deadline:
            raise OSError("the answer does not end")
    return content


def _answer(data: tokens.Data, host: str) -> Answer:
    access, refresh = data.get("access_token"), data.get("refresh_token")
    if not isinstance(access, str) or not tokens.is_token(access):
        raise RefreshFailed(f"{host} answers without a token", over=False)
    lasts_s = min(tokens.seconds(data.get("expires_in")), _MOST_AHEAD_S)
    expires = time.time() + lasts_s if lasts_s else tokens.ends(access)
    fresh = Secret(refresh) if isinstance(refresh, str) and tokens.is_token(refresh) else None
    return Answer(Secret(access), fresh, expires)


def _word(data: tokens.Data) -> str:
    """The issuer's word for what is wrong, such as invalid_grant (RFC 6749 §5.2)."""
    error = data.get("error")
    if isinstance(error, dict):
        error = error.get("code") or error.get("type")
    fits = isinstance(error, str) and len(error) <= _LONGEST_WORD and error.isascii()
    return error if fits and isinstance(error, str) and error.replace("_", "").isalnum() else ""


def _said(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else "") or type(error).__name__
