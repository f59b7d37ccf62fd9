"""What the text of a source must be for the shape in which requests carry it."""

from __future__ import annotations

from paddock.credentials.brokered import SIGV4, Secret
from paddock.errors import PaddockError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.plan.model import Credential

_PARTS = (2, 3)
_FIELDS = ("AccessKeyId", "SecretAccessKey", "SessionToken")  # as `aws configure export-credentials` prints them
_DEEPEST = 4  # brackets; two are needed


def secret(text: str, credential: Credential) -> Secret:
    """The secret in a source's text. Raises PaddockError for what no request can carry, and quotes nothing of it."""
    if credential.shape == SIGV4:
        return Secret(_of_aws(text, credential))
    if not text.isprintable() or text != text.strip():
        raise _unfit(
            credential,
            "it is more than one line, or has blanks or control characters around it",
            "name a source that gives the token or password alone",
        )
    return Secret(text)


def _of_aws(text: str, credential: Credential) -> str:
    """An access key id, a secret access key and perhaps a session token, joined with colons."""
    found = _from_json(text) if text.lstrip().startswith("{") else text.split(":")
    well_formed = len(found) in _PARTS and all(
        part and part.isprintable() and not set(part) & set(" :") for part in found
    )
    if not well_formed:
        raise _unfit(
            credential,
            "it is neither ID:KEY or ID:KEY:TOKEN nor the JSON of `aws configure export-credentials`",
            'source = "command:aws configure export-credentials"',
        )
    return ":".join(found)


def _from_json(text: str) -> list[str]:
    import json

    if text.count("{") + text.count("[") > _DEEPEST:
        return []
    try:
        data = json.loads(text)
    except ValueError:
        return []
    values = [data.get(field) for field in _FIELDS]
    return [value for value in values if isinstance(value, str)] if isinstance(values[1], str) else []


def _unfit(credential: Credential, why: str, next_step: str) -> PaddockError:
    return PaddockError(
        f"what {credential.source} gives cannot be the credential {credential.name} ({credential.origin})",
        why=why,
        next_step=next_step,
        code="credential",
    )
