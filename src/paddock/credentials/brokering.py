"""From the plan's credentials to what the gateway swaps: every secret fetched, a placeholder made for each.

INVARIANT: where a source has no secret, the variable is not set inside either. A placeholder for nothing would make
programs believe that they are logged in.
"""

from __future__ import annotations

import os

from paddock import state
from paddock.credentials import forms, placeholders, sources
from paddock.credentials.brokered import SHORTEST, SIGV4, Brokered, parts
from paddock.credentials.sources import Unavailable
from paddock.errors import PaddockError
from paddock.remarks import complain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from paddock.credentials.brokered import Secret
    from paddock.credentials.sources import Found, Outside
    from paddock.plan.model import Credential, Plan


def broker(
    plan: Plan, environ: Mapping[str, str] = os.environ, remark: Callable[[str], None] = complain
) -> tuple[Brokered, ...]:
    """The plan's credentials with their secrets; those that have none are left out with a remark.

    Nothing is fetched where nothing could use it: without a network. Raises PaddockError for a source that should
    have a secret and did not give it.
    """
    if plan.network.mode == "off" or not plan.credentials:
        return ()
    outside = outside_of(plan, environ)
    found = (_brokered(credential, outside, remark) for credential in plan.credentials)
    return tuple(each for each in found if each is not None)


def outside_of(plan: Plan, environ: Mapping[str, str]) -> Outside:
    """What the plan's sources may use. What this sandbox or another one can write is no place for a secret."""
    shared = (mount.source for mount in plan.mounts if mount.access != "read")
    places = (plan.workspace.source, *shared, state.state_directory(environ))
    return sources.Outside(environ, state.home(environ), tuple(sorted({os.path.realpath(each) for each in places})))


def _brokered(credential: Credential, outside: Outside, remark: Callable[[str], None]) -> Brokered | None:
    found = _fetched(credential, outside)
    if found.text is None:
        remark(
            f"{_variables(credential)} stays unset: credential {credential.name} ({credential.origin}): {found.note}"
        )
        return None
    if found.note:
        remark(f"credential {credential.name}: {found.note}")
    secret = forms.secret(found.text, credential)
    if len(secret) < SHORTEST and credential.origin.kind == "agent":
        remark(f"{_variables(credential)}: so short a word is looked for in nothing that goes out")
    own = parts(secret) if credential.shape == SIGV4 else (secret,)
    if credential.shape == SIGV4 and len(own) < len(credential.variables):
        remark(f"{credential.variables[-1]} stays unset: {credential.source} gives no session token")
    placeholder = found.placeholder or ":".join(placeholders.like(part) for part in own)
    return Brokered(credential, placeholder, secret)


def _fetched(credential: Credential, outside: Outside) -> Found:
    """What its source gives. Raises Unavailable, which names the credential and who wrote it."""
    try:
        return sources.fetch(credential.source, outside)
    except Unavailable as error:
        what = f"credential {credential.name} ({credential.origin}): {error.what}"
        raise Unavailable(what, why=error.why, next_step=error.next_step) from None


def renew(credential: Credential, outside: Outside) -> Secret:
    """The secret as it is now, for the same placeholder. Raises PaddockError, also where there is none any more."""
    found = _fetched(credential, outside)
    if found.text is None:
        raise PaddockError(f"credential {credential.name} has no secret any more", why=found.note, code="credential")
    return forms.secret(found.text, credential)


def _variables(credential: Credential) -> str:
    return " and ".join(credential.variables) or f"the secret for {credential.bound[0].host}"
