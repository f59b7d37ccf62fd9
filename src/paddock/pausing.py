"""Rootless podman's pause process, which holds its user namespace between two calls.

It belongs to a runtime directory, not to a container, and stays. Where that directory was ours it is ours to end.
"""

from __future__ import annotations

import os
import signal

_NAMES = (b"catatonit", b"podman")  # newer versions have a program for it, older ones are it themselves


def end(runtime: str) -> None:
    """End the one whose pid file is below the directory that was $XDG_RUNTIME_DIR; nothing where there is none.

    A pid file that names another program, such as a process that got an old number, hurts nobody.
    """
    try:
        with open(f"{runtime}/libpod/tmp/pause.pid", encoding="ascii") as file:
            pid = int(file.read())
        handle = os.pidfd_open(pid)
    except (OSError, ValueError, OverflowError):
        return
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            if os.path.basename(file.read().partition(b"\0")[0]) in _NAMES:
                signal.pidfd_send_signal(handle, signal.SIGKILL)
    except OSError:
        return
    finally:
        os.close(handle)
