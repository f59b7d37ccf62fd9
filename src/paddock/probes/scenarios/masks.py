"""Masks and refusals by a policy of the probe's own: however a path is spelled, and whenever its file appears."""

from __future__ import annotations

import os

from paddock.errors import PaddockError
from paddock.probes.scenarios.own_policy import put
from paddock.probes.scenarios.scene import scenario

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from paddock.probes.scenarios.scene import Scene

_LATE = ".env.late"
_MASKED = ("conf//one", "./conf/two", "conf/three/", "conf/./four")
_SHOWN = ("~/.aws", "~/.aws/", "~//.aws", "~/.aws/.", "~/outside/../.aws", "~/harmless")
_REFUSED = 126  # the policy


@scenario("FS-36 masks-late")
def late(scene: Scene) -> list[str]:
    """The host makes the file while the command waits for a line."""
    started = scene.start("/bin/sh", "-c", f"echo up; read line; cat {_LATE}; echo; echo over")
    if started.read_line() != b"up\n":
        raise PaddockError("the sandbox did not run the command")
    canary = scene.ground.canary()
    with open(f"{scene.ground.repo}/{_LATE}", "w", encoding="utf-8") as file:
        file.write(canary)
    started.write(b"go\n")
    said = b""
    while (line := started.read_line()) not in (b"over\n", b""):
        said += line
    return [f"read {_LATE}"] if canary.encode() in said else []


@scenario("FS-37 mask-spelling")
def masked(scene: Scene) -> list[str]:
    """Five files below one directory, each named in another way."""
    repo = scene.ground.repo
    spellings = (*_MASKED, f"{repo}/conf/five")
    paths = [os.path.normpath(os.path.join(repo, spelling)) for spelling in spellings]
    for path in paths:
        scene.ground.write(path)
    put(scene, f"[workspace]\nmask = {_listed(spellings)}\n")
    return _read(scene, paths)


@scenario("FS-37 read-spelling")
def shown(scene: Scene) -> list[str]:
    """Whether such a policy is refused or ignored does not matter: the file must not be read."""
    home = scene.ground.home
    os.symlink(f"{home}/.aws", f"{home}/harmless")
    put(scene, f"[workspace]\nread = {_listed(_SHOWN)}\n")
    return _read(scene, [f"{home}/.aws/credentials", f"{home}/harmless/credentials"], may_refuse=True)


def _read(scene: Scene, paths: Sequence[str], *, may_refuse: bool = False) -> list[str]:
    """Which of the files show a canary inside. Raises PaddockError where the command did not even run."""
    script = 'for path in "$@"; do grep -q canary- "$path" 2>/dev/null && echo "read $path"; done; echo over'
    done = scene.run("/bin/sh", "-c", script, "sh", *paths)
    *found, last = done.stdout.decode("utf-8", "surrogateescape").splitlines() or [""]
    if last != "over" and not (may_refuse and done.status == _REFUSED):
        why = done.stderr.decode(errors="replace").strip()[:300]
        raise PaddockError(f"the sandbox did not run the command: {why or f'it ended with {done.status}'}")
    return found if last == "over" else []


def _listed(texts: Sequence[str]) -> str:
    """A list in TOML, whose strings are written as JSON's are."""
    import json

    return json.dumps(list(texts))
