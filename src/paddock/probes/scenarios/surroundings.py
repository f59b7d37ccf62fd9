"""Surroundings of a sandbox that are not a machine's usual ones: mounts of the person's own, a filter around it all.

As a program of its own it refuses what `_UNHELD` names, to the command that it then becomes.
"""

from __future__ import annotations

import errno
import os
import sys

from paddock.kernel import libc, seccomp
from paddock.kernel.confine import PR_SET_NO_NEW_PRIVS
from paddock.kernel.mounts import MOVE_MOUNT_T_EMPTY_PATH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from paddock.probes.scenarios.scene import Scene

_UNSHARE = "/usr/bin/unshare"
# In a user namespace everybody may mount; no privilege of it goes along.
_AS_PERSON = ("--user", "--map-current-user", "--keep-caps")
_GO_ON = 'exec setpriv --ambient-caps=-all --inh-caps=-all "$@"'
# Filters around containers refuse the newer calls for mounts, old ones all of them. This one refuses what puts a mount
# on a place that is open: for root the repository itself comes in by the same call.
_OPEN_PLACE = seccomp.Where(4, (0,), MOVE_MOUNT_T_EMPTY_PATH, other=True)
_UNHELD = (seccomp.Deny(("move_mount",), errno.EPERM, "a path is held by it", (_OPEN_PLACE,)),)


def with_mounts(scene: Scene, script: str, word: str) -> tuple[str, ...]:
    """Words before a command, with which it sees what the script has mounted in the repository.

    None where nobody may mount here, or the script fails. `word` is its $0.
    """
    namespace = (_UNSHARE, "--mount", *(_AS_PERSON if os.geteuid() else ()))
    words = (*namespace, "/bin/sh", "-c", f"{{ {script} }} || exit 1\n{_GO_ON}", word)
    return words if scene.host(*words, "/bin/true").status == 0 else ()


def without_holding() -> tuple[str, ...]:
    """Words before a command, for which no path can be held."""
    return (sys.executable, "-I", "-m", __name__)


def main(command: Sequence[str]) -> None:
    """Become the command."""
    libc.call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    seccomp.install(seccomp.compile_rules(_UNHELD, "aarch64" if os.uname().machine == "aarch64" else "x86_64"))
    os.execv(command[0], list(command))


if __name__ == "__main__":
    main(sys.argv[1:])
