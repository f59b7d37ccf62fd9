"""The real machine, as `paddock.plan.host.Host` describes it. Everything is looked at once and remembered."""

from __future__ import annotations

import os
import stat

from paddock import process, state
from paddock.plan.host import Entry
from paddock.plan.identity import KEYS, parse_listing, read_simple
from paddock.plan.model import Person
from paddock.plan.paths import normal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from paddock.plan.host import Kind

INSIDE_UID = INSIDE_GID = 1000  # of the command when Paddock runs as root
INSIDE_NAME = "dev"
_DEPTH_AT_MOST = 400  # components and links on the way to one path
_GIT_TIMEOUT_S = 10
_KINDS: dict[int, Kind] = {stat.S_IFREG: "file", stat.S_IFDIR: "dir", stat.S_IFLNK: "link", stat.S_IFSOCK: "socket"}


class Machine:
    """The machine that we run on, for the caller."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self.environ = environ
        self.home = normal(state.home(environ))
        self.state = normal(state.state_directory(environ))
        self.person = _person(self.home, environ)
        self._seen: dict[str, Entry] = {"": Entry("dir", "/"), "/": Entry("dir", "/")}
        self._depth = 0

    def look(self, path: str) -> Entry:
        """What is at `path`. What cannot be looked at counts as missing."""
        found = self._seen.get(path)
        if found is None:
            self._seen[path] = Entry("missing", path)  # what a loop of links finds
            self._depth += 1
            found = self._look(path) if self._depth < _DEPTH_AT_MOST else Entry("missing", path)
            self._depth -= 1
            self._seen[path] = found
        return found

    def _look(self, path: str) -> Entry:
        above, _, name = path.rpartition("/")
        if name in ("", "."):
            return self.look(above)
        base = self.look(above).real.rstrip("/")
        if name == "..":
            return self.look(base.rpartition("/")[0])
        real = f"{base}/{name}"
        try:
            found = os.lstat(real)
            target = os.readlink(real) if stat.S_ISLNK(found.st_mode) else ""
        except (OSError, ValueError):
            return Entry("missing", real)
        if target:
            real = self.look(target if target.startswith("/") else f"{base}/{target}").real
        kind = _KINDS.get(stat.S_IFMT(found.st_mode), "other")
        return Entry(kind, real, stat.S_IMODE(found.st_mode), found.st_uid, target)

    def listdir(self, path: str) -> tuple[str, ...]:
        """The sorted names in a directory; none where it cannot be read."""
        try:
            return tuple(sorted(os.listdir(path)))
        except OSError:
            return ()

    def linked(self, directory: str) -> frozenset[str]:
        """The names of the symbolic links in a directory."""
        try:
            with os.scandir(directory) as entries:
                return frozenset(entry.name for entry in entries if entry.is_symlink())
        except OSError:
            return frozenset()

    def read_text(self, path: str, limit_bytes: int = 65536) -> str:
        """The first `limit_bytes` of a regular file, or nothing. Never waits for a FIFO, never opens a device."""
        if self.look(self.look(path).real).kind != "file":
            return ""
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        except (OSError, ValueError):
            return ""
        try:
            return _read(descriptor, limit_bytes).decode("utf-8", "surrogateescape")
        except OSError:
            return ""
        finally:
            os.close(descriptor)

    def readable(self, path: str) -> bool:
        """Whether the caller may list and enter a directory."""
        return os.access(path, os.R_OK | os.X_OK)

    def identity(self) -> tuple[str, str]:
        """The name and e-mail of the person's own git configuration; `~/.gitconfig` wins over the XDG file."""
        config = self.environ.get("XDG_CONFIG_HOME", "")
        base = config if config.startswith("/") else f"{self.home}/.config"
        found: dict[str, str] = {}
        for file in (f"{base}/git/config", f"{self.home}/.gitconfig"):
            text = self.read_text(file, 1 << 18)
            if text:
                simple = read_simple(text)
                found |= self._ask_git(file) if simple is None else simple
        name, email = (found.get(key, "") for key in KEYS)
        return name, email

    def _ask_git(self, file: str) -> dict[str, str]:
        """Let git read one file. No repository has a say: conditional includes do not apply."""
        git = process.find("git")
        if git is None:
            return {}
        done = process.run(
            [git, "config", "--file", file, "--includes", "-z", "--get-regexp", r"^user\.(name|email)$"],
            environment={"HOME": self.home, "LC_ALL": "C", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CEILING_DIRECTORIES": "/"},
            timeout_s=_GIT_TIMEOUT_S,
        )
        return parse_listing(done.stdout.split(b"\0"))

    def repository_key(self, repository: str) -> str:
        """The name of a repository's directories in the state."""
        return state.repository_key(repository)


def _read(descriptor: int, limit_bytes: int) -> bytes:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        return b""
    chunks: list[bytes] = []
    while limit_bytes > 0 and (chunk := os.read(descriptor, min(limit_bytes, 1 << 16))):
        chunks.append(chunk)
        limit_bytes -= len(chunk)
    return b"".join(chunks)


def _person(home: str, environ: Mapping[str, str]) -> Person:
    """Who the command is inside: the caller, or an ordinary user where the caller is root."""
    from paddock.plan.root import usable_home

    uid, gid = os.getuid(), os.getgid()
    name = INSIDE_NAME if uid == 0 else _name(uid, environ)
    inside = home if usable_home(home) else f"/home/{name}"
    if uid == 0:
        return Person(INSIDE_UID, INSIDE_GID, name, inside)
    return Person(uid, gid or uid, name, inside)


def _name(uid: int, environ: Mapping[str, str]) -> str:
    """The caller's login name, if it is one that passwd(5) can hold."""
    import pwd

    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:  # a container with an arbitrary uid
        name = environ.get("USER", "")
    usable = name.isprintable() and name.isascii() and not set(name) & set(":/ ") and name not in ("", "root", "nobody")
    return name if usable else INSIDE_NAME
