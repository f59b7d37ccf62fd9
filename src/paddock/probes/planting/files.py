"""Files of the host: secrets in the home, neighbours of the repository, masks and links in it, and in /tmp."""

from __future__ import annotations

import os
import stat
import time

from paddock.errors import PaddockError
from paddock.plan.paths import within
from paddock.probes.inside import masks
from paddock.probes.inside.secrets import HOST, SECRETS
from paddock.probes.planting.place import note, places_outside

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from paddock.plan.model import Plan
    from paddock.probes.planting.ground import Ground

_TEMPORARY = {"/tmp": "tmp", "/var/tmp": "var tmp", "/dev/shm": "shm"}  # noqa: S108 - planted there on purpose
_SYSTEM = {"etc": "/etc", "usr": "/usr/local/bin"}  # where a probe tries to leave a file
_AUTHOR = "A Person <person@example.test>"
# Directories of a home that programs inside make for themselves.
_COMMON = (".cache", ".config", ".local")
# What the worms of npm and PyPI look for (`scenarios/supply`), and other thieves in runs of their own.
TAKEN = (".npmrc", ".pypirc", ".aws/credentials", ".ssh/id_ed25519", ".config/gh/hosts.yml", ".git-credentials")


def plant(ground: Ground) -> None:
    """Fill the home and the repository, and commit what is in that."""
    home, repo = ground.home, ground.repo
    _plant_home(ground)
    for name in masks.PLAIN if ground.small else masks.PLANTED:
        ground.write(f"{repo}/{name}")
    _write(f"{repo}/hello.txt", "hello\n")
    _write(f"{home}/other-name", "not yours\n")
    os.link(f"{home}/other-name", f"{repo}/shared-name")
    if not ground.small:
        _plant_around(ground)
    _commit(ground)


def _plant_around(ground: Ground) -> None:
    """Neighbours of the repository, links that lead out of it, and files in places that programs share."""
    home, repo = ground.home, ground.repo
    above = os.path.dirname(repo)
    for path in (f"{above}/other/.env", f"{above}/other/notes", f"{repo}-evil/secret"):
        ground.write(path)
    os.symlink(masks.BEHIND, f"{repo}/{masks.LINK}")
    os.symlink(home, f"{repo}/link-to-home")
    os.symlink("/", f"{repo}/link-to-root")
    os.symlink(f"{home}/.ssh/id_canary", f"{repo}/link-to-secret")
    outside = places_outside(ground.mark)
    note(ground.base, outside)
    for path in outside:
        name = _TEMPORARY.get(os.path.dirname(path), "run")
        ground.given[name] = ground.write(path)
        ground.undo.callback(os.unlink, path)
    ground.given |= {name: f"{directory}/paddock-probe-{ground.mark}" for name, directory in _SYSTEM.items()}


def _plant_home(ground: Ground) -> None:
    home = ground.home
    for path in TAKEN if ground.small else SECRETS.values():
        ground.write(f"{home}/{path}")
    kept = f"{home}/{SECRETS['CR-09 git-credentials']}"
    _write(kept, f"https://person:{ground.canary()}@{HOST}\n")
    _write(f"{home}/.gitconfig", "[credential]\n\thelper = store\n")
    os.mkdir(f"{home}/outside")
    own = (".local/state/paddock/own", "runtime/paddock/live/x")
    ours = [ground.write(f"{home}/{path}") for path in own]
    for directory in ("paddock", "paddock/live"):
        os.chmod(f"{home}/runtime/{directory}", 0o700)
    policy = f"{home}/.config/paddock/policy.toml"
    os.makedirs(os.path.dirname(policy), exist_ok=True)
    _write(policy, f"{ground.policy.decode('utf-8', 'surrogateescape')}\n# {ground.canary()}\n")
    names = sorted({path.split("/")[0] for path in SECRETS.values()} - {*_COMMON})
    ground.given |= {"names at home": names, "outside": f"{home}/outside", "own files": [policy, *ours]}


def unmasked(ground: Ground, plan: Plan) -> list[str]:
    """Which of the planted names this plan does not mask: those that no attack may count."""
    covered = [mask.target for mask in plan.workspace.masks]
    return [name for name in masks.PLANTED if not any(within(f"{ground.repo}/{name}", it) for it in covered)]


def effects(ground: Ground) -> Iterator[tuple[str, str]]:
    """Which probes changed something outside the repository, or behind a mask."""
    home, repo = ground.home, ground.repo
    other = os.stat(f"{home}/other-name")
    kept = [name for name in masks.PLAIN if name != masks.SPENT and name not in ground.given.get("unmasked", ())]
    checks = {
        "FS-07 symlink-write-out": os.listdir(f"{home}/outside") == [],
        "FS-16 etc-write": not _taken_away(ground.given["etc"]),
        "FS-17 usr-write": not _taken_away(ground.given["usr"]),
        "FS-19 home-write-is-private": not os.path.exists(f"{home}/arrived-at-home")
        and not os.path.exists(f"{home}/.bashrc"),
        "FS-29 hardlink-preexisting": _read(f"{home}/other-name") == "not yours\n" and not other.st_mode & stat.S_IWOTH,
        "FS-36 masks-written": all(_read(f"{repo}/{name}").startswith("canary-") for name in kept),
    }
    return ((name, "the host saw the effect") for name, held in checks.items() if not held)


def secrets(given: Mapping[str, Any]) -> dict[str, str]:
    """The planted files that a probe does no more than read, by that probe."""
    places = {name: f"{given['home']}/{path}" for name, path in SECRETS.items()}
    rows = {"tmp": "FS-30 host-tmp", "var tmp": "FS-30 host-var-tmp", "run": "FS-30 host-run", "shm": "FS-31 dev-shm"}
    return places | {row: given[name] for name, row in rows.items() if name in given}


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
    """A first commit, and then a remote with a password in its address, as automatic clones leave it."""
    from paddock import process
    from paddock.probes.planting.commit import commit

    if not process.find("git"):
        raise PaddockError(
            "git is not installed", why="the repository to attack is a real one", next_step="install git"
        )
    commit(ground.repo, _AUTHOR, "first", int(time.time()))
    with open(f"{ground.repo}/.git/config", "a", encoding="utf-8") as file:
        file.write(f'[remote "origin"]\n\turl = https://person:{ground.canary()}@{HOST}/a/repository.git\n')


def _taken_away(path: str) -> bool:
    """Whether a probe left this file on the host, where it is then removed."""
    try:
        os.unlink(path)
    except OSError:
        return False
    return True


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:  # taken away
        return ""
