"""Where the tokens of agents' logins are kept, outside of every sandbox, and how they stay fresh.

    STATE/logins/AGENT/NAME.json        of `paddock login`, for all repositories of the person
    STATE/logins/AGENT/KEY/NAME.json    of a login inside a repository's sandbox, for that repository alone

What runs inside can write into the agent's file what it likes. A login from there must not become the login of other
repositories: their work would then be done, and seen, in somebody else's account.

A refresh token is good once with many issuers. So whoever uses one holds the file's lock, and looks first whether
another has been there before.
"""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager

from paddock import state
from paddock.credentials import refreshing, tokens
from paddock.credentials.brokered import Secret
from paddock.credentials.tokens import Login
from paddock.errors import PaddockError
from paddock.frozen import frozen, replace
from paddock.kernel.signals import HeldBack
from paddock.plan.profile import Issuer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MARGIN_S = 600.0  # before its end, a token is renewed
_LOCK_TIMEOUT_S = 2 * refreshing.TIMEOUT_S
_LOCK_PAUSE_S = 0.05
_MOST_FORMER = 200


@frozen
class Kept:
    """A login, and who renews it. `former` are placeholders of logins that were here before: files may hold them."""

    login: Login
    issuer: Issuer
    former: tuple[str, ...] = ()

    @property
    def placeholders(self) -> tuple[str, ...]:
        """Every placeholder by which an agent's file is known to hold no token."""
        return (self.login.placeholder, *self.former)


class LoginOver(PaddockError):
    """A login that cannot be used any more, or not now."""

    code = "credential"


def place(key: str, environ: Mapping[str, str] = os.environ) -> str:
    """The file of a login, by its key "AGENT/NAME" or "AGENT/REPOSITORY/NAME"."""
    if not all(part.strip(".") for part in key.split("/")):
        message = f"no key of a login: {key}"
        raise ValueError(message)
    return f"{state.state_directory(environ)}/logins/{key}.json"


def load(path: str) -> Kept | None:
    """The login in a file; None where there is none, or none that can be read."""
    import json

    try:
        with open(path, "rb") as file:
            data = json.loads(file.read(tokens.LONGEST_FILE))
        access, refresh, shown = data["access"], data["refresh"], data["shown"]
        login = Login(
            Secret(access), Secret(refresh) if refresh else None, float(data["expires"]), data["placeholder"], shown
        )
        return Kept(login, Issuer(*data["issuer"]), tuple(data["former"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def save(path: str, kept: Kept) -> None:
    """Write a login, whole or not at all; it is on the disk when this returns. Raises OSError, PaddockError."""
    import json

    login, issuer = kept.login, kept.issuer
    data = {
        "schema": 1, "access": login.access, "refresh": login.refresh or "", "expires": login.expires,
        "placeholder": login.placeholder, "shown": login.shown, "issuer": [issuer.url, issuer.client, issuer.form],
        "former": list(dict.fromkeys(kept.former))[:_MOST_FORMER],
    }  # fmt: skip
    folder, name = os.path.split(path)
    state.write_durably(state.make_private(folder), name, json.dumps(data).encode("ascii"))


def fresh(path: str, agent: str) -> tuple[Login, str]:
    """A login whose access token is good for a while, renewed if need be, and what is to be told.

    Raises LoginOver.
    """
    kept = load(path)
    if kept is not None and not _is_ending(kept.login):
        return kept.login, ""
    with locked(path):
        kept = load(path)
        if kept is None:
            raise LoginOver(f"{agent} has no login any more", next_step=f"paddock login {agent}")
        if not _is_ending(kept.login):
            return kept.login, ""
        return _renewed(path, kept, agent)


def _renewed(path: str, kept: Kept, agent: str) -> tuple[Login, str]:
    held_back = HeldBack()
    try:
        # Whoever is ended between the request and the file has used up the token that is there, and lost the next one.
        return _asked_for(path, kept, agent, held_back)
    finally:
        held_back.release()


def _asked_for(path: str, kept: Kept, agent: str, held_back: HeldBack) -> tuple[Login, str]:
    login = kept.login
    try:
        answer = refreshing.ask(kept.issuer, login.refresh, held_back.begin)
    except refreshing.RefreshFailed as error:
        if time.time() < login.expires:
            return login, f"the login of {agent} cannot be renewed: {error.why}"
        again = f"paddock login {agent}" if error.over else f"try again   or: paddock login {agent}"
        raise LoginOver(f"the login of {agent} has ended", why=error.why, next_step=again) from None
    login = replace(login, access=answer.access, refresh=answer.refresh or login.refresh, expires=answer.expires)
    try:
        save(path, replace(kept, login=login))
    except OSError as error:
        why = f"{error.strerror}; if it is not there the next time: paddock login {agent}"
        return login, f"the renewed login of {agent} could not be kept: {why}"
    return login, ""


def _is_ending(login: Login) -> bool:
    return bool(login.expires) and login.expires - time.time() < MARGIN_S


def is_locked(path: str) -> bool:
    """Whether somebody is alone with a login now."""
    try:
        lock = os.open(f"{path}.lock", os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


@contextmanager
def locked(path: str) -> Iterator[None]:
    """Alone with a login, whose directory there is made for that. Raises LoginOver when another does not end."""
    state.make_private(os.path.dirname(path))
    lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        deadline = time.monotonic() + _LOCK_TIMEOUT_S
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise LoginOver(
                        "another Paddock is busy with this login", next_step="try again when it has ended"
                    ) from None
                time.sleep(_LOCK_PAUSE_S)
        yield
    finally:
        os.close(lock)
