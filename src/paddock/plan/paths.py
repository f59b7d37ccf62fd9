"""Paths as text: normal form and containment. Never a decision about where a symbolic link leads."""

from __future__ import annotations


def normal(path: str) -> str:
    """An absolute path without `.`, `..`, doubled and trailing slashes, resolved in the text alone."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)


def within(path: str, directory: str) -> bool:
    """Whether a normal path is `directory` or lies below it."""
    return directory in (path, "/") or path.startswith(directory + "/")


def is_kernels(path: str) -> bool:
    """Whether an absolute path, not yet in its normal form, leads to what the kernel shows of itself and of processes.

    Runtimes that mount there, or begin there, have been led out of containers (CVE-2019-19921, CVE-2024-21626).
    """
    return any(within(normal(path), one) for one in ("/proc", "/sys", "/dev"))


def parent(path: str) -> str:
    """The directory of a normal path."""
    return path.rpartition("/")[0] or "/"


def ancestors(path: str) -> list[str]:
    """The directories above a path, from the top, without "/"."""
    parts = path.strip("/").split("/")
    return ["/" + "/".join(parts[:count]) for count in range(1, len(parts))]


def depth(path: str) -> int:
    """How many directories there are on the way to a path: 0 for "/" alone."""
    return path.rstrip("/").count("/")


def name(path: str) -> str:
    """The last component of a normal path."""
    return path.rpartition("/")[2]


def expand(path: str, home: str) -> str:
    """The path with a leading `~` replaced; never `~someone`."""
    return home + path[1:] if path == "~" or path.startswith("~/") else path
