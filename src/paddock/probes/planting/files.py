"""Files of the host: secrets in the home, neighbours of the repository, masks and links in it, and in /tmp."""

from __future__ import annotations

import os
import stat

from paddock.errors import PaddockError
from paddock.probes.inside.files import MASKED, SECRETS, SPENT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.probes.planting.ground import Ground

_TEMPORARY = {"tmp": "/tmp", "var tmp": "/var/tmp", "shm": "/dev/shm"}  # noqa: S108 - planted there on purpose
_IDENTITY = ("-c", "user.name=A Person", "-c", "user.email=person@example.test")


def plant(ground: Ground) -> None:
    """Fill the home and the repository, and commit what is in that."""
    home, repo = ground.home, ground.repo
    planted = [ground.write(f"{home}/{path}") for path in SECRETS.values()]
    planted += [f"{home}/{name.split('/')[0]}" for name in SECRETS.values()]
    above = os.path.dirname(repo)
    for path in (f"{above}/other/.env", f"{above}/other/notes", f"{repo}-evil/secret"):
        ground.write(path)
    for name in MASKED:
        ground.write(f"{repo}/{name}")
    os.mkdir(f"{home}/outside")
    _write(f"{repo}/hello.txt", "hello\n")
    os.symlink(home, f"{repo}/link-to-home")
    os.symlink("/", f"{repo}/link-to-root")
    os.symlink(f"{home}/.ssh/id_canary", f"{repo}/link-to-secret")
    _write(f"{home}/other-name", "not yours\n")
    os.link(f"{home}/other-name", f"{repo}/shared-name")
    for name, directory in _TEMPORARY.items():
        if os.path.isdir(directory):
            ground.given[name] = ground.write(f"{directory}/paddock-probe-{ground.mark}")
            ground.undo.callback(os.unlink, ground.given[name])
    own = (".local/state/paddock/trust", "runtime/paddock/live/x")
    ours = [ground.write(f"{home}/{path}") for path in own]
    for directory in ("paddock", "paddock/live"):
        os.chmod(f"{home}/runtime/{directory}", 0o700)
    policy = f"{home}/.config/paddock/policy.toml"
    os.makedirs(os.path.dirname(policy))
    _write(policy, f"{ground.policy.decode('utf-8', 'surrogateescape')}\n# {ground.canary()}\n")
    ground.given |= {"planted": planted, "outside": f"{home}/outside", "own files": [policy, *ours]}
    _commit(ground)


def effects(ground: Ground) -> Iterator[tuple[str, str]]:
    """Which probes changed something outside the repository, or behind a mask."""
    home, repo = ground.home, ground.repo
    other = os.stat(f"{home}/other-name")
    checks = {
        "FS-07 symlink-write-out": os.listdir(f"{home}/outside") == [],
        "FS-19 home-write-is-private": not os.path.exists(f"{home}/arrived-at-home")
        and not os.path.exists(f"{home}/.bashrc"),
        "FS-29 hardlink-preexisting": _read(f"{home}/other-name") == "not yours\n" and not other.st_mode & stat.S_IWOTH,
        "FS-36 masks-written": all(
            _read(f"{repo}/{name}").startswith("canary-") for name in MASKED if name != SPENT
        ),
    }  # fmt: skip
    return ((name, "the host saw the effect") for name, held in checks.items() if not held)


def fingerprint(top: str | os.PathLike[str]) -> str:
    """A hash over every name, mode, owner, size, time, link target and byte below a directory."""
    import hashlib

    seen = hashlib.sha256()
    for directory, directories, names in os.walk(os.fsencode(top)):
        directories.sort()
        for name in sorted([b".", *directories, *names]):
            path = os.path.join(directory, name)
            found = os.lstat(path)
            facts = (found.st_mode, found.st_uid, found.st_gid, found.st_nlink, found.st_size, found.st_mtime_ns)
            seen.update(path + repr((*facts, found.st_ino)).encode())
            if stat.S_ISLNK(found.st_mode):
                seen.update(os.readlink(path))
            elif stat.S_ISREG(found.st_mode):
                with open(path, "rb") as file:
                    seen.update(hashlib.file_digest(file, "sha256").digest())
    return seen.hexdigest()


def _commit(ground: Ground) -> None:
    from paddock import process

    git = process.find("git")
    if not git:
        raise PaddockError(
            "git is not installed", why="the repository to attack is a real one", next_step="install git"
        )
    environ = {**ground.environ, "GIT_CONFIG_GLOBAL": os.devnull}
    for words in (("init", "-q", "-b", "main"), ("add", "."), (*_IDENTITY, "commit", "-q", "-m", "first")):
        done = process.run((git, *words), environment=environ, cwd=ground.repo)
        if done.status:
            raise PaddockError(f"git {words[0]} failed", why=done.stderr.decode(errors="replace"))


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)


def _read(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()
