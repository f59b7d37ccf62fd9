"""The machine's key, with which its proofs are signed: Ed25519 (RFC 8032), made when it is first needed.

It says "this was found here, by Paddock", to whoever knows its public half, which `paddock prove --key` prints. It lies
in the person's state with mode 0600, out of every sandbox's reach (probe PE-20). Whoever can read it can sign: it
protects against edited and foreign proofs, not against its owner.
"""

from __future__ import annotations

import fcntl
import os
import stat

from paddock import state
from paddock.errors import PaddockError
from paddock.proofs import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_NAME = "key"
_LENGTH = 32  # bytes of a private key
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def directory(environ: Mapping[str, str] = os.environ) -> str:
    """Where the key and the proofs are."""
    return f"{state.state_directory(environ)}/proofs"


def private_key(environ: Mapping[str, str] = os.environ) -> Ed25519PrivateKey:
    """The key, made where there is none. Raises PaddockError for one that is damaged, or that others can read."""
    found = _read(environ)
    return found if found is not None else _make(environ)


def public_key(environ: Mapping[str, str] = os.environ) -> str:
    """The public half in hexadecimal; nothing is made, and empty where there is none. Raises PaddockError."""
    found = _read(environ)
    return written(found) if found is not None else ""


def written(key: Ed25519PrivateKey) -> str:
    """The public half of a key, in hexadecimal."""
    return key.public_key().public_bytes_raw().hex()


def _read(environ: Mapping[str, str]) -> Ed25519PrivateKey | None:
    path = f"{directory(environ)}/{_NAME}"
    try:
        found, raw = files.content(path, _LENGTH + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _unfit(path, error.strerror or str(error)) from error
    if found.st_uid != os.geteuid() or found.st_mode & _OTHERS:
        raise _unfit(path, "others can read or change it")
    if len(raw) != _LENGTH:
        raise _unfit(path, f"it has not the {_LENGTH} bytes of a key")
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(raw)


def _make(environ: Mapping[str, str]) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    state.make_private(state.state_directory(environ))
    folder = state.make_private(directory(environ))
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)  # of two that make one at the same time, the second takes the first's
        found = _read(environ)
        if found is None:
            found = Ed25519PrivateKey.generate()
            state.write_durably(folder, _NAME, found.private_bytes_raw())
    except OSError as error:
        raise PaddockError(
            f"the key for proofs cannot be kept in {folder}",
            why=error.strerror or str(error),
            next_step="set XDG_STATE_HOME to a directory that you can write",
        ) from error
    finally:
        os.close(held)
    return found


def _unfit(path: str, why: str) -> PaddockError:
    return PaddockError(
        "the key for proofs cannot be used",
        why=f"{path}: {why}",
        next_step=f"rm {path}   and prove anew: what it signed counts no more",
        code="proof-key",
    )
