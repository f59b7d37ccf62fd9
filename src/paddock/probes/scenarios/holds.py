"""Mode live, where the repository is there as it is: what hosts obey keeps its name and its content all the same."""

from __future__ import annotations

import fcntl
import os
import threading
from contextlib import contextmanager

from paddock.errors import PaddockError
from paddock.probes.inside.effects import Skipped
from paddock.probes.scenarios import surroundings
from paddock.probes.scenarios.scene import NotApplicable, by_engine, scenario

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from paddock.probes.scenarios.scene import Finding, Findings, Scene

# The window is for what is new; what is there at the start is held by mounts. Every ground has a hard link.
_LIVE = ("--workspace", "live", "--accept", "live-hazards-window", "--accept", "hard-links")
_NAMED = (".git", ".git/hooks", ".git/info", ".git/config", "paddock.toml", ".env", ".env.local")
_HELD = (".git/config", ".git/info/exclude", ".git/hooks/pre-commit", "paddock.toml")
_WRITTEN = (*_HELD, ".env")
_BELOW = ".git/hooks/shared"  # where the person has mounted something
_NEW = (".git/hooks/post-checkout", ".git/info/attributes", f"{_BELOW}/pre-push")
_MOUNT = f'mount -t tmpfs none {_BELOW} && echo "$0" > {_BELOW}/seen;'
_REPLACED = "tools/.vscode"  # a directory when Paddock looks, and then a link
# A name that was moved is put back, so that the next one is tried in the same place.
_MOVE = """
word=$1; shift
while [ "$1" != -- ]; do
  mv -T "./$1" "./$1.moved" 2>/dev/null
  [ -e "./$1.moved" ] && echo "moved $1" && mv -T "./$1.moved" "./$1"
  shift
done
"""
_WRITE = """
shift
for name in "$@"; do
  { echo "# $word" >> "./$name"; } 2>/dev/null
  grep -q "$word" "./$name" 2>/dev/null && echo "wrote $name"
done
"""
# mountinfo has the place of a mount before its options (proc(5)).
_LOOK = f"""
read -r seen < {_BELOW}/seen; echo "saw $seen"
echo "home $(grep -c " $HOME r[ow]" /proc/self/mountinfo)"
"""
_REFUSED = (125, 126)  # Paddock's own
_PAUSE_S = 0.002


@scenario("PE-06 live-names", "PE-06 live-contents", "PE-06 live-mounts", "PE-06 live-outside", "PE-06 live-unheld")
def held(scene: Scene) -> Findings:
    """All of it is there before: git's own directories, a policy, files that are masked, what the person mounts."""
    if scene.prefix and not scene.paddock:
        raise NotApplicable("about a mode of Paddock's")
    if scene.plan and scene.plan.boundary.use == "landlock":
        raise NotApplicable("without mounts copies are kept, and what was changed is put back at the end")
    _prepare(scene)
    engine = bool(scene.plan and by_engine(scene.plan))
    mark, flags = scene.ground.mark, _LIVE if scene.paddock else ()
    through = () if engine else surroundings.with_mounts(scene, _MOUNT, mark)
    words = (*_NAMED, "--", *_WRITTEN, *_NEW)
    with _replacing(scene):
        lines = scene.play(_MOVE + _WRITE + _LOOK, mark, *words, flags=flags, through=through).splitlines()
    found: dict[str, Finding] = {
        "PE-06 live-names": [line for line in lines if line.startswith("moved ")],
        "PE-06 live-contents": [line for line in lines if line.startswith("wrote ")],
        "PE-06 live-mounts": [] if f"saw {mark}" in lines else [f"{_BELOW} is not what is mounted there"],
        "PE-06 live-outside": [] if {"home 0", "home 1"} & {*lines} else ["mounted over the home"],
    }
    if engine:
        why = NotApplicable("an engine is in no namespace of the probe's, and behind no filter")
        return found | dict.fromkeys(("PE-06 live-mounts", "PE-06 live-unheld"), why)
    if not through:
        found["PE-06 live-mounts"] = Skipped("nobody may mount here")
    return found | {"PE-06 live-unheld": _unheld(scene)}


def _prepare(scene: Scene) -> None:
    repo = scene.ground.repo
    for name in _WRITTEN:
        os.makedirs(os.path.dirname(f"{repo}/{name}"), exist_ok=True)
        with open(f"{repo}/{name}", "a", encoding="utf-8") as file:
            file.write("# here before\n")
    for name in (_BELOW, _REPLACED):
        os.makedirs(f"{repo}/{name}")


@contextmanager
def _replacing(scene: Scene) -> Iterator[None]:
    """Put a link to the home into the place of a directory, once Paddock has looked at that.

    A sandbox that still runs there would have to be quick. Here Paddock has to wait until it is done: for the lock
    under which it makes the place of what it keeps aside.
    """
    if not scene.paddock:
        yield
        return
    kept, names = (f"{scene.ground.environ[it]}/paddock/live" for it in ("XDG_STATE_HOME", "XDG_RUNTIME_DIR"))
    for directory in (kept, names):
        os.makedirs(directory, mode=0o700, exist_ok=True)
    lock = os.open(kept, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    fcntl.flock(lock, fcntl.LOCK_EX)
    over, before = threading.Event(), os.listdir(names)
    replacing = threading.Thread(target=_replace, args=(scene, lambda: os.listdir(names) != before, lock, over))
    replacing.start()
    try:
        yield
    finally:
        over.set()
        replacing.join()


def _replace(scene: Scene, has_name: Callable[[], bool], lock: int, over: threading.Event) -> None:
    """Wait until the run takes its name, which it does when it has looked."""
    place = f"{scene.ground.repo}/{_REPLACED}"
    try:
        while not has_name() and not over.wait(_PAUSE_S):
            pass
        os.rename(place, f"{place}.before")
        os.symlink(scene.ground.home, place)
    finally:
        os.close(lock)


def _unheld(scene: Scene) -> Finding:
    """What is written where nothing can be held; that nothing runs at all is as good."""
    word, through = f"unheld-{scene.ground.mark}", surroundings.without_holding() if scene.paddock else ()
    flags = _LIVE if scene.paddock else ()
    done = scene.run("/bin/sh", "-c", _MOVE + _WRITE, "sh", word, "--", *_HELD, flags=flags, through=through)
    lines = done.stdout.decode(errors="replace").splitlines()
    if not lines and done.status not in _REFUSED:
        raise PaddockError("nothing was tried", why=done.stderr[-300:].decode(errors="replace"))
    return lines
