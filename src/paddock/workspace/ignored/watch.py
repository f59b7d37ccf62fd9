"""What the rules were read from, so that a start sees by a few looks whether they are still the same.

The file `rules` beside the layers holds paths and signatures in turn, each ended by a NUL byte.
"""

from __future__ import annotations

import os

NAME = "rules"
MOST = 512  # files; what is beyond is looked at again at the end of the next session
_LIMIT_BYTES = 1 << 22


def signature(path: str, directory: int | None = None) -> str:
    """What changes with a file: its inode, size and time; nothing where there is none."""
    try:
        found = os.stat(path, dir_fd=directory)
    except OSError:
        return ""
    return f"{found.st_ino} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"


def read(home: str) -> dict[str, str]:
    """The files and their signatures; none where there is no such file, or a torn one."""
    try:
        descriptor = os.open(f"{home}/{NAME}", os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return {}
    try:
        content = os.read(descriptor, _LIMIT_BYTES)
    finally:
        os.close(descriptor)
    *parts, rest = [os.fsdecode(part) for part in content.split(b"\0")]
    return {} if rest or len(parts) % 2 else dict(zip(parts[::2], parts[1::2], strict=True))


def write(home: str, files: dict[str, str]) -> None:
    """Replace the file in one step."""
    half = f"{home}/.{NAME}-{os.urandom(8).hex()}"
    with open(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
        pairs = list(files.items())[:MOST]
        file.writelines(b"%b\0%b\0" % (os.fsencode(path), known.encode()) for path, known in pairs)
    os.rename(half, f"{home}/{NAME}")


def is_current(home: str) -> bool:
    """Whether no file that the rules came from is another by now."""
    files = read(home)
    return bool(files) and all(signature(path) == known for path, known in files.items())
