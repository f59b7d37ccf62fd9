"""What stands inside for a secret: the same length and the same look, useless anywhere but at the gateway.

Programs look at a key before they use it: at its prefix, its length, its alphabet, and of a JSON Web Token at its
claims. A placeholder passes such looks. It shares with the secret only what everybody knows (a prefix, the places of
its separators) and holds no checksum, so that a scanner that knows the real shape does not report it as a leak.
"""

from __future__ import annotations

from paddock.credentials.chance import DIGITS, LETTERS, LOWER, UPPER, below, choice, text

# What the issuers document. A longer one is found before one that begins it.
PREFIXES = tuple(
    sorted(
        """
        sk-ant-api03- sk-ant-api- sk-ant-admin01- sk-ant-oat01- sk-ant-ort01- sk-ant-sid01- sk-ant-
        sk-proj- sk-svcacct- sk-admin- sk-or-v1- sk-
        ghp_ gho_ ghu_ ghs_ ghr_ github_pat_ glpat- gldt- glrt- glcbt- ATATT3 ATCTT3 ATBB
        AKIA ASIA AIza ya29. GOCSPX- 1// xoxb- xoxp- xoxa- xoxs- xapp- xoxe- npm_ pypi- hf_ gsk_ xai- r8_ tvly- pplx-
        sk_live_ sk_test_ pk_live_ pk_test_ rk_live_ rk_test_ whsec_ SG. dop_v1_ shpat_ shpss_ dckr_pat_ lin_api_ ntn_
        secret_ hvs. hvb. s. key- nvapi- fw_ co- pat- AGE-SECRET-KEY-1
        """.split(),  # noqa: SIM905 - a table
        key=len,
        reverse=True,
    )
)
SHARED_AT_MOST = 5  # characters in a row, beyond the prefix
FEWEST_RANDOM = 16  # characters: a shorter placeholder would turn up by chance
SHORTEST_EXACT = 20  # a secret below this gets a placeholder that may be longer than itself
_DRAWS = 200
_SEPARATORS = frozenset("-_.:/+=~")
_BASE64URL = LETTERS + DIGITS + "-_"
_HEX = ("abcdef", "ABCDEF")
_JWT_START = "eyJ"  # of a JSON object in Base64 (RFC 7519)
_JWT_PARTS = 3
FAR_FUTURE = 4102444800  # 2100-01-01: nobody refreshes a placeholder


def like(secret: str) -> str:
    """A new placeholder for a secret of one line."""
    draw = _token_like if is_jwt(secret) else _text_like
    prefix = prefix_of(secret)
    for _ in range(_DRAWS):
        found = draw(secret, prefix)
        if not any(shared(mine, theirs) for mine in hidden(secret) for theirs in hidden(found)):
            return found
    return prefix + _anything(max(len(secret) - len(prefix), FEWEST_RANDOM), secret)


def unsigned(token: str) -> str:
    """A JSON Web Token that says the same, but for its time, and that nobody believes: its signature is random.

    For tokens that a program reads. What such a token claims is told to the program, and is no secret.
    """
    import base64
    import json

    if not is_jwt(token):
        return like(token)
    header, payload, signature = token.split(".")
    try:
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, RecursionError):
        return like(token)
    if not isinstance(claims, dict):
        return like(token)
    written = json.dumps({**claims, "exp": FAR_FUTURE}, separators=(",", ":")).encode()
    payload = base64.urlsafe_b64encode(written).decode().rstrip("=")
    return f"{header}.{payload}.{text(len(signature), _BASE64URL)}"


def prefix_of(secret: str) -> str:
    """The public beginning of a secret, such as "ghp_"; never all of it."""
    if is_jwt(secret):
        return _JWT_START
    return next((prefix for prefix in PREFIXES if secret.startswith(prefix) and len(secret) > len(prefix)), "")


def hidden(secret: str) -> tuple[str, ...]:
    """What of a secret, or of a placeholder, nobody else may know: all but prefixes and the dots of a token."""
    if is_jwt(secret):
        return tuple(part.removeprefix(_JWT_START) for part in secret.split("."))
    return (secret[len(prefix_of(secret)) :],)


def is_jwt(secret: str) -> bool:
    """Whether a secret has the form of a signed JSON Web Token."""
    pieces = secret.split(".")
    well_formed = len(pieces) == _JWT_PARTS and all(piece and set(piece) <= set(_BASE64URL) for piece in pieces)
    return well_formed and secret.startswith(_JWT_START) and len(secret) >= SHORTEST_EXACT + 2 * FEWEST_RANDOM


def shared(secret: str, other: str) -> str:
    """A part that both have, longer than may be; nothing where there is none. A secret that short counts as a whole."""
    size = min(SHARED_AT_MOST + 1, len(secret)) or 1
    known = {secret[at : at + size] for at in range(len(secret) - size + 1)}
    return next((other[at : at + size] for at in range(len(other) - size + 1) if other[at : at + size] in known), "")


def _text_like(secret: str, prefix: str) -> str:
    """Every character by one of its kind; separators that stand alone stay."""
    rest = secret[len(prefix) :]
    kinds = _kinds(rest)
    found = [each if _stays(rest, at) else _one_like(each, kinds) for at, each in enumerate(rest)]
    if len(secret) < SHORTEST_EXACT:
        random = sum(character not in _SEPARATORS for character in found)
        found.append(text(FEWEST_RANDOM - random, LOWER + DIGITS))
    return prefix + "".join(found)


def _stays(secret: str, at: int) -> bool:
    """Whether a character is a separator with none beside it: a row of them would be a part of the secret."""
    around = secret[max(at - 1, 0) : at + 2]
    return secret[at] in _SEPARATORS and sum(each in _SEPARATORS for each in around) == 1


def _kinds(secret: str) -> tuple[str, ...]:
    letters = {each for each in secret if each.isalpha()}
    return (DIGITS, *_HEX) if letters <= set("".join(_HEX)) else (DIGITS, LOWER, UPPER)


def _one_like(character: str, kinds: tuple[str, ...]) -> str:
    kind = next((kind for kind in kinds if character in kind), LETTERS + DIGITS)
    return choice(kind)


def _anything(length: int, secret: str) -> str:
    """Letters and digits that share nothing with a secret in which everything of its own kind would."""
    others = "".join(each for each in LETTERS + DIGITS if each not in secret)
    return text(length, others or LETTERS + DIGITS)


def _token_like(secret: str, _prefix: str) -> str:
    """Three parts of the same lengths, of which the first two can be decoded and read."""
    header, payload, signature = secret.split(".")
    first = _object(len(header), '{"x":"', '","alg":"')
    second = _object(len(payload), '{"x":"', f'","exp":{FAR_FUTURE},"sub":"')
    return f"{first}.{second}.{text(len(signature), _BASE64URL)}"


def _object(length: int, start: str, middle: str, end: str = '"}') -> str:
    """A JSON object in Base64 of that length, filled with random letters; random characters where it cannot be."""
    import base64

    size = length * 3 // 4
    room = size - len(start) - len(middle) - len(end)
    if room < 0 or length % 4 == 1:
        return (_JWT_START + text(length, _BASE64URL))[:length]
    before = below(room + 1)  # at another place each time, in no step with the secret's own
    said = start + text(before, LETTERS) + middle + text(room - before, LETTERS) + end
    return base64.urlsafe_b64encode(said.encode()).decode().rstrip("=")
