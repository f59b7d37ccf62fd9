"""The tokens of an agent's own login, in the JSON file where it keeps them: taken out, and placeholders put in.

The file is written by what runs inside, so it may hold anything. What is not as described is no login.

INVARIANT CR-21: what comes inside is made of what is named, never what is left after something was taken away.
"""

from __future__ import annotations

from paddock.credentials import placeholders
from paddock.credentials.brokered import Secret
from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from paddock.plan.profile import Tokens

    Data = dict[str, object]

LONGEST_FILE = 1 << 20  # bytes
_SHORTEST, _LONGEST = 16, 1 << 14  # characters of a token
_MOST_KEPT = 1 << 14  # characters of JSON that describe the account


@frozen
class Login:
    """A login as Paddock keeps it.

    `expires` is when the access token ends, in seconds since 1970, or 0 where nobody says. `shown` is what the agent's
    file holds for the login, as JSON; in it, `placeholder` stands for the access token.
    """

    access: Secret
    refresh: Secret | None
    expires: float
    placeholder: str
    shown: str


def parsed(content: bytes) -> Data:
    """The object in a file; an empty one for what is none."""
    import json

    if len(content) > LONGEST_FILE:
        return {}
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def access_in(data: Data, tokens: Tokens) -> str:
    """What is in the place of the access token; nothing where no text is."""
    found = _at(data, (*tokens.at, *tokens.access))
    return found if isinstance(found, str) else ""


def take(data: Data, tokens: Tokens) -> Login | None:
    """The login in a file, with new placeholders; None where there is none."""
    import json

    own = _at(data, tokens.at)
    access = _token(_at(own, tokens.access))
    if access is None:
        return None
    refresh = _token(_at(own, tokens.refresh))
    stand_in = placeholders.unsigned if tokens.access in tokens.claims else placeholders.like
    placeholder = stand_in(access)
    told = {path: placeholders.unsigned(text) for path in tokens.claims if (text := _token(_at(own, path)))}
    told |= {tokens.access: placeholder, **dict(tokens.fixed)}
    if refresh is not None:
        told[tokens.refresh] = placeholders.like(refresh)
    hidden = [json.dumps(each)[1:-1] for each in (access, refresh) if each]
    shown: Data = {}
    for path in tokens.kept:
        value = _at(own, path)
        said = json.dumps(value)
        if value is not None and len(said) <= _MOST_KEPT and not any(each in said for each in hidden):
            _set(shown, path, value)
    for path, stands_in in told.items():
        _set(shown, path, stands_in)
    if tokens.expires:
        _set(shown, tokens.expires, placeholders.FAR_FUTURE * 1000)
    expires = seconds(_at(own, tokens.expires)) / 1000 if tokens.expires else ends(access)
    return Login(access, refresh, expires, placeholder, json.dumps(shown))


def put(data: Data, tokens: Tokens, shown: str) -> Data:
    """A file's object with the login as it is shown. What else the agent keeps beside it stays."""
    return _with(data, tokens.at, parsed(shown.encode()))


def without(data: Data, tokens: Tokens) -> Data:
    """A file's object with the login gone."""
    return _with(data, tokens.at, None)


def written(data: Data) -> bytes:
    """The content of a file with that object."""
    import json

    return json.dumps(data, indent=2).encode() + b"\n"


def ends(access: str) -> float:
    """When a JSON Web Token says that it ends (RFC 7519 §4.1.4); 0 for any other token."""
    import base64

    if not placeholders.is_jwt(access):
        return 0.0
    payload = access.split(".")[1]
    try:
        claims = parsed(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except ValueError:
        return 0.0
    return seconds(claims.get("exp"))


def seconds(value: object) -> float:
    """A time or a duration; 0 for what can be neither."""
    try:
        found = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0
    except OverflowError:
        return 0.0
    return found if 0 < found < placeholders.FAR_FUTURE * 1e6 else 0.0


def is_token(text: object) -> bool:
    """Whether something can be a token: one line of visible ASCII, neither very short nor very long."""
    fits = isinstance(text, str) and _SHORTEST <= len(text) <= _LONGEST
    return fits and isinstance(text, str) and text.isascii() and text.isprintable() and " " not in text


def _token(value: object) -> Secret | None:
    return Secret(value) if is_token(value) else None


def _at(data: object, path: Sequence[str]) -> object:
    for name in path:
        if not isinstance(data, dict):
            return None
        data = data.get(name)
    return data


def _set(data: Data, path: Sequence[str], value: object) -> None:
    for name in path[:-1]:
        inner = data.setdefault(name, {})
        if not isinstance(inner, dict):
            return
        data = inner
    data[path[-1]] = value


def _with(data: Data, path: Sequence[str], value: Data | None) -> Data:
    if not path:
        return value or {}
    name, *rest = path
    inner = data.get(name)
    if value is None and (not rest or not isinstance(inner, dict)):
        return {each: found for each, found in data.items() if each != name}
    return {**data, name: _with(inner if isinstance(inner, dict) else {}, rest, value)}
