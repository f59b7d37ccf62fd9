"""User namespaces that are made for their maps of ids alone: nobody lives in one until somebody enters it."""

from __future__ import annotations

import os

from paddock.frozen import replace
from paddock.kernel import libc
from paddock.kernel.namespaces import CLONE_NEWUSER, PR_SET_DUMPABLE, within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.kernel.namespaces import Namespaces


def new(uids: str, gids: str) -> int:
    """A user namespace with these maps (user_namespaces(7)). The caller closes the descriptor. Raises OSError."""
    ready, tell_ready = os.pipe()
    done, tell_done = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(tell_done)
            libc.call("unshare", CLONE_NEWUSER)
            # Else its files in /proc are root's (proc(5)), also for whoever is root of the namespace above alone.
            libc.call("prctl", PR_SET_DUMPABLE, 1, 0, 0, 0)
            os.write(tell_ready, b"!")
            os.read(done, 1)
        finally:
            os._exit(0)
    os.close(tell_ready)
    os.close(done)
    try:
        if os.read(ready, 1) != b"!":
            raise OSError(1, "user namespaces are refused", "unshare")
        for name, mapping in (("uid_map", uids), ("gid_map", gids)):
            with open(f"/proc/{pid}/{name}", "w", encoding="utf-8") as file:
                file.write(mapping)
        return os.open(f"/proc/{pid}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(ready)
        os.close(tell_done)
        os.waitpid(pid, 0)


def below(namespaces: Namespaces, inside: tuple[int, int], outside: int) -> Namespaces:
    """The same namespaces with a user namespace below their owner for commands to live in.

    It has one person, who is `inside` (user and group) there and `outside` to the owner. Raises OSError.
    """
    uids, gids = (f"{one} {outside} 1\n" for one in inside)
    _, (user,) = within(namespaces, (), lambda: (b"", (new(uids, gids),)))
    os.close(namespaces.user)
    return replace(namespaces, user=user)
