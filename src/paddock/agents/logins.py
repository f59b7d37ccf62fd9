"""An agent's login file in its state: its tokens taken out of it, placeholders put into it.

What runs inside can write the state, so every name in it may have become a link by now: nothing is followed, nothing
but a regular file is read, and a file is replaced, never written into.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress

from paddock import state
from paddock.credentials import logins, tokens
from paddock.credentials.chance import DIGITS, LOWER, text
from paddock.credentials.logins import Kept
from paddock.errors import PaddockError
from paddock.kernel.openat2 import openat2

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from paddock.credentials.tokens import Login
    from paddock.plan.profile import Profile, Tokens

_FRESH = ".new"
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def settle(profile: Profile, repository: str, environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Before a repository's agent starts: take new tokens out of its state, and put in what stands for those kept.

    `repository` is the key of its state. Returns what is to be told. Raises PaddockError where the file cannot be
    replaced: the agent is then not started with tokens that it could read.
    """
    if not profile.login.tokens:
        return ()
    directory, name = _place(profile, repository, environ)
    before = read(directory, name)
    data = tokens.parsed(before)
    told: list[str] = []
    for each in profile.login.tokens:
        own, common = _paths(profile, each, repository, environ)
        known = [kept for kept in map(logins.load, (own, common)) if kept]
        written = tokens.access_in(data, each)
        stranger = bool(written) and all(written not in kept.placeholders for kept in known)
        login = tokens.take(data, each) if stranger else None
        if login:
            known = [_keep(own, login, each)]
            told.append(
                f"{profile.title} was logged in inside: its tokens now lie outside, for this repository alone; "
                f"for all of yours: paddock login {profile.name}"
            )
        if known:
            data = tokens.put(data, each, known[0].login.shown)
    if data != tokens.parsed(before):
        state.make_private(directory)
        write(directory, name, tokens.written(data))
    return tuple(told)


def take_all(
    profile: Profile, directory: str, repository: str, environ: Mapping[str, str] = os.environ
) -> tuple[str, ...]:
    """After a login in a state of its own: keep what it brought, for all repositories. The names of the logins."""
    data = tokens.parsed(read(directory, profile.state.place_of_login()[1]))
    found = []
    for each in profile.login.tokens:
        login = tokens.take(data, each)
        if login:
            own, common = _paths(profile, each, repository, environ)
            before = logins.load(own)
            _keep(common, login, each, before.placeholders if before else ())
            _drop(own)
            found.append(each.name)
    return tuple(found)


def forget(profile: Profile, environ: Mapping[str, str] = os.environ) -> int:
    """Drop every login of an agent, and its placeholders from all states. How many there were."""
    base = state.state_directory(environ)
    known: dict[str, set[str]] = {each.name: set() for each in profile.login.tokens}
    count = 0
    for key, name in kept(profile, environ):
        path = logins.place(f"{profile.name}/{key}{'/' if key else ''}{name}", environ)
        found = logins.load(path)
        if found:
            known[name].update(found.placeholders)
        _drop(path)
        count += 1
    for repository in _names(f"{base}/agents/{profile.name}"):
        directory, file = _place(profile, repository, environ)
        before = tokens.parsed(read(directory, file))
        data = before
        for each in profile.login.tokens:
            if tokens.access_in(data, each) in known[each.name]:
                data = tokens.without(data, each)
        if data != before:
            write(directory, file, tokens.written(data))
    return count


def kept(profile: Profile, environ: Mapping[str, str] = os.environ) -> tuple[tuple[str, str], ...]:
    """The logins that are kept: (key of the repository, or nothing for all; name)."""
    base = f"{state.state_directory(environ)}/logins/{profile.name}"
    names = {each.name for each in profile.login.tokens}
    places = ["", *_names(base)]
    return tuple(
        (place, name)
        for place in places
        for name in sorted(names)
        if os.path.isfile(f"{base}/{place}/{name}.json" if place else f"{base}/{name}.json")
    )


def place_of_fresh_state(profile: Profile, environ: Mapping[str, str] = os.environ) -> str:
    """Where the state of one login lies, while it is under way."""
    return f"{state.state_directory(environ)}/logins/{profile.name}/{_FRESH}"


def fresh_state(profile: Profile, environ: Mapping[str, str] = os.environ) -> str:
    """An empty directory for the state of one login. What an earlier sandbox wrote must not see the tokens."""
    import shutil

    path = place_of_fresh_state(profile, environ)
    shutil.rmtree(path, ignore_errors=True)  # of a login that was killed
    return state.make_private(path)


def unfinished(environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """States of logins that were killed, which may hold tokens: nobody is busy with them any more."""
    base = f"{state.state_directory(environ)}/logins"
    found = (f"{base}/{agent}/{_FRESH}" for agent in _names(base))
    return tuple(path for path in found if os.path.isdir(path) and not logins.is_locked(path))


def clear_unfinished(environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Remove them; which they were."""
    import shutil

    removed = unfinished(environ)
    for path in removed:
        with logins.locked(path):
            shutil.rmtree(path, ignore_errors=True)
    return removed


def read(directory: str, name: str) -> bytes:
    """A file of a state; nothing for what is no regular file, is too big, or is reached through a link."""
    try:
        place = os.open(directory, _DIRECTORY)
        try:
            opened = openat2(place, name, _READ)
        finally:
            os.close(place)
        with open(opened, "rb") as file:
            found = os.fstat(opened)
            fits = stat.S_ISREG(found.st_mode) and found.st_size <= tokens.LONGEST_FILE
            return file.read(tokens.LONGEST_FILE + 1) if fits else b""
    except OSError:
        return b""


def write(directory: str, name: str, content: bytes) -> None:
    """Put a new file in the place of whatever is there. Raises PaddockError."""
    half = f".{name}.{text(12, LOWER + DIGITS)}"
    try:
        place = os.open(directory, _DIRECTORY)
        try:
            made = openat2(place, half, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode=0o600)
            try:
                with open(made, "wb") as file:
                    file.write(content)
                os.rename(half, name, src_dir_fd=place, dst_dir_fd=place)
            except BaseException:
                with suppress(OSError):
                    os.unlink(half, dir_fd=place)
                raise
        finally:
            os.close(place)
    except OSError as error:
        path = f"{directory}/{name}"
        raise PaddockError(
            f"the agent's login file cannot be written: {path}", why=error.strerror or "", next_step=f"ls -ld {path}"
        ) from None


def _place(profile: Profile, repository: str, environ: Mapping[str, str]) -> tuple[str, str]:
    place, name = profile.state.place_of_login()
    return f"{state.state_directory(environ)}/agents/{profile.name}/{repository}/{place}", name


def _paths(profile: Profile, each: Tokens, repository: str, environ: Mapping[str, str]) -> tuple[str, str]:
    return (
        logins.place(f"{profile.name}/{repository}/{each.name}", environ),
        logins.place(f"{profile.name}/{each.name}", environ),
    )


def _keep(path: str, login: Login, each: Tokens, others: tuple[str, ...] = ()) -> Kept:
    with logins.locked(path):
        before = logins.load(path)
        made = Kept(login, each.issuer, (*(before.placeholders if before else ()), *others))
        logins.save(path, made)
    return made


def _drop(path: str) -> None:
    if os.path.lexists(path):
        with logins.locked(path), suppress(FileNotFoundError):  # another may have dropped it meanwhile
            os.unlink(path)


def _names(directory: str) -> list[str]:
    try:
        return sorted(entry.name for entry in os.scandir(directory) if entry.is_dir(follow_symlinks=False))
    except OSError:
        return []
