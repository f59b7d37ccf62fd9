"""Whether a name or a text is that of a secret. Pure.

The names are those that people give to variables and options; the forms are prefixes that services registered for
their tokens, so that a text of that form is one, or is meant to look like one. `paddock scan` knows hundreds of forms,
and looks for them in a process of its own; these few are for a file that is read in a moment.
"""

from __future__ import annotations

import itertools
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SECRET = frozenset(
    (
        "TOKEN",
        "SECRET",
        "PASSWORD",
        "PASSWD",
        "PASSPHRASE",
        "PASSCODE",
        "PASS",
        "CREDENTIAL",
        "CREDENTIALS",
        "APIKEY",
        "PAT",
    )
)
_ENDINGS = ("PASSWORD", "PASSWD", "SECRET", "TOKEN", "APIKEY")  # of one word: PGPASSWORD
_NAMES = frozenset(("MYSQL_PWD", "AWS_ACCESS_KEY_ID"))
# A key is one of these, or the last word: LICENSE_KEY; not KEY_SIZE, KEYBOARD or PUBLIC_KEY.
_KEYS = frozenset(
    (
        "API",
        "ACCESS",
        "SECRET",
        "PRIVATE",
        "SIGNING",
        "ENCRYPTION",
        "AUTH",
        "MASTER",
        "ACCOUNT",
        "SERVICE",
        "SSH",
        "DEPLOY",
        "LICENSE",
    )
)
_ABOUT = frozenset(
    "PUBLIC FILE PATH DIR URL URI HOST NAME LENGTH SIZE TTL EXPIRY EXPIRES TYPE ALGORITHM HEADER ENDPOINT VERSION "  # noqa: SIM905
    "LIMIT LIMITS MAX COUNT ENABLED HELPER STORE PROVIDER PARALLELISM SHA SUM".split()
)
_HARMLESS = re.compile(
    r"(true|false|yes|no|on|off|none|null|[0-9]{1,6}|\.{0,2}/.*|~/.*|[a-z][a-z0-9+.-]*://.*)", re.IGNORECASE
)
# What everybody knows is nobody's secret: the defaults of services that are started for development alone.
_DEFAULTS = frozenset(
    "postgres password passwd root admin test testing example changeme secret dev develop development user guest "  # noqa: SIM905
    "mysql mariadb redis rabbitmq minio minioadmin vscode pass dummy placeholder xxx local localhost mssql".split()
)
# No repetition without an end that something else must follow: a hostile file must not make a search take for ever.
FORMS = {
    "a GitHub token": r"gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,}",
    "a GitLab token": r"glpat-[A-Za-z0-9_-]{20,}",
    "an AWS access key": r"(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Za-z0-9])",
    "a Slack token": r"xox[abposr]-[A-Za-z0-9-]{20,}",
    "an Anthropic key": r"sk-ant-[A-Za-z0-9_-]{24,}",
    "an OpenAI key": r"sk-(?:proj|svcacct|admin)-[A-Za-z0-9_-]{24,}",
    "a Google API key": r"AIza[A-Za-z0-9_-]{35}",
    "an npm token": r"npm_[A-Za-z0-9]{36}",
    "a PyPI token": r"pypi-AgEI[A-Za-z0-9_-]{40,}",
    "a Stripe key": r"[sr]k_live_[A-Za-z0-9]{20,}",
    "a Docker token": r"dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}",
    "a Hugging Face token": r"hf_[A-Za-z0-9]{34}",
    "a DigitalOcean token": r"do[opr]_v1_[a-f0-9]{64}",
    "a private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----",
    "a signed token (JWT)": r"eyJ[A-Za-z0-9_-]{10,500}\.eyJ[A-Za-z0-9_-]{10,4000}\.[A-Za-z0-9_-]{20,}",
}
_FORM = re.compile("|".join(rf"(?<![A-Za-z0-9])(?:{form})" for form in FORMS.values()))
_USERINFO = re.compile(r"(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{0,30}://[^/\s:@\"'`]{0,200}:([^/\s@\"'`]{1,200})@")


def is_name(name: str) -> bool:
    """Whether something of this name is a secret: `GITHUB_TOKEN`, `dbPassword`, `PGPASSWORD`."""
    if name.upper() in _NAMES:
        return True
    words = [word.upper() for word in _WORDS.findall(name)]
    if not words or words[-1] in _ABOUT or "PUBLIC" in words:
        return False
    if any(word in _SECRET or word.endswith(_ENDINGS) for word in words):
        return True
    return any(before in _KEYS and word == "KEY" for before, word in itertools.pairwise(words)) or (
        len(words) > 1 and words[-1] == "KEY"
    )


def is_literal(text: str) -> bool:
    """Whether the value of a secret stands there itself: no variable, switch, number, path or address."""
    return bool(text.strip()) and "$" not in text and not _HARMLESS.fullmatch(text.strip())


def is_default(text: str) -> bool:
    """Whether it is a password that everybody knows."""
    return text.strip().lower() in _DEFAULTS


def forms(text: str) -> Iterator[tuple[str, int, int]]:
    """What looks like a token: what it is, where it begins and ends."""
    for found in _FORM.finditer(text):
        name = next(name for name, form in FORMS.items() if re.fullmatch(form, found[0]))
        yield name, found.start(), found.end()


def passwords(text: str) -> Iterator[str]:
    """The passwords in the addresses of a text, but for variables."""
    for found in _USERINFO.finditer(text):
        if not set(found[1]) & set("${}<>%"):
            yield found[1]
