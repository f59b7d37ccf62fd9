"""Read a secret from where it is kept: a variable, a file, the keyring, what a program prints, an agent's login.

Everything here runs outside, as the person, before the sandbox starts or in a process of Paddock's own. Nothing is
started through a shell, and no program is taken from a directory that a sandbox can write.
"""

from __future__ import annotations

import os
import stat

from paddock import process
from paddock.credentials.brokered import Secret
from paddock.credentials.ways import goes_through
from paddock.errors import PaddockError
from paddock.frozen import frozen
from paddock.policy.values import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LONGEST = 1 << 14  # characters; web tokens with many claims have some thousands
TIMEOUT_S = 60.0  # a person may have to touch a key or type a password
KEYRING_PROGRAM = "secret-tool"
_UNLOCK = "unlock it, or where there is no desktop name another source for the credential"
_COMPLAINT = 300  # characters of a program's own words
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY  # a FIFO or a device must not hold us up
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@frozen
class Outside:
    """What sources may use: the person's environment, and the directories that sandboxes write, real paths."""

    environ: Mapping[str, str]
    home: str
    writable: tuple[str, ...]


@frozen
class Found:
    """What a source gave: a text, or None where it plainly has none; and what the person should hear of it."""

    text: Secret | None
    note: str = ""
    placeholder: str = ""  # where the source has one already


class Unavailable(PaddockError):
    """A source that should have a secret could not be read."""

    code = "credential"


def fetch(source: str, outside: Outside) -> Found:
    """The secret of a source as the plan writes it. Raises Unavailable, which never quotes what was read."""
    kind, _, rest = source.partition(":")
    read = {"env": _variable, "file": _file, "keyring": _keyring, "command": _command, "login": _login}[kind]
    return read(rest, outside)


def _variable(names: str, outside: Outside) -> Found:
    """One variable, or several that are the parts of one credential, of which the third and later may be missing."""
    values = [(name, outside.environ.get(name, "")) for name in names.split(",")]
    missing = [name for name, value in values[:2] if not value]
    if missing:
        return Found(None, f"{' and '.join(missing)} is not set here")
    joined = ":".join(value for _, value in values if value)
    return Found(_text(joined.encode("utf-8", "surrogateescape"), names))


def _file(path: str, outside: Outside) -> Found:
    place = _expanded(path, outside)
    if goes_through(place, outside.writable):
        raise Unavailable(
            f"{path} lies where a sandbox can write, or is found through such a place",
            why="whoever writes there could read the secret, or have another file's content sent out in its place",
            next_step="keep the secret outside of the repository",
        )
    try:
        opened = os.open(place, _READ)
    except (FileNotFoundError, NotADirectoryError):
        return Found(None, f"{path} does not exist")
    except OSError as error:
        raise Unavailable(f"{path} cannot be read", why=error.strerror or "", next_step=f"ls -l {path}") from None
    try:
        state = os.fstat(opened)
        if not stat.S_ISREG(state.st_mode):
            raise Unavailable(f"{path} is not a file", next_step=f"ls -ld {path}")
        content = _all(opened)
    finally:
        os.close(opened)
    open_to_others = bool(state.st_mode & _OTHERS) and state.st_uid == os.geteuid()
    note = f"{path} can be read by others on this machine: chmod 600 {path}" if open_to_others else ""
    if not content.strip():
        return Found(None, f"{path} is empty")
    return Found(_text(content, path), note)


def _keyring(entry: str, outside: Outside) -> Found:
    """The entry that was stored with these attributes in the Secret Service of the desktop."""
    service, _, user = entry.partition("/")
    store = f"{KEYRING_PROGRAM} store --label=paddock service {service} username {user}"
    if _program(KEYRING_PROGRAM, outside) is None:
        raise Unavailable(
            f"the keyring cannot be asked for {entry}: there is no {KEYRING_PROGRAM} on your PATH",
            why="it speaks to the Secret Service of the desktop (GNOME Keyring, KWallet, KeePassXC)",
            next_step="install libsecret-tools, or name another source for the credential",
        )
    attributes = ("service", service, "username", user)
    done = _ask_keyring("lookup", attributes, entry, outside)
    if done.status == 0 and done.stdout.strip():
        return Found(_text(done.stdout, f"the keyring's entry {entry}"))
    # A locked entry that nobody has unlocked looks like one that is not there (libsecret's tool.c); to search does not
    # ask for the secret, and so finds it.
    if done.status != 0 and _ask_keyring("search", attributes, entry, outside).stdout.strip():
        raise Unavailable(
            f"the keyring did not give {entry}: it is locked",
            why="its own dialogue could not be shown here, or was closed",
            next_step=_UNLOCK,
        )
    return Found(None, f"the keyring has no entry {entry}: {store}")


def _ask_keyring(verb: str, attributes: tuple[str, ...], entry: str, outside: Outside) -> process.Finished:
    done = _run((KEYRING_PROGRAM, verb, *attributes), outside)
    if done.status != 0 and done.stderr.strip():
        raise Unavailable(f"the keyring did not give {entry}", why=_words_of(done), next_step=_UNLOCK)
    return done


def _login(key: str, outside: Outside) -> Found:
    """The access token of an agent's own login. No policy can name this source: only an agent's profile does."""
    from paddock.credentials import logins

    agent = key.partition("/")[0]
    try:
        login, note = logins.fresh(logins.place(key, outside.environ), agent)
    except logins.LoginOver as error:
        raise Unavailable(error.what, why=error.why, next_step=error.next_step) from None
    return Found(login.access, note, login.placeholder)


def _command(typed: str, outside: Outside) -> Found:
    import shlex

    argv = shlex.split(typed)
    done = _run(argv, outside)
    if done.status != 0:
        ending = f"status {done.status}" if done.status > 0 else f"signal {-done.status}"
        raise Unavailable(f"{argv[0]} gave no secret: {ending}", why=_words_of(done), next_step=f"try it: {typed}")
    if not done.stdout.strip():
        raise Unavailable(f"{argv[0]} printed no secret", why=_words_of(done), next_step=f"try it: {typed}")
    return Found(_text(done.stdout, argv[0]))


def _run(argv: Sequence[str], outside: Outside) -> process.Finished:
    """Run a program of the person's; what it prints is bounded by a pipe that nobody empties meanwhile."""
    program = _program(argv[0], outside)
    if program is None:
        raise Unavailable(
            f"there is no program {argv[0]} to ask for a credential",
            why="it is looked for on your PATH, and never in a directory that a sandbox can write",
            next_step=f"command -v {argv[0]}",
        )
    reading, writing = os.pipe2(os.O_CLOEXEC)
    try:
        os.set_blocking(reading, False)  # what it left running may hold the other end
        try:
            done = process.run((program, *argv[1:]), environment=outside.environ, stdout=writing, timeout_s=TIMEOUT_S)
        except PaddockError as error:
            raise Unavailable(error.what, why=error.why, next_step=f"try it yourself: {argv[0]}") from None
        return process.Finished(done.status, _all(reading), done.stderr)
    finally:
        os.close(reading)
        os.close(writing)


def _all(opened: int) -> bytes:
    """What can be read now, and little more than a credential may have."""
    data = b""
    while len(data) <= LONGEST + 2:
        try:
            piece = os.read(opened, LONGEST)
        except BlockingIOError:
            break
        if not piece:
            break
        data += piece
    return data


def _program(name: str, outside: Outside) -> str | None:
    """The absolute path of a program on the person's PATH, left out what a sandbox could have put there."""
    if "/" in name:
        candidates = [_expanded(name, outside)]
    else:
        candidates = [f"{directory}/{name}" for directory in outside.environ.get("PATH", "").split(":")]
    for path in candidates:
        usable = path.startswith("/") and os.path.isfile(path) and os.access(path, os.X_OK)
        if usable and not goes_through(path, outside.writable):
            return path
    return None


def _expanded(path: str, outside: Outside) -> str:
    return outside.home + path[1:] if path.startswith("~/") else path


def _text(content: bytes, whence: str) -> Secret:
    """A text without the line break at its end, which belongs to the file and not to the secret."""
    line = content.removesuffix(b"\n").removesuffix(b"\r")
    if len(line) > LONGEST:
        raise Unavailable(f"what {whence} holds is too long for a credential", why=f"at most {LONGEST} characters")
    if not line.isascii():
        raise Unavailable(f"what {whence} holds is not ASCII", why="no request could carry it")
    return Secret(line.decode("ascii"))


def _words_of(done: process.Finished) -> str:
    """The program's own words, as one line without control characters."""
    said = done.stderr.decode("utf-8", "replace").strip()
    return shown(said, _COMPLAINT) if said else ""
