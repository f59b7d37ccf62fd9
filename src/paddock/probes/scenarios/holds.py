"""Mode live, where the repository is there as it is: what hosts obey keeps its name and its content all the same."""

from __future__ import annotations

import os

from paddock.probes.scenarios.scene import NotApplicable, scenario

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.probes.scenarios.scene import Findings, Scene

# The window is for what is new; what is there at the start is held by mounts. Every ground has a hard link.
_LIVE = ("--workspace", "live", "--accept", "live-hazards-window", "--accept", "hard-links")
_NAMED = (".git", ".git/hooks", ".git/info", ".git/config", "paddock.toml", ".env", ".env.local")
_WRITTEN = (".git/config", ".git/info/exclude", ".git/hooks/pre-commit", "paddock.toml", ".env")
_NEW = (".git/hooks/post-checkout", ".git/info/attributes")
# A name that was moved is put back, so that the next one is tried in the same place.
_MOVE = """
for name in "$@"; do
  mv -T "./$name" "./$name.moved" 2>/dev/null
  [ -e "./$name.moved" ] && echo "moved $name" && mv -T "./$name.moved" "./$name"
done
"""
_WRITE = """
word=$1; shift
for name in "$@"; do
  { echo "# $word" >> "./$name"; } 2>/dev/null
  grep -q "$word" "./$name" 2>/dev/null && echo "wrote $name"
done
"""


@scenario("PE-06 live-names", "PE-06 live-contents")
def held(scene: Scene) -> Findings:
    """All of it is there before: git's own directories, a policy, files that are masked."""
    if scene.prefix and not scene.paddock:
        raise NotApplicable("about a mode of Paddock's")
    if scene.plan and scene.plan.boundary.use == "landlock":
        raise NotApplicable("without mounts copies are kept, and what was changed is put back at the end")
    repo = scene.ground.repo
    for name in _WRITTEN:
        os.makedirs(os.path.dirname(f"{repo}/{name}"), exist_ok=True)
        with open(f"{repo}/{name}", "a", encoding="utf-8") as file:
            file.write("# here before\n")
    flags = _LIVE if scene.paddock else ()
    moved = scene.play(_MOVE, *_NAMED, flags=flags)
    written = scene.play(_WRITE, scene.ground.mark, *_WRITTEN, *_NEW, flags=flags)
    return {"PE-06 live-names": moved.splitlines(), "PE-06 live-contents": written.splitlines()}
