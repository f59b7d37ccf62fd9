"""Find and read the policy files: the floor, the person's, the repository's.

Every file is opened once and read once: what is parsed is what was hashed for trust. A file of the
repository is never reached through a symbolic link, since whoever writes the repository makes the links.
Nothing heavy is imported when there is no file.
"""

from __future__ import annotations

import errno
import os
import stat

from paddock import state
from paddock.errors import PaddockError, PolicyError
from paddock.frozen import frozen, replace
from paddock.policy.layering import merge
from paddock.policy.model import Layer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from paddock.policy.model import LayerKind, Policy

LARGEST_BYTES = 2**20
REPOSITORY_FILE = "paddock.toml"
DEVCONTAINERS = (".devcontainer/devcontainer.json", ".devcontainer.json")
_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY  # a FIFO or a device must not hold us up
_DIRECTORY = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW
_KINDS = {stat.S_IFDIR: "a directory", stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket", stat.S_IFLNK: "a link"}


@frozen
class Document:
    """One policy file as it was read. `doubt` says why it must not be trusted, if there is a reason."""

    kind: LayerKind
    path: str  # absolute; for the repository's file its real path
    where: str  # as messages name it
    raw: bytes
    doubt: str = ""


@frozen
class Gathered:
    """What all files together say. `document` is the repository's file that holds a policy, if there is one."""

    layers: tuple[Layer, ...]
    document: Document | None
    notes: tuple[str, ...] = ()

    def is_trusted(self, environ: Mapping[str, str] = os.environ) -> bool:
        """Whether the repository's file may loosen."""
        if self.document is None:
            return False
        from paddock import trust

        return trust.is_trusted(self.document, environ)


def load(repository: str, flags: Layer | None = None, environ: Mapping[str, str] = os.environ) -> Policy:
    """The policy for a repository, with trust looked up. Raises PolicyError."""
    found = gather(repository, environ)
    return merged(found, flags, trusted=found.is_trusted(environ))


def merged(found: Gathered, flags: Layer | None, *, trusted: bool) -> Policy:
    """The policy that the files and the command line make. Raises PolicyError."""
    policy = merge((*found.layers, flags) if flags else found.layers, trusted=trusted)
    return replace(policy, notes=(*found.notes, *policy.notes)) if found.notes else policy


def gather(repository: str, environ: Mapping[str, str] = os.environ) -> Gathered:
    """Read and check all files. Raises PolicyError, also when two files of the repository hold a policy."""
    return gathered(*read_sources(repository, environ), repository, environ)


def gathered(
    documents: tuple[Document, ...], remarks: tuple[str, ...], repository: str, environ: Mapping[str, str] = os.environ
) -> Gathered:
    """Check files that were read. Raises what `gather` does."""
    layers: list[Layer] = []
    notes = list(remarks)
    ours: list[Document] = []
    for document in documents:
        found = layer_of(document)
        if isinstance(found, Layer):
            layers.append(found)
            ours += [document] if document.kind == "repository" else []
        elif found:
            notes.append(found)
    layers += _masked_after_a_scan(os.path.realpath(repository), environ)
    if len(ours) > 1:
        raise PolicyError(
            f"{ours[0].where} and {ours[1].where} both hold a policy",
            why="it could not be said which of them decides",
            next_step=f"move everything into {ours[0].where}",
        )
    return Gathered(tuple(layers), ours[0] if ours else None, tuple(notes))


def _masked_after_a_scan(repository: str, environ: Mapping[str, str]) -> list[Layer]:
    if not os.path.lexists(f"{state.preflight_directory(repository, environ)}/masks"):
        return []
    from paddock.preflight import masks

    found = masks.layer(repository, environ)
    return [found] if found else []


def layer_of(document: Document) -> Layer | str | None:
    """A file as a layer; a remark where it says nothing that can be read, None where it is not about us."""
    from paddock.policy.parsing import Unreadable, decode, parse_devcontainer, parse_toml

    base = os.path.dirname(document.path) if document.kind == "repository" else ""
    if document.path.endswith(".json"):
        base = base.removesuffix("/.devcontainer")
        found = parse_devcontainer(document.raw, document.where, document.kind, base)
        return found.note if isinstance(found, Unreadable) else found
    return parse_toml(decode(document.raw, document.where), document.where, document.kind, base)


def read_sources(
    repository: str, environ: Mapping[str, str] = os.environ
) -> tuple[tuple[Document, ...], tuple[str, ...]]:
    """All files that could hold a policy for a repository, and remarks about unusable ones.

    Raises PolicyError. A devcontainer.json is not ours, so one that cannot be read at all is only remarked.
    """
    person = f"{state.config_directory(environ)}/policy.toml"
    theirs, notes = _repository(os.path.realpath(repository))
    found = (_floor(state.FLOOR), _person(person), *theirs)
    return tuple(document for document in found if document), notes


def read_file(path: str, kind: LayerKind) -> Document:
    """One policy file by its path, for `paddock policy check FILE`. Raises PolicyError."""
    opened = _open(path, path)
    if opened is None:
        raise PolicyError(f"{path} does not exist", next_step="paddock policy init")
    return Document(kind, os.path.abspath(path), path, _read(opened, path))


def _floor(path: str) -> Document | None:
    """The machine's file. A floor that others can write is none, so it stops everything instead of being ignored."""
    opened = _open(path, path, os.O_NOFOLLOW)
    if opened is None:
        return None
    folder = os.stat(os.path.dirname(path))
    found = os.fstat(opened)
    raw = _read(opened, path)
    for what, held in ((path, found), (os.path.dirname(path), folder)):
        if held.st_uid != 0 or held.st_mode & _OTHERS_MAY_WRITE:
            raise PolicyError(
                f"{what} must belong to root and be writable by nobody else",
                why="it is the floor that nobody on this machine may loosen",
                next_step=f"as root: chown root: {what} && chmod go-w {what}",
            )
    return Document("floor", path, path, raw)


def _person(path: str) -> Document | None:
    opened = _open(path, path)
    if opened is None:
        return None
    found = os.fstat(opened)
    raw = _read(opened, path)
    if found.st_uid not in (0, os.geteuid()) or found.st_mode & stat.S_IWOTH:
        raise PolicyError(
            f"{path} can be changed by others",
            why=_who_else(found),
            next_step=f"look at it, then: chmod o-w {path}",
        )
    return Document("person", path, path, raw)


def _repository(repository: str) -> tuple[list[Document], tuple[str, ...]]:
    try:
        folder = os.open(repository, _DIRECTORY & ~os.O_NOFOLLOW)
    except (FileNotFoundError, NotADirectoryError):
        return [], ()  # whoever looks at the workspace says what is wrong with it
    except OSError as error:
        raise PolicyError(f"{repository} cannot be searched for a policy", why=error.strerror or str(error)) from None
    try:
        ours = _of_repository(folder, repository, REPOSITORY_FILE)
        found = [ours] if ours else []
        notes: list[str] = []
        for name in DEVCONTAINERS:
            try:
                theirs = _devcontainer(folder, repository, name)
            except PolicyError as error:  # it is not ours: a broken one does not stop a run
                notes.append(f"{error.what}; no policy was taken from it")
            else:
                found += [theirs] if theirs else []
    finally:
        os.close(folder)
    return found, tuple(notes)


def _devcontainer(folder: int, repository: str, name: str) -> Document | None:
    inner, _, last = name.rpartition("/")
    if not inner:
        return _of_repository(folder, repository, name)
    try:
        inside = os.open(inner, _DIRECTORY, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR) and not _is_link(inner, folder):
            return None
        raise PolicyError(f"{inner} cannot be read, or is a symbolic link") from error
    try:
        return _of_repository(inside, repository, name, last)
    finally:
        os.close(inside)


def _of_repository(folder: int, repository: str, name: str, last: str = "") -> Document | None:
    opened = _open(last or name, name, os.O_NOFOLLOW, folder)
    if opened is None:
        return None
    found = os.fstat(opened)
    doubt = ""
    if found.st_uid not in (0, os.geteuid()) or found.st_mode & stat.S_IWOTH:
        doubt = _who_else(found)
    return Document("repository", f"{repository.rstrip('/')}/{name}", name, _read(opened, name), doubt)


def _is_link(name: str, folder: int) -> bool:
    try:
        return stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except OSError:
        return False


def _who_else(found: os.stat_result) -> str:
    if found.st_uid not in (0, os.geteuid()):
        return f"it belongs to another user (uid {found.st_uid})"
    return "everybody on this machine may write it"


def _open(path: str, where: str, extra: int = 0, folder: int | None = None) -> int | None:
    """A descriptor of a regular file, or None where there is nothing. Raises PolicyError."""
    try:
        opened = os.open(path, _READ | extra, dir_fd=folder)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno == errno.ELOOP and extra & os.O_NOFOLLOW:
            raise PolicyError(
                f"{where} is a symbolic link",
                why="a policy must be where it says it is",
                next_step=f"put the file itself there instead of the link: ls -l {where}",
            ) from None
        why = error.strerror or str(error)
        raise PolicyError(f"{where} cannot be read", why=why, next_step=f"ls -ld {where}") from None
    kind = stat.S_IFMT(os.fstat(opened).st_mode)
    if kind != stat.S_IFREG:
        os.close(opened)
        raise PolicyError(f"{where} is {_KINDS.get(kind, 'a device')}, not a file", next_step=f"ls -ld {where}")
    return opened


def _read(opened: int, where: str) -> bytes:
    """Everything in one pass, one byte more than may be; closes the descriptor. Raises PolicyError."""
    try:
        with open(opened, "rb", buffering=0) as file:
            parts: list[bytes] = []
            left = LARGEST_BYTES + 1
            while left and (part := file.read(left)):
                parts.append(part)
                left -= len(part)
    except OSError as error:
        raise PolicyError(f"{where} cannot be read", why=error.strerror or str(error)) from None
    if not left:
        raise PolicyError(f"{where} is larger than {LARGEST_BYTES // 2**20} MiB", why="no policy needs that much")
    return b"".join(parts)


def write_new(path: str, text: str) -> None:
    """Write a file that does not exist yet; nothing that is there is touched, nor a link followed."""
    try:
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    except FileExistsError:
        raise PaddockError(f"{path} exists already", next_step="paddock policy check", code="exists") from None
    except OSError as error:
        raise PaddockError(f"{path} cannot be written", why=error.strerror or str(error)) from None
    with open(opened, "w", encoding="utf-8") as file:
        file.write(text)
